"""A programme's wave as contacts: how many in each stratum, on which days, at which minute, by whom.

Shops are shared out over site x journey x daypart by weight, each stratum's days in turn, so that no weekday is left
out; the minute is drawn within the daypart. All is keyed by the programme and the wave: asked again it is the same.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from cronsim import CronSim

from probes.errand import Cast, Errand, NothingToPlayError, journeys_hash, journeys_scenario
from scenarios.calendar import WEEKDAYS, open_spell_s
from scenarios.draws import Purpose, uniform, visit
from scenarios.identity import case_id, contact_id, recorded_entity
from scenarios.journey import Journey, journey_named
from scenarios.persona import PersonaKind, persona_named
from scenarios.plan import PLAN_COLUMNS
from scenarios.programme import Programme, Wave
from scenarios.reading import LoadedScenario

Z_95 = 1.959964
"""Of the normal law: 95 % lie within so many standard deviations."""


@dataclass(frozen=True)
class Shop:
    """One shop of a wave."""

    number: int
    site: str
    journey: str
    daypart: str
    at: datetime.datetime
    identity: int


def days_of(programme: Programme, wave: Wave) -> list[datetime.date]:
    """Return the days on which a wave's shops may be played."""
    day, last = datetime.date.fromisoformat(wave.first), datetime.date.fromisoformat(wave.last)
    due = _days_due(programme, day, last)
    found = []
    while day <= last:
        if day in due and (not programme.weekdays or WEEKDAYS[day.weekday()] in programme.weekdays):
            found.append(day)
        day += datetime.timedelta(days=1)
    return found


def _days_due(programme: Programme, first: datetime.date, last: datetime.date) -> set[datetime.date]:
    before = datetime.datetime.combine(first, datetime.time()) - datetime.timedelta(seconds=1)
    due = set()
    for instant in CronSim(programme.schedule, before):
        if instant.date() > last:
            break
        due.add(instant.date())
    return due


