"""Programmes: who is shopped when, and what nobody may see yet."""

import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from probes.errand import NothingToPlayError
from probes.waves import days_of, half_width, shops_of, wave_errand, wave_text
from results.report import write_shop_report
from results.reviews import say, shown, states_of
from results.runs import Run, RunError
from scenarios.programme import Programme, read_programme
from scenarios.reading import HERE
from tests.probes.loop_thread import LoopThread
from tests.probes.small_desk import small_desk

SPRING = HERE / "programmes" / "spring.yaml"
NOW = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.UTC)


def programme(**changes: Any) -> Programme:
    """Return the shipped example, changed."""
    return Programme.model_validate({**read_programme(SPRING).model_dump(), **changes})


def test_a_wave_is_shared_out_by_weight_and_keyed() -> None:
    """Without it two runs of one wave would be two samples, or one journey would take all its shops."""
    spring = programme()
    shops = shops_of(spring, spring.waves[0])
    assert shops == shops_of(spring, spring.waves[0])
    assert len(shops) == 30
    assert Counter(shop.journey for shop in shops) == {"order_status": 21, "wrong_discount": 9}
    for shop in shops:
        first, last = spring.dayparts[shop.daypart].split("-")
        assert first <= shop.at.strftime("%H:%M") <= last
    assert {shop.at.weekday() for shop in shops} == {0, 1, 2, 3, 4}


def test_only_wanted_days_are_used() -> None:
    """Without it a shopper would ring on a Sunday, or on a day that the cron line leaves out."""
    spring = programme(schedule="0 0 * * 2", weekdays=["tuesday", "friday"])
    assert [day.isoformat() for day in days_of(spring, spring.waves[0])] == ["2026-12-01", "2026-12-08", "2026-12-15"]
    never = programme(weekdays=["sunday"], schedule="0 0 * * 1")
    with pytest.raises(NothingToPlayError, match="has no day"):
        shops_of(never, never.waves[0])


def test_nobody_comes_again_within_the_lock_out() -> None:
    """Without it an agent would meet the same customer twice in a week, and know what they are."""
    spring = programme(identities=12, lock_out_days=3)
    last: dict[tuple[int, str], datetime.datetime] = {}
    for shop in shops_of(spring, spring.waves[0]):
        before = last.get((shop.identity, shop.site))
        assert before is None or shop.at - before >= datetime.timedelta(days=3)
        last[shop.identity, shop.site] = shop.at
    few = programme(identities=2, lock_out_days=10)
    with pytest.raises(NothingToPlayError, match="2 identities are too few"):
        shops_of(few, few.waves[0])


def test_what_a_wave_costs_and_can_see_is_told_before() -> None:
    """Without it thirty shops would be spent before anyone knew that they can tell no 10 % from 30 %."""
    spring = programme()
    told = wave_text(spring, spring.waves[0], {"order_status": 4.0, "wrong_discount": 5.0})
    assert "30 shops on 14 days" in told
    assert f"+-{100 * half_width(30):.0f} points" in told
    assert "about 129 minutes" in told
    assert "197.40 EUR" in told


def test_a_wave_is_an_errand_with_dates(tmp_path: Path) -> None:
    """Without it contacts would come at whatever time the run is started."""
    spring = programme()
    errand = wave_errand(spring, HERE, spring.waves[0], "main", 1)
    assert errand.epoch_s is not None
    begins = datetime.datetime.fromtimestamp(errand.epoch_s, datetime.UTC)
    assert begins.isoformat() == "2026-11-30T23:00:00+00:00", "midnight in Rome"
    assert errand.plan["contact_id"].is_unique
    assert set(errand.cast.names.values()) == {f"spring.{k:05d}" for k in range(12)}
    with pytest.raises(NothingToPlayError, match="no shop at elsewhere"):
        wave_errand(spring, HERE, spring.waves[0], "elsewhere", 1)


def shopped(folder: Path, loop: LoopThread) -> Run:
    """Return a run of two contacts that an editor has to review."""
    from probes.channels.table import PROTOCOL

    with small_desk(folder) as desk:
        played = desk.play(loop, "chat", PROTOCOL, None, count=2)
    run = played.shopped.run
    run.write_facts(review={"release": "after_review", "appeal_days": 10}, recognised=["Where is", "working days"])
    return run


def test_nobody_sees_a_shop_before_it_was_released(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a team would be judged by a shop that an editor knows to be unfair."""
    run = shopped(tmp_path, probe_loop)
    one, other = sorted(states_of(run))
    assert shown(run).empty
    write_shop_report(tmp_path / "report.html", run)
    page = (tmp_path / "report.html").read_text()
    assert "2 more shops have not been released" in page
    assert "working days" not in page
    say(run, one, "released", "Kim", now=NOW)
    write_shop_report(tmp_path / "report.html", run)
    page = (tmp_path / "report.html").read_text()
    assert "1 more shop has not been released" in page
    assert "Was the shopper recognised?" in page
    assert one in page
    assert other not in page


def test_an_appeal_has_its_order_and_its_deadline(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a shop could be struck that nobody objected to, or be objected to for ever."""
    run = shopped(tmp_path, probe_loop)
    one, other = sorted(states_of(run))
    with pytest.raises(RunError, match="is new; only what is released can be appealed"):
        say(run, one, "appealed", "Robin", now=NOW)
    assert say(run, "all", "released", "Kim", now=NOW) == [one, other]
    say(run, one, "appealed", "Robin", "the line was bad", now=NOW + datetime.timedelta(days=9))
    say(run, one, "struck", "Kim", now=NOW + datetime.timedelta(days=9))
    assert states_of(run)[one] == "struck"
    assert set(shown(run)["contact_id"]) == {other}
    with pytest.raises(RunError, match="could be appealed against until 2026-12-11"):
        say(run, other, "appealed", "Robin", now=NOW + datetime.timedelta(days=11))
    with pytest.raises(RunError, match="no contact nobody"):
        say(run, "nobody", "released", "Kim", now=NOW)
