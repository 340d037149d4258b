from typing import Any

import pytest

from probes.crowd.live_figures import LiveFigures
from results.bands import Bins

BINS = Bins(100.0, 10.0, 3)


def now(at_s: float, begun: int = 0, waiting: int = 0, waits: Any = (), **more: Any) -> dict[str, Any]:
    standing = {"waiting": {"chat": waiting}, "in_conversation": {"chat": 1}}
    return {"now_s": at_s, "begun": {"chat": begun}, "waits": waits, **standing, **more}


def test_what_several_workers_tell_is_added_up() -> None:
    """Without it the page would show one worker's queue as the desk's."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    live.hear("a", [], now(105.0, begun=4, waiting=2, starts=4, late=1))
    live.hear("b", [("chat", "abandoned", 3.0)], now(106.0, begun=3, waiting=1, starts=3, late=0))
    live.hear("a", [], now(112.0, begun=5, waiting=3, starts=5, late=1))
    told = live.document()
    assert told["begun"] == 8
    assert told["counts"]["abandoned"] == 1
    assert (told["instrument"]["starts"], told["instrument"]["late"]) == (8, 1)
    chat = told["channels"]["chat"]
    assert (chat["waiting"], chat["in_conversation"], chat["arrivals"]) == (4, 2, 8)
    assert chat["series"]["waiting"] == [3, 4, None]
    assert chat["series"]["arrivals"] == [7, None, None], "of a bin that is not over nobody knows how many came"


def test_a_wait_counts_when_it_was_over_and_says_who_gave_up() -> None:
    """Without it waits would show long after, or the impatient would be missing from them."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    waits = [["chat", 104.0, 2.0, False], ["chat", 113.0, 8.0, True], ["chat", 114.0, 4.0, False]]
    live.hear("a", [], now(115.0, waits=waits))
    series = live.document()["channels"]["chat"]["series"]
    assert series["abandoned_share"] == [0.0, 0.5, None]
    assert series["wait_s_p50"] == [pytest.approx(2.0, rel=0.01), pytest.approx(4.0, rel=0.01), None]
    assert series["wait_s_p90"] == [pytest.approx(2.0, rel=0.01), pytest.approx(8.0, rel=0.01), None]


def test_percentiles_are_within_one_percent() -> None:
    """Without it the page would round as Locust's own does, to two digits at best."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    live.hear("a", [], now(129.0, waits=[("chat", 125.0, n / 70, False) for n in range(1, 7001)]))
    chat = live.document()["channels"]["chat"]
    assert chat["wait_s_p50"] == pytest.approx(50.0, rel=0.01)
    assert chat["wait_s_p90"] == pytest.approx(90.0, rel=0.01)


def test_the_warm_up_is_drawn_and_not_counted() -> None:
    """Without it the easy first minutes would flatter the totals."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=110.0)
    live.hear("a", [], now(125.0, waits=[("chat", 112.0, 6.0, True), ("chat", 121.0, 5.0, False)]))
    chat = live.document()["channels"]["chat"]
    assert chat["abandoned_share"] == 0.0, "who gave up had come in the warm-up"
    assert chat["series"]["abandoned_share"] == [None, 1.0, 0.0]


def test_nobody_waits_at_a_worker_that_is_gone() -> None:
    """Without it a dead worker's customers would stand in the queue for ever."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    live.hold("a", 32)
    live.hear("a", [], now(105.0, begun=4, waiting=4))
    live.hear("b", [], now(105.0, begun=2, waiting=1))
    live.lose("a")
    told = live.document()
    assert told["channels"]["chat"]["waiting"] == 1
    assert told["channels"]["chat"]["arrivals"] == 6, "they did come"
    assert [(part["part"], part["lost"], part["shards"]) for part in told["parts"]] == [("a", True, 0), ("b", False, 0)]


def test_one_unfit_worker_makes_the_instrument_unfit() -> None:
    """Without it a run with one choking worker would look fit until its end."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    live.hear("a", [], now(105.0, fit=True, reasons=[]))
    live.hear("b", [], now(105.0, fit=False, reasons=["our own CPU stayed above 85 %"]))
    assert live.document()["instrument"]["fit"] is False
    assert live.document()["instrument"]["reasons"] == ["our own CPU stayed above 85 %"]


def test_what_comes_after_the_expected_end_is_shown_too() -> None:
    """Without it a desk that is far behind would be watched only until it should have been done."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    live.hear("a", [], now(155.0, waiting=7))
    told = live.document()
    assert told["bins"]["number"] == 6
    assert told["channels"]["chat"]["series"]["waiting"] == [None, None, None, None, None, 7]
