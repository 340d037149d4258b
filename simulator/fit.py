"""From a recorded contact log to a scenario: its arrivals, talk times, patience, and the one rule for who was there.

A call log tells who was answered by whom and when, but neither the roster nor the work after a call. One rule, the same
for every log, reads both from the agents' own contacts. It never looks at how many gave up: whether the simulated day
then loses as many callers as the recorded one is left to `compare`.

**On duty.** An agent is on duty from the start of a contact to the end of the last one before a gap of more than an
hour (`ABSENT_S`). Seats are the number on duty, to the instant.
**Wrap-up** is all that keeps an agent on duty from the next contact: after-work, breaks, whatever the log leaves out.
It is the gap from the end of a contact to the same agent's next, seen only while somebody waits, as a free agent would
then have taken the contact. By Kaplan and Meier's estimator with delayed entry: a gap is at risk from its beginning
where somebody is waiting then, and from `PICKUP_S` after a queue forms later in it; it ends with the next contact, and
is censored when the queue empties. What is longer than an hour is absence, so no gap is counted in both.
**Patience** by Kaplan and Meier: one who was answered would have waited longer. What the longest wait leaves open is
put at that wait (Efron 1967, Berkeley Symp. 4:831): nobody waits through the night.
**Talk** as recorded, one law per team.
**Teams.** One per channel. An intent has its own team where at least 80 % of its contacts, and 100, go to agents most
of whose contacts are of it.

The constants. An hour, because from 45 minutes to two hours the simulated abandonment of the three months we looked at
moves by less than .006, while half an hour cuts stretches at plain idleness where traffic is light: in synthetic logs
with known seats it errs by up to .008. 10 s, twice the median time to pick up under a queue; 3 s to 30 s move
abandonment by .001. Guarded by tests/simulator/test_fit.py.

Limits: it replays who was there, it does not forecast. Breaks that agents take in calm and give up in a rush look like
wrap-up of any moment, so waits below a minute come out too short; `simulator.unexplained` says by how much.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from results.clock import RunClock
from results.importing import UNKNOWN_AGENT
from results.log import wait_s
from results.runs import Run, write_whole
from scenarios.local_days import LocalDays, half_hours
from scenarios.mapping import ANSWERED_ENDS
from scenarios.scenario import DAYS_MOST, GATES_MOST
from scenarios.units import DAY_S, clock_text

Values = npt.NDArray[np.float64]

ABSENT_S = 3600.0
PICKUP_S = 10.0

OWN_TEAM_SHARE, OWN_TEAM_CONTACTS = 0.8, 100

QUEUED_ENDS = (*ANSWERED_ENDS, "abandoned", "callback", "message", "cleared_at_close")
"""Ends of contacts that sought a person while somebody was there: these are fitted and played again."""

POINTS_MOST = 2000
"""A law of more distinct times is thinned to these: 500 points move abandonment by .002, from 1,000 on by nothing."""

HALF_HOUR_S = 1800

Arrivals = Literal["replayed", "half_hourly"]


class FitError(ValueError):
    """A log cannot be fitted; the message says what it lacks."""


@dataclass(frozen=True)
class TimeLaw:
    """A distribution function as steps: `shares[i]` of times do not exceed `times_s[i]`."""

    times_s: Values = field(repr=False)
    shares: Values = field(repr=False)

    def points(self) -> list[tuple[float, float]]:
        """Return [share, seconds] for an empirical law: steps as they are, or thinned where there are too many."""
        if len(self.times_s) > POINTS_MOST:
            shares = np.linspace(0, 1, POINTS_MOST + 1)
            at = np.minimum(np.searchsorted(self.shares, shares - 1e-12), len(self.times_s) - 1)
            return [(float(share), float(time)) for share, time in zip(shares, self.times_s[at], strict=True)]
        before = np.r_[0.0, self.shares[:-1]]
        pairs = np.stack([before, self.times_s, self.shares, self.times_s], axis=1).reshape(-1, 2)
        return [(float(share), float(time)) for share, time in pairs]

    def mean_s(self) -> float:
        """Return the mean in seconds."""
        return float(np.sum(np.diff(self.shares, prepend=0.0) * self.times_s))

    def quantile_s(self, share: float) -> float:
        """Return the time that `share` of times do not exceed."""
        return float(self.times_s[min(int(np.searchsorted(self.shares, share - 1e-12)), len(self.times_s) - 1)])


@dataclass(frozen=True)
class FittedTeam:
    """A team read from the log: its seats through time, talk and wrap-up."""

    name: str
    channel: str
    intents: tuple[str, ...] | None
    seats: pd.DataFrame = field(repr=False)
    talk: TimeLaw
    wrap: TimeLaw | None
    agents: int
    contacts: int


@dataclass(frozen=True)
class Fitted:
    """All that is read from a log; `contacts` are those fitted, in order of arrival."""

    contacts: pd.DataFrame = field(repr=False)
    left_out: dict[str, int]
    teams: tuple[FittedTeam, ...]
    patience: dict[str, TimeLaw]
    open_ended: dict[str, float]
    """Per channel, the share whose patience outlasts every wait in the log."""


def fit(run: Run, scenario: Path, arrivals: Arrivals = "replayed") -> Path:
    """Write a scenario, with its tables beside it, from a recorded run; returns the scenario's path.

    Args:
        run: the recorded run.
        scenario: the file to write, NAME.yaml; the name is the scenario's.
        arrivals: `replayed` plays the recorded contacts again, day for day; `half_hourly` makes one typical day with
            the mean volumes and seats of each half hour.

    Raises:
        FitError: the run or its log lacks what a scenario needs, or the name is none.
    """
    name = scenario.stem
    if not (name.isascii() and name.isidentifier() and name.islower() and len(name) <= 40 and name[0] != "_"):
        raise FitError(f"{scenario} cannot name a scenario: lower case, digits and underscores, such as bank_january")
    if run.facts.get("kind") != "recorded":
        raise FitError(f"{run.folder} is a {run.facts.get('kind')} run: fit a run that `testdrive import` made")
    if scenario.exists():
        raise FitError(f"{scenario} is there already; name a new file with -o")
    lacking = [fact for fact in ("origin", "time_zone") if fact not in run.facts]
    if lacking:
        raise FitError(f"{run.folder}/run.json lacks {' and '.join(lacking)}: fit a run that `testdrive import` made")
    if int(run.facts.get("days", 1)) > DAYS_MOST:
        days = f"{run.facts['days']} days from {run.facts['origin']}"
        raise FitError(f"the log covers {days}, at most {DAYS_MOST} can be fitted: is a date mistyped?")
    fitted = fit_legs(run.table("legs"))
    scenario.parent.mkdir(parents=True, exist_ok=True)
    for table, text in _tables(name, fitted, arrivals):
        write_whole(scenario.parent / table, text)
    write_whole(scenario, "\n".join(_scenario(name, run, fitted, arrivals)) + "\n")
    return scenario


def fit_legs(legs: pd.DataFrame) -> Fitted:
    """Read teams, seats and laws from the legs of a recorded log; see the module's words."""
    first = legs[legs["leg"] == 0]
    queued = first["leg_end"].isin(QUEUED_ENDS)
    left_out = {str(end): int(count) for end, count in first.loc[~queued, "leg_end"].value_counts().items()}
    contacts = first[queued].sort_values(["arrived_s", "contact_id"], ignore_index=True)
    contacts = contacts.assign(wait_s=wait_s(contacts), answered=contacts["answered_s"].notna())
    if not contacts["answered"].any():
        raise FitError("nobody was answered in this log: nothing can be fitted")
    teams, patience, open_ended = [], {}, {}
    for channel, here in contacts.groupby("channel"):
        teams += list(_teams(str(channel), here))
        law, rest = patience_law(here)
        if law is not None:
            patience[str(channel)], open_ended[str(channel)] = law, rest
    return Fitted(contacts, left_out, tuple(teams), patience, open_ended)


