import asyncio
import os
import signal
import threading
import time
from dataclasses import asdict

import numpy as np
import pytest

from probes import instrument as watched
from probes.instrument import Instrument, Judgement
from tests.desks import wait_for
from tests.probes.test_machine_noise import asleep

HELD_S = 0.4


def block(seconds: float) -> None:
    """Hold the thread up, and use no processor."""
    threading.Event().wait(seconds)


def began(instrument: Instrument, due_s: float, late_s: float, count: int = 1) -> None:
    """Have contacts begin."""
    for _ in range(count):
        instrument.starts.add(due_s, late_s)


def judged(instrument: Instrument, control: bool = True) -> Judgement:
    """Judge as if a control timer had run."""
    instrument.control.runs = control
    return instrument.judge()


def test_a_punctual_run_is_fit_and_says_its_figures() -> None:
    """Without it no figure of a good instrument would be known to be right."""
    instrument = Instrument()
    instrument.noise = asleep((101.0, 101.2))
    for number in range(1000):
        began(instrument, 103.0 + number / 1000, number / 100_000)
    told = judged(instrument)
    assert told.fit
    assert told.reasons == told.warnings == ()
    assert (told.starts, told.late_share, told.machine_late_share) == (1000, 0.0, 0.0)
    assert told.late_5ms_share == told.late_5ms_share_ours == pytest.approx(0.499, abs=0.002)
    figures = (told.late_s_p50, told.late_s_p95, told.late_s_p99, told.late_s_p995)
    assert figures == pytest.approx((0.005, 0.0095, 0.0099, 0.00995), abs=1e-4)
    assert told.control_late_5ms_share == pytest.approx(0.02, abs=0.002)
    assert asdict(told)["fit"] is True


def test_our_lateness_and_the_machines_are_told_apart() -> None:
    """Without it a noisy machine would excuse us, or be blamed on us."""
    for due_s, blamed in ((101.0, "machine, not we"), (103.0, "2.0% of contacts began more than 50 ms late")):
        instrument = Instrument()
        instrument.noise = asleep((101.0, 101.2))
        began(instrument, 105.0, 0.0, 98)
        began(instrument, due_s, 0.2, 2)
        told = judged(instrument)
        assert not told.fit
        assert len(told.reasons) == 1
        assert blamed in told.reasons[0]
        assert told.late_share == told.late_share_ours + (told.machine_late_share or 0) == 0.02


def test_a_little_of_both_is_still_fit() -> None:
    """Without it what the machine does would count against us after all."""
    instrument = Instrument()
    instrument.noise = asleep((101.0, 101.2))
    began(instrument, 105.0, 0.0, 986)
    began(instrument, 101.0, 0.2, 7)
    began(instrument, 103.0, 0.2, 7)
    told = judged(instrument)
    assert told.fit
    assert (told.late_share, told.late_share_ours, told.machine_late_share) == (0.014, 0.007, 0.007)


def test_without_a_control_timer_all_is_ours_and_that_is_said() -> None:
    """Without it no telling would pass for a quiet machine."""
    instrument = Instrument()
    began(instrument, 101.0, 0.2, 2)
    told = judged(instrument, control=False)
    assert told.machine_late_share is told.control_late_5ms_share is None
    assert told.late_share_ours == 1.0
    assert "counts as ours" in told.warnings[0]


async def held_up(stop_control: bool) -> Instrument:
    """Hold our loop up while a contact is due, with the control timer or without; return once it is told unfit."""
    instrument, loop = Instrument(), asyncio.get_running_loop()
    async with instrument.watching():
        await asyncio.to_thread(wait_for, lambda: instrument.noise.wakes > 0)
        due_s, begun = loop.time() + 0.05, loop.create_future()

        def begin() -> None:
            began(instrument, due_s, loop.time() - due_s)
            begun.set_result(None)

        loop.call_at(due_s, begin)
        assert instrument.control.pid is not None
        if stop_control:
            os.kill(instrument.control.pid, signal.SIGSTOP)
        block(HELD_S)
        if stop_control:
            os.kill(instrument.control.pid, signal.SIGCONT)
        await begun
        await asyncio.to_thread(wait_for, lambda: not instrument.now().fit)
    return instrument


def test_a_blocked_loop_is_ours_and_is_said_while_it_runs() -> None:
    """Without it our own slowness could hide behind the machine, or be told only when a long run is over."""
    told = asyncio.run(held_up(stop_control=False)).judge()
    assert told.control_timer
    assert (told.late_share_ours, told.machine_late_share) == (1.0, 0.0)
    assert told.late_s_p50 > 0.3
    assert not told.fit
    assert told.descriptors_most > 3


