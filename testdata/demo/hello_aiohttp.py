"""The demonstration's aiohttp application: an ordinary one, which knows next to nothing of fectl."""

import asyncio
import os

from aiohttp import web


def whoami(request: web.Request) -> str:
    # The asyncio worker leaves itself in the application; run by hand there is none.
    worker = request.app.get("fectl_worker")
    place = f"worker {worker.index + 1} of {worker.service}" if worker is not None else "a worker on its own"
    return f"{place}, pid {os.getpid()}"


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"hello from aiohttp: {whoami(request)}\n")


async def slow(request: web.Request) -> web.StreamResponse:
    """A line each second, /slow?seconds=10: reload or stop the service meanwhile, it is finished all the same."""
    try:
        seconds = min(25, int(request.query.get("seconds", "10")))
    except ValueError:
        raise web.HTTPBadRequest(text="seconds is a number\n") from None
    response = web.StreamResponse()
    await response.prepare(request)
    for left in range(seconds, 0, -1):
        await response.write(f"{whoami(request)}: {left} s to go\n".encode())
        await asyncio.sleep(1)
    await response.write(b"done\n")
    return response


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/slow", slow)
    return app
