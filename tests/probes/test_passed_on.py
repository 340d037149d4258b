from pathlib import Path

import pytest

from tests.probes.short_days import open_all_day, play_day, team


@pytest.mark.parametrize(("channel", "ends"), [("chat", ["transferred", "answered"]), ("form", ["answered"])])
def test_who_is_passed_on_to_anyone_is_taken_by_whoever_is_there(tmp_path: Path, channel: str, ends: list[str]) -> None:
    """Without it the desk would look for a team called anyone, and lose the customer."""
    front = team(service_s=90.0, channels=[channel]) | {"agents": {"00:00": 1, "00:01": 0}}
    legs = play_day(
        tmp_path, [("passed", 0.0, channel)], channels={channel: open_all_day(channel)},
        teams={"front": front, "back": team(channels=[channel], service_s=100.0)},
        transfers=[{"from": "front", "to": "anyone", "probability": 1.0}],
    )  # fmt: skip
    assert list(legs["leg_end"]) == ends  # the page of a ticket does not say when it was passed on
    assert set(legs["contact_outcome"]) == {"resolved"}
