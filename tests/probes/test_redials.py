from pathlib import Path
from typing import Any

import pytest

from scenarios.identity import recorded_entity
from scenarios.plan import retry_channel
from scenarios.scenario import Retry
from tests.probes.short_days import open_all_day, play_day, team
from tests.written import about, exactly


def again(after_s: float = 60.0, **more: Any) -> dict[str, Any]:
    return {"probability": 0.0, "after": exactly(after_s), **more}


def attempts(legs: Any, name: str) -> list[tuple[str, str, float]]:
    """Return a customer's attempts: the channel, how it ended, and when it was due."""
    mine = legs[legs["customer_id"] == name].sort_values("attempt")
    assert list(mine["attempt"]) == list(range(1, len(mine) + 1))
    return list(zip(mine["channel"], mine["leg_end"], mine["due_s"].round(3), strict=True))


def test_who_found_the_lines_busy_tries_again_with_a_probability_of_their_own(tmp_path: Path) -> None:
    """Without it busy signals would bring nobody back, though most people press redial."""
    arrivals = [("talks", 0.0, "chat"), ("redials", 10.0, "chat")]
    channels = {"chat": open_all_day("chat", lines=1)}
    legs = play_day(
        tmp_path, arrivals, channels=channels, teams={"front": team(channels=["chat"])},
        retry={"chat": again(25.0, probability_blocked=1.0)},
    )  # fmt: skip
    assert attempts(legs, "redials") == [
        ("chat", "blocked", 10.0), ("chat", "blocked", 35.0), ("chat", "answered", 60.0),
    ]  # fmt: skip


def test_who_gave_up_is_not_drawn_as_one_who_was_turned_away(tmp_path: Path) -> None:
    """Without it those who gave up would come back as often as those who got no line."""
    legs = play_day(
        tmp_path, [("waits", 0.0, "chat")], channels={"chat": open_all_day("chat")},
        teams={"front": team(0, channels=["chat"])}, patience={"chat": exactly(5)},
        retry={"chat": again(probability_blocked=1.0)},
    )  # fmt: skip
    assert attempts(legs, "waits") == [("chat", "abandoned", 0.0)]


def test_each_attempt_follows_the_rule_of_its_own_channel(tmp_path: Path) -> None:
    """Without it one who went from chat to form would go on as if the form were the chat."""
    channels = {"chat": open_all_day("chat", lines=1), "form": open_all_day("form", lines=1)}
    arrivals = [("chats", 0.0, "chat"), ("writes", 0.0, "form"), ("tries", 10.0, "chat")]
    legs = play_day(
        tmp_path, arrivals, channels=channels,
        teams={"chatters": team(service_s=130.0, channels=["chat"]), "writers": team(service_s=200, channels=["form"])},
        retry={
            "chat": again(30.0, probability_blocked=1.0, to={"form": 1.0}, attempts_most=2),
            "form": again(70.0, probability_blocked=1.0, to={"chat": 1.0}, attempts_most=3),
        },
    )  # fmt: skip
    assert attempts(legs, "tries") == [("chat", "blocked", 10.0), ("form", "blocked", 40.0), ("chat", "blocked", 110.0)]
    tried = legs[legs["customer_id"] == "tries"].sort_values("attempt")
    assert list(tried["journey"]) == ["short_chat", "short_form", "short_chat"]
    assert [name for name, _ in tried.index] == ["tries", "tries/0/2", "tries/0/3"]


@pytest.mark.parametrize(("patience", "waited_s"), [("fresh", 40.0), ("kept", 5.0)])
def test_patience_on_the_other_channel_is_that_channels_or_the_one_kept(
    tmp_path: Path, patience: str, waited_s: float
) -> None:
    """Without it one who came from the form would wait in the chat as long as on the form, or the other way round."""
    legs = play_day(
        tmp_path, [("hops", 0.0, "chat")],
        channels={"chat": open_all_day("chat"), "form": open_all_day("form", journey="patient_form")},
        teams={"front": team(0)}, patience={"chat": exactly(5), "form": exactly(40)},
        retry={"chat": again(probability=1.0, to={"form": 1.0}, patience=patience)},
    )  # fmt: skip
    assert attempts(legs, "hops") == [("chat", "abandoned", 0.0), ("form", "abandoned", 65.0)]
    form = legs[legs["channel"] == "form"].iloc[0]
    assert form["ended_s"] - form["arrived_s"] == pytest.approx(waited_s)


