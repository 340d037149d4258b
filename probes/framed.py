"""Pages within a page: where a selector leads, and whether a frame is the one that a selector goes into."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.async_api import Error, Frame, FrameLocator, Locator, Page

from scenarios.selector import parts_of


def locate(page: Page, selector: str) -> Locator:
    """Return whatever fits a selector, in the frame it goes into; nothing is asked of the page yet."""
    frames, last = parts_of(selector)
    place: Page | FrameLocator = page
    for frame in frames:
        place = place.frame_locator(frame).first
    return place.locator(last)


class FramesKnown:
    """Which frames of a page are the ones that selectors go into; each is asked about once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Frame, tuple[str, ...]], bool] = {}

    async def leads_to(self, frame: Frame, frames: Sequence[str]) -> bool:
        """Say whether going into these frames, outermost first, leads to this one."""
        key = frame, tuple(frames)
        if key not in self._known:
            self._known[key] = await _frame_at(frame.page, frames) == frame
        return self._known[key]


async def _frame_at(page: Page, frames: Sequence[str]) -> Frame | None:
    """Return where a way of selectors leads; None where there is no such frame any more."""
    place: Frame | None = page.main_frame
    for selector in frames:
        try:
            element = await place.query_selector(selector) if place is not None else None
            place = await element.content_frame() if element is not None else None
        except Error:  # it is gone
            return None
    return place