def shops_of(programme: Programme, wave: Wave) -> list[Shop]:
    """Return a wave's shops in the order of their time.

    Raises:
        NothingToPlayError: no day is left, or too few identities for the lock-out.
    """
    days = days_of(programme, wave)
    if not days:
        raise NothingToPlayError(f"wave {wave.wave} has no day: {wave.first} to {wave.last}, less what is not wanted")
    zone = ZoneInfo(programme.time_zone)
    told: list[tuple[datetime.datetime, str, str, str]] = []
    for place, (stratum, count) in enumerate(_strata(programme, wave.contacts).items()):
        site, journey, daypart = stratum
        opens_s, closes_s = open_spell_s(programme.dayparts[daypart])
        for k in range(count):
            key = recorded_entity(f"{programme.programme}.{wave.wave}.{place}.{k}")
            u = uniform(1, 0, key, visit(0, 1, 0), int(Purpose.INSTANT), 0)
            day = days[(place * 7 + k * max(len(days) // max(count, 1), 1)) % len(days)]
            midnight = datetime.datetime.combine(day, datetime.time(), tzinfo=zone)
            at = midnight + datetime.timedelta(seconds=int(opens_s + u * (closes_s - opens_s)))
            told.append((at, site, journey, daypart))
    told.sort()
    identities = _identities(programme, [(at, site) for at, site, _, _ in told])
    return [
        Shop(number, site, journey, daypart, at, identity)
        for number, ((at, site, journey, daypart), identity) in enumerate(zip(told, identities, strict=True))
    ]


def _strata(programme: Programme, contacts: int) -> dict[tuple[str, str, str], int]:
    """Share contacts out by weight: whole ones first, what is left to the largest fractions."""
    weights = {
        (site, journey, daypart): weight * programme.daypart_weights.get(daypart, 1.0)
        for site in programme.sites
        for journey, weight in programme.journeys.items()
        for daypart in programme.dayparts
    }
    whole = sum(weights.values())
    shares = {stratum: contacts * weight / whole for stratum, weight in weights.items()}
    counts = {stratum: math.floor(share) for stratum, share in shares.items()}
    left = sorted(shares, key=lambda stratum: counts[stratum] - shares[stratum])[: contacts - sum(counts.values())]
    return {stratum: count + (stratum in left) for stratum, count in counts.items()}


def _identities(programme: Programme, visits: list[tuple[datetime.datetime, str]]) -> Iterator[int]:
    """Yield who comes to each visit: whoever has not been at the site for longest, and not within the lock-out."""
    if programme.identities is None:
        yield from range(len(visits))
        return
    been: dict[tuple[int, str], datetime.datetime] = {}
    times: Counter[int] = Counter()
    lock_out = datetime.timedelta(days=programme.lock_out_days)
    for at, site in visits:
        free = [
            one for one in range(programme.identities) if (one, site) not in been or at - been[one, site] >= lock_out
        ]
        if not free:
            raise NothingToPlayError(
                f"{programme.identities} identities are too few: on {at:%Y-%m-%d} all of them have been at {site} "
                f"within {programme.lock_out_days} days"
            )
        chosen = min(free, key=lambda one: (times[one], one))
        been[chosen, site] = at
        times[chosen] += 1
        yield chosen


def wave_errand(programme: Programme, folder: Path, wave: Wave, site: str, seed: int) -> Errand:
    """Return a wave's shops at one site as contacts to play, in seconds from local midnight of its first day.

    Raises:
        NothingToPlayError: the wave has no shop there.
        scenarios.faults.FaultsFoundError: a journey or persona is missing or faulty.
    """
    journeys = {name: journey_named(name, folder) for name in programme.journeys}
    kinds = [persona_named(name, folder) for name in programme.personas]
    shops = [shop for shop in shops_of(programme, wave) if shop.site == site]
    if not shops:
        raise NothingToPlayError(f"wave {wave.wave} has no shop at {site}; it has {wave.contacts} in all")
    origin = datetime.datetime.combine(
        datetime.date.fromisoformat(wave.first), datetime.time(), tzinfo=ZoneInfo(programme.time_zone)
    )
    rows, cast_kinds, names = [], dict[str, PersonaKind](), dict[str, str]()
    for shop in shops:
        customer = f"{programme.programme}.{wave.wave}.{shop.number:05d}"
        journey = journeys[shop.journey]
        kind = _kind(journey, kinds, shop.identity, folder)
        if kind is not None:
            cast_kinds[customer] = kind
        names[customer] = f"{programme.programme}.{shop.identity:05d}"
        rows.append(
            {
                "customer_id": customer, "case_id": case_id(customer, 0), "contact_id": contact_id(customer, 0, 1),
                "attempt": 1, "channel": journey.channel, "intent": _intent(journey), "journey": shop.journey,
                "language": kind.language if kind else "en", "played_by": "shopper",
                "due_s": (shop.at - origin).total_seconds(), "patience_s": np.inf, "entity": recorded_entity(customer),
            }
        )  # fmt: skip
    days = (datetime.date.fromisoformat(wave.last) - datetime.date.fromisoformat(wave.first)).days + 1
    scenario = journeys_scenario(list(journeys.values()), seed, days).model_copy(
        update={"scenario": programme.programme, "title": f"{programme.title}: {wave.wave}, {site}",
                "time_zone": programme.time_zone, "starts": wave.first}
    )  # fmt: skip
    loaded = LoadedScenario(folder / "programme", scenario, journeys_hash(journeys), {}, {}, [])
    plan = pd.DataFrame(rows, columns=list(PLAN_COLUMNS)).astype({"entity": np.uint64})
    facts = {
        "programme": programme.programme, "version": programme.version, "wave": wave.wave, "site": site,
        "review": programme.review.model_dump(), "recognised": programme.recognised,
    }  # fmt: skip
    cast = Cast(cast_kinds, {}, names)
    return Errand(loaded, plan, seed, journeys, False, cast, folder / "journeys", origin.timestamp(), facts)


def _kind(journey: Journey, kinds: list[PersonaKind], identity: int, folder: Path) -> PersonaKind | None:
    if kinds:
        return kinds[identity % len(kinds)]
    names = journey.personas
    return persona_named(names[identity % len(names)], folder) if names else None


def _intent(journey: Journey) -> str:
    return next((name for name in journey.questions if name != "default"), "default")


def half_width(contacts: int, share: float = 0.5) -> float:
    """Return how far a share seen in so many shops may be from the desk's, 95 % of the time; the widest at a half.

    Wald's interval (Brown, Cai and DasGupta, "Interval estimation for a binomial proportion", 2001, section 2): good
    enough to plan by, not to judge by.

    >>> round(half_width(100), 3)
    0.098
    """
    return Z_95 * math.sqrt(share * (1 - share) / contacts)


def wave_text(programme: Programme, wave: Wave, minutes: Mapping[str, float] | None = None) -> str:
    """Say what a wave is, before any of it is played.

    Args:
        programme: the programme.
        wave: the wave.
        minutes: by journey, how long an agent is expected to be busy with a shop; where known.
    """
    shops = shops_of(programme, wave)
    days = days_of(programme, wave)
    lines = [
        f"{programme.title}, wave {wave.wave}: {len(shops)} shops on {len(days)} days, {wave.first} to {wave.last}",
        *([programme.brief.strip()] if programme.brief else []),
    ]
    counts = Counter((shop.site, shop.journey, shop.daypart) for shop in shops)
    for (site, journey, daypart), count in sorted(counts.items()):
        hours = programme.dayparts[daypart]
        lines.append(f"  {site:16} {journey:24} {daypart:12} {hours:12} {count:5}")
    per_day = Counter(WEEKDAYS[shop.at.weekday()] for shop in shops)
    lines.append("  " + ", ".join(f"{name} {per_day[name]}" for name in WEEKDAYS if per_day[name]))
    people = len({shop.identity for shop in shops})
    lines.append(f"customers: {people}, none at a site again within {programme.lock_out_days} days")
    for name, count in Counter(shop.site for shop in shops).items():
        lines.append(
            f"a share seen at {name} in {count} shops is told to +-{100 * half_width(count):.0f} points (95 %)"
        )
    if minutes is not None:
        busy = sum(minutes.get(shop.journey, 0.0) for shop in shops)
        lines.append(f"agents: about {busy:.0f} minutes of their time in all")
    if programme.cost is not None:
        busy = sum((minutes or {}).get(shop.journey, 0.0) for shop in shops)
        cost = len(shops) * programme.cost.per_contact + busy * programme.cost.per_agent_minute
        lines.append(f"cost: {cost:,.2f} {programme.cost.currency}")
    if programme.review.release == "after_review":
        lines.append("no shop is shown before an editor has released it: testdrive runs RUN --release CONTACT|all")
    return "\n".join(lines)
