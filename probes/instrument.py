"""The instrument, judged before what it measured: is this run's own delay small enough to speak of the desk's?

Unfit when more than 1 % of contacts began over 50 ms late, or when our own CPU stayed above 85 % for 5 s. What a
control timer, which does nothing, suffered at the same moment is the machine's doing and not ours: it is told apart,
and makes a run as unfit where it alone is more than 1 %. Whether the error is small against the tolerances of the gates
is asked when they are known: `results.fitness`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np

from probes.descriptors import limit, open_now
from probes.lateness import Late, Starts
from probes.machine_noise import ControlTimer, Instants, Noise

LATE_S = 0.05
LATE_SHARE_MOST = 0.01
SLIGHTLY_LATE_S = 0.005
CPU_SHARE_MOST = 0.85
CPU_STRETCH_S = 5.0
LOOK_S = 0.5
DESCRIPTORS_WARN_SHARE = 0.8
DESCRIPTORS_NONE_SHARE = 0.99
"""They are counted twice a second: who comes so near the limit may have met it."""


@dataclass(frozen=True)
class Verdict:
    """Whether the instrument is fit so far, and why not."""

    fit: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether the instrument is fit, and the numbers that say so (wall seconds; shares of starts)."""

    fit: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    """What a reader should know although the run is fit."""
    starts: int
    late_share: float
    """Over 50 ms late; the sum of the next two."""
    late_share_ours: float
    machine_late_share: float | None
    """None where no control timer ran from begin to end: all is ours then."""
    late_5ms_share: float
    late_5ms_share_ours: float
    late_s_p50: float
    late_s_p95: float
    late_s_p99: float
    late_s_p995: float
    error_s_p95: float
    loop_lag_s_p95: float
    cpu_busy_s: float
    cpu_share_peak: float
    """Of one core, the most over 5 s, or over the whole run if it was shorter."""
    descriptors_most: int
    descriptors_limit: int
    control_timer: bool
    """Whether it ran from begin to end."""
    control_late_5ms_share: float | None
    """How often the control timer, which does nothing, woke over 5 ms late; None where it never woke."""


