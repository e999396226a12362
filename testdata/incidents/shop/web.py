"""The same behind HTTP: GET /HOW hangs there."""

import os
from typing import Any, Iterable

from shop import db

HANGS = not os.path.exists("hang")


def make_aiohttp() -> Any:
    from aiohttp import web

    async def answer(request: Any) -> Any:
        if HANGS and request.path[1:] in db.HANGS:
            db.HANGS[request.path[1:]]()
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/{how}", answer)
    return app


def make_stuck_aiohttp() -> Any:
    """Its start-up waits for what never comes."""
    from aiohttp import web

    async def connect(_: Any) -> None:
        await db.ask()

    app = web.Application()
    if HANGS:
        app.on_startup.append(connect)
    return app


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        if HANGS and os.environ.get("STUCK"):
            await db.ask()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if HANGS and scope["path"][1:] in db.HANGS:
        db.HANGS[scope["path"][1:]]()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    how = environ["PATH_INFO"][1:]
    if HANGS and how in db.HANGS:
        db.HANGS[how]()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
