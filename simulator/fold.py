"""Fold what the compiled engine's loop gives to one row per contact, without the words of the contact log.

The columns are those of `results.metrics.contacts_of`, from which the metrics are reckoned, with numbers for names.
Refuses to know what a metric is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from results.contacts import CALLED_BACK, ENDS_TOLD, GAVE_UP, Values
from results.customers import CUSTOMER_COLUMNS, customer_columns
from results.queues import Waits
from results.worked import WorkedTime, any_at_once
from scenarios.jit import jit, jit_uncounted
from simulator.floor_arrays import Floor, Whole
from simulator.loop_legs import (
    ANSWERED,
    ARRIVED,
    ASIDE_US,
    BLOCKED,
    CENSORED,
    CHANNEL,
    CLOSED,
    CONTAINED,
    DUE,
    ENDED,
    ENDS,
    ESCALATED,
    HISTORY,
    KEPT,
    LAST,
    LEG,
    LEG_END,
    NUMBER,
    OUTCOME,
    RESOLVED,
    ROLE,
    SEAT,
    TAKEN,
    TEAM,
    TRANSFERRED,
    UNANSWERED,
    WRAP,
    Happened,
    Small,
)

FIRST, QUEUED, TALK, ASIDE, WRAPPED, PASSED, UNFINISHED, SERVED, FOUND = range(9)
_FOLDED = 9

LEGS, WAITS, WAITING, TELLINGS, ENDED_AS = range(5)
_OF_LEGS = 5

_NUMBERS = ("channel", "intent", "team")
_SECONDS = ("arrived_s", "wait_s", "talk_s", "handle_s")
_FLAGS = (
    "offered", "answered", "abandoned", "blocked", "came", "reached", "unanswered", "waiting", "transferred",
    "contained", "self_service", "by_person",
)  # fmt: skip
"""Columns of `results.contacts.contacts_of`, in the order in which `_columns` gives them."""

_LEG_COLUMNS = ("legs", "waits_s", "tellings", *(f"ended_{end}" for end in ENDS_TOLD))


class Folded(dict[str, Any]):
    """Columns by name; those that few metrics need are reckoned when they are first asked for."""

    def __init__(self, happened: Happened, contact_of: Whole, until_us: int | None, columns: dict[str, Any]) -> None:
        super().__init__(columns)
        self._happened, self._contact_of, self._until_us = happened, contact_of, until_us

    def __missing__(self, name: str) -> Any:
        if name in _LEG_COLUMNS:
            self.update(self._legs())
        elif name == "resolved":
            facts = self._happened.facts
            self[name] = facts[facts[:, LEG] == 0, OUTCOME] == RESOLVED
        elif name in ("promise_due_s", "promise_kept"):
            self.update(self._promises())
        elif name == "waiting_s":
            last_us = self._happened.times_us[:, : ENDED + 1].max() if self._until_us is None else self._until_us
            self[name] = np.where(self["waiting"], last_us / 1e6 - self["arrived_s"], np.nan)
        elif name in CUSTOMER_COLUMNS:
            facts = self._happened.facts
            self.update(customer_columns(self, facts[facts[:, LEG] == 0, NUMBER].astype(np.int64)))
        else:
            raise KeyError(name)
        return self[name]

    def _promises(self) -> dict[str, Any]:
        times, _, _, notes = self._happened
        due_us = np.full((2, len(self["channel"])), -1, dtype=np.int64)
        if len(notes):
            made = notes[:, DUE] >= 0
            due_us[:, self._contact_of[made]] = notes[made][:, [DUE, KEPT]].T
        until_us = times[:, : ENDED + 1].max() if self._until_us is None else self._until_us
        promised = due_us[0] >= 0
        known_us = due_us[0] if self._until_us is None else np.minimum(due_us[0], until_us)
        kept = promised & (due_us[1] >= 0) & (due_us[1] <= known_us)
        told = kept | (promised & (due_us[0] <= until_us))
        return {
            "promise_due_s": np.where(promised, due_us[0] / 1e6, np.nan),
            "promise_kept": np.where(told, kept.astype(np.float64), np.nan),
        }

    def _legs(self) -> dict[str, Any]:
        times, facts, _, notes = self._happened
        goes_on = _code(CALLED_BACK)
        of_legs = _fold_legs(times, facts, notes, self._contact_of, len(self["channel"]), goes_on)
        found = {
            "legs": of_legs[:, LEGS],
            "waits_s": np.where(of_legs[:, WAITING] > 0, np.nan, of_legs[:, WAITS] / 1e6),
            "tellings": of_legs[:, TELLINGS],
        }
        for end in ENDS_TOLD:  # one that the engine does not know yet has not happened
            found[f"ended_{end}"] = of_legs[:, ENDED_AS] & sum(1 << code for code in _codes(end)) > 0
        return found


def _codes(*ends: str) -> list[int]:
    """Return the codes of those of the log's words that the engine knows."""
    return [code for code, word in enumerate(ENDS) if word in ends]


