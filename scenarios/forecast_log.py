"""Volumes by date from what was recorded: each weekday's mean profile over the last weeks, and how wrong that is.

The rule: a day is forecast as the mean of the last so many days of its weekday that were recorded before the scenario
begins, holidays left out. The same rule, asked for days that are recorded, too, tells its own error (`back_tested`):
each such day is forecast from the days before it and compared with what came. Nothing of the day itself, or after it,
is looked at.

A day's contacts are those that were recorded as first attempts, by the clock on the wall. Refuses to guess: too few
recorded days are a fault.
"""

from __future__ import annotations

import bisect
import datetime
import functools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.calendar import WEEKDAYS
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.local_days import local_days
from scenarios.units import DAY_S, INTERVAL_CONTACTS_MOST

Real = npt.NDArray[np.float64]

BACK_TEST_DAYS_LEAST = 10
"""Of fewer days a standard deviation is off by a quarter and more."""


@dataclass(frozen=True, eq=False)
class LogVolumes:
    """The volumes of an entry of demand as a log has them."""

    path: Path
    interval_minutes: int
    weeks: int
    counts: Mapping[datetime.date, Real] = field(repr=False)
    """By recorded day that is no holiday: contacts by interval and channel."""
    before: datetime.date
    """Only days before it are looked at: the scenario's first."""

    @property
    def by_channel(self) -> bool:
        """A log has each channel's contacts."""
        return True

    def on(self, date: datetime.date) -> Sequence[tuple[float, Real]]:
        """Return (start of the interval in s after midnight, mean contacts by channel) of a date."""
        used = self.used(date, min(date, self.before))
        if len(used) < self.weeks:
            return ()
        mean = np.mean([self.counts[day] for day in used], axis=0)
        return [(at * self.interval_minutes * 60.0, mean[at]) for at in np.flatnonzero(mean.sum(axis=1))]

    def used(self, date: datetime.date, before: datetime.date) -> list[datetime.date]:
        """Return the recorded days from which a date is forecast, the last first."""
        own = self._weekdays.get(date.weekday(), [])
        until = bisect.bisect_left(own, before)
        return own[max(until - self.weeks, 0) : until][::-1]

    @functools.cached_property
    def _weekdays(self) -> dict[int, list[datetime.date]]:
        """The recorded days by weekday, in order."""
        found: dict[int, list[datetime.date]] = {}
        for day in sorted(self.counts):
            found.setdefault(day.weekday(), []).append(day)
        return found

    def daily(self) -> list[tuple[float, float]]:
        """Return (start of the interval, mean contacts over all recorded days), in the order of time."""
        mean = np.mean(list(self.counts.values()), axis=0).sum(axis=1)
        return [(at * self.interval_minutes * 60.0, float(count)) for at, count in enumerate(mean) if count]

    def shares(self) -> Real:
        """Return the share of each channel over all recorded days; NaN where nobody came at all."""
        total = np.sum(list(self.counts.values()), axis=(0, 1))
        return np.asarray(total / total.sum() if total.sum() > 0 else total * np.nan)

    def total(self, date: datetime.date) -> float | None:
        """Return how many came on a date; None where it is not recorded, or a holiday."""
        return float(self.counts[date].sum()) if date in self.counts else None

    def forecast(self, date: datetime.date) -> float | None:
        """Return how many the rule would have expected on a date the day before; None: too little was recorded."""
        used = self.used(date, date)
        return float(np.mean([self.counts[day].sum() for day in used])) if len(used) == self.weeks else None


class BackTest(NamedTuple):
    """What a rule of forecasting was worth on days that were recorded, too."""

    days: int
    weeks: int
    bias: float
    """Contacts that came over those forecast, less 1: 0.02 is 2 % more than expected."""
    weekly_cv: float
    daily_cv: float
    """Standard deviations of the factors by which days differ from their forecast, chance of the counts taken away."""
    chance_cv: float
    """What the chance of the counts (Poisson) alone would make of it: drawn anyway, so not part of the two."""


def run_files(path: Path) -> list[Path]:
    """Return what is read of the folder of a run, as far as it is there."""
    return [file for file in (path / "run.json", path / "legs.parquet") if file.is_file()]


