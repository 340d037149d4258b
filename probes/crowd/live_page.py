"""A page beside Locust's own on which a run is watched: what it shows, and how it is served.

Served by Locust's own web server, on its address (127.0.0.1 unless told otherwise) and behind its login, under
/testdrive and /testdrive/figures.json. Locust lets pages of any origin read what it serves; this one is read by its own
page alone, as it tells how somebody's desk fares. Nothing is served where Locust serves nothing (`--headless`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, request

from probes.crowd.live_figures import LiveFigures
from results.bands import Bins

PAGE = Path(__file__).with_name("live_page.html")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Watched:
    """A run as those see it who watch: how far it is, its figures, and the band."""

    def __init__(self) -> None:
        self.state = "preparing"
        """preparing, playing or over."""
        self.awaits_band = False
        self._word = ""
        self._code: int | None = None
        self._shown: Mapping[str, Any] = {}
        self._figures: LiveFigures | None = None
        self._band: Mapping[str, Any] | None = None
        self._why_no_band = "not asked for"

    def prepare(self, shown: Mapping[str, Any]) -> None:
        """Take in what is to be shown: scenario, planned, bins, channels, warm_up_s, stages."""
        self._shown = shown
        self._figures = LiveFigures(Bins(**shown["bins"]), shown["channels"], shown["warm_up_s"])

    def hear(self, part: str, word: Mapping[str, Any]) -> None:
        """Take in what a part tells."""
        if self._figures is not None:
            self._figures.hold(part, word["shards"])
            self._figures.hear(part, word["ticks"], word["now"])

    def lose(self, part: str, is_done: bool = False) -> None:
        """Note that a part is gone; one that is done has nobody left who waits."""
        if self._figures is not None and not is_done:
            self._figures.lose(part)

    def await_band(self) -> None:
        """Note that a simulation is under way."""
        self.awaits_band, self._why_no_band = True, "it is being simulated"

    def hear_band(self, word: Mapping[str, Any]) -> None:
        """Take in the band, or why there is none."""
        self.awaits_band = False
        self._band, self._why_no_band = word.get("band"), word.get("failed", "")

    def lose_band(self, code: int) -> None:
        """Note that whoever was to tell the band has ended."""
        if self.awaits_band:
            self.awaits_band, self._why_no_band = False, f"the simulation ended with exit code {code}"

    def end(self, code: int, word: str) -> None:
        """Note how the run ended."""
        self.state, self._code, self._word = "over", code, word

    def document(self) -> dict[str, Any]:
        """Return what the page shows."""
        figures = {} if self._figures is None else self._figures.document()
        told = {name: self._shown[name] for name in ("scenario", "planned", "stages", "warm_up_s") if self._shown}
        return {
            "state": self.state, "code": self._code, "word": self._word, **told, **figures, "band": self._band,
            "why_no_band": self._why_no_band,
        }  # fmt: skip


def serve_page(web_ui: Any, document: Callable[[], dict[str, Any] | None]) -> None:
    """Have Locust's web server serve the page; `document` returns what it shows, None where no run has begun."""
    options = web_ui.environment.parsed_options
    pages = Blueprint("testdrive", __name__, url_prefix=getattr(options, "web_base_path", None) or None)

    @pages.before_request
    def for_our_page_alone() -> None:
        if not is_ours(web_ui.host, request.host, request.headers.get("Origin")):
            abort(403)

    def page() -> Response:
        return Response(PAGE.read_text(encoding="utf-8"), mimetype="text/html")

    def figures() -> Response:
        answer = jsonify(document() or {"state": "not begun"})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    for path, view in (("/testdrive", page), ("/testdrive/figures.json", figures)):
        pages.add_url_rule(path, view_func=web_ui.auth_required_if_enabled(view))
    web_ui.app.register_blueprint(pages)


def page_url(web_ui: Any) -> str:
    """Return where the page is found in a browser on this machine."""
    scheme = "https" if web_ui.tls_cert else "http"
    base = getattr(web_ui.environment.parsed_options, "web_base_path", None) or ""
    return f"{scheme}://{web_ui.host or 'localhost'}:{web_ui.port}{base}/testdrive"


def is_ours(bound: str, host: str, origin: str | None) -> bool:
    """Say whether a request comes from our own page, or from nobody's: not from another site's in the same browser.

    Args:
        bound: the address that the server listens on.
        host: the Host that was asked; on loopback another name is a foreign one that was pointed here.
        origin: the Origin, where the request names one.

    >>> is_ours("127.0.0.1", "localhost:8089", None), is_ours("127.0.0.1", "shop.example:8089", None)
    (True, False)
    >>> is_ours("", "desk.example:8089", "https://shop.example")
    False
    """
    if bound in LOOPBACK and urlsplit(f"//{host}").hostname not in LOOPBACK:
        return False
    return origin is None or urlsplit(origin).netloc == host
