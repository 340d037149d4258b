"""Playing a replication of several worlds for their figures alone: a row of numbers for each world, and nothing else.

Every world has the same luck: replication k of each draws from the same streams. Refuses to know which world is better.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.figures import Key
from results.leavers import shares_of_counts
from results.service_costs import WORK
from scenarios.churn import ChurnModel
from scenarios.ledger import COMPENSATIONS, terms_of
from scenarios.members import margins_taken
from scenarios.metric_directions import OWN_FIGURES
from scenarios.metric_names import TEAM_METRIC_NAMES
from scenarios.population_checks import DEFAULT
from scenarios.reading import LoadedScenario
from simulator.columns import Replicated
from simulator.fold import worked_folded
from simulator.loop_legs import ANSWERED, CHANNEL, CLOSED, LEG, LEG_END, ROLE, ROLES, TEAM, UNANSWERED
from simulator.simulate import Played, Work

Values = npt.NDArray[np.float64]

CAME = "answered_share"
"""The metric whose count is how many came."""


@dataclass(frozen=True, eq=False)
class WorldWork:
    """All that playing a replication of one world takes."""

    work: Work
    keys: tuple[Key, ...]
    """The figures wanted, in order; those of a channel or team that this world has not are not known here."""

    @classmethod
    def of(cls, loaded: LoadedScenario, seed: int, keys: Sequence[Key], churn: ChurnModel | None) -> WorldWork:
        """Return the work of a world."""
        contacts = [Key(CAME, None, key.channel, None) for key in keys if key.metric == "contacts"]
        own = [key for key in (*keys, *contacts) if key.metric not in OWN_FIGURES and _has(loaded, key)]
        own += [key for key in contacts if key not in own and _has(loaded, key)]
        from_s = loaded.profile.warm_up_s if loaded.profile else 0.0
        work = Work(loaded, seed, False, None, "compiled", tuple(dict.fromkeys(own)), from_s, False, churn)
        return cls(work, tuple(keys))

    @functools.cached_property
    def _places(self) -> dict[Key, int]:
        return {key: at for at, key in enumerate(self.work.keys)}

    def play(self, replication: int) -> Values:
        """Play a replication; returns the value of each key, NaN where nothing is known."""
        played = self.work.play(replication)
        lost = {"customers_lost", "margin_lost"} & {key.metric for key in self.keys}
        shares = self._shares(played) if lost else np.empty(0)
        assert isinstance(played.part, Replicated)
        paid = {"paid_hours", "cost_of_serving"} & {key.metric for key in self.keys}
        paid_h = self._paid_h(played.part) if paid else np.empty(0)
        return np.array([self._value(key, played, shares, paid_h, replication) for key in self.keys])

    def _value(self, key: Key, played: Played, shares: Values, paid_h: Values, replication: int) -> float:
        told = played.told
        if key.metric == "customers_lost":
            return float(shares.sum())
        if key.metric == "margin_lost":
            return float(shares @ self._margins(played, replication))
        if key.metric == "paid_hours":
            return float(paid_h.sum())
        if key.metric == "cost_of_serving":
            return self._cost(played, paid_h)
        if key.metric == "contacts":
            place = self._places.get(Key(CAME, None, key.channel, None))
            return float("nan") if place is None else float(told.counts[place])
        place = self._places.get(key)
        return float("nan") if place is None else float(told.values[place])

    def _shares(self, played: Played) -> Values:
        """Return for each case which share of customers leaves after one like it."""
        assert self.work.churn is not None
        assert played.lived is not None
        return shares_of_counts(self.work.churn, np.column_stack(list(terms_of(played.lived[2].rows).values())))

    def _margins(self, played: Played, replication: int) -> Values:
        """Return for each case what its customer takes away by leaving."""
        assert played.lived is not None
        _, plan, lived = played.lived
        population = self.work.loaded.scenario.customers
        assert population is not None
        entities = plan.customer_entities()[lived.number]
        return margins_taken(population, entities, self.work.seed, self.work.luck(replication).plan)

    def _paid_h(self, part: Replicated) -> Values:
        """Return by team the hours paid: as rostered, or longer where the last contact took longer."""
        worked = worked_folded(part.happened, self.work.floor, self.work.works_from_s, self.work.paid_s, False)
        return np.maximum(worked.paid_s, worked.on_duty_s) / 3600

    def _cost(self, played: Played, paid_h: Values) -> float:
        """Return what serving costs, of what is told: the total of `results.service_costs` of one replication."""
        assert isinstance(played.part, Replicated)
        costs, scenario = self.work.loaded.scenario.costs, self.work.loaded.scenario
        assert costs is not None
        times, facts, _, notes = played.part.happened
        came = facts[(facts[:, LEG] == 0) & (facts[:, LEG_END] != CLOSED), CHANNEL].astype(np.int64)
        total = 0.0
        for channel, number in zip(scenario.channels, np.bincount(came, minlength=len(scenario.channels)), strict=True):
            total += number * costs.contact.get(channel, 0.0)
        for team, hours in zip(scenario.teams, paid_h, strict=True):
            total += hours * costs.paid_hour.get(team, costs.paid_hour.get(DEFAULT, 0.0))
        if len(notes):
            begun = (notes[:, ROLE] == ROLES.index(WORK)) & (times[:, ANSWERED] > UNANSWERED)
            orders = np.bincount(facts[begun, TEAM].astype(np.int64), minlength=len(scenario.teams))
            for team, number in zip(scenario.teams, orders, strict=True):
                total += number * costs.work_order.get(team, 0.0)
        if played.lived is not None:
            total += float(played.lived[2].rows[:, COMPENSATIONS].sum()) * costs.compensation
        return total


def _has(loaded: LoadedScenario, key: Key) -> bool:
    """Say whether a world has the channel and the team that a figure is of."""
    scenario = loaded.scenario
    if key.metric in TEAM_METRIC_NAMES and (key.team not in scenario.teams or scenario.teams[key.team].self_service):
        return False
    return (key.channel is None or key.channel in scenario.channels) and (
        key.team is None or key.team in scenario.teams
    )


@dataclass(frozen=True, eq=False)
class Together:
    """Plays replications of several worlds; goes to other threads and machines as it is."""

    worlds: tuple[WorldWork, ...]

    def play_some(self, replications: Sequence[int]) -> list[Values]:
        """Play replications one after the other; returns of each a row per world."""
        return [self.play(replication) for replication in replications]

    def play(self, replication: int) -> Values:
        """Play a replication of every world."""
        return np.array([world.play(replication) for world in self.worlds])
