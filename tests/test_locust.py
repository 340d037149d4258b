import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from results.runs import Run
from scenarios.plan import make_plan
from scenarios.reading import load_scenario
from tests.desks import FIVE_MINUTES, TOP, desk_of, wait_for

pytestmark = pytest.mark.long

LOCUST = [sys.executable, "-m", "locust", "-f", "locustfile.py", "--headless", "-u", "1"]


def test_plain_locust_plays_the_plan_with_our_crowd(tmp_path: Path) -> None:
    """Without it those who know Locust would have to learn another tool to load a desk."""
    text = FIVE_MINUTES.read_text().replace("contacts: [30, 30, 30, 30, 30]", "contacts: [40]")
    text = text.replace("{chat: 0.8, form: 0.2}", "{chat: 1.0}")
    (tmp_path / "minute.yaml").write_text(text)
    with desk_of(tmp_path, scenario=tmp_path / "minute.yaml") as (_, target, _, charter):
        command = [*LOCUST, "--scenario", str(tmp_path / "minute.yaml"), "--target-file", target, "--charter", charter]
        done = subprocess.run(
            [*command, "--run-folder", str(tmp_path / "run")],
            capture_output=True,
            text=True,
            cwd=TOP,
            timeout=120,
            check=False,
        )
    run = Run.open(tmp_path / "run")
    fit = run.facts["instrument"]["fit"]  # on a busy machine the instrument may rightly call itself unfit
    assert done.returncode == (0 if fit else 4), done.stdout + done.stderr
    assert run.facts["instrument"]["control_timer"], "a timer in a process of its own, beside Locust's patches"
    legs = run.table("legs")
    planned = make_plan(load_scenario(tmp_path / "minute.yaml"), 1)
    assert set(planned["contact_id"]) == set(legs.query("attempt == 1")["contact_id"])
    assert set(legs["leg_end"]) <= {"answered", "abandoned"}
    assert (legs["arrived_s"] >= legs["due_s"]).all()
    assert "chat     resolved" in done.stderr, "Locust's own table shows our contacts"


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=["alone", "two workers"])
def test_ctrl_c_ends_the_run_and_keeps_what_it_has(processes: list[str], tmp_path: Path) -> None:
    """Without it who ends a run at their terminal, which tells all its processes, and maybe twice, would lose it."""
    folder, said = tmp_path / "run", tmp_path / "said.txt"
    with desk_of(tmp_path) as (_, target, _, charter), said.open("w") as errors:
        command = [*LOCUST, *processes, "--scenario", str(FIVE_MINUTES), "--target-file", target, "--charter", charter]
        command += ["--run-folder", str(folder)]
        with subprocess.Popen(command, stdout=errors, stderr=errors, cwd=TOP, start_new_session=True) as locust:
            wait_for(lambda: sum(path.read_text().count('"begun"') for path in folder.glob("journal.*")) > 9, 90)
            os.killpg(locust.pid, signal.SIGINT)
            wait_for(lambda: said.read_text().count("KeyboardInterrupt") > len(processes), 10)  # all have heard
            os.killpg(locust.pid, signal.SIGINT)
            assert locust.wait(timeout=25) == 130, said.read_text()  # a part that tells nothing is waited for 30 s
    run = Run.open(folder)
    assert run.facts["state"] == "interrupted"
    assert run.has_table("legs")
    assert set(run.plan()["contact_id"]) <= set(run.table("legs")["contact_id"])
    assert run.facts["instrument"]["starts"] > 9, "what the parts told is there"
    assert "the run is ending" in said.read_text()


def test_what_locust_lacks_is_told() -> None:
    """Without it a forgotten argument would be a load test of nothing, and pass."""
    done = subprocess.run(LOCUST, capture_output=True, text=True, cwd=TOP, timeout=60, check=False)
    assert done.returncode == 2
    assert "the crowd needs --scenario, --target-file, --charter" in done.stderr


def test_a_profile_that_is_not_there_is_told() -> None:
    """Without it a misspelt profile would be a load test of the whole day."""
    files = ["--scenario", str(FIVE_MINUTES), "--target-file", "t.yaml", "--charter", "c.yaml"]
    for option, words in (
        (["--load-profile", "rush"], "has no profile 'rush'"),
        (["--factor", "two"], "--factor two; expected numbers"),
        (["--load-replay", "not_there"], "not_there is not a run"),
    ):
        command = [*LOCUST, *files, *option]
        done = subprocess.run(command, capture_output=True, text=True, cwd=TOP, timeout=60, check=False)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr


def test_plain_locust_plays_a_recorded_log(tmp_path: Path) -> None:
    """Without it those who start Locust could not load a desk with the day they know."""
    rows = [f"r{n},{32_400 + n * 1.5},chat,order_status" for n in range(12)]
    log = tmp_path / "calls.csv"
    log.write_text("\n".join(["contact_id,due_s,channel,intent", *rows]) + "\n")
    with desk_of(tmp_path) as (_, target, _, charter):
        files = ["--scenario", str(FIVE_MINUTES), "--target-file", target, "--charter", charter]
        command = [*LOCUST, *files, "--load-replay", str(log), "--run-folder", str(tmp_path / "run")]
        done = subprocess.run(command, capture_output=True, text=True, cwd=TOP, timeout=120, check=False)
    run = Run.open(tmp_path / "run")
    assert done.returncode == (0 if run.facts["instrument"]["fit"] else 4), done.stderr
    first = run.table("legs").query("attempt == 1").sort_values("due_s")
    assert first["due_s"].tolist() == [32_400 + n * 1.5 for n in range(12)]
    assert set(first["channel"]) == {"chat"}
