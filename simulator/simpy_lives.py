"""What the SimPy engine knows of customers: who has which cases, what they lived through, whether they have left.

Each case is folded into the ledger, leg by leg, when another case of its customer begins, and once all is over.
Refuses to know queues, and what the compiled engine does in its stead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.churn import ChurnModel
from scenarios.churn_law import churn_law
from scenarios.conduct import behave, chances_of
from scenarios.draws import visit
from scenarios.expectations import Expectations
from scenarios.experience import TERMS
from scenarios.leaving import leaves_us, share_after, spread_us
from scenarios.ledger import (
    COMPLAINTS,
    CUT_OFF,
    ENDS,
    OTHER_END,
    SETTLED,
    UNKNOWN,
    UNSETTLED,
    new_rows,
    promised,
    step,
)
from scenarios.scenario import Scenario
from scenarios.units import NEVER_US
from simulator.simpy_floor import Luck
from simulator.simpy_log import Leg

Rows = npt.NDArray[np.int64]


class Customers:
    """The customers of one replication; told of each leg that begins, and of each contact that is to come."""

    def __init__(
        self, scenario: Scenario, plan: pd.DataFrame, luck: Luck, model: ChurnModel | None, until_us: int
    ) -> None:
        self._luck, self._model, self._until_us = luck, model, until_us
        self._law = None if model is None else churn_law(model)
        self._ids: list[str] = plan["customer_id"].tolist()
        self._entities: list[int] = plan["entity"].tolist()
        self._intents: list[str] = plan["intent"].tolist()
        self._conduct = chances_of(team.conduct for team in scenario.teams.values())
        self._teams = {name: number for number, name in enumerate(scenario.teams)}
        self._channels = {channel: number for number, channel in enumerate(scenario.channels)}
        self._complaints = scenario.customers.complaints if scenario.customers else []
        self._expectations = Expectations(scenario.expectations, luck.seed)
        self._legs: defaultdict[int, list[Leg]] = defaultdict(list)
        self._again_us: dict[int, int] = {}
        self._others: dict[int, Sequence[int]] = {}
        if model is not None and plan["customer_id"].duplicated().any():
            cases = pd.Series(range(len(plan))).groupby(self._ids).agg(list)
            self._others = {number: some for some in cases if len(some) > 1 for number in some}

    def begins(self, leg: Leg) -> None:
        """Note a leg that begins."""
        if leg.number in self._others:
            self._legs[leg.number].append(leg)

    def comes_again(self, number: int, at_us: int) -> None:
        """Note when the next contact of a case is to come."""
        self._again_us[number] = at_us

    def has_left(self, number: int, now_us: int) -> bool:
        """Say whether the customer of a case that begins now has left after another of theirs."""
        others = [other for other in self._others.get(number, ()) if other != number and self._legs[other]]
        return any(self._left_us(other, now_us) < now_us for other in others)

    def _left_us(self, number: int, now_us: int) -> int:
        assert self._model is not None
        assert self._law is not None
        legs = self._legs[number]
        row = self._row(number)
        over_us = self._live(row, legs, number)
        if over_us >= now_us or self._to_come(number, now_us, legs):
            return NEVER_US
        share = share_after(self._law, row, np.zeros(len(TERMS)))
        luck, spread = self._luck, spread_us(self._model)
        return int(leaves_us(self._law.form, share, spread, over_us, luck.seed, luck.plan, self._entities[number]))

    def _to_come(self, number: int, now_us: int, legs: Sequence[Leg]) -> bool:
        """Say whether another contact of a case is to come; nobody asks for a promise that has been kept by then."""
        again_us = self._again_us.get(number, -1)
        kept_us = [
            leg.promise_kept_us
            for leg in legs
            if leg.attempt == legs[-1].attempt and leg.promise_due_us is not None and leg.promise_kept_us is not None
        ]
        return again_us >= now_us and not any(kept <= again_us for kept in kept_us)

    def lived(self, rows: Sequence[Leg]) -> tuple[Rows, Rows, Rows, Rows]:
        """Return, by case that came: its number, its row of the ledger, how many contacts, when it was over."""
        cases: dict[int, list[Leg]] = {}
        for leg in rows:
            cases.setdefault(leg.number, []).append(leg)
        numbers = sorted(cases)
        ledger, over_us = new_rows(len(numbers)), []
        for at, number in enumerate(numbers):
            ledger[at] = self._row(number)
            over_us.append(self._live(ledger[at], cases[number], number))
        contacts = [sum(leg.leg == 0 for leg in cases[number]) for number in numbers]
        return np.array(numbers, dtype=np.int64), ledger, np.array(contacts), np.array(over_us, dtype=np.int64)

    def _row(self, number: int) -> Any:
        row = new_rows(1)[0]
        row[COMPLAINTS] = self._intents[number] in self._complaints
        return row

    def _live(self, row: Any, legs: Sequence[Leg], number: int) -> int:
        """Fold a case into its row; returns when it was over, NEVER_US where it is not."""
        over_us, last = 0, {leg.attempt: leg.leg for leg in sorted(legs, key=lambda leg: leg.leg) if leg.role is None}
        for leg in sorted(legs, key=lambda leg: (_ended_us(leg), leg.attempt, leg.leg)):
            tolerated_us = self._expectations.tolerated_us(self._ids[number], leg.channel, self._luck.plan)
            page = leg.answered_us is not None and leg.ended_us is not None and not leg.served
            end = ENDS.get(leg.leg_end, OTHER_END)
            known = leg.outcome != "censored" and last.get(leg.attempt) == leg.leg and leg.role is None
            outcome = (SETTLED if leg.outcome == "resolved" else UNSETTLED) if known else UNKNOWN
            if leg.role is not None and leg.outcome == "resolved":
                outcome = SETTLED  # what was promised has been done
            by_person = leg.answered_us is not None and leg.role is None and not page
            attempt = leg.attempt if leg.role is None else 0
            step(
                row, self._channels[leg.channel], attempt, self._waited_us(leg), tolerated_us, by_person,
                leg.history is True, OTHER_END if page and end != CUT_OFF else end, outcome,
            )  # fmt: skip
            if len(self._conduct) and by_person and leg.ended_us is not None:
                assert leg.team is not None
                luck, entity, word = self._luck, self._entities[number], visit(0, leg.attempt, leg.leg)
                behave(row, self._conduct, self._teams[leg.team], end, luck.seed, luck.desk, entity, word)
            ends_us = _ended_us(leg) if leg.outcome != "censored" else NEVER_US
            if leg.promise_due_us is not None:
                kept_us = leg.promise_kept_us
                kept_us = -1 if kept_us is None or kept_us > self._until_us else kept_us
                promised(row, leg.promise_due_us, kept_us, self._until_us)
                ends_us = max(ends_us, kept_us if kept_us >= 0 else leg.promise_due_us)
            over_us = max(over_us, ends_us if ends_us <= self._until_us else NEVER_US)
        return over_us

    def _waited_us(self, leg: Leg) -> int:
        if leg.role is not None or leg.leg_end == "callback":
            return 0
        until_us = leg.answered_us if leg.answered_us is not None else leg.ended_us
        return (self._until_us if until_us is None else until_us) - leg.arrived_us


def _ended_us(leg: Leg) -> int:
    return NEVER_US if leg.ended_us is None else leg.ended_us
