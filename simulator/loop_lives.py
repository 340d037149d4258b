"""What the compiled loop knows of customers: who has which cases, what they have lived through, whether they have left.

A case is folded into the ledger when another case of its customer begins, and once all is over; both by the same
function, so that who is found to have left is who has. Refuses to know queues.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.churn import ChurnModel
from scenarios.churn_law import ChurnLaw, churn_law
from scenarios.conduct import NO_CONDUCT, Chances, behave, chances_of
from scenarios.draws import Purpose, uniform, visit
from scenarios.expectations import expected_laws
from scenarios.jit import jit, jit_uncounted
from scenarios.laws import Laws, LawTable, numbered_us
from scenarios.leaving import leaves_us, share_after, spread_us
from scenarios.ledger import (
    COMPLAINTS,
    CUT_OFF,
    OTHER_END,
    SETTLED,
    TRANSFERRED,
    UNKNOWN,
    UNSETTLED,
    new_rows,
    promised,
    step,
)
from scenarios.plan import DrawnPlan
from scenarios.reading import LoadedScenario
from scenarios.units import NEVER_US
from simulator import loop_legs as of
from simulator.floor_arrays import Whole
from simulator.loop_arrivals import Arrivals
from simulator.loop_legs import Happened, Small
from simulator.loop_memory import Memory

Entities = npt.NDArray[np.uint64]

_TOLERANCE = int(Purpose.TOLERANCE)
_ANSWERED, _ARRIVED, _ENDED, _UNANSWERED = of.ANSWERED, of.ARRIVED, of.ENDED, of.UNANSWERED
_ATTEMPT, _LEG, _LEG_END, _OUTCOME, _NUMBER = of.ATTEMPT, of.LEG, of.LEG_END, of.OUTCOME, of.NUMBER
_CHANNEL, _TEAM, _SEAT, _HISTORY = of.CHANNEL, of.TEAM, of.SEAT, of.HISTORY
_ROLE, _TAKEN, _DUE, _KEPT = of.ROLE, of.TAKEN, of.DUE, of.KEPT
_CENSORED, _RESOLVED, _CALLBACK = of.CENSORED, of.RESOLVED, of.CALLBACK
_PASSED, _ESCALATED, _LINE_CUT = of.TRANSFERRED, of.ESCALATED, of.CUT_OFF


class Beliefs(NamedTuple):
    """What a scenario says of its customers, as arrays."""

    law: ChurnLaw
    spread: int
    tolerance: Whole
    """By channel: the number of a law, or -1."""
    laws: LawTable
    complaint: Whole
    """By intent: 1 where a case is a complaint."""
    conduct: Chances
    """By team: how its people treat customers; empty where nothing of it ever happens."""

    @property
    def leaves(self) -> bool:
        """Whether anything makes customers leave."""
        return len(self.law.values) > 0


class Lives(NamedTuple):
    """Whose the cases of a plan are; `first` and `end` are empty where nobody's leaving can keep a case from coming."""

    first: Whole
    end: Whole
    """By number of a case: the first of its customer's, and one more than the last."""
    customer: Entities
    """By number: what keys the customer's luck."""


_NONE = np.empty(0, dtype=np.int64)

NOBODY_LEAVES = Lives(_NONE, _NONE, _NONE.astype(np.uint64))

NO_LAW = ChurnLaw(0, -np.inf, np.zeros(0), np.zeros(0), np.zeros((0, 0), dtype=np.bool_), np.zeros(1))

NOTHING_BELIEVED = Beliefs(NO_LAW, 0, _NONE, Laws().table(), _NONE, NO_CONDUCT)
"""Of a scenario that says nothing of its customers."""


