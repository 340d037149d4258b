"""Runs made of words: contacts that say what a test wants, with the steps and legs they need."""

from pathlib import Path
from typing import Any

from results.log import table_of
from results.runs import Run

FACTS: dict[str, Any] = {
    "run_id": "measured-test-1", "kind": "measured", "scenario": "test", "origin": "2026-03-10T00:00:00+00:00",
    "time_zone": "Europe/London", "days": 3,
}  # fmt: skip
TEN = 36_000.0


def turn(speaker: str, text: str, at_s: float = TEN) -> dict[str, Any]:
    """Return a message to come."""
    return {"speaker": speaker, "text": text, "at_s": at_s}


def run_of(
    folder: Path, contacts: dict[str, list[dict[str, Any]]], ends: dict[str, Any] | None = None, **facts: Any
) -> Run:
    """Write a run whose contacts say these turns; a contact's case is what stands before the first slash.

    Args:
        folder: where it goes.
        contacts: by contact id, what was said.
        ends: by contact id, columns of its leg that differ: channel, team, language, contact_outcome …
        facts: of run.json.
    """
    run = Run.create(folder, {**FACTS, **facts})
    legs, steps, messages = [], [], []
    for contact, turns in contacts.items():
        own = (ends or {}).get(contact, {})
        began = turns[0]["at_s"] if turns else TEN
        last = max([began, *(one["at_s"] for one in turns)])
        legs.append(
            {
                "run_id": "measured-test-1", "source": "measured", "replication": 0, "played_by": "shopper",
                "customer_id": contact.split("/")[0], "case_id": contact.split("/")[0], "contact_id": contact,
                "attempt": int(contact.rpartition("/")[2]), "leg": 0, "channel": "chat", "intent": "order_status",
                "journey": "j", "team": "front",
                "language": "en", "due_s": began, "arrived_s": began, "answered_s": began + 10, "ended_s": last + 60,
                "talk_s": 50.0, "leg_end": "answered", "contact_outcome": "resolved", **own,
            }
        )  # fmt: skip
        humans = [one["at_s"] for one in turns if one["speaker"] == "human"]
        for number, rung in enumerate(("first_human", "first_useful_answer")):
            if humans:
                at_s = humans[0] if rung == "first_human" else humans[-1]
                steps.append(
                    {"contact_id": contact, "leg": 0, "step": number, "rung": rung, "seen_by_s": at_s, "state": "seen"}
                )
        messages += [{"contact_id": contact, "leg": 0, "turn": number, **one} for number, one in enumerate(turns)]
    run.write_table("legs", table_of("legs", legs))
    run.write_table("steps", table_of("steps", steps))
    run.write_table("messages", table_of("messages", messages))
    return run
