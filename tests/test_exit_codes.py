"""What `load` tells of a run that is over, and with which code it and `shop` end."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from commands.exits import Exit
from commands.shopped import exit_code, tell_shopped
from results.load_figures import Checked
from results.runs import Run
from scenarios.thresholds import Threshold
from tests.results.test_load_page import contact, write_run

FACTS: dict[str, Any] = {
    "state": "finished", "outcomes": {"resolved": 8, "abandoned": 2}, "played": 10, "instrument": {"fit": True},
}  # fmt: skip


def checked(kept: bool | None) -> Checked:
    return Checked(Threshold(metric="error_share", at_most=0.01), 0.0, 10, kept)


@pytest.mark.parametrize(
    ("facts", "kept", "code"),
    [
        ({}, [], Exit.AGREES),
        ({}, [True, True], Exit.AGREES),
        ({}, [True, False], Exit.DIFFERS),
        ({}, [True, None], Exit.CANNOT_TELL),
        ({}, [None, False], Exit.DIFFERS),
        ({"aborted": {"words": "it was aborted"}}, [], Exit.DIFFERS),
        ({"outcomes": {"closed": 10}}, [], Exit.CANNOT_TELL),
        ({"outcomes": {"closed": 9, "resolved": 1}}, [True], Exit.AGREES),
        ({"outcomes": {"target_error": 10}}, [False], Exit.UNREACHABLE),
        ({"outcomes": {"target_error": 9, "resolved": 1}}, [True], Exit.AGREES),
        ({"outcomes": {"resolved": 5, "withheld": 5}, "played": 5}, [False], Exit.REFUSED),
        ({"outcomes": {"resolved": 9, "failed": 1}}, [False], Exit.UNFIT),
        ({"instrument": {"fit": False}}, [True], Exit.UNFIT),
        ({"state": "interrupted"}, [None], Exit.INTERRUPTED),
        ({"state": "interrupted"}, [False], Exit.INTERRUPTED),
    ],
    ids=str,
)
def test_a_run_ends_with_the_worst_that_applies(facts: dict[str, Any], kept: list[bool | None], code: Exit) -> None:
    """Without it a build would be green where nothing was learnt, or red for the lesser of two reasons."""
    assert exit_code({**FACTS, **facts}, [checked(one) for one in kept]) == code


def told(run: Run, capsys: pytest.CaptureFixture[str], **asked: Any) -> tuple[int, str]:
    """Tell a load test whose errors may be 1 % at most; returns the code and what was printed."""
    threshold = Threshold(metric="error_share", at_most=0.01)
    options = {"json": False, "junit": None, "csv": None, "prometheus": None, "telemetry": False, **asked}
    code = tell_shopped(Namespace(**options), run, [threshold], everyone=True)
    return code, capsys.readouterr().out


def load_of(folder: Path, *outcomes: str, again: int = 0, **facts: Any) -> Run:
    """Write a load test of contacts that ended so; of `censored` ones only the first had come."""
    contacts = [contact(n, 36_100.0 + n, 0.1, outcome) for n, outcome in enumerate(outcomes)]
    for one in [one for one in contacts if one["outcome"] == "censored"][1:]:
        one["begun"] = False
    contacts += [contact(len(contacts) + n, 36_200.0 + n, 0.1, attempt=2) for n in range(again)]
    counts = {outcome: outcomes.count(outcome) for outcome in outcomes}
    fit = {"fit": True, "reasons": [], "warnings": [], "starts": 30}
    about = {"outcomes": counts, "played": len(outcomes), "instrument": fit, "planned": len(outcomes)}
    return write_run(folder, contacts, **{**about, **facts})


def test_the_terminal_never_tells_an_interrupted_run_as_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it whoever presses Ctrl-C after two of five would read that all was kept."""
    run = load_of(tmp_path, "resolved", "censored", "censored", "censored", "censored", state="interrupted")
    code, out = told(run, capsys)
    assert code == Exit.INTERRUPTED
    assert "cannot tell: the run was interrupted" in out
    assert "The run was interrupted. 3 of 5 contacts had not come yet, and 1 under way was cut off." in out
    assert "2 of 5 planned contacts were begun; " in out
    assert out.startswith("not_come              3\n")
    document = json.loads(told(run, capsys, json=True)[1])
    assert [one["kept"] for one in document["thresholds"]] == [None]
    assert (document["state"], document["ending"][:24]) == ("interrupted", "The run was interrupted.")


def test_who_came_back_is_counted_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it 7 of 5 planned contacts would have been played."""
    _, out = told(load_of(tmp_path, *["resolved"] * 5, again=2), capsys)
    assert "5 of 5 planned contacts were begun, and 2 more came back; " in out
    head = out.partition("\n\n")[2].splitlines()[0].split("  ")
    assert {"steps", "unanswered"} <= {name.strip() for name in head}


def test_a_shut_desk_ends_with_cannot_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it a build that tests at night would be green, and its document would not say why it should not be."""
    run = load_of(tmp_path, *["closed"] * 5)
    code, out = told(run, capsys)
    assert code == Exit.CANNOT_TELL
    assert "the desk was shut whenever we came: nothing was learnt of it" in out
    code, out = told(run, capsys, json=True)
    assert code == Exit.CANNOT_TELL
    assert json.loads(out)["nothing_learnt"] == "the desk was shut whenever we came: nothing was learnt of it"
