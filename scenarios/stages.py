"""Stages placed: which customers a profile brings, and when, out of what a scenario expects.

Arrivals stay Poisson. How many come in an interval is one draw with the mean that its stages leave it, and each comes
at the instant at which a keyed number inverts what the stages expect up to then (Çinlar 1975, "Introduction to
Stochastic Processes", chapter 4, on non-stationary Poisson processes). So a larger factor only adds customers and moves
nobody, and nothing is drawn to be thrown away: thinning (Lewis and Shedler 1979) would use up an interval's 65,536
customers for the sake of one spike in it.

Within a piece, where one stage and one interval meet, the rate is a polynomial of degree three at most: a ramp is a
straight line, a rate that curves (`scenarios.curves`) a parabola. Refuses to draw counts: `scenarios.cells` does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.draws import Purpose, uniform, visit
from scenarios.jit import jit
from scenarios.local_days import LocalDays
from scenarios.profiles import Stage, TimedProfile, TimedStage, stages_of

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Entities = npt.NDArray[np.uint64]

_INSTANT = int(Purpose.INSTANT)


class NobodyExpectedError(ValueError):
    """A stage wants customers per second where the scenario expects nobody, whose mix would be that of nobody."""

    def __init__(self, stage: int, at_s: float) -> None:
        self.stage, self.at_s = stage, at_s
        super().__init__(f"stage {stage} at second {at_s:g}")


class Interval(NamedTuple):
    """An interval of demand on some day of the scenario."""

    day: int
    starts_s: float
    """By the clock of the day."""
    length_s: float
    mean: float
    """Expected contacts."""
    begins: float
    ends: float
    """The rates with which it begins and ends, over its mean rate."""


class Pieces(NamedTuple):
    """Where intervals and stages meet, those of an interval together, in the order in which they come."""

    cell: Whole
    """The intervals that have any."""
    piece_at: Whole
    """By these: their first piece, with one end more."""
    until: Real
    """By piece: the share of the interval's customers that has come with its end."""
    from_s: Real
    length_s: Real
    rate: Real
    """By piece: four coefficients of the rate over the share of the piece that has passed, over its mean rate."""


_NONE = np.empty(0, dtype=np.int64)
NO_PIECES = Pieces(_NONE, _NONE, np.empty(0), np.empty(0), np.empty(0), np.empty((0, 4)))


class _Spell(NamedTuple):
    """When an interval comes, or the part of it that one pass of the clock shows, and how many in a second."""

    interval: int
    first: float
    """The share of the interval that lies before it."""
    from_s: float
    to_s: float
    per_second: float


class _Span(NamedTuple):
    """A stretch of a stage, and by what it multiplies rates, evenly from `begins` to `ends`."""

    from_s: float
    to_s: float
    begins: float
    ends: float
    curves: bool
    """Whether rates curve here as they do without; where customers per second are told, intervals are level."""

    def at(self, at_s: float) -> float:
        """Return by what it multiplies at an instant."""
        return self.begins + (self.ends - self.begins) * ((at_s - self.from_s) / (self.to_s - self.from_s))


class _Piece(NamedTuple):
    from_s: float
    length_s: float
    contacts: float
    rate: tuple[float, ...]
    """As in `Pieces`."""


def placed(intervals: Sequence[Interval], local: LocalDays, profile: TimedProfile) -> tuple[Real, Pieces]:
    """Return how many customers a profile brings in each interval, and the pieces of those that have any.

    Raises:
        NobodyExpectedError: customers per second are wanted where nobody is expected.
    """
    spells = list(_spells(intervals, local, profile))
    spans = [
        span
        for number, (stage, timed) in enumerate(zip(profile.stages, stages_of(profile), strict=True))
        for span in _spans(number, stage, timed, spells)
    ]
    pieces: dict[int, list[_Piece]] = {}
    for spell in spells:
        for span in spans:
            piece = _piece(intervals[spell.interval], spell, span)
            if piece is not None:
                pieces.setdefault(spell.interval, []).append(piece)
    means = np.zeros(len(intervals))
    for number, some in pieces.items():
        some.sort()
        means[number] = profile.factor * sum(piece.contacts for piece in some)
    return means, _side_by_side(pieces)


def _spells(intervals: Sequence[Interval], local: LocalDays, profile: TimedProfile) -> Iterator[_Spell]:
    for number, interval in enumerate(intervals):
        if local.begins_s(interval.day) >= profile.ends_s:
            continue
        for one in local.passes(interval.day, interval.starts_s, interval.length_s):
            ends_s = one.begins_s + (one.last - one.first) * interval.length_s
            if one.begins_s < profile.ends_s and ends_s > profile.begins_s and interval.mean > 0:
                yield _Spell(number, one.first, one.begins_s, ends_s, interval.mean / interval.length_s)