def _teams(channel: str, contacts: pd.DataFrame) -> Iterator[FittedTeam]:
    served = contacts[contacts["answered"]]
    known = served[served["agent"].notna() & (served["agent"] != UNKNOWN_AGENT)]
    if known.empty:
        raise FitError(f"no answered contact on {channel} names its agent: seats cannot be read; map the agent column")
    own, agent_team = _own_teams(known)
    for team in ["", *own]:
        intents = {team} if team else set(contacts["intent"]) - set(own)
        ours = contacts[contacts["intent"].isin(intents)]
        calls = known[known["agent"].map(agent_team) == team]
        talks = ours.loc[ours["answered"] & ours["talk_s"].notna(), "talk_s"].to_numpy(dtype=float)
        if not len(talks) or calls.empty:
            raise FitError(f"no contact of {', '.join(sorted(intents))} on {channel} has a talk time and a known agent")
        values, counts = np.unique(talks, return_counts=True)
        yield FittedTeam(
            name=f"{channel}_{team or 'desk'}"[:40],
            channel=channel,
            intents=tuple(sorted(intents)) if own else None,
            seats=seats_on_duty(calls),
            talk=TimeLaw(values, np.cumsum(counts) / counts.sum()),
            wrap=wrap_up_law(calls, ours),
            agents=calls["agent"].nunique(),
            contacts=len(ours),
        )


