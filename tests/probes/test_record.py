"""A journey recorded from a chat in a browser, by somebody who writes into the page as a person would."""

import asyncio
from pathlib import Path

import pytest

from probes.browser import Browser
from probes.guard import Guard
from probes.record import NothingRecordedError, Turn, journey_text, record_chat
from scenarios.journey import read_journey
from tests.probes.loop_thread import LoopThread, after
from tests.probes.small_desk import SmallDesk, small_desk


async def chat(browser: Browser, desk: SmallDesk) -> list[Turn]:
    """Record a chat in which somebody asks, answers what is asked, and closes the window."""
    ended = asyncio.Event()
    chat = desk.target.chat
    assert chat is not None
    recording = asyncio.create_task(record_chat(browser, desk.target, Guard(desk.thread.desk.charter), ended))
    while not browser._chromium.contexts or not browser._chromium.contexts[-1].pages:
        await after(0.05)
    page = browser._chromium.contexts[-1].pages[0]
    await page.locator(chat.ready).first.wait_for()
    for field in chat.fields:
        if field.choose is None:
            await page.fill(field.selector, "ann@example.org" if "mail" in field.selector else "Where is my order?")
    await page.click(chat.start)
    await page.locator(chat.messages).nth(1).wait_for(timeout=15_000)
    await page.fill(chat.input, "It is order 17.")
    await page.click(chat.send)
    return await asyncio.wait_for(recording, 30)


def test_a_chat_becomes_a_journey(browser: Browser, probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it who can chat but not write YAML could write no journey."""
    with small_desk(tmp_path, service_s=40.0) as desk:
        turns = probe_loop.run(chat(browser, desk))
    (tmp_path / "mine.yaml").write_text(journey_text("mine", turns), encoding="utf-8")
    journey = read_journey(tmp_path / "mine.yaml")
    steps = [step.model_dump(exclude_none=True) for step in journey.steps]
    assert journey.questions["default"].text == "Where is my order?"
    assert {"say": "It is order 17."} in steps
    assert steps[0] == {"open": True}
    assert any("wait_for" in step for step in steps[: steps.index({"say": "It is order 17."})])
    assert steps[-1]["wait_for"] in ("closed", "message")


def test_turns_become_steps() -> None:
    """Without it pauses would be lost, and waits would be for the very words that one agent used."""
    turns = [
        Turn(0.0, "automatic", "Welcome"), Turn(1.0, "customer", 'Where is "it"?'), Turn(3.0, "human", "Which?"),
        Turn(9.0, "customer", "17"), Turn(12.0, "closed", "Bye"),
    ]  # fmt: skip
    text = journey_text("mine", turns)
    assert "  - wait_for: message\n    within: patience\n  - pause: {law: lognormal, mean_s: 6.0, cv: 0.4}" in text
    assert '  - say: "17"\n  - wait_for: closed' in text
    assert '    text: "Where is \\"it\\"?"' in text


def test_silence_is_no_journey() -> None:
    """Without it a window closed by mistake would leave a file that asks nothing."""
    with pytest.raises(NothingRecordedError, match="nobody wrote"):
        journey_text("mine", [Turn(0.0, "automatic", "Welcome")])
