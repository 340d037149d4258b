"""The rehearsal desk's doors that speak JSON: its ticket interface and its brand on a social network."""

from pathlib import Path

import pytest

from probes.channels.wire import WireSession
from probes.player import SessionMaker
from tests.probes.loop_thread import LoopThread
from tests.probes.small_desk import SmallDesk, small_desk

TOLERANCE_S = 3.0
"""Scenario seconds at scale 10."""

DOORS: dict[str, SessionMaker] = {"app": WireSession, "social": WireSession}

every_door = pytest.mark.parametrize("channel", DOORS)


def looked_at_often(desk: SmallDesk) -> None:
    """Have the desk looked at every three seconds, so that tests are short."""
    wires = {name: wire.model_copy(update={"poll_s": 3.0}) for name, wire in desk.target.wires.items()}
    desk.target = desk.target.model_copy(update={"wires": wires})


@every_door
def test_answered(channel: str, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it the desk would have no door to practise on for whoever shops an app or a brand."""
    with small_desk(tmp_path) as desk:
        looked_at_often(desk)
        played = desk.play(probe_loop, channel, DOORS, None)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    assert [rung for rung in played.rungs() if rung != "automatic_reply"][:3] == [
        "accepted", "first_human", "first_useful_answer",
    ]  # fmt: skip
    human = played.rung("first_human")
    assert human["seen_after_s"] - TOLERANCE_S <= played.true_s("said") <= human["seen_by_s"]
    assert played.true_s("heard") >= played.true_s("said") - TOLERANCE_S
    assert "working days" in played.messages.loc[played.messages["speaker"] == "agent", "text"].str.cat(sep=" ")


@every_door
@pytest.mark.parametrize(("how", "end"), [({"closes": "09:30"}, "closed"), ({"lines": 1}, "blocked")])
def test_turned_away(channel: str, how: dict[str, object], end: str, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a desk that is shut, or full, would count as one that fails."""
    with small_desk(tmp_path, **how) as desk:  # type: ignore[arg-type]  # the keys are its own
        if end == "blocked":
            desk.thread.desk.hall.lines.take(channel)  # type: ignore[arg-type]  # a channel's name
        played = desk.play(probe_loop, channel, DOORS, None)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == (end, end), leg["reason"]


def test_passed_on_in_writing(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a ticket that goes to a second team would never be answered."""
    with small_desk(tmp_path, transferred=True) as desk:
        looked_at_often(desk)
        played = desk.play(probe_loop, "app", DOORS, None)
    assert list(played.legs["contact_outcome"]) == ["resolved"]
    assert played.true_s("transferred") < played.true_s("closed")