def _own_teams(known: pd.DataFrame) -> tuple[list[str], pd.Series[str]]:
    """Return the intents with a team of their own, and each agent's team: one of them, or empty."""
    counts = pd.crosstab(known["agent"].to_numpy(dtype=object), known["intent"].to_numpy(dtype=object))
    main = counts.idxmax(axis=1).where(counts.max(axis=1) > counts.sum(axis=1) / 2, "")
    of_intent = counts.sum()
    own = [
        str(intent)
        for intent in counts.columns
        if intent != of_intent.idxmax()
        and of_intent[intent] >= OWN_TEAM_CONTACTS
        and counts.loc[main == intent, intent].sum() >= OWN_TEAM_SHARE * of_intent[intent]
    ]
    return own, main.where(main.isin(own), "")


# -- the rule --------------------------------------------------------------------------------------------------------


def _agent_calls(calls: pd.DataFrame) -> tuple[Values, Values, npt.NDArray[np.bool_]]:
    """Return start and end of contacts by agent and time, ends never falling, and which are an agent's first."""
    calls = calls.sort_values(["agent", "answered_s"], kind="stable")
    starts = calls["answered_s"].to_numpy(dtype=float)
    ends = calls.groupby("agent")["ended_s"].cummax().to_numpy(dtype=float)
    agents = calls["agent"].to_numpy(dtype=object)
    return starts, ends, np.r_[True, agents[1:] != agents[:-1]]


def seats_on_duty(calls: pd.DataFrame) -> pd.DataFrame:
    """Return seats through time from the contacts of known agents: columns from_s and agents (from then on)."""
    starts, ends, first = _agent_calls(calls)
    comes = first | (starts - np.r_[0.0, ends[:-1]] > ABSENT_S)
    goes = np.r_[comes[1:], True]
    times, place = np.unique(np.round(np.r_[starts[comes], ends[goes]], 6), return_inverse=True)
    change = np.bincount(place, weights=np.r_[np.ones(comes.sum()), -np.ones(goes.sum())])
    moved = change != 0
    return pd.DataFrame({"from_s": times[moved], "agents": np.cumsum(change)[moved].astype(int)})


def queue_spells(contacts: pd.DataFrame) -> tuple[Values, Values]:
    """Return beginnings and ends of the spells in which somebody was waiting."""
    waited = contacts[contacts["wait_s"] > 0].sort_values("arrived_s")
    begins = waited["arrived_s"].to_numpy(dtype=float)
    ends = np.maximum.accumulate(begins + waited["wait_s"].to_numpy(dtype=float))
    if not len(begins):
        return begins, ends
    new = np.flatnonzero(np.r_[True, begins[1:] > ends[:-1]])
    return begins[new], ends[np.r_[new[1:] - 1, len(begins) - 1]]


def wrap_up_law(calls: pd.DataFrame, contacts: pd.DataFrame) -> TimeLaw | None:
    """Return the law of gaps between an agent's contacts while somebody waits; None where no gap could be seen."""
    entered, left, ended = _gaps_under_a_queue(calls, contacts)
    if not ended.any():
        return None
    times, shares = kaplan_meier(entered, left, ended)
    kept = times <= ABSENT_S
    if not kept.any():
        return None
    return TimeLaw(times[kept], shares[kept] / shares[kept][-1])


