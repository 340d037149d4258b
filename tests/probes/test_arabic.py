"""A journey in Arabic from end to end: written from right to left, stored as written, and shown so in the report."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from probes.browser import Browser
from probes.desk.desk import DeskOptions, open_desk
from probes.errand import Players, journey_errand
from probes.instrument import Instrument
from probes.setting import Access, Setting
from probes.shop import play_plan, shop_facts
from results.report import write_shop_report
from results.runs import Run
from scenarios.persona import persona_named
from scenarios.reading import load_scenario
from tests.desks import FIVE_MINUTES
from tests.probes.loop_thread import LoopThread

PHRASES = Path(__file__).resolve().parents[2] / "probes" / "desk" / "wordings" / "arabic.yaml"
ARABIC = re.compile("[\u0600-\u06ff]{3}")


async def shop(folder: Path, browser: Browser | None) -> Run:
    """Play the order status in Arabic on a desk that answers in Arabic."""
    players = Players([persona_named("patient_arabic")])
    errand = journey_errand(["order_status"], "order_status", players, 1)
    loaded = load_scenario(FIVE_MINUTES)
    async with open_desk(loaded, DeskOptions(scale=10.0, phrases=PHRASES)) as desk:
        desk.hall.begin_day()
        clock = desk.hall.clock
        plan = errand.plan.assign(due_s=clock.now_s() + 5.0, patience_s=float("inf"))
        access = Access(desk.target, desk.charter, in_browser=browser is not None)
        run = Run.create(folder, shop_facts(errand, access, "real", 10.0))
        setting = Setting(access, clock, Instrument(scale=10.0), browser)
        shopped = await play_plan(replace(errand, plan=plan), run, setting)
    return shopped.run


@pytest.mark.parametrize("browsed", [False, True], ids=["websocket", "browser"])
def test_a_journey_in_arabic(
    browsed: bool, probe_loop: LoopThread, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Without it Arabic customers could be written to in boxes and question marks, or in the wrong direction."""
    browser = request.getfixturevalue("browser") if browsed else None
    run = probe_loop.run(shop(tmp_path / "run", browser))
    messages, legs = run.table("messages"), run.table("legs")
    assert list(legs["language"]) == ["ar"]
    assert list(legs["contact_outcome"]) == ["resolved"], legs["reason"].iloc[0]
    spoken = messages.groupby("speaker")["text"].agg(" ".join)
    assert ARABIC.search(spoken["customer"])
    assert "أين" in spoken["customer"] or "متى" in spoken["customer"]
    assert "خلال ٣ أيام عمل" in spoken["agent"]
    assert "first_useful_answer" in set(run.table("steps")["rung"])
    write_shop_report(tmp_path / "report.html", run)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "خلال ٣ أيام عمل" in page
    shown = re.findall(r'<span class="text" dir="auto">([^<]*)</span>', page)
    assert sum(ARABIC.search(text) is not None for text in shown) >= 4
    if browser is not None:
        assert probe_loop.run(directions(browser, tmp_path / "report.html")) == {"rtl"}


async def directions(browser: Browser, page: Path) -> set[str]:
    """Return in which directions a browser shows the Arabic turns of a report."""
    context = await browser._chromium.new_context()
    try:
        opened = await context.new_page()
        await opened.set_content(page.read_text(encoding="utf-8"))
        return set(
            await opened.evaluate(
                "() => [...document.querySelectorAll('.turns .text')]"
                ".filter((e) => /[\\u0600-\\u06ff]{3}/.test(e.textContent)).map((e) => getComputedStyle(e).direction)"
            )
        )
    finally:
        await context.close()
