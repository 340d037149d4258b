"""A timer that does nothing but wake every 10 ms and tell how late: what it suffers, the machine does and not we.

A program of its own, started by `probes.machine_noise` as `python control_timer.py PID`, and free of all but the
standard library so that it is there at once and costs under 1 % of a core. It writes pairs of doubles, an instant it
was to wake at (CLOCK_MONOTONIC, seconds) and how late it did, fifty at a time; instants that it slept through are told
too. It ends when nobody reads, or when the process PID is no longer its parent, and tells what it has when terminated.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from array import array

EVERY_S = 0.01
TOLD_AT_ONCE = 50
"""Pairs in one write: 800 bytes, which a pipe takes whole or not at all."""


def main(parent: int, told: int) -> None:
    """Wake and tell on the descriptor `told`, until `parent` has gone or nobody reads."""
    os.set_blocking(told, False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    woken = array("d")
    begun_s, count, heard = time.monotonic(), 0, True
    try:
        while heard and os.getppid() == parent:
            while len(woken) < 2 * TOLD_AT_ONCE:
                count += 1
                due_s = begun_s + count * EVERY_S
                left_s = due_s - time.monotonic()
                if left_s > 0:
                    time.sleep(left_s)
                woken.extend((due_s, time.monotonic() - due_s))
            heard = _tell(told, woken)
            del woken[:]
    finally:
        _tell(told, woken)


def _tell(told: int, woken: array[float]) -> bool:
    """Write pairs; returns whether somebody reads.

    Where a reader that is held up has left no room they are lost: waiting would be lateness of our own making.
    """
    try:
        os.write(told, woken.tobytes())
    except BlockingIOError:
        return True
    except BrokenPipeError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.stdout.fileno())
