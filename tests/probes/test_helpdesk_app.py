import base64
from pathlib import Path

import pytest

from tests.probes.helpdesk_fixture import Helpdesk
from tests.probes.real_desks import Played, as_logged, holds, play, shipped
from tests.probes.test_helpdesk_shop import Agent

POLL_S = 0.4

JOURNEY = """
journey: ask_in_the_app
title: Open a ticket in the app, and look until it is settled
channel: app
questions: {default: {subject: "Order {order}", text: "Where is my order {order}?", useful: "working days|five days"}}
steps:
  - open: true
  - say: "It is for my mother."
  - {wait_for: human, within: {law: deterministic, value_s: 20}}
  - {wait_for: closed, within: {law: deterministic, value_s: 20}}
"""


def ask(desk: Helpdesk, folder: Path, monkeypatch: pytest.MonkeyPatch, within_s: float = 20) -> Played:
    """Play the journey on the ticket interface."""
    monkeypatch.setenv("HELPDESK_USER", desk.app_user)
    monkeypatch.setenv("HELPDESK_PASSWORD", desk.app_password)
    path = folder / "ask.yaml"
    path.write_text(JOURNEY.replace("value_s: 20", f"value_s: {within_s}"))
    return play(path, shipped("django_helpdesk", desk.base_url, POLL_S), folder)


def test_a_ticket_of_the_app_is_created_answered_and_resolved(
    helpdesk: Helpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a ticket interface, as apps use it, would be shopped only on desks of our own making."""
    with Agent(helpdesk) as agent:
        played = ask(helpdesk, tmp_path, monkeypatch)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    assert played.rungs()[:2] == ["accepted", "first_human"]
    assert played.rungs()[-1] == "resolved"
    ticket = helpdesk.tickets()[-1]
    assert as_logged(ticket["description"]) == played.said("customer")[0]
    assert "It is for my mother." in [told["comment"] for told in ticket["followup_set"]]
    assert played.said("agent") == [told["comment"] for told in ticket["followup_set"] if told["user"] == 1]
    assert len(agent.answered) == 1
    login = base64.b64encode(f"{helpdesk.app_user}:{helpdesk.app_password}".encode()).decode()
    assert holds(tmp_path / "run", helpdesk.app_password) == holds(tmp_path / "run", login) == []


def test_a_ticket_that_nobody_answers(helpdesk: Helpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it what the app itself wrote into the ticket would pass for an answer."""
    played = ask(helpdesk, tmp_path, monkeypatch, within_s=1.2)
    assert list(played.legs["contact_outcome"]) == ["abandoned"]
    assert played.rungs() == ["accepted"]


def test_a_wrong_password_is_told_and_not_shown(
    helpdesk: Helpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a password that has run out would look like a desk that does not answer, or stand in the report."""
    wrong = Helpdesk(helpdesk.base_url, "", "", "", "", helpdesk.folder, app_password="of-last-ye4r")
    leg = ask(wrong, tmp_path, monkeypatch).legs.iloc[0]
    assert leg["leg_end"] == "target_error"
    assert "HTTP 401" in leg["reason"] or "HTTP 403" in leg["reason"]
    assert holds(tmp_path / "run", "of-last-ye4r") == []
