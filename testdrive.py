"""The command line: runs one verb, and ends every fault with a sentence and a code; the verbs stand in `commands`."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands.exits import Exit, UsageError
from commands.table import command_parser
from commands.terminal import print_json, say

GARBAGE_LEAST = 100_000
"""New objects before Python looks for garbage: what a start loads stays, and looking through it costs a tenth of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; never a bare traceback."""
    from scenarios.faults import FaultsFoundError

    parser = command_parser()
    asked = parser.parse_args(arguments)
    if not hasattr(asked, "run"):
        parser.print_help(sys.stderr)
        return Exit.BAD_INPUT
    gc.set_threshold(GARBAGE_LEAST)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell began us with it ignored
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        return int(asked.run(asked))
    except FaultsFoundError as error:
        if asked.json:
            print_json({"faults": [_fault(fault) for fault in error.faults]})
        say(str(error))
        return Exit.BAD_INPUT
    except KeyboardInterrupt as interruption:
        say(str(interruption) or "interrupted; what was measured is kept")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; nothing is wrong
        return Exit.AGREES
    except Exception as error:  # noqa: BLE001  the last resort: every fault has a sentence and a code
        return _told(error)


def _told(error: Exception) -> int:
    from probes.browser import BrowserMissingError
    from probes.errand import NothingToPlayError
    from probes.guard import RefusedByCharterError
    from probes.record import NothingRecordedError
    from probes.resume import CannotResumeError
    from results.churn import ChurnTableError
    from results.runs import RunError
    from scenarios.cells import PlanTooLargeError
    from scenarios.profiled import ProfileError
    from scenarios.secret import SecretMissingError
    from simulator.churn_estimate import FitChurnError
    from simulator.fit import FitError
    from simulator.precision import PrecisionError
    from simulator.staffing.aims import StaffingError
    from simulator.story import StoryError
    from simulator.validation.validate import UnknownSystemError

    if isinstance(error, RefusedByCharterError):
        say(f"refused: {error}")
        return Exit.REFUSED
    if isinstance(error, ConnectionError):
        say(f"unreachable: {error}")
        return Exit.UNREACHABLE
    bad_input = (
        RunError, FitError, PlanTooLargeError, NothingToPlayError, UsageError, BrowserMissingError, UnknownSystemError,
        PrecisionError, StoryError, CannotResumeError, SecretMissingError, NothingRecordedError,
        ProfileError, FitChurnError, ChurnTableError, StaffingError,
    )  # fmt: skip
    if isinstance(error, bad_input):
        say(str(error))
        return Exit.BAD_INPUT
    if isinstance(error, OSError) and (error.filename or error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT)):
        say(f"{error.filename or 'the disk'}: {error.strerror}; name another place with -o, or make room")
        return Exit.BAD_INPUT
    trace = traceback.extract_tb(error.__traceback__)
    where = f"{Path(trace[-1].filename).name}:{trace[-1].lineno}" if trace else "an unknown place"
    say(f"our own fault: {type(error).__name__}: {error} ({where}); set TESTDRIVE_TRACE=1 for the whole trace")
    if os.environ.get("TESTDRIVE_TRACE"):
        traceback.print_exception(error)
    return Exit.OUR_FAULT


def _fault(fault: Any) -> dict[str, Any]:
    return {
        "file": fault.file, "line": fault.line, "key": fault.key, "found": fault.found, "message": str(fault),
    }  # fmt: skip


def _as_interrupt(number: int, frame: object) -> None:
    """Take a request to end as Ctrl-C, so that it ends what runs in the same orderly way."""
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