def test_who_tries_again_is_as_patient_as_their_intent(tmp_path: Path) -> None:
    """Without it a redial in the crowd would wait as long as some other intent does, and the simulation would not."""
    legs = play_day(
        tmp_path, [("hops", 0.0, "chat")],
        channels={"chat": open_all_day("chat"), "form": open_all_day("form", journey="patient_form")},
        teams={"front": team(0)},
        patience={"chat": {"order": exactly(5)}, "form": {"default": exactly(9), "order": exactly(40)}},
        retry={"chat": again(probability=1.0, to={"form": 1.0})},
    )  # fmt: skip
    form = legs[legs["channel"] == "form"].iloc[0]
    assert form["ended_s"] - form["arrived_s"] == pytest.approx(40.0)


@pytest.mark.parametrize(("patience", "waited_s"), [("fresh", 20.0), ("kept", 2.5)])
def test_who_tries_again_has_lost_as_much_patience_as_the_scenario_says(
    tmp_path: Path, patience: str, waited_s: float
) -> None:
    """Without it the crowd would wait on where the simulation lets customers lose their patience."""
    legs = play_day(
        tmp_path, [("hops", 0.0, "chat")],
        channels={"chat": open_all_day("chat"), "form": open_all_day("form", journey="patient_form")},
        teams={"front": team(0)}, patience={"chat": exactly(5), "form": exactly(40)},
        retry={"chat": again(probability=1.0, to={"form": 1.0}, patience=patience, patience_factor=0.5)},
    )  # fmt: skip
    form = legs[legs["channel"] == "form"].iloc[0]
    assert form["ended_s"] - form["arrived_s"] == pytest.approx(waited_s)


def test_those_change_the_channel_whom_the_scenarios_luck_says(tmp_path: Path) -> None:
    """Without it others would change in the crowd than in the simulation, and the two would differ by luck alone."""
    names = [f"c{number:02d}" for number in range(60)]
    change = again(probability=1.0, to={"form": 0.3}, attempts_most=2)
    legs = play_day(
        tmp_path, [(name, 0.0, "chat") for name in names],
        channels={"chat": open_all_day("chat"), "form": open_all_day("form", journey="patient_form")},
        teams={"front": team(0)}, patience={"chat": about(1), "form": exactly(1)}, retry={"chat": change},
    )  # fmt: skip
    rule = Retry.model_validate(change)
    drawn = [retry_channel(1, 0, recorded_entity(name), 0, 1, "chat", rule) for name in names]
    assert list(legs.loc[legs["attempt"] == 2, "channel"]) == drawn
    assert 8 < drawn.count("form") < 30


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("in_person", "rehearsal_desk describes no in_person"),
        ("phone", "rehearsal_desk describes no phone"),
        ("form", "the scenario names no journey for form"),
    ],
)
def test_an_attempt_on_a_channel_we_cannot_play_is_told(tmp_path: Path, to: str, reason: str) -> None:
    """Without it those who pick up the telephone would vanish from the log, and nobody would know why."""
    legs = play_day(
        tmp_path, [("calls", 0.0, "chat")],
        channels={"chat": open_all_day("chat"), to: {"opens": "00:00", "closes": "24:00"}},
        teams={"front": team(0, channels=["chat", to])}, patience={"chat": exactly(5)},
        retry={"chat": again(probability=1.0, to={to: 1.0})},
    )  # fmt: skip
    assert attempts(legs, "calls") == [("chat", "abandoned", 0.0), (to, "unstarted", 65.0)]
    assert legs.loc[("calls/0/2", 0), "reason"] == reason
