"""Laws of random times: what the scenario says, and the one jitted function that draws from them.

A law is written in YAML (`{law: lognormal, mean_s: 300, cv: 0.6}`), checked by its model here, and flattened by
`law_row` into numbers that both engines and the desk read. Each draw inverts the distribution function at a uniform
number, so a larger uniform never gives a shorter time. A drawn time is rounded once, here, to int64 microseconds.

>>> law = LogNormal(law="lognormal", mean_s=300, cv=0.5)
>>> round(quantile_s(*law_row(law), 0.5), 1)
268.3
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from scenarios.draws import uniform
from scenarios.jit import jit, jit_in_place
from scenarios.law_curves import (
    curve_s,
    erlang_curve,
    gamma_curve,
    hyperexponential_curve,
    phase_type_curve,
    place_of,
)
from scenarios.normal import normal_quantile
from scenarios.units import NEVER_US

Array = npt.NDArray[np.float64]

EXPONENTIAL, DETERMINISTIC, UNIFORM, LOGNORMAL, WEIBULL, EMPIRICAL, CURVE, TRIANGULAR = range(8)
"""From EMPIRICAL on a law is read from a table."""

SOME_ZERO = 8
"""Added to the kind of a law of which a share is 0; that share stands before its table."""

Seconds = Annotated[float, Field(ge=0, le=3.2e8, allow_inf_nan=False)]
"""Up to about ten years: longer is a slip of units."""

PositiveSeconds = Annotated[float, Field(gt=0, le=3.2e8, allow_inf_nan=False)]


class _Law(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    zero: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="share of draws that are exactly 0; the others follow the law"
    )

    def mean(self) -> float:
        """Return the mean of all draws in seconds."""
        return (1.0 - self.zero) * self.others_mean() if self.zero < 1 else 0.0

    @abstractmethod
    def others_mean(self) -> float:
        """Return the mean in seconds of those draws that are not in the share `zero`."""


class _ToldByMean(_Law):
    """A law of which the file says the mean."""

    law: str
    mean_s: PositiveSeconds = Field(description="mean in seconds")

    def others_mean(self) -> float:
        """Return the mean in seconds without the share `zero`."""
        return self.mean_s


class Exponential(_ToldByMean):
    """Memoryless; `mean_s` in seconds."""

    law: Literal["exponential"]


class Deterministic(_Law):
    """Always `value_s` seconds."""

    law: Literal["deterministic"]
    value_s: Seconds = Field(description="always so many seconds")

    def others_mean(self) -> float:
        """Return the mean in seconds without the share `zero`."""
        return self.value_s


class Uniform(_Law):
    """Anything between `low_s` and `high_s` seconds alike."""

    law: Literal["uniform"]
    low_s: Seconds = Field(description="the shortest, in seconds")
    high_s: Seconds = Field(description="the longest, in seconds")

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.high_s < self.low_s:
            raise ValueError(f"high_s at least low_s ({self.low_s:g})")
        return self

    def others_mean(self) -> float:
        """Return the mean in seconds without the share `zero`."""
        return (self.low_s + self.high_s) / 2


class LogNormal(_ToldByMean):
    """Skewed, as handling times are; `mean_s` in seconds, `cv` the standard deviation over the mean."""

    law: Literal["lognormal"]
    cv: Annotated[float, Field(gt=0, le=20)] = Field(description="standard deviation over mean")


Point = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], Seconds], Field(strict=False)]


class Empirical(_Law):
    """A table of points [share, seconds]: the time not exceeded by that share, straight lines between.

    Both columns rise or stay; the first share is 0. Where the last share is below 1 the rest never happens (for
    patience: never gives up). Two points with the same seconds make those seconds exact. A long table stands in a file,
    which `scenarios.reading` puts in the place of `points`.
    """

    law: Literal["empirical"]
    points: Annotated[list[Point], Field(min_length=2, max_length=10_000)] = Field(
        default_factory=list, description="pairs [share, seconds]: the time not exceeded by that share"
    )
    points_csv: str | None = Field(
        None, description="table (CSV or Excel) with columns share and time_s, beside this file"
    )

    @model_validator(mode="after")
    def _rising(self) -> Empirical:
        if not self.points:
            raise ValueError("either points or points_csv")
        shares = [share for share, _ in self.points]
        times = [time for _, time in self.points]
        if shares[0] != 0:
            raise ValueError("points that begin with share 0")
        if shares != sorted(shares) or times != sorted(times):
            raise ValueError("points whose shares and seconds never fall")
        return self

    def others_mean(self) -> float:
        """Return the mean in seconds without the share `zero`; infinite where some never happen."""
        if self.points[-1][0] < 1:
            return math.inf
        pairs = zip(self.points, self.points[1:], strict=False)
        return sum((p1 - p0) * (x0 + x1) / 2 for (p0, x0), (p1, x1) in pairs)


class Weibull(_ToldByMean):
    """Exponential with a `shape` of 1; below it who has waited for long goes on waiting, above it less and less so."""

    law: Literal["weibull"]
    shape: Annotated[float, Field(ge=0.2, le=20)] = Field(description="1 is exponential; below it is more spread")

    @property
    def scale_s(self) -> float:
        """The time that all but a share 1/e do not exceed, in seconds."""
        return self.mean_s / math.gamma(1.0 + 1.0 / self.shape)


class Erlang(_ToldByMean):
    """A sum of `phases` exponential times, alike, of `mean_s` in all; its cv is 1 over the root of `phases`."""

    law: Literal["erlang"]
    phases: Annotated[int, Field(ge=1, le=1000)] = Field(description="how many; 1 is exponential, many are constant")


class Gamma(_ToldByMean):
    """Exponential with a `cv` of 1, below it more even, above it more spread; an Erlang law of any shape, 1 / cv^2."""

    law: Literal["gamma"]
    cv: Annotated[float, Field(ge=0.01, le=5)] = Field(description="standard deviation over mean; 1 is exponential")

    @property
    def shape(self) -> float:
        """How many exponential times it is a sum of, where that is a whole number."""
        return self.cv**-2


class Triangular(_Law):
    """Between `low_s` and `high_s` seconds, most often about `mode_s`: as experts tell times by three numbers."""

    law: Literal["triangular"]
    low_s: Seconds = Field(description="the shortest, in seconds")
    mode_s: Seconds = Field(description="the most likely, in seconds")
    high_s: Seconds = Field(description="the longest, in seconds")

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if not self.low_s <= self.mode_s <= self.high_s:
            raise ValueError(f"mode_s between low_s ({self.low_s:g}) and high_s ({self.high_s:g})")
        return self

    def others_mean(self) -> float:
        """Return the mean in seconds without the share `zero`."""
        return (self.low_s + self.mode_s + self.high_s) / 3

    @property
    def below_mode(self) -> float:
        """The share that does not exceed the mode."""
        return (self.mode_s - self.low_s) / (self.high_s - self.low_s) if self.high_s > self.low_s else 0.0


Branch = Annotated[tuple[Annotated[float, Field(gt=0, le=1)], PositiveSeconds], Field(strict=False)]


class HyperExponential(_Law):
    """Quick ones and long ones: each draw is exponential with the mean of one branch; cv 1 or more."""

    law: Literal["hyperexponential"]
    branches: Annotated[list[Branch], Field(min_length=2, max_length=10)] = Field(
        description="pairs [share, mean in seconds]; the shares add up to 1"
    )

    @model_validator(mode="after")
    def _whole(self) -> HyperExponential:
        whole = sum(share for share, _ in self.branches)
        if abs(whole - 1) > 1e-6:
            raise ValueError(f"branches whose shares add up to 1 (these to {whole:.6g})")
        return self

    def others_mean(self) -> float:
        """Return the mean in seconds without the share `zero`."""
        return sum(share * mean_s for share, mean_s in self.shared())

    def shared(self) -> tuple[tuple[float, float], ...]:
        """Return the branches, their shares adding up to 1 to the last digit that can be had."""
        whole = sum(share for share, _ in self.branches)
        return tuple((share / whole, mean_s) for share, mean_s in self.branches)


class PhaseType(_Law):
    """The time a Markov chain takes to end: from phase to phase, and out (Neuts 1981, ch. 2).

    `rates[i][j]` is the rate per second from phase i to j, `rates[i][i]` minus the rate of leaving phase i at all; what
    a row lacks to 0 is the rate at which the whole ends there. Steps one after the other (hypoexponential), and steps
    after each of which some are done (Coxian), are written so.
    """

    law: Literal["phase_type"]
    initial: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1, max_length=20)] = Field(
        description="share that begins in each phase; they add up to 1"
    )
    rates: Annotated[list[list[float]], Field(min_length=1, max_length=20)] = Field(
        description="rates per second from phase (row) to phase (column); on the diagonal minus that of leaving it"
    )

    @model_validator(mode="after")
    def _ends(self) -> PhaseType:
        size = len(self.initial)
        if abs(sum(self.initial) - 1) > 1e-6:
            raise ValueError(f"initial shares that add up to 1 (these to {sum(self.initial):.6g})")
        if [len(row) for row in self.rates] != [size] * size:
            raise ValueError(f"{size} rows of {size} rates, as many as initial shares")
        for i, row in enumerate(self.rates):
            if row[i] >= 0 or min([*row[:i], *row[i + 1 :]], default=0.0) < 0 or sum(row) > -1e-9 * row[i]:
                raise ValueError(f"rates[{i}] negative on the diagonal, nowhere else, and together at most 0")
        if not 0 < self.others_mean() <= 3.2e8:
            raise ValueError("rates by which every phase comes to an end, within ten years on average")
        return self

    def others_mean(self) -> float:
        """Return the mean in seconds without the share `zero`."""
        try:
            lasting_s = np.linalg.solve(-np.array(self.rates), np.ones(len(self.initial)))
        except np.linalg.LinAlgError:
            return math.inf
        return float(np.array(self.initial) @ lasting_s) if lasting_s.min() > 0 else math.inf


AnyLaw = (
    Exponential
    | Deterministic
    | Uniform
    | Triangular
    | LogNormal
    | Weibull
    | Gamma
    | Erlang
    | HyperExponential
    | PhaseType
    | Empirical
)
Law = Annotated[AnyLaw, Field(discriminator="law")]

LawRow = tuple[int, float, float, Array, Array]
"""A law as the jitted functions take it: kind, two numbers, and a table of shares (of a curve: hazards) and times."""


@jit
def closed_form_s(kind: int, a: float, b: float, u: float) -> float:
    """Return `quantile_s` of a law that needs no table."""
    if kind == EXPONENTIAL:
        return float(-a * np.log1p(-u))
    if kind == DETERMINISTIC:
        return a
    if kind == UNIFORM:
        return a + (b - a) * u
    if kind == LOGNORMAL:
        return float(np.exp(a + b * normal_quantile(u)))
    return float(a * (-np.log1p(-u)) ** b)


@jit
def between_s(kind: int, a: float, b: float, shares: Array, times: Array, first: int, end: int, u: float) -> float:
    """Return `quantile_s` of a law whose table stands from `first` to `end` in longer ones: slices cost a draw."""
    if kind >= SOME_ZERO:
        zero = shares[first]
        if u <= zero:
            return 0.0
        kind, first, u = kind - SOME_ZERO, first + 1, (u - zero) / (1.0 - zero)
    if kind == EMPIRICAL:
        if u > shares[end - 1]:
            return float(np.inf)
        i = place_of(u, shares, first, end)
        if i == first:
            return float(times[i])
        p0, p1 = shares[i - 1], shares[i]
        return float(times[i - 1] + (times[i] - times[i - 1]) * (u - p0) / (p1 - p0))
    if kind == CURVE:
        return curve_s(-np.log1p(-u), shares, times, first, end)
    if kind == TRIANGULAR:
        low, mode, high = times[first], times[first + 1], times[first + 2]
        if u <= shares[first + 1]:
            return float(low + np.sqrt(u * (high - low) * (mode - low)))
        return float(high - np.sqrt((1.0 - u) * (high - low) * (high - mode)))
    return closed_form_s(kind, a, b, u)


@jit
def quantile_s(kind: int, a: float, b: float, shares: Array, times: Array, u: float) -> float:
    """Return the time in seconds that a share `u` of draws does not exceed; infinite for "never"."""
    return between_s(kind, a, b, shares, times, 0, len(shares), u)


@jit
def rounded_us(time_s: float) -> int:
    """Return a drawn time in whole microseconds: the one place where a time is rounded."""
    if time_s > 1e11:
        return NEVER_US
    return int(np.rint(time_s * 1e6))


@jit
def scaled_us(time_us: int, thousandths: int) -> int:
    """Multiply a time, which may be NEVER_US, by a factor in thousandths; half microseconds are dropped."""
    if time_us >= NEVER_US:
        return NEVER_US
    return time_us // 1000 * thousandths + time_us % 1000 * thousandths // 1000


@jit
def drawn_us(kind: int, a: float, b: float, shares: Array, times: Array, u: float) -> int:
    """Return the drawn time in whole microseconds."""
    return rounded_us(quantile_s(kind, a, b, shares, times, u))


@jit
def closed_form_us(kind: int, a: float, b: float, u: float) -> int:
    """Return `drawn_us` of a law that needs no table."""
    return rounded_us(closed_form_s(kind, a, b, u))


def time_us(law: LawRow, u: float) -> int:
    """Draw from outside compiled code, where handing over a table costs more than the draw."""
    kind, a, b, shares, times = law
    return int(closed_form_us(kind, a, b, u) if kind < EMPIRICAL else drawn_us(kind, a, b, shares, times, u))


def hazard_us(law: LawRow, hazard: float) -> int:
    """Return the time in microseconds at which so much hazard has gathered, of a Weibull law or a curve."""
    kind, a, b, hazards, times = law
    return int(rounded_us(a * hazard**b if kind == WEIBULL else curve_s(hazard, hazards, times, 0, len(times))))


@jit
def keyed_us(kind: int, a: float, b: float, seed: int, replication: int, entity: int, word: int, purpose: int) -> int:
    """Return the drawn time of a law that needs no table by key: one call into compiled code instead of two."""
    return closed_form_us(kind, a, b, uniform(seed, replication, entity, word, purpose, 0))


_NO_TABLE = np.zeros(1)


def law_row(law: AnyLaw) -> LawRow:
    """Return a law as the jitted functions take it."""
    kind, a, b, shares, times = _row_of_others(law)
    if law.zero == 0:
        return kind, a, b, shares, times
    return kind + SOME_ZERO, a, b, np.concatenate([[law.zero], shares]), np.concatenate([[0.0], times])


def without_zero(law: LawRow) -> LawRow:
    """Return the law of those draws that are not in the share that is 0."""
    kind, a, b, shares, times = law
    return law if kind < SOME_ZERO else (kind - SOME_ZERO, a, b, shares[1:], times[1:])


def _row_of_others(law: AnyLaw) -> LawRow:
    match law:
        case Exponential():
            return EXPONENTIAL, law.mean_s, 0.0, _NO_TABLE, _NO_TABLE
        case Deterministic():
            return DETERMINISTIC, law.value_s, 0.0, _NO_TABLE, _NO_TABLE
        case Uniform():
            return UNIFORM, law.low_s, law.high_s, _NO_TABLE, _NO_TABLE
        case LogNormal():
            variance = math.log1p(law.cv**2)
            return LOGNORMAL, math.log(law.mean_s) - variance / 2, math.sqrt(variance), _NO_TABLE, _NO_TABLE
        case Weibull():
            return WEIBULL, law.scale_s, 1.0 / law.shape, _NO_TABLE, _NO_TABLE
        case Triangular():
            shares = np.array([0.0, law.below_mode, 1.0])
            return TRIANGULAR, 0.0, 0.0, shares, np.array([law.low_s, law.mode_s, law.high_s])
        case Gamma():
            return CURVE, 0.0, 0.0, *gamma_curve(law.shape, law.mean_s)
        case Erlang():
            return CURVE, 0.0, 0.0, *erlang_curve(law.phases, law.mean_s)
        case HyperExponential():
            return CURVE, 0.0, 0.0, *hyperexponential_curve(law.shared())
        case PhaseType():
            whole = sum(law.initial)
            initial = tuple(share / whole for share in law.initial)
            return CURVE, 0.0, 0.0, *phase_type_curve(initial, tuple(tuple(row) for row in law.rates))
        case Empirical():
            points = np.array(law.points, dtype=np.float64)
            return EMPIRICAL, 0.0, 0.0, points[:, 0].copy(), points[:, 1].copy()


class LawTable(NamedTuple):
    """Several laws laid end to end, by number: what compiled code reads in the place of `LawRow`s."""

    kind: npt.NDArray[np.int64]
    a: Array
    b: Array
    at: npt.NDArray[np.int64]
    """Where the table of shares and times of each begins, with one end more."""
    shares: Array
    times: Array


class Laws:
    """Laws, each put down once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._rows: list[LawRow] = []

    def number(self, law: AnyLaw | None) -> int:
        """Return the number of a law, which it is given when it is first seen; -1 for none."""
        if law is None:
            return -1
        found = self._numbers.setdefault(repr(law), len(self._rows))
        if found == len(self._rows):
            self._rows.append(law_row(law))
        return found

    def table(self) -> LawTable:
        """Lay down all laws that have a number."""
        kinds, a, b, shares, times = zip(*self._rows, strict=True) if self._rows else ((),) * 5
        return LawTable(
            np.array(kinds, dtype=np.int64),
            np.array(a, dtype=np.float64),
            np.array(b, dtype=np.float64),
            np.cumsum([0, *(len(some) for some in shares)]).astype(np.int64),
            np.concatenate([_NO_TABLE, *shares])[1:],
            np.concatenate([_NO_TABLE, *times])[1:],
        )


@jit_in_place
def numbered_us(
    kind: npt.NDArray[np.int64],
    a: Array,
    b: Array,
    at: npt.NDArray[np.int64],
    shares: Array,
    times: Array,
    number: int,
    u: float,
) -> int:
    """Return `drawn_us` of a law of a `LawTable`."""
    if kind[number] >= EMPIRICAL:
        begins, ends = at[number], at[number + 1]
        return rounded_us(between_s(kind[number], a[number], b[number], shares, times, begins, ends, u))
    return closed_form_us(kind[number], a[number], b[number], u)
