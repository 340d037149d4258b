from pathlib import Path
from typing import Any

import pytest

from tests.probes.short_days import open_all_day, play_day, team
from tests.written import exactly

TICKET_LOOK_S = 120.0
"""How often a shopper of the rehearsal desk looks at a ticket page."""


def chat_with(lines: int) -> dict[str, Any]:
    return {"chat": open_all_day("chat", lines=lines)}


def chat_team(**more: Any) -> dict[str, Any]:
    return {"front": team(**{"channels": ["chat"], **more})}


def ends(legs: Any) -> dict[str, str]:
    """Return how each contact's first leg ended, by its name."""
    return {name: end for (name, leg), end in legs["leg_end"].items() if leg == 0}


def test_one_more_than_the_lines_hold_finds_them_busy(tmp_path: Path) -> None:
    """Without it a desk with two lines would let everybody wait, and no busy signal would ever be measured."""
    arrivals = [("served", 0.0, "chat"), ("waits", 10.0, "chat"), ("third", 20.0, "chat")]
    legs = play_day(tmp_path, arrivals, channels=chat_with(2), teams=chat_team())
    assert ends(legs) == {"served": "answered", "waits": "answered", "third": "blocked"}
    turned_away = legs.loc["third", 0]
    assert (turned_away["arrived_s"], turned_away["ended_s"]) == pytest.approx((20.0, 20.0))


def test_a_line_is_free_when_the_customer_goes_and_not_after_wrap_up(tmp_path: Path) -> None:
    """Without it the agent's work after a contact would keep customers out who could well be waiting."""
    arrivals = [("first", 0.0, "chat"), ("too early", 50.0, "chat"), ("next", 70.0, "chat")]
    legs = play_day(tmp_path, arrivals, channels=chat_with(1), teams=chat_team(wrap=exactly(100)))
    assert ends(legs) == {"first": "answered", "too early": "blocked", "next": "answered"}
    assert legs.loc[("next", 0), "answered_s"] == pytest.approx(160.0)


def test_who_gives_up_frees_the_line(tmp_path: Path) -> None:
    """Without it those who have gone would hold the lines for ever, and the desk would turn everybody away."""
    arrivals = [("first", 0.0, "chat"), ("early", 4.0, "chat"), ("later", 6.0, "chat")]
    legs = play_day(tmp_path, arrivals, channels=chat_with(1), teams=chat_team(agents=0), patience={"chat": exactly(5)})
    assert ends(legs) == {"first": "abandoned", "early": "blocked", "later": "abandoned"}


def test_who_is_passed_on_keeps_the_line(tmp_path: Path) -> None:
    """Without it a transfer would count as an end, and one more customer would fit than there are lines."""
    arrivals = [("first", 0.0, "chat"), ("at the second team", 90.0, "chat"), ("after it", 130.0, "chat")]
    teams = {"front": team(channels=["chat"], skills=["order"]), "back": team(channels=["form"])}
    channels = chat_with(1) | {"form": open_all_day("form")}
    passed_on = [{"from": "front", "to": "back", "probability": 1.0}]
    legs = play_day(tmp_path, arrivals, channels=channels, teams=teams, transfers=passed_on)
    assert ends(legs) == {"first": "transferred", "at the second team": "blocked", "after it": "transferred"}


def test_a_form_holds_a_line_until_it_is_settled(tmp_path: Path) -> None:
    """Without it a number set for forms would be ignored, and nobody would be told."""
    arrivals = [("first", 0.0, "form"), ("meanwhile", 50.0, "form"), ("settled", 70.0, "form")]
    legs = play_day(tmp_path, arrivals, channels={"form": open_all_day("form", lines=1)}, teams={"front": team(
        channels=["form"])})  # fmt: skip
    assert ends(legs) == {"first": "answered", "meanwhile": "blocked", "settled": "answered"}
    assert legs.loc[("settled", 0), "answered_s"] == pytest.approx(70.0 + TICKET_LOOK_S / 2, abs=TICKET_LOOK_S / 2)


def test_a_help_page_is_read_by_as_many_as_it_has_lines(tmp_path: Path) -> None:
    """Without it a number set for help pages would be ignored, and nobody would be told."""
    arrivals = [("reads", 0.0, "faq"), ("too many", 59.0, "faq"), ("after", 61.0, "faq")]
    pages = {"channels": ["faq"], "self_service": True, "service": {"default": exactly(60)}}
    legs = play_day(tmp_path, arrivals, channels={"faq": open_all_day("faq", lines=1)}, teams={"pages": pages})
    assert ends(legs) == {"reads": "contained", "too many": "blocked", "after": "contained"}
