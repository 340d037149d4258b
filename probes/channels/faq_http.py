"""Help pages over plain HTTP: load one, search, follow the link, and see whether a page holds the answer."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from probes.channels.contract import Caller, CannotDoError, Plain, Surroundings
from probes.channels.pages import PageTooDeepError, form_around, parsed, read_form, shown_at, text_at
from probes.http_client import NoAddressError, joined
from probes.journeys import Kind, Open, Seen


class FaqHttp(Plain):
    """One visit to the help pages."""

    polled = False
    takes_words = False
    waits_at_door = True
    entered_s: float | None = None

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.target.faq is not None
        self._around, self._caller, self._faq = around, caller, around.target.faq
        self._seen: list[Seen] = []
        self._page: LexborHTMLParser | None = None
        self._url = ""
        self._visit = around.visit()

    async def open(self, opening: Open) -> None:
        """Load the page."""
        url = self._around.target.base_url + self._faq.page.replace("{intent}", self._caller.intent)
        if await self._load("GET", url):
            self._look()

    async def search(self, text: str) -> None:
        """Send the search box's form, and follow the first link that was found.

        Raises:
            CannotDoError: the box stands in no form: a script would be needed, and so a browser.
        """
        search = self._faq.search
        if search is None:
            self._put("error", "the target file names no search box (faq.search)")
        if search is None or self._page is None:
            return
        around = form_around(self._page, search.input)
        form = None if around is None else read_form(self._page, around, [search.input])
        if form is None:
            raise CannotDoError(f"{search.input} stands in no form here: search in a browser (--browser)")
        values = {**form.values, form.names[search.input]: text}
        if not await self._load(form.method, form.action, values):
            return
        if self._page.css_first(search.results) is None:
            self._put("error", f"{search.results} did not appear")
            return
        link = self._page.css_first(search.link) if search.link is not None else None
        href = link.attributes.get("href") if link is not None else None
        if href is None or await self._load("GET", href):
            self._look()

    def _look(self) -> None:
        """Tell what the page shows: the word that too many are reading, the answer, or neither."""
        assert self._page is not None
        if self._faq.busy is not None and self._page.css_first(self._faq.busy) is not None:
            self._put("busy", text_at(self._page, self._faq.busy))
        else:
            found = shown_at(self._page, self._faq.answer)
            self._put("page", found, resolved=bool(found))

    async def _load(self, method: str, where: str, values: dict[str, str] | None = None) -> bool:
        """Load a page, named as the one before names it; say whether it came."""
        known, heads = self._caller.known, {"From": self._caller.persona.email}
        query, form = (values, None) if method == "GET" else (None, values)
        try:
            url = joined(self._url, where)
            answer = await self._visit.ask(method, url, query=query, form=form, heads=heads)
            known.learn_cookies(*(cookie.value for cookie in self._visit.cookies()))
            self._page, self._url = parsed(answer.text()), answer.url
        except (OSError, PageTooDeepError, NoAddressError) as error:
            self._page = None
            self._put("error", f"{type(error).__name__}: {error}")
            return False
        is_busy = self._faq.busy is not None and self._page.css_first(self._faq.busy) is not None
        if answer.status != 200 and not is_busy:
            self._put("error", f"HTTP {answer.status}")
            return False
        return True

    def _put(self, kind: Kind, text: str, resolved: bool = False) -> None:
        now_s = self._around.clock.now_s()
        self._seen.append(Seen(kind, now_s, now_s, text, resolved=resolved))

    async def say(self, text: str) -> None:
        """Nobody hears."""

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return each page once; after it nothing comes."""
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
