"""The contacts of each case in the order in which they came: who answered, how they ended, what time they took.

A row per contact, of any log. The time of a customer is told in minutes on the line (`ON_THE_LINE`): waiting, with
menus and bots, and talking. Nobody sits beside a mail that is not answered yet, so its hours are not their time.
Refuses to know what a time does to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.contacts import CALLED_BACK
from results.experience import last_s, legs_by_case

Values = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

ON_THE_LINE = ("phone", "chat", "in_person", "faq")
"""Channels on which customers stay until they are done."""

NOBODY, SOMEBODY, ALONE, TEAM = "nobody", "somebody", "alone:", "team:"
"""Who answered: nobody; somebody of a team that is not told; a menu, bot or page alone; a team."""

HELP_PAGES = "help_pages"
"""Who answers on the help pages, where the log names nobody."""

UNTOLD = "untold"
"""How a contact ended of which the log does not say what came of it."""

_COLUMNS = (
    "contact_id", "leg", "channel", "intent", "team", "arrived_s", "answered_s", "ended_s", "talk_s", "promise_due_s",
    "promise_kept_s", "leg_end", "contact_outcome",
)  # fmt: skip


@dataclass(frozen=True)
class JourneyLog:
    """A log read as journeys, once for all that is told of them.

    `legs`: those that tell of the desk, with the row of `cases` that each belongs to in `case_of`; `cases`: whose they
    are, in the order of `results.experience.cases_of`; `contacts`: see `contacts_in_order`; `until_s`: when it ends.
    """

    legs: pd.DataFrame
    case_of: Whole
    cases: pd.DataFrame
    contacts: pd.DataFrame
    until_s: float

    @classmethod
    def of(cls, legs: pd.DataFrame, until_s: float | None = None) -> JourneyLog:
        """Read a contact log; where it is not told when it ends, at the last instant that it tells."""
        kept, case_of, of_case = legs_by_case(legs)
        until_s = last_s(kept) if until_s is None else until_s
        return cls(kept, case_of, of_case, contacts_in_order(kept, case_of, until_s), until_s)


def contacts_in_order(legs: pd.DataFrame, case_of: Whole, until_s: float) -> pd.DataFrame:
    """Return a row per contact, ordered by case and time; what colleagues did out of sight does not count.

    Columns: case (its number), nth (of the case, from 0), contact_id, channel, intent, first and last (who answered
    first and last, by people where there were any: see NOBODY and others), end (its outcome, or `untold`),
    promise_due_s and promise_kept_s (of its last promise), on_line (whether the customer stayed on the line), and
    minutes of the customer's time: by when `first` and `last` answered, and of the whole contact.

    Args:
        legs: the contact log.
        case_of: the number of each leg's case.
        until_s: when the log ends.
    """
    own = legs["role"].isna().to_numpy()
    seen, case = legs.loc[own, list(_COLUMNS)].reset_index(drop=True), case_of[own]
    if seen.empty:
        return pd.DataFrame(columns=["case", "nth", *_told(seen, np.empty(0, np.int64), until_s)])
    order, starts = _ordered(seen, case)
    seen, case = seen.iloc[order].reset_index(drop=True), case[order]
    of_contact = case[starts]
    first_of_case = np.r_[True, of_contact[1:] != of_contact[:-1]]
    place = np.arange(len(starts))
    nth = place - np.maximum.accumulate(np.where(first_of_case, place, 0))
    return pd.DataFrame({"case": of_contact, "nth": nth, **_told(seen, starts, until_s)})


def _ordered(legs: pd.DataFrame, case: Whole) -> tuple[Whole, Whole]:
    """Return the order of legs by case, contact and leg, and where in it each contact starts."""
    code, names = pd.factorize(legs["contact_id"])
    _, number = np.unique(case * (len(names) + 1) + code, return_inverse=True)
    began_s = np.full(int(number.max()) + 1, np.inf)
    np.minimum.at(began_s, number, legs["arrived_s"].to_numpy(dtype=float))
    order = np.lexsort((legs["leg"].to_numpy(dtype=np.int64), number, began_s[number], case))
    ordered = number[order]
    return order, np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])


def _told(legs: pd.DataFrame, starts: Whole, until_s: float) -> dict[str, Any]:
    """Return what is told of contacts, from their legs in order."""
    ends = np.r_[starts[1:], len(legs)] - 1 if len(starts) else starts
    place = np.arange(len(legs))
    answered = legs["answered_s"].notna().to_numpy()
    page = answered & legs["ended_s"].notna().to_numpy() & legs["talk_s"].isna().to_numpy()
    person = answered & ~page
    first = _least(np.where(person, place, len(legs)), starts)
    last = _most(np.where(person, place, -1), starts)
    by_person, alone = last >= 0, page[ends] & (last < 0)
    first, last = np.where(by_person, first, ends), np.where(by_person, last, ends)
    team = legs["team"].mask(legs["team"].isna() & legs["channel"].eq("faq"), HELP_PAGES)
    by_when, after = minutes_on_line(legs, starts, until_s)
    promise = _most(np.where(legs["promise_due_s"].notna(), place, -1), starts)
    promised, at = promise >= 0, np.maximum(promise, 0)
    return {
        "contact_id": legs["contact_id"].to_numpy(dtype=object)[starts],
        "channel": legs["channel"].to_numpy(dtype=object)[starts],
        "intent": legs["intent"].to_numpy(dtype=object)[starts],
        "first": _who(team, first, by_person, alone),
        "last": _who(team, last, by_person, alone),
        "end": legs["contact_outcome"].fillna(UNTOLD).to_numpy(dtype=object)[ends],
        "promise_due_s": np.where(promised, legs["promise_due_s"].to_numpy(dtype=float)[at], np.nan),
        "promise_kept_s": np.where(promised, legs["promise_kept_s"].to_numpy(dtype=float)[at], np.nan),
        "on_line": legs["channel"].isin(ON_THE_LINE).to_numpy(dtype=bool)[starts],
        "first_minutes": by_when[first],
        "last_minutes": by_when[last],
        "minutes": after[ends],
    }


def _least(values: Whole, starts: Whole) -> Whole:
    return np.minimum.reduceat(values, starts) if len(starts) else starts


def _most(values: Whole, starts: Whole) -> Whole:
    return np.maximum.reduceat(values, starts) if len(starts) else starts


def _who(teams: pd.Series[Any], at: Whole, by_person: Flags, alone: Flags) -> Texts:
    """Name who answered: at which leg, whether a person did, or a menu, bot or page and nobody else."""
    team = teams.to_numpy(dtype=object)[at]
    known = pd.notna(team)
    kind = np.where(by_person, TEAM, ALONE)
    named = np.array([f"{k}{t}" for k, t in zip(kind, team, strict=True)], dtype=object)
    who = np.where(by_person | alone, np.where(known, named, SOMEBODY), NOBODY)
    return np.asarray(who, dtype=object)


def minutes_on_line(legs: pd.DataFrame, starts: Whole, until_s: float) -> tuple[Values, Values]:
    """Return, for each leg, the minutes that its contact has taken on the line by its answer, and by its end.

    Who is called back does not wait on the line until then. What has no end goes on until the log ends.

    Args:
        legs: in the order of contacts and legs.
        starts: where each contact starts.
        until_s: when the log ends.
    """
    if not len(starts):
        return np.empty(0), np.empty(0)
    arrived_s, answered_s = legs["arrived_s"].to_numpy(dtype=float), legs["answered_s"].to_numpy(dtype=float)
    ended_s = legs["ended_s"].fillna(until_s).to_numpy(dtype=float)
    begins = np.zeros(len(legs), dtype=bool)
    begins[starts] = True
    hung_up = legs["leg_end"].isin([CALLED_BACK, "cut_off"]).to_numpy(dtype=bool)
    called = np.r_[False, hung_up[:-1]] & ~begins
    on_line = legs["channel"].isin(ON_THE_LINE).to_numpy(dtype=bool)
    waited_s = np.where(called, 0.0, np.fmin(answered_s, ended_s) - arrived_s)
    with_s = np.nan_to_num(ended_s - answered_s)
    waited, spent = (np.where(on_line, np.maximum(part_s, 0.0) / 60.0, 0.0) for part_s in (waited_s, with_s))
    total = np.cumsum(waited + spent)
    before = np.repeat((total - waited - spent)[starts], np.diff(np.r_[starts, len(legs)]))
    return total - spent - before, total - before
