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
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from scenarios.draws import uniform
from scenarios.jit import jit, jit_in_place
from scenarios.units import NEVER_US

Array = npt.NDArray[np.float64]

EXPONENTIAL, DETERMINISTIC, UNIFORM, LOGNORMAL, EMPIRICAL = range(5)

Seconds = Annotated[float, Field(ge=0, le=3.2e8, allow_inf_nan=False)]
"""Up to about ten years: longer is a slip of units."""

PositiveSeconds = Annotated[float, Field(gt=0, le=3.2e8, allow_inf_nan=False)]


class _Law(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Exponential(_Law):
    """Memoryless; `mean_s` in seconds."""

    law: Literal["exponential"]
    mean_s: PositiveSeconds = Field(description="mean in seconds")

    def mean(self) -> float:
        """Return the mean in seconds."""
        return self.mean_s


class Deterministic(_Law):
    """Always `value_s` seconds."""

    law: Literal["deterministic"]
    value_s: Seconds = Field(description="always so many seconds")

    def mean(self) -> float:
        """Return the mean in seconds."""
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

    def mean(self) -> float:
        """Return the mean in seconds."""
        return (self.low_s + self.high_s) / 2


class LogNormal(_Law):
    """Skewed, as handling times are; `mean_s` in seconds, `cv` the standard deviation over the mean."""

    law: Literal["lognormal"]
    mean_s: PositiveSeconds = Field(description="mean in seconds")
    cv: Annotated[float, Field(gt=0, le=20)] = Field(description="standard deviation over mean")

    def mean(self) -> float:
        """Return the mean in seconds."""
        return self.mean_s


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

    def mean(self) -> float:
        """Return the mean in seconds; infinite where some never happen."""
        if self.points[-1][0] < 1:
            return math.inf
        pairs = zip(self.points, self.points[1:], strict=False)
        return sum((p1 - p0) * (x0 + x1) / 2 for (p0, x0), (p1, x1) in pairs)


AnyLaw = Exponential | Deterministic | Uniform | LogNormal | Empirical
Law = Annotated[AnyLaw, Field(discriminator="law")]

LawRow = tuple[int, float, float, Array, Array]
"""A law as the jitted functions take it: kind, two numbers, and a table of shares and times."""


@jit
def normal_quantile(p: float) -> float:
    """Invert the standard normal distribution: algorithm AS 241, PPND16 (Wichura 1988, Applied Statistics 37:477)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = 2.5090809287301226727e3
        for k in (
            3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4, 1.3731693765509461125e4,
            1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0,
        ):  # fmt: skip
            top = top * r + k
        bottom = 5.2264952788528545610e3
        for k in (
            2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4, 5.3941960214247511077e3,
            6.8718700749205790830e2, 4.2313330701600911252e1, 1.0,
        ):  # fmt: skip
            bottom = bottom * r + k
        return q * top / bottom
    r = p if q < 0 else 1.0 - p
    r = np.sqrt(-np.log(r))
    if r <= 5.0:
        r -= 1.6
        top = 7.74545014278341407640e-4
        for k in (
            2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0, 3.64784832476320460504e0,
            5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0,
        ):  # fmt: skip
            top = top * r + k
        bottom = 1.05075007164441684324e-9
        for k in (
            5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1, 6.89767334985100004550e-1,
            1.67638483018380384940e0, 2.05319162663775882187e0, 1.0,
        ):  # fmt: skip
            bottom = bottom * r + k
    else:
        r -= 5.0
        top = 2.01033439929228813265e-7
        for k in (
            2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2, 2.96560571828504891230e-1,
            1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0,
        ):  # fmt: skip
            top = top * r + k
        bottom = 2.04426310338993978564e-15
        for k in (
            1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2,
            1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0,
        ):  # fmt: skip
            bottom = bottom * r + k
    z = float(top / bottom)
    return -z if q < 0 else z


@jit
def closed_form_s(kind: int, a: float, b: float, u: float) -> float:
    """Return `quantile_s` of a law that needs no table."""
    if kind == EXPONENTIAL:
        return float(-a * np.log1p(-u))
    if kind == DETERMINISTIC:
        return a
    if kind == UNIFORM:
        return a + (b - a) * u
    return float(np.exp(a + b * normal_quantile(u)))


@jit
def quantile_s(kind: int, a: float, b: float, shares: Array, times: Array, u: float) -> float:
    """Return the time in seconds that a share `u` of draws does not exceed; infinite for "never"."""
    if kind != EMPIRICAL:
        return closed_form_s(kind, a, b, u)
    if u > shares[-1]:
        return float(np.inf)
    i = np.searchsorted(shares, u)
    if i == 0:
        return float(times[0])
    p0, p1 = shares[i - 1], shares[i]
    return float(times[i - 1] + (times[i] - times[i - 1]) * (u - p0) / (p1 - p0))


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
    return int(drawn_us(kind, a, b, shares, times, u) if kind == EMPIRICAL else closed_form_us(kind, a, b, u))


@jit
def keyed_us(kind: int, a: float, b: float, seed: int, replication: int, entity: int, word: int, purpose: int) -> int:
    """Return the drawn time of a law that needs no table by key: one call into compiled code instead of two."""
    return closed_form_us(kind, a, b, uniform(seed, replication, entity, word, purpose, 0))


_NO_TABLE = np.zeros(1)


def law_row(law: AnyLaw) -> LawRow:
    """Return a law as the jitted functions take it."""
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
    if kind[number] == EMPIRICAL:
        begins, ends = at[number], at[number + 1]
        return drawn_us(EMPIRICAL, 0.0, 0.0, shares[begins:ends], times[begins:ends], u)
    return closed_form_us(kind[number], a[number], b[number], u)
