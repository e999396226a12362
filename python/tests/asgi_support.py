"""What the tests of the ASGI runner's connections within one process share: an application, and its server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, AsyncIterator

from fectl_worker.runners.asgi_config import uvicorn_config
from fectl_worker.runners.asgi_connections import AsgiConnections
from fectl_worker.runners.asgi_connection import Watch
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.testing import DEADLINE_S
from python.tests.aiohttp_support import Client, until

HTTP = ["h11", "httptools"]


class Server:
    """An application's connections, and what its requests wait for."""

    def __init__(self, limits: Limits, http: str, ws: str) -> None:
        self.release = asyncio.Event()
        #: Requests that wait for `release`.
        self.held = 0
        config = uvicorn_config(self._application, lifespan="off", http=http, ws=ws)
        state = getattr(config.lifespan_class(config), "state", None)
        self.requests = RequestCount(None)  # type: ignore[arg-type]
        self.connections = AsgiConnections(config, limits=limits, requests=self.requests, state=state)

    async def connect(self, *, tcp: bool = False) -> Client:
        if tcp:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                ours = socket.create_connection(listener.getsockname())
                theirs, _ = listener.accept()
        else:
            ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self.connections.take(theirs, None)
        found: list[Watch] = []

        def is_open() -> bool:
            found[:] = [watch for watch in self.connections.watches if watch.socket is theirs]
            return bool(found)

        await until(is_open)
        return Client(ours, found[0])  # type: ignore[arg-type]

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._chat(receive, send)
            return
        if scope["path"] in ("/held", "/background"):
            if scope["path"] == "/background":
                await _answer(send, b"answered")
            self.held += 1
            await self.release.wait()
            if scope["path"] == "/held":
                await _answer(send, b"held")
        elif scope["path"] == "/chunked":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"first ", "more_body": True})
            await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"second"})
        elif scope["path"] == "/large":
            await _answer(send, bytes(16 << 20))
        elif scope["path"] in ("/empty", "/unchanged"):
            status = 204 if scope["path"] == "/empty" else 304
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body"})
        elif scope["path"] == "/":
            await _answer(send, await _body(receive))
        else:
            # The body is not read.
            await _answer(send, b"", 200 if scope["path"] == "/ignore" else 404)

    async def _chat(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


async def _answer(send: Any, body: bytes, status: int = 200) -> None:
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


@contextlib.asynccontextmanager
async def serving(http: str = "h11", ws: str = "auto", **limits: Any) -> AsyncIterator[Server]:
    server = Server(Limits(**limits), http, ws)
    try:
        yield server
    finally:
        server.release.set()
        await server.connections.cut_off()
        await until(lambda: server.connections.count == 0)


async def drained(server: Server) -> Any:
    return await server.connections.drain(DEADLINE_S)
