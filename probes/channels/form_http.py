"""The web form over plain HTTP: fill and send it, then look at its ticket page again and again.

Polled: what is seen came some time between two looks.
"""

from __future__ import annotations

import re

from probes.channels.contract import Caller, CannotDoError, Plain, Surroundings
from probes.channels.pages import PageTooDeepError, find_form, form_around, parse, read_form, text_at
from probes.channels.ticket_page import TicketWatch
from probes.http_client import NoAddressError, joined
from probes.journeys import Open, Seen


class FormHttp(Plain):
    """One form and its ticket."""

    polled = True
    waits_at_door = True
    entered_s: float | None = None

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.form is not None
        self._around, self._caller, self._form = around, caller, around.target.form
        self.takes_words = self._form.reply is not None
        self._visit = around.visit()
        self._url = ""
        self._tag = ""
        self._ticket = TicketWatch(self._form, around.clock, caller.background)

    async def open(self, opening: Open) -> None:
        """Load the form, fill it, send it."""
        try:
            await self._send_form(opening)
        except (OSError, PageTooDeepError) as error:
            self._ticket.fail(f"{type(error).__name__}: {error}")

    async def _send_form(self, opening: Open) -> None:
        form = self._form
        if any(field.press or field.asks_for_code() for field in form.fields):
            raise CannotDoError("the target's form has steps for a browser (press, {code}): play it with --browser")
        url, status, text = await self._fetch("GET", self._around.target.base_url + form.page)
        page = parse(text)
        if self._ticket.is_turned_away(page, self._around.clock.now_s()):
            return
        found = find_form(page, form.form, [field.selector for field in form.fields])
        if status != 200 or found is None:
            absent = [field.selector for field in form.fields if page.css_first(field.selector) is None]
            lacking = f" with {', '.join(absent)}" if absent else ""
            self._ticket.fail(f"HTTP {status}: no form {form.form}{lacking} at {form.page}")
            return
        values = dict(found.values)
        for field in form.fields:
            value = self._caller.field_value(field, opening)
            if field.choose is not None:
                choices = found.choices.get(field.selector, {})
                if value not in choices and value not in choices.values():
                    self._ticket.fail(
                        f"{field.selector} has no choice {value!r}; it has {', '.join(choices) or 'none'}"
                    )
                    return
                value = choices.get(value, value)
            values[found.names[field.selector]] = value
        asked_s = self._around.clock.now_s()
        try:
            url, status, text = await self._fetch("POST", joined(url, found.action), values)
        except NoAddressError:
            self._ticket.fail(f"the form goes to {found.action!r}, which is no address")
            return
        now_s = self._around.clock.now_s()
        accepted = re.search(form.accepted_url, url)
        if accepted is None:
            page = parse(text)
            if not self._ticket.is_turned_away(page, now_s):
                self._ticket.fail(not_accepted(status, text_at(page, form.refused)))
            return
        self._url = url
        self._ticket.accept(accepted.groupdict().get("reference", ""), text, asked_s, now_s, now_s)

    async def say(self, text: str) -> None:
        """Send the form on the ticket's page in which one answers."""
        reply = self._form.reply
        if reply is None or not self._url:
            return
        try:
            self._tag = ""
            url, status, html = await self._fetch("GET", self._url)
            page = parse(html)
            around = form_around(page, reply.input)
            found = None if around is None else read_form(page, around, [reply.input])
            if found is None:
                self._ticket.fail(f"the answer could not be sent: HTTP {status}, and {reply.input} stands in no form")
                return
            action = joined(url, found.action or url)
            _, status, _ = await self._fetch("POST", action, {**found.values, found.names[reply.input]: text})
            if status >= 400:
                self._ticket.fail(f"the answer could not be sent: HTTP {status}")
        except (OSError, PageTooDeepError, NoAddressError) as error:
            self._ticket.fail(f"the answer could not be sent: {type(error).__name__}: {error}")

    async def next_seen(self, until_s: float | None) -> Seen:
        """Look every so often until something new is seen."""
        return await self._ticket.next_seen(until_s, self._look)

    async def leave(self) -> None:
        """Look no more: a form cannot be hung up."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def evidence(self, name: str) -> str | None:
        """Plain HTTP has no picture."""
        return None

    async def _look(self) -> None:
        clock = self._around.clock
        asked_s = clock.now_s()
        try:
            _, status, text = await self._fetch("GET", self._url)
        except (OSError, PageTooDeepError) as error:
            self._ticket.fail(f"{type(error).__name__}: {error}")
            return
        if status == 304:
            self._ticket.unchanged(asked_s, clock.now_s())
        elif status != 200:
            self._ticket.fail(f"HTTP {status} on the ticket page")
        else:
            self._ticket.read(text, asked_s, clock.now_s())

    async def _fetch(self, method: str, url: str, data: dict[str, str] | None = None) -> tuple[str, int, str]:
        """Fetch a page: (address after redirects, status, text)."""
        heads = {"If-None-Match": self._tag} if self._tag and method == "GET" else {}
        heads["Referer"] = self._around.target.base_url + self._form.page
        answer = await self._visit.ask(method, url, form=data, heads=heads)
        self._caller.known.learn_cookies(*(cookie.value for cookie in self._visit.cookies()))
        if answer.status == 200 and url == self._url:
            self._tag = answer.head(b"etag").decode("ascii", "replace")
        return answer.url, answer.status, answer.text()


def not_accepted(status: int, refused: str) -> str:
    """Say why a form was not accepted; after an error of the server nobody knows whether it was taken all the same."""
    if status >= 500:
        return f"HTTP {status}: the desk may have taken the form or not; look before sending it again"
    return f"HTTP {status}: the form was not accepted{': ' + refused if refused else ''}"
