"""What is kept of a page that failed its contact: a picture, its words as a screen reader has them, and what was sent.

Everything is cleaned before it lies in the run's folder (see `probes.cleaning`): the page's texts before the picture is
taken, the rest as it is written. By default the list of exchanges (HAR) is made from what the browser tells anyway:
addresses, times and states, no bodies. With `trace`, Playwright records all of it, into a folder of mode 0700 elsewhere
that goes when the contact ends; it is rewritten on its way out, and dropped where a known secret survives that.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error

from probes.cleaning import Known, cleaned, cleaned_json, is_telltale, survives
from probes.evidence_folder import has_room

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Request, Response

KEEP_S_MOST = 12.0
"""All evidence of one contact is gathered within this (wall time), or what is not there by then is left out."""
PART_S_MOST = 4.0
PICTURE_BYTES_MOST = 2_000_000
WORDS_MOST = 200_000
EXCHANGES_MOST = 300
RECORDED_BYTES_MOST = 60_000_000
FRAMES_MOST = 20
NODES_MOST = 20_000
CLOSE_S_MOST = 5.0

_NODES = """(most) => { const found = []; const walk = (root) => { const all = document.createTreeWalker(root, 5);
 for (let n = all.nextNode(); n && found.length < most; n = all.nextNode()) {
  if (n.nodeType === 3) { if (n.data.trim()) found.push(n); continue; }
  if (n.shadowRoot) walk(n.shadowRoot);
  if (n instanceof HTMLInputElement || n instanceof HTMLTextAreaElement) found.push(n); } };
 walk(document); return found; }"""
_TEXTS = """(nodes) => nodes.map((n) => n.nodeType === 3 ? n.data : n.type === "password" ? "" :
 n.type === "file" ? "" : (n.value || n.placeholder || ""))"""
_REPLACE = """(nodes, texts) => { for (const [at, text] of texts) { const n = nodes[at];
 if (n.nodeType === 3) n.data = text; else if (n.value) n.value = text; else n.placeholder = text; } }"""

_IMAGE_SIGNS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"wOFF", b"wOF2")


class Recording:
    """Gathers what may have to be kept of one contact."""

    def __init__(self, known: Known, trace: bool = False) -> None:
        self.known = known
        self._scratch = Path(tempfile.mkdtemp(prefix="testdrive-")) if trace else None  # made with mode 0700
        self._exchanges: dict[Request, Response | None] = {}

    def options(self) -> dict[str, Any]:
        """Return what a context must be opened with."""
        return {} if self._scratch is None else {"record_har_path": self._scratch / "all.har"}

    async def begin(self, context: BrowserContext) -> None:
        """Begin to trace, where asked to; without pictures, which nobody can clean."""
        if self._scratch is not None:
            await context.tracing.start(screenshots=False, snapshots=True, sources=False)

    def sent(self, request: Request) -> None:
        """Remember that something was asked for."""
        if len(self._exchanges) < EXCHANGES_MOST:
            self._exchanges[request] = None

    def responded(self, response: Response) -> None:
        """Remember what it was answered with."""
        if response.request in self._exchanges:
            self._exchanges[response.request] = response

    def forget(self) -> None:
        """Forget everything that was not kept; harmless when called twice."""
        self._exchanges.clear()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    # -- keeping -----------------------------------------------------------------------------------------------

    async def keep(self, context: BrowserContext, page: Page, folder: Path, name: str) -> str | None:
        """Write all evidence as NAME.png, .aria.yaml, .har and .trace.zip; returns the first that could be written.

        Names are relative to the run's folder. With `trace` the context is closed by this.
        """
        if not has_room(folder):
            return None
        kept: dict[str, bytes] = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KEEP_S_MOST):
                await self._look(page, kept)
        if self._scratch is None:
            har: Any = self._har_of_exchanges()
            kept["har"] = json.dumps(har, indent=1, ensure_ascii=False).encode("utf-8", "replace")
        else:
            await self._stop(context)
            kept |= await asyncio.to_thread(self._recorded)
        names = []
        for suffix, data in kept.items():
            if not survives(data, self.known):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{name}.{suffix}").write_bytes(data)
                names.append(f"{folder.name}/{name}.{suffix}")
        return names[0] if names else None

    async def _look(self, page: Page, kept: dict[str, bytes]) -> None:
        """Take the picture and the words; of a page whose texts cannot be cleaned there is no picture."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(PART_S_MOST):
                await self._clean_page(page)
                picture = await page.screenshot(timeout=PART_S_MOST * 1000)
                if len(picture) <= PICTURE_BYTES_MOST:
                    kept["png"] = picture
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(PART_S_MOST):
                words = await page.locator("body").aria_snapshot(timeout=PART_S_MOST * 1000)
                for frame in page.frames[1:FRAMES_MOST]:
                    with contextlib.suppress(Error):  # one that is gone by now
                        inner = await frame.locator("body").aria_snapshot(timeout=PART_S_MOST * 1000)
                        words += f"\n# within it, {frame.url}\n{inner}"
                kept["aria.yaml"] = cleaned(words[:WORDS_MOST], self.known).encode("utf-8", "replace")

    async def _clean_page(self, page: Page) -> None:
        """Replace in the page itself what must not be in its picture.

        Raises:
            TimeoutError: the page holds more than can be looked through.
        """
        for frame in page.frames[:FRAMES_MOST]:
            nodes = await frame.evaluate_handle(_NODES, NODES_MOST)
            texts: list[str] = await nodes.evaluate(_TEXTS)
            if len(texts) >= NODES_MOST or sum(map(len, texts)) > WORDS_MOST * 10:
                raise TimeoutError("the page is too large to be cleaned")
            changed = [(at, new) for at, text in enumerate(texts) if (new := cleaned(text, self.known)) != text]
            if changed:
                await nodes.evaluate(_REPLACE, changed)
        if len(page.frames) > FRAMES_MOST:
            raise TimeoutError("the page has too many frames to be cleaned")

    async def _stop(self, context: BrowserContext) -> None:
        """End both recordings: the list of exchanges is written when the context closes."""
        assert self._scratch is not None
        with contextlib.suppress(Error, TimeoutError):
            await asyncio.wait_for(context.tracing.stop(path=self._scratch / "trace.zip"), CLOSE_S_MOST)
        with contextlib.suppress(Error, TimeoutError):
            await asyncio.wait_for(context.close(), CLOSE_S_MOST)

    def _recorded(self) -> dict[str, bytes]:
        """Return what was recorded, cleaned."""
        assert self._scratch is not None
        found: dict[str, bytes] = {}
        har, trace = self._scratch / "all.har", self._scratch / "trace.zip"
        with contextlib.suppress(OSError, ValueError, RecursionError):
            if 0 < har.stat().st_size <= RECORDED_BYTES_MOST:
                told = json.loads(har.read_bytes())
                learn_from_har(told, self.known)
                found["har"] = _har_bytes(told, self.known)
        with contextlib.suppress(OSError, ValueError, RecursionError, zipfile.BadZipFile, NotImplementedError):
            if 0 < trace.stat().st_size <= RECORDED_BYTES_MOST:
                rewritten = self._scratch / "cleaned.zip"
                if rewrite_trace(trace, rewritten, self.known):
                    found["trace.zip"] = rewritten.read_bytes()
        return found

    def _har_of_exchanges(self) -> Any:
        """Return the exchanges that the browser told of, without bodies."""
        entries = []
        for request, response in self._exchanges.items():
            with contextlib.suppress(Error):
                timing = request.timing
                started = datetime.datetime.fromtimestamp(max(timing["startTime"], 0) / 1000, datetime.UTC)
                answered_ms = max(timing["responseEnd"], timing["responseStart"], 0)
                entries.append(
                    {
                        "startedDateTime": started.isoformat(),
                        "time": answered_ms,
                        "request": _side(request.method, request.url, request.headers),
                        "response": {
                            "status": response.status if response is not None else 0,
                            "statusText": response.status_text if response is not None else request.failure or "",
                            **_side(None, "", response.headers if response is not None else {}),
                            "redirectURL": "",
                            "content": {"size": -1, "mimeType": ""},
                        },
                        "cache": {},
                        "timings": {"send": -1, "wait": max(timing["responseStart"], 0), "receive": -1},
                    }
                )
        log = {"version": "1.2", "creator": {"name": "testdrive", "version": "1"}, "pages": [], "entries": entries}
        return cleaned_json({"log": log}, self.known)


