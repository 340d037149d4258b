"""What `load` gives to other tools, end to end: the same figures in each, and nothing sent that no charter lists."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from prometheus_client.parser import text_string_to_metric_families

from probes.desk.desk import charter_for, target_for
from results.runs import Run
from scenarios.models import write_model
from tests.desks import TOP, TWO_MINUTES, VERB, desk_of
from tests.here import ask_here
from tests.probes.otlp_collector import otlp_collector
from tests.test_locust import LOCUST

pytestmark = pytest.mark.long

THRESHOLDS = """
thresholds:
  - {metric: response_s_max, step: open, at_most: 0.000001}
  - {metric: drop_share, at_most: 0}
"""


def load(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*VERB, "load", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=TOP, timeout=120, check=False)


def locust(scenario: Path, where: list[str], folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Play a scenario with plain Locust on the desk that `--target FILE --charter FILE` say."""
    command = [*LOCUST, "--scenario", str(scenario), "--target-file", where[1], "--charter", where[3]]
    command += ["--run-folder", str(folder), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=TOP, timeout=120, check=False)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Two busy minutes, with one threshold that nothing can keep and one that is kept."""
    path = tmp_path / "two_minutes.yaml"
    path.write_text(TWO_MINUTES.read_text(encoding="utf-8") + THRESHOLDS, encoding="utf-8")
    return path


@pytest.fixture
def where(tmp_path: Path) -> Iterator[list[str]]:
    """A desk in a process of its own."""
    with desk_of(tmp_path, 10.0, TWO_MINUTES) as found:
        yield found


def code_of(folder: Path) -> int:
    """Return the exit code of a run that missed a threshold: on a machine too busy to measure, that of such a run."""
    return 1 if Run.open(folder).facts["instrument"]["fit"] else 4


def list_telemetry(folder: Path, port: int) -> None:
    """Have the desk's charter list a collector."""
    path = folder / "charter.yaml"
    text = path.read_text(encoding="utf-8")
    assert "outputs: {}\n" in text
    told = f"outputs: {{telemetry: 'http://127.0.0.1:{port}/v1/metrics'}}\n"
    path.write_text(text.replace("outputs: {}\n", told), encoding="utf-8")


def test_every_tool_is_told_the_same(scenario: Path, where: list[str], tmp_path: Path) -> None:
    """Without it a build server, a dashboard and the terminal could each show another run."""
    junit, text = tmp_path / "out.xml", tmp_path / "out.prom"
    with otlp_collector() as collector:
        list_telemetry(tmp_path, collector.port)
        done = load(
            scenario, *where, "--json", "--junit", junit, "--prometheus", text, "--telemetry", "-o", tmp_path / "run"
        )
        assert done.returncode == code_of(tmp_path / "run"), done.stdout + done.stderr
        points = collector.points()
    told = json.loads(done.stdout)
    cases = {case.get("name"): [part.tag for part in case] for case in ElementTree.parse(junit).getroot()}
    assert cases["response_s_max at most 1e-06 (step open, from the intended start)"] == ["failure"]
    assert cases["drop_share at most 0"] == ["system-out"]
    families = {family.name: family.samples for family in text_string_to_metric_families(text.read_text())}
    contacts = {one.labels["state"]: one.value for one in families["testdrive_contacts"]}
    assert {state: count for state, count in contacts.items() if count} == told["outcomes"]
    assert families["testdrive_contacts_planned"][0].value == told["planned"] == 40
    longest = {row["step"]: row["actual_max_s"] for row in told["load"]}
    assert longest["open"] > 0
    assert longest == {
        one.labels["step"]: one.value for one in families["testdrive_response_seconds"]
        if one.labels["start"] == "actual" and one.labels["quantile"] == "1"
    }  # fmt: skip
    for name, samples in families.items():
        labels = [{key: value for key, value in one.labels.items() if key != "scenario"} for one in samples]
        pairs = [(sorted(one.items()), sample.value) for one, sample in zip(labels, samples, strict=True)]
        assert sorted((sorted(found.items()), value) for found, value in points[name]) == sorted(pairs), name


