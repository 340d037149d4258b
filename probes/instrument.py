"""The instrument, judged before what it measured: is this run's own delay small enough to speak of the desk's?

Unfit when more than 1 % of contacts began over 50 ms late, or when our own CPU stayed above 85 % for 5 s. Whether the
error is small against the tolerances of the gates is asked when they are known: `results.fitness`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LATE_S = 0.05
LATE_SHARE_MOST = 0.01
CPU_SHARE_MOST = 0.85
CPU_STRETCH_S = 5.0
LOOK_S = 0.5


@dataclass(frozen=True)
class Judgement:
    """Whether the instrument is fit, and the numbers that say so (wall seconds; shares)."""

    fit: bool
    reasons: tuple[str, ...]
    starts: int
    late_share: float
    late_s_p95: float
    error_s_p95: float
    loop_lag_s_p95: float
    cpu_busy_s: float


class Instrument:
    """Watches our own process while it measures; under the virtual clock there is nothing to see."""

    def __init__(self, virtual: bool = False, scale: float = 1.0) -> None:
        self._virtual, self._scale = virtual, scale
        self.errors_s: list[float] = []
        """Errors of stamps that a channel knows of, such as a browser's clock against ours, in wall seconds."""
        self._lags_s: list[float] = []
        self._busy_s = 0.0

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch loop lag and CPU inside the block."""
        if self._virtual:
            yield
            return
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        stretch_s = 0.0
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        while True:
            due_s = loop.time() + LOOK_S
            await asyncio.sleep(LOOK_S)
            self._lags_s.append(max(loop.time() - due_s, 0.0))
            now_s, used_s = time.perf_counter(), time.process_time()
            share = (used_s - cpu_s) / (now_s - wall_s)
            stretch_s = stretch_s + (now_s - wall_s) if share > CPU_SHARE_MOST else 0.0
            self._busy_s = max(self._busy_s, stretch_s)
            wall_s, cpu_s = now_s, used_s

    def judge(self, late_s: Sequence[float]) -> Judgement:
        """Judge a run by how late its contacts began (wall seconds)."""
        late = np.array(late_s if late_s else [0.0])
        late_share = float((late > LATE_S).mean())
        late_p95 = float(np.quantile(late, 0.95))
        lag_p95 = float(np.quantile(self._lags_s, 0.95)) if self._lags_s else 0.0
        error_p95 = float(np.quantile(self.errors_s, 0.95)) if self.errors_s else max(late_p95, lag_p95)
        reasons = []
        if late_share > LATE_SHARE_MOST:
            reasons.append(f"{late_share:.1%} of contacts began more than {LATE_S * 1000:.0f} ms late; at most 1 %")
        if self._busy_s >= CPU_STRETCH_S:
            reasons.append(
                f"our own CPU stayed above 85 % for {self._busy_s:.0f} s; fewer contacts or a smaller --scale"
            )
        return Judgement(
            not reasons, tuple(reasons), len(late_s), late_share, late_p95, error_p95, lag_p95, self._busy_s
        )


def together(judged: Sequence[Mapping[str, Any]]) -> Judgement:
    """Return the judgement of a run that several processes played: as fit as the least fit of them."""
    told = [Judgement(**{**one, "reasons": tuple(one["reasons"])}) for one in judged]
    if not told:
        return Judgement(
            False, ("no process came to its end, so nobody knows how late it was",), 0, 0.0, 0.0, 0.0, 0.0, 0.0
        )
    starts = sum(one.starts for one in told)
    late_share = sum(one.late_share * one.starts for one in told) / max(starts, 1)
    worst = {
        name: max(getattr(one, name) for one in told)
        for name in ("late_s_p95", "error_s_p95", "loop_lag_s_p95", "cpu_busy_s")
    }
    reasons = tuple(dict.fromkeys(reason for one in told for reason in one.reasons))
    return Judgement(all(one.fit for one in told), reasons, starts, late_share, **worst)