def read_log(
    path: Path, intent: str, channels: Sequence[str], minutes: int, weeks: int, holidays: Sequence[str],
    before: datetime.date,
) -> LogVolumes:  # fmt: skip
    """Read the volumes of one intent from the folder of a recorded run.

    Raises:
        FaultsFoundError: it is none, or has no contact of the intent on these channels.
    """
    log = path / "legs.parquet"
    if not log.is_file() or not (path / "run.json").is_file():
        raise FaultsFoundError([Fault(str(path), 1, "the file", "unreadable (no run)", "the folder of a run")])
    stamp = log.stat()
    recorded = _log_as_of(path, stamp.st_mtime_ns, stamp.st_size)
    here = [place for place, name in enumerate(recorded.channels) if name in channels]
    known = sorted({recorded.intents[at] for at in recorded.intent})
    if intent not in known:
        raise FaultsFoundError([Fault(str(log), 1, "intent", f"never {intent!r}", one_of(known, intent))])
    own = (recorded.intent == recorded.intents.index(intent)) & np.isin(recorded.channel, here)
    slots = DAY_S // (minutes * 60)
    counts = {}
    for day, date in enumerate(recorded.dates):
        if date.isoformat() in holidays:
            continue
        rows = own & (recorded.day == day)
        counts[date] = np.zeros((slots, len(channels)))
        for place, name in enumerate(channels):
            if name in recorded.channels:
                of = rows & (recorded.channel == recorded.channels.index(name))
                slot = np.minimum(recorded.clock_s[of] // (minutes * 60), slots - 1).astype(np.int64)
                counts[date][:, place] = np.bincount(slot, minlength=slots)
    most = max((float(count.sum(axis=1).max()) for count in counts.values()), default=0.0)
    if most > INTERVAL_CONTACTS_MOST:
        found = f"{most:.0f} contacts of {intent} in an interval"
        raise FaultsFoundError([Fault(str(log), 1, "the log", found, f"at most {INTERVAL_CONTACTS_MOST}")])
    return LogVolumes(path, minutes, weeks, counts, before)


def missing_weekdays(volumes: LogVolumes, dates: Sequence[datetime.date], what: str) -> Iterator[Fault]:
    """Yield one fault that lists the weekdays of which too little is recorded.

    Args:
        volumes: of the log.
        dates: those on which anybody can come.
        what: whose volumes they are, in words.
    """
    have = {date.weekday(): len(volumes.used(date, volumes.before)) for date in dates}
    few = [f"{count} {WEEKDAYS[at]}{'' if count == 1 else 's'}" for at, count in sorted(have.items())
           if count < volumes.weeks]  # fmt: skip
    if few:
        expected = f"{volumes.weeks} of each, as `weeks` says, no holidays among them, before {volumes.before}"
        yield Fault(str(volumes.path / "legs.parquet"), 1, "the log", f"of {', '.join(few)} only, for {what}", expected)


def back_tested(sources: Sequence[tuple[LogVolumes, float]]) -> BackTest:
    """Forecast recorded days from those before them, and tell how far off that is.

    A day's contacts are taken as its forecast times (1 + bias), times a factor of its week, times one of its own, with
    the chance of a count on top. The covariance of two days of a week is that of its factor; what the variance of a day
    has beyond it, and beyond the mean (the variance of a Poisson count), is that of its own. Days count by their size:
    a quiet Sunday, which is mostly chance, tells least.

    Args:
        sources: the volumes of each entry of demand that has a log, and by what they are multiplied.

    Raises:
        ValueError: fewer than `BACK_TEST_DAYS_LEAST` days can be forecast; the message says how many.
    """
    dates = sorted(set.intersection(*({day for day in one.counts if day < one.before} for one, _ in sources)))
    rows = []
    for date in dates:
        expected = [one.forecast(date) for one, _ in sources]
        if all(told is not None for told in expected):
            come = sum(times * (one.total(date) or 0.0) for one, times in sources)
            rows.append((date.toordinal() - date.weekday(), come, sum(
                times * (told or 0.0) for told, (_, times) in zip(expected, sources, strict=True))))  # fmt: skip
    weeks, came, forecast = np.array([row for row in rows if row[2] > 0], dtype=np.float64).reshape(-1, 3).T
    if len(came) < BACK_TEST_DAYS_LEAST or came.sum() == 0:
        raise ValueError(f"{len(came)} days")
    bias = float(came.sum() / forecast.sum())
    fitted = bias * forecast
    off, squares = came - fitted, float((fitted**2).sum())
    chance = float(fitted.sum()) / squares
    total = max(float((off**2).sum()) / squares - chance, 0.0)
    weekly = min(max(_within(weeks, off, fitted), 0.0), total)
    daily = (1.0 + total) / (1.0 + weekly) - 1.0
    number = len(np.unique(weeks))
    return BackTest(len(came), number, bias - 1.0, math.sqrt(weekly), math.sqrt(daily), math.sqrt(chance))


def _within(weeks: Real, off: Real, fitted: Real) -> float:
    """Return the products of what two different days of a week are off, over those of what was expected of them."""
    of_off, of_fitted = (
        sum(float(own.sum() ** 2 - (own**2).sum()) for own in (values[weeks == week] for week in np.unique(weeks)))
        for values in (off, fitted)
    )
    return of_off / of_fitted if of_fitted else 0.0


class _Recorded(NamedTuple):
    """First attempts of a log."""

    dates: tuple[datetime.date, ...]
    day: npt.NDArray[np.int64]
    clock_s: Real
    intent: npt.NDArray[np.int64]
    intents: list[str]
    channel: npt.NDArray[np.int64]
    channels: list[str]


@functools.lru_cache(maxsize=4)
def _log_as_of(path: Path, changed_ns: int, size: int) -> _Recorded:
    import pandas as pd  # here, as few scenarios need it

    try:
        facts = json.loads((path / "run.json").read_text(encoding="utf-8"))
        first = datetime.datetime.fromisoformat(facts["origin"]).date()
        days, zone = int(facts["days"]), str(facts["time_zone"])
        wanted = ["replication", "attempt", "leg", "role", "channel", "intent", "arrived_s"]
        legs = pd.read_parquet(path / "legs.parquet", columns=wanted)
    except (OSError, ValueError, KeyError, TypeError) as error:
        expected = "the folder of a recorded run, with origin, time_zone and days"
        raise FaultsFoundError([Fault(str(path), 1, "the file", f"unreadable ({error})", expected)]) from None
    first_legs = legs["leg"].eq(0) & legs["attempt"].eq(1) & legs["role"].isna() & legs["arrived_s"].notna()
    legs = legs[first_legs & legs["replication"].eq(legs["replication"].min())]
    local = local_days(first.isoformat(), zone, days)
    arrived_s = legs["arrived_s"].to_numpy(dtype=np.float64)
    (intent, intents), (channel, channels) = (pd.factorize(legs[name]) for name in ("intent", "channel"))
    return _Recorded(
        tuple(first + datetime.timedelta(days=day) for day in range(days)), local.days_at(arrived_s),
        local.clocks_s(arrived_s), intent.astype(np.int64), list(map(str, intents)), channel.astype(np.int64),
        list(map(str, channels)),
    )  # fmt: skip
