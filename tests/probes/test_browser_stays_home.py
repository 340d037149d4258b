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
from probes.guard import Guard, guarding
from probes.tab import PageError
from scenarios.charter import AllowedHost, Charter
from scenarios.target import FormField, Target
from tests.probes.loop_thread import LoopThread
from tests.probes.page_server import Listeners, PageServer, own_addresses, page_server

HOUR_OF_TRYING = """<!doctype html><title>Tries everything</title><body>
<link rel="dns-prefetch" href="//elsewhere.example"><link rel="preconnect" href="http://127.0.0.1:{port}">
<link rel="prefetch" href="http://127.0.0.1:{port}/prefetch">
<img src="http://127.0.0.1:{port}/image"><iframe src="http://localhost:{port}/frame"></iframe>
<img src="/redirect"><iframe src="/redirect"></iframe><iframe srcdoc='<meta http-equiv="refresh"
 content="0;url=http://127.0.0.1:{port}/refresh">'></iframe>
<a id=ping href="#here" ping="http://127.0.0.1:{port}/ping">here</a>
<a id=download target=taken href="http://127.0.0.1:{port}/file" download>file</a><iframe name=taken></iframe>
<iframe name=inner></iframe><form id=form target=inner method=post action="http://127.0.0.1:{port}/form"></form>
<video src="http://127.0.0.1:{port}/video"></video><object data="http://127.0.0.1:{port}/object"></object>
<link rel="stylesheet" href="http://127.0.0.1:{port}/style"><script src="http://127.0.0.1:{port}/script"></script>
<script>
document.getElementById("ping").click();
document.getElementById("download").click();
document.getElementById("form").submit();
const ways = [];
for (const host of {hosts}) {{
  const at = host + ":{port}";
  ways.push(fetch("http://" + at + "/fetch", {{mode: "no-cors"}}));
  ways.push(new Promise((done) => {{
    const image = new Image(); image.onerror = image.onload = done; image.src = "http://" + at + "/i"; }}));
  ways.push(new Promise((done) => {{
    const asked = new XMLHttpRequest(); asked.onloadend = done; asked.open("POST", "http://" + at + "/xhr");
    asked.send("x"); }}));
  ways.push(new Promise((done) => {{ const s = new EventSource("http://" + at + "/events"); s.onerror = done; }}));
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
ways.push(fetch("/redirected_post", {{method: "POST", body: "x"}}));
ways.push(navigator.serviceWorker.register("/worker.js").then(() => navigator.serviceWorker.ready).then((worker) =>
  new Promise((done) => {{ navigator.serviceWorker.onmessage = done; worker.active.postMessage("go"); }})));
ways.push(new Promise((done) => {{
  const worker = new Worker("/thread.js"); worker.onmessage = done; worker.postMessage("go"); }}));
window.open("http://127.0.0.1:{port}/popup");
Promise.allSettled(ways).then(() => fetch("/tried")).then(() => document.body.append(
  Object.assign(document.createElement("p"), {{id: "tried", textContent: "tried"}})));
</script>"""

WORKER = """
self.onmessage = (event) => fetch("http://127.0.0.1:{port}/worker", {{mode: "no-cors"}}).catch(() => 0)
  .then((answer) => fetch("/worked")).then(() => (event.source ?? self).postMessage("done"));
"""


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
    pages.serve("/redirected_post", "", 307, Location=f"http://127.0.0.1:{listeners.port}/redirected")
    for script in ("/worker.js", "/thread.js"):
        pages.serve(script, WORKER.format(port=listeners.port), **{"Content-Type": "text/javascript"})
    guard = Guard(charter_for(pages.port))
    probe_loop.run(visit(browser, target_for(pages.port), guard, "/", "#tried"))
    assert "/tried" in pages.asked, "the page did not get to the end of its tries"
    assert pages.asked.count("/worked") == 2, "the workers did not get to the end of theirs"
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


def test_a_download_that_leads_elsewhere_and_a_page_that_moves_on_by_itself_reach_nothing(
    browser: Browser, probe_loop: LoopThread, pages: PageServer, listeners: Listeners
) -> None:
    """Without it a page could wait until we look away and then go where nobody agreed to anything."""
    elsewhere = f"http://127.0.0.1:{listeners.port}"
    pages.serve("/", f"""<meta http-equiv="refresh" content="1;url={elsewhere}/"><p id=there>there</p>""")
    guard = Guard(charter_for(pages.port))

    async def wait() -> None:
        tab = await browser.open_tab(target_for(pages.port), guard, [], None)
        try:
            await tab.load(f"http://127.0.0.1:{pages.port}/", Clock(asyncio.get_running_loop()))
            async with asyncio.timeout(10):
                while not guard.refused:
                    tab.moved.clear()
                    await tab.moved.wait()
            assert tab.unanswered is not None
            assert "the charter does not allow" in tab.unanswered
        finally:
            await tab.close()

    probe_loop.run(wait())
    assert listeners.heard() == []
    assert guard.refused[0] == elsewhere.removeprefix("http://")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_listed_name_that_leads_to_an_unlisted_address_is_refused(
    scheme: str, browser: Browser, probe_loop: LoopThread, listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it whoever owns a listed name could lead our browser into the network behind it."""
    guard = Guard(listing("desk.example", listeners.port))
    lead(monkeypatch, probe_loop, "127.0.0.1")
    target = target_for(80).model_copy(update={"base_url": f"{scheme}://desk.example:{listeners.port}"})
    with guarding(guard), pytest.raises(PageError, match=r"desk.example is listed, but its name leads to 127.0.0.1"):
        probe_loop.run(visit(browser, target, guard, "/", "body"))
    assert listeners.heard() == []
    assert guard.refused == [f"desk.example:{listeners.port} at 127.0.0.1"]


def test_a_listed_name_is_visited_and_looked_up_once(
    browser: Browser, probe_loop: LoopThread, pages: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the browser could visit this machine only, or a name could move during a run."""
    pages.serve("/", "<p id=there>there</p><img src=/image>")
    charter = listing("desk.example", pages.port)
    charter = charter.model_copy(update={"allow": [*charter.allow, AllowedHost(host="127.0.0.1", ports=[pages.port])]})
    guard = Guard(charter)
    asked = lead(monkeypatch, probe_loop, "127.0.0.1")
    target = target_for(80).model_copy(update={"base_url": f"http://desk.example:{pages.port}"})
    with guarding(guard):
        for _ in range(2):
            probe_loop.run(visit(browser, target, guard, "/", "#there"))
    assert asked == ["desk.example"]
    assert pages.asked.count("/") == 2
    assert guard.refused == []


def test_the_way_out_ends_with_the_run(browser: Browser, probe_loop: LoopThread, pages: PageServer) -> None:
    """Without it anyone on the machine could go on using a way that was opened for one run."""
    guard = Guard(charter_for(pages.port))

    async def port_after() -> int:
        proxy = await browser.proxy_of(guard)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"GET http://127.0.0.1:9/ HTTP/1.1\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 403")
        writer.close()
        await browser.end_visits(guard)
        return proxy.port

    port = probe_loop.run(port_after())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def listing(host: str, port: int) -> Charter:
    """Return a charter that lists one host by name."""
    return charter_for(port).model_copy(update={"allow": [AllowedHost(host=host, ports=[port])]})


def lead(monkeypatch: pytest.MonkeyPatch, loop: LoopThread, address: str) -> list[str]:
    """Have all names lead to one address; returns what will have been asked for."""
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **kind: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(loop.loop, "getaddrinfo", getaddrinfo)
    return asked


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
