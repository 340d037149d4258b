"""Read an answer's body whole, and never more than a target allows: shared by the channels over plain HTTP."""

from __future__ import annotations

import aiohttp


async def read_text(answer: aiohttp.ClientResponse, bytes_most: int) -> str:
    """Return the body as text.

    Raises:
        aiohttp.ClientPayloadError: it is larger than `bytes_most`, or says that it is written in no known way.
    """
    body = bytearray()
    while not answer.content.at_eof() and len(body) <= bytes_most:
        body += await answer.content.read(bytes_most + 1 - len(body))
    if len(body) > bytes_most:
        raise aiohttp.ClientPayloadError(f"the page is larger than {bytes_most} bytes")
    try:
        return body.decode(answer.charset or "utf-8", "replace")
    except LookupError:
        raise aiohttp.ClientPayloadError(f"the page says it is written in {answer.charset!r}") from None
