"""One Chromium for a run, many visits: found, started, confined to this machine, and closed.

Until its proxy comes the browser visits loopback only, and of loopback only what the charter lists: names other than
localhost do not resolve, whatever is not a listed host and port goes to a proxy that is dead (the rule of the network
stack itself, so redirects, WebSockets and images obey it too), WebRTC may not go round the proxy, and requests are
checked once more before they are sent. Guarded by tests/probes/test_browser_stays_home.py.

Playwright is imported when a browser is opened and not before: everything else works without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from probes.find_browser import system_browsers
from probes.guard import Guard, RefusedByCharterError
from scenarios.charter import is_loopback
from scenarios.target import Target

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserType

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
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE [::1] , EXCLUDE localhost",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=WebRtcHideLocalIpsWithMdns,MediaRouter,OptimizationHints,Translate",
)

CLOSING_S_MOST = 10.0


class BrowserMissingError(Exception):
    """There is no browser to play in; the message names the command that brings one."""


class Browser:
    """A running Chromium."""

    def __init__(self, chromium: Chromium, dead_proxy: str) -> None:
        self._chromium, self._dead_proxy = chromium, dead_proxy
        self.opening = asyncio.Semaphore(OPENING_MOST)
        """Held while a page is being loaded and filled in."""

    @property
    def version(self) -> str:
        """The version that the browser tells of itself."""
        return self._chromium.version

    async def open_tab(self, target: Target, guard: Guard, watches: Sequence[Watch], pressed: str | None) -> Tab:
        """Open an empty page with cookies of its own, stamping what the watches say.

        Raises:
            RefusedByCharterError: the target is not on this machine.
        """
        from probes.tab import Tab

        check_target(target)
        listed = [
            f"{'[' + entry.host + ']' if ':' in entry.host else entry.host}:{port}"
            for entry in guard.charter.allow
            if is_loopback(entry.host)
            for port in entry.ports
        ]
        context = await self._chromium.new_context(
            accept_downloads=False,
            service_workers="block",
            viewport={"width": 1280, "height": 800},
            proxy={"server": self._dead_proxy, "bypass": ",".join(listed)},
        )
        try:
            return await Tab.open(context, target, guard, watches, pressed)
        except BaseException:
            await context.close()
            raise


def check_target(target: Target) -> None:
    """Refuse a target that is not on this machine.

    Raises:
        RefusedByCharterError: naming it.
    """
    host, _ = target.address()
    if not is_loopback(host):
        raise RefusedByCharterError(
            f"the browser visits targets on this machine only (127.0.0.1, ::1, localhost), and {target.target} is on "
            f"{host}; play it without --browser"
        )


def check_installed() -> None:
    """Refuse to begin without Playwright.

    Raises:
        BrowserMissingError: naming the extra.
    """
    if importlib.util.find_spec("playwright") is None:
        raise BrowserMissingError("playing in a browser needs Playwright: pip install 'testdrive-cx[browser]'")


@contextlib.asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Run a browser until the block ends.

    Raises:
        BrowserMissingError: Playwright is not installed, or there is no Chromium that starts.
    """
    check_installed()
    from playwright.async_api import async_playwright

    with socket.socket() as dead:  # bound and never listening: who connects is refused, and nobody else gets the port
        dead.bind(("127.0.0.1", 0))
        dead_proxy = f"http://127.0.0.1:{dead.getsockname()[1]}"
        async with async_playwright() as playwright:
            chromium = await _launch(playwright.chromium, dead_proxy)
            try:
                yield Browser(chromium, dead_proxy)
            finally:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(chromium.close(), CLOSING_S_MOST)


async def _launch(kind: BrowserType, dead_proxy: str) -> Chromium:
    """Start Playwright's own Chromium where it is installed, else the first of the system's that starts."""
    from playwright.async_api import Error

    failures = []
    for path in [None, *system_browsers()]:
        try:
            return await kind.launch(executable_path=path, args=list(ARGUMENTS), proxy={"server": dead_proxy})
        except Error as error:
            failures.append(f"{path or 'Playwright has no Chromium of its own'}: {error.message.splitlines()[0]}")
    raise BrowserMissingError(
        "no Chromium to play in: apt-get install chromium-headless-shell (or: playwright install chromium). "
        + "Tried: " + "; ".join(failures)
    )  # fmt: skip
