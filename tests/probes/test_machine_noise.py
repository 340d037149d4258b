import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from probes.control_timer import EVERY_S, TOLD_AT_ONCE
from probes.lateness import Late
from probes.machine_noise import ControlTimer, Noise
from tests.desks import TOP, wait_for

END_S_MOST = 2.0
STAT = Path("/proc/self/stat")
HOLDER = """
import threading
from probes.machine_noise import ControlTimer, Noise
timer = ControlTimer(Noise())
timer.start()
while timer.runs and not timer._noise.wakes:
    timer.read()
print(timer.pid, flush=True)
threading.Event().wait(60)
"""


def runs(pid: int) -> bool:
    """Say whether a process runs; one that has ended and waits to be asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def hear(timer: ControlTimer, noise: Noise, wakes: int) -> None:
    """Wait until a timer has told of so many wakes."""

    def heard() -> bool:
        timer.read()
        return noise.wakes >= wakes

    wait_for(heard, 20)


def machine_of(noise: Noise, due_s: list[float], late_s: list[float], over_s: float = 0.05) -> Late:
    """Return whose doing it was that starts were late."""
    due, late = np.array(due_s), np.array(late_s)
    return Late.of(late, noise.within_s(due, due + late), over_s)


def asleep(*stretches: tuple[float, float]) -> Noise:
    """Return the noise of a machine that stood still in these stretches, as a timer every 10 ms tells it."""
    due_s = np.arange(100.0, 110.0, EVERY_S)
    late_s = np.full(len(due_s), 0.0001)
    for begins_s, ends_s in stretches:
        inside = (due_s >= begins_s) & (due_s < ends_s)
        late_s[inside] = ends_s - due_s[inside]
    noise = Noise()
    for some in np.array_split(np.arange(len(due_s)), 20):
        noise.add(due_s[some], late_s[some])
    return noise


def test_what_the_timer_suffered_too_is_the_machines() -> None:
    """Without it a noisy machine would be taken for a slow generator, or excuse one."""
    noise = asleep((101.0, 101.2), (105.0, 105.06))
    #        in the stall, in the second stall, before it, across its end, on time
    due_s = [101.005, 105.0001, 104.0, 101.15, 103.0]
    late_s = [0.195, 0.06, 0.2, 0.12, 0.0]
    late = machine_of(noise, due_s, late_s)
    assert (late.starts, late.late, late.machine) == (5, 4, 2)
    assert (late.share, late.share_ours, late.share_machine) == (0.8, 0.4, 0.4)


def test_a_little_noise_excuses_little() -> None:
    """Without it a machine that is a few milliseconds late now and then would hide a loop blocked for seconds."""
    noise = asleep(*((100.0 + second / 10, 100.004 + second / 10) for second in range(100)))
    late = machine_of(noise, [101.0, 102.0], [2.0, 0.052])
    assert (late.late, late.machine) == (2, 1), "2 s are ours; 52 ms without the 4 ms would not have been late"


@pytest.mark.parametrize("seed", range(5))
def test_noise_within_spans_is_as_counted_by_hand(seed: int) -> None:
    """Without it overlapping tellings of one stall would count it twice."""
    draws = np.random.default_rng(seed)
    begins_s = np.sort(draws.uniform(100, 109, 12)).round(2)
    noise = asleep(
        *((begun, begun + lasts) for begun, lasts in zip(begins_s, draws.uniform(0.02, 0.4, 12), strict=True))
    )
    due_s = draws.uniform(99, 111, 200)
    ends_s = due_s + draws.exponential(0.3, 200)
    fine_s = np.arange(98, 120, 0.0005)
    stretches = list(zip(noise._begins_s, noise._ends_s, strict=True))
    held = np.any([(fine_s >= begun) & (fine_s < ended) for begun, ended in stretches], axis=0)
    counted = [0.0005 * held[(fine_s >= due) & (fine_s < end)].sum() for due, end in zip(due_s, ends_s, strict=True)]
    assert np.allclose(noise.within_s(due_s, ends_s), counted, atol=0.0011 * len(stretches))
    assert len(stretches) <= 12
    assert (np.diff(np.ravel(stretches)) > 0).all()


def test_the_timer_tells_and_ends_when_told() -> None:
    """Without it the machine's noise would be guessed, or a process be left behind by each run."""
    noise = Noise()
    timer = ControlTimer(noise)
    timer.start()
    pid = timer.pid
    assert pid is not None
    hear(timer, noise, TOLD_AT_ONCE)
    timer.stop()
    assert timer.runs, "it ran to the end"
    assert abs(noise.known_until_s - time.monotonic()) < 1.0, "the last of what it knew was taken"
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.skipif(not STAT.exists(), reason="reads /proc")
def test_the_timer_costs_under_a_hundredth_of_a_core() -> None:
    """Without it the control would be noise itself."""
    noise = Noise()
    timer = ControlTimer(noise)
    timer.start()

    def used_s() -> float:
        fields = Path(f"/proc/{timer.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    hear(timer, noise, TOLD_AT_ONCE)
    first_s, wakes = used_s(), noise.wakes
    hear(timer, noise, wakes + 6 * TOLD_AT_ONCE)
    used = used_s() - first_s
    lasted_s = (noise.wakes - wakes) * EVERY_S
    timer.stop()
    assert used <= 0.01 * lasted_s + 0.01, "but for the grain of the count, a hundredth of a second"


@pytest.mark.skipif(not STAT.exists(), reason="reads /proc")
def test_a_timer_that_dies_is_noticed() -> None:
    """Without it silence would pass for a quiet machine."""
    noise = Noise()
    timer = ControlTimer(noise)
    timer.start()
    hear(timer, noise, TOLD_AT_ONCE)
    assert timer.pid is not None
    os.kill(timer.pid, signal.SIGKILL)

    def noticed() -> bool:
        timer.read()
        return not timer.runs

    wait_for(noticed, END_S_MOST)
    timer.stop()
    assert not timer.runs


@pytest.mark.skipif(not STAT.exists(), reason="reads /proc")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM])
def test_the_timer_ends_when_its_parent_is_killed(blow: signal.Signals) -> None:
    """Without it each run that is killed would leave a process behind that wakes for ever."""
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, cwd=TOP) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        assert runs(pid)
        holder.send_signal(blow)
        holder.wait(timeout=10)
    wait_for(lambda: not runs(pid), END_S_MOST)


def test_a_timer_that_nobody_hears_goes_on() -> None:
    """Without it a loop blocked for a minute would stop the timer, and look like a machine that stood still."""
    noise = Noise()
    timer = ControlTimer(noise)
    timer.start()
    hear(timer, noise, 1)
    quiet_from_s = noise.known_until_s
    wait_for(lambda: time.monotonic() - quiet_from_s > 1.2)  # nobody reads: what is told meanwhile waits in the pipe
    timer.read()
    timer.stop()
    assert noise.known_until_s - quiet_from_s > 1.0
    assert noise.within_s(np.array([quiet_from_s]), np.array([noise.known_until_s]))[0] < 0.6