def beliefs_of(loaded: LoadedScenario, model: ChurnModel | None) -> Beliefs:
    """Flatten what a scenario says of customers."""
    scenario = loaded.scenario
    laws, expected = Laws(), expected_laws(scenario.expectations)
    tolerance = [laws.number(expected.get(channel)) for channel in scenario.channels]
    complaints = scenario.customers.complaints if scenario.customers else []
    return Beliefs(
        NO_LAW if model is None else churn_law(model),
        spread_us(model) if model else 0,
        np.array(tolerance, dtype=np.int64),
        laws.table(),
        np.array([intent in complaints for intent in scenario.intents], dtype=np.int64),
        chances_of(team.conduct for team in scenario.teams.values()),
    )


def lives_of(plan: DrawnPlan) -> Lives:
    """Return whose the cases of a plan are."""
    entities = plan.customer_entities()
    if plan.member is None or not len(entities):
        return Lives(_NONE, _NONE, entities)
    begins = np.flatnonzero(np.r_[True, (plan.member[1:] != plan.member[:-1]) | (plan.member[1:] < 0)])
    cases = np.diff(np.r_[begins, len(entities)])
    return Lives(np.repeat(begins, cases), np.repeat(begins + cases, cases), entities)


@jit_uncounted
def _is_next(times: Whole, facts: Small, row: int, best: int, after: int) -> bool:
    """Say whether a leg stands between two others, in the order of end, attempt and leg; those still going on last."""
    end = times[row, _ENDED] if times[row, _ENDED] >= 0 else NEVER_US
    key = (end, facts[row, _ATTEMPT], facts[row, _LEG])
    if after >= 0:
        end = times[after, _ENDED] if times[after, _ENDED] >= 0 else NEVER_US
        if key <= (end, facts[after, _ATTEMPT], facts[after, _LEG]):
            return False
    if best < 0:
        return True
    end = times[best, _ENDED] if times[best, _ENDED] >= 0 else NEVER_US
    return key < (end, facts[best, _ATTEMPT], facts[best, _LEG])


@jit_uncounted
def _note(noted: bool, notes: Whole, row: int, column: int) -> int:
    """Return what only some scenarios note of a leg; -1 in the others."""
    return notes[row, column] if noted else -1


@jit_uncounted
def _outcome(facts: Small, notes: Whole, noted: bool, before: Whole, latest: int, row: int) -> int:
    """Return what came of a contact, told with the last of its legs; of work for it, that it settled it."""
    resolved = facts[row, _OUTCOME] == _RESOLVED
    if _note(noted, notes, row, _ROLE) >= 0:
        return SETTLED if resolved else UNKNOWN
    other = latest
    while other >= 0:
        same = facts[other, _ATTEMPT] == facts[row, _ATTEMPT] and _note(noted, notes, other, _ROLE) < 0
        if same and facts[other, _LEG] > facts[row, _LEG]:
            return UNKNOWN
        other = before[other]
    if facts[row, _OUTCOME] == _CENSORED:
        return UNKNOWN
    return SETTLED if resolved else UNSETTLED


@jit_uncounted
def _waited_us(times: Whole, facts: Small, row: int, own: bool, until_us: int) -> int:
    """Return for how long the customer waited in a leg; a wait for a call back goes on in the next."""
    if not own or facts[row, _LEG_END] == _CALLBACK:
        return 0
    if times[row, _ANSWERED] > _UNANSWERED:
        return times[row, _ANSWERED] - times[row, _ARRIVED]  # type: ignore[no-any-return]  # an int to Numba
    ended_us = times[row, _ENDED]
    return (ended_us if ended_us >= 0 else until_us) - times[row, _ARRIVED]  # type: ignore[no-any-return]


