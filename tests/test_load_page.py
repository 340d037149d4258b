"""docs/load.md: its scenario is played under every profile, it names every key, and its commands are understood."""

import re
import shlex
from pathlib import Path

import pytest

from commands.table import command_parser
from results.load_metrics import GAUGES
from scenarios.profiled import Asked, profiled
from scenarios.profiles import Profile
from scenarios.reading import load_scenario
from scenarios.thresholds import RESPONSE_NAMES, SHARE_NAMES
from simulator.simulate import simulate

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "load.md").read_text(encoding="utf-8")
(SCENARIO,) = re.findall(r"```yaml\n(scenario:.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines() if line]


def test_the_pages_scenario_is_played_under_each_of_its_profiles(tmp_path: Path) -> None:
    """Without it the page that people copy from could show profiles that bring nobody."""
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    loaded = load_scenario(path)
    assert list(loaded.scenario.profiles) == ["ramp", "steps", "spike", "soak"]
    for name in loaded.scenario.profiles:
        found = simulate(profiled(loaded, Asked(name)), replications=2, summary=True)
        assert found.contacts > 300, name


def test_the_page_names_every_key_of_a_profile() -> None:
    """Without it a key could be added that only who reads the code would find."""
    schema = Profile.model_json_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part["properties"]}
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


THRESHOLDS = re.findall(r"```yaml\n(thresholds:.*?)```", PAGE, re.DOTALL)[0]


def test_the_pages_thresholds_are_good(tmp_path: Path) -> None:
    """Without it the page could show thresholds that no scenario takes."""
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO + THRESHOLDS.replace("stage: peak, ", ""), encoding="utf-8")
    assert len(load_scenario(path).scenario.thresholds) == 5
    assert {
        name for name in RESPONSE_NAMES | SHARE_NAMES if name not in PAGE and f"`_{name[11:]}`" not in PAGE
    } == set()


def test_the_page_names_every_metric_and_its_labels() -> None:
    """Without it a dashboard would have to be drawn by looking into an export."""
    for gauge in GAUGES:
        assert {f"`{name}`" for name in (gauge.name, *gauge.labels) if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("locust")])
def test_the_pages_commands_are_understood(command: str) -> None:
    """Without it the page could show options that the command line does not know."""
    words = shlex.split(command)
    assert words[0] == "testdrive"
    assert command_parser().parse_args(words[1:]).run
