"""A loaded scenario with other volumes than its own: under a profile, multiplied, or from a recorded log.

What cannot be played properly is refused. Simulator, plan and probes all read the scenario that comes out, whose hash
is its own, and so meet the same customers.

>>> from scenarios.reading import HERE, load_scenario
>>> quiet = load_scenario(HERE / "quiet_tuesday.yaml")
>>> busy = profiled(quiet, Asked(factor=1.5, starts="10:00", lasts_s=600))
>>> busy.profile.begins_s, busy.profile.ends_s, busy.hash == quiet.hash
(36000.0, 36600.0, False)
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from scenarios.faults import one_of
from scenarios.profile_checks import timed, troubles
from scenarios.profiles import VOLUME_MOST, Profile, Stage, TimedProfile
from scenarios.reading import LoadedScenario
from scenarios.references import is_served
from scenarios.tables import Arrival
from scenarios.units import DAY_S, clock_s
from scenarios.yaml_reader import dotted

WINDOW = "window"
"""The profile, and its stage, that a window of a day makes."""

ROWS_TOLD = 5


class ProfileError(ValueError):
    """A scenario cannot be played at the volumes that were asked for; the message says why, and what can."""


@dataclass(frozen=True)
class Asked:
    """Volumes that were asked for: a profile by name or a window of a day, and a factor on top."""

    profile: str | None = None
    factor: float | None = None
    starts: str | None = None
    """From when, as HH:MM of the first day, or as DAY.HH:MM with days from 0."""
    lasts_s: float | None = None


def profiled(loaded: LoadedScenario, asked: Asked) -> LoadedScenario:
    """Return a scenario with the volumes that were asked for; the same one where nothing was.

    Raises:
        ProfileError: they are none that it can be played at.
    """
    if asked == Asked():
        return loaded
    profile = _timed(loaded, asked)
    found = next(troubles(loaded.scenario, loaded.expected, loaded.arrivals, profile), None)
    if found is not None:
        what = f"profile {profile.name}" if asked.profile else "what was asked for"
        where = f"{dotted(found.key)} " if found.key else ""
        raise ProfileError(f"{loaded.path}: {what}: {where}is {found.found}; expected {found.expected}")
    hashed = hashlib.blake2b(f"{loaded.hash} {profile}".encode(), digest_size=8).hexdigest()
    since = loaded.then(functools.partial(profiled, asked=asked))
    return dataclasses.replace(loaded, hash=hashed, profile=profile, since=since)


def _timed(loaded: LoadedScenario, asked: Asked) -> TimedProfile:
    scenario, factor = loaded.scenario, 1.0 if asked.factor is None else asked.factor
    if not 0 <= factor <= VOLUME_MOST:
        raise ProfileError(f"--factor {factor:g}; expected a number from 0 to {VOLUME_MOST:.0f}")
    if (asked.starts is None) != (asked.lasts_s is None):
        raise ProfileError("--from HH:MM and --for SECONDS together say which part of a day is played")
    if asked.profile is not None and asked.starts is not None:
        raise ProfileError(f"either --profile {asked.profile}, which says when it starts, or --from {asked.starts}")
    if asked.profile is not None:
        if asked.profile not in scenario.profiles:
            expected = one_of(scenario.profiles, asked.profile)
            raise ProfileError(f"{loaded.path} has no profile {asked.profile!r}; expected {expected}")
        return timed(scenario, asked.profile, scenario.profiles[asked.profile], factor)
    if asked.starts is None or asked.lasts_s is None:
        return TimedProfile(None, factor=factor)
    return timed(scenario, WINDOW, _window(scenario.days, asked.starts, asked.lasts_s), factor)


def _window(days: int, starts: str, lasts_s: float) -> Profile:
    day, _, clock = starts.rpartition(".")
    try:
        clock_s(clock)
        known = not day or (day.isascii() and day.isdecimal() and int(day) < days)
    except ValueError:
        known = False
    if not known:
        raise ProfileError(f"--from {starts}; expected HH:MM, or DAY.HH:MM with a day from 0 to {days - 1}")
    if not 0 < lasts_s <= DAY_S:
        raise ProfileError(f"--for {lasts_s:g}; expected seconds, more than 0 and at most {DAY_S}")
    return Profile(starts=clock, day=int(day or 0), stages=[Stage(stage=WINDOW, lasts_s=lasts_s, factor=(1.0, 1.0))])


def replayed(loaded: LoadedScenario, arrivals: Sequence[Arrival], digest: str) -> LoadedScenario:
    """Return a scenario to which recorded contacts come, each as it came, and nobody else.

    Args:
        loaded: the scenario; its days may have to be as many as the log's.
        arrivals: the recorded contacts.
        digest: of where they were read from.

    Raises:
        ProfileError: none of them is there, or the scenario does not know or serve some.
    """
    scenario = loaded.scenario
    strange: dict[str, int] = {}
    intents: list[str] = list(scenario.intents)
    teams = {name: team.model_dump(mode="json") for name, team in scenario.teams.items()}
    served = {
        (channel, intent): channel in scenario.channels
        and intent in intents
        and is_served(channel, intent, intents, teams)
        for channel, intent in {(one.channel, one.intent) for one in arrivals}
    }
    for one in arrivals:
        if not served[one.channel, one.intent]:
            name = f"{one.channel} for {one.intent}"
            strange[name] = strange.get(name, 0) + 1
    if strange:
        told = ", ".join(f"{what} ({count})" for what, count in sorted(strange.items())[:ROWS_TOLD])
        raise ProfileError(
            f"{loaded.path} has no team for contacts of the recorded log: {told}; give it channels, intents and teams "
            f"of these names"
        )
    if not any(one.due_s < loaded.horizon_s for one in arrivals):
        raise ProfileError(
            f"the recorded log holds no contact in the {scenario.days} day(s) of {loaded.path}; see --days"
        )
    hashed = hashlib.blake2b(f"{loaded.hash} {digest}".encode(), digest_size=8).hexdigest()
    alone = scenario.model_copy(update={"demand": []})
    since = loaded.then(functools.partial(replayed, arrivals=arrivals, digest=digest))
    return dataclasses.replace(loaded, scenario=alone, hash=hashed, contacts={}, arrivals=list(arrivals), since=since)
