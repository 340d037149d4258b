"""The machine's own noise, as a control timer suffers it: when a program that does nothing was kept from waking.

What was late in such a stretch was late by the machine's doing. Only what was seen counts: a timer that wakes every
10 ms misses what falls between two of its instants, and what keeps only our own core busy; both stay ours.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from array import array
from bisect import bisect_left, bisect_right
from pathlib import Path

import numpy as np
import numpy.typing as npt

from probes import control_timer

Instants = npt.NDArray[np.float64]

LEAST_S = 0.001
"""Timers are always a little late: less than this is not kept as noise."""
LATE_S = 0.005
END_S_MOST = 1.0
READ_BYTES = 1 << 16


class Noise:
    """Stretches of monotonic time in which the machine let a control timer wait, and how often it did.

    >>> noise = Noise()
    >>> noise.add(np.array([10.00, 10.01, 10.02]), np.array([0.0, 0.04, 0.03]))  # asleep from 10.01 to 10.05
    >>> [round(float(held_s), 3) for held_s in noise.within_s(np.array([10.0, 10.03]), np.array([10.02, 10.09]))]
    [0.01, 0.02]
    """

    def __init__(self) -> None:
        self._begins_s, self._ends_s = array("d"), array("d")
        self.wakes = self.late_wakes = 0
        """How often the timer was to wake, and how often it did over 5 ms late."""
        self.known_until_s = 0.0
        """What the timer suffered later is not told yet."""

    def add(self, due_s: Instants, late_s: Instants) -> None:
        """Take what the timer tells, in the order in which it was to wake."""
        self.wakes += len(due_s)
        self.late_wakes += int((late_s > LATE_S).sum())
        self.known_until_s = max(self.known_until_s, float((due_s + late_s).max(initial=0.0)))
        held = late_s > LEAST_S
        for begins_s, ends_s in zip(due_s[held].tolist(), (due_s + late_s)[held].tolist(), strict=True):
            if self._ends_s and begins_s <= self._ends_s[-1]:
                self._ends_s[-1] = max(self._ends_s[-1], ends_s)
            else:
                self._begins_s.append(begins_s)
                self._ends_s.append(ends_s)

    def within_s(self, begins_s: Instants, ends_s: Instants) -> Instants:
        """Return how much of each span from `begins_s` to `ends_s` was noise, in seconds."""
        if not len(begins_s):
            return np.zeros(0)
        first = bisect_right(self._ends_s, float(begins_s.min()))
        last = bisect_left(self._begins_s, float(ends_s.max()))
        if first >= last:
            return np.zeros(len(begins_s))
        begun, ended = np.array(self._begins_s[first:last]), np.array(self._ends_s[first:last])
        edges_s = np.column_stack((begun, ended)).ravel()
        passed_s = np.cumsum(ended - begun)
        so_far_s = np.column_stack((np.concatenate(([0.0], passed_s[:-1])), passed_s)).ravel()
        held: Instants = np.interp(ends_s, edges_s, so_far_s) - np.interp(begins_s, edges_s, so_far_s)
        return held


class ControlTimer:
    """A control timer in a process of its own; what it tells goes to `noise`.

    Where it cannot be started, or dies, `runs` is False and all lateness from then on counts as ours.
    """

    def __init__(self, noise: Noise) -> None:
        self._noise = noise
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self.runs = False

    @property
    def pid(self) -> int | None:
        """The child's process id; None where there is none."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the child; what comes to our terminal, such as Ctrl-C, does not reach it."""
        self._pipe, theirs = os.pipe()
        os.set_blocking(self._pipe, False)
        command = [sys.executable, "-I", "-S", str(Path(control_timer.__file__).resolve()), str(os.getpid())]
        nothing = subprocess.DEVNULL
        try:
            self._child = subprocess.Popen(
                command, stdin=nothing, stdout=theirs, stderr=nothing, start_new_session=True
            )
            self.runs = True
        except OSError:
            self._close()
        finally:
            os.close(theirs)

    def read(self) -> None:
        """Take what the child has told; never waits."""
        while self.runs and self._child is not None:
            try:
                told = os.read(self._pipe, READ_BYTES)
            except BlockingIOError:
                return
            if not told:
                self.runs = False
                return
            pairs = np.frombuffer(told).reshape(-1, 2)
            self._noise.add(pairs[:, 0], pairs[:, 1])

    def stop(self) -> None:
        """End the child and take the last of what it told; `runs` says whether it ran until now."""
        if self._child is None:
            return
        self.read()
        ran = self.runs
        self._child.terminate()
        deadline_s = time.monotonic() + END_S_MOST
        while self.runs and (left_s := deadline_s - time.monotonic()) > 0:
            select.select([self._pipe], [], [], left_s)
            self.read()
        self._child.kill()
        self._child.wait()
        self._child, self.runs = None, ran
        self._close()

    def _close(self) -> None:
        os.close(self._pipe)
        self._pipe = -1
