"""What an interruption (Ctrl-C) leaves of a run that is simulated: nothing half-written, and a word on what is there.

Probes keep a journal instead, and say so themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.runs import Run


@contextlib.contextmanager
def interruptible(run: Run) -> Iterator[None]:
    """Note in run.json that the run was interrupted, sweep up what was half-written, and say what the folder holds.

    Raises:
        KeyboardInterrupt: again, with that sentence.
    """
    from results.runs import INTERRUPTED

    try:
        yield
    except KeyboardInterrupt:
        for part in run.folder.glob(".*.part"):
            part.unlink(missing_ok=True)
        run.write_facts(state=INTERRUPTED)
        raise KeyboardInterrupt(f"interrupted; {holds_words(run)}") from None


def holds_words(run: Run) -> str:
    """Say what the folder of an interrupted run holds, and what it does not."""
    from results.log import TABLES
    from results.words import listed

    tables = [name for name in TABLES if run.has_table(name)]
    if not tables:
        return f"{run.folder} holds run.json alone: no replication was over, so there is no log and no figure"
    figures = "losses" if "losses" in run.facts else "metrics" if "metrics" in run.facts else None
    untold = "no page" if figures else "no figures and no page"
    return f"{run.folder} holds {listed(['run.json', *tables])}, but {untold}"