class Instrument:
    """Watches our own process while it measures; under the virtual clock there is nothing to see."""

    def __init__(self, virtual: bool = False, scale: float = 1.0) -> None:
        self._virtual, self._scale = virtual, scale
        self.starts = Starts()
        """Told by the crowd as contacts begin."""
        self.errors_s: list[float] = []
        """Errors of stamps that a channel knows of, such as a browser's clock against ours, in wall seconds."""
        self.warnings: list[str] = []
        """What was known before the run began."""
        self.noise = Noise()
        self.control = ControlTimer(self.noise)
        self._lags_s: list[float] = []
        self._busy_s = self._stretch_s = self._cpu_share = 0.0
        self._used: deque[tuple[float, float]] = deque()
        """Wall and processor seconds of the looks of the last 5 s."""
        self._descriptors, self._late, self._verdict = 0, Late(), Verdict()

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch loop lag, CPU, descriptors and the control timer inside the block."""
        if self._virtual:
            yield
            return
        self.control.start()
        self._look()
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            try:
                with contextlib.suppress(asyncio.CancelledError):
                    await watcher
            finally:
                self.control.stop()
            self._look()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + LOOK_S
            await asyncio.sleep(LOOK_S)
            self._lags_s.append(max(loop.time() - due_s, 0.0))
            self._look()

    def _look(self) -> None:
        self._look_at_cpu()
        self._descriptors = max(self._descriptors, open_now())
        self.control.read()
        self._count_late()
        reasons = self._reasons(self._late)
        self._verdict = Verdict(not reasons, reasons)

    def _look_at_cpu(self) -> None:
        now_s, used_s = time.perf_counter(), time.process_time()
        if self._used:
            before_s, used_before_s = self._used[-1]
            share = (used_s - used_before_s) / (now_s - before_s)
            self._stretch_s = self._stretch_s + now_s - before_s if share > CPU_SHARE_MOST else 0.0
            self._busy_s = max(self._busy_s, self._stretch_s)
            while len(self._used) > 1 and now_s - self._used[1][0] >= CPU_STRETCH_S:
                self._used.popleft()
            first_s, used_first_s = self._used[0]
            over_all = (used_s - used_first_s) / (now_s - first_s)
            self._cpu_share = max(self._cpu_share, over_all) if now_s - first_s >= CPU_STRETCH_S else over_all
        self._used.append((now_s, used_s))

    def _count_late(self) -> None:
        """Count the starts of which it is known by now what the machine did meanwhile."""
        due_s, late_s = self.starts.since(self._late.starts)
        known_until_s = self.noise.known_until_s if self.control.runs else math.inf
        known = int(np.searchsorted(due_s + late_s, known_until_s))  # they stand in the order in which they began
        self._late += self._late_of(due_s[:known], late_s[:known], LATE_S)

    def _late_of(self, due_s: Instants, late_s: Instants, over_s: float) -> Late:
        return Late.of(late_s, self.noise.within_s(due_s, due_s + late_s), over_s)

    def _reasons(self, late: Late) -> tuple[str, ...]:
        reasons = []
        if late.share_ours > LATE_SHARE_MOST:
            reasons.append(
                f"{late.share_ours:.1%} of contacts began more than {LATE_S * 1000:.0f} ms late; at most 1 %"
            )
        if late.share_machine > LATE_SHARE_MOST:
            reasons.append(
                f"the machine, not we, made {late.share_machine:.1%} of contacts begin more than "
                f"{LATE_S * 1000:.0f} ms late: a timer that does nothing woke late too; at most 1 %, so measure on a "
                "machine with less else to do"
            )
        if self._busy_s >= CPU_STRETCH_S:
            reasons.append(
                f"our own CPU stayed above 85 % for {self._busy_s:.0f} s; fewer contacts or a smaller --scale"
            )
        if self._descriptors >= DESCRIPTORS_NONE_SHARE * limit():
            reasons.append(f"{self._descriptors:,} of {limit():,} descriptors were open: contacts may have found none")
        return tuple(reasons)

    def now(self) -> Verdict:
        """Return the verdict so far, at most half a second old; costs nothing."""
        return self._verdict

    @property
    def late(self) -> Late:
        """How many contacts have begun too late so far, at most half a second old."""
        return self._late

    def judge(self) -> Judgement:
        """Judge the run by how late its contacts began, and by what was watched."""
        due_s, late_s = self.starts.since(0)
        late, slightly = (self._late_of(due_s, late_s, over_s) for over_s in (LATE_S, SLIGHTLY_LATE_S))
        p50, p95, p99, p995 = np.quantile(late_s if len(late_s) else [0.0], (0.5, 0.95, 0.99, 0.995)).tolist()
        lag_p95 = float(np.quantile(self._lags_s, 0.95)) if self._lags_s else 0.0
        error_p95 = float(np.quantile(self.errors_s, 0.95)) if self.errors_s else max(p95, lag_p95)
        reasons, noise, timed = self._reasons(late), self.noise, self.control.runs and self.noise.wakes > 0
        return Judgement(
            fit=not reasons, reasons=reasons, warnings=self._warnings(timed), starts=len(late_s),
            late_share=late.share, late_share_ours=late.share_ours,
            machine_late_share=late.share_machine if timed else None,
            late_5ms_share=slightly.share, late_5ms_share_ours=slightly.share_ours,
            late_s_p50=p50, late_s_p95=p95, late_s_p99=p99, late_s_p995=p995, error_s_p95=error_p95,
            loop_lag_s_p95=lag_p95, cpu_busy_s=self._busy_s, cpu_share_peak=self._cpu_share,
            descriptors_most=self._descriptors, descriptors_limit=limit(), control_timer=timed,
            control_late_5ms_share=noise.late_wakes / noise.wakes if noise.wakes else None,
        )  # fmt: skip

    def _warnings(self, timed: bool) -> tuple[str, ...]:
        warnings = list(self.warnings)
        if self._descriptors >= DESCRIPTORS_WARN_SHARE * limit():
            warnings.append(
                f"{self._descriptors:,} of {limit():,} descriptors were open; raise the limit (`ulimit -n`)"
            )
        if not timed and not self._virtual:
            warnings.append("the control timer did not run to the end: what the machine did counts as ours")
        return tuple(warnings)
