"""The clock that the desk and every channel read: scenario seconds from the origin, whatever the loop.

Under `VirtualLoop` a scenario second is a second of loop time. Under a real loop one wall second is `scale`
scenario seconds, and the origin is a wall-clock instant, so that several processes can share it.
It keeps no schedule and starts no loop; it only turns one kind of second into the other, in one place.

>>> class Loop:  # anything with time() will do for reading the clock
...     def time(self) -> float:
...         return 130.0
>>> clock = Clock(Loop(), origin_loop_s=100.0, scale=10.0)
>>> clock.now_s()
300.0
>>> clock.loop_s(360.0)
136.0
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, Self, TypeVar, TypeVarTuple, Unpack, cast

SCALE_MAX = 10.0
"""Beyond this a browser's own milliseconds, scaled up, drown the waits that are to be measured."""

READINGS_OF_TWO_CLOCKS = 5

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Ticking(Protocol):
    """What has a time: an event loop, or a stand-in for one."""

    def time(self) -> float:
        """Return seconds since whatever the loop counts from."""


class Clock:
    """Scenario seconds on `loop`, of which `origin_loop_s` is second 0, running `scale` times as fast.

    Instants are turned into loop time once and handed to the loop's own timers, never added up from delays:
    on the virtual loop, with origin 0 and scale 1, a customer due at 812.3 starts when the clock reads 812.3.
    """

    def __init__(self, loop: Ticking, origin_loop_s: float = 0.0, scale: float = 1.0) -> None:
        if not 1.0 <= scale <= SCALE_MAX:
            raise ValueError(f"scale is {scale!r}; a clock runs 1 to {SCALE_MAX:g} times as fast as the wall")
        self._ticking = loop
        self.origin_loop_s = origin_loop_s
        self.scale = scale

    @classmethod
    def real(
        cls,
        *,
        epoch_s: float,
        scale: float = 1.0,
        loop: Ticking | None = None,
        wall: Callable[[], float] = time.time,
    ) -> Self:
        """Return a clock whose second 0 is the wall-clock instant `epoch_s` (as time.time() counts).

        Processes given the same `epoch_s` and `scale` agree on scenario time as well as their machines' wall
        clocks agree, times `scale`: choose an instant a little ahead, hand both numbers to each process, and
        let each sleep until second 0. The wall clock is read here and never again, so setting it during a
        run moves nothing; a process that starts late only finds that now_s() is already past 0.
        `loop` is the running loop if not given.
        """
        ticking = loop if loop is not None else asyncio.get_running_loop()
        # Two clocks cannot be read at once, and a process can be put aside between the readings: the tightest
        # of a few readings is the true one.
        readings: list[tuple[float, float]] = []
        for _ in range(READINGS_OF_TWO_CLOCKS):
            before_s = ticking.time()
            wall_s = wall()
            after_s = ticking.time()
            readings.append((after_s - before_s, (before_s + after_s) / 2 - (wall_s - epoch_s)))
        return cls(ticking, min(readings)[1], scale)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop whose timers this clock sets."""
        return cast(asyncio.AbstractEventLoop, self._ticking)

    def epoch_s(self) -> float:
        """Return the wall instant of second 0, as near as the wall clock can be read; of no meaning if virtual."""
        return time.time() - self.now_s() / self.scale

    def now_s(self) -> float:
        """Return the scenario time; negative before the origin."""
        return (self._ticking.time() - self.origin_loop_s) * self.scale

    def loop_s(self, at_s: float) -> float:
        """Return the loop time of the scenario instant `at_s`."""
        return self.origin_loop_s + at_s / self.scale

    def at_loop_s(self, loop_s: float) -> float:
        """Return the scenario instant of the loop time `loop_s`."""
        return (loop_s - self.origin_loop_s) * self.scale

    def call_at_s(self, at_s: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> asyncio.TimerHandle:
        """Have `callback(*args)` called at `at_s`, or as soon as possible if that has passed."""
        return self.loop.call_at(self.loop_s(at_s), callback, *args)

    async def sleep_until_s(self, at_s: float) -> None:
        """Return at `at_s`; if that has passed, after letting others run once."""
        woken: asyncio.Future[None] = self.loop.create_future()
        timer = self.call_at_s(at_s, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()

    async def sleep_s(self, seconds: float) -> None:
        """Return `seconds` of scenario time from now."""
        await self.sleep_until_s(self.now_s() + seconds)

    def timeout_at_s(self, at_s: float) -> asyncio.Timeout:
        """Return a context, as asyncio.timeout_at, that ends what is awaited in it at `at_s`."""
        return asyncio.timeout_at(self.loop_s(at_s))

    async def wait_until(self, awaitable: Awaitable[T], deadline_s: float) -> T:
        """Return what `awaitable` gives, or raise TimeoutError at `deadline_s`, cancelling it.

        What comes at the deadline itself comes too late, unless it is there already. A future that others
        await too must be shielded by the caller.
        """
        async with self.timeout_at_s(deadline_s):
            return await awaitable


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
