"""Run folders: `run.json` and Parquet tables, written so that a kill leaves something readable.

A folder holds `run.json` (what was run, how, in which state) and one Parquet file per table of `results.log`. A probe
run writes `journal.jsonl` first; a folder whose tables are missing is read from its journal. Files appear whole or not
at all. DuckDB reads the folders in place.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import itertools
import json
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from results.journal import journals_in, tables_from_journal
from results.log import TABLES, check_legs, table_of
from results.stages import profile_facts
from scenarios.reading import LoadedScenario

RUNS = Path("runs")
"""Where runs lie unless -o says otherwise; git-ignored."""

RUNNING, FINISHED, INTERRUPTED, ABORTED = "running", "finished", "interrupted", "aborted"
"""States of a run: aborted is one that a threshold has ended early."""

ABORTED_REASON = "the run was aborted"
"""How the reason begins of contacts that such an end has cut off, or kept from coming."""


class RunError(ValueError):
    """A folder is not a run, or cannot be made one; the message says which and what would be right."""


ONE_EACH = ("customer_id", "case_id", "contact_id", "text", "evidence", "row")
"""Columns of text whose values seldom come twice."""


class Run:
    """One run folder, new or existing."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.folder, self.facts = folder, facts
        self._journalled: tuple[list[Any], dict[str, pd.DataFrame]] = ([], {})
        """What was read (journals, how long they were, facts that rows carry), and the tables that this gave."""

    @classmethod
    def create(cls, folder: Path, facts: Mapping[str, Any]) -> Run:
        """Make the folder with its run.json, in state running.

        Raises:
            RunError: the folder already holds something, or cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise RunError(f"{folder} is not empty; name a new folder with -o")
        except OSError as error:
            raise RunError(f"{folder} cannot be a run folder: {error.strerror}") from None
        run = cls(folder, {**facts, "state": RUNNING, "versions": _versions(), "machine": _machine()})
        run.write_facts()
        return run

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open an existing run.

        Raises:
            RunError: there is no readable run.json.
        """
        path = folder / "run.json"
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(f"{folder} is not a run: {path} cannot be read ({error.strerror})") from None
        except ValueError:
            raise RunError(f"{path} is not JSON") from None
        if not isinstance(facts, dict):
            raise RunError(f"{path} holds no run")
        return cls(folder, facts)

    @property
    def run_id(self) -> str:
        """The run's id, which its rows carry: the same for the same scenario, seed and way of running."""
        return str(self.facts["run_id"])

    def write_facts(self, **changes: Any) -> None:
        """Write run.json with `changes`, whole or not at all."""
        self.facts.update(changes)
        write_whole(self.folder / "run.json", json.dumps(self.facts, indent=2, ensure_ascii=False) + "\n")

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table of the log, checked against its schema and, for legs, its rules.

        Raises:
            results.log.LogError: the table breaks its own rules.
        """
        frame = table_of(name, frame)
        if name == "legs":
            check_legs(frame)
        table = pa.Table.from_pandas(frame, schema=TABLES[name], preserve_index=False)
        part = self.folder / f".{name}.part"
        few = [field.name for field in TABLES[name] if pa.types.is_string(field.type) and field.name not in ONE_EACH]
        pq.write_table(table, part, compression="zstd", use_dictionary=few)  # of ids and times it saves nothing
        part.replace(self.folder / f"{name}.parquet")

    def has_table(self, name: str) -> bool:
        """Say whether the table is written."""
        return (self.folder / f"{name}.parquet").is_file()

    def table(self, name: str) -> pd.DataFrame:
        """Read a table; one that was not written is read from the journal, or is empty.

        Raises:
            RunError: its file is not a readable table.
        """
        path = self.folder / f"{name}.parquet"
        if path.is_file():
            try:
                return table_of(name, pq.read_table(path).to_pandas())
            except (pa.ArrowException, OSError) as error:
                raise RunError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
        if journals_in(self.folder):
            return self._from_journals().get(name, table_of(name, [])).copy()
        return table_of(name, [])

    def _from_journals(self) -> dict[str, pd.DataFrame]:
        """Return the tables that the journals give, read again only where that would give others."""
        journals = journals_in(self.folder)
        carried = [self.facts.get(name) for name in ("run_id", "target", "stopped")]
        stand: list[Any] = [*((path, path.stat().st_size) for path in journals), *carried]
        if self._journalled[0] != stand:
            plan = self.plan() if (self.folder / "plan.parquet").is_file() else None
            self._journalled = (stand, tables_from_journal(journals, self.facts, plan))
        return self._journalled[1]

    def write_plan(self, plan: pd.DataFrame) -> None:
        """Write the plan beside the tables."""
        part = self.folder / ".plan.part"
        plan.to_parquet(part)
        part.replace(self.folder / "plan.parquet")

    def plan(self) -> pd.DataFrame:
        """Read the plan."""
        return pd.read_parquet(self.folder / "plan.parquet")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def new_folder(name: str, verb: str, asked: Path | None = None, within: Path | None = None) -> Path:
    """Return the folder asked for, or a new one under runs/ named after the time, the scenario and the verb."""
    if asked is not None:
        return asked
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    for suffix in itertools.chain([""], (f"-{n}" for n in itertools.count(2))):
        folder = (within or RUNS) / f"{stamp}-{name}-{verb}{suffix}"
        if not folder.exists():
            return folder
    raise AssertionError("unreachable: the count does not end")


def run_id(kind: str, name: str, scenario_hash: str, seed: int, *more: object) -> str:
    """Name a run by what determines it, so that running it again gives the same rows."""
    facts = "|".join(str(part) for part in (kind, name, scenario_hash, seed, *more))
    return f"{kind}-{name}-{hashlib.blake2b(facts.encode(), digest_size=4).hexdigest()}"


def scenario_facts(loaded: LoadedScenario, seed: int) -> dict[str, Any]:
    """Return what every run of a scenario says of it in run.json."""
    scenario = loaded.scenario
    return {
        "scenario": scenario.scenario,
        "title": scenario.title,
        "scenario_file": str(loaded.path),
        "scenario_hash": loaded.hash,
        "seed": seed,
        "days": scenario.days,
        "origin": scenario.origin.isoformat(),
        "time_zone": scenario.time_zone,
        "holidays": scenario.holidays,
        "gates": [gate.model_dump(exclude_none=True) for gate in scenario.gates],
        "goals": [goal.model_dump(exclude_none=True) for goal in scenario.goals],
        "thresholds": [one.model_dump(exclude_none=True) for one in scenario.thresholds],
        **profile_facts(loaded.profile),
    }


def find_runs(top: Path = RUNS) -> Iterator[Run]:
    """Yield all runs below a folder, oldest name first; what cannot be read is passed over."""
    for path in sorted(top.rglob("run.json")):
        try:
            yield Run.open(path.parent)
        except RunError:
            continue


def query(sql: str, runs: list[Run]) -> pd.DataFrame:
    """Answer SQL over the tables of runs, read in place by DuckDB: a view for each table of `results.log`.

    A killed run is read from its journal.

    Raises:
        RunError: DuckDB's own words on what is wrong with the SQL.
    """
    import duckdb  # as long to import as all of this module

    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        for name in TABLES:
            files = [str(run.folder / f"{name}.parquet") for run in runs if run.has_table(name)]
            killed = [run for run in runs if not run.has_table(name) and journals_in(run.folder)]
            for number, run in enumerate(killed):
                files.append(f"{folder}/{name}{number}.parquet")
                table = pa.Table.from_pandas(run.table(name), schema=TABLES[name], preserve_index=False)
                pq.write_table(table, files[-1])
            if files:
                connection.read_parquet(files, union_by_name=True, filename=True).create_view(name)
        if not runs:
            raise RunError("no runs were found to ask: name the folder they lie in")
        try:
            answer: pd.DataFrame = connection.sql(sql).df()
        except (duckdb.Error, AttributeError) as error:
            raise RunError(f"the SQL cannot be answered: {error}") from None
        return answer


def _versions() -> dict[str, str]:
    names = ("testdrive-cx", "simpy", "numba", "numpy", "pandas", "aiohttp", "playwright", "locust")
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"python": platform.python_version(), **found}


def _machine() -> dict[str, Any]:
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}