def _gaps_under_a_queue(calls: pd.DataFrame, contacts: pd.DataFrame) -> tuple[Values, Values, npt.NDArray[np.bool_]]:
    """Return each gap's age when it came under a queue, when it left, and whether the next contact ended it.

    A gap is told once for each spell of a queue it meets; the last contact of all begins a gap without an end.
    """
    starts, ends, first = _agent_calls(calls)
    begun = np.round(ends, 6)
    over = np.maximum(np.round(np.where(np.r_[first[1:], True], np.inf, np.r_[starts[1:], np.inf]), 6), begun)
    spell_begins, spell_ends = (np.round(times, 6) for times in queue_spells(contacts))
    at_once = over <= begun
    low = np.where(
        at_once, np.searchsorted(spell_ends, begun, side="left"), np.searchsorted(spell_ends, begun, side="right")
    )
    high = np.searchsorted(spell_begins, np.minimum(over, begun + ABSENT_S), side="left")
    met = np.maximum(high - low, 0)
    gap = np.repeat(np.arange(len(begun)), met)
    spell = np.repeat(low, met) + np.arange(met.sum()) - np.repeat(np.cumsum(met) - met, met)
    formed = spell_begins[spell] - begun[gap]
    entered = np.where(formed <= 0, 0.0, formed + PICKUP_S)
    ended = over[gap] <= spell_ends[spell]
    left = np.where(ended, over[gap], spell_ends[spell]) - begun[gap]
    kept = (left > entered) | (formed <= 0)
    return entered[kept], left[kept], ended[kept]


def kaplan_meier(entered: Values, left: Values, ended: npt.NDArray[np.bool_]) -> tuple[Values, Values]:
    """Estimate a distribution function from times seen only in part: (times, shares not above them).

    Kaplan and Meier (1958) with delayed entry, which scipy.stats.ecdf does not know. At risk at time x are those with
    entered < x <= left; who entered at 0 is at risk from the beginning, so that times of 0 count.

    >>> times, shares = kaplan_meier(np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([True, False, True]))
    >>> times.tolist(), shares.round(3).tolist()
    ([1.0, 3.0], [0.333, 1.0])
    """
    times = np.unique(left[ended])
    entered = np.where(entered <= 0, -1.0, entered)
    at_risk = np.searchsorted(np.sort(entered), times, "left") - np.searchsorted(np.sort(left), times, "left")
    ends = np.bincount(np.searchsorted(times, left[ended]), minlength=len(times))
    return times, np.asarray(1.0 - np.cumprod(1.0 - ends / at_risk), dtype=float)


def patience_law(contacts: pd.DataFrame) -> tuple[TimeLaw | None, float]:
    """Return the law of patience on one channel, and the share that outlasts every wait; None where nobody gave up.

    Who was answered at once tells nothing of patience and is left out.
    """
    gave_up = (contacts["leg_end"] == "abandoned").to_numpy(dtype=bool)
    waits = contacts["wait_s"].to_numpy(dtype=float)
    told = gave_up | (waits > 0)
    if not gave_up.any():
        return None, 1.0
    sample = stats.CensoredData(uncensored=waits[gave_up], right=waits[told & ~gave_up])
    found = stats.ecdf(sample).cdf
    times, shares = np.asarray(found.quantiles, dtype=float), np.asarray(found.probabilities, dtype=float)
    steps = np.diff(shares, prepend=0.0) > 0
    rest = float(1 - shares[-1])
    steps[-1] = True
    times, shares = times[steps], shares[steps]
    shares[-1] = 1.0
    return TimeLaw(times, shares), rest


# -- what is written -------------------------------------------------------------------------------------------------


def _tables(name: str, fitted: Fitted, arrivals: Arrivals) -> Iterator[tuple[str, str]]:
    """Yield the CSV tables: file name and text."""
    for team in fitted.teams:
        yield f"{name}_{team.name}_talk.csv", _law_csv(team.talk)
        if team.wrap is not None:
            yield f"{name}_{team.name}_wrap.csv", _law_csv(team.wrap)
        if arrivals == "replayed":
            yield f"{name}_{team.name}_agents.csv", team.seats.to_csv(index=False, float_format="%.6f")
    for channel, law in fitted.patience.items():
        yield f"{name}_{channel}_patience.csv", _law_csv(law)
    if arrivals == "replayed":
        rows = fitted.contacts[["contact_id", "arrived_s", "channel", "intent", "customer_id"]]
        yield (
            f"{name}_arrivals.csv",
            rows.rename(columns={"arrived_s": "due_s"}).to_csv(index=False, float_format="%.6f"),
        )


def _law_csv(law: TimeLaw) -> str:
    return "share,time_s\n" + "".join(f"{share:.9g},{time:.6g}\n" for share, time in law.points())


