"""The table of channels: which session plays a channel, over which transport.

Importing it brings no browser and no telephone: the browser's sessions need `Surroundings.browser`, and that the extra
`browser`; the first call imports SIP and RTP, and needs the extra `phone`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from probes.channels.chat_browser import ChatBrowser
from probes.channels.chat_websocket import ChatWebSocket
from probes.channels.contract import Caller, Session, Surroundings
from probes.channels.faq_http import FaqHttp
from probes.channels.form_browser import FormBrowser
from probes.channels.form_http import FormHttp

SessionMaker = Callable[[Surroundings, Caller], Session]


def phone_call(around: Surroundings, caller: Caller) -> Session:
    """Return a telephone call; SIP and RTP are imported with the first."""
    from probes.channels.phone import PhoneCall

    return PhoneCall(around, caller)


def load_channels(channels: Iterable[str]) -> None:
    """Import what these channels bring, before the first contact: it would be late otherwise."""
    if "phone" in channels:
        from probes.channels.phone import warm_up

        warm_up()


PROTOCOL: dict[str, SessionMaker] = {
    "chat": ChatWebSocket,
    "form": FormHttp,
    "faq": FaqHttp,
    "phone": phone_call,
}
"""Without a browser: fast enough for a crowd."""

BROWSER: dict[str, SessionMaker] = {
    "chat": ChatBrowser,
    "form": FormBrowser,
}
"""In a real browser, as a customer has it: a handful at a time, on the real clock."""
