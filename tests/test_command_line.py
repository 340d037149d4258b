import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import testdrive
from commands import table
from commands.exits import Exit, worst
from commands.table import VERBS
from tests.desks import VERB, desk_of, wait_for
from tests.here import ask_here

pytestmark = pytest.mark.long

TOP = Path(__file__).resolve().parent.parent
HOUR = TOP / "tests" / "days" / "short_hour.yaml"


def run(*arguments: object, cwd: Path = TOP) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "testdrive", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it a verb could be there and nobody would know how to call it."""
    with pytest.raises(SystemExit) as ended:
        testdrive.main([verb, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "example: testdrive" in told
    assert f"testdrive {verb}" in told.split("example: ")[1]


def test_the_worst_exit_code_wins() -> None:
    """Without it a run that was interrupted could end as if it had passed."""
    assert worst([Exit.AGREES, Exit.CANNOT_TELL]) == 3
    assert worst([Exit.DIFFERS, Exit.UNFIT]) == 4
    assert worst([Exit.UNFIT, Exit.REFUSED, Exit.UNREACHABLE]) == 5
    assert worst([Exit.REFUSED, Exit.INTERRUPTED, Exit.OUR_FAULT]) == 70


def test_simulate_prints_one_json_document(tmp_path: Path) -> None:
    """Without it no other program could read what a simulation says."""
    done = run("simulate", HOUR, "--replications", 3, "--threads", 1, "--json", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["replications"] == 3
    assert document["contacts"] > 900
    first = document["metrics"][0]
    assert set(first) >= {"name", "channel", "team", "intent", "interval", "value", "low", "high", "n"}
    assert first["low"] <= first["value"] <= first["high"]
    assert (tmp_path / "run" / "legs.parquet").exists()


def test_a_missed_goal_fails(tmp_path: Path) -> None:
    """Without it --check-goals could be put into a pipeline and never stop anything."""
    text = HOUR.read_text() + "goals:\n  - {metric: abandonment, channel: chat, at_most: 0.000001}\n"
    (tmp_path / "day.yaml").write_text(text)
    done = run("simulate", tmp_path / "day.yaml", "--replications", 2, "--check-goals", "-o", tmp_path / "run")
    assert done.returncode == 1, done.stderr
    assert "MISSED" in done.stdout


def test_the_whole_loop_agrees_and_its_parts_can_be_asked_again(tmp_path: Path) -> None:
    """Without it the parts could each work and the loop still not close."""
    done = ask_here("run", HOUR, "--clock", "virtual", "--json", "-o", tmp_path / "run", "--replications", 10)
    assert done.returncode in (0, 3), done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == ("agrees" if done.returncode == 0 else "cannot tell")
    assert Path(document["report"]).stat().st_size > 20_000
    rows = [row for row in document["rows"] if row["gate"]]
    assert [(row["metric"], row["channel"]) for row in rows] == [("talk_s_mean", "chat")]
    assert set(rows[0]) >= {
        "team",
        "simulated",
        "measured",
        "difference",
        "low",
        "high",
        "tolerance",
        "verdict",
        "reason",
    }
    again = ask_here("compare", tmp_path / "run" / "measured", tmp_path / "run" / "simulated", "--json")
    assert again.returncode == done.returncode
    assert json.loads(again.stdout)["rows"] == document["rows"]
    told = ask_here("runs", tmp_path, "--json", "--sql", "select source, count(*) as n from legs group by 1 order by 1")
    assert [row["source"] for row in json.loads(told.stdout)] == ["measured", "simulated"]
    page = ask_here("report", tmp_path / "run", "-o", tmp_path / "page.html")
    assert page.returncode == 0, page.stderr
    assert "http" not in page.stderr
    assert (tmp_path / "page.html").stat().st_size > 20_000


def test_a_charter_without_the_host_sends_nothing(tmp_path: Path) -> None:
    """Without it a forgotten line in a charter would not stop anything."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        tcp.setblocking(False)
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        udp.setblocking(False)
        target, charter = target_and_charter(tmp_path, port, allowed_port=1 if port != 1 else 2)
        for verb in (["shop", HOUR], ["load", HOUR], ["shop", "ask_on_chat"], ["shop", "ask_on_chat", "--browser"]):
            done = ask_here(*verb, "--target", target, "--charter", charter, "-o", tmp_path / "run")
            assert done.returncode == 5, done.stderr
            assert f"127.0.0.1 port {port}" in done.stderr
        for ear in (tcp.accept, lambda: udp.recv(1)):
            with pytest.raises(BlockingIOError):
                ear()
    assert not (tmp_path / "run").exists()


