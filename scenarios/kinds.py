"""Which kind of file is this? Told by its first own key, so that `testdrive check` takes any of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scenarios.charter import read_charter
from scenarios.churn import read_churn
from scenarios.faults import FaultsFoundError, one_of
from scenarios.journey import read_journey
from scenarios.labour import read_labour
from scenarios.mapping import load_mapping
from scenarios.opening import read_state
from scenarios.persona import read_persona
from scenarios.programme import read_programme
from scenarios.reading import load_scenario
from scenarios.scorecard import read_scorecard
from scenarios.target import read_target
from scenarios.yaml_reader import read_file

READERS: dict[str, Callable[[Path], object]] = {
    "scenario": load_scenario,
    "journey": read_journey,
    "persona": read_persona,
    "scorecard": read_scorecard,
    "programme": read_programme,
    "target": read_target,
    "charter": read_charter,
    "mapping": load_mapping,
    "state": read_state,
    "churn": read_churn,
    "labour": read_labour,
}
"""A file's kind and what reads it. A charter has no name of its own; its `owner` tells."""

_TELLING_KEYS = {
    "programme": "programme",
    "scenario": "scenario",
    "journey": "journey",
    "persona": "persona",
    "scorecard": "scorecard",
    "target": "target",
    "mapping": "mapping",
    "state": "state",
    "churn": "churn",
    "labour": "labour",
    "owner": "charter",
}


def kind_of(path: Path) -> str | None:
    """Return a file's kind, or None where no key tells it."""
    values = read_file(path).values
    keys = values if isinstance(values, dict) else {}
    return next((kind for key, kind in _TELLING_KEYS.items() if key in keys), None)


def check_file(path: Path) -> str:
    """Check a file as what it is, and return its kind.

    Raises:
        FaultsFoundError: with every fault.
    """
    kind = kind_of(path)
    if kind is None:
        document = read_file(path)
        found = sorted(document.values) if isinstance(document.values, dict) else document.values
        raise FaultsFoundError([document.fault((), found, f"a key that tells what it is, {one_of(_TELLING_KEYS)}")])
    READERS[kind](path)
    return kind
