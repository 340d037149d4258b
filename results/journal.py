"""The journal: what a probe saw, appended line by line, so that a kill loses nothing already measured.

Every line is one JSON document. Those of one turn of the event loop are handed to the system together, at its end at
the latest, and `begun` and `next` at once: a `begun` line precedes the first byte of a contact, so
after a kill a begun contact without an end is `failed` (interrupted) and is never taken for one that was not played.
The tables of a probe run are made from the journal alone, whether the run ended or was killed. Where several processes
play one run, each keeps a journal of its own.

Lines (`kind`): `begun`, `step`, `message`, `fact` (what was said to a question for one), `leg` (a leg that ended),
`end` (the contact's outcome), `next` (a contact that is yet to come), `heard` (what a script was told), `note`.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from results.log import LEGS, MESSAGES, STEPS, ordered, table_of

JOURNAL = "journal.jsonl"
INTERRUPTED_REASON = "the run was interrupted"
"""Beside contacts that were not begun though their time had passed, as the run was cut off."""
AT_ONCE = ("begun", "next")
"""What a run that is taken up again must know of, whatever happened."""


def journal_of(part: str) -> str:
    """Return the file name of one part's journal, where several processes play one run."""
    return f"journal.{part}.jsonl"


def journals_in(folder: Path) -> list[Path]:
    """Return the journals of a run folder; none where it holds none."""
    return sorted(folder.glob("journal*.jsonl"))


CONTACT_FACTS = (
    "customer_id", "case_id", "contact_id", "attempt", "channel", "intent", "journey", "language", "played_by", "due_s",
)  # fmt: skip


class Journal:
    """Writes the journal of one run; one per process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._held: list[bytes] = []
        """Lines of this turn of the event loop."""
        self._failed: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def write(self, kind: str, **facts: Any) -> None:
        """Append a line; it reaches the system, where a kill of this process cannot, before the loop's next turn.

        Raises:
            OSError: the disk took none or only a part of it, or of what was written before.
        """
        if self._failed is not None:
            raise self._failed
        facts["kind"] = kind
        self._held.append(_line(facts))
        if kind in AT_ONCE:
            self._hand_over()
        elif len(self._held) == 1:
            self._loop = self._loop or _running_loop()
            if self._loop is None:
                self._hand_over()
            else:
                self._loop.call_soon(self._hand_over_later)

    def _hand_over_later(self) -> None:
        """Hand over what this turn has left; what goes wrong is told to who writes next."""
        try:
            self._hand_over()
        except OSError as error:
            self._failed = error

    def _hand_over(self) -> None:
        if not self._held:
            return
        lines = b"".join(self._held)
        self._held.clear()
        written = os.write(self._file, lines)
        if written != len(lines):
            raise OSError(f"the journal took {written} of {len(lines)} bytes: is the disk full?")

    def close(self) -> None:
        """Hand over what is left, and close the file.

        Raises:
            OSError: the disk did not take all that was written.
        """
        try:
            self._hand_over()
        finally:
            os.close(self._file)
        if self._failed is not None:
            raise self._failed


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _line(entry: Mapping[str, Any]) -> bytes:
    """Return a line; half a letter, as a desk may send one, is kept by its number."""
    try:
        return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return (json.dumps(entry, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the journal's lines; a line that was cut off by a kill or a full disk is passed over."""
    with path.open("rb") as lines:
        for line in lines:
            try:
                entry = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and "kind" in entry:
                yield entry


def answers_to_facts(folder: Path) -> list[dict[str, Any]]:
    """Return what was said to questions for a fact: contact, turn, fact and the words, in the order they came."""
    entries = (entry for path in journals_in(folder) for entry in read_journal(path))
    return [entry for entry in entries if entry.pop("kind") == "fact"]


