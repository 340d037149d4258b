from pathlib import Path

import numpy as np
import pytest

from tests.probes.chat_fixture import ChatAgent, ChatDesk
from tests.probes.real_desks import Played, as_logged, play, shipped

DELAY_S = 0.6
ANSWERS = ("Good morning, which order is it?", "It comes within three working days.")

JOURNEY = """
journey: ask_in_the_widget
title: Ask, say the order number, stay until it is settled
channel: chat
questions: {{default: {{subject: "Order", text: "Hello, where is my parcel?", useful: "working days"}}}}
replies: [{{to: "which order", say: "{{order}}"}}]
steps:
  - open: true
  - {{wait_for: human, within: {{law: deterministic, value_s: {within_s}}}}}
  - {{wait_for: closed, within: {{law: deterministic, value_s: 15}}}}
"""


def ask(desk: ChatDesk, folder: Path, in_browser: bool, *, repeats: int = 1, within_s: float = 15) -> Played:
    """Play the journey in the browser or over the chat's own interface."""
    path = folder / "ask.yaml"
    path.write_text(JOURNEY.format(within_s=within_s))
    return play(path, shipped("django_chat_ui", desk.base_url), folder, repeats=repeats, in_browser=in_browser)


@pytest.mark.parametrize("in_browser", [False, True], ids=["http", "browser"])
def test_a_conversation_on_a_chat_that_is_not_ours(chat_desk: ChatDesk, in_browser: bool, tmp_path: Path) -> None:
    """Without it chats could be shopped only if they were built by us, whatever target files promise."""
    with ChatAgent(chat_desk, ANSWERS, DELAY_S) as agent:
        played = ask(chat_desk, tmp_path, in_browser)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    assert sorted(played.rungs()[:2]) == ["accepted", "automatic_reply"]  # the greeting may stand there first
    assert played.rungs()[2:] == ["first_human", "first_useful_answer", "resolved"]
    assert played.said("agent") == list(ANSWERS)
    assert [as_logged(text) for text in agent.heard()[0]] == played.said("customer")
    assert len(agent.heard()[0]) == 2
    said = agent.said[0]
    seen_s = played.epoch_s + played.rung("first_human")["seen_by_s"]
    assert said.sent_s - 0.01 <= seen_s <= said.taken_s + 0.3
    assert seen_s - played.epoch_s - leg["arrived_s"] >= DELAY_S


@pytest.mark.parametrize("in_browser", [False, True], ids=["http", "browser"])
def test_a_chat_in_which_nobody_answers(chat_desk: ChatDesk, in_browser: bool, tmp_path: Path) -> None:
    """Without it a greeting by a machine would pass for an answer."""
    played = ask(chat_desk, tmp_path, in_browser, within_s=1.5)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("abandoned", "abandoned"), leg["reason"]
    assert set(played.rungs()) == {"accepted", "automatic_reply"}
    unseen = played.steps[(played.steps["rung"] == "first_human") & (played.steps["state"] == "censored")].iloc[0]
    assert unseen["seen_after_s"] == pytest.approx(leg["arrived_s"] + 1.5, abs=2.0)


def test_first_answers_are_timed_by_the_agents_clock(chat_desk: ChatDesk, tmp_path: Path) -> None:
    """Without it waits on a real chat would be as long as the way we look at it, and not as customers have them."""
    with ChatAgent(chat_desk, ANSWERS, DELAY_S) as agent:
        played = ask(chat_desk, tmp_path, False, repeats=8)
    assert set(played.legs["contact_outcome"]) == {"resolved"}
    seen_s = [played.epoch_s + played.rung("first_human", contact)["seen_by_s"] for contact in range(8)]
    taken_s = [agent.first_said(room).taken_s for room in {said.room for said in agent.said}]
    late_s = np.sort(seen_s) - np.sort(taken_s)
    assert -0.1 < np.quantile(late_s, 0.05) <= np.quantile(late_s, 0.95) < 0.25
