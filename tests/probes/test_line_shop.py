import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from scenarios.target import Target
from tests.probes import line_desks
from tests.probes.line_desks import Talks, open_line
from tests.probes.real_desks import Played, as_logged, holds, play

PAGE = Path(__file__).resolve().parents[2] / "docs" / "targets.md"


def _wires() -> dict[str, Any]:
    """Return the wires that the page shows, by target: what people copy is what is played."""
    files = re.findall(r"```yaml\n(target:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    targets = [YAML(typ="safe").load(text) for text in files]
    return {target["target"]: target["wires"]["chat"] for target in targets if "chat" in target.get("wires", {})}


WIRES = _wires()
LINES = ["socket_io", "signal_r", "graphql"]

JOURNEY = """
journey: ask_on_the_line
title: Ask, say the order number, stay until it is settled
channel: chat
questions: {default: {subject: "Order", text: "Where is my parcel?", useful: "three days"}}
replies: [{to: "[Ww]hich order", say: "{order}"}]
steps:
  - open: true
  - {wait_for: human, within: {law: deterministic, value_s: 5}}
  - {wait_for: closed, within: {law: deterministic, value_s: 5}}
"""


def ask(kind: str, folder: Path, journey: str = JOURNEY) -> tuple[Played, Talks]:
    """Play a journey on one of the chats."""
    path = folder / "ask.yaml"
    path.write_text(journey)
    with open_line(getattr(line_desks, kind)) as (base_url, talks):
        target = Target.model_validate(
            {
                "target": kind,
                "title": "?",
                "base_url": base_url,
                "wires": {"chat": WIRES[kind]},
                "request_s_most": 3,
                "secrets": {"key": {"env": "BOT_KEY"}},
            }
        )
        return play(path, target, folder), talks


@pytest.mark.parametrize("kind", LINES)
def test_a_line_with_frames_of_its_own_is_spoken_by_a_target_file(kind: str, tmp_path: Path) -> None:
    """Without it every chat technology would need code of its own."""
    played, talks = ask(kind, tmp_path)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    assert set(played.rungs()) == {"accepted", "automatic_reply", "first_human", "first_useful_answer", "resolved"}
    assert played.said("agent") == ["Which order is it?", "It comes in three days."]
    assert [as_logged(text) for text in talks.heard.popitem()[1]] == played.said("customer")
    human_s = played.epoch_s + played.rung("first_human")["seen_by_s"]
    assert human_s == pytest.approx(talks.answered_s[0], abs=0.1)


@pytest.mark.parametrize(("kind", "silent_s"), [("socket_io", 1.5), ("signal_r", 4), ("graphql", 1)])
def test_a_line_is_kept_open(kind: str, silent_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it every long wait would be cut off, and the desk be blamed."""
    monkeypatch.setattr(line_desks, "DELAY_S", silent_s)
    played, _ = ask(kind, tmp_path)
    assert list(played.legs["contact_outcome"]) == ["resolved"], played.legs["reason"]


@pytest.mark.parametrize(
    ("kind", "forgotten"), [("socket_io", {"answers": {"^0": "40"}}), ("signal_r", {"beat": None})]
)
def test_a_desk_hangs_up_on_who_does_not_keep_the_line_open(
    kind: str, forgotten: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the test above would prove nothing."""
    monkeypatch.setattr(line_desks, "DELAY_S", 5)
    frame = {**WIRES[kind]["frame"], **forgotten}
    monkeypatch.setitem(WIRES, kind, {**WIRES[kind], "frame": frame})
    leg = ask(kind, tmp_path)[0].legs.iloc[0]
    assert leg["leg_end"] == "target_error"
    assert "closed the line" in leg["reason"]


@pytest.mark.parametrize(("line_first", "end"), [(True, "answered"), (False, "abandoned")])
def test_a_line_opened_first_misses_no_answer(
    line_first: bool, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it quick answers, as robots give them, would be lost where the desk tells nothing twice."""
    wire = {"transport": "sse", "stream": {"path": "/stream"}, "open": [{"method": "POST", "path": "/posts"}],
            "events": [{"is": "human", "text": "text"}], "line_first": line_first}  # fmt: skip
    monkeypatch.setitem(WIRES, "quick", wire)
    played, _ = ask("quick", tmp_path, JOURNEY.replace("value_s: 5", "value_s: 0.5").split("  - {wait_for: closed")[0])
    assert list(played.legs["leg_end"]) == [end], played.legs["reason"]


def test_an_error_with_a_good_status_is_an_error(tmp_path: Path) -> None:
    """Without it a message that the desk refused would pass for one that it took."""
    played, _ = ask("graphql", tmp_path, JOURNEY.replace("Where is my parcel?", "Where? " * 50))
    leg = played.legs.iloc[0]
    assert leg["leg_end"] == "target_error"
    assert "too long" in leg["reason"]


def test_a_secret_that_a_desk_says_again_goes_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a desk that repeats what it was told would put a password into the run folder."""
    monkeypatch.setenv("BOT_KEY", "0pen-sesame")
    ask_bot = {**WIRES["bot"]["say"], "json": {"sender": "{secret.key}", "message": "{text}"}}
    wire = {"transport": "reply", "open": [ask_bot], "events": [{"is": "bot", "text": "recipient_id"}]}
    monkeypatch.setitem(WIRES, "bot", wire)
    played, talks = ask("bot", tmp_path, JOURNEY.replace("value_s: 5", "value_s: 0.5"))
    assert list(talks.heard) == ["0pen-sesame"]
    assert set(played.said("bot")) == {"<secret>"}
    assert holds(tmp_path / "run", "0pen-sesame") == []


def test_a_bot_that_says_all_in_its_answers(tmp_path: Path) -> None:
    """Without it bots that are asked by a request, and never speak up, could not be shopped."""
    script = JOURNEY.replace("wait_for: human", "wait_for: {says: three days, by: bot}")
    played, talks = ask("bot", tmp_path, script.split("  - {wait_for: closed")[0])
    assert set(played.rungs()) == {"accepted", "bot"}
    assert played.said("bot") == ["We have your message.", "Which order is it?", "It comes in three days."]
    assert [as_logged(text) for text in talks.heard.popitem()[1]] == played.said("customer")
    (tmp_path / "person").mkdir()
    played, _ = ask(
        "bot", tmp_path / "person", JOURNEY.replace("Where is my parcel?", "A person please").replace("5}", "1}")
    )
    assert list(played.legs["leg_end"]) == ["transferred", "abandoned"]
    assert played.legs["team"].iloc[1] == "people"
