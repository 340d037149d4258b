"""What is told of a search that was interrupted between two candidates."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from results.staffing import NOT_VERIFIED
from scenarios.reading import load_scenario
from simulator.staffing.aims import aims_of
from simulator.staffing.cheapest import Work
from simulator.staffing.sampled import Desk
from simulator.staffing.starting import grid_of
from simulator.staffing.telling import told
from simulator.staffing.verifying import FRESH_FIRST, verify
from tests.written import about, demand, one_desk


@pytest.mark.parametrize(("agents", "fresh", "verdict"), [(5, 0, "not verified"), (1, 5, "missed")])
def test_fresh_days_are_told_of_the_people_who_were_played_on_them(tmp_path, agents, fresh, verdict):
    """Without it the waits of one candidate would be shown beside the seats of another."""
    goal = {"metric": "wait_s_mean", "channel": "phone", "at_most": 60}
    desk = one_desk(agents=6, service=about(300), demand=[demand(400)], patience={"phone": about(600)}, goals=[goal])
    path = tmp_path / "desk.yaml"
    path.write_text(json.dumps(desk))
    loaded = load_scenario(path)
    grid = dataclasses.replace(grid_of(loaded, ("front",), 1440), most=np.array([[9]]))
    work = Work(Desk(loaded, 1, grid, aims_of(loaded, ("front",)), None), None, range(3), 5, None, None)
    work.verified = verify(work.player, np.array([[1]]), FRESH_FIRST, 5, 0.05, work.days)
    work.state, work.candidates = NOT_VERIFIED, 1
    work.found = work.search.look(np.array([[agents]]))
    found = told(work, 0.0)
    assert (found.state, found.whole, found.fresh_replications) == ("sampled", False, fresh)
    assert found.goals["verdict"].tolist() == [verdict]
    assert ("have not shown it" in found.guarantee) is (fresh > 0)
