"""How many journeys a minute our browser probes play, against a bare Playwright script that makes the same clicks.

Both visit small desks of their own, with the same Chromium binary and the same number of pages opened at a time; rounds
alternate, and the ratio is the median of those of neighbouring rounds. Ours stamps, journals, guards and gathers
evidence; the bare script does none of it. Run `python -m tests.benchmarks.browser_pace [--trace] [--count N] [--rounds
N]`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil  # comes with locust
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright

from probes.browser import ARGUMENTS, OPENING_MOST, Browser, open_browser
from probes.channels.table import BROWSER
from probes.find_browser import system_browsers
from tests.probes.loop_thread import LoopThread
from tests.probes.small_desk import SmallDesk, small_desk

SERVICE_S = 30.0
"""Scenario seconds at scale 10: time enough to write one more message before the chat is closed."""

QUESTION = "Where is my order 104233?"


async def bare_chat(chromium: Chromium, desk: SmallDesk, opening: asyncio.Semaphore) -> None:
    """Do what the journey `short_chat` does."""
    async with opening:
        context = await chromium.new_context()
        page = await context.new_page()
        await page.goto(f"{desk.target.base_url}/chat", wait_until="domcontentloaded")
        await page.fill("#name", "Sam")
        await page.fill("#email", "sam@example.org")
        await page.select_option("#intent", label="Where is my order?")
        await page.fill("#text", QUESTION)
        await page.click("#start")
    await page.wait_for_selector("#log .message.agent")
    await page.fill("#say", "It is order 104233.")
    await page.click("#send")
    await page.wait_for_selector("#log .message.closed")
    await context.close()


async def bare_form(chromium: Chromium, desk: SmallDesk, opening: asyncio.Semaphore) -> None:
    """Do what the journey `short_form` does."""
    assert desk.target.form is not None
    async with opening:
        context = await chromium.new_context()
        page = await context.new_page()
        await page.goto(f"{desk.target.base_url}/form", wait_until="domcontentloaded")
        await page.fill("#name", "Sam Smith")
        await page.fill("#email", "sam@example.org")
        await page.select_option("#intent", label="Where is my order?")
        await page.fill("#subject", "Order 104233")
        await page.fill("#text", QUESTION)
        await page.click("#send")
        await page.wait_for_url("**/ticket/**", wait_until="domcontentloaded")
    while await page.inner_text("#status") != "Settled":
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=desk.target.form.poll_s / desk.scale)
        await page.reload(wait_until="domcontentloaded")
    await context.close()


async def bare(chromium: Chromium, desk: SmallDesk, channel: str, count: int) -> None:
    """Play `count` journeys at once, opening as many pages at a time as we do."""
    journey = {"chat": bare_chat, "form": bare_form}[channel]
    opening = asyncio.Semaphore(OPENING_MOST)
    await asyncio.gather(*(journey(chromium, desk, opening) for _ in range(count)))


def ours(loop: LoopThread, browser: Browser, desk: SmallDesk, channel: str, count: int, trace: bool) -> None:
    """Play them as a run does."""
    played = desk.play(loop, channel, BROWSER, browser, count=count, trace=trace)
    assert set(played.legs["leg_end"]) == {"answered"}, played.legs[["leg_end", "reason"]]


async def launch(started: Any) -> Chromium:
    """Start the same Chromium as `open_browser` does."""
    path = next(iter(system_browsers()), None)
    chromium: Chromium = await started.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    return chromium


def cpu_s() -> float:
    """Return the CPU seconds that we and all that we started have used; machine noise hardly touches them."""
    own = psutil.Process()
    used_s = 0.0
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # a page's own process may end meanwhile
            times = process.cpu_times()
            used_s += times.user + times.system + times.children_user + times.children_system
    return used_s


def main() -> None:
    """Measure both and print the ratios."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--trace", action="store_true", help="record everything, as --trace does")
    asked.add_argument("--count", type=int, default=20, help="journeys a round")
    asked.add_argument("--rounds", type=int, default=5)
    options = asked.parse_args()
    with LoopThread() as loop, tempfile.TemporaryDirectory() as top:
        opened, playwright = open_browser(), async_playwright()
        browser = loop.run(opened.__aenter__())
        chromium = loop.run(launch(loop.run(playwright.__aenter__())))
        for channel in ("chat", "form"):
            per_minute: dict[str, list[float]] = {"ours": [], "bare": []}
            cpu: dict[str, list[float]] = {"ours": [], "bare": []}
            for number in range(2 * options.rounds + 2):
                who = ("ours", "bare")[number % 2]
                folder = Path(top) / f"{channel}{number}"
                folder.mkdir()
                with small_desk(folder, agents=options.count, service_s=SERVICE_S) as desk:
                    began_s, used_s = time.perf_counter(), cpu_s()
                    if who == "ours":
                        ours(loop, browser, desk, channel, options.count, options.trace)
                    else:
                        loop.run(bare(chromium, desk, channel, options.count))
                    took_s, used_s = time.perf_counter() - began_s, cpu_s() - used_s
                if number >= 2:  # the first of each warms up
                    per_minute[who].append(options.count / took_s * 60)
                    cpu[who].append(used_s / options.count)
            mine, theirs = (statistics.median(per_minute[who]) for who in ("ours", "bare"))
            ratio = statistics.median(own / other for own, other in zip(*per_minute.values(), strict=True))
            spread = "; ".join(f"{who} {min(rates):.0f}-{max(rates):.0f}" for who, rates in per_minute.items())
            burnt = "; ".join(f"{who} {statistics.median(seconds):.2f}" for who, seconds in cpu.items())
            print(f"{channel}: CPU seconds a journey: {burnt}")
            print(f"{channel}: ours {mine:.0f}, bare {theirs:.0f} journeys a minute, ratio {ratio:.2f} ({spread})")
        loop.run(chromium.close())
        loop.run(playwright.__aexit__(None, None, None))
        loop.run(opened.__aexit__(None, None, None))


if __name__ == "__main__":
    main()
