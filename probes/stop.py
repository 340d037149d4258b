"""The owner's word that all must end: a file, or the end of the charter; what is under way says goodbye.

`stopping` ends its block as `asyncio.timeout` does at its time: it cancels what runs in it, whose contacts say goodbye
and end as `censored` for the reason that `Stop` holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

LOOK_EVERY_S = 0.25
GOODBYE_S_MOST = 5.0
"""A contact that is told to stop has so long to say goodbye, wall time."""


class Stop:
    """Nothing more may be done once `reason` is told."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._called = asyncio.Event()

    def call(self, reason: str) -> None:
        """Call everything off; the first reason stays."""
        if self.reason is None:
            self.reason = reason
            self._called.set()

    async def wait(self) -> str:
        """Return the reason as soon as there is one."""
        await self._called.wait()
        assert self.reason is not None
        return self.reason


class Leaving(Protocol):
    """What can go as a person would."""

    async def leave(self) -> None:
        """Go."""


async def say_goodbye(session: Leaving) -> None:
    """Leave a contact that is cut off, in time and whatever the desk does."""
    with contextlib.suppress(asyncio.CancelledError, Exception):  # nothing more can be done, and the end is told next
        async with asyncio.timeout(GOODBYE_S_MOST):
            await session.leave()


@contextlib.asynccontextmanager
async def stopping(
    stop: Stop, called_off: Callable[[], str | None], look_every_s: float = LOOK_EVERY_S
) -> AsyncIterator[None]:
    """End the block when everything is called off.

    Args:
        stop: awaited.
        called_off: looked at every so often; calls `stop` where its owner says so.
        look_every_s: a quarter of a second, or longer where there is nothing but the end of a charter to look at.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    watcher = asyncio.create_task(_watch(stop, called_off, look_every_s, task))
    try:
        yield
    except asyncio.CancelledError:
        if stop.reason is None or task.uncancel() > before:
            raise  # somebody else has interrupted us
    finally:
        watcher.cancel()


async def _watch(
    stop: Stop, called_off: Callable[[], str | None], look_every_s: float, task: asyncio.Task[object]
) -> None:
    while called_off() is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), look_every_s)
    task.cancel()
