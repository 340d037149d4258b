"""Verbs asked in the test's own process: what they say, write and refuse, without the two seconds of a start."""

from __future__ import annotations

import contextlib
import io
import signal
from dataclasses import dataclass

import testdrive


@dataclass(frozen=True)
class Said:
    """What a verb ended with and said, named as of a process."""

    returncode: int
    stdout: str
    stderr: str


def ask_here(*arguments: object) -> Said:
    """Ask a verb, and leave signals as they were.

    Not for what a process of its own is about: signals, the instrument, Locust, which patches the process.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = testdrive.main([str(argument) for argument in arguments])
        except SystemExit as ended:  # so argparse ends
            code = int(ended.code or 0)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return Said(code, out.getvalue(), err.getvalue())
