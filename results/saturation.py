"""Was the desk saturated, and at how many at once? Told from a measured run's tables alone.

A desk that serves N at once gives itself away: as long as anybody waits for a first sign, N are in service, and never
more. A chat or call is in service from its first sign to its end, so that the ceiling can be counted. A form, letter or
page is one short request whose first sign is also its end: service cannot be told from waiting there, and the ceiling
is estimated by Little's law (Little 1961, Operations Research 9:383) as throughput at the plateau times the time that
a request takes when nobody else waits, the way there and back included.

Refuses to name a ceiling where people waited without one (a desk that stalls), and where the first sign is a person's
word: how many people there are is the scenario's teams' affair, this is the machine's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from results.comparison import CANNOT_TELL
from results.presence import Contacts, Flags, Queue, Times, contacts_at_the_desk, in_service, number_at
from results.statistics import Estimate, batch_means_error

SATURATED, NOT_SATURATED = "saturated", "not saturated"

WEBSITE = ("chat", "form", "faq", "social", "app")
"""Channels that come through one door and are judged together; mail and telephone have machines of their own."""

RESOLUTION_S = 0.05
"""What a first sign may be late (wall time) without anybody having waited: the limit of a late start too."""

CONTACTS_LEAST = 10
WAITED_LEAST = 5
FINISHED_LEAST = 3
SIGNS_LEAST = 30
"""First signs at the plateau without which no throughput is told."""
LIGHT_LEAST = 5
"""Short requests that came to an empty desk, without which nobody knows how long one takes."""

LIGHT = 0.1
"""The share of contacts that came to the emptiest desk: what they met is the measure of slow."""
FEW = 0.05
"""Slow first signs of so few are no news."""
NEIGHBOURS = 11
"""A short request waited for a place only if most of these who came about its time did too: times vary anyway."""
CROWD_LEAST = 0.6
"""Of those who come while somebody waits so many wait too, if it is for a place."""
EDGE = 0.02
"""The ceiling is the highest number in service that was kept for more than this share of the time of waiting."""
PINNED_LEAST = 0.75
"""For so much of the time that somebody waits the number in service is at the ceiling."""
SLACK = 20
"""A twentieth below still counts: between an end and the next one's first sign lies a moment."""
STOOD_STILL = "requests waited, but not for each other: the desk stood still"
NEVER_LIGHT = "the desk was never so empty that anybody knows how long a request takes by itself"
WIDEST = 3.0
"""An estimate whose interval ends so many times as high as it begins is none."""


@dataclass(frozen=True)
class Saturation:
    """What a run says of a channel, or of the website where `channel` is None. What is not known is None."""

    channel: str | None
    verdict: str
    contacts: int
    waited: int
    """So many waited for a first sign, beyond what one takes anyway."""
    at_once_most: int
    """In service or waiting."""
    saturated_at: float | None = None
    low: float | None = None
    high: float | None = None
    """95 % interval, where the number is estimated; a number that was counted has none."""
    lasted_s: float | None = None
    waited_most: int | None = None
    """At once, while saturated."""
    served_per_minute: float | None = None
    """While saturated, in scenario time."""
    reason: str = ""
    """Why it cannot be told."""


def saturations(legs: pd.DataFrame, steps: pd.DataFrame, scale: float = 1.0) -> list[Saturation]:
    """Judge the website, then each channel apart.

    Args:
        legs: the run's legs.
        steps: its steps.
        scale: how much faster than the wall its scenario time ran.
    """
    contacts = contacts_at_the_desk(legs, steps)
    found = []
    if (website := np.isin(contacts.channel, WEBSITE)).any():
        found.append(judge(contacts.of(website), None, RESOLUTION_S * scale))
    for channel in sorted(set(contacts.channel)):
        found.append(judge(contacts.of(contacts.channel == channel), channel, RESOLUTION_S * scale))
    return found


