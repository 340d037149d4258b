"""The web form over plain HTTP: fill and send it, then look at its ticket page again and again.

Polled: what is seen came some time between two looks.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from urllib.parse import urljoin

import aiohttp
from selectolax.lexbor import LexborHTMLParser

from probes.channels.contract import Caller, Surroundings
from probes.channels.pages import find_form, messages, parse, text_at
from probes.channels.ticket_page import TicketPage
from probes.journeys import Open, Seen


class FormHttp:
    """One form and its ticket."""

    polled = True

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.form is not None
        self._around, self._caller, self._form = around, caller, around.target.form
        self._http: aiohttp.ClientSession | None = None
        self._url = ""
        self._tag = ""
        self._looked_s = 0.0
        self._page = TicketPage(self._form)
        self._seen: deque[Seen] = deque()
        poll_s = self._form.poll_s
        if caller.background and self._form.background_poll_s is not None:
            poll_s = self._form.background_poll_s
        self._poll_s = poll_s

    async def open(self, opening: Open) -> None:
        """Load the form, fill it, send it."""
        jar = aiohttp.CookieJar(unsafe=True)  # cookies from bare addresses, as test desks have
        self._http = aiohttp.ClientSession(connector=self._around.connector, connector_owner=False, cookie_jar=jar)
        try:
            await self._send_form(opening)
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError) as error:
            self._fail(f"{type(error).__name__}: {error}")

    async def _send_form(self, opening: Open) -> None:
        form = self._form
        url, status, text = await self._fetch("GET", self._around.target.base_url + form.page)
        page = parse(text)
        now_s = self._around.clock.now_s()
        if form.shut is not None and page.css_first(form.shut) is not None:
            self._seen.append(Seen("shut", now_s, now_s, text_at(page, form.shut)))
            return
        found = find_form(page, form.form, [field.selector for field in form.fields])
        if status != 200 or found is None:
            self._fail(f"HTTP {status}: no form {form.form} with all fields at {form.page}")
            return
        values = dict(found.values)
        for field in form.fields:
            value = self._caller.field_value(field, opening)
            if field.choose is not None:
                choices = found.choices.get(field.selector, {})
                if value not in choices:
                    self._fail(f"{field.selector} has no choice {value!r}; it has {', '.join(choices) or 'none'}")
                    return
                value = choices[value]
            values[found.names[field.selector]] = value
        url, status, text = await self._fetch("POST", urljoin(url, found.action), values)
        now_s = self._around.clock.now_s()
        accepted = re.search(form.accepted_url, url)
        if accepted is None:
            refused = text_at(parse(text), form.refused) if form.refused else ""
            self._fail(f"HTTP {status}: the form was not accepted{': ' + refused if refused else ''}")
            return
        self._url, self._looked_s = url, now_s
        self._seen.append(Seen("accepted", now_s, now_s, accepted.groupdict().get("reference", "")))
        self._read(parse(text), now_s)

    async def say(self, text: str) -> None:
        """A ticket page takes no second message."""

    async def next_seen(self, until_s: float | None) -> Seen:
        """Look every so often until something new is seen."""
        clock = self._around.clock
        while not self._seen:
            look_s = self._looked_s + self._poll_s
            if until_s is not None and look_s > until_s:
                await clock.sleep_until_s(until_s)
                return Seen("nothing", until_s, until_s)
            await clock.sleep_until_s(look_s)
            await self._look()
        return self._seen.popleft()

    async def leave(self) -> None:
        """Look no more: a form cannot be hung up."""

    async def close(self) -> None:
        """Forget cookies and connections."""
        if self._http is not None:
            await self._http.close()

    async def evidence(self, name: str) -> str | None:
        """Plain HTTP has no picture."""
        return None

    async def _look(self) -> None:
        try:
            _, status, text = await self._fetch("GET", self._url)
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError) as error:
            self._fail(f"{type(error).__name__}: {error}")
            return
        now_s = self._around.clock.now_s()
        if status == 304:
            self._looked_s = now_s
        elif status != 200:
            self._fail(f"HTTP {status} on the ticket page")
        else:
            page = parse(text)
            if self._form.lost is not None and page.css_first(self._form.lost) is not None:
                self._fail("the ticket page does not know us any more")
                return
            self._read(page, now_s)
            self._looked_s = now_s

    def _read(self, page: LexborHTMLParser, now_s: float) -> None:
        form = self._form
        found = messages(page, form.messages, form.own_text, form.speakers)
        self._seen += self._page.news(text_at(page, form.status), found, self._looked_s, now_s)

    def _fail(self, reason: str) -> None:
        now_s = self._around.clock.now_s()
        self._seen.append(Seen("error", now_s, now_s, reason))

    async def _fetch(self, method: str, url: str, data: dict[str, str] | None = None) -> tuple[str, int, str]:
        """Fetch a page: (address after redirects, status, text)."""
        assert self._http is not None
        self._around.guard.check_url(url)
        headers = {"If-None-Match": self._tag} if self._tag and method == "GET" else {}
        headers["Referer"] = self._around.target.base_url + self._form.page
        most = self._around.target.page_bytes_most
        async with asyncio.timeout(self._around.target.request_s_most * max(self._around.clock.scale, 1)):
            async with self._http.request(method, url, data=data, headers=headers, max_redirects=5) as answer:
                body = await answer.content.read(most + 1)
                while not answer.content.at_eof() and len(body) <= most:
                    body += await answer.content.read(most + 1 - len(body))
                if len(body) > most:
                    raise aiohttp.ClientPayloadError(f"the page is larger than {most} bytes")
                if answer.status == 200 and url == self._url:
                    self._tag = answer.headers.get("ETag", "")
                return str(answer.url), answer.status, body.decode(answer.charset or "utf-8", "replace")
