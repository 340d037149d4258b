"""What all channels in a real browser share: one tab of it, opened late, closed with the contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from probes.browser import Browser
from probes.channels.codes import CodeReader
from probes.channels.contract import Caller, Plain, Surroundings
from probes.journeys import Open
from scenarios.target import FormField

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

    async def _fill(self, tab: Tab, fields: Sequence[FormField], opening: Open) -> None:
        """Fill in what a page asks for, press what leads on, wait for what comes after that.

        Raises:
            probes.tab.PageError: something is not there, or no code came.
        """
        codes = None
        if any(field.asks_for_code() for field in fields):
            codes = CodeReader(self._around, self._caller)
            await codes.begin()  # before the desk is asked to send one
        try:
            for before, field in zip([None, *fields], fields, strict=False):
                if before is not None and before.press:
                    await tab.wait_for(field.selector)
                if field.press:
                    await tab.press(field.selector)
                    continue
                value = self._caller.field_value(field, opening)
                if codes is not None and field.asks_for_code():
                    value = value.replace("{code}", await codes.code())
                await tab.fill(field, value)
        finally:
            if codes is not None:
                codes.end()

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