def judge(contacts: Contacts, channel: str | None, resolution_s: float) -> Saturation:
    """Say whether the desk was saturated by these contacts, which share its places.

    Args:
        contacts: those of one channel, or of several that come through one door.
        channel: its name; None for the website.
        resolution_s: what a first sign may be late without anybody having waited.
    """
    until_s = contacts.waited_until_s()
    moments = np.unique(np.concatenate([contacts.came_s, until_s, contacts.ended_s]))
    present = in_service(contacts, moments) + number_at(moments, contacts.came_s, until_s)
    most = max(1, int(present.max()))  # under the virtual clock a page takes no time at all
    told: dict[str, Any] = {"channel": channel, "contacts": len(contacts.came_s), "at_once_most": most, "waited": 0}
    if len(contacts.came_s) < CONTACTS_LEAST:
        reason = f"{len(contacts.came_s)} contacts came, and fewer than {CONTACTS_LEAST} say nothing"
        return Saturation(verdict=CANNOT_TELL, reason=reason, **told)
    heard = ~np.isnan(contacts.heard_s)
    if not heard.any():
        return Saturation(verdict=CANNOT_TELL, reason="nobody had any sign of the desk", **told)
    if contacts.by_person[heard].mean() > 0.5:
        reason = "its first sign is a person's word: who is taken there is people, not the machine"
        return Saturation(verdict=CANNOT_TELL, reason=reason, **told)
    light = _came_when_light(contacts)
    waited = _waited(contacts, light.who, resolution_s)
    if not contacts.held.any():
        waited &= _among_others(waited)
    told["waited"] = count = int(waited.sum())
    if count < max(1.0, FEW * len(waited)) and count < WAITED_LEAST:
        return Saturation(verdict=NOT_SATURATED, **told)
    if count < WAITED_LEAST:
        return Saturation(verdict=CANNOT_TELL, reason=f"only {count} waited for a first sign", **told)
    queue = Queue.of(contacts, waited)
    found = _counted(contacts, queue) if contacts.held.any() else _estimated(contacts, light, queue)
    if found["verdict"] == CANNOT_TELL and queue.crowd(contacts, waited) < CROWD_LEAST:
        return Saturation(verdict=NOT_SATURATED, **told)  # slow for some, while others had their sign at once
    return Saturation(**told, **found)


def _counted(contacts: Contacts, queue: Queue) -> dict[str, Any]:
    """Return the ceiling at which the number in service stood while others waited, if it did."""
    lengths_s, service = queue.lengths_s(), in_service(contacts, queue.moments)[:-1]
    whole_s = float(lengths_s.sum())
    by_level = np.bincount(service, weights=lengths_s)
    at_or_above = np.cumsum(by_level[::-1])[::-1]
    ceiling = int(np.flatnonzero(at_or_above > EDGE * whole_s).max())
    full = service >= ceiling - ceiling // SLACK
    pinned_s = float(lengths_s[full].sum())
    above_s = float(np.diff(queue.moments)[service > ceiling].sum())
    finished = int(queue.within(contacts.served_s()).sum())
    if ceiling < 1 or pinned_s < PINNED_LEAST * whole_s or above_s > EDGE * whole_s:
        at = np.flatnonzero(by_level > 0)
        reason = (
            f"customers waited for a first sign while from {at.min()} to {at.max()} were in service, and at other "
            f"times {int(service.max())}: that is no ceiling"
        )
        return {"verdict": CANNOT_TELL, "reason": reason}
    if finished < FINISHED_LEAST:
        return {"verdict": CANNOT_TELL, "reason": f"only {finished} contacts ended while others waited"}
    return {
        "verdict": SATURATED,
        "saturated_at": float(ceiling),
        "lasted_s": whole_s,
        "waited_most": int(queue.waiting.max()),
        "served_per_minute": 60 * finished / whole_s,
    }


