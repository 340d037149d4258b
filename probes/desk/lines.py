"""The lines of each channel: how many customers it holds at once, waiting and being served.

A line is free again when the customer's contact ends; the agent's work after it holds none.

>>> from scenarios.scenario import ChannelHours
>>> lines = Lines({"chat": ChannelHours(opens="09:00", closes="17:00", lines=1)})
>>> lines.take("chat"), lines.take("chat")
(True, False)
>>> lines.give_back("chat")
>>> lines.take("chat")
True
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from scenarios.scenario import Channel, ChannelHours


class Lines:
    """Counts the lines that are taken; a channel that names no number has any number."""

    def __init__(self, channels: Mapping[Channel, ChannelHours]) -> None:
        self._most = {name: hours.lines for name, hours in channels.items() if hours.lines is not None}
        self._taken: Counter[Channel] = Counter()

    def are_limited(self, channel: Channel) -> bool:
        """Say whether a channel names a number of lines."""
        return channel in self._most

    def is_full(self, channel: Channel) -> bool:
        """Say whether one more customer would find every line taken."""
        return channel in self._most and self._taken[channel] >= self._most[channel]

    def take(self, channel: Channel) -> bool:
        """Take a line, if one is free; say whether it was."""
        if self.is_full(channel):
            return False
        self._taken[channel] += 1
        return True

    def give_back(self, channel: Channel) -> None:
        """Free a line that was taken."""
        self._taken[channel] -= 1