def _scenario(name: str, run: Run, fitted: Fitted, arrivals: Arrivals) -> Iterator[str]:
    """Yield the lines of the scenario file."""
    facts = run.facts
    origin = datetime.datetime.fromisoformat(str(facts["origin"]))
    local = RunClock.of(facts).local
    arrived_s = fitted.contacts["arrived_s"].to_numpy(dtype=np.float64)
    days: list[int] = sorted(set(local.days_at(arrived_s).tolist()))
    of_day_s = fitted.contacts["arrived_s"].copy()
    of_day_s[:] = local.clocks_s(arrived_s)
    all_hours = _hours(fitted, of_day_s)
    covered = int(facts.get("days", days[-1] + 1))
    yield f"# Fitted by `testdrive fit` from run {run.run_id}" + (f", log {facts['log']}." if "log" in facts else ".")
    if facts.get("acknowledge"):
        yield f"# Source: {' '.join(str(facts['acknowledge']).split())}"
    yield f"# {len(fitted.contacts):,} contacts on {len(days)} days" + (
        "; left out: " + ", ".join(f"{count:,} {end}" for end, count in fitted.left_out.items())
        if fitted.left_out
        else ""
    )
    yield "# Seats and wrap-up are not in the log; they are read from it by one rule, told in simulator/fit.py, which"
    yield "# never looks at how many gave up. It tells who was there on these days; it does not forecast."
    yield f"scenario: {name}"
    what = "as recorded" if arrivals == "replayed" else "a typical day"
    yield f"title: {len(fitted.contacts):,} recorded contacts from {_day(origin, days[0])}, {what}"
    yield f"time_zone: {facts['time_zone']}"
    yield f'starts: "{_day(origin, 0 if arrivals == "replayed" else days[0])}"'
    yield f"days: {covered if arrivals == 'replayed' else 1}"
    yield "\nchannels:  # hours: the whole hours in which contacts arrived"
    for channel, (opens, closes) in all_hours.items():
        yield f"  {channel}: {{opens: {clock_text(opens)}, closes: {clock_text(closes)}}}"
    yield "\nintents:"
    for intent in sorted(set(fitted.contacts["intent"])):
        yield f"  {intent}: recorded as {intent}"
    if arrivals == "replayed":
        yield f"\nreplay: {{csv: {name}_arrivals.csv}}"
    else:
        yield f"\n# Mean contacts in each half hour over the {len(days)} days that had any; days differ more than this."
        yield "demand:"
        yield from _demand(fitted, all_hours, of_day_s, _exposure(local, days))
    yield "\nteams:"
    for team in fitted.teams:
        yield from _team_lines(name, team, arrivals, days, all_hours[team.channel], local)
    if fitted.patience:
        yield "\n# Kaplan-Meier: one who was answered would have waited longer."
        yield "patience:"
        for channel, law in fitted.patience.items():
            yield f"  # median {law.quantile_s(0.5):.0f} s; {fitted.open_ended[channel]:.1%} outlast the longest wait"
            yield f"  {channel}: {{law: empirical, points_csv: {name}_{channel}_patience.csv}}"
    yield "\n# Waits below a minute are not gated: the log does not say who rested while nobody waited."
    yield "gates:"
    yield from _gates(fitted)


def _day(origin: datetime.datetime, day: int) -> str:
    return (origin.date() + datetime.timedelta(days=day)).isoformat()