def target_and_charter(folder: Path, port: int, allowed_port: int) -> tuple[Path, Path]:
    from probes.desk.desk import charter_for, target_for
    from scenarios.models import write_model

    write_model(folder / "t.yaml", target_for(port))
    write_model(folder / "c.yaml", charter_for(allowed_port))
    return folder / "t.yaml", folder / "c.yaml"


def test_a_desk_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    """Without it a dead desk would look like our own fault, or like customers who gave up."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    target, charter = target_and_charter(tmp_path, port, allowed_port=port)
    done = ask_here("shop", "ask_on_chat", "--target", target, "--charter", charter, "-o", tmp_path / "run")
    assert done.returncode == 6, done.stderr
    plain = YAML(typ="safe").load(target.read_text())
    plain["rehearsal"] = False
    with target.open("w") as out:
        YAML().dump(plain, out)
    done = ask_here("shop", "ask_on_chat", "--target", target, "--charter", charter, "-o", tmp_path / "run")
    assert done.returncode == 6, done.stderr


def test_eight_faults_are_eight_lines(tmp_path: Path) -> None:
    """Without it a planner would mend one slip a run."""
    text = HOUR.read_text()
    for good, bad in (
        ("time_zone: Europe/Rome", "time_zone: Europe/Rom"),
        ("seed: 7", "seed: seven"),
        ("closes: 10:00, journey: ask_by_form", "closes: 08:00, journey: ask_by_form"),
        ("journey: look_it_up", "journey: look_it_op"),
        ("intent: returns,", "intent: return,"),
        ("skills: [returns]", "skills: [refunds]"),
        ("to: specialists", "to: specialist"),
        ("{share: 0.5}\n  form", "{share: 1.5}\n  form"),
    ):
        assert text.count(good) == 1, good
        text = text.replace(good, bad)
    (tmp_path / "bad.yaml").write_text(text)
    for verb in ("check", "simulate", "run"):
        done = ask_here(verb, tmp_path / "bad.yaml")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 8, done.stderr
        assert done.stdout == ""
    document = json.loads(ask_here("check", tmp_path / "bad.yaml", "--json").stdout)
    assert len(document["faults"]) == 8
    assert set(document["faults"][0]) == {"file", "line", "key", "found", "message"}
    assert not list(tmp_path.glob("runs*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["simulate", "no_such.yaml"], "no_such.yaml"),
        (["simulate", HOUR, "--replications", "0"], "no whole number of 1 or more"),
        (["desk", HOUR, "--scale", "60"], "no number from 1 to 10"),
        (["desk", HOUR, "--clock", "virtual"], "needs the real clock"),
        (["shop", HOUR], "--target FILE and --charter FILE are needed"),
        (["shop", "no_such_journey", "--target", "t", "--charter", "c"], "no_such_journey"),
        (["compare", "nowhere", "nowhere"], "nowhere is not a run"),
        (["report", "nowhere"], "nowhere is not a run"),
        (["import", HOUR, "--mapping", "no_such"], "no_such"),
        (["run", HOUR, "--misconduct", HOUR], "scenario"),
        (["nonsense"], "invalid choice"),
        ([], "usage"),
    ],
    ids=lambda value: " ".join(Path(str(part)).name for part in value) if isinstance(value, list) else "",
)
def test_a_bad_command_is_told_in_a_sentence(arguments: list[object], told: str, tmp_path: Path) -> None:
    """Without it a slip on the command line would end in a traceback."""
    done = ask_here(*arguments)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_folder_is_not_written_over(tmp_path: Path) -> None:
    """Without it a second run could mix its tables with the first one's."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "legs.parquet").write_text("mine")
    done = ask_here("simulate", HOUR, "--replications", 1, "-o", tmp_path / "old")
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert (tmp_path / "old" / "legs.parquet").read_text() == "mine"


def test_help_is_quick_to_load() -> None:
    """Without it every --help would wait for the simulator's libraries."""
    heavy = ["numpy", "pandas", "numba", "simpy", "pydantic"]
    parse = "import sys; from commands.table import command_parser; command_parser()"
    code = f"{parse}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=TOP, check=True)
    assert done.stdout.strip() == "[]"


