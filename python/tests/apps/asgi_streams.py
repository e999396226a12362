"""A stream that ends when uvicorn is told to exit, as with sse-starlette."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn

told = asyncio.Event()
before = uvicorn.Server.handle_exit


def handle_exit(*arguments: Any) -> None:
    told.set()
    before(*arguments)


uvicorn.Server.handle_exit = handle_exit  # type: ignore[method-assign]


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"data: first\n\n", "more_body": True})
    await told.wait()
    await send({"type": "http.response.body", "body": b"data: last\n\n"})