@jit_uncounted
def _take(
    ledger: Whole,
    row: int,
    outcome: int,
    times: Whole,
    facts: Small,
    own: bool,
    alone: bool,
    wait_us: int,
    tolerated_us: int,
    conduct: Chances,
    seed: int,
    desk: int,
    entity: int,
) -> None:
    """Tell the ledger of one leg, and how its customer was treated; `alone`: an agent waited for one not there."""
    end, answered = facts[row, _LEG_END], times[row, _ANSWERED] > _UNANSWERED
    page = answered and times[row, _ENDED] >= 0 and (facts[row, _SEAT] < 0 or alone)
    kind = OTHER_END
    if end == _LINE_CUT:
        kind = CUT_OFF
    elif end in (_PASSED, _ESCALATED) and not page:
        kind = TRANSFERRED
    attempt, by_person = facts[row, _ATTEMPT] if own else 0, answered and own and not page
    step(
        ledger, facts[row, _CHANNEL], attempt, wait_us, tolerated_us, by_person, facts[row, _HISTORY] == 1, kind,
        outcome,
    )  # fmt: skip
    if len(conduct) > 0 and by_person and times[row, _ENDED] >= 0:
        word = visit(0, facts[row, _ATTEMPT], facts[row, _LEG])
        behave(ledger, conduct, facts[row, _TEAM], kind, seed, desk, entity, word)


@jit_uncounted
def live_case(
    ledger: Whole,
    latest: int,
    before: Whole,
    times: Whole,
    facts: Small,
    notes: Whole,
    tolerance: Whole,
    laws: LawTable,
    conduct: Chances,
    seed: int,
    plan: int,
    desk: int,
    customer: int,
    entity: int,
    until_us: int,
) -> int:
    """Fold the legs of a case into its row of the ledger; returns when it was over, NEVER_US where it is not.

    Args:
        ledger: the row, new.
        latest: the last leg of the case that has begun; `before` tells the one before each, -1 none.
        before: see `latest`.
        times: as the loop keeps them, and so facts and notes.
        facts: see `times`.
        notes: empty where none are kept.
        tolerance: by channel, the law of the wait that is found right, or -1.
        laws: those laws.
        conduct: by team, how its people treat customers.
        seed: of the run.
        plan: replication whose luck customers have.
        desk: replication whose luck the desk has.
        customer: whose luck decides what wait they find right.
        entity: of the case: its luck decides how they are treated.
        until_us: when the run ends.
    """
    noted = len(notes) > 0
    over_us, after, only = 0, -1, before[latest] < 0
    while True:
        best, row = -1, latest
        while row >= 0:
            if _is_next(times, facts, row, best, after):
                best = row
            row = before[row]
        if best < 0:
            break
        after = best
        own, law, tolerated_us = _note(noted, notes, best, _ROLE) < 0, tolerance[facts[best, _CHANNEL]], -1
        wait_us = _waited_us(times, facts, best, own, until_us)
        if law >= 0 and wait_us > 0:
            u = uniform(seed, plan, customer, 0, _TOLERANCE, 0)
            tolerated_us = numbered_us(laws.kind, laws.a, laws.b, laws.at, laws.shares, laws.times, law, u)
        outcome = _outcome(facts, notes, noted, before, latest, best)
        alone = _note(noted, notes, best, _TAKEN) >= 0
        _take(
            ledger, best, outcome, times, facts, own, alone, wait_us, tolerated_us, conduct, seed, desk, entity,
        )  # fmt: skip
        ended_us, due_us, kept_us = times[best, _ENDED], _note(noted, notes, best, _DUE), -1
        if ended_us < 0 or facts[best, _OUTCOME] == _CENSORED:
            over_us = NEVER_US
        if due_us >= 0:
            kept_us = notes[best, _KEPT]
            kept_us = kept_us if kept_us <= until_us else -1
            promised(ledger, due_us, kept_us, until_us)
            ended_us = max(ended_us, kept_us if kept_us >= 0 else due_us)
        over_us = max(over_us, ended_us if ended_us <= until_us else NEVER_US)
        if only:  # most cases have one leg: nobody need look for another
            break
    return over_us


@jit_uncounted
def _comes_again(
    case: int, now: int, latest: Whole, before: Whole, again_us: Whole, facts: Small, notes: Whole
) -> bool:
    """Say whether another contact of a case is to come; nobody asks for a promise that has been kept by then."""
    if again_us[case] < now:
        return False
    row = latest[case]
    while row >= 0 and len(notes) > 0:
        last = facts[row, _ATTEMPT] == facts[latest[case], _ATTEMPT]
        if last and notes[row, _DUE] >= 0 and 0 <= notes[row, _KEPT] <= again_us[case]:
            return False
        row = before[row]
    return True


