"""Runs of which every replication is kept as it comes (`results.kept_rows`): `--resume RUN` goes on with them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from commands.asked import facts_of
from commands.exits import UsageError

if TYPE_CHECKING:
    from results.kept_rows import KeptRows
    from results.runs import Run
    from scenarios.reading import LoadedScenario

ROWS_FILE = "rows.jsonl"


def run_with_rows(
    asked: argparse.Namespace,
    kind: str,
    loaded: LoadedScenario,
    seed: int,
    names: Sequence[str],
    about: Mapping[str, Any],
) -> tuple[Run, KeptRows]:
    """Begin a run folder with a file of rows, or go on with the one that was asked for.

    Args:
        asked: with `out` and `resume`.
        kind: of the run: the verb.
        loaded: the scenario.
        seed: of the run.
        names: what else its id is made of.
        about: what the rows are of; see `KeptRows`.

    Raises:
        UsageError: `--resume` beside `-o`, a run that is finished or of another kind, or rows of another question.
    """
    from results.kept_rows import KeptRows, KeptRowsError
    from results.runs import FINISHED, RUNNING, Run, new_folder, run_id

    if asked.resume is None:
        name = run_id(kind, loaded.scenario.scenario, loaded.hash, seed, *names)
        folder = new_folder(loaded.scenario.scenario, kind, asked.out)
        run = Run.create(folder, {**facts_of(loaded, seed), "kind": kind, "run_id": name})
        return run, KeptRows.create(folder / ROWS_FILE, about)
    if asked.out is not None:
        raise UsageError(f"--resume goes on in {asked.resume}; leave out -o")
    run = Run.open(asked.resume)
    if run.facts.get("kind") != kind:
        raise UsageError(f"{asked.resume} is a run of {run.facts.get('kind')}, not of {kind}")
    if run.facts.get("state") == FINISHED:
        raise UsageError(f"{asked.resume} is finished: nothing is missing")
    try:
        kept = KeptRows.reopen(asked.resume / ROWS_FILE, about)
    except KeptRowsError as error:
        raise UsageError(str(error)) from None
    run.write_facts(state=RUNNING)
    return run, kept


def go_on_words(run: Run) -> str:
    """Say how to go on with an interrupted run."""
    return f"what was played is kept: the same command with --resume {run.folder} goes on"