def _code(end: str) -> int:
    """Return the code of a word of the log; -1 where the engine does not know it."""
    return ENDS.index(end) if end in ENDS else -1


def contacts_folded(happened: Happened, intent: Whole, until_us: int | None = None) -> Folded:
    """Return a row per contact of one replication; names as positions in the scenario (-1: none).

    Args:
        happened: what the loop gave.
        intent: of each customer, as the plan has it.
        until_us: when the run ended; where it is not known, at the last instant of which it tells.
    """
    times, facts = happened.times_us, happened.facts
    folded, contact_of = _fold(times, facts, happened.notes)
    gave_up = np.array([word in GAVE_UP for word in ENDS])
    numbers, seconds, flags = _columns(times, facts, folded, intent, gave_up)
    named = (*zip(_NUMBERS, numbers, strict=True), *zip(_SECONDS, seconds, strict=True))
    columns: dict[str, Any] = {**dict(named), **dict(zip(_FLAGS, flags, strict=True))}
    return Folded(happened, contact_of, until_us, columns)


def _columns(
    times: Whole, facts: Small, folded: Whole, intent: Whole, gave_up: npt.NDArray[np.bool_]
) -> tuple[Whole, Values, npt.NDArray[np.bool_]]:
    """Return the columns of `results.contacts.contacts_of`, in one pass: as many over arrays would cost three times."""
    numbers = np.empty((len(_NUMBERS), len(folded)), dtype=np.int64)
    seconds = np.empty((len(_SECONDS), len(folded)))
    flags = np.empty((len(_FLAGS), len(folded)), dtype=np.bool_)
    _fill_columns(times, facts, folded, intent, gave_up, numbers, seconds, flags)
    return numbers, seconds, flags


@jit_uncounted
def _fill_columns(
    times: Whole,
    facts: Small,
    folded: Whole,
    intent: Whole,
    gave_up: npt.NDArray[np.bool_],
    numbers: Whole,
    seconds: Values,
    flags: npt.NDArray[np.bool_],
) -> None:
    for row in range(len(folded)):
        first, queued = folded[row, FIRST], folded[row, QUEUED]
        end, answered_us, ended_us = facts[queued, LEG_END], times[queued, ANSWERED], times[queued, ENDED]
        answered, unfinished = answered_us > UNANSWERED, folded[row, UNFINISHED] > 0
        person = folded[row, SERVED] > 0 or unfinished
        came, reached = end != CLOSED or answered, answered or person
        numbers[0, row], numbers[2, row] = facts[first, CHANNEL], facts[queued, TEAM]
        numbers[1, row] = intent[facts[first, NUMBER]]
        seconds[0, row] = times[first, ARRIVED] / 1e6
        seconds[1:, row] = np.nan
        if answered or ended_us >= 0:
            seconds[1, row] = ((answered_us if answered else ended_us) - times[queued, ARRIVED]) / 1e6
        if person and not unfinished:
            talk_us = folded[row, TALK]
            seconds[2, row] = talk_us / 1e6
            seconds[3, row] = (talk_us + folded[row, ASIDE] + folded[row, WRAPPED]) / 1e6
        flags[0, row] = answered or (end != CLOSED and end != CENSORED)
        flags[1, row], flags[2, row], flags[3, row] = answered, gave_up[end], end == BLOCKED
        flags[4, row], flags[5, row] = came, reached
        flags[6, row] = came and not reached and not gave_up[end]
        flags[7, row] = came and not answered and end == CENSORED
        flags[8, row], flags[9, row] = folded[row, PASSED] > 0, folded[row, FOUND] > 0
        flags[10, row], flags[11, row] = _is_page(times, facts, first), person


