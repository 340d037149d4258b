"""Each key of a scenario that is tried here moves a named metric in the stated direction, in both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results.metrics import contacts_of, values_of
from simulator.simulate import EngineName, simulate
from tests.written import about, demand, one_desk, written


def _metric(folder: Path, engine: EngineName, metric: str, scenario: dict[str, Any]) -> float:
    legs = simulate(written(folder, scenario), replications=3, engine=engine).legs
    return float(np.nanmean(values_of(contacts_of(legs), metric)))


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_patience_that_is_kept_makes_more_contacts_give_up(tmp_path: Path, engine: EngineName) -> None:
    """Without it `retry.patience` could parse and change nothing; the impatient come back as impatient as they left."""

    def abandonment(patience: str) -> float:
        retry = {"phone": {"probability": 1.0, "after": about(600), "patience": patience}}
        half_accept_no_wait = {"law": "empirical", "points": [[0, 0], [0.5, 0]]}
        scenario = one_desk(3, about(300), demand=[demand(800)], patience={"phone": half_accept_no_wait}, retry=retry)
        return _metric(tmp_path, engine, "abandonment", scenario)

    assert abandonment("kept") > abandonment("fresh") + 0.03
