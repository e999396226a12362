"""For every kind of worker: at /blocks, how many blocks of memory Python's objects have, garbage not counted."""

from __future__ import annotations

import gc
import sys
from typing import Any


def body_for(path: str) -> bytes:
    if path != "/blocks":
        return b"hello"
    gc.collect()
    return str(sys.getallocatedblocks()).encode()


def application(environ: Any, start_response: Any) -> list[bytes]:
    body = body_for(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    body = body_for(scope["path"])
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def make_app() -> Any:
    from aiohttp import web  # not for those that serve another kind

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body_for(request.path))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app
