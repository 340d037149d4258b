"""The table of channels: which session plays a channel, over which transport.

Importing it brings no browser, no telephone and no mail: the browser's sessions need `Surroundings.browser`, and that
the extra `browser`; the first call imports SIP and RTP, and needs the extra `phone`; mails need the extra `email`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from probes.channels.chat_browser import ChatBrowser
from probes.channels.chat_websocket import ChatWebSocket
from probes.channels.contract import Caller, Session, Surroundings
from probes.channels.email import EmailSession
from probes.channels.faq_browser import FaqBrowser
from probes.channels.faq_http import FaqHttp
from probes.channels.form_browser import FormBrowser
from probes.channels.form_http import FormHttp
from probes.channels.wire import WireSession
from scenarios.target import Target

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
    "email": EmailSession,
    "phone": phone_call,
}
"""Without a browser: fast enough for a crowd."""

BROWSER: dict[str, SessionMaker] = {
    "chat": ChatBrowser,
    "form": FormBrowser,
    "faq": FaqBrowser,
}
"""In a real browser, as a customer has it: a handful at a time, on the real clock."""


def sessions_of(target: Target, in_browser: bool = False) -> dict[str, SessionMaker]:
    """Return what plays each channel that a target describes.

    In the browser those channels that have a page; others, such as the telephone, as always.
    """
    known = {**PROTOCOL, **(BROWSER if in_browser else {})}
    described = {channel: maker for channel, maker in known.items() if getattr(target, channel, None) is not None}
    wired = {str(channel): WireSession for channel in target.wires if not (in_browser and channel in described)}
    return {**described, **wired}
