"""What was said and seen: transcripts, the browser's rungs and its screenshots, cut to what a page can carry.

Everything grows with the run, so everything here has a bound, and reaching it is said on the page. Texts stay texts:
escaping is the template's.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from results.clock import RunClock
from results.log import RUNGS
from results.runs import Run
from results.words import NOTHING, OUTCOME_WORDS, RUNG_WORDS, channel_words, duration

TURNS_MOST = 60
CHARACTERS_MOST = 1500
SCREENSHOT_BYTES_MOST = 200_000
SCREENSHOTS_BYTES_MOST = 500_000
BROWSER_CONTACTS_MOST = 30

_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_SPEAKERS = {"customer": "Customer", "human": "Agent", "agent": "Agent", "bot": "Bot", "system": "System"}


@dataclass(frozen=True)
class Turn:
    """One message of a transcript."""

    at: str
    speaker: str
    text: str
    ours: bool


@dataclass(frozen=True)
class Transcript:
    """A contact with what was said in it; `why` says why it is shown."""

    why: str
    contact_id: str
    channel: str
    outcome: str
    wait: str
    turns: tuple[Turn, ...]
    left_out: int

    @property
    def anchor(self) -> str:
        """Where on the page it stands."""
        return anchor_of(self.contact_id)


@dataclass(frozen=True)
class RungTime:
    """When a rung of the response ladder was reached: since the actual start, the intended one, and the last step."""

    rung: str
    at: str
    since_began: str
    since_due: str
    since_step: str


@dataclass(frozen=True)
class Screenshot:
    """A picture embedded as a data URI, or the words on why it is not."""

    name: str
    data: str
    words: str


@dataclass(frozen=True)
class BrowserContact:
    """One contact of the browser run."""

    transcript: Transcript
    reason: str
    rungs: tuple[RungTime, ...]
    screenshots: tuple[Screenshot, ...]
    sounds: tuple[str, ...]
    """Files in the run's folder that hold the sound of a call."""


@dataclass(frozen=True)
class BrowserJourney:
    """All contacts that played one journey."""

    journey: str
    contacts: tuple[BrowserContact, ...]


def anchor_of(contact_id: str) -> str:
    """Return the id by which a page's element is found that holds what was said in a contact; any contact's is its own.

    >>> anchor_of("a.000/0/1"), anchor_of("a b")
    ('said-a.2e.000.2f.0.2f.1', 'said-a.20.b')
    """
    return "said-" + re.sub(r"[^A-Za-z0-9_-]", lambda found: f".{ord(found[0]):x}.", contact_id)


def time_of_day(time_s: float, clock: RunClock) -> str:
    """Write a scenario second as the time of day it is on the scenario's clock."""
    if not math.isfinite(time_s):
        return NOTHING
    return clock.text(time_s)


def sample_transcripts(run: Run, contacts: pd.DataFrame, clock: RunClock) -> list[Transcript]:
    """Choose the longest wait, one who gave up and a typical contact among those that said something."""
    messages = run.table("messages")
    talked = contacts[contacts["contact_id"].isin(set(messages["contact_id"]))].dropna(subset=["wait_s"])
    if talked.empty:
        return []
    answered, gone = talked[talked["answered"]], talked[talked["abandoned"]]
    typical = answered[answered["channel"] == answered["channel"].mode().iloc[0]] if len(answered) else answered
    middle = (typical["wait_s"] - typical["wait_s"].median()).abs()
    chosen = [("The longest wait", _longest(talked))]
    if len(gone):
        chosen.append(("One who gave up waiting", _longest(gone)))
    if len(typical):
        chosen.append(("A typical contact", typical.iloc[int(np.argmin(middle.to_numpy()))]))
    outcomes = _outcomes(run.table("legs"))
    seen: set[str] = set()
    told = []
    for why, contact in chosen:
        if contact["contact_id"] not in seen:
            seen.add(contact["contact_id"])
            told.append(_transcript(why, contact, outcomes.get(contact["contact_id"], ""), messages, clock))
    return told


