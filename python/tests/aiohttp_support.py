"""What the tests of the aiohttp runner's connections within one process share: an application, clients, requests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from fectl_worker.runners import peer
from fectl_worker.runners.aiohttp_connection import Connection
from fectl_worker.runners.http_connections import Connections
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.testing import DEADLINE_S

LOOPS = ["asyncio", "uvloop"]

GET = b"GET / HTTP/1.1\r\nHost: t\r\nX-Note: some more\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: t\r\n\r\n"
EMPTY = b"GET /empty HTTP/1.1\r\nHost: t\r\n\r\n"
UNCHANGED = b"GET /unchanged HTTP/1.1\r\nHost: t\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\na\r\n\r\nbody"
CHUNKED = b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na\r\n\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
CHUNKED_ANSWER = b"GET /chunked HTTP/1.1\r\nHost: t\r\n\r\n"
UNREAD = b"POST /ignore HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\n\r\n\r\n"
HELD = b"GET /held HTTP/1.1\r\nHost: t\r\n\r\n"
MISSING = b"GET /missing HTTP/1.1\r\nHost: t\r\n\r\n"
KINDS = {
    "GET": GET,
    "HEAD": HEAD,
    "204": EMPTY,
    "304": UNCHANGED,
    "POST": POST,
    "chunked": CHUNKED,
    "chunked answer": CHUNKED_ANSWER,
    "unread body": UNREAD,
    "404": MISSING,
}
WEBSOCKET = (
    b"GET /chat HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# A masked text frame "hi", with the mask 0.
WEBSOCKET_HI = b"\x81\x82\0\0\0\0hi"


class Server:
    """An application's connections, and what its handlers wait for."""

    def __init__(self, limits: Limits) -> None:
        self.release = asyncio.Event()
        self.held = 0
        application = web.Application()
        application.router.add_route("*", "/", self._echo)
        application.router.add_get("/empty", self._fixed(204))
        application.router.add_get("/unchanged", self._fixed(304))
        application.router.add_get("/chunked", self._chunked)
        application.router.add_get("/held", self._held)
        application.router.add_get("/large", self._large)
        application.router.add_get("/chat", self._chat)
        application.router.add_post("/ignore", self._fixed(200))
        self.requests = RequestCount(None)  # type: ignore[arg-type]
        self.connections = Connections(application, limits=limits, requests=self.requests)

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
        found: list[Connection] = []

        def is_open() -> bool:
            found[:] = [c for c in self.connections.open if c.socket is theirs]
            return bool(found)

        await until(is_open)
        return Client(ours, found[0])

    async def _echo(self, request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    def _fixed(self, status: int) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=status)

        return answer

    async def _chunked(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"first ")
        await asyncio.sleep(0)
        await response.write(b"second")
        return response

    async def _held(self, _request: web.Request) -> web.Response:
        self.held += 1
        await self.release.wait()
        return web.Response(text="held")

    async def _large(self, _request: web.Request) -> web.Response:
        return web.Response(body=bytes(16 << 20))

    async def _chat(self, request: web.Request) -> web.WebSocketResponse:
        chat = web.WebSocketResponse()
        await chat.prepare(request)
        async for message in chat:
            await chat.send_str(message.data)
        return chat


class Client:
    """The client's end, and the server's object for the same connection."""

    def __init__(self, ours: socket.socket, connection: Connection) -> None:
        self.socket = ours
        self.connection = connection
        self._loop = asyncio.get_running_loop()
        self._got = b""

    async def send(self, data: bytes) -> None:
        """Sends, and waits until the server's loop has taken it from the kernel."""
        await self._loop.sock_sendall(self.socket, data)
        taken = lambda: peer.unread(self.socket) is None and not peer.is_readable(self.connection.socket)  # noqa: E731
        await until(lambda: taken() or peer.has_hung_up(self.socket))
        await asyncio.sleep(0)

    async def answer(self, *, to_head: bool = False) -> tuple[int, dict[bytes, bytes], bytes]:
        while b"\r\n\r\n" not in self._got:
            await self._fill()
        head, _, self._got = self._got.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(b":") for line in lines)}
        status = int(first.split()[1])
        if to_head or status in (101, 204, 304):
            return status, headers, b""
        if b"transfer-encoding" in headers:
            body = b""
            while (size := int(await self._line(), 16)) > 0:
                body += (await self._take(size + 2))[:-2]
            await self._line()
            return status, headers, body
        return status, headers, await self._take(int(headers[b"content-length"]))

    async def at_end(self) -> bool:
        try:
            return self._got + await asyncio.wait_for(self._loop.sock_recv(self.socket, 1), DEADLINE_S) == b""
        except ConnectionResetError:
            return True

    async def _line(self) -> bytes:
        while b"\r\n" not in self._got:
            await self._fill()
        line, _, self._got = self._got.partition(b"\r\n")
        return line

    async def _take(self, count: int) -> bytes:
        while len(self._got) < count:
            await self._fill()
        taken, self._got = self._got[:count], self._got[count:]
        return taken

    async def _fill(self) -> None:
        data = await asyncio.wait_for(self._loop.sock_recv(self.socket, 65536), DEADLINE_S)
        assert data, f"closed without an answer; {self._got!r} had come"
        self._got += data


async def pass_time(seconds: float) -> None:
    """The pace of a slow client, or between two looks at a condition."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


async def until(condition: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await pass_time(0.001)


def run(test: Callable[[], Awaitable[None]], loop: str = "asyncio") -> None:
    if loop == "uvloop":
        event_loop = pytest.importorskip("uvloop").new_event_loop()
    else:
        event_loop = asyncio.new_event_loop()
    try:
        event_loop.run_until_complete(test())
    finally:
        event_loop.close()


@contextlib.asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[Server]:
    server = Server(Limits(**limits))
    await server.connections.setup()
    try:
        yield server
    finally:
        await server.connections.cut_off()
        await until(lambda: server.connections.count == 0)
        await server.connections.cleanup()
