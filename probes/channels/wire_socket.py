"""A WebSocket as a target's frame describes it: what stands around each message, greetings, pings and beats.

Hands over the text of each message; refuses to know what one means.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import aiohttp

from scenarios.wire import Frame


class LineClosedError(Exception):
    """The desk has closed the line; the message goes into the log."""


class FramedSocket:
    """One line that is open."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, frame: Frame) -> None:
        self._socket, self._frame = socket, frame
        self._beating: asyncio.Task[None] | None = None

    async def begin(self, hear: Callable[[str], None]) -> None:
        """Greet, and wait until the desk is ready.

        Raises:
            LineClosedError: the desk hangs up first.
        """
        for text in self._frame.begin:
            await self._send_text(text)
        if self._frame.beat is not None:
            self._beating = asyncio.create_task(self._beat(self._frame.beat))
        if self._frame.ready is None:
            return
        async for came in self._socket:
            text = _text_of(came)
            await self._take_in(text, hear)
            if re.search(self._frame.ready, text):
                return
        raise LineClosedError(f"the desk closed the line before it was ready (code {self._socket.close_code})")

    async def send(self, message: Any) -> None:
        """Send a message as JSON."""
        told = json.dumps(message, ensure_ascii=False)
        await self._send_text(f"{self._frame.before}{told}{self._frame.behind}")

    async def read(self, hear: Callable[[str], None], is_enough: Callable[[], bool]) -> None:
        """Hand over what comes until it is enough.

        Raises:
            LineClosedError: the desk hangs up first.
        """
        async for came in self._socket:
            await self._take_in(_text_of(came), hear)
            if is_enough():
                return
            await asyncio.sleep(0)  # messages that are there already are read without a break: let others run
        raise LineClosedError(f"the desk closed the line without a word (code {self._socket.close_code})")

    async def close(self) -> None:
        """Hang up."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await self._socket.close()

    async def _take_in(self, data: str, hear: Callable[[str], None]) -> None:
        """Answer what wants an answer, and hand over the rest."""
        frame = self._frame
        for text in data.split(frame.behind) if frame.behind else [data]:
            answer = next((answer for pattern, answer in frame.answers.items() if re.search(pattern, text)), None)
            if answer is not None:
                await self._send_text(answer)
            elif text.startswith(frame.before):
                hear(text.removeprefix(frame.before))

    async def _beat(self, beat: str) -> None:
        """Say every so often that we are still there."""
        while True:
            await asyncio.sleep(self._frame.beat_s)
            await self._send_text(beat)

    async def _send_text(self, text: str) -> None:
        """Send text as it stands; a line that has gone is noticed where it is read."""
        if not self._socket.closed:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.send_str(text)


def _text_of(message: aiohttp.WSMessage) -> str:
    """Return what a message says; some servers send their text as bytes."""
    if message.type is aiohttp.WSMsgType.BINARY:
        return bytes(message.data).decode("utf-8", "replace")
    return str(message.data) if message.type is aiohttp.WSMsgType.TEXT else ""