def test_the_readmes_first_shop_works(tmp_path: Path) -> None:
    """Without it a QA lead's first command could fail on our own desk."""
    with desk_of(tmp_path, scenario=TOP / "scenarios" / "quiet_tuesday.yaml") as where:
        for number, arguments in enumerate(
            (["ask_on_chat", "--intent", "order_status"], ["ask_on_chat", "look_it_up"])
        ):
            done = run("shop", *arguments, *where, "-o", tmp_path / f"run{number}", "--json")
            assert done.returncode in (0, 4), done.stderr
            document = json.loads(done.stdout)
            assert document["played"] == number + 1
            assert set(document["outcomes"]) <= {"resolved", "unresolved"}
        late = run("shop", TOP / "scenarios" / "quiet_tuesday.yaml", *where, "-o", tmp_path / "late")
        assert late.returncode == 2
        assert "needs a desk that was just opened" in late.stderr


CROWD = """
scenario: crowd
title: Forty customers within a minute, and a person for each
time_zone: UTC
starts: "2026-03-03"
channels:
  chat: {opens: 09:00, closes: "17:00", journey: ask_on_chat}
intents: {order_status: Where is my order?}
demand:
  - {intent: order_status, channels: {chat: 1}, starts: 09:00, interval_minutes: 1, contacts: [40], counts: fixed}
teams:
  desk: {channels: [chat], agents: {09:00: 40}, service: {default: {law: uniform, low_s: 8, high_s: 12}}}
"""


@pytest.mark.clock
def test_load_says_at_how_many_requests_a_desk_is_saturated(tmp_path: Path) -> None:
    """Without it whoever loads a desk would see that it is slow, and not what it can take at once."""
    crowd = tmp_path / "crowd.yaml"
    crowd.write_text(CROWD)
    with desk_of(tmp_path, 10.0, crowd, "--capacity", "6") as where:
        done = run("load", crowd, *where, "-o", tmp_path / "run")
    assert done.returncode in (0, 4), done.stderr  # on a busy machine the instrument may call itself unfit
    assert "Website: saturated at 6 at once" in done.stdout
    refused = ask_here("desk", crowd, "--capacity", "0")
    assert refused.returncode == 2
    assert "argument --capacity: '0' is no whole number of 1 or more" in refused.stderr


def test_ctrl_c_in_the_simulation_ends_the_whole_run(tmp_path: Path) -> None:
    """Without it an interrupted run would go on to shop a desk for minutes."""
    command = [*VERB, "run", str(HOUR), "--replications", "5000", "--threads", "1", "-o", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP) as begun:
        wait_for(lambda: (tmp_path / "run" / "simulated" / "run.json").exists())
        begun.send_signal(signal.SIGINT)
        _, err = begun.communicate(timeout=120)
    assert begun.returncode == 130, err
    assert "Traceback" not in err
    assert not (tmp_path / "run" / "measured").exists()


def test_a_desk_that_closes_forms_unanswered_never_agrees(tmp_path: Path) -> None:
    """Without it a desk could drop half of its customers, and the rest would speak for them."""
    (tmp_path / "silent.yaml").write_text("front: {silent: 0.5}\n")
    arguments = ["--clock", "virtual", "--replications", 8, "--misconduct", tmp_path / "silent.yaml", "--json"]
    done = ask_here("run", HOUR, *arguments, "-o", tmp_path / "run")
    assert done.returncode in (1, 3), done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] != "agrees"
    shown = {(row["channel"], row["metric"]): row["difference"] for row in document["rows"]}
    assert shown["chat", "answered_share"] < -0.1
    facts = json.loads((tmp_path / "run" / "measured" / "run.json").read_text())
    assert facts["misconduct"] == {"front": {"silent": 0.5}}


def test_only_a_recorded_run_can_be_fitted(tmp_path: Path) -> None:
    """Without it a simulation's replications would be fitted as if they were one day."""
    assert ask_here("simulate", HOUR, "--replications", 1, "-o", tmp_path / "run").returncode == 0
    done = ask_here("fit", tmp_path / "run", "-o", tmp_path / "fitted.yaml")
    assert done.returncode == 2
    assert "testdrive import" in done.stderr


def test_the_command_line_knows_the_bounds_of_a_scenario() -> None:
    """Without it --days could ask for more than a scenario file may."""
    from scenarios.scenario import DAYS_MOST

    assert table.DAYS_MOST == DAYS_MOST
