"""The verb for what is kept: list runs, ask them, release and delete shops."""

from __future__ import annotations

import argparse
import datetime
from typing import TYPE_CHECKING

from commands.exits import Exit, UsageError
from commands.terminal import print_json

if TYPE_CHECKING:
    from results.reviews import Said


def runs(asked: argparse.Namespace) -> int:
    """List run folders, or answer SQL over them."""
    from results.runs import RUNS, find_runs, query

    if asked.expire:
        return _expire(asked)
    said = next((name for name in ("release", "hold_back", "appeal", "uphold", "strike") if getattr(asked, name)), None)
    if said is not None:
        return _review(asked, said)
    found = list(find_runs(asked.folder or RUNS))
    if asked.sql:
        answer = query(asked.sql, found)
        if asked.json:
            print(answer.to_json(orient="records"))
        else:
            print(answer.to_string(index=False))
        return Exit.AGREES
    rows = [
        {
            "run": str(one.folder),
            **{key: one.facts.get(key) for key in ("kind", "scenario", "seed", "state", "verdict")},
        }
        for one in found
    ]
    if asked.json:
        print_json({"runs": rows})
    else:
        for row in rows:
            print(f"{row['kind'] or '?':10} {row['state'] or '?':12} {row['verdict'] or '':12} {row['run']}")
        if not rows:
            print(f"no runs under {asked.folder or RUNS}")
    return Exit.AGREES


def _review(asked: argparse.Namespace, said: str) -> int:
    """Release shops of a run, hold them back, appeal against them, or decide an appeal."""
    from results.reviews import say, states_of
    from results.runs import Run

    if asked.folder is None:
        raise UsageError(f"testdrive runs RUN --{said.replace('_', '-')} CONTACT: which run?")
    run = Run.open(asked.folder)
    words: dict[str, Said] = {
        "release": "released", "hold_back": "held_back", "appeal": "appealed", "uphold": "upheld", "strike": "struck",
    }  # fmt: skip
    contacts = say(run, getattr(asked, said), words[said], asked.by_whom or "", asked.note or "")
    if asked.json:
        print_json({"run": str(run.folder), "contacts": contacts, "states": states_of(run)})
    else:
        print(f"{len(contacts)} {words[said].replace('_', ' ')}; {run.folder}")
    return Exit.AGREES


def _expire(asked: argparse.Namespace) -> int:
    """Delete what charters allow to be kept no longer; the proof of it stays."""
    from results.retention import expire
    from results.runs import RUNS

    gone = expire(datetime.datetime.now(datetime.UTC), asked.folder or RUNS)
    if asked.json:
        print_json({"expired": [str(one.folder) for one in gone]})
    else:
        for one in gone:
            print(f"{one.folder}: {len(one.files)} files, kept {one.ended_at:%Y-%m-%d}, are deleted")
        print(f"{len(gone)} runs have expired")
    return Exit.AGREES
