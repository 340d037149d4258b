import asyncio
import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes import browser as browser_module
from probes.browser import Browser, BrowserMissingError, open_browser
from probes.clock import Clock
from probes.desk.desk import charter_for, target_for
from probes.guard import Guard
from probes.tab import PageError
from scenarios.target import FormField, Target
from tests.probes.loop_thread import LoopThread
from tests.probes.page_server import Listeners, PageServer, own_addresses, page_server

HOUR_OF_TRYING = """<!doctype html><title>Tries everything</title><body>
<link rel="dns-prefetch" href="//elsewhere.example"><link rel="preconnect" href="http://127.0.0.1:{port}">
<link rel="prefetch" href="http://127.0.0.1:{port}/prefetch">
<img src="http://127.0.0.1:{port}/image"><iframe src="http://localhost:{port}/frame"></iframe>
<img src="/redirect"><iframe src="/redirect"></iframe>
<script>
const ways = [];
for (const host of {hosts}) {{
  const at = host + ":{port}";
  ways.push(fetch("http://" + at + "/fetch", {{mode: "no-cors"}}));
  ways.push(new Promise((done) => {{
    const image = new Image(); image.onerror = image.onload = done; image.src = "http://" + at + "/i"; }}));
  ways.push(new Promise((done) => {{ const s = new WebSocket("ws://" + at + "/ws"); s.onerror = s.onopen = done; }}));
  navigator.sendBeacon("http://" + at + "/beacon", "x");
  if (window.RTCPeerConnection) ways.push((async () => {{
    const line = new RTCPeerConnection({{iceServers: [
      {{urls: "stun:" + at}}, {{urls: "turn:" + at + "?transport=tcp", username: "u", credential: "c"}}]}});
    line.createDataChannel("d");
    await line.setLocalDescription(await line.createOffer());
    await new Promise((done) => {{
      line.onicegatheringstatechange = () => line.iceGatheringState === "complete" && done();
      setTimeout(done, 1500);  // gathering without a way out may never complete
    }});
  }})());
  if (window.WebTransport) ways.push(new WebTransport("https://" + at + "/wt").ready);
}}
ways.push(fetch("/redirect", {{mode: "no-cors"}}));
ways.push(navigator.serviceWorker ? navigator.serviceWorker.register("/worker.js") : 0);
window.open("http://127.0.0.1:{port}/popup");
Promise.allSettled(ways).then(() => fetch("/tried")).then(() => document.body.append(
  Object.assign(document.createElement("p"), {{id: "tried", textContent: "tried"}})));
</script>"""


@pytest.fixture
def pages() -> Iterator[PageServer]:
    """Yield a server of pages."""
    with page_server() as serving:
        yield serving


@pytest.fixture
def listeners() -> Iterator[Listeners]:
    """Yield sockets that must hear nothing."""
    listening = Listeners()
    yield listening
    listening.close()


async def visit(browser: Browser, target: Target, guard: Guard, path: str, wait_for: str) -> None:
    """Load a page and wait for something on it."""
    tab = await browser.open_tab(target, guard, [], None)
    try:
        await tab.load(f"{target.base_url}{path}", Clock(asyncio.get_running_loop()))
        await tab.wait_for(wait_for)
    finally:
        await tab.close()


def test_a_page_that_tries_to_reach_elsewhere_reaches_nothing(
    browser: Browser, probe_loop: LoopThread, pages: PageServer, listeners: Listeners
) -> None:
    """Without it a desk's page could have our browser call hosts and ports that nobody allowed."""
    hosts = ["127.0.0.1", "localhost", "127.0.0.2", "[::1]", "elsewhere.example", *own_addresses()]
    pages.serve("/", HOUR_OF_TRYING.format(port=listeners.port, hosts=hosts))
    pages.serve("/redirect", "", 302, Location=f"http://127.0.0.1:{listeners.port}/redirected")
    guard = Guard(charter_for(pages.port))
    probe_loop.run(visit(browser, target_for(pages.port), guard, "/", "#tried"))
    assert "/tried" in pages.asked, "the page did not get to the end of its tries"
    assert listeners.heard() == []
    assert any(str(listeners.port) in refused for refused in guard.refused)
    assert any("elsewhere.example" in refused for refused in guard.refused)
    with socket.create_connection(("127.0.0.1", listeners.port)):
        assert listeners.heard(), "and the listeners would have heard it"


def test_a_page_that_leads_elsewhere_is_not_followed(
    browser: Browser, probe_loop: LoopThread, pages: PageServer, listeners: Listeners
) -> None:
    """Without it a desk that has moved could lead our shoppers to somebody who agreed to nothing."""
    pages.serve("/", "", 302, Location=f"http://127.0.0.1:{listeners.port}/")
    guard = Guard(charter_for(pages.port))
    with pytest.raises(PageError):
        probe_loop.run(visit(browser, target_for(pages.port), guard, "/", "body"))
    assert listeners.heard() == []
    assert any(str(listeners.port) in refused for refused in guard.refused)


def test_a_disabled_field_is_named(browser: Browser, probe_loop: LoopThread, pages: PageServer) -> None:
    """Without it filling in would wait for a field that never opens, and the log would say only that time ran out."""
    pages.serve("/", "<form><select id=queue disabled><option>Orders</option></select></form>")

    async def fill() -> None:
        target = target_for(pages.port)
        tab = await browser.open_tab(target, Guard(charter_for(pages.port)), [], None)
        try:
            await tab.load(target.base_url, Clock(asyncio.get_running_loop()))
            await tab.fill(FormField(selector="#queue", choose="Orders"), "Orders")
        finally:
            await tab.close()

    with pytest.raises(PageError, match="#queue is disabled"):
        probe_loop.run(fill())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it whoever installed without the browser would read of a module they never heard of."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BrowserMissingError, match=r"pip install 'testdrive-cx\[browser\]'"):
        asyncio.run(open_browser().__aenter__())


def test_a_missing_chromium_is_named_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, probe_loop: LoopThread, tmp_path: Path
) -> None:
    """Without it a fresh machine would fail with a page of Playwright's own advice that does not work offline."""
    monkeypatch.setattr(browser_module, "system_browsers", list)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(BrowserMissingError, match="apt-get install chromium-headless-shell"):
        probe_loop.run(open_browser().__aenter__())


def test_the_table_of_channels_needs_no_browser() -> None:
    """Without it a machine without Playwright could not shop over plain HTTP."""
    code = "import sys, probes.channels.table, probes.browse; sys.exit('playwright' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
