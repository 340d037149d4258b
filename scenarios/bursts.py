"""Bursts: customers who bring others, as one post brings answers and one outage brings calls about calls.

A Hawkes process in its cluster form (Hawkes and Oakes 1974, "A cluster process representation of a self-exciting
process", Journal of Applied Probability 11:493): each customer draws a Poisson number of followers, each of whom comes
after a drawn delay and may have followers too. In the long run there are 1/(1 - m) times as many as first comers, and
counts in long windows have a variance of 1/(1 - m)^2 times their mean (Hawkes 1971, Biometrika 58:83).

A follower's number derives from that of whom they follow, so that more volume only adds customers here too. Refuses to
know who comes first: `scenarios.cells` does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scenarios.cells import CONTACTS_MOST, Cells, PlanTooLargeError, chosen_share
from scenarios.draws import Purpose, philox, poisson_count, uniform, visit
from scenarios.jit import jit
from scenarios.laws import numbered_us
from scenarios.reading import LoadedScenario
from scenarios.units import us

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Entities = npt.NDArray[np.uint64]

_CHANNEL = int(Purpose.CHANNEL)
_FOLLOWERS, _DELAY, _WHO = int(Purpose.FOLLOWERS), int(Purpose.FOLLOWER_DELAY), int(Purpose.FOLLOWER)


class Come(NamedTuple):
    """Customers of cells: who they are, when and where they come, and from which cell and as which of it."""

    entity: Entities
    due_us: Whole
    channel: Whole
    intent: Whole
    cell: Whole
    k: Whole


class Followed(NamedTuple):
    """Customers and their followers, each after whom they follow."""

    come: Come
    """Cell and number of a follower are those of the first of their cluster."""
    parent: Whole
    """Position of whom each follows, -1 for first comers."""
    number: Whole
    """Which of their followers each is."""


def followed(loaded: LoadedScenario, cells: Cells, seed: int, replication: int, first: Come) -> Followed:
    """Put the followers of first comers, and their followers, behind each of them; who would come too late does not.

    Raises:
        PlanTooLargeError: more contacts than a plan may hold.
    """
    room = 4 * len(first.entity) + 64
    while True:
        room = min(room, CONTACTS_MOST)
        entity, due_us, channel, parent, number, root, fits = _followed(
            seed, replication, us(loaded.horizon_s), room, first.entity, first.due_us, first.channel, first.cell,
            cells.demand, cells.followers_mean, cells.followers_law, cells.mix_at, cells.mix_channel, cells.mix_share,
            *cells.laws,
        )  # fmt: skip
        if fits:
            come = Come(entity, due_us, channel, first.intent[root], first.cell[root], first.k[root])
            return Followed(come, parent, number)
        if room == CONTACTS_MOST:
            raise PlanTooLargeError(f"{loaded.path}: bursts bring more than {CONTACTS_MOST} contacts in all")
        room *= 2


@jit
def follower_entity(entity: int, number: int) -> int:
    """Return the entity of one of a customer's followers: 60 bits that nobody else has, as far as chance can tell."""
    e = np.uint64(entity)
    a, b, _, _ = philox(np.uint64((_WHO << 16) | number), 0, e & np.uint64(0xFFFFFFFF), e >> np.uint64(32), 0, 0)
    return ((np.uint64(a) << np.uint64(32)) | np.uint64(b)) >> np.uint64(4)  # type: ignore[return-value]  # an int to Numba


@jit
def _followed(
    seed: int,
    replication: int,
    horizon_us: int,
    room: int,
    first_entity: Entities,
    first_due_us: Whole,
    first_channel: Whole,
    first_cell: Whole,
    demand_of: Whole,
    mean_of: Real,
    law_of: Whole,
    mix_at: Whole,
    mix_channel: Whole,
    mix_share: Real,
    kind: Whole,
    a: Real,
    b: Real,
    at: Whole,
    shares: Real,
    times: Real,
) -> tuple[Entities, Whole, Whole, Whole, Whole, Whole, bool]:
    entity, due_us = np.empty(room, dtype=np.uint64), np.empty(room, dtype=np.int64)
    channel, parent = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    number, root = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    followers, asked = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    rows = 0
    word = visit(0, 1, 0)
    for i in range(len(first_entity)):
        if rows == room:
            return entity, due_us, channel, parent, number, root, False
        demand = demand_of[first_cell[i]]
        mean, law = mean_of[demand], law_of[demand]
        entity[rows], due_us[rows], channel[rows] = first_entity[i], first_due_us[i], first_channel[i]
        parent[rows], number[rows], root[rows], asked[rows] = -1, 0, i, 0
        followers[rows] = 0
        if law >= 0:
            followers[rows] = poisson_count(uniform(seed, replication, entity[rows], word, _FOLLOWERS, 0), mean)
        here = rows
        rows += 1
        while here >= 0:
            # down to the next follower of whoever is looked at, and up again when they have no more
            if asked[here] == followers[here]:
                here = parent[here]
                continue
            one = asked[here]
            asked[here] += 1
            who = follower_entity(entity[here], one)
            u = uniform(seed, replication, who, word, _DELAY, 0)
            comes_us = due_us[here] + numbered_us(kind, a, b, at, shares, times, law, u)
            if comes_us >= horizon_us:
                continue
            if rows == room:
                return entity, due_us, channel, parent, number, root, False
            entity[rows], due_us[rows] = who, comes_us
            mix = chosen_share(seed, replication, who, _CHANNEL, mix_at[demand], mix_at[demand + 1] - 1, mix_share)
            channel[rows], parent[rows], number[rows], root[rows] = mix_channel[mix], here, one, i
            followers[rows] = poisson_count(uniform(seed, replication, who, word, _FOLLOWERS, 0), mean)
            asked[rows] = 0
            here = rows
            rows += 1
    return entity[:rows], due_us[:rows], channel[:rows], parent[:rows], number[:rows], root[:rows], True
