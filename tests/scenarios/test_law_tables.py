from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.faults import FaultsFoundError
from scenarios.laws import Empirical
from scenarios.reading import load_scenario

SCENARIO = """
scenario: small
title: Small
time_zone: UTC
starts: "2026-03-02"
channels: {phone: {opens: 09:00, closes: 17:00}}
intents: {question: A question}
demand: [{intent: question, channels: {phone: 1}, contacts: [1]}]
teams:
  desk:
    channels: [phone]
    agents: {09:00: 1}
    service: {default: {law: empirical, points_csv: talk.csv}}
"""


def write(folder: Path, table: str, scenario: str = SCENARIO) -> Path:
    """Write a scenario whose talk times stand in a CSV."""
    (folder / "talk.csv").write_text(table)
    path = folder / "small.yaml"
    path.write_text(scenario)
    return path


def test_a_law_in_a_csv_is_the_law_written_out(tmp_path: Path) -> None:
    """Without it a fitted scenario would need thousands of numbers in its YAML."""
    path = write(tmp_path, "share,time_s\n0,10\n0.5,20\n1,60\n")
    law = load_scenario(path).scenario.teams["desk"].service["default"]
    assert isinstance(law, Empirical)
    assert law.points == [(0, 10), (0.5, 20), (1, 60)]
    assert law.mean() == 27.5


def test_a_changed_law_table_changes_the_scenarios_hash(tmp_path: Path) -> None:
    """Without it two runs with different talk times would carry the same name."""
    before = load_scenario(write(tmp_path, "share,time_s\n0,10\n1,60\n")).hash
    assert load_scenario(write(tmp_path, "share,time_s\n0,10\n1,61\n")).hash != before


@pytest.mark.parametrize(
    ("table", "scenario", "faults"),
    [
        ("share,time_s\n0,ten\n", SCENARIO, ["talk.csv:2: time_s is 'ten'; expected a number, 0 or more"]),
        ("a,b\n", SCENARIO, ["talk.csv:1: the header is columns a, b; expected columns share, time_s"]),
        ("share,time_s\n0,10\n1,5\n", SCENARIO, ["small.yaml:13: teams.desk.service.default"]),
        (
            "share,time_s\n0,10\n1,20\n",
            SCENARIO.replace("points_csv: talk.csv", "points_csv: talk.csv, points: [[0, 1], [1, 2]]"),
            ["small.yaml:13: teams.desk.service.default.points_csv is 'talk.csv'; expected either points or"],
        ),
        (
            "share,time_s\n0,10\n1,20\n",
            SCENARIO.replace(", points_csv: talk.csv", ""),
            ["small.yaml:13: teams.desk.service.default"],
        ),
    ],
)
def test_a_fault_of_a_law_table_is_told_once(tmp_path: Path, table: str, scenario: str, faults: list[str]) -> None:
    """Without it a slip in a long table would be told at the wrong place, or several times over."""
    with pytest.raises(FaultsFoundError) as caught:
        load_scenario(write(tmp_path, table, scenario))
    told = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert len(told) == len(faults)
    assert all(line.startswith(fault) for line, fault in zip(told, faults, strict=True))