def _exposure(local: LocalDays, days: list[int]) -> Values:
    """Return by half-hour of the clock how many times these days have it: where clocks change, twice or never."""
    halves = half_hours(local, max(days) + 1)
    inside = np.isin(halves.day, days)
    lengths = np.diff(halves.begins_s)[inside] / HALF_HOUR_S
    return np.bincount(halves.slot[inside], lengths, minlength=DAY_S // HALF_HOUR_S).astype(np.float64)


def _hours(fitted: Fitted, of_day_s: pd.Series[float]) -> dict[str, tuple[int, int]]:
    """Return each channel's opening hours: the whole hours of the day in which contacts arrived."""
    hours = {}
    for channel, times in of_day_s.groupby(fitted.contacts["channel"]):
        hours[str(channel)] = int(times.min() // 3600) * 3600, (int(times.max() // 3600) + 1) * 3600
    return hours


def _demand(
    fitted: Fitted, hours: dict[str, tuple[int, int]], of_day_s: pd.Series[float], exposure: Values
) -> Iterator[str]:
    for (channel, intent), rows in fitted.contacts.groupby(["channel", "intent"]):
        opens, closes = hours[str(channel)]
        interval = ((of_day_s[rows.index] - opens) // HALF_HOUR_S).astype(int)
        counts = np.bincount(interval, minlength=(closes - opens) // HALF_HOUR_S)
        times = exposure[opens // HALF_HOUR_S :][: len(counts)]
        means = np.divide(counts, times, out=np.zeros(len(counts)), where=times > 0)
        yield f"  - intent: {intent}"
        yield f"    channels: {{{channel}: 1}}"
        yield f"    starts: {clock_text(opens)}"
        yield f"    contacts: [{', '.join(f'{mean:.4g}' for mean in means)}]"


def _team_lines(
    name: str, team: FittedTeam, arrivals: Arrivals, days: list[int], hours: tuple[int, int], local: LocalDays
) -> Iterator[str]:
    seat_hours = float(np.sum(np.diff(team.seats["from_s"]) * team.seats["agents"].to_numpy()[:-1])) / 3600
    yield f"  {team.name}:"
    yield f"    channels: [{team.channel}]"
    if team.intents is not None:
        yield f"    skills: [{', '.join(team.intents)}]"
    yield f"    # {team.agents} agents, {seat_hours / len(days):.1f} seat-hours a day"
    if arrivals == "replayed":
        yield f"    agents_csv: {name}_{team.name}_agents.csv"
    else:
        yield (
            "    agents: {"
            + ", ".join(f"{at}: {count}" for at, count in _typical_day(team.seats, days, hours, local))
            + "}"
        )
    yield f"    service:  # mean {team.talk.mean_s():.0f} s, median {team.talk.quantile_s(0.5):.0f} s"
    yield f"      default: {{law: empirical, points_csv: {name}_{team.name}_talk.csv}}"
    if team.wrap is None:
        yield "    # wrap-up: none, as nobody ever waited while an agent was between two contacts"
    else:
        mean_s, median_s, long_s = team.wrap.mean_s(), team.wrap.quantile_s(0.5), team.wrap.quantile_s(0.9)
        yield f"    # wrap-up: mean {mean_s:.0f} s, median {median_s:.0f} s, one in ten over {long_s:.0f} s"
        yield f"    wrap: {{law: empirical, points_csv: {name}_{team.name}_wrap.csv}}"


def _typical_day(
    seats: pd.DataFrame, days: list[int], hours: tuple[int, int], local: LocalDays
) -> Iterator[tuple[str, int]]:
    """Yield the mean seats of each half hour as whole numbers; what rounding takes is carried to the next."""
    at, count = seats["from_s"].to_numpy(dtype=float), seats["agents"].to_numpy(dtype=float)
    seconds = np.r_[0.0, np.cumsum(np.diff(at) * count[:-1])]
    carried, before = 0.0, -1
    for start in range(hours[0], hours[1], HALF_HOUR_S):
        told = [[local.at_s(day, start), local.at_s(day, start + HALF_HOUR_S)] for day in days]
        edges = np.array(told, dtype=float)
        lasts_s = max(float(np.diff(edges, axis=1).mean()), 1.0)  # of days on which the clock shows it at all
        mean = float(np.diff(np.interp(edges, at, seconds), axis=1).mean()) / lasts_s
        whole = max(round(mean + carried), 0)
        carried += mean - whole
        if whole != before:
            yield clock_text(start), whole
            before = whole
    if hours[1] < DAY_S:
        yield clock_text(hours[1]), 0


def _gates(fitted: Fitted) -> Iterator[str]:
    """Yield the gates: at most six, those that tell most first, the busiest channels first."""
    channels = list(fitted.contacts["channel"].value_counts().index)
    lines = [
        f"  - {{metric: {metric}, channel: {channel}}}".replace("}", f", {tolerance}}}")
        for metric, tolerance in (
            ("abandonment", "tolerance_absolute: 0.03"),
            ("wait_s_mean", "tolerance_relative: 0.5"),
            ("talk_s_mean", "tolerance_relative: 0.10"),
            ("service_level_offered", "within_s: 60, tolerance_absolute: 0.07"),
        )
        for channel in channels
        if metric != "abandonment" or channel in fitted.patience
    ]
    yield from lines[:GATES_MOST]
