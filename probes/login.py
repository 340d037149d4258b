"""Log in to a target once a run, in a context that nothing records; what comes of it stays in memory.

A login that failed is not tried again: every contact after it is told so, or a wrong password would lock the account.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any

from probes.cleaning import Known, is_telltale
from probes.clock import Clock
from probes.guard import Guard
from scenarios.charter import Charter
from scenarios.target import Target
from scenarios.target_login import Login

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from probes.tab import Tab


def secrets_given(target: Target, charter: Charter, channels: Collection[str]) -> tuple[str, ...]:
    """Return the secrets that a run is given: the charter's marker key, and the target's for these channels.

    Raises:
        scenarios.secret.SecretMissingError: the target names a variable or file that holds nothing.
    """
    logins = target.login.secrets() if target.login is not None else ()
    mail = target.email.secrets() if target.email is not None and "email" in channels else ()
    codes = target.codes.secrets() if target.codes is not None else []
    phone = target.phone.password if target.phone is not None and "phone" in channels else None
    called = () if phone is None else (phone.value("phone.password"),)
    wires = (one.value(f"secrets.{name}") for name, one in target.secrets_for(channels).items())
    return (charter.marker_key, *logins, *mail, *codes, *called, *wires)


class LoginOnce:
    """Who is logged in on one target; asked for by every contact, done for the first."""

    def __init__(self, target: Target, login: Login) -> None:
        self._target, self._login = target, login
        self._state: Any = None
        self._failure: str | None = None
        self._doing = asyncio.Lock()

    async def state(self, open_context: Callable[[], Awaitable[BrowserContext]], guard: Guard, known: Known) -> Any:
        """Return cookies and storage of who is logged in, as Playwright takes them; teaches `known` what they hold.

        Raises:
            probes.tab.PageError: the login failed, now or before.
        """
        from probes.tab import PageError

        known.learn_secrets(*self._login.secrets())
        async with self._doing:
            if self._failure is not None:
                raise PageError(f"not tried again: {self._failure}")
            if self._state is None:
                try:
                    self._state = await self._log_in(await open_context(), guard)
                except PageError as error:
                    self._failure = f"the login failed: {error}"
                    raise PageError(self._failure) from None
        known.learn_cookies(*(str(cookie["value"]) for cookie in self._state["cookies"]))
        stored = [entry for origin in self._state["origins"] for entry in origin["localStorage"]]
        known.learn_cookies(*(str(entry["value"]) for entry in stored if is_telltale(str(entry["name"]))))
        return self._state

    async def _log_in(self, context: BrowserContext, guard: Guard) -> Any:
        from probes.tab import PageError, Tab

        login, tab = self._login, None
        try:
            tab = await Tab.open(context, self._target, guard, [], None)
            loaded = await tab.load(f"{self._target.base_url}{login.page}", Clock(asyncio.get_running_loop()))
            if loaded.status >= 400:
                raise PageError(f"HTTP {loaded.status} at {login.page}")
            await tab.wait_for(login.submit)
            for field in login.fields:
                await tab.write(field.selector, field.text())
            await tab.press(login.submit)
            await self._wait_until_in(tab)
            return await context.storage_state()
        finally:
            if tab is not None:
                await tab.close()
            else:
                await context.close()

    async def _wait_until_in(self, tab: Tab) -> None:
        from probes.tab import PageError

        login = self._login
        signs = [sign for sign in (login.ready, login.refused) if sign is not None]
        if await tab.wait_for(*signs) != login.ready:
            words = re.sub(r"\s+", " ", await tab.words_at(signs[1]))[:200]
            raise PageError(f"the desk refused it: {words or 'without a word'}")