def _side(method: str | None, url: str, headers: dict[str, str]) -> dict[str, Any]:
    """Return one side of an exchange as a HAR has it."""
    told = [{"name": name, "value": value} for name, value in headers.items()]
    side = {"httpVersion": "HTTP/1.1", "cookies": [], "headers": told, "headersSize": -1, "bodySize": -1}
    return side if method is None else {"method": method, "url": url, "queryString": [], **side}


def learn_from_har(har: Any, known: Known) -> None:
    """Learn the secrets that a HAR names as such: cookies, credentials, and fields called password and the like."""
    match har:
        case dict():
            name, value = har.get("name"), har.get("value")
            if isinstance(name, str) and isinstance(value, str) and is_telltale(name):
                known.learn_cookies(*value.replace(";", " ").replace("=", " ").split(), value)
            for key, item in har.items():
                if key == "cookies" and isinstance(item, list):
                    known.learn_cookies(*(str(cookie.get("value", "")) for cookie in item if isinstance(cookie, dict)))
                else:
                    learn_from_har(item, known)
        case list():
            for item in har:
                learn_from_har(item, known)


def _har_bytes(har: Any, known: Known) -> bytes:
    """Return a HAR cleaned, without bodies that are no text."""
    for entry in har["log"]["entries"]:
        content = entry.get("response", {}).get("content", {})
        if content.get("encoding") == "base64":
            content.pop("text", None)
            content["comment"] = "left out: not text"
    return json.dumps(cleaned_json(har, known), ensure_ascii=False).encode("utf-8", "replace")


def rewrite_trace(source: Path, sink: Path, known: Known) -> bool:
    """Write a trace anew, cleaned; say whether nothing known survived.

    Left out are call stacks, which name our own files, and whatever is neither text nor a picture or font.
    """
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        if sum(part.file_size for part in old.infolist()) > RECORDED_BYTES_MOST:
            return False
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith(".stacks"):
                continue
            if part.filename.endswith((".trace", ".network")):
                rewritten = b"\n".join(_clean_line(line, known) for line in data.splitlines() if line.strip()) + b"\n"
            else:
                rewritten = _clean_resource(data, known)
            if survives(rewritten, known) or survives(part.filename.encode(), known):
                return False
            new.writestr(part.filename, rewritten)
    return True


def _clean_line(line: bytes, known: Known) -> bytes:
    return json.dumps(cleaned_json(json.loads(line), known), ensure_ascii=False).encode("utf-8", "replace")


def _clean_resource(data: bytes, known: Known) -> bytes:
    """Return a stored body cleaned; one that is neither text nor a picture or font is emptied."""
    if data.startswith(_IMAGE_SIGNS):
        return data
    try:
        return cleaned(data.decode("utf-8"), known).encode("utf-8", "replace")
    except UnicodeDecodeError:
        return b""
