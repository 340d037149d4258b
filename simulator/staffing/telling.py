"""What the search for the cheapest people tells: seats, goals, what one more is worth, what binds, how sure it is.

Read from a search that has ended, or was interrupted. Refuses to search on: what was not played is not known.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.roster import Roster
from results.staffing import (
    GOAL_COLUMNS,
    NO_ROSTER,
    NOT_VERIFIED,
    OUT_OF_REACH,
    REQUIREMENT_COLUMNS,
    SAMPLED,
    VERIFIED,
    Staffing,
    records_of,
)
from results.staffing_words import out_of_reach_text, short_text
from scenarios.reading import LoadedScenario
from scenarios.rosters import rostered_s
from scenarios.units import clock_text
from simulator.staffing.master import solve
from simulator.staffing.problem import Seats
from simulator.staffing.searching import cuts_of
from simulator.staffing.starting import hours_priced, present_share, today_of
from simulator.staffing.verifying import ALPHA, FRESH_FIRST, Judged, Verified

if TYPE_CHECKING:
    from simulator.staffing.cheapest import Work

Values = npt.NDArray[np.float64]

BINDS_ERRORS = 1.0
"""A goal whose slack is within so many standard errors of what is asked binds."""


def told(work: Work, wall_s: float) -> Staffing:
    """Return what came out."""
    assert work.found is not None
    loaded, grid, seats = work.desk.loaded, work.grid, work.seats()
    if not work.whole and work.state == NOT_VERIFIED:
        work.state = SAMPLED
    today = today_of(loaded, grid.teams, grid.begins_s)
    hours = np.diff(np.append(grid.begins_s, loaded.horizon_s)) / 3600
    there = np.array([present_share(loaded.scenario.teams[name]) for name in grid.teams])
    wage = grid.price[:, 0] / hours[0]
    paid_today = np.array([_paid_h(loaded, name) for name in grid.teams])
    paid = (seats * hours).sum(axis=1)
    people = [name for name, team in loaded.scenario.teams.items() if not team.self_service]
    currency = loaded.scenario.customers.currency if loaded.scenario.customers else None
    price_unit = "h" if hours_priced(loaded, grid.teams) is None else "money"
    cost_unit = price_unit if work.people is None else "money"
    cost = float(wage @ paid)
    cost_today = float(wage @ paid_today) if cost_unit == price_unit else None
    paid_h, people_rostered = float(paid.sum()), _roster(work)
    if work.chosen is not None:
        cost, cost_today = work.chosen.cost, work.chosen.cost_today
    elif work.desk.money:
        cost, cost_today = work.found.cost, None
    if work.people is not None:
        cost, paid_h = work.people.solved.cost, people_rostered.paid_h if people_rostered else 0.0
    goals = _goals(work)
    return Staffing(
        work.state, "money" if work.desk.money else "cost", _requirement(work, seats, today, there, goals),
        goals, grid.teams, tuple(one for one in people if one not in grid.teams),
        cost, cost_today, currency, price_unit, cost_unit,
        paid_h, float(paid_today.sum()), float(there @ paid), float(there @ paid_today),
        _bound(work), 1 - ALPHA, _guarantee(work), _notes(work, goals), work.whole, work.desk.seed, grid.minutes,
        loaded.scenario.days, len(work.numbers), _fresh_played(work), FRESH_FIRST, work.candidates,
        work.search.single_moves, work.player.plays, wall_s, people_rostered,
    )  # fmt: skip


def _roster(work: Work) -> Roster | None:
    return work.people.solved.roster if work.people is not None else None


def _fresh_played(work: Work) -> int:
    if work.chosen is not None:
        return work.chosen.replications
    verified = _verified(work)
    return verified.replications if verified is not None else 0


def _verified(work: Work) -> Verified | None:
    """Return what fresh replications say of those people that are told; None where they never were played on any."""
    known = work.verified
    return known if known is not None and np.array_equal(known.seats, work.seats()) else None


def _judged(work: Work) -> tuple[Judged, ...]:
    verified = _verified(work)
    return verified.judged if verified is not None else ()


def _goals(work: Work) -> pd.DataFrame:
    assert work.found is not None
    now, rows = work.found.now, []
    binding = _binding(work)
    units = [{"unit": aim.unit, "gain_unit": aim.gain_unit} for aim in work.desk.aims]
    for at, one in enumerate(_judged(work)):
        row = dataclasses.asdict(one)
        rows.append({"goal": row.pop("name"), **units[at], **row, "binds": bool(binding[at])})
    if not rows:  # not verified: what the sample says, without an interval
        for at, aim in enumerate(work.desk.aims):
            slacks = work.found.sample.slack[:, at]
            slack = float(np.nanmean(slacks)) if not np.isnan(slacks).all() else math.nan
            value = aim.value(slack) if aim.goal is not None and aim.on_days is None else math.nan
            unknown = dict.fromkeys(("low", "high", "days_low", "days_high", "short"), math.nan)
            rows.append(
                {"goal": aim.name, **units[at], "value": value, "kept_on": float(now.kept_on[at]),
                 "verdict": "not verified", "slack": slack, "is_goal": aim.goal is not None,
                 "binds": bool(binding[at]), **unknown}
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(GOAL_COLUMNS))


def _binding(work: Work) -> npt.NDArray[np.bool_]:
    assert work.found is not None
    error = np.nan_to_num(work.found.now.error, posinf=0.0)
    return np.asarray(work.found.now.slack - work.search.margin <= BINDS_ERRORS * error)


def _requirement(work: Work, seats: Seats, today: Values, there: Values, goals: pd.DataFrame) -> pd.DataFrame:
    grid, rows = work.grid, []
    needed = work.needed.seats if work.people is not None and work.needed is not None else seats
    local, binding = work.desk.loaded.scenario.local_days, _binding(work)
    names = [aim.name for aim in work.desk.aims]
    for at, team in enumerate(grid.teams):
        for cell, at_s in enumerate(grid.begins_s):
            worth, binds = _worth(work, at, cell, binding, names)
            rows.append(
                (team, float(at_s), int(work.days[cell]), clock_text(int(local.clock_s(at_s))),
                 int(needed[at, cell]), int(seats[at, cell]), float(today[at, cell]),
                 float(seats[at, cell] * there[at]),
                 float(grid.price[at, cell]), worth, binds)
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(REQUIREMENT_COLUMNS))


def _worth(work: Work, team: int, cell: int, binding: npt.NDArray[np.bool_], names: Sequence[str]) -> tuple[float, str]:
    """Return by how much one agent more betters the aim that binds there most, and which it is."""
    if work.effects is None or work.grid.most[team, cell] == 0:
        return math.nan, ""
    if not names:
        return float(work.effects.money_more[team, cell]), "money saved"
    assert work.found is not None
    error = np.maximum(np.nan_to_num(work.found.now.error, posinf=1.0), 1e-12)
    gains = np.where(binding, work.effects.slope[:, team, cell] / error, -np.inf)
    most = int(gains.argmax())
    if not np.isfinite(gains[most]) or gains[most] <= 0:
        return 0.0, ""
    return float(work.effects.more[most, team, cell]), names[most]


def _bound(work: Work) -> float | None:
    """Return what the cuts at the end say seats cannot cost less than, on the sample."""
    if work.effects is None or work.desk.money or work.state in (OUT_OF_REACH, NO_ROSTER):
        return None
    if work.people is not None:
        return work.people.bound
    found = work.search.look(work.seats())
    asked = -(found.now.slack - work.search.margin)
    cuts = list(cuts_of([aim.name for aim in work.desk.aims], work.effects.slope, found.seats, asked))
    near = dataclasses.replace(
        work.grid,
        least=np.maximum(work.grid.least, found.seats - 1),
        most=np.minimum(work.grid.most, found.seats + 1),
    )
    try:
        return min(solve(near, cuts, None, 5.0).bound, found.cost)
    except AssertionError:  # the optimiser has found nothing in its time
        return None


def _guarantee(work: Work) -> str:
    if work.desk.money:
        return work.chosen.words if work.chosen is not None else "interrupted: nothing was verified"
    n, first = _fresh_played(work), FRESH_FIRST * max(work.candidates, 1)
    if work.state == VERIFIED:
        tried = "1 candidate was tried"
        if work.candidates > 1:
            tried = f"{work.candidates} candidates were tried, and the risk of an error is split over them"
        return (
            f"All goals hold together with {100 * (1 - ALPHA):.0f} % confidence, in the world that the scenario "
            f"tells of: shown on {n} fresh replications (numbers {first} to {first + n - 1} of seed "
            f"{work.desk.seed}) that the search never saw; {tried}."
        )
    if work.state == OUT_OF_REACH and not n:
        return f"Interrupted: on the {len(work.numbers)} replications sampled not even the most people reach all goals."
    if work.state == OUT_OF_REACH:
        return f"Not even the most people reach all goals; figures are of {n} fresh replications with all of them."
    if work.state == NO_ROSTER:
        return "Nothing is promised: no roster under these rules keeps what is asked; the nearest one is told."
    if work.state == NOT_VERIFIED:
        return f"Nothing is promised: of {work.candidates} candidates none was shown to keep all goals."
    tried = f", but {n} fresh ones have not shown it" if n else ""
    return (
        f"Nothing is promised: interrupted; on the {len(work.numbers)} replications sampled the goals are kept{tried}."
    )


def _notes(work: Work, goals: pd.DataFrame) -> tuple[str, ...]:
    notes = list(work.people.solved.loosen) if work.people is not None and work.state == NO_ROSTER else []
    if not work.whole and work.state in (VERIFIED, NO_ROSTER):
        notes.append("Interrupted before it was measured what one agent more is worth")
    for row, aim in zip(records_of(goals), work.desk.aims, strict=True):
        if row["verdict"] in ("kept", "not verified"):
            continue
        if work.state == OUT_OF_REACH:
            notes.append(out_of_reach_text(row, aim.goal is not None and aim.goal.at_least is not None))
        elif work.state == NOT_VERIFIED:
            notes.append(short_text(row, aim.on_days is not None))
    return tuple(notes)


def _paid_h(loaded: LoadedScenario, team: str) -> float:
    return rostered_s(loaded.roster_paid(team), 0.0, loaded.horizon_s) / 3600
