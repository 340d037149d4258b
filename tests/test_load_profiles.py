"""Profiles, factors, windows and recorded logs on the command line: every verb plays the same customers."""

import json
from pathlib import Path

import pytest

from results.runs import Run
from scenarios.units import clock_s
from tests.desks import FIVE_MINUTES
from tests.here import Said, ask_here

LOG = """contact_id,channel,intent,arrived,answered,ended,agent,outcome
c1,chat,order status,2025-11-04T09:00:10Z,2025-11-04T09:00:15Z,2025-11-04T09:00:30Z,anna,answered
c2,form,order status,2025-11-04T09:01:00Z,2025-11-04T09:01:05Z,2025-11-04T09:01:30Z,omar,answered
c3,chat,order status,2025-11-04T09:02:20Z,,2025-11-04T09:03:00Z,,abandoned
"""

RUSH = """
profiles:
  rush:
    starts: "09:01"
    stages:
      - {stage: warm_up, lasts_s: 30, factor: 0.5, warm_up: true}
      - {stage: peak, lasts_s: 60, factor: [1, 2]}
"""

STAGES = [
    {"stage": "warm_up", "from_s": 32_460.0, "to_s": 32_490.0, "warm_up": True},
    {"stage": "peak", "from_s": 32_490.0, "to_s": 32_550.0, "warm_up": False},
]


def ask(*arguments: object, code: int = 0) -> Said:
    """Ask a verb, which ends as expected."""
    done = ask_here(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def rush(tmp_path: Path) -> Path:
    """Five minutes of a small desk, with a profile."""
    path = tmp_path / "five_minutes.yaml"
    path.write_text(FIVE_MINUTES.read_text() + RUSH)
    return path


def test_plan_simulation_and_load_have_the_same_customers(rush: Path, tmp_path: Path) -> None:
    """Without it a desk under a peak would be held against the simulation of another."""
    volumes = ["--profile", "rush", "--factor", 1.5, "--seed", 7]
    ask("plan", rush, *volumes, "-o", tmp_path / "plan")
    simulate = ["simulate", rush, *volumes, "--replications", 1]
    ask(*simulate, "--engine", "simpy", "-o", tmp_path / "simpy")
    ask(*simulate, "-o", tmp_path / "compiled")
    ask("load", rush, *volumes, "--clock", "virtual", "-o", tmp_path / "load")
    planned = Run.open(tmp_path / "plan").plan().set_index("contact_id")["due_s"].sort_index()
    assert len(planned) > 50
    for name in ("simpy", "compiled", "load"):
        run = Run.open(tmp_path / name)
        legs = run.table("legs").query("attempt == 1 and leg == 0").set_index("contact_id").sort_index()
        assert legs["due_s"].to_dict() == planned.to_dict(), name
        told = {key: run.facts[key] for key in ("profile", "factor", "stages")}
        assert told == {"profile": "rush", "factor": 1.5, "stages": STAGES}, name


def test_what_the_warm_up_brings_is_left_out_of_figures(rush: Path, tmp_path: Path) -> None:
    """Without it the empty desk that a load begins with would make its figures better than they are."""
    done = ask("simulate", rush, "--profile", "rush", "--replications", 5, "--json", "-o", tmp_path / "run")
    document = json.loads(done.stdout)
    assert document["warm_up_s"] == 32_490
    legs = Run.open(tmp_path / "run").table("legs").query("leg == 0 and channel == 'chat'")
    (told,) = (row for row in document["metrics"] if row["name"] == "wait_s_mean" and row["channel"] == "chat")
    assert told["n"] == (legs["arrived_s"] >= 32_490).sum() < len(legs)


def test_a_whole_loop_under_a_profile_compares_what_counts(rush: Path, tmp_path: Path) -> None:
    """Without it a comparison would count the contacts of the warm-up again."""
    gates = "gates: [{metric: talk_s_mean, channel: chat, tolerance_relative: 0.5}]\n"
    rush.write_text(rush.read_text().replace("shoppers: {chat: {share: 0.5}, form: {share: 0.5}}", gates))
    command = ["run", rush, "--profile", "rush", "--clock", "virtual", "--replications", 10, "--json"]
    done = ask_here(*command, "-o", tmp_path / "run")
    assert done.returncode in (0, 3), done.stderr
    (gate,) = (row for row in json.loads(done.stdout)["rows"] if row["gate"])
    legs = Run.open(tmp_path / "run" / "measured").table("legs").query("leg == 0 and channel == 'chat'")
    assert gate["contacts_all"] == (legs["due_s"] >= 32_490).sum() < len(legs)


def test_a_recorded_log_is_played_as_load_with_one_command(tmp_path: Path) -> None:
    """Without it a day that went wrong could not be played again on the desk it went wrong on."""
    (tmp_path / "log.csv").write_text(LOG)
    ask("import", tmp_path / "log.csv", "--mapping", "generic_csv", "-o", tmp_path / "recorded")
    ask("load", FIVE_MINUTES, "--replay", tmp_path / "recorded", "--clock", "virtual", "-o", tmp_path / "load")
    legs = Run.open(tmp_path / "load").table("legs").query("attempt == 1 and leg == 0").set_index("contact_id")
    nine = clock_s("09:00")
    assert legs["due_s"].to_dict() == {"c1": nine + 10, "c2": nine + 60, "c3": nine + 140}
    assert legs["channel"].to_dict() == {"c1": "chat", "c2": "form", "c3": "chat"}
    assert set(legs["leg_end"]) <= {"answered", "abandoned"}


def test_a_part_of_a_recorded_log_is_played(tmp_path: Path) -> None:
    """Without it the worst minute of a recorded month would need all of it."""
    (tmp_path / "log.csv").write_text(LOG)
    ask("import", tmp_path / "log.csv", "--mapping", "generic_csv", "-o", tmp_path / "recorded")
    window = ["--from", "09:01", "--for", 60]
    ask("plan", FIVE_MINUTES, "--replay", tmp_path / "recorded", *window, "-o", tmp_path / "plan")
    assert Run.open(tmp_path / "plan").plan()["contact_id"].tolist() == ["c2"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan", FIVE_MINUTES, "--profile", "rush"], "has no profile 'rush'; expected one of: (none is defined)"),
        (["plan", FIVE_MINUTES, "--from", "09:00"], "--from HH:MM and --for SECONDS together"),
        (["shop", "ask_on_chat", "--factor", "2"], "--factor: for scenarios only, which say how many customers come"),
        (["plan", FIVE_MINUTES, "--factor", "two"], "'two' is no number of 0 or more"),
    ],
    ids=str,
)
def test_volumes_that_make_no_sense_are_told(arguments: list[object], words: str) -> None:
    """Without it a slip would play another load, or none, and pass."""
    assert words in ask(*arguments, code=2).stderr


def test_only_recorded_runs_are_replayed(rush: Path, tmp_path: Path) -> None:
    """Without it ten replications of a simulation would come to the desk as one day."""
    ask("plan", rush, "-o", tmp_path / "plan")
    done = ask("plan", rush, "--replay", tmp_path / "plan", code=2)
    assert "is a plan run; a recorded one, as `import` makes, can be replayed" in done.stderr


def test_a_state_begins_the_day_itself(rush: Path, tmp_path: Path) -> None:
    """Without it a profile that begins before the state would lose its first stages silently."""
    (tmp_path / "now.yaml").write_text('state: now\nat: "09:02"\n')
    done = ask("simulate", rush, "--profile", "rush", "--from-state", tmp_path / "now.yaml", code=2)
    assert "--from-state begins the day itself: leave out --profile, --from and --for" in done.stderr
