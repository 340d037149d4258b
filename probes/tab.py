"""One page in the browser, with cookies of its own: load, fill in, press, read; and the stamps that its script pushes.

Every page loaded in it runs `stamper.js` before its own scripts. What that stamps is in the page's clock; a few quick
readings of both clocks turn it into scenario time, and half the time of the tightest reading bounds the error.
What a page fails to do is a `PageError` with words for the log; our own failures are other exceptions.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Dialog, Error, Frame, Page, Request, Response
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from probes.clock import Clock
from probes.framed import FramesKnown, locate
from probes.guard import Guard, RefusedByCharterError
from probes.page_clock import PageClock, PageError
from probes.proxy import TOLD_BY, ForwardProxy
from probes.recording import Recording
from scenarios.selector import parts_of
from scenarios.target import FormField, Target

__all__ = ["Loaded", "PageError", "Stamp", "Tab", "TabLostError", "Watch"]

STAMPER = Path(__file__).with_name("stamper.js")
TELL = "__stamped"
STAMPS_MOST = 10_000
HTML_MOST = 20_000
PRESS_S_MOST = 5.0
"""What should be there and usable is given so long (wall time) to become so."""
PRESSED_S_MOST = 1.0
CLOSE_S_MOST = 5.0
LEARN_EVERY_S = 0.25
PASSWORDS_MOST = 20

_READ = """(most) => { const html = document.documentElement.outerHTML;
 const n = performance.getEntriesByType('navigation')[0];
 return [html.length > most ? null : "<!doctype html>" + html,
  [performance.timeOrigin, n ? n.requestStart : 0, n ? n.domContentLoadedEventStart : 0],
  [...document.querySelectorAll('input[type=password]')].map((e) => e.value)]; }"""
"""The page as it stands, its own times, and the passwords on it."""

_STATE = """(all) => { const e = all[0]; if (!e) return null; const box = e.getBoundingClientRect();
 return {seen: box.width > 0 && box.height > 0 && getComputedStyle(e).visibility === "visible",
  disabled: e.matches(":disabled") || e.closest("[aria-disabled=true]") !== null,
  labels: [...(e.options ?? [])].map((o) => o.label.trim()), values: [...(e.options ?? [])].map((o) => o.value)}; }"""


@dataclass(frozen=True)
class Watch:
    """What to stamp: each new element that fits, or, without `each`, the first whenever its words change.

    With `settles_s` (wall) an element is told once its words have stood so long; its stamp is when it appeared.
    """

    what: str
    selector: str
    each: bool = True
    settles_s: float = 0.0


@dataclass(frozen=True)
class Stamp:
    """Something that appeared in the page, in scenario time; `error_s` (wall) bounds how wrong that is."""

    what: str
    at_s: float
    html: str
    text: str
    error_s: float


@dataclass(frozen=True)
class Loaded:
    """A page as it came, in scenario time; `error_s` (wall) bounds how wrong the page's own times are."""

    status: int
    url: str
    html: str
    asked_s: float
    """When its request left."""
    shown_s: float
    """When it was put before the customer."""
    read_s: float
    """When we had read it: nothing in `html` is later."""
    error_s: float


class TabLostError(Exception):
    """The browser lost the page: our own fault, not the desk's."""