def worked_folded(happened: Happened, floor: Floor, from_s: float, paid_s: Values, several_at_once: bool) -> WorkedTime:
    """Sum up what teams did in one replication.

    Args:
        happened: what the loop gave.
        floor: the scenario as the loop reads it.
        from_s: the scenario second from which on it counts.
        paid_s: for how long each team is paid from then on.
        several_at_once: whether some agents have several contacts at once.
    """
    from_us, teams = round(from_s * 1e6), len(floor.teams)
    busy, contacts = _busy(happened.times_us, happened.facts, happened.notes, teams, from_us, floor.horizon_us)
    duties = happened.duties
    there = np.maximum(duties[:, 2] - np.maximum(duties[:, 1], from_us), 0)
    on_duty = np.bincount(floor.seat_team[duties[:, 0]], weights=there, minlength=teams)
    handled_s = busy / 1e6
    busy_s = handled_s
    if several_at_once:
        team, seat = happened.facts[:, TEAM], happened.facts[:, SEAT]
        served = np.flatnonzero(seat >= 0)
        begins_us, ends_us = _spells(happened.times_us, happened.notes, served, floor.horizon_us)
        begins_us = np.maximum(begins_us, from_us)
        busy_s = any_at_once(team[served], seat[served], begins_us / 1e6, ends_us / 1e6, teams)
    return WorkedTime(busy_s, handled_s, on_duty / 1e6, paid_s, contacts)


def waits_folded(happened: Happened, from_s: float) -> Waits:
    """Return all waits of one replication; queues are looked at from a scenario second on."""
    times, facts = happened.times_us, happened.facts
    answered_us, ended_us = times[:, ANSWERED], times[:, ENDED]
    ends_us = np.where(answered_us > UNANSWERED, answered_us, ended_us)
    going_on = (answered_us == UNANSWERED) & (ended_us < 0)
    ends_s = np.where(going_on, np.inf, ends_us / 1e6)
    own = facts[:, LEG_END] != _code(CALLED_BACK)  # who is called back waits on as a leg that began when this did
    return Waits(facts[own, CHANNEL].astype(np.int64), times[own, ARRIVED] / 1e6, ends_s[own], from_s)


def _busy(times: Whole, facts: Small, notes: Whole, teams: int, from_us: int, until_us: int) -> tuple[Whole, Whole]:
    """Return by team: microseconds with contacts and in the work after, and how many contacts agents had."""
    busy, contacts = np.zeros(teams, dtype=np.int64), np.zeros(teams, dtype=np.int64)
    _add_busy(times, facts, notes, from_us, until_us, busy, contacts)
    return busy, contacts


@jit_uncounted
def _add_busy(
    times: Whole, facts: Small, notes: Whole, from_us: int, until_us: int, busy: Whole, contacts: Whole
) -> None:
    for row in range(len(facts)):
        if facts[row, SEAT] < 0:
            continue
        contacts[facts[row, TEAM]] += 1
        begins, ends = _spell(times, notes, row, until_us)
        busy[facts[row, TEAM]] += max(ends - max(begins, from_us), 0)


@jit
def _spell(times: Whole, notes: Whole, row: int, until_us: int) -> tuple[int, int]:
    """Return from when to when an agent had a leg, with the work after; of nobody who answers, as the log has it."""
    begins, ends, after = times[row, ANSWERED], times[row, ENDED], max(times[row, WRAP], 0)
    if begins == UNANSWERED:  # the customer is gone: as much of it as the log will tell
        begins = ends = notes[row, TAKEN]
    elif ends < 0:
        return begins, until_us
    return begins, min(ends + after, until_us) if after > 0 else ends


@jit
def _spells(times: Whole, notes: Whole, rows: Whole, until_us: int) -> tuple[Whole, Whole]:
    begins, ends = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    for place in range(len(rows)):
        begins[place], ends[place] = _spell(times, notes, rows[place], until_us)
    return begins, ends


