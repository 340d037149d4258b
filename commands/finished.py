"""What a crowd that Locust hosts tells when it is over, and gives to other tools: `python -m commands.finished`.

The same as `load` prints, writes and exits with. Begun before the run by the process that leads it, so that what could
not be written is refused before anything is played. In, lines of JSON: `{"asked": what is played, "exports":
{junit, csv, prometheus, telemetry}}`, then `{"folder": RUN}` when the run has its tables. Out: `{"checked": true}`,
then `{"told": exit code}`, or `{"failed": {"code", "why"}}`. What people read goes to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.exits import Exit, UsageError
from commands.load_exports import check_exports

if TYPE_CHECKING:
    from scenarios.charter import Charter

FILES = ("junit", "csv", "prometheus")


def main() -> None:
    """Check what is asked for, wait for the run to be over, and tell what came of it."""
    from probes.crowd.telling import told_failure
    from scenarios.charter import read_charter

    try:
        told = json.loads(sys.stdin.readline())
        asked = asked_of(told["exports"])
        charter = read_charter(Path(told["asked"]["charter"])) if asked.telemetry else None
        check_exports(asked, charter, "--load-")
        _answer(checked=True)
        if line := sys.stdin.readline():  # none comes where whoever leads the run has gone
            with contextlib.redirect_stdout(sys.stderr):
                code = tell_run(asked, Path(json.loads(line)["folder"]), charter)
            _answer(told=int(code))
    except UsageError as error:
        _answer(failed={"code": int(Exit.BAD_INPUT), "why": str(error)})
    except Exception as error:  # noqa: BLE001  whatever it is, whoever leads the run is told, and says so
        _answer(failed=told_failure(error))


def asked_of(exports: Mapping[str, Any]) -> argparse.Namespace:
    """Return what is asked for as the verb `load` has it; what is empty is not."""
    files = {name: Path(exports[name]) if exports.get(name) else None for name in FILES}
    return argparse.Namespace(json=False, telemetry=bool(exports.get("telemetry")), **files)


def tell_run(asked: argparse.Namespace, folder: Path, charter: Charter | None) -> int:
    """Print a finished run's figures and thresholds, and export them; returns the exit code that they ask for.

    The thresholds are those it was begun with: the scenario file may have been edited since.
    """
    from commands.shopped import tell_shopped
    from results.runs import Run
    from scenarios.thresholds import Threshold

    run = Run.open(folder)
    thresholds = [Threshold.model_validate(one) for one in run.facts.get("thresholds") or ()]
    return tell_shopped(asked, run, thresholds, True, charter)


def _answer(**word: Any) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
