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
from scenarios.metric_names import METRIC_NAMES
from scenarios.scenario import CHANNELS

LEVEL = 0.95
FIRST_LOOK = 10
REPLICATIONS_MOST = 10_000


class PrecisionError(ValueError):
    """A half-width that cannot be asked for; the message says what can."""


@dataclass(frozen=True)
class Precision:
    """Half-widths of intervals that must be reached, by figure, in the figure's unit."""

    wanted: dict[Key, float]

    @classmethod
    def read(cls, texts: Sequence[str]) -> Precision:
        """Read ``[CHANNEL.]METRIC[/WITHIN_S]=HALF_WIDTH``.

        Raises:
            PrecisionError: every text that is none.
        """
        wanted, faults = {}, []
        for text in texts:
            try:
                key, value = _wanted(text)
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


def _wanted(text: str) -> tuple[Key, float]:
    named, _, value = text.partition("=")
    rest, _, within = named.partition("/")
    channel, _, metric = rest.rpartition(".")
    try:
        half_width, within_s = float(value), float(within) if within else None
    except ValueError:
        half_width, within_s = math.nan, None
    if not 0 < half_width < math.inf or (within_s is not None and not 0 < within_s < math.inf):
        raise PrecisionError(f"--half-width {text}: expected METRIC=VALUE, such as phone.wait_s_mean=2")
    if metric not in METRIC_NAMES:
        raise PrecisionError(f"--half-width {text}: metric is {metric!r}; expected {one_of(METRIC_NAMES, metric)}")
    if channel and channel not in CHANNELS:
        raise PrecisionError(f"--half-width {text}: channel is {channel!r}; expected {one_of(CHANNELS, channel)}")
    if METRIC_NAMES[metric].needs_within_s != (within_s is not None):
        said = f"{metric}/20=VALUE: the T in seconds" if within_s is None else f"{metric}=VALUE, without a T"
        raise PrecisionError(f"--half-width {text}: expected {said}")
    return Key(metric, within_s, channel or None, None), half_width
