"""The worst journeys of a log, told as stories with the ids by which their rows are found.

Worst is who left, then who is most likely to leave, then who lived through most: a case stands as high as its mean rank
over minutes, retellings, promises not kept and the other hardships, so no weight is made up. No two are alike: another
intent and another pattern of hardships each time while there are such, and never both the same. Refuses to tell of whom
nothing befell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from results.clock import RunClock
from results.drawn_courses import Courses
from results.journey_contacts import JourneyLog
from results.journey_telling import ToldContact, tell_case
from results.journey_words import END_NAMES, leave_words, minutes_words, plain
from results.words import counted
from scenarios.units import DAY_S

STORIES = 5

WEEK_OF_NAMES_S = 6.0 * DAY_S
"""So long the day of the week names a day; beyond, its date stands beside it."""

HARDSHIPS = (
    "retellings", "transfers", "cut_offs", "contradictions", "promises_late", "promises_broken", "hops", "deflections",
    "unresolved", "repeats", "blamed",
)  # fmt: skip
"""What makes a journey bad, beside minutes; which of them a case has is its pattern."""

_ENDING_WORDS = {
    "retellings": ("told the story again", True), "transfers": ("passed on", True), "cut_offs": ("cut off", True),
    "promises_late": ("promise kept late", False), "promises_broken": ("promise not kept", False),
}  # fmt: skip


@dataclass(frozen=True)
class Story:
    """A journey in words. `who` tells what the customer is worth, where it is known; `leaving` how it ended for us."""

    title: str
    who: str
    contacts: tuple[ToldContact, ...]
    ending: str
    leaving: str
    customer_id: str
    case_id: str
    replication: int
    course: str = ""
    """What they did beside leaving, in one possible course that is drawn (`results.drawn_courses`)."""

    def text(self) -> str:
        """Return the story as lines."""
        told = [f"{one.when}, {one.channel}: {one.text} [{one.contact_id}]" for one in self.contacts]
        heading = f"{self.title}. {self.who}".strip()
        ids = f"customer {self.customer_id}, case {self.case_id}, replication {self.replication}"
        ended = " ".join(filter(None, (self.ending, self.leaving)))
        return "\n".join([heading, *told, ended, *([self.course] if self.course else []), ids])


def worst_stories(
    log: JourneyLog,
    cases: pd.DataFrame,
    clock: RunClock,
    intents: Mapping[str, str] | None = None,
    currency: str = "",
    most: int = STORIES,
    courses: Courses | None = None,
) -> tuple[Story, ...]:
    """Choose and tell the worst journeys, the worst first.

    Args:
        log: the contact log.
        cases: its cases as `results.experience.cases_of` tells them, with what else is known of each: leave_share (how
            likely the customer leaves after it), left (whether they did), and of the customer monthly_revenue and
            tenure_months.
        clock: the run's.
        intents: what customers say, by intent.
        currency: of the revenue.
        most: how many stories.
        courses: draws what those did who left, beside leaving; left out: nothing is drawn.
    """
    lived = _lived(log, cases)
    return tuple(
        _story(
            lived.loc[[case]].iloc[0],
            _legs_in_order(log.legs[log.case_of == case]),
            log,
            clock,
            intents or {},
            currency,
            courses,
        )
        for case in worst_cases(lived, most)
    )


def _lived(log: JourneyLog, cases: pd.DataFrame) -> pd.DataFrame:
    """Return the cases that people lived through, with intent, minutes and how the last contact ended."""
    by_case = log.contacts.groupby("case")
    whole = pd.DataFrame(
        {
            "minutes": by_case["minutes"].sum(), "on_line": by_case["on_line"].max(), "end": by_case["end"].last(),
            "intent": by_case["intent"].first(),
        }
    )  # fmt: skip
    return cases.reset_index(drop=True).loc[whole.index].join(whole)


def worst_cases(lived: pd.DataFrame, most: int = STORIES) -> list[int]:
    """Return which rows of cases are the worst, diverse, the worst first.

    Args:
        lived: cases with minutes, intent and columns of HARDSHIPS; leave_share and left where they are known.
        most: how many.
    """
    there = [name for name in HARDSHIPS if name in lived]
    bad = lived[(lived[there] > 0).any(axis=1)]
    if bad.empty:
        return []
    rank = bad[["minutes", *there]].rank(pct=True).mean(axis=1)
    left = bad["left"].fillna(False).astype(bool) if "left" in bad else pd.Series(False, index=bad.index)
    share = bad["leave_share"].fillna(0.0).round(2) if "leave_share" in bad else pd.Series(0.0, index=bad.index)
    order = bad.index.to_numpy()[np.lexsort((bad.index, -rank, -share, ~left))]
    pattern = pd.Series((bad[there] > 0).to_numpy() @ (1 << np.arange(len(there))), index=bad.index)
    kinds = pd.DataFrame({"intent": bad["intent"].fillna(""), "pattern": pattern}).loc[order]
    chosen = _unlike(kinds.drop_duplicates(), most)
    places = {case: place for place, case in enumerate(order)}
    return sorted((int(case) for case in chosen), key=lambda case: places[case])


def _unlike(kinds: pd.DataFrame, most: int) -> list[int]:
    """Choose rows of another intent and pattern than any before, then of another pattern, then of another of both."""
    chosen: dict[int, None] = {}
    intents: set[str] = set()
    patterns: set[int] = set()
    for new_intent, new_pattern in ((True, True), (False, True), (False, False)):
        for case, intent, pattern in kinds.itertuples():
            known = (new_intent and intent in intents) or (new_pattern and pattern in patterns)
            if len(chosen) < most and case not in chosen and not known:
                chosen[case] = None
                intents.add(intent)
                patterns.add(pattern)
    return list(chosen)


def _legs_in_order(legs: pd.DataFrame) -> pd.DataFrame:
    began_s = legs.groupby("contact_id")["arrived_s"].transform("min")
    return legs.assign(began_s=began_s).sort_values(["began_s", "contact_id", "leg"], kind="stable")


def _story(
    case: pd.Series[Any],
    legs: pd.DataFrame,
    log: JourneyLog,
    clock: RunClock,
    intents: Mapping[str, str],
    currency: str,
    courses: Courses | None,
) -> Story:
    intent = case["intent"] if isinstance(case["intent"], str) else ""
    title = f"“{intents[intent]}”" if intent in intents else plain(intent).capitalize() if intent else "A case"
    last_s = np.nanmax([log.until_s, *legs["promise_due_s"].dropna()])
    dated = bool(last_s - float(log.legs["arrived_s"].min()) > WEEK_OF_NAMES_S)
    return Story(
        title, value_words(case, currency), tell_case(legs, clock, log.until_s, dated), _ending(case),
        leaving_words(case),
        str(case["customer_id"]), str(case["case_id"]), int(case["replication"]),
        "" if courses is None else courses.told(case),
    )  # fmt: skip


def value_words(case: Mapping[str, Any] | pd.Series[Any], currency: str) -> str:
    """Say who the customer is, as far as it is known.

    >>> value_words({"tenure_months": 180.0, "monthly_revenue": 210.4}, "USD"), value_words({}, "USD")
    ('A customer of 15 years, 210 USD a month.', '')
    """
    months, revenue = (_known(case.get(name)) for name in ("tenure_months", "monthly_revenue"))
    parts = []
    if months:
        years = months >= 23.5
        parts.append(f"of {counted(round(months / 12 if years else months), 'year' if years else 'month')}")
    if revenue is not None:
        parts.append(f"{'with ' if not parts else ''}{revenue:,.0f}{f' {currency}' if currency else ''} a month")
    return f"A customer {', '.join(parts)}." if parts else ""


def _known(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def leaving_words(case: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Say whether the customer left, and how likely that was.

    >>> leaving_words({"leave_share": 0.31, "left": True}), leaving_words({"leave_share": 0.31})
    ('Left (the chance was 31 %).', 'The chance that they leave is 31 %.')
    """
    share, left = _known(case.get("leave_share")), _known(case.get("left"))
    if share is None:
        return "" if left is None else "Left." if left else "Stayed."
    if left is None:
        return f"The chance that they leave is {leave_words(share)}."
    return f"{'Left' if left else 'Stayed'} (the chance {'was' if left else 'to leave was'} {leave_words(share)})."


def _ending(case: pd.Series[Any]) -> str:
    parts = [counted(int(case["contacts"]), "contact")]
    if case["on_line"]:
        parts.append(f"{minutes_words(case['minutes'])} on the line")
    for term, (words, times) in _ENDING_WORDS.items():
        number = int(case[term]) if term in case else 0
        if number:
            how_often = {1: "once", 2: "twice"}.get(number, f"{number} times")
            parts.append(
                f"{words} {how_often}" if times else counted(number, words.split()[0]) + words[len("promise") :]
            )
    end = END_NAMES.get(str(case["end"]), plain(str(case["end"])))
    return f"In the end: {end[:1].lower()}{end[1:]}; {', '.join(parts)}."
