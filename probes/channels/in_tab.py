"""What all channels in a real browser share: one tab of it, opened late, closed with the contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.browser import Browser
from probes.channels.contract import Caller, Plain, Surroundings

if TYPE_CHECKING:
    from probes.tab import Tab


class InTab(Plain):
    """A contact in a tab of its own."""

    def __init__(self, around: Surroundings, caller: Caller) -> None:
        assert around.browser is not None, "a browser must be opened for journeys that are played in one"
        self._around, self._caller = around, caller
        self._browser: Browser = around.browser
        self._tab: Tab | None = None
        self.entered_s: float | None = None

    def _note_error(self, error_s: float) -> None:
        if self._around.instrument is not None:
            self._around.instrument.errors_s.append(error_s)

    async def leave(self) -> None:
        """Close the window."""
        if self._tab is not None:
            await self._tab.leave()

    async def close(self) -> None:
        """Close the page and forget its cookies."""
        if self._tab is not None:
            await self._tab.close()

    async def evidence(self, name: str) -> str | None:
        """Keep what can be seen of the page."""
        return None if self._tab is None else await self._tab.evidence(self._around.evidence, name)
