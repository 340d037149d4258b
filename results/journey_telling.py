"""A case told in plain sentences: what its customer lived through in each contact, with days and times of day.

Every sentence is a row of the contact log, of any source. Refuses to choose whom to tell of, and to invent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.clock import RunClock
from results.contacts import CALLED_BACK
from results.journey_words import by_channel, desk_words, plain, spelt

WRITTEN = ("email", "form", "social", "app")
"""Channels on which customers write, and the answer comes when they do something else."""

_UNANSWERED = {
    "abandoned": "gave up after waiting {waited}",
    "silent": "left without a word after {waited}",
    "balked": "heard how long it would take and hung up",
    "blocked": "found all lines taken",
    "closed": "found it closed",
    "message": "was asked for a message after {waited} and left one",
    "cleared_at_close": "was sent away at closing time after waiting {waited}",
    "callback": "waited {waited} and accepted to be called back",
    "cut_off": "was cut off, as nobody was free",
    "deflected": "was told to ask elsewhere",
    "target_error": "met a desk that failed",
    "censored": "was still waiting when the log ends, after {waited}",
}
_PAGES = {
    "contained": "found the answer with {who}",
    "transferred": "went through {who}",
    "deflected": "was sent elsewhere by {who}",
    "cut_off": "was cut off by {who}",
}


@dataclass(frozen=True)
class ToldContact:
    """One contact: when it came, over which channel, what happened, and its id."""

    when: str
    channel: str
    text: str
    contact_id: str


def tell_case(legs: pd.DataFrame, clock: RunClock, until_s: float, dated: bool) -> tuple[ToldContact, ...]:
    """Tell a case, a contact after the other.

    Args:
        legs: all of the case's, ordered by contact and leg.
        clock: the run's.
        until_s: when the log ends.
        dated: whether days are named by their date too; else by the day of the week alone.
    """
    told_before = False
    found = []
    for _, own in legs.groupby("contact_id", sort=False):
        first = own.iloc[0]
        teller = _Teller(clock, until_s, dated, told_before)
        sentences = [teller.contact(own), *teller.promises(own)]
        told_before = teller.told
        found.append(
            ToldContact(
                f"{clock.day_text(first.arrived_s, dated)} {clock.minute_text(first.arrived_s)}",
                by_channel(str(first.channel)),
                " ".join(f"{one[:1].upper()}{one[1:]}." for one in sentences if one),
                str(first.contact_id),
            )
        )
    return tuple(found)


class _Teller:
    """Tells contacts of one customer, and remembers whether anybody has heard the story yet."""

    def __init__(self, clock: RunClock, until_s: float, dated: bool, told: bool) -> None:
        self.clock, self.until_s, self.dated, self.told = clock, until_s, dated, told

    def contact(self, legs: pd.DataFrame) -> str:
        """Return a sentence on all legs of a contact."""
        clauses, hung_up = [], False
        last = legs[legs["role"].isna()].index[-1:]
        for index, leg in legs.iterrows():
            clauses.append(", ".join(part for part in self._leg(leg, hung_up, index in last) if part))
            if pd.isna(leg.role):
                hung_up = leg.leg_end in (CALLED_BACK, "cut_off")
        return "; ".join(clause for clause in clauses if clause)

    def promises(self, legs: pd.DataFrame) -> Iterator[str]:
        """Yield a sentence on each promise of a contact and what became of it."""
        made = legs.loc[legs["promise_due_s"].notna(), ["promise_due_s", "promise_kept_s"]]
        for due_s, kept_s in made.to_numpy(dtype=float):
            if kept_s <= min(due_s, self.until_s):
                came = "it came in time"
            elif kept_s <= self.until_s:
                came = f"it came {spelt(kept_s - due_s)} late"
            else:
                came = "nobody kept it" if due_s <= self.until_s else "the log ends before"
            yield f"was promised an answer by {self._at(due_s)}: {came}"

    def _at(self, at_s: float) -> str:
        return f"{self.clock.day_text(at_s, self.dated)} {self.clock.minute_text(at_s)}"

    def _leg(self, leg: Any, called: bool, last: bool) -> Iterator[str]:
        """Yield what a leg was for the customer."""
        who = desk_words(leg.team, str(leg.channel))
        answered = pd.notna(leg.answered_s)
        if pd.notna(leg.role):
            yield from _aside(leg, who)
        elif answered and pd.notna(leg.ended_s) and pd.isna(leg.talk_s):
            yield _PAGES.get(str(leg.leg_end), "found no answer with {who}").format(who=who)
        elif answered:
            yield from self._answered(leg, who, called)
            yield from self._ended(leg, last)
        else:
            ended_s = leg.ended_s if pd.notna(leg.ended_s) else self.until_s
            words = _UNANSWERED.get(str(leg.leg_end), "{end}, after {waited}")
            yield words.format(waited=spelt(ended_s - leg.arrived_s), end=plain(str(leg.leg_end)))

    def _answered(self, leg: Any, who: str, called: bool) -> Iterator[str]:
        waited_s, again = leg.answered_s - leg.arrived_s, self.told
        knew = bool(leg.history_carried) if pd.notna(leg.history_carried) else False
        self.told = True
        if called:
            yield f"was called back by {who} at {self.clock.minute_text(leg.answered_s)}"
        elif leg.channel in WRITTEN:
            yield f"{who} answered after {spelt(waited_s)}"
        elif waited_s >= 1:
            yield f"waited {spelt(waited_s)}"
        if not again:
            yield "" if leg.channel in WRITTEN else f"told the story to {'them' if called else who}"
        elif knew:
            yield f"{'they' if called else who} knew the story"
        else:
            yield f"told it again{'' if called or leg.channel in WRITTEN else f' to {who}'}"

    def _ended(self, leg: Any, last: bool) -> Iterator[str]:
        if pd.isna(leg.ended_s):
            yield "was still with them when the log ends"
            return
        after = "" if leg.channel in WRITTEN else f" after {spelt(leg.ended_s - leg.answered_s)}"
        match str(leg.leg_end):
            case "transferred":
                yield f"was passed on{after}"
            case "escalated":
                yield f"was passed up{after}"
            case "cut_off":
                yield f"was cut off{after}"
            case "deflected":
                yield f"was told to ask elsewhere{after}"
            case _ if last and pd.isna(leg.promise_due_s) and leg.contact_outcome == "unresolved":
                yield f"{after.strip()} nothing was settled".strip()
            case _ if last and pd.isna(leg.promise_due_s) and leg.contact_outcome == "resolved":
                yield f"it was settled{after}"
            case _:
                yield f"was done{after}" if after else ""


def _aside(leg: Any, who: str) -> Iterator[str]:
    """Yield what was done beside the customer: a colleague asked in, an order that came to nothing."""
    if leg.role == "conference" and pd.notna(leg.answered_s):
        yield f"{who} was asked in"
    elif leg.role == "work" and leg.contact_outcome == "unresolved":
        yield f"{who} got an order that came to nothing"
