"""An event loop in a thread of its own, so that tests, probes and desks do not hold each other up."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

ANSWER_S_MOST = 60.0


async def after(seconds: float) -> None:
    """Let time pass, as an agent does who reads and types."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, done.set)
    await done.wait()


class LoopThread:
    """Runs coroutines for whoever is not in a loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(ANSWER_S_MOST)
        self.loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T], within_s: float = ANSWER_S_MOST) -> T:
        """Run a coroutine there and return what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(within_s)
