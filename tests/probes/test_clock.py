import asyncio
import heapq
import itertools
import math

import pytest

from probes.clock import Clock
from probes.virtual_loop import run_virtual


class SteppedLoop:
    """A loop's time and nothing else, moved by hand."""

    def __init__(self, at: float) -> None:
        self.at = at

    def time(self) -> float:
        """Return what it was moved to."""
        return self.at


def test_scenario_seconds_run_scale_times_as_fast_as_the_wall():
    """Without it a scaled run could stretch or shrink every wait it measures."""
    loop = SteppedLoop(1000.0)
    clock = Clock(loop, origin_loop_s=1000.0, scale=4.0)
    loop.at += 2.5
    assert clock.now_s() == 10.0
    assert clock.loop_s(10.0) == 1002.5


def test_before_the_origin_the_time_is_negative():
    """Without it a process that is early could not tell how long to wait for second 0."""
    clock = Clock(SteppedLoop(7.0), origin_loop_s=10.0, scale=2.0)
    assert clock.now_s() == -6.0


def test_two_processes_with_one_epoch_agree_on_the_time():
    """Without it desk and shoppers in two processes would date the same message differently."""
    wall_s = 1_800_000_100.0
    early_boot = Clock.real(epoch_s=1_800_000_000.0, scale=5.0, loop=SteppedLoop(31.0), wall=lambda: wall_s)
    late_boot = Clock.real(epoch_s=1_800_000_000.0, scale=5.0, loop=SteppedLoop(9e6), wall=lambda: wall_s)
    assert early_boot.now_s() == pytest.approx(500.0, abs=1e-6)
    assert late_boot.now_s() == pytest.approx(500.0, abs=1e-6)


def test_the_tightest_reading_of_the_wall_clock_counts():
    """Without it a process put aside between two readings would be late by that much for the whole run."""
    loop = SteppedLoop(50.0)
    put_aside_s = iter([0.0, 0.3, 0.3, 0.0, 0.3])

    def wall() -> float:
        wall_s = 1000.0 + loop.at
        loop.at += next(put_aside_s)
        return wall_s

    assert Clock.real(epoch_s=1050.0, loop=loop, wall=wall).origin_loop_s == 50.0


def test_a_wall_clock_set_during_the_run_moves_nothing():
    """Without it a correction by NTP would make waits negative."""
    loop = SteppedLoop(5.0)
    walls = itertools.chain([100.0] * 5, itertools.repeat(9999.0))
    clock = Clock.real(epoch_s=100.0, loop=loop, wall=lambda: next(walls))
    loop.at += 1.0
    assert clock.now_s() == 1.0


@pytest.mark.parametrize("scale", [0.0, 0.5, 10.5, -1.0, math.nan, math.inf])
def test_a_scale_outside_one_to_ten_is_refused(scale: float):
    """Without it a run could be scaled until the instrument's own error is all it measures."""
    with pytest.raises(ValueError, match=r"scale is .*; a clock runs 1 to 10 times"):
        Clock(SteppedLoop(0.0), scale=scale)


class TimerLoop(asyncio.SelectorEventLoop):
    """A real loop that would wait for its timers, were its time not moved by hand to the next one."""

    at = 500.0

    def time(self) -> float:
        """Return what it was moved to."""
        return self.at

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.at = heapq.nsmallest(1, self._scheduled)[0].when()
        super()._run_once()


def test_sleeping_on_a_scaled_clock_takes_the_scaled_part_of_the_wall():
    """Without it think pauses would be slept in wall seconds, whatever the scale."""

    async def pause() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        clock = Clock(loop, origin_loop_s=loop.time(), scale=10.0)
        await clock.sleep_s(30.0)
        await clock.sleep_until_s(120.0)
        return clock.now_s(), loop.time()

    with asyncio.Runner(loop_factory=TimerLoop) as runner:
        assert runner.run(pause()) == (120.0, 512.0)


def test_a_sleep_ends_at_its_instant_without_drift():
    """Without it a contact due at 812.3 would be logged as a hair early or late."""
    instants = [0.1 * k for k in range(1, 200)] + [7200.3, 1e6 + 1 / 3]

    async def visit() -> list[float]:
        clock = Clock(asyncio.get_running_loop())
        seen = []
        for at_s in instants:
            await clock.sleep_until_s(at_s)
            seen.append(clock.now_s())
        return seen

    assert run_virtual(visit()) == instants


def test_sleeping_until_the_past_lets_others_run_and_returns():
    """Without it a late customer could hang, or keep the others from their turn."""

    async def be_late() -> tuple[float, bool]:
        clock = Clock(asyncio.get_running_loop())
        await clock.sleep_until_s(10.0)
        other = asyncio.create_task(asyncio.sleep(0))
        await clock.sleep_until_s(3.0)
        return clock.now_s(), other.done()

    assert run_virtual(be_late()) == (10.0, True)


def test_what_does_not_come_by_the_deadline_times_out_at_the_deadline():
    """Without it an unanswered wait would never be censored, or not where patience ended."""

    async def lose_patience() -> tuple[float, bool]:
        clock = Clock(asyncio.get_running_loop())
        answer: asyncio.Future[str] = clock.loop.create_future()
        with pytest.raises(TimeoutError):
            await clock.wait_until(answer, 90.0)
        return clock.now_s(), answer.cancelled()

    assert run_virtual(lose_patience()) == (90.0, True)


def test_what_comes_before_the_deadline_is_returned_when_it_comes():
    """Without it every wait could last as long as patience does."""

    async def be_answered() -> tuple[str, float]:
        clock = Clock(asyncio.get_running_loop())
        answer: asyncio.Future[str] = clock.loop.create_future()
        clock.call_at_s(89.5, answer.set_result, "Hello")
        return await clock.wait_until(answer, 90.0), clock.now_s()

    assert run_virtual(be_answered()) == ("Hello", 89.5)


def test_a_cancelled_sleep_leaves_no_timer():
    """Without it a customer who hung up would still move the virtual clock."""

    async def hang_up() -> float:
        clock = Clock(asyncio.get_running_loop())
        sleeper = asyncio.create_task(clock.sleep_until_s(50.0))
        await clock.sleep_until_s(1.0)
        sleeper.cancel()
        await asyncio.gather(sleeper, return_exceptions=True)
        await clock.sleep_until_s(100.0)
        return asyncio.get_running_loop().tally.jumps

    assert run_virtual(hang_up()) == 2