@jit
def _is_page(times: Whole, facts: Small, row: int) -> bool:
    found: bool = facts[row, SEAT] < 0 and times[row, ANSWERED] > UNANSWERED and times[row, ENDED] >= 0
    return found


def _fold(times: Whole, facts: Small, notes: Whole) -> tuple[Whole, Whole]:
    """Return a row per contact: its first leg, talk and wrap-up in microseconds, counts of legs by how they went.

    And the leg of its queue: the first that is no visit to a page. Talk of colleagues who were asked in stands aside:
    the customer was there all the while. And the contact of each leg.
    """
    contact_of = np.full(len(facts), -1, dtype=np.int64)
    folded = np.zeros((int(np.count_nonzero(facts[:, LEG] == 0)), _FOLDED), dtype=np.int64)
    _fold_into(times, facts, notes, contact_of, folded)
    return folded, contact_of


@jit_uncounted
def _fold_into(times: Whole, facts: Small, notes: Whole, contact_of: Whole, folded: Whole) -> None:
    contacts = 0
    for row in range(len(facts)):
        answered = times[row, ANSWERED] > UNANSWERED
        page = _is_page(times, facts, row)
        aside = len(notes) > 0 and notes[row, ROLE] >= 0
        if facts[row, LEG] == 0:
            contact = contacts
            contacts += 1
            folded[contact, FIRST] = folded[contact, QUEUED] = row
        else:
            contact = contact_of[facts[row, LAST]]
            before = folded[contact, QUEUED]
            if not page and not aside and _is_page(times, facts, before):
                folded[contact, QUEUED] = row
        contact_of[row] = contact
        if (facts[row, LEG_END] == TRANSFERRED or facts[row, LEG_END] == ESCALATED) and not page:
            folded[contact, PASSED] += 1
        elif facts[row, LEG_END] == CONTAINED:
            folded[contact, FOUND] += 1
        if answered and times[row, ENDED] < 0:
            folded[contact, UNFINISHED] += 1
        if facts[row, SEAT] >= 0 and answered and times[row, ENDED] >= 0:
            folded[contact, SERVED] += 1
            laid_us = max(notes[row, ASIDE_US], 0) if len(notes) else 0
            folded[contact, ASIDE if aside else TALK] += times[row, ENDED] - times[row, ANSWERED] - laid_us
        if facts[row, SEAT] >= 0 and times[row, ENDED] >= 0 and times[row, WRAP] > 0:
            folded[contact, WRAPPED] += times[row, WRAP]


def _fold_legs(times: Whole, facts: Small, notes: Whole, contact_of: Whole, contacts: int, goes_on: int) -> Whole:
    """Return a row per contact: queues, waits in microseconds, legs that wait still, stories told, ends as bits.

    A leg that ends as `goes_on` has a later one that began when it did.
    """
    folded = np.zeros((contacts, _OF_LEGS), dtype=np.int64)
    _fold_legs_into(times, facts, notes, contact_of, goes_on, folded)
    return folded


@jit_uncounted
def _fold_legs_into(times: Whole, facts: Small, notes: Whole, contact_of: Whole, goes_on: int, folded: Whole) -> None:
    for row in range(len(facts)):
        contact, end = contact_of[row], facts[row, LEG_END]
        answered = times[row, ANSWERED] > UNANSWERED
        page = _is_page(times, facts, row)
        aside = len(notes) > 0 and notes[row, ROLE] >= 0
        own = not page and not aside
        if own and end != goes_on:
            folded[contact, LEGS] += 1
        if aside:
            pass  # whoever waits there is not the customer
        elif answered:
            folded[contact, WAITS] += times[row, ANSWERED] - times[row, ARRIVED]
        elif times[row, ENDED] < 0:
            folded[contact, WAITING] += 1
        elif end != goes_on:
            folded[contact, WAITS] += times[row, ENDED] - times[row, ARRIVED]
        if own and answered and facts[row, HISTORY] != 1:
            folded[contact, TELLINGS] += 1
        folded[contact, ENDED_AS] |= np.int64(1) << end
