"""When to stop simulating: as soon as figures are known as well as somebody asked.

Half-widths are looked at after fixed numbers of replications, each twice the one before. Looking often and at several
figures would find one narrow by luck, so each interval is made at the level that holds for all of them and all looks
together (Bonferroni): with 95 % every one of them covers, whenever it stopped.

>>> asked = Precision.read(["phone.wait_s_mean=2", "service_level_offered/20=0.01"])
>>> [(key.channel, key.metric, key.within_s) for key in asked.keys]
[('phone', 'wait_s_mean', None), (None, 'service_level_offered', 20.0)]
>>> looks = asked.looks(100)
>>> looks, asked.level(looks)
([10, 20, 40, 80, 100], 0.995)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from results.figures import Figure, Key, key_of
from scenarios.faults import one_of
from scenarios.metric_names import ALL_NAMES, QUEUE_METRIC_NAMES, TEAM_METRIC_NAMES, a_metric
from scenarios.scenario import CHANNELS, Scenario

LEVEL = 0.95
FIRST_LOOK = 10
REPLICATIONS_MOST = 10_000


class PrecisionError(ValueError):
    """A figure or half-width that cannot be asked for; the message says what can."""


@dataclass(frozen=True)
class Precision:
    """Half-widths of intervals that must be reached, by figure, in the figure's unit."""

    wanted: dict[Key, float]

    @classmethod
    def read(cls, texts: Sequence[str], scenario: Scenario | None = None) -> Precision:
        """Read ``[CHANNEL.|TEAM.]METRIC[/WITHIN_S]=HALF_WIDTH``.

        Args:
            texts: as they were typed.
            scenario: the one whose channels and teams they name.

        Raises:
            PrecisionError: every text that is none.
        """
        wanted, faults = {}, []
        for text in texts:
            try:
                key, value = _wanted(text, scenario)
            except PrecisionError as error:
                faults.append(str(error))
                continue
            wanted[key] = value
        if faults:
            raise PrecisionError("\n".join(faults))
        return cls(wanted)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The figures it is about."""
        return tuple(self.wanted)

    def looks(self, most: int) -> list[int]:
        """Return after how many replications it looks, `most` at the last."""
        looks, look = [], FIRST_LOOK
        while look < most:
            looks.append(look)
            look *= 2
        return [*looks, most]

    def level(self, looks: Sequence[int]) -> float:
        """Return the level of each interval with which all of them hold at 95 %, at every look."""
        return 1 - (1 - LEVEL) / (len(looks) * len(self.wanted))

    def reached(self, figures: Sequence[Figure]) -> bool:
        """Say whether every figure's interval is narrow enough; one of which nothing is known is not."""
        return all(width <= self.wanted[key] for key, width in self.widths(figures).items())

    def widths(self, figures: Sequence[Figure]) -> dict[Key, float]:
        """Return the half-widths reached."""
        found = {key_of(one): (one.high - one.low) / 2 for one in figures}
        widths = {key: found.get(key, math.inf) for key in self.wanted}
        return {key: math.inf if math.isnan(width) else width for key, width in widths.items()}


def keys_named(text: str, scenario: Scenario) -> list[Key]:
    """Read ``[CHANNEL.|TEAM.]METRIC[/WITHIN_S]``; without a name before the dot it is of each channel or team there is.

    Raises:
        PrecisionError: it is none.
    """
    key = _key(f"--metric {text}", text, scenario, "METRIC")
    if key.metric in TEAM_METRIC_NAMES:
        teams = [name for name, team in scenario.teams.items() if not team.self_service]
        return [key] if key.team else [key._replace(team=name) for name in teams]
    return [key] if key.channel else [key._replace(channel=name) for name in scenario.channels]


def _wanted(text: str, scenario: Scenario | None) -> tuple[Key, float]:
    named, _, value = text.partition("=")
    try:
        half_width = float(value)
    except ValueError:
        half_width = math.nan
    said = f"--half-width {text}"
    if not 0 < half_width < math.inf:
        raise PrecisionError(f"{said}: expected METRIC=VALUE, such as phone.wait_s_mean=2")
    key = _key(said, named, scenario, "METRIC=VALUE")
    if key.metric in TEAM_METRIC_NAMES and key.team is None:
        raise PrecisionError(f"{said}: expected TEAM.{key.metric}=VALUE, the team whose {key.metric} it is")
    if key.metric in QUEUE_METRIC_NAMES and key.channel is None:
        raise PrecisionError(f"{said}: expected CHANNEL.{key.metric}=VALUE, the channel whose {key.metric} it is")
    return key, half_width


def _key(said: str, named: str, scenario: Scenario | None, form: str) -> Key:
    """Read the name of a figure; names of channels and teams are looked up where the scenario is known."""
    rest, slash, within = named.partition("/")
    about, _, metric = rest.rpartition(".")
    known = ALL_NAMES
    try:
        within_s = float(within) if slash else None
    except ValueError:
        within_s = math.nan
    if within_s is not None and not 0 < within_s < math.inf:
        raise PrecisionError(f"{said}: expected {form}, such as phone.service_level_offered/20")
    if metric not in known:
        raise PrecisionError(f"{said}: metric is {metric!r}; expected {a_metric(known, metric)}")
    if known[metric].needs_within_s != (within_s is not None):
        wanted = form.replace("METRIC", f"{metric}/20" if within_s is None else metric)
        raise PrecisionError(
            f"{said}: expected {wanted}{': the T in seconds' if within_s is None else ', without a T'}"
        )
    if metric in TEAM_METRIC_NAMES:
        teams = [name for name, team in scenario.teams.items() if not team.self_service] if scenario else [about]
        if about and about not in teams:
            raise PrecisionError(f"{said}: team is {about!r}; expected {one_of(teams, about)}")
        return Key(metric, None, None, about or None)
    channels = scenario.channels if scenario else CHANNELS
    if about and about not in channels:
        raise PrecisionError(f"{said}: channel is {about!r}; expected {one_of(channels, about)}")
    return Key(metric, within_s, about or None, None)