def recognised(run: Run, contacts: set[str], most: int = 20) -> list[tuple[str, str]]:
    """Return (contact, what was said) where words of the desk show that a shopper was recognised."""
    signs = [re.compile(sign, re.IGNORECASE) for sign in run.facts.get("recognised", [])]
    said = run.table("messages")
    said = said[(said["speaker"] != "customer") & said["contact_id"].isin(contacts)]
    found = [
        (str(contact), _shortened(str(text)))
        for contact, text in zip(said["contact_id"], said["text"], strict=True)
        if any(sign.search(str(text)) for sign in signs)
    ]
    return found[:most]


def browser_journeys(run: Run, clock: RunClock, only: set[str] | None = None) -> tuple[list[BrowserJourney], int]:
    """Return a run's contacts by journey, and how many were left out for want of room; `only` those named."""
    legs, steps, messages = run.table("legs"), run.table("steps"), run.table("messages")
    if only is not None:
        legs = legs[legs["contact_id"].isin(only)]
    first = legs[legs["leg"] == 0].sort_values(["journey", "due_s", "contact_id"], kind="stable")
    first = first.assign(wait_s=first["answered_s"].fillna(first["ended_s"]) - first["arrived_s"])
    shown = first.head(BROWSER_CONTACTS_MOST)
    told = tell_contacts(run.folder, shown, (legs, steps, messages), clock)
    by_journey: dict[str, list[BrowserContact]] = {}
    for journey, contact in zip(shown["journey"], told, strict=True):
        by_journey.setdefault(_text(journey) or "(no journey)", []).append(contact)
    journeys = [BrowserJourney(name, tuple(contacts)) for name, contacts in by_journey.items()]
    return journeys, len(first) - len(shown)


def tell_contacts(
    folder: Path, chosen: pd.DataFrame, tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], clock: RunClock
) -> list[BrowserContact]:
    """Return what was said and seen in chosen contacts, in their order; pictures as long as there is room for them.

    Args:
        folder: the run's, where evidence lies.
        chosen: first legs, with `wait_s`.
        tables: the run's legs, steps and messages.
        clock: the run's.
    """
    legs, steps, messages = (table[table["contact_id"].isin(set(chosen["contact_id"]))] for table in tables)
    room = SCREENSHOTS_BYTES_MOST
    told = []
    for _, contact in chosen.iterrows():
        own = steps[steps["contact_id"] == contact["contact_id"]]
        evidence = list(own["evidence"].dropna())
        screenshots = _screenshots(folder, evidence, room)
        sounds = tuple(name for name in evidence if name.endswith(".wav") and (folder / name).is_file())
        room -= sum(len(screenshot.data) for screenshot in screenshots)
        reasons = legs.loc[legs["contact_id"] == contact["contact_id"], "reason"].dropna()
        transcript = _transcript("", contact, str(contact["contact_outcome"]), messages, clock)
        rungs = _rungs(own, contact, clock)
        told.append(BrowserContact(transcript, "; ".join(reasons), rungs, tuple(screenshots), sounds))
    return told


def _longest(contacts: pd.DataFrame) -> pd.Series:
    return contacts.iloc[int(np.argmax(contacts["wait_s"].to_numpy()))]


def _outcomes(legs: pd.DataFrame) -> dict[str, str]:
    first = legs[legs["leg"] == 0]
    return dict(zip(first["contact_id"], first["contact_outcome"], strict=True))


