"""The connections of the aiohttp runner within one process: what they are, their limits, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
from typing import Any, AsyncIterator, Awaitable, Callable, Optional

import pytest
from aiohttp import web

from fectl_worker.runners import http_connections, peer
from fectl_worker.runners.aiohttp_connection import Connection, Phase
from fectl_worker.runners.draining import CutOff
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


async def until(condition: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await asyncio.sleep(0.001)


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


# --- what a connection is doing, whatever the pieces in which the bytes come ---


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", KINDS)
def test_AIOHTTP_NOW_every_split_of_a_request_is_answered_and_the_connection_idle_after_it(
    kind: str, loop: str
) -> None:
    async def test() -> None:
        request = KINDS[kind]
        async with serving() as server:
            client = await server.connect()
            for at in range(1, len(request)):
                await client.send(request[:at])
                assert client.connection.phase is not Phase.IDLE
                await client.send(request[at:])
                status, _, _ = await client.answer(to_head=kind == "HEAD")
                assert status in (200, 204, 304, 404)
                await until(client.connection.is_idle)
            assert server.requests.total == len(request) - 1

    run(test, loop)


@pytest.mark.parametrize("first", KINDS)
def test_AIOHTTP_NOW_pipelined_requests_in_one_segment_are_all_answered(first: str) -> None:
    async def test() -> None:
        async with serving() as server:
            client = await server.connect()
            await client.send(KINDS[first] + b"\r\n" + POST + CHUNKED + GET)
            await client.answer(to_head=first == "HEAD")
            assert [(await client.answer())[2] for _ in range(3)] == [b"a\r\n\r\nbody", b"a\r\n\r\nbody", b""]
            await until(client.connection.is_idle)
            assert server.requests.total == 4

    run(test)


def test_AIOHTTP_NOW_byte_by_byte_is_no_different() -> None:
    async def test() -> None:
        async with serving() as server:
            client = await server.connect()
            for byte in (one for request in KINDS.values() for one in request):
                await client.send(bytes([byte]))
            for kind in KINDS:
                await client.answer(to_head=kind == "HEAD")
            await until(client.connection.is_idle)

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_AIOHTTP_NOW_what_is_held_back_is_bounded_and_nothing_of_it_is_lost(loop: str) -> None:
    async def test() -> None:
        async with serving() as server:
            client = await server.connect()
            count = 20000
            sending = asyncio.ensure_future(
                asyncio.get_running_loop().sock_sendall(client.socket, b"GET /held HTTP/1.1\r\nHost: t\r\n\r\n" + GET * count)
            )
            await until(lambda: server.held == 1 and client.connection.transport is not None)
            await until(lambda: not client.connection.transport.is_reading())
            assert not sending.done()
            server.release.set()
            for _ in range(count + 1):
                assert (await client.answer())[0] == 200
            await sending

    run(test, loop)


def test_AIOHTTP_NOW_an_error_that_aiohttp_answers_by_itself_ends_the_connection() -> None:
    async def test() -> None:
        async with serving() as server:
            client = await server.connect()
            await client.send(GET + b"this is not HTTP\r\n\r\n" + GET)
            assert (await client.answer())[0] == 200
            assert (await client.answer())[0] == 400
            assert await client.at_end()
            await until(lambda: server.connections.count == 0)

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_AIOHTTP_NOW_a_websocket_is_counted_as_itself_and_its_bytes_pass(loop: str) -> None:
    async def test() -> None:
        async with serving() as server:
            client = await server.connect()
            # The first frame comes together with the head.
            await client.send(WEBSOCKET + WEBSOCKET_HI)
            assert (await client.answer())[0] == 101
            assert await client._take(4) == b"\x81\x02hi"
            assert client.connection.phase is Phase.UPGRADED
            await client.send(WEBSOCKET_HI)
            assert await client._take(4) == b"\x81\x02hi"

    run(test, loop)


# --- a part of the next request ---


@pytest.mark.parametrize("first", KINDS)
def test_PART_OF_NEXT_it_is_answered_in_a_drain_with_every_split(first: str) -> None:
    """One connection for each split of the next request: a part of it comes with the request before, then the stop."""

    async def test() -> None:
        async with serving(linger=0.0) as server:
            parts = range(1, len(GET))
            clients = [await server.connect() for _ in parts]
            for client, part in zip(clients, parts):
                await client.send(KINDS[first] + GET[:part])
                await client.answer(to_head=first == "HEAD")
            idle = await server.connect()
            await idle.send(KINDS[first])
            await idle.answer(to_head=first == "HEAD")
            drained = asyncio.ensure_future(server.connections.drain(DEADLINE_S))
            assert await idle.at_end()
            for client, part in zip(clients, parts):
                assert not client.connection.is_idle()
                await client.send(GET[part:])
                status, headers, _ = await client.answer()
                assert (status, headers[b"connection"]) == (200, b"close")
                assert await client.at_end()
            assert not await drained

    run(test)


# --- a client that closes its own direction ---


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("loop", LOOPS)
def test_HALF_CLOSE_the_answers_then_the_end(loop: str, tcp: bool) -> None:
    async def test() -> None:
        async with serving() as server:
            client = await server.connect(tcp=tcp)
            await client.send(b"GET /held HTTP/1.1\r\nHost: t\r\n\r\n" + POST + GET[:9])
            client.socket.shutdown(socket.SHUT_WR)
            await until(lambda: server.held == 1)
            await asyncio.sleep(0.01)
            server.release.set()
            assert (await client.answer())[2] == b"held"
            assert (await client.answer())[2] == b"a\r\n\r\nbody"
            assert await client.at_end()
            await until(lambda: server.connections.count == 0)

    run(test, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_HALF_CLOSE_what_can_never_be_complete_is_closed_at_once(loop: str) -> None:
    async def test() -> None:
        async with serving() as server:
            for sent in (b"", GET, GET[:9], POST[:-2]):
                client = await server.connect()
                await client.send(sent)
                if sent == GET:
                    await client.answer()
                client.socket.shutdown(socket.SHUT_WR)
                assert await client.at_end()
            await until(lambda: server.connections.count == 0)

    run(test, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_HALF_CLOSE_a_client_that_went_away_is_noticed_without_an_answer(loop: str) -> None:
    async def test() -> None:
        async with serving(header_timeout=1.0) as server:
            client = await server.connect()
            await client.send(b"GET /held HTTP/1.1\r\nHost: t\r\n\r\n")
            await until(lambda: server.held == 1)
            client.socket.close()
            await until(lambda: server.connections.count == 0)

    run(test, loop)


# --- limits ---


async def cut_in_service(server: Server, client: Client, sent: bytes) -> None:
    await client.send(sent)
    assert await client.at_end()
    await until(lambda: server.connections.count == 0)


async def cut_in_drain(server: Server, client: Client, sent: bytes) -> None:
    await client.send(sent)
    assert not await server.connections.drain(DEADLINE_S)
    assert server.connections.count == 0


@pytest.mark.parametrize("cut", [cut_in_service, cut_in_drain])
@pytest.mark.parametrize("loop", LOOPS)
def test_NO_LIMIT_a_connection_that_sends_nothing(loop: str, cut: Any) -> None:
    async def test() -> None:
        async with serving(header_timeout=0.2) as server:
            await cut(server, await server.connect(), b"")

    run(test, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_NO_LIMIT_a_handshake_that_stops(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "TLS_HANDSHAKE_S", 0.2)

    async def test() -> None:
        async with serving() as server:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            theirs.setblocking(False)
            server.connections.take(theirs, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            assert server.connections.count == 1
            # The first bytes of a handshake, then silence.
            await asyncio.get_running_loop().sock_sendall(ours, b"\x16\x03\x01\x02\x00")
            await until(lambda: server.connections.count == 0)
            ours.close()

    run(test, loop)


@pytest.mark.parametrize("cut", [cut_in_service, cut_in_drain])
@pytest.mark.parametrize("loop", LOOPS)
def test_NO_LIMIT_half_a_head(loop: str, cut: Any) -> None:
    async def test() -> None:
        async with serving(header_timeout=0.2) as server:
            await cut(server, await server.connect(), GET[:20])

    run(test, loop)


@pytest.mark.parametrize("cut", [cut_in_service, cut_in_drain])
@pytest.mark.parametrize("request_part", [POST[:-2], CHUNKED[:-6], UNREAD[:-2]], ids=["length", "chunked", "unread"])
def test_NO_LIMIT_half_a_body(request_part: bytes, cut: Any) -> None:
    async def test() -> None:
        async with serving(request_timeout=0.2) as server:
            client = await server.connect()
            if request_part == UNREAD[:-2]:
                # Its answer does not wait for the body.
                await client.send(request_part)
                await client.answer()
                request_part_left = b""
            else:
                request_part_left = request_part
            await cut(server, client, request_part_left)

    run(test)


@pytest.mark.parametrize("cut", [cut_in_service, cut_in_drain])
@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("loop", LOOPS)
def test_NO_LIMIT_an_answer_that_is_not_read(loop: str, tcp: bool, cut: Any) -> None:
    async def test() -> None:
        async with serving(request_timeout=0.2) as server:
            client = await server.connect(tcp=tcp)
            await client.send(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n")
            if cut is cut_in_drain:
                assert not await server.connections.drain(DEADLINE_S)
            await until(lambda: server.connections.count == 0)

    run(test, loop)


def test_NO_LIMIT_a_slow_body_and_a_slow_reader_have_time_while_they_proceed() -> None:
    async def test() -> None:
        async with serving(request_timeout=0.4) as server:
            loop = asyncio.get_running_loop()
            reader = await server.connect(tcp=True)
            await reader.send(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n")
            sender = await server.connect()
            await sender.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
            body = 16 << 20
            got = 0
            began = loop.time()
            sent = 0
            while loop.time() < began + 2.0:
                await sender.send(bytes(1000))
                sent += 1000
                got += len(await asyncio.wait_for(loop.sock_recv(reader.socket, 65536), DEADLINE_S))
                await asyncio.sleep(0.1)
            await sender.send(bytes(100000 - sent))
            assert len((await sender.answer())[2]) == 100000
            while got < body:
                data = await asyncio.wait_for(loop.sock_recv(reader.socket, 1 << 20), DEADLINE_S)
                assert data, f"cut off after {got} bytes"
                got += len(data)

    run(test)


def test_NO_LIMIT_zero_means_none_and_a_websocket_has_none() -> None:
    async def test() -> None:
        async with serving(header_timeout=0.0, request_timeout=0.0, keep_alive=0.1) as unlimited:
            async with serving(header_timeout=0.1, request_timeout=0.1, keep_alive=0.1) as limited:
                silent, head, body = [await unlimited.connect() for _ in range(3)]
                await head.send(GET[:9])
                await body.send(POST[:-2])
                websocket = await limited.connect()
                await websocket.send(WEBSOCKET)
                assert (await websocket.answer())[0] == 101
                # Others, which are limited, have come and gone in the meantime.
                for _ in range(5):
                    assert await (await limited.connect()).at_end()
                assert [unlimited.connections.count, limited.connections.count] == [3, 1]
                await silent.send(GET)
                await head.send(GET[9:])
                await body.send(POST[-2:])
                for client in (silent, head, body):
                    assert (await client.answer())[0] == 200

    run(test)


@pytest.mark.parametrize("loop", LOOPS)
def test_NO_LIMIT_an_idle_connection_is_closed_after_keepalive_and_one_that_begins_a_request_is_not(loop: str) -> None:
    async def test() -> None:
        async with serving(keep_alive=0.3) as server:
            idle, begins = await server.connect(), await server.connect()
            for client in (idle, begins):
                await client.send(GET)
                assert (await client.answer())[0] == 200
            await begins.send(GET[:9])
            assert await idle.at_end()
            await begins.send(GET[9:])
            assert (await begins.answer())[0] == 200

    run(test, loop)


# --- what was cut off ---


def test_WORDS_OF_CUT_each_kind_by_its_name() -> None:
    async def test() -> None:
        async with serving(linger=60.0) as server:
            fresh = await server.connect()
            heads = [await server.connect() for _ in range(2)]
            answer, body, websocket = [await server.connect() for _ in range(3)]
            for head in heads:
                await head.send(GET[:9])
            await answer.send(b"GET /held HTTP/1.1\r\nHost: t\r\n\r\n")
            await body.send(POST[:-2])
            await websocket.send(WEBSOCKET)
            assert (await websocket.answer())[0] == 101
            await until(lambda: server.held == 1)
            cut_off = await server.connections.drain(0.1)
            assert str(cut_off) == "2 answers, 2 unfinished heads, 1 websocket were cut off"
            assert cut_off
            for client in (fresh, *heads, answer, body):
                assert await client.at_end()

    run(test)


def test_WORDS_OF_CUT_one_and_many() -> None:
    assert not CutOff()
    assert str(CutOff(answers=1)) == "1 answer was cut off"
    assert str(CutOff(handshakes=2)) == "2 TLS handshakes were cut off"
    for counts in itertools.product((0, 1, 2), repeat=4):
        assert bool(CutOff(*counts)) is any(counts)