def _spans(number: int, stage: Stage, timed: TimedStage, spells: Sequence[_Spell]) -> Iterator[_Span]:
    """Cut a stage of customers per second wherever the scenario's rate changes, and weigh it against that."""
    whole = _Span(timed.from_s, timed.to_s, *stage.volume, curves=True)
    if stage.factor is not None:
        yield whole
        return
    bounds = {bound for spell in spells for bound in (spell.from_s, spell.to_s) if timed.from_s < bound < timed.to_s}
    for from_s, to_s in itertools.pairwise(sorted({timed.from_s, timed.to_s, *bounds})):
        begins, ends = whole.at(from_s), whole.at(to_s)
        rate = sum(spell.per_second for spell in spells if spell.from_s <= from_s and to_s <= spell.to_s)
        if begins + ends > 0 and rate == 0:
            raise NobodyExpectedError(number, from_s)
        if rate > 0:
            yield _Span(from_s, to_s, begins / rate, ends / rate, curves=False)


def _piece(interval: Interval, spell: _Spell, span: _Span) -> _Piece | None:
    """Return what comes of an interval within a span, or None where nobody does."""
    from_s, to_s = max(spell.from_s, span.from_s), min(spell.to_s, span.to_s)
    if from_s >= to_s:
        return None
    begins, rises = span.at(from_s), span.at(to_s) - span.at(from_s)
    length_s = to_s - from_s
    level, slope, bend = 1.0, 0.0, 0.0
    if span.curves:  # the derivative of `scenarios.curves.come_by`, over the share of the piece
        x, part = spell.first + (from_s - spell.from_s) / interval.length_s, length_s / interval.length_s
        b, c = 2.0 * (3.0 - 2.0 * interval.begins - interval.ends), 3.0 * (interval.begins + interval.ends - 2.0)
        level, slope, bend = interval.begins + x * (b + x * c), (b + 2.0 * c * x) * part, c * part * part
    rate = (begins * level, begins * slope + rises * level, begins * bend + rises * slope, rises * bend)
    mean = sum(term / (power + 1) for power, term in enumerate(rate))
    if mean <= 0:
        return None
    return _Piece(from_s, length_s, spell.per_second * length_s * mean, tuple(term / mean for term in rate))


def _side_by_side(pieces: dict[int, list[_Piece]]) -> Pieces:
    until: list[float] = []
    for some in pieces.values():
        come = np.cumsum([piece.contacts for piece in some])
        until += [*(come[:-1] / come[-1]), 1.0]
    rows = [piece for some in pieces.values() for piece in some]
    return Pieces(
        np.array(list(pieces), dtype=np.int64),
        np.cumsum([0, *(len(some) for some in pieces.values())]).astype(np.int64),
        np.array(until, dtype=np.float64),
        np.array([piece.from_s for piece in rows], dtype=np.float64),
        np.array([piece.length_s for piece in rows], dtype=np.float64),
        np.array([piece.rate for piece in rows], dtype=np.float64).reshape(-1, 4),
    )


def place_customers(
    pieces: Pieces, seed: int, replication: int, counts: Whole, entity: Entities, due_us: Whole
) -> None:
    """Let customers come when their stages say; changes `due_us`.

    Args:
        pieces: where they may.
        seed: below 2**32.
        replication: whose luck.
        counts: how many come in each interval.
        entity: the customers, by interval.
        due_us: when each comes.
    """
    if len(pieces.cell):
        until = np.cumsum(counts)
        _place(seed, replication, until - counts, until, *pieces, entity, due_us)


@jit
def _place(
    seed: int,
    replication: int,
    from_customer: Whole,
    to_customer: Whole,
    cell: Whole,
    piece_at: Whole,
    until: Real,
    from_s: Real,
    length_s: Real,
    rate: Real,
    entity: Entities,
    due_us: Whole,
) -> None:
    for place in range(len(cell)):
        for at in range(from_customer[cell[place]], to_customer[cell[place]]):
            u = uniform(seed, replication, entity[at], visit(0, 1, 0), _INSTANT, 0)
            i, before = piece_at[place], 0.0
            while u >= until[i] and i + 1 < piece_at[place + 1]:
                before = until[i]
                i += 1
            share = come_after(min((u - before) / (until[i] - before), 1.0), rate[i])
            due_us[at] = np.int64(np.rint((from_s[i] + length_s[i] * share) * 1e6))


@jit
def come_after(u: float, rate: Real) -> float:
    """Return after which share of a piece a share `u` of its customers has come; as `scenarios.curves.bent`.

    Args:
        u: between 0 and 1.
        rate: four coefficients whose polynomial integrates to 1 and is nowhere below 0.
    """
    low, high, x = 0.0, 1.0, u
    for _ in range(100):
        come = x * (rate[0] + x * (rate[1] / 2.0 + x * (rate[2] / 3.0 + x * rate[3] / 4.0)))
        if come > u:
            high = x
        else:
            low = x
        here = rate[0] + x * (rate[1] + x * (rate[2] + x * rate[3]))
        following = x - (come - u) / here if here > 0.0 else -1.0
        if abs(following - x) < 1e-13:
            return min(max(following, 0.0), 1.0)
        if not low < following < high:
            following = 0.5 * (low + high)
        x = following
    return x
