"""One Chromium for a run, many visits: found, started, led through our own proxy, and closed.

The browser visits what the charter lists and nothing else: whatever it sends goes through `probes.proxy`, loopback too
(`<-loopback>`); it resolves no names itself, and WebRTC may not go round the proxy. That is the rule of the network
stack, so redirects, WebSockets, service workers and images obey it alike. Guarded by
tests/probes/test_browser_stays_home.py.

Playwright is imported when a browser is opened and not before: everything else works without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from probes.cleaning import Known
from probes.find_browser import system_browsers
from probes.guard import Guard
from probes.login import LoginOnce
from probes.proxy import ForwardProxy
from scenarios.target import Target

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, BrowserType

    from probes.tab import Tab, Watch

OPENING_MOST = 2
"""So many pages are loaded and filled in at a time: on two cores more would measure our own CPU."""

ARGUMENTS = (
    "--no-sandbox",  # we may be root in a container, where Chromium's sandbox cannot start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # the proxy's: it resolves what is listed
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=WebRtcHideLocalIpsWithMdns,MediaRouter,OptimizationHints,Translate",
)

CLOSING_S_MOST = 10.0


class BrowserMissingError(Exception):
    """There is no browser to play in; the message names the command that brings one."""


VIEW = {"width": 1280, "height": 800}


@dataclass
class _Visits:
    """What the visits under one guard share: the way out, and who is logged in where."""

    guard: Guard
    proxy: ForwardProxy
    logins: dict[str, LoginOnce] = field(default_factory=dict)


class Browser:
    """A running Chromium."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium
        self._visits: dict[int, _Visits] = {}
        self._starting = asyncio.Lock()
        self.opening = asyncio.Semaphore(OPENING_MOST)
        """Held while a page is being loaded and filled in."""

    @property
    def version(self) -> str:
        """The version that the browser tells of itself."""
        return self._chromium.version

    async def open_tab(
        self,
        target: Target,
        guard: Guard,
        watches: Sequence[Watch],
        pressed: str | None,
        known: Known | None = None,
        trace: bool = False,
    ) -> Tab:
        """Open an empty page with cookies of its own, stamping what the watches say.

        Args:
            target: whose pages are visited; where it has a login, the page comes logged in.
            guard: what the browser may reach.
            watches: what to stamp.
            pressed: the button by which the contact reaches the desk.
            known: learns what the page is given that must not be kept.
            trace: whether everything is recorded, to be kept where the contact fails.

        Raises:
            probes.tab.PageError: the login failed.
        """
        from probes.recording import Recording
        from probes.tab import Tab

        known = Known() if known is None else known
        visits = await self._visits_of(guard)
        state = await self._logged_in(target, visits, known)
        recording = Recording(known, trace)
        try:
            context = await self.new_context(visits.proxy, storage_state=state, **recording.options())
            try:
                await recording.begin(context)
                return await Tab.open(context, target, guard, watches, pressed, recording, visits.proxy)
            except BaseException:
                await context.close()
                raise
        except BaseException:
            recording.forget()
            raise

    async def new_context(self, proxy: ForwardProxy, **options: Any) -> BrowserContext:
        """Open a context whose only way out is a proxy."""
        way_out: Any = {"server": f"http://127.0.0.1:{proxy.port}", "bypass": "<-loopback>"}
        view: Any = VIEW
        return await self._chromium.new_context(accept_downloads=False, viewport=view, proxy=way_out, **options)

    async def proxy_of(self, guard: Guard) -> ForwardProxy:
        """Return the proxy for visits under a guard; it is open until `end_visits`."""
        return (await self._visits_of(guard)).proxy

    async def _visits_of(self, guard: Guard) -> _Visits:
        async with self._starting:
            if id(guard) not in self._visits:
                proxy = ForwardProxy(guard)
                await proxy.start()
                self._visits[id(guard)] = _Visits(guard, proxy)
            return self._visits[id(guard)]

    async def _logged_in(self, target: Target, visits: _Visits, known: Known) -> Any:
        """Return cookies and storage of who is logged in, or None where a target has no login."""
        if target.login is None:
            return None
        login = visits.logins.setdefault(target.base_url, LoginOnce(target, target.login))
        return await login.state(lambda: self.new_context(visits.proxy), visits.guard, known)

    async def end_visits(self, guard: Guard) -> None:
        """Shut the way out under a guard: its run has ended."""
        visits = self._visits.pop(id(guard), None)
        if visits is not None:
            await visits.proxy.close()

    async def close(self) -> None:
        """Shut every way out, and the browser."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._chromium.close(), CLOSING_S_MOST)
        for visits in list(self._visits.values()):
            await self.end_visits(visits.guard)


def check_installed() -> None:
    """Refuse to begin without Playwright.

    Raises:
        BrowserMissingError: naming the extra.
    """
    if importlib.util.find_spec("playwright") is None:
        raise BrowserMissingError("playing in a browser needs Playwright: pip install 'testdrive-cx[browser]'")


@contextlib.asynccontextmanager
async def open_browser(shown: bool = False) -> AsyncIterator[Browser]:
    """Run a browser until the block ends; `shown`: in a window, for a person.

    Raises:
        BrowserMissingError: Playwright is not installed, or there is no Chromium that starts.
    """
    check_installed()
    from playwright.async_api import async_playwright

    with socket.socket() as dead:  # for what belongs to no visit; bound and never listening, so nobody gets the port
        dead.bind(("127.0.0.1", 0))
        async with async_playwright() as playwright:
            dead_proxy = f"http://127.0.0.1:{dead.getsockname()[1]}"
            browser = Browser(await _launch(playwright.chromium, dead_proxy, shown))
            try:
                yield browser
            finally:
                await browser.close()


async def _launch(kind: BrowserType, dead_proxy: str, shown: bool) -> Chromium:
    """Start Playwright's own Chromium where it is installed, else the first of the system's that starts."""
    from playwright.async_api import Error

    failures = []
    for path in [None, *system_browsers()]:
        try:
            return await kind.launch(
                executable_path=path, args=list(ARGUMENTS), proxy={"server": dead_proxy}, headless=not shown
            )
        except Error as error:
            failures.append(f"{path or 'Playwright has no Chromium of its own'}: {error.message.splitlines()[0]}")
    if shown:
        raise BrowserMissingError(
            "no Chromium that opens a window: apt-get install chromium, on a machine with a screen. Tried: "
            + "; ".join(failures)
        )
    raise BrowserMissingError(
        "no Chromium to play in: apt-get install chromium-headless-shell (or: playwright install chromium). "
        + "Tried: " + "; ".join(failures)
    )  # fmt: skip
