"""Fixtures that every test of the probes can ask for by name."""

from collections.abc import Iterator

import pytest

from probes.browser import Browser, BrowserMissingError, open_browser
from tests.probes.chat_fixture import chat_desk
from tests.probes.helpdesk_fixture import helpdesk
from tests.probes.loop_thread import LoopThread
from tests.probes.social_fixture import network

__all__ = ["browser", "chat_desk", "helpdesk", "network", "probe_loop"]


@pytest.fixture(scope="module")
def probe_loop() -> Iterator[LoopThread]:
    """Yield an event loop in a thread of its own, in which all probes of a module run.

    Not of the session: a thread that could still wake somebody up keeps tests of the virtual loop waiting.
    """
    with LoopThread() as loop:
        yield loop


@pytest.fixture(scope="module")
def browser(probe_loop: LoopThread) -> Iterator[Browser]:
    """Yield a module's one browser; a machine without one fails, with the command that brings it."""
    opened = open_browser()
    try:
        chromium = probe_loop.run(opened.__aenter__())
    except BrowserMissingError as error:
        pytest.fail(str(error), pytrace=False)
    yield chromium
    probe_loop.run(opened.__aexit__(None, None, None))
