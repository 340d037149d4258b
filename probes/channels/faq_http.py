"""Help pages over plain HTTP: load one, and see whether it holds the answer."""

from __future__ import annotations

import asyncio

import aiohttp

from probes.channels.contract import Caller, Plain, Surroundings
from probes.channels.fetch import read_text
from probes.channels.pages import PageTooDeepError, parse, text_at
from probes.journeys import Open, Seen


class FaqHttp(Plain):
    """One visit to a help page."""

    polled = False
    entered_s: float | None = None

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.faq is not None
        self._around, self._caller, self._faq = around, caller, around.target.faq
        self._seen: list[Seen] = []

    async def open(self, opening: Open) -> None:
        """Load the page."""
        url = self._around.target.base_url + self._faq.page.replace("{intent}", self._caller.intent)
        self._around.guard.check_url(url)
        clock = self._around.clock
        try:
            async with (
                asyncio.timeout(self._around.target.request_s_most),
                aiohttp.ClientSession(connector=self._around.connector, connector_owner=False) as http,
                http.get(url, headers={"From": self._caller.persona.email}) as answer,
            ):
                self._caller.known.learn_cookies(*(cookie.value for cookie in answer.cookies.values()))
                text = await read_text(answer, self._around.target.page_bytes_most)
                now_s = clock.now_s()
                page = parse(text)
                if self._faq.busy is not None and page.css_first(self._faq.busy) is not None:
                    self._seen.append(Seen("busy", now_s, now_s, text_at(page, self._faq.busy)))
                elif answer.status == 200:
                    found = text_at(page, self._faq.answer)
                    self._seen.append(Seen("page", now_s, now_s, found, resolved=bool(found)))
                else:
                    self._seen.append(Seen("error", now_s, now_s, f"HTTP {answer.status}"))
        except (aiohttp.ClientError, OSError, TimeoutError, PageTooDeepError) as error:
            now_s = clock.now_s()
            self._seen.append(Seen("error", now_s, now_s, f"{type(error).__name__}: {error}"))

    async def say(self, text: str) -> None:
        """Nobody hears."""

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return the page, once; after it nothing comes."""
        if self._seen:
            return self._seen.pop(0)
        now_s = self._around.clock.now_s()
        return Seen("nothing", now_s, now_s)

    async def leave(self) -> None:
        """Close the page."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def evidence(self, name: str) -> str | None:
        """Plain HTTP has no picture."""
        return None