@jit
def has_left(
    number: int,
    now: int,
    arrivals: Arrivals,
    lives: Lives,
    beliefs: Beliefs,
    memory: Memory,
    seed: int,
    plan: int,
    desk: int,
    until_us: int,
) -> bool:
    """Say whether the customer of a case that begins now has left after another of theirs."""
    cases = memory.cases
    latest, ledger = cases.latest, cases.ledger
    for other in range(lives.first[number], lives.end[number]):
        if other == number or latest[other] < 0:
            continue
        if _comes_again(other, now, latest, cases.before, cases.again_us, memory.facts, memory.notes):
            continue
        ledger[:] = 0
        ledger[COMPLAINTS] = beliefs.complaint[arrivals.intent[other]]
        entity = arrivals.entity[other]
        over_us = live_case(
            ledger, latest[other], cases.before, memory.times, memory.facts, memory.notes, beliefs.tolerance,
            beliefs.laws, beliefs.conduct, seed, plan, desk, lives.customer[other], entity, until_us,
        )  # fmt: skip
        if over_us >= now:
            continue
        share = share_after(beliefs.law, ledger, cases.counts)
        if leaves_us(beliefs.law.form, share, beliefs.spread, over_us, seed, plan, entity) < now:
            return True
    return False


class Lived(NamedTuple):
    """What the customers of a replication have lived through, a row for each case that came, by number."""

    number: Whole
    rows: Whole
    """Of the ledger."""
    contacts: Whole
    over_us: Whole
    """When it was over; NEVER_US where it is not."""


def lived_of(
    happened: Happened,
    lives: Lives,
    beliefs: Beliefs,
    intent: Whole,
    entity: Entities,
    seed: int,
    plan: int,
    desk: int,
    until_us: int,
) -> Lived:
    """Fold all cases of a replication into the ledger; `intent` and `entity` of cases by number."""
    latest, contacts = np.full(len(intent), -1), np.zeros(len(intent), dtype=np.int64)
    before = np.empty(len(happened.facts), dtype=np.int64)
    _chain(happened.facts, latest, before, contacts)
    number = np.flatnonzero(latest >= 0)
    rows = new_rows(len(number))
    if beliefs.complaint.any():
        rows[:, COMPLAINTS] = beliefs.complaint[intent[number]]
    over_us = np.empty(len(number), dtype=np.int64)
    _lived(
        over_us, rows, number, latest, before, happened.times_us, happened.facts, happened.notes, beliefs.tolerance,
        beliefs.laws, beliefs.conduct, seed, plan, desk, lives.customer, entity, until_us,
    )  # fmt: skip
    return Lived(number, rows, contacts[number], over_us)


@jit_uncounted
def _chain(facts: Small, latest: Whole, before: Whole, contacts: Whole) -> None:
    """Find the last leg of each case, the leg before each in its case, and how many contacts each has."""
    for row in range(len(facts)):
        number = facts[row, _NUMBER]
        before[row], latest[number] = latest[number], row
        contacts[number] += facts[row, _LEG] == 0


@jit_uncounted
def _lived(
    over_us: Whole,
    rows: Whole,
    numbers: Whole,
    latest: Whole,
    before: Whole,
    times: Whole,
    facts: Small,
    notes: Whole,
    tolerance: Whole,
    laws: LawTable,
    conduct: Chances,
    seed: int,
    plan: int,
    desk: int,
    customer: Entities,
    entity: Entities,
    until_us: int,
) -> None:
    for at in range(len(numbers)):
        number = numbers[at]
        over_us[at] = live_case(
            rows[at], latest[number], before, times, facts, notes, tolerance, laws, conduct, seed, plan, desk,
            customer[number], entity[number], until_us,
        )  # fmt: skip
