"""Who is rostered when: what a team's `agents` or `shifts` say of each day, as steps over the whole horizon.

A step is (scenario second, agents from then on). Shifts add up, their breaks take away. Refuses to know single people:
seats are counted, and which of them pauses is the engine's (idle ones first, busy ones when they have finished), so a
break that begins late ends on time.

>>> shift = Shift(starts="22:00", ends="06:00", agents=2, breaks=[Break(starts="02:00", minutes=30)])
>>> [(at_s / 3600, count) for at_s, count in shift_steps([shift], days=1)]
[(0.0, 2), (2.0, 0), (2.5, 2), (6.0, 0), (22.0, 2)]
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from scenarios.calendar import DayKind
from scenarios.local_days import ALIKE, LocalDays
from scenarios.scenario import Break, Shift
from scenarios.units import DAY_S, clock_s

Steps = list[tuple[float, int]]


def _any_day(_: int) -> DayKind:
    return "monday"


def daily_steps(
    agents: Mapping[str, int],
    days: int,
    agents_on: Mapping[DayKind, Mapping[str, int]] | None = None,
    kind_of: Callable[[int], DayKind] = _any_day,
    local: LocalDays = ALIKE,
) -> Steps:
    """Return the steps of a roster told by time of day; before the first time, and on a holiday, there is nobody.

    Args:
        agents: the roster of each day.
        days: how many.
        agents_on: rosters of days of some kinds.
        kind_of: what kind a day is.
        local: when days begin.
    """
    rows: Steps = []
    for day in range(days):
        kind = kind_of(day)
        told = (agents_on or {}).get(kind, {} if kind == "holiday" else agents)
        ordered = sorted((clock_s(at), count) for at, count in told.items())
        if not ordered or ordered[0][0] > 0:
            rows.append((float(local.begins_s(day)), 0))
        rows += [(float(local.at_s(day, at)), count) for at, count in ordered if at < DAY_S]
    return rows if local.regular else list(dict(rows).items())  # of several at the change of a clock the last


def shift_steps(
    shifts: Iterable[Shift],
    days: int,
    kind_of: Callable[[int], DayKind] = _any_day,
    local: LocalDays = ALIKE,
) -> Steps:
    """Return the steps of shifts on the days on which they begin; those of the evening before go on in the first."""
    changes: dict[int, int] = {0: 0}
    for shift in shifts:
        for day in range(-1, days):
            if not shift.comes(kind_of(day)):
                continue
            for begins_s, ends_s, change in _spells(shift, day, local):
                for at_s, more in ((begins_s, change), (ends_s, -change)):
                    at_s = max(at_s, 0)
                    changes[at_s] = changes.get(at_s, 0) + more
    rows: Steps = []
    count = 0
    for at_s, change in sorted(changes.items()):
        count += change
        if at_s < local.begins_s(days) and (not rows or rows[-1][1] != count):
            rows.append((float(at_s), count))
    return rows


def rostered_s(steps: Steps, from_s: float, to_s: float) -> float:
    """Return the seconds of all agents together between two instants; who is there counts until the next step.

    >>> rostered_s([(0.0, 0), (100.0, 3), (200.0, 1)], 150.0, 1000.0)
    950.0
    """
    total = 0.0
    for (at_s, count), (until_s, _) in itertools.pairwise([*sorted(steps), (to_s, 0)]):
        total += count * max(min(until_s, to_s) - max(at_s, from_s), 0.0)
    return total


def shift_spell_s(shift: Shift) -> tuple[int, int]:
    """Return when a shift begins and ends, in seconds after the midnight before it begins."""
    begins_s, ends_s = clock_s(shift.starts), clock_s(shift.ends)
    return begins_s, ends_s if ends_s > begins_s else ends_s + DAY_S


def break_spell_s(pause: Break, shift: Shift) -> tuple[int, int]:
    """Return when a break of a shift begins and ends, in the seconds of `shift_spell_s`."""
    begins_s = clock_s(pause.starts)
    begins_s += DAY_S if begins_s < clock_s(shift.starts) else 0
    return begins_s, begins_s + pause.minutes * 60


def _spells(shift: Shift, day: int, local: LocalDays) -> Iterator[tuple[int, int, int]]:
    """Yield (from, to, agents more) in scenario seconds: the shift of a day, and its breaks with fewer."""
    begins_s, ends_s = (local.at_s(day, at_s) for at_s in shift_spell_s(shift))
    yield begins_s, ends_s, shift.agents
    free_from_s = begins_s
    for from_s, to_s in sorted(break_spell_s(pause, shift) for pause in shift.breaks):
        # a break is as long as told, also where the clock changes in it: but the shift ends, and the next waits
        starts_s = max(local.at_s(day, from_s), free_from_s)
        free_from_s = max(min(starts_s + to_s - from_s, ends_s), starts_s)
        yield starts_s, free_from_s, -shift.agents
