"""What seats are for: the scenario's goals, and guards for those whom a goal does not weigh but who wait all the same.

Only teams that take contacts a goal weighs are staffed; all others keep today's roster, as nothing says how few of them
are too few. A staffed team to which contacts are passed on has a queue of its own that goals on first waits do not
weigh: it gets a *guard*, the mean wait in that queue no longer than with today's roster on the same luck (or than
`GUARD_S`, where today's is shorter). A goal with `team:` takes its place. An aim gives each contact a *gain*, above 0
where it helps to reach the bound, so that the mean gain is 0 where the goal is just kept. Refuses goals on how busy
agents are and on queues over time: more people do not always help these.

>>> from scenarios.reading import HERE, load_scenario
>>> quiet = load_scenario(HERE / "quiet_tuesday.yaml")
>>> [aim.name for aim in aims_of(quiet, staffed_teams(quiet, ()))][:1]
['Chat: answered within 60 s, at least 80 %']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.contacts import Contacts
from results.metrics import metric_of, values_of
from results.staffing_words import goal_words
from results.words import unit_of
from scenarios.faults import one_of
from scenarios.metric_names import METRIC_NAMES
from scenarios.reading import LoadedScenario
from scenarios.scenario import ANYONE, Goal

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GUARD_S = 10.0
"""A queue of those passed on may always be as short as this: where today nobody waits at all, that is no promise."""

DEVIATION = 1e-9


class StaffingError(ValueError):
    """A scenario cannot be staffed as asked; the message says why, and what would be right."""


@dataclass(frozen=True)
class Aim:
    """A goal, or a guard of a team's own queue where `goal` is None."""

    name: str
    goal: Goal | None
    team: str | None
    """Whose queue is guarded."""

    @property
    def on_days(self) -> float | None:
        """Of how many days it must be kept; None where the mean over replications is judged."""
        return self.goal.on_days if self.goal else None

    @property
    def unit(self) -> str:
        """Of the metric: `s`, `share` or `count`."""
        return unit_of(self.goal.metric) if self.goal else "s"

    @property
    def gain_unit(self) -> str:
        """Of a gain: the metric's, but of a percentile the share of contacts within its bound."""
        return "share" if self.goal and METRIC_NAMES[self.goal.metric].percentile is not None else self.unit

    def chosen(self, contacts: Contacts, channels: Sequence[str], teams: Sequence[str]) -> Flags:
        """Return which contacts the goal weighs, of all who came."""
        assert self.goal is not None
        chosen = np.ones(len(contacts["channel"]), dtype=np.bool_)
        if self.goal.channel is not None:
            chosen &= np.asarray(contacts["channel"]) == channels.index(self.goal.channel)
        if self.goal.team is not None:
            chosen &= np.asarray(contacts["team"]) == teams.index(self.goal.team)
        return chosen

    def values(self, contacts: Contacts) -> Values:
        """Return the goal's metric of each contact; NaN where it does not concern it."""
        assert self.goal is not None
        return values_of(contacts, self.goal.metric, self.goal.within_s)

    def gains(self, values: Values) -> Values:
        """Return by how much each value helps to keep the bound; their mean is 0 or more where it is kept."""
        assert self.goal is not None
        percentile = METRIC_NAMES[self.goal.metric].percentile
        if percentile is not None and self.goal.at_most is not None:
            return np.asarray((values <= self.goal.at_most + DEVIATION) - percentile.percent / 100, dtype=np.float64)
        if percentile is not None:
            late = values < (self.goal.at_least or 0.0) - DEVIATION
            return np.asarray(percentile.percent / 100 - late, dtype=np.float64)
        return self._beyond(values)

    def slack(self, values: Values) -> float:
        """Return by how much the metric of some contacts is better than its bound, in the metric's unit."""
        assert self.goal is not None
        return float(self._beyond(np.float64(metric_of(values, self.goal.metric))))

    def value(self, slack: float) -> float:
        """Return the metric's value from its slack."""
        assert self.goal is not None
        return slack + self.goal.at_least if self.goal.at_least is not None else (self.goal.at_most or 0.0) - slack

    def _beyond(self, values: Values | np.float64) -> Values:
        assert self.goal is not None
        if self.goal.at_least is not None:
            return np.asarray(values - self.goal.at_least)
        return np.asarray((self.goal.at_most or 0.0) - values)


