"""The table of channels: which session plays a channel, over which transport.

Importing it brings no browser; the browser's sessions need `Surroundings.browser`, and that needs the extra `browser`.
"""

from __future__ import annotations

from collections.abc import Callable

from probes.channels.chat_browser import ChatBrowser
from probes.channels.chat_websocket import ChatWebSocket
from probes.channels.contract import Caller, Session, Surroundings
from probes.channels.faq_browser import FaqBrowser
from probes.channels.faq_http import FaqHttp
from probes.channels.form_browser import FormBrowser
from probes.channels.form_http import FormHttp

SessionMaker = Callable[[Surroundings, Caller], Session]

PROTOCOL: dict[str, SessionMaker] = {
    "chat": ChatWebSocket,
    "form": FormHttp,
    "faq": FaqHttp,
}
"""Without a browser: fast enough for a crowd."""

BROWSER: dict[str, SessionMaker] = {
    "chat": ChatBrowser,
    "form": FormBrowser,
    "faq": FaqBrowser,
}
"""In a real browser, as a customer has it: a handful at a time, on the real clock."""