def _estimated(contacts: Contacts, light: Light, queue: Queue) -> dict[str, Any]:
    """Return the ceiling of short requests by Little's law, if they waited for each other."""
    heard_s = np.sort(contacts.heard_s[queue.within(contacts.heard_s)])
    alone_s = (contacts.heard_s - contacts.came_s)[light.who & ~np.isnan(contacts.heard_s)]
    if len(alone_s) < LIGHT_LEAST:
        return {"verdict": CANNOT_TELL, "reason": NEVER_LIGHT}
    if len(heard_s) < SIGNS_LEAST:
        return {"verdict": CANNOT_TELL, "reason": f"only {len(heard_s)} requests were answered while others waited"}
    gaps_s = np.diff(queue.clock_s(heard_s), prepend=0.0)
    gap_error_s, freedom = batch_means_error(gaps_s)
    takes_s, takes_error_s = float(alone_s.mean()), float(alone_s.std(ddof=1)) / math.sqrt(len(alone_s))
    if takes_s <= 0:
        return {"verdict": CANNOT_TELL, "reason": STOOD_STILL}
    places = takes_s / float(gaps_s.mean())
    error = math.hypot(gap_error_s / float(gaps_s.mean()), takes_error_s / takes_s)
    low, high = (math.exp(end) for end in Estimate(math.log(places), error, min(freedom, len(alone_s) - 1)).interval())
    if high < 0.5 or _come_in_bursts(heard_s, takes_s, places):
        return {"verdict": CANNOT_TELL, "reason": STOOD_STILL}
    if light.found_most > max(places / 2, 0.5):
        return {"verdict": CANNOT_TELL, "reason": NEVER_LIGHT}
    if high > WIDEST * low:
        return {"verdict": CANNOT_TELL, "reason": f"it may be anything from {low:.2g} to {high:.2g} at once"}
    lasted_s = float(queue.lengths_s().sum())
    return {
        "verdict": SATURATED,
        "saturated_at": places,
        "low": low,
        "high": high,
        "lasted_s": lasted_s,
        "waited_most": max(0, int(queue.waiting.max()) - math.floor(places)),
        "served_per_minute": 60 / float(gaps_s.mean()),
    }


def _come_in_bursts(heard_s: Times, takes_s: float, places: float) -> bool:
    """Say whether more came back within one request's time than so many places can bring about.

    N places finish about N in that time, twice as many where they beat in step; what a stall had held up comes at once.
    """
    within = np.arange(1, len(heard_s) + 1) - np.searchsorted(heard_s, heard_s - takes_s, side="right")
    return float(np.quantile(within, 0.99)) > 2 * places + 3 * math.sqrt(places)


def _waited(contacts: Contacts, light: Flags, resolution_s: float) -> Flags:
    """Say who waited: much longer for a first sign than those who came to free places of the same channel."""
    delay_s = contacts.waited_until_s() - contacts.came_s
    heard = ~np.isnan(contacts.heard_s)
    waited = np.zeros(len(delay_s), dtype=bool)
    for channel in set(contacts.channel):
        own = contacts.channel == channel
        measure_s = delay_s[own & heard & light]
        if len(measure_s) == 0:
            measure_s = np.array([delay_s[own & heard].min() if (own & heard).any() else 0.0])
        low_s, high_s = np.quantile(measure_s, [0.1, 0.9])
        waited |= own & (delay_s > high_s + max(resolution_s, low_s))
    return waited


class Light(NamedTuple):
    """Who came when the desk was as empty as it ever was, and how many of them it had still to answer at most."""

    who: Flags
    found_most: float


def _came_when_light(contacts: Contacts) -> Light:
    """Find those who came when the fewest waited, and at most half as many were in service as ever were."""
    unanswered = np.arange(len(contacts.came_s))
    unanswered -= np.searchsorted(np.sort(contacts.waited_until_s()), contacts.came_s, side="right")
    service = in_service(contacts, contacts.came_s)
    busiest = int(in_service(contacts, contacts.heard_s[~np.isnan(contacts.heard_s)]).max(initial=0))
    half = service <= busiest // 2
    most = float(np.quantile(unanswered[half], LIGHT)) if half.any() else 0.0
    return Light(half & (unanswered <= most), most)


def _among_others(waited: Flags) -> Flags:
    """Say around whom most waited."""
    window = np.ones(NEIGHBOURS)
    number = np.convolve(np.ones(len(waited)), window)
    share = np.convolve(waited, window) / number
    edge = NEIGHBOURS // 2
    crowded: Flags = share[edge : edge + len(waited)] >= CROWD_LEAST
    return crowded
