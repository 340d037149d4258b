"""Every scenario of docs/scenario.md runs as it stands, and the page names every key there is."""

import re
from pathlib import Path

import pytest

from scenarios.opening import load_state
from scenarios.reading import load_scenario
from scenarios.scenario import Scenario
from simulator.simulate import simulate

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "scenario.md").read_text(encoding="utf-8")
TABLES = re.findall(r"`(\w+\.csv)`:\n\n```csv\n(.*?)```", PAGE, re.DOTALL)
BLOCKS = re.findall(r"```yaml\n(scenario:.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.split("\n", 1)[0].removeprefix("scenario: "))
def test_a_scenario_of_the_page_runs(text, tmp_path):
    """Without it the page a planner starts from could show keys that are no longer read."""
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    for name, table in TABLES:
        (tmp_path / name).write_text(table, encoding="utf-8")
    found = simulate(load_scenario(path), replications=2, summary=True)
    assert found.contacts > 500
    assert {figure.name for figure in found.figures()} >= {"wait_s_mean", "waited_share", "occupancy"}


def test_the_page_names_every_key_that_changes_a_simulation():
    """Without it a key could be added that only who reads the code would find."""
    schema = Scenario.model_json_schema(by_alias=True)
    parts = {"ChannelHours", "Demand", "Team", "Shift", "Break", "Retry", "Priority", "Transfer", "Busyness", "Bursts"}
    parts |= {"Weibull", "Gamma", "Triangular", "Erlang", "HyperExponential", "PhaseType"}
    parts |= {"Source", "Forecast", "Growth", "Event", "ForecastError"}
    keys = {key for part in (*parts, "Conduct") for key in schema["$defs"][part]["properties"]}
    told_elsewhere = {"journey", "factor"}
    assert {key for key in keys - told_elsewhere if not re.search(rf"\b{key}\b", PAGE)} == set()


def test_the_state_of_the_page_fits_its_day(tmp_path):
    """Without it who wants to know about the rest of today would start from a file that is refused."""
    (state,) = re.findall(r"```yaml\n(state:.*?)```", PAGE, re.DOTALL)
    (day,) = (text for text in BLOCKS if text.startswith("scenario: a_day\n"))
    for name, text in (("day", day), ("now", state)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    loaded = load_state(tmp_path / "now.yaml", load_scenario(tmp_path / "day.yaml"))
    legs = simulate(loaded, replications=1).legs
    assert legs["customer_id"].str.startswith("now.").sum() == 3
    assert legs["answered_s"].min() == 10 * 3600 + 40 * 60 - 180
