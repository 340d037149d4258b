"""What editors have said of shops: held back, released, appealed against, upheld or struck.

Kept beside the run, line by line: nothing that was said is changed afterwards. Refuses to show what was not released.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from results.runs import Run, RunError

REVIEWS = "reviews.jsonl"
Said = Literal["released", "held_back", "appealed", "upheld", "struck"]

AFTER = {
    "released": ("new", "held_back"),
    "held_back": ("new", "released"),
    "appealed": ("released",),
    "upheld": ("appealed",),
    "struck": ("appealed",),
}  # fmt: skip
"""What may be said after what: an appeal is against what was released, and is decided once."""

SHOWN = ("released", "appealed", "upheld")


def states_of(run: Run) -> dict[str, str]:
    """Return what was said last of each contact of a run; `new` where nothing was."""
    states = dict.fromkeys(run.table("legs")["contact_id"].unique(), "new")
    for line in _lines(run):
        states[str(line["contact_id"])] = str(line["said"])
    return states


def say(run: Run, contact: str, said: Said, by: str, note: str = "", now: datetime.datetime | None = None) -> list[str]:
    """Write down what is said of a contact, or of `all` of which it may be said; returns the contacts.

    Raises:
        RunError: there is no such contact, it may not be said now, or the time for an appeal is over.
    """
    at = now or datetime.datetime.now(datetime.UTC)
    states = states_of(run)
    if contact == "all":
        contacts = [name for name, state in states.items() if state in AFTER[said]]
    elif contact in states:
        contacts = [contact]
    else:
        raise RunError(f"{run.folder} has no contact {contact}")
    for name in contacts:
        if states[name] not in AFTER[said]:
            raise RunError(f"{name} is {states[name]}; only what is {' or '.join(AFTER[said])} can be {said}")
        if said == "appealed":
            _check_in_time(run, name, at)
    lines = [{"contact_id": name, "said": said, "by": by, "note": note, "at": at.isoformat()} for name in contacts]
    with (run.folder / REVIEWS).open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return contacts


def shown(run: Run) -> pd.DataFrame:
    """Return the legs that may be shown: all, or those that an editor has released where the run asks for it."""
    legs = run.table("legs")
    if not _is_reviewed(run.facts):
        return legs
    states = states_of(run)
    return legs[legs["contact_id"].map(states).isin(SHOWN)]


def _is_reviewed(facts: Mapping[str, Any]) -> bool:
    review = facts.get("review")
    return isinstance(review, Mapping) and review.get("release") == "after_review"


def _check_in_time(run: Run, contact: str, at: datetime.datetime) -> None:
    review = run.facts.get("review")
    days = int(review.get("appeal_days", 14)) if isinstance(review, Mapping) else 14
    released = [line["at"] for line in _lines(run) if line["contact_id"] == contact and line["said"] == "released"]
    until = datetime.datetime.fromisoformat(released[-1]) + datetime.timedelta(days=days)
    if at > until:
        raise RunError(f"{contact} could be appealed against until {until:%Y-%m-%d %H:%M}")


def _lines(run: Run) -> list[dict[str, Any]]:
    path: Path = run.folder / REVIEWS
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
