"""A page's clock against ours: what turns the time that a page stamps into loop time, and how wrong that may be.

A few quick readings of both clocks; half the time of the tightest bounds the error.
"""

from __future__ import annotations

import asyncio
import contextlib

from playwright.async_api import Error, Frame, Page

from probes.clock import Clock

READINGS_OF_TWO_CLOCKS = 5
CLOSE_ENOUGH_S = 0.0025
"""A reading this tight is not read again."""
READ_AGAIN_S = 30.0
"""A tab's documents share the machine's clock: one that comes so soon after a reading is taken to keep to it."""
DOCUMENTS_MOST = 1000
READ_S_MOST = 5.0


class PageError(Exception):
    """The page did not do what the target file says it does; the message goes into the log."""


class PageClock:
    """The clocks of one tab's documents."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._clocks: dict[float, tuple[float, float]] = {}
        """By a document's time origin: loop time less page time, and the bound of its error; seconds."""
        self._read_s = -READ_AGAIN_S

    async def offset(self, origin_ms: float, clock: Clock, frame: Frame | None = None) -> tuple[float, float]:
        """Return what turns a document's time into loop time, and its error; read while the document is there.

        Without a frame it is the page's own document.
        """
        if self._clocks and clock.loop.time() - self._read_s < READ_AGAIN_S:
            return self._clocks.get(origin_ms) or next(reversed(self._clocks.values()))
        if origin_ms not in self._clocks and len(self._clocks) < DOCUMENTS_MOST:
            readings: list[tuple[float, float]] = []
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(READ_S_MOST):
                    for _ in range(READINGS_OF_TWO_CLOCKS):
                        before_s = clock.loop.time()
                        origin, now_ms = await (frame or self._page).evaluate(
                            "() => [performance.timeOrigin, performance.timeOrigin + performance.now()]"
                        )
                        after_s = clock.loop.time()
                        if origin == origin_ms:
                            half_s = (after_s - before_s) / 2
                            readings.append((half_s, before_s + half_s - now_ms / 1000))
                            if half_s <= CLOSE_ENOUGH_S:
                                break
            if readings:
                error_s, offset_s = min(readings)
                self._clocks[origin_ms] = offset_s, error_s
                self._read_s = clock.loop.time()
        if origin_ms in self._clocks:
            return self._clocks[origin_ms]
        # the document went before its clock was read: all documents of a browser share the machine's clock, so the
        # last one's serves, and its error is taken for ten times as large
        if self._clocks:
            offset_s, error_s = next(reversed(self._clocks.values()))
            return offset_s, 10 * error_s
        raise PageError("the page was gone before its clock could be read")
