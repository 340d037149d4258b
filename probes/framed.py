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
            self._known[key] = await _leads_to(frame, frames)
        return self._known[key]


async def _leads_to(frame: Frame | None, frames: Sequence[str]) -> bool:
    for selector in reversed(frames):
        if frame is None or frame.parent_frame is None:
            return False
        try:
            element = await frame.frame_element()
            fits = await element.evaluate("(element, selector) => element.matches(selector)", selector)
        except Error:  # the frame is gone
            return False
        if not fits:
            return False
        frame = frame.parent_frame
    return frame is not None and frame.parent_frame is None
