from typing import Any

import pandas as pd

from results.bands import Bins, band_of

BINS = Bins(0.0, 10.0, 3)


def leg(replication: int, contact: str, arrived_s: float, **more: Any) -> dict[str, Any]:
    told = {"channel": "chat", "leg": 0, "answered_s": None, "ended_s": None, "talk_s": None, "role": None}
    return {**told, "replication": replication, "contact_id": contact, "arrived_s": arrived_s, **more}


def log(*legs: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame(legs)
    return table.astype(dict.fromkeys(("arrived_s", "answered_s", "ended_s", "talk_s"), float))


def test_a_band_tells_queue_waits_and_abandonment_of_each_bin() -> None:
    """Without it there would be nothing to hold a run against while it lasts."""
    answered = {"answered_s": 12.0, "ended_s": 25.0, "talk_s": 13.0, "leg_end": "answered"}
    legs = log(
        leg(0, "a", 4.0, **answered), leg(0, "b", 5.0, ended_s=15.0, leg_end="abandoned"), leg(1, "a", 4.0, **answered)
    )
    chat = band_of(legs, BINS)["chat"]
    assert [middle for _, middle, _ in chat["waiting"]] == [1.5, 0.0, 0.0]
    assert [middle for _, middle, _ in chat["in_conversation"]] == [0.0, 1.0, 0.0]
    assert [middle for _, middle, _ in chat["abandoned_share"]] == [None, 0.25, None]
    assert [middle for _, middle, _ in chat["wait_s_p90"]] == [None, 9.0, None]
    low, _, high = chat["waiting"][0]
    assert low is not None
    assert high is not None
    assert 1.0 <= low < 1.5 < high <= 2.0, "where replications differ the band has a width"


def test_a_menu_is_no_queue_and_a_shut_door_no_wait() -> None:
    """Without it a menu that answers at once would make the band of waits look short."""
    legs = log(
        leg(0, "a", 1.0, answered_s=1.0, ended_s=2.0, leg_end="transferred"),
        leg(0, "a", 2.0, leg=1, answered_s=9.0, ended_s=15.0, talk_s=6.0, leg_end="answered"),
        leg(0, "b", 3.0, ended_s=3.0, leg_end="closed"),
        leg(0, "c", 3.0, ended_s=3.0, leg_end="blocked"),
    )
    chat = band_of(legs, BINS)["chat"]
    assert [middle for _, middle, _ in chat["wait_s_p50"]] == [7.0, None, None]
    assert [middle for _, middle, _ in chat["abandoned_share"]] == [0.0, None, None]


def test_no_band_is_told_of_answers_whose_end_nobody_sees() -> None:
    """Without it customers who look whether more comes would count as agents' work, far outside the band."""
    legs = log(leg(0, "a", 1.0, channel="form", answered_s=2.0, ended_s=5.0, talk_s=3.0, leg_end="answered"))
    assert "in_conversation" not in band_of(legs, BINS)["form"]