def test_a_charter_without_telemetry_stops_it_before_it_begins(scenario: Path, tmp_path: Path) -> None:
    """Without it an hour of load would be played before somebody learns that nothing may be sent."""
    write_model(tmp_path / "target.yaml", target_for(1))
    write_model(tmp_path / "charter.yaml", charter_for(1))
    where = ["--target", tmp_path / "target.yaml", "--charter", tmp_path / "charter.yaml"]
    done = ask_here("load", scenario, *where, "--telemetry", "-o", tmp_path / "run")
    assert done.returncode == 5
    assert done.stderr == "refused: the charter lists no telemetry, so nothing is sent to one\n"
    assert not (tmp_path / "run").exists()


def test_a_silent_collector_loses_nothing(scenario: Path, where: list[str], tmp_path: Path) -> None:
    """Without it a collector that hangs would take the run, its files and its exit code with it."""
    text = tmp_path / "out.prom"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        list_telemetry(tmp_path, silent.getsockname()[1])
        done = load(scenario, *where, "--telemetry", "--prometheus", text, "-o", tmp_path / "run")
    assert done.returncode == code_of(tmp_path / "run"), done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("warning: the collector did not take the figures: http://127.0.0.1:")
    assert "MISSED" in done.stdout
    assert "testdrive_response_seconds" in text.read_text()


def test_the_virtual_clock_has_no_charter_to_send_by(scenario: Path, tmp_path: Path) -> None:
    """Without it telemetry would be asked for and silently left out."""
    done = ask_here("load", scenario, "--clock", "virtual", "--telemetry", "-o", tmp_path / "run")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "outputs.telemetry" in done.stderr


def test_a_file_needs_no_charter(scenario: Path, tmp_path: Path) -> None:
    """Without it the figures of a rehearsal could not be looked at with the dashboards of the real thing."""
    text = tmp_path / "out.prom"
    done = ask_here("load", scenario, "--clock", "virtual", "--prometheus", text, "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert 'testdrive_threshold_kept{channel="all",metric="drop_share",scenario="two_minutes"' in text.read_text()


def test_plain_locust_tells_every_tool_too_and_exits_as_load_does(
    scenario: Path, where: list[str], tmp_path: Path
) -> None:
    """Without it a team that starts Locust would have no thresholds in its build server, and a green build."""
    junit, text, csv = tmp_path / "out.xml", tmp_path / "out.prom", tmp_path / "out.csv"
    exports = ["--load-junit", junit, "--load-prometheus", text, "--load-csv", csv, "--load-telemetry"]
    with otlp_collector() as collector:
        list_telemetry(tmp_path, collector.port)
        done = locust(scenario, where, tmp_path / "run", *exports)
        points = collector.points()
    assert done.returncode == code_of(tmp_path / "run"), done.stderr
    assert "MISSED" in done.stderr
    tags = {case.get("name"): [part.tag for part in case] for case in ElementTree.parse(junit).getroot()}
    assert tags["response_s_max at most 1e-06 (step open, from the intended start)"] == ["failure"]
    told = {family.name: family.samples for family in text_string_to_metric_families(text.read_text())}
    outcomes = Run.open(tmp_path / "run").facts["outcomes"]
    ended = {one.labels["state"]: one.value for one in told["testdrive_contacts"] if one.value}
    assert ended == outcomes
    assert sorted(value for _, value in points["testdrive_contacts"]) == sorted(
        one.value for one in told["testdrive_contacts"]
    )
    assert len(csv.read_text().splitlines()) == 1 + len(Run.open(tmp_path / "run").table("legs"))


def test_plain_locust_begins_nothing_that_it_may_not_tell(scenario: Path, where: list[str], tmp_path: Path) -> None:
    """Without it what Locust plays could not be sent where it should, and that would be known when it is over."""
    done = locust(scenario, where, tmp_path / "run", "--load-telemetry")
    assert done.returncode == 5
    assert "refused: the charter lists no telemetry, so nothing is sent to one\n" in done.stderr
    assert not (tmp_path / "run").exists()


def test_exports_that_cannot_be_written_keep_the_run(scenario: Path, where: list[str], tmp_path: Path) -> None:
    """Without it a folder that is not there would cost the tables of an hour of load, or its fault go unsaid."""
    done = locust(scenario, where, tmp_path / "run", "--load-junit", tmp_path / "nowhere" / "out.xml")
    assert done.returncode not in (0, 1, 4)
    assert "nowhere" in done.stderr
    assert Run.open(tmp_path / "run").facts["state"] == "finished"
