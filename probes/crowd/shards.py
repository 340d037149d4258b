"""Which process plays whom: customers in 64 shards, and the word that some are ours from now on.

A customer's shard is told by their id alone, so that every process of a run knows it without asking.

>>> shard_of("order_status.000.0540.00001") == shard_of("order_status.000.0540.00001")
True
>>> 0 <= shard_of("returns.000.0600.00007") < SHARDS
True
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from probes.crowd.leases import SHARDS
from probes.resume import Begun

EVERY = frozenset(range(SHARDS))


def shard_of(customer_id: str) -> int:
    """Return a customer's shard, from 0 to SHARDS - 1."""
    return zlib.crc32(customer_id.encode()) % SHARDS


@dataclass(frozen=True)
class Gain:
    """Shards that are ours from now on, and what others have begun of them: that is not played again."""

    shards: frozenset[int] = EVERY
    begun: Begun = field(default_factory=Begun)

    def holds(self, customer_id: str) -> bool:
        """Say whether a customer is among them."""
        return shard_of(customer_id) in self.shards


async def only(gain: Gain) -> AsyncIterator[Gain]:
    """Yield one gain, where one process plays all."""
    yield gain
