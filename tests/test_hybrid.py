"""A few customers in browsers among many by protocol, in one run."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from probes.errand import scenario_errand
from results.journal import journal_of, read_journal
from results.log import check_legs
from results.replaying import arrivals_of
from results.runs import Run
from scenarios.profiled import replayed
from scenarios.reading import load_scenario
from tests.desks import TOP, TWO_MINUTES, VERB, desk_of, wait_for

pytestmark = pytest.mark.long


def command(folder: Path, where: list[str]) -> list[str]:
    text = TWO_MINUTES.read_text().replace("\nteams:", "\nshoppers: {chat: {count: 3}}\nteams:")
    (folder / "two.yaml").write_text(text)
    return [*VERB, "load", str(folder / "two.yaml"), "--browsers", *where, "-o", str(folder / "run"), "--json"]


def begun_in(folder: Path, part: str) -> set[str]:
    path = folder / journal_of(part)
    return (
        {entry["contact_id"] for entry in read_journal(path) if entry["kind"] == "begun"} if path.is_file() else set()
    )


def test_shoppers_play_in_browsers_and_the_others_by_protocol(tmp_path: Path) -> None:
    """Without it what a customer's own browser adds to a wait under load would be anybody's guess."""
    with desk_of(tmp_path) as where:
        done = subprocess.run(
            command(tmp_path, where), capture_output=True, text=True, cwd=TOP, check=False, timeout=180
        )
    assert done.returncode in (0, 4), done.stderr
    run = Run.open(tmp_path / "run")
    legs, plan = run.table("legs"), run.plan()
    check_legs(legs)
    assert set(plan["contact_id"]) <= set(legs["contact_id"])
    shoppers = set(plan.loc[plan["played_by"] == "shopper", "contact_id"])
    assert len(shoppers) == 3
    by_browser, by_protocol = begun_in(run.folder, "browser"), begun_in(run.folder, "protocol")
    assert shoppers <= by_browser
    assert not by_browser & by_protocol
    assert set(plan["contact_id"]) - shoppers <= by_protocol
    assert json.loads(done.stdout)["planned"] == len(plan)


def test_one_contact_of_a_recorded_log_is_played_in_a_browser(tmp_path: Path) -> None:
    """Without it what browsers add to a wait could not be measured on the day that is known, nor looked into."""
    rows = [f"r{n},{32_400 + n * 3.0},chat,order_status" for n in range(8)]
    (tmp_path / "calls.csv").write_text("\n".join(["contact_id,due_s,channel,intent", *rows]) + "\n")
    with desk_of(tmp_path) as where:
        asked = [*command(tmp_path, where), "--replay", str(tmp_path / "calls.csv"), "--only"]
        two = tmp_path / "two.yaml"  # who waits 7 s at most gives up on a slow machine, and comes again
        two.write_text(
            two.read_text().replace("chat: {law: exponential, mean_s: 20}", "chat: {law: deterministic, value_s: 600}")
        )
        loaded = replayed(load_scenario(tmp_path / "two.yaml"), *arrivals_of(tmp_path / "calls.csv"))
        plan = scenario_errand(loaded, loaded.scenario.seed).plan.set_index("contact_id")["played_by"]
        shopper, other = plan[plan == "shopper"].index[0], plan[plan != "shopper"].index[0]
        refused = subprocess.run([*asked, other], capture_output=True, text=True, cwd=TOP, check=False, timeout=60)
        done = subprocess.run([*asked, shopper], capture_output=True, text=True, cwd=TOP, check=False, timeout=180)
    assert refused.returncode == 2
    assert refused.stderr == (f"{other} is none of the plan's shoppers, so no browser plays it: leave out --browsers\n")
    assert done.returncode in (0, 4), done.stderr
    assert begun_in(tmp_path / "run", "browser") == {shopper}
    assert begun_in(tmp_path / "run", "protocol") == set()
    assert json.loads(done.stdout)["planned"] == 1


def test_an_interruption_ends_both_kinds_and_keeps_what_was_measured(tmp_path: Path) -> None:
    """Without it Ctrl-C would leave a browser running, or lose a run's tables."""
    with (
        desk_of(tmp_path) as where,
        subprocess.Popen(
            command(tmp_path, where), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP
        ) as begun,
    ):
        wait_for(lambda: len(begun_in(tmp_path / "run", "protocol")) >= 8, 90)
        begun.send_signal(signal.SIGINT)
        out, err = begun.communicate(timeout=90)
    assert begun.returncode == 130, err
    run = Run.open(tmp_path / "run")
    assert run.facts["state"] == "interrupted"
    assert set(run.plan()["contact_id"]) <= set(run.table("legs")["contact_id"])
    assert json.loads(out)["outcomes"]["censored"] > 0
    asked = [*command(tmp_path, where)[:-3], "--resume", str(run.folder)]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=TOP, check=False, timeout=60)
    assert done.returncode == 2, "each kind would play the other's customers again"
    assert "--browsers cannot go with --resume" in done.stderr
