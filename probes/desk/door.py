"""The desk's door for HTTP that serves so many requests at once; the rest stand in line.

It stands for the machine a desk runs on, as the scenario's agents stand for its people. Who came first is served first.
A chat is one request for as long as its line is open. Whoever hangs up leaves the line; a request that has begun is
finished all the same, as a real server finishes it.
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from probes.desk.hall import Hall


def narrow_door(hall: Hall, capacity: int, *beside: str) -> Middleware:
    """Return what lets `capacity` requests in at once; those to the paths `beside` pass by.

    The server must cancel a request whose client has gone (`handler_cancellation`), or it would keep its place in line.
    """
    places = asyncio.Semaphore(capacity)

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in beside:
            return await handler(request)
        await places.acquire()
        if hall.has_ended:  # a place that came free because the desk closes
            places.release()
            raise web.HTTPServiceUnavailable
        serving = asyncio.ensure_future(handler(request))
        serving.add_done_callback(lambda _: places.release())
        hall.keep(serving)
        return await asyncio.shield(serving)

    return enter