class Tab:
    """One page."""

    def __init__(
        self,
        context: BrowserContext,
        page: Page,
        target: Target,
        guard: Guard,
        recording: Recording | None,
        proxy: ForwardProxy | None,
    ) -> None:
        self._context, self.page, self._target, self._guard = context, page, target, guard
        self._recording, self._proxy = recording, proxy
        self._page_clock = PageClock(page)
        self._learned_s = -LEARN_EVERY_S
        self._answers = self._answers_learned = 0
        self._raw: asyncio.Queue[tuple[Frame | None, dict[str, Any]]] = asyncio.Queue(STAMPS_MOST)
        self._frames_of: dict[str, list[str]] = {}
        """By what is watched: the frames that its selector goes into."""
        self._frames = FramesKnown()
        self._most_ms = target.request_s_most * 1000
        self._pressed: asyncio.Future[tuple[Frame | None, dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._lost = self._leaving = False
        self._refused: str | None = None
        """What the page was refused last: a frame, a script, a line that the charter does not list."""
        self.status = 0
        """Of the document asked for last; 0 until there is an answer."""
        self.unanswered: str | None = None
        """Why the document asked for last did not come."""
        self.documents = 0
        """How many documents have been put before the customer."""
        self.moved = asyncio.Event()
        """Set when another document or address has come, or failed to."""

    @classmethod
    async def open(
        cls,
        context: BrowserContext,
        target: Target,
        guard: Guard,
        watches: Sequence[Watch],
        pressed: str | None,
        recording: Recording | None = None,
        proxy: ForwardProxy | None = None,
    ) -> Tab:
        """Prepare a page in a fresh context; without a recording nothing is kept of it."""
        page = await context.new_page()
        tab = cls(context, page, target, guard, recording, proxy)
        told = [
            {"what": watch.what, "each": watch.each, "settles_ms": watch.settles_s * 1000, **_where(watch.selector)}
            for watch in watches
        ]
        tab._frames_of = {watch.what: parts_of(watch.selector)[0] for watch in watches}
        entering = None if pressed is None else _where(pressed)
        given = ", ".join(json.dumps(value) for value in (told, entering, TELL, STAMPS_MOST, HTML_MOST))
        await page.expose_binding(TELL, tab._stamped)
        await page.add_init_script(f"{STAMPER.read_text(encoding='utf-8')}({given});")
        page.on("request", tab._sent)
        page.on("dialog", tab._asked)
        page.on("response", tab._responded)
        page.on("requestfailed", tab._failed)
        page.on("framenavigated", lambda frame: tab.moved.set())
        page.on("domcontentloaded", tab._came)
        page.on("crash", tab._gone)
        page.on("close", tab._gone)
        context.on("page", tab._another_page)
        return tab

    # -- going somewhere ---------------------------------------------------------------------------------------

    async def load(self, url: str, clock: Clock, reload: bool = False) -> Loaded:
        """Load a page and read it.

        Raises:
            PageError: it cannot be reached, takes too long, or is too large.
            RefusedByCharterError: the charter does not list where it lies.
        """
        self._guard.check_url(url)
        asked_s = clock.now_s()
        with self._words(f"{urlsplit(url).path}"):
            if reload:
                answer = await self.page.reload(wait_until="domcontentloaded", timeout=self._most_ms)
            else:
                answer = await self.page.goto(url, wait_until="domcontentloaded", timeout=self._most_ms)
        if answer is not None:
            if (told := answer.headers.get(TOLD_BY)) is not None:
                raise PageError(told)
            self.status = answer.status
        return await self.read(clock, asked_s, loaded=True)

    async def read(self, clock: Clock, asked_s: float, loaded: bool = False) -> Loaded:
        """Read the page that is there, or is coming unless it is `loaded`; its own clock says when it came.

        Raises:
            PageError: it is too large, or gone.
        """
        with self._words("the page"):
            async with asyncio.timeout(self._target.request_s_most):
                if not loaded:
                    await self.page.wait_for_load_state("domcontentloaded")
                html: str | None
                times: list[float]
                html, times, passwords = await self.page.evaluate(_READ, self._target.page_bytes_most)
                read_s = clock.now_s()
                if html is None or len(html.encode("utf-8", "replace")) > self._target.page_bytes_most:
                    raise PageError(f"the page is larger than {self._target.page_bytes_most} bytes")
                self._learn_passwords(passwords)
        offset_s, error_s = await self._page_clock.offset(times[0], clock)
        sent_s, shown_s = (clock.at_loop_s((times[0] + ms) / 1000 + offset_s) for ms in times[1:])
        if shown_s < asked_s:  # the address changed without another document: its times are an older page's
            shown_s = read_s
        sent_s = min(max(sent_s - error_s * clock.scale, asked_s), shown_s)
        return Loaded(self.status, self.page.url, html, sent_s, min(shown_s, read_s), read_s, error_s)

    async def wait_for(self, *selectors: str) -> str:
        """Wait until one of these can be seen; returns the first of them that can.

        Raises:
            PageError: none comes.
        """
        by_frames: dict[tuple[str, ...], list[str]] = {}
        for selector in selectors:
            frames, last = parts_of(selector)
            by_frames.setdefault(tuple(frames), []).append(last)
        try:
            await self._first_of([" >> ".join((*frames, ", ".join(group))) for frames, group in by_frames.items()])
            for selector in selectors:
                if await locate(self.page, selector).filter(visible=True).count():
                    return selector
        except PlaywrightTimeoutError:
            pass
        except Error as error:
            raise PageError(f"{' or '.join(selectors)}: {_first_line(error)}") from None
        refused = "" if self._refused is None else f"; what the page asked for was refused: {self._refused}"
        raise PageError(f"{' or '.join(selectors)} did not appear within {self._target.request_s_most:g} s{refused}")

    async def _first_of(self, selectors: Sequence[str]) -> None:
        """Wait until something that fits one of these can be seen."""
        waits = [
            asyncio.ensure_future(locate(self.page, one).filter(visible=True).first.wait_for(timeout=self._most_ms))
            for one in selectors
        ]
        done, coming = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in coming:
            wait.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
        for wait in done:
            wait.result()

    # -- doing something ---------------------------------------------------------------------------------------

    async def fill(self, field: FormField, value: str) -> None:
        """Fill in a field, or choose in it.

        Raises:
            PageError: it is not there, cannot be used, or has no such choice; naming its selector.
        """
        with self._words(field.selector):
            found = locate(self.page, field.selector).first
            state = await self._state_of(field.selector)
            if state is None:
                raise PageError(f"{field.selector} is not on the page")
            if not state["seen"]:
                raise PageError(f"{field.selector} cannot be seen")
            if state["disabled"]:
                raise PageError(f"{field.selector} is disabled")
            if field.choose is None and not field.by_intent:
                await found.fill(value, timeout=PRESS_S_MOST * 1000)
                return
            labels, values = state["labels"], state["values"]
            if value not in labels and value in values:
                value = labels[values.index(value)]
            if value not in labels:
                raise PageError(f"{field.selector} has no choice {value!r}; it has {', '.join(labels) or 'none'}")
            await found.select_option(index=labels.index(value), timeout=PRESS_S_MOST * 1000)

    async def write(self, selector: str, text: str) -> None:
        """Put text into what takes it.

        Raises:
            PageError: nothing there takes it.
        """
        if not await self.can_be_used(selector):
            raise PageError(f"{selector} cannot be used")
        with self._words(selector):
            await locate(self.page, selector).first.fill(text, timeout=PRESS_S_MOST * 1000)

    async def press(self, selector: str) -> None:
        """Press a button.

        Raises:
            PageError: it is not there or cannot be pressed.
        """
        with self._words(selector):
            await locate(self.page, selector).first.click(timeout=PRESS_S_MOST * 1000, no_wait_after=True)

    async def press_enter(self, selector: str) -> None:
        """Press Enter in a field.

        Raises:
            PageError: it is not there.
        """
        with self._words(selector):
            await locate(self.page, selector).first.press("Enter", timeout=PRESS_S_MOST * 1000, no_wait_after=True)

    async def submit(self, selector: str) -> None:
        """Send the form in which a field stands.

        Raises:
            PageError: it stands in none.
        """
        with self._words(selector):
            await locate(self.page, selector).first.evaluate("(e) => { e.form.requestSubmit(); }")

    async def wait_for_document(self, before: int) -> None:
        """Wait until another document has come than the `before` that there were, or the address has changed.

        Raises:
            PageError: none comes.
        """
        began = self.page.url
        try:
            async with asyncio.timeout(self._target.request_s_most):
                while self.documents == before and self.page.url == began:
                    self.moved.clear()
                    await self.moved.wait()
                    if self.unanswered is not None and not self.status:
                        raise PageError(self.unanswered)
        except TimeoutError:
            raise PageError("the next page did not come in time") from None

    def forget_stamps(self) -> None:
        """Pass over what was stamped and not asked for yet: it belongs to an earlier page."""
        while not self._raw.empty():
            self._raw.get_nowait()

    async def enter(self, selector: str, clock: Clock) -> float:
        """Press the button by which the contact reaches the desk; returns when the page saw it pressed.

        Raises:
            PageError: it is not there or cannot be pressed.
        """
        before_s = clock.now_s()
        await self.press(selector)
        return await self.pressed_s(clock) or before_s  # a page may keep clicks to itself

    async def pressed_s(self, clock: Clock) -> float | None:
        """Return when the page saw the button pressed by which one enters; None where it does not tell."""
        try:
            frame, raw = await asyncio.wait_for(self._pressed, PRESSED_S_MOST)
        except TimeoutError:
            return None
        return (await self._stamp(frame, raw, clock)).at_s

    async def words_at(self, selector: str) -> str:
        """Return the words of the first element that fits, or nothing.

        Raises:
            PageError: the page is gone.
        """
        with self._words(selector):
            found = locate(self.page, selector).first
            return (await found.inner_text(timeout=PRESS_S_MOST * 1000)).strip() if await found.count() else ""

    async def can_be_used(self, selector: str) -> bool:
        """Say whether something is there, can be seen and is enabled."""
        with self._words(selector):
            state = await self._state_of(selector)
            return state is not None and state["seen"] and not state["disabled"]

    async def _state_of(self, selector: str) -> dict[str, Any] | None:
        """Return how the first element that fits is, all in one question; None where there is none."""
        async with asyncio.timeout(PRESS_S_MOST):
            state: dict[str, Any] | None = await locate(self.page, selector).evaluate_all(_STATE)
            return state

    async def invalid_fields(self, form: str) -> list[str]:
        """Return the fields over which the browser itself would not send a form, by id or name."""
        with self._words(form):
            names: list[str] = await self.page.evaluate(
                "(form) => { const f = document.querySelector(form); if (!f || f.noValidate) return [];"
                " return [...f.querySelectorAll(':invalid')].map("
                "e => (e.id ? '#' + e.id : e.name) + ': ' + e.validationMessage); }",
                form,
            )
            return names

    # -- stamps ------------------------------------------------------------------------------------------------

    async def next_stamp(self, clock: Clock) -> Stamp:
        """Return the next thing stamped, in scenario time."""
        while True:
            frame, raw = await self._raw.get()
            if self._lost:
                raise TabLostError("the browser lost the page")
            frames = self._frames_of.get(raw["what"], [])
            if not frames or (frame is not None and await self._frames.leads_to(frame, frames)):
                break
        stamp = await self._stamp(frame, raw, clock)
        if stamp.text:
            await self.learn()
        return stamp

    async def learn(self) -> None:
        """Learn the cookies that the page has by now: to be done before anything that the desk wrote is kept."""
        waited_s = asyncio.get_running_loop().time() - self._learned_s
        if self._recording is None or (self._answers == self._answers_learned and waited_s < LEARN_EVERY_S):
            return
        self._learned_s, self._answers_learned = asyncio.get_running_loop().time(), self._answers
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(PRESS_S_MOST):
                cookies = await self._context.cookies()
                self._recording.known.learn_cookies(*(cookie.get("value", "") for cookie in cookies))

    def _learn_passwords(self, passwords: Sequence[str]) -> None:
        if self._recording is not None:
            self._recording.known.learn_secrets(*passwords[:PASSWORDS_MOST], placeholder="<password>")

    async def _stamp(self, frame: Frame | None, raw: dict[str, Any], clock: Clock) -> Stamp:
        offset_s, error_s = await self._page_clock.offset(raw["origin_ms"], clock, frame)
        at_s = min(clock.at_loop_s(raw["at_ms"] / 1000 + offset_s), clock.now_s())
        return Stamp(raw["what"], at_s, raw["html"], raw["text"], error_s)

    def _stamped(self, source: Any, raw: dict[str, Any]) -> None:
        frame = source["frame"] if source is not None else None
        if raw["what"] == "pressed":
            if not self._pressed.done():
                self._pressed.set_result((frame, raw))
            return
        with contextlib.suppress(asyncio.QueueFull):  # a page that floods is cut off there; what came first is kept
            self._raw.put_nowait((frame, raw))

    # -- leaving -----------------------------------------------------------------------------------------------

    async def leave(self) -> None:
        """Close the page, as a customer closes the window."""
        self._leaving = True
        with contextlib.suppress(Error, TimeoutError):
            await asyncio.wait_for(self.page.close(), CLOSE_S_MOST)

    async def close(self) -> None:
        """Forget everything; harmless when called twice."""
        self._leaving = True
        with contextlib.suppress(Error, TimeoutError):
            await asyncio.wait_for(self._context.close(), CLOSE_S_MOST)
        if self._recording is not None:
            self._recording.forget()

    async def evidence(self, folder: Path | None, name: str) -> str | None:
        """Keep what can be seen now, and what was sent; returns a file's name relative to the run's folder.

        With a trace this closes the page.
        """
        if folder is None or self._recording is None:
            return None
        self._leaving = True
        await self.learn()
        return await self._recording.keep(self._context, self.page, folder, name)

    # -- what the browser tells --------------------------------------------------------------------------------

    def _sent(self, request: Request) -> None:
        if self._recording is not None:
            self._recording.sent(request)
        if self._is_document(request):
            self.status, self.unanswered = 0, None

    def _responded(self, response: Response) -> None:
        self._answers += 1
        if self._recording is not None:
            self._recording.responded(response)
        told = response.headers.get(TOLD_BY)
        self._refused = told or self._refused
        if self._is_document(response.request):
            self.status = response.status if told is None else 0
            self.unanswered = told
            self.moved.set()

    def _failed(self, request: Request) -> None:
        self._refused = self._why(request.url) or self._refused
        if self._is_document(request):
            self.unanswered = self._why(request.url) or request.failure or "no answer"
            self.moved.set()

    def _why(self, url: str) -> str | None:
        """Return the proxy's own words on why there was no way to an address."""
        parts = urlsplit(url)
        where = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        return self._proxy.told.get(where) if self._proxy is not None and parts.scheme == "https" else None

    async def _asked(self, dialog: Dialog) -> None:
        with contextlib.suppress(Error):  # the page may be gone by now
            await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())

    def _is_document(self, request: Request) -> bool:
        with contextlib.suppress(Error):  # a request of a page that is gone has no frame
            return request.is_navigation_request() and request.frame == self.page.main_frame
        return False

    def _came(self, page: Page) -> None:
        self.documents += 1
        self.moved.set()

    def _gone(self, page: Page) -> None:
        if not self._leaving:
            self._lost = True
            self._stamped(None, {"what": "gone"})
            self.moved.set()

    async def _another_page(self, page: Page) -> None:
        with contextlib.suppress(Error):
            await page.close()  # one page each: windows that pop up are shut

    @contextlib.contextmanager
    def _words(self, about: str) -> Iterator[None]:
        """Turn what Playwright raises into words for the log."""
        try:
            yield
        except RefusedByCharterError:
            raise
        except (PlaywrightTimeoutError, TimeoutError):
            raise PageError(f"{about}: no answer in time") from None
        except Error as error:
            if self._lost:
                raise TabLostError("the browser lost the page") from error
            told = self.unanswered if "ERR_TUNNEL" in error.message else None
            raise PageError(f"{about}: {told or _first_line(error)}") from None


def _where(selector: str) -> dict[str, Any]:
    """Return a selector as the stamper takes it: what it looks for, and whether in a page within the page."""
    frames, last = parts_of(selector)
    return {"selector": last, "framed": bool(frames)}


def _first_line(error: Error) -> str:
    return error.message.splitlines()[0][:200] if error.message else type(error).__name__