def staffed_teams(loaded: LoadedScenario, asked: Sequence[str], money: bool = False) -> tuple[str, ...]:
    """Return the teams whose seats are sought: those asked for, or all that take contacts which a goal weighs.

    Args:
        loaded: the scenario.
        asked: names of teams; none: as said.
        money: costs are what counts, so that all teams of people are weighed.

    Raises:
        StaffingError: a name is no team of people, or no goal weighs any team.
    """
    scenario = loaded.scenario
    people = [name for name, team in scenario.teams.items() if not team.self_service]
    wrong = [name for name in asked if name not in people]
    if wrong:
        raise StaffingError(f"--teams {wrong[0]}; expected teams with people, {one_of(people, wrong[0])}")
    if asked:
        return tuple(name for name in people if name in asked)
    if money:
        _hours_have_prices(loaded, people)
        return tuple(people)
    if not scenario.goals:
        raise StaffingError(
            f"{loaded.path} has no goals: say under `goals:` what is to be reached, or ask for --objective money"
        )
    weighed = {name for goal in scenario.goals for name in _weighed(loaded, goal)}
    found = tuple(name for name in people if name in weighed)
    if not found:
        raise StaffingError(f"no team with people takes what the goals of {loaded.path} weigh")
    return found


def hour_price(loaded: LoadedScenario, team: str) -> float | None:
    """Return what a paid hour of a team costs; None where the scenario does not say."""
    told = loaded.scenario.costs.paid_hour if loaded.scenario.costs else {}
    return told.get(team, told.get("default"))


def _hours_have_prices(loaded: LoadedScenario, teams: Sequence[str]) -> None:
    """Refuse to weigh hours without a price against money.

    Raises:
        StaffingError: no price is told for a paid hour of some team.
    """
    untold = [name for name in teams if hour_price(loaded, name) is None]
    if untold:
        raise StaffingError(
            f"--objective money weighs people's hours: {loaded.path} says no price of them for {untold[0]}; expected "
            "`costs.paid_hour` for each team of people, or for `default`"
        )


def _weighed(loaded: LoadedScenario, goal: Goal) -> set[str]:
    """Return the teams that are the first to take contacts which a goal weighs."""
    scenario = loaded.scenario
    if goal.team is not None:
        return {goal.team}
    channels = [goal.channel] if goal.channel else list(scenario.channels)
    return {
        name for channel in channels for intent in scenario.intents for name in scenario.who_answers(channel, intent)
    }


def aims_of(loaded: LoadedScenario, teams: Sequence[str], money: bool = False) -> tuple[Aim, ...]:
    """Return the goals of a scenario, and the guards of staffed teams to which contacts are passed on.

    Raises:
        StaffingError: a goal cannot be staffed for.
    """
    scenario = loaded.scenario
    if money:
        return ()
    for goal in scenario.goals:
        if goal.metric not in METRIC_NAMES:
            raise StaffingError(
                f"the goal on {goal.metric} cannot be staffed for: more people do not always better it. "
                "Staff for a metric of contacts, such as wait_s_mean or abandonment"
            )
    goals = [Aim(goal_words(goal), goal, None) for goal in scenario.goals]
    told = {goal.team for goal in scenario.goals if goal.team}
    behind = {transfer.to_team for transfer in scenario.transfers} - {ANYONE} - told
    behind |= {promise.by for promise in scenario.promises if promise.by is not None} - told
    guards = [
        Aim(f"Passed on to {name}: mean wait, no longer than today", None, name) for name in teams if name in behind
    ]
    return (*goals, *guards)
