from typing import Any

import numpy as np
import pytest

from probes.crowd.live_figures import LiveFigures
from results.bands import Bins
from results.log import OUTCOMES

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


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_any_number_of_workers_shows_the_same_run(parts: int) -> None:
    """Without it the page of four workers would tell other waits and counts than that of one, or than the report."""
    rng = np.random.default_rng(1)
    waits = [
        ["chat", 100 + n / 50, min(float(rng.exponential(20)), 90.0), bool(rng.random() < 0.3)] for n in range(1451)
    ]
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    for at_s in range(101, 131):
        told = [wait for wait in waits if at_s - 1 <= wait[1] < at_s]
        for part in range(parts):
            mine = told[part::parts]
            before = sum(len([wait for wait in waits if a - 1 <= wait[1] < a][part::parts]) for a in range(101, at_s))
            ticks = [("chat", "abandoned" if gave_up else "resolved", 1.0) for _, _, _, gave_up in mine]
            live.hear(str(part), ticks, now(float(at_s), begun=before + len(mine), waiting=part, waits=mine))
    document = live.document()
    chat = document["channels"]["chat"]
    gave_up = sum(wait[3] for wait in waits)
    assert (document["begun"], document["ended"], chat["arrivals"], chat["ended"]) == (1451,) * 4
    assert document["counts"]["abandoned"] == gave_up
    assert chat["abandoned_share"] == gave_up / 1451
    assert chat["waiting"] == sum(range(parts))
    assert sum(part["begun"] for part in document["parts"]) == sum(part["ended"] for part in document["parts"]) == 1451
    assert chat["series"]["arrivals"][:2] == [450, 500], "those told of until 109 s, and until 119 s"
    for percent in (50, 90):
        exact_s = sorted(wait[2] for wait in waits)[-(-percent * 1451 // 100) - 1]
        assert chat[f"wait_s_p{percent}"] == pytest.approx(exact_s, rel=0.01)


def test_the_exact_rank_is_shown_also_of_few() -> None:
    """Without it the page would tell the wait of another customer than the report, where few have come."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    waits_s = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 50.0)
    live.hear("a", [], now(129.0, waits=[("chat", 125.0, wait_s, False) for wait_s in waits_s]))
    chat = live.document()["channels"]["chat"]
    assert chat["wait_s_p50"] == pytest.approx(4.0, rel=0.01)
    assert chat["wait_s_p90"] == pytest.approx(50.0, rel=0.01), "seven are no nine tenths of eight"


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


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_whoever_has_ended_is_counted_by_how(outcome: str) -> None:
    """Without it tiles would not add up to who has ended: those whose matter stayed open were in none."""
    live = LiveFigures(BINS, ["chat"], warm_up_s=0.0)
    live.hear("a", [("chat", outcome, 1.0)], now(105.0, begun=1))
    told = live.document()
    assert {name: n for name, n in told["counts"].items() if n} == {outcome: 1}
    assert sum(told["counts"].values()) == told["ended"]


def test_whom_a_lost_worker_had_begun_is_failed() -> None:
    """Without it a worker's death would leave its customers under way for ever, and nothing would show as failed."""
    live = LiveFigures(BINS, ["chat", "form"], warm_up_s=0.0)
    begun = {"chat": 4, "form": 2}
    live.hear("a", [("chat", "resolved", 1.0)], now(105.0) | {"begun": begun})
    live.hear("b", [("form", "failed", 1.0)], now(105.0) | {"begun": {"form": 1}})
    assert live.document()["counts"]["failed"] == 1
    live.lose("a")
    told = live.document()
    assert (told["begun"], told["ended"], told["counts"]["failed"]) == (7, 7, 6)
    assert (told["channels"]["chat"]["ended"], told["channels"]["form"]["ended"]) == (4, 3)
    assert [(part["ended"], part["cut_off"]) for part in told["parts"]] == [(1, 5), (1, 0)]


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
