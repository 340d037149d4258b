"""Who may play which shards, and until when: the master's book. Pure: it is told the time and who was heard from.

Every part of a run holds shards by a lease that is renewed while the part is heard from. One that was not heard from
for LOST_S has lost them, and others get them; by then it has long stopped, as a part sends nothing more once its own
lease has run out, LEASE_S after the last renewal. What it had begun stays with it: that is in its journal.

>>> leases = Leases(4)
>>> leases.join("a", 0.0), leases.join("b", 0.0)
(True, True)
>>> [sorted(leases.held("a")), sorted(leases.held("b"))], leases.deal()
([[], []], ['a', 'b'])
>>> [sorted(leases.held("a")), sorted(leases.held("b"))]
[[0, 2], [1, 3]]
>>> leases.heard("a", 5.0), leases.expire(6.0), leases.deal()
(True, ['b'], ['a'])
>>> sorted(leases.held("a"))
[0, 1, 2, 3]
"""

from __future__ import annotations

SHARDS = 64

RENEW_EVERY_S = 0.25
LEASE_S = 1.5
"""A part stops sending so long after the last word from the master: orphans are silent within 2 s."""

LOST_S = 5.0
"""A part that was not heard from for so long has lost its shards."""

READY_S_MOST = 120.0
"""Loading our own code takes a part some seconds, on a busy machine many."""

END_S_MOST = 30.0
"""So long a part may take to come to its end."""


class Leases:
    """The shards of one run and who holds them."""

    def __init__(self, shards: int = SHARDS) -> None:
        self._holder: dict[int, str | None] = dict.fromkeys(range(shards))
        self._heard_s: dict[str, float] = {}
        self._idle: dict[str, int] = {}
        """Parts whose customers have all come and gone, and of how many shards that was told."""
        self._done: set[str] = set()
        self.lost: list[str] = []
        """Parts that held shards and were lost, in that order; none of them comes back."""

    def join(self, part: str, now_s: float) -> bool:
        """Take a part in; False where it was lost before."""
        if part in self.lost:
            return False
        self._heard_s[part] = now_s
        return True

    def heard(self, part: str, now_s: float) -> bool:
        """Note that a part was heard from; False where it is none of ours, or no more."""
        if part not in self._heard_s:
            return False
        self._heard_s[part] = now_s
        return True

    def expire(self, now_s: float) -> list[str]:
        """Take their shards from those who were not heard from for long; returns who they are."""
        gone = [part for part, heard_s in self._heard_s.items() if now_s - heard_s > LOST_S and part not in self._done]
        for part in gone:
            self.leave(part)
        return gone

    def tell_idle(self, part: str, shards: int, idle: bool) -> None:
        """Note whether all the customers of so many shards have come and gone."""
        if idle:
            self._idle[part] = shards
        else:
            self._idle.pop(part, None)

    def tell_done(self, part: str) -> None:
        """Note that a part has played its shards to their end, or to the horizon."""
        self._done.add(part)

    def is_played(self) -> bool:
        """Say whether all shards are played: every one is held, by who is done or idle with as many as it holds."""
        return None not in self._holder.values() and all(
            holder in self._done or self._idle.get(str(holder)) == len(self.held(str(holder)))
            for holder in set(self._holder.values())
        )

    def leave(self, part: str) -> None:
        """Take a part's shards from it: it says that it goes, or is lost. One that is done keeps them."""
        if part in self._done:
            self._heard_s.pop(part, None)
            return
        if self._heard_s.pop(part, None) is not None:
            self.lost.append(part)
        self._holder = {shard: None if holder == part else holder for shard, holder in self._holder.items()}

    def deal(self) -> list[str]:
        """Give shards that nobody holds to those who hold fewest; returns who gained some."""
        gained: dict[str, None] = {}
        count = {part: len(self.held(part)) for part in self._heard_s}
        for shard in [shard for shard, holder in self._holder.items() if holder is None]:
            if not count:
                break
            part = min(count, key=lambda name: (count[name], name))
            self._holder[shard], count[part] = part, count[part] + 1
            gained[part] = None
        return list(gained)

    def held(self, part: str) -> frozenset[int]:
        """Return the shards that a part holds."""
        return frozenset(shard for shard, holder in self._holder.items() if holder == part)

    @property
    def parts(self) -> list[str]:
        """Those who are with us."""
        return list(self._heard_s)