def _transcript(why: str, contact: pd.Series, outcome: str, messages: pd.DataFrame, clock: RunClock) -> Transcript:
    said = messages[messages["contact_id"] == contact["contact_id"]].sort_values(["leg", "turn"], kind="stable")
    kept = said.head(TURNS_MOST)
    turns = tuple(
        Turn(time_of_day(at_s, clock), _SPEAKERS.get(speaker, speaker), _shortened(text), speaker == "customer")
        for at_s, speaker, text in zip(kept["at_s"], kept["speaker"].map(_text), kept["text"].map(_text), strict=True)
    )
    return Transcript(
        why,
        str(contact["contact_id"]),
        channel_words(str(contact["channel"])),
        OUTCOME_WORDS.get(outcome, outcome),
        duration(float(contact["wait_s"])) if pd.notna(contact["wait_s"]) else NOTHING,
        turns,
        len(said) - len(kept),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shortened(text: str) -> str:
    return text if len(text) <= CHARACTERS_MOST else f"{text[:CHARACTERS_MOST]}… (cut)"


def _rungs(steps: pd.DataFrame, contact: pd.Series, clock: RunClock) -> tuple[RungTime, ...]:
    """Return the rungs in the order they were reached; those awaited in vain come last, with how long we looked."""
    reached = steps[steps["rung"].isin(RUNGS)].sort_values(["seen_by_s", "leg", "step"], kind="stable")
    did_s = np.sort(steps["actual_s"].dropna().to_numpy(dtype=float))
    rows = []
    for _, step in reached.iterrows():
        after_s, by_s = float(step["seen_after_s"]), float(step["seen_by_s"])
        before_s = did_s[did_s <= (by_s if math.isfinite(by_s) else after_s)]
        last_s = float(before_s[-1]) if len(before_s) else math.nan
        rows.append(
            RungTime(
                RUNG_WORDS[step["rung"]],
                time_of_day(by_s, clock),
                _since(float(contact["arrived_s"]), after_s, by_s),
                _since(float(contact["due_s"]), after_s, by_s),
                _since(last_s, after_s, by_s),
            )
        )
    return tuple(rows)


def _since(start_s: float, after_s: float, by_s: float) -> str:
    """Write a time since `start_s`: a polled one as the span in which it happened, one never seen as longer than."""
    if not math.isfinite(start_s):
        return NOTHING
    if not math.isfinite(by_s):
        return f"not within {_fine(after_s - start_s)}" if math.isfinite(after_s) else NOTHING
    until_s = by_s - start_s
    if math.isfinite(after_s) and by_s - after_s > max(0.1, 0.02 * abs(until_s)):
        return f"{_fine(max(after_s - start_s, 0.0))} to {_fine(until_s)}"
    return _fine(until_s)


def _fine(time_s: float) -> str:
    return f"{time_s * 1000:.0f} ms" if abs(time_s) < 0.9995 else duration(time_s)


def _screenshots(folder: Path, evidence: Iterable[str], room: int) -> Sequence[Screenshot]:
    found = []
    top = folder.resolve()
    for name in dict.fromkeys(evidence):
        path = (top / name).resolve()
        if not path.is_file():
            path = (top / "evidence" / name).resolve()  # sessions name a picture by its file alone
        kind = _IMAGES.get(path.suffix.lower())
        if kind is None or not path.is_relative_to(top):
            continue
        if not path.is_file():
            found.append(Screenshot(name, "", "the picture is missing from the run's folder"))
            continue
        size = path.stat().st_size
        if size > SCREENSHOT_BYTES_MOST or size * 4 / 3 > room:
            found.append(Screenshot(name, "", f"left out of this page for its size ({size / 1000:,.0f} kB)"))
            continue
        data = f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
        room -= len(data)
        found.append(Screenshot(name, data, ""))
    return found


def reasons_counted(legs: pd.DataFrame, most: int = 12) -> list[tuple[str, str, int]]:
    """Return (how it ended, reason, contacts) for all legs that needed a reason, most frequent first."""
    told = legs[legs["reason"].notna()]
    counts = told.groupby(["leg_end", "reason"])["contact_id"].nunique().rename("contacts").reset_index()
    counts = counts.sort_values("contacts", ascending=False, kind="stable")
    rows = [
        (OUTCOME_WORDS.get(str(end), str(end)), str(reason), int(number))
        for end, reason, number in counts.head(most).itertuples(index=False)
    ]
    rest = int(counts["contacts"].iloc[most:].sum())
    return [*rows, ("other ends", f"{len(counts) - most} more reasons", rest)] if rest else rows