def tables_from_journal(
    paths: Iterable[Path], facts: Mapping[str, Any], plan: pd.DataFrame | None = None
) -> dict[str, pd.DataFrame]:
    """Make legs, steps and messages from the journals of a run.

    Args:
        paths: the journals; the lines of one contact stand in one of them.
        facts: the run's facts; `run_id`, `target`, `state`, `stopped` and `aborted` are used.
        plan: where given, planned contacts without a line become rows too: `unstarted` where their time had passed or
            a threshold has ended the run, `withheld` where the charter's owner has, else `censored`.
    """
    begun: dict[str, dict[str, Any]] = {}
    legs: dict[tuple[str, int], dict[str, Any]] = {}
    ends: dict[str, dict[str, Any]] = {}
    later: dict[str, dict[str, Any]] = {}
    steps: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    last_s = 0.0
    for entry in (entry for path in paths for entry in read_journal(path)):
        kind = entry.pop("kind")
        contact = entry.get("contact_id")
        match kind:
            case "begun":
                begun[entry["contact_id"]] = entry
                last_s = max(last_s, entry.get("arrived_s") or 0.0)
            case "step":
                steps.append(entry)
                last_s = max(last_s, entry.get("actual_s") or 0.0)
            case "message":
                messages.append(entry)
                last_s = max(last_s, entry.get("at_s") or 0.0)
            case "leg":
                legs[str(contact), entry["leg"]] = entry
                last_s = max(last_s, entry.get("ended_s") or 0.0)
            case "end":
                ends[str(contact)] = entry
            case "next":
                later[str(contact)] = entry
    rows = [
        row
        for contact, start in begun.items()
        for row in _contact_rows(start, _legs_of(contact, legs), ends.get(contact), facts)
    ]
    rows += [_never_begun(entry, facts, -math.inf) for name, entry in later.items() if name not in begun]
    if plan is not None:
        rows += [_never_begun(entry, facts, last_s) for entry in _records(plan) if entry["contact_id"] not in begun]
    frame = table_of("legs", pd.DataFrame(rows, columns=LEGS.names) if not rows else pd.DataFrame(rows))
    return {
        "legs": ordered(frame),
        "steps": _sorted("steps", steps, STEPS.names, ["contact_id", "leg", "step"]),
        "messages": _sorted("messages", messages, MESSAGES.names, ["contact_id", "leg", "turn"]),
        "staffing": table_of("staffing", []),
        "rejected": table_of("rejected", []),
    }


def _records(plan: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in plan.to_dict("records")]


def _sorted(name: str, rows: list[dict[str, Any]], columns: list[str], order: list[str]) -> pd.DataFrame:
    frame = table_of(name, pd.DataFrame(rows, columns=columns))
    return frame.sort_values(order, kind="stable", ignore_index=True)


def _legs_of(contact: str, legs: Mapping[tuple[str, int], dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while (contact, len(found)) in legs:
        found.append(legs[contact, len(found)])
    return found


def _contact_rows(
    start: dict[str, Any], legs: list[dict[str, Any]], end: dict[str, Any] | None, facts: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    common = {name: start.get(name) for name in CONTACT_FACTS} | _run_facts(facts)
    if end is None or not legs:  # an end without a leg: still a row, and our own fault
        cut = {
            "leg": len(legs),
            "leg_end": "failed",
            "reason": "interrupted" if end is None else "ended without a leg",
            "arrived_s": start.get("arrived_s"),
        }
        if legs:
            cut["arrived_s"] = legs[-1].get("ended_s")
        legs = [*legs, cut]
    outcome = end["contact_outcome"] if end and legs[-1]["leg_end"] != "failed" else "failed"
    for leg in legs:
        yield {**common, "contact_outcome": outcome, **{k: v for k, v in leg.items() if k in LEGS.names}}


def _never_begun(entry: Mapping[str, Any], facts: Mapping[str, Any], last_s: float) -> dict[str, Any]:
    passed, stopped, aborted = entry["due_s"] <= last_s, facts.get("stopped"), facts.get("aborted")
    if aborted:  # who was so late that we had dropped them has lines of their own
        end, reason = "unstarted", aborted["reason"]
    else:
        end = "withheld" if stopped else "unstarted" if passed else "censored"
        reason = stopped or (INTERRUPTED_REASON if passed else None)
    return {
        **{name: entry[name] for name in CONTACT_FACTS},
        **_run_facts(facts),
        "leg": 0,
        "leg_end": end,
        "reason": reason,
        "contact_outcome": end,
    }


def _run_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run_id": facts.get("run_id"),
        "source": "measured",
        "replication": 0,
        "target": facts.get("target"),
    }