def test_a_machine_that_stands_still_is_not_ours() -> None:
    """Without it the attribution would be known on made-up arrays only, not between two processes' clocks."""
    told = asyncio.run(held_up(stop_control=True)).judge()
    assert told.control_timer
    assert (told.late_share_ours, told.machine_late_share) == (0.0, 1.0)
    assert told.late_s_p50 > 0.3
    assert "the machine, not we" in told.reasons[0]


def test_a_child_that_dies_leaves_a_verdict() -> None:
    """Without it a run would fail, or pass for watched, because a helper was killed."""

    async def play() -> Instrument:
        instrument = Instrument()
        async with instrument.watching():
            assert instrument.control.pid is not None
            os.kill(instrument.control.pid, signal.SIGKILL)
            await asyncio.to_thread(wait_for, lambda: not instrument.control.runs)
            now_s = time.monotonic()
            began(instrument, now_s - 1, 0.9)
        return instrument

    instrument = asyncio.run(play())
    assert not instrument.now().fit, "what is late is not kept waiting for a timer that is dead"
    told = instrument.judge()
    assert not told.control_timer
    assert told.machine_late_share is None


def test_under_the_virtual_clock_no_child_is_started() -> None:
    """Without it days in seconds would be watched by a timer of another clock."""

    async def play() -> Instrument:
        instrument = Instrument(virtual=True)
        async with instrument.watching():
            assert instrument.control.pid is None
        return instrument

    told = asyncio.run(play()).judge()
    assert (told.fit, told.control_timer, told.reasons, told.warnings) == (True, False, (), ())


@pytest.mark.parametrize(("open_ones", "fit", "warned"), [(79, True, False), (80, True, True), (99, False, True)])
def test_few_descriptors_left_are_a_warning_and_none_makes_unfit(
    open_ones: int, fit: bool, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it contacts would fail for want of a descriptor, and the desk be blamed."""
    monkeypatch.setattr(watched, "open_now", lambda: open_ones)
    monkeypatch.setattr(watched, "limit", lambda: 100)

    async def play() -> Instrument:
        instrument = Instrument()
        async with instrument.watching():
            pass
        return instrument

    told = asyncio.run(play()).judge()
    assert told.fit is fit
    assert any("descriptors were open; raise" in warning for warning in told.warnings) is warned
    assert (told.descriptors_most, told.descriptors_limit) == (open_ones, 100)


class Readings:
    """Clocks that read what they are told."""

    def __init__(self) -> None:
        self.wall_s = self.used_s = 100.0

    def perf_counter(self) -> float:
        """Return wall seconds."""
        return self.wall_s

    def process_time(self) -> float:
        """Return processor seconds."""
        return self.used_s


@pytest.mark.parametrize(("busy_looks", "share", "fit"), [(9, 0.9 * 0.98 + 0.1 * 0.1, True), (12, 0.98, False)])
def test_the_busiest_five_seconds_are_kept(
    busy_looks: int, share: float, fit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a busy minute would be forgotten in the quiet hour after it."""
    clocks, instrument = Readings(), Instrument()
    monkeypatch.setattr(watched, "time", clocks)
    instrument._look()
    for used in [0.1] * 20 + [0.98] * busy_looks + [0.1] * 20:
        clocks.wall_s, clocks.used_s = clocks.wall_s + 0.5, clocks.used_s + 0.5 * used
        instrument._look()
    clocks.wall_s += 0.001
    instrument._look()
    told = judged(instrument)
    assert told.cpu_share_peak == pytest.approx(share)
    assert told.cpu_busy_s == pytest.approx(busy_looks / 2)
    assert told.fit is instrument.now().fit is fit


def test_looking_at_a_million_starts_costs_little() -> None:
    """Without it the live verdict would make late what it watches."""
    instrument = Instrument()
    instrument.noise = asleep((101.0, 101.2))
    instrument.control.runs = True
    due_s = np.linspace(100, 109, 1_000_000)
    instrument.starts._due_s.frombytes(due_s.tobytes())
    instrument.starts._late_s.frombytes(np.full(len(due_s), 0.001).tobytes())
    instrument._look()
    assert instrument._late.starts == 1_000_000
    begun_s = time.process_time()
    for _ in range(100):
        instrument._look()
    assert time.process_time() - begun_s < 0.5, "5 ms each at the very most"
