"""A Starlette application for `app = "asgi"`: a page, a stream of events, a websocket, and a word with the master.

    [[socket]]
    name = "http"
    port = 8080
    app = "asgi"
    arguments = ["app=ticks:app", "graceful_timeout=10"]

    [[service]]
    name = "ticks"
    command = "/usr/bin/python3 -m fectl_worker asyncio"
"""

import asyncio
import contextlib

import fectl_worker
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

# Time between two events of a stream.
TICK_S = 0.5


@contextlib.asynccontextmanager
async def lifespan(app):
    """Start-up, up to the yield: no worker is told to serve before it is complete. An exception fails the start."""
    app.state.listeners = 0
    yield
    # Shutdown: every request has ended.
    print(f"listeners at the end: {app.state.listeners}")


async def page(request):
    worker = fectl_worker.current()
    return JSONResponse({"worker": worker.index if worker else None, "listeners": request.app.state.listeners})


async def events(request):
    """Server-sent events. A reload does not wait for them: they end after graceful_timeout, and browsers come again."""

    async def stream():
        count_listeners(request.app, +1)
        try:
            for number in range(1_000_000):
                yield f"data: {number}\n\n"
                await asyncio.sleep(TICK_S)
        finally:
            count_listeners(request.app, -1)

    return StreamingResponse(stream(), media_type="text/event-stream")


def count_listeners(app, change):
    app.state.listeners += change
    worker = fectl_worker.current()
    if worker is not None:
        # Shown by `fectl status`.
        worker.set_gauge("listeners", app.state.listeners)


async def echo(websocket):
    await websocket.accept()
    # Ends with the code 1012 when the worker is to leave.
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = Starlette(
    routes=[Route("/", page), Route("/events", events), WebSocketRoute("/echo", echo)],
    lifespan=lifespan,
)
