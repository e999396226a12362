"""The connections of the ASGI runner within one process: their limits, and what is said when they are cut off."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest

from fectl_worker.runners import connecting
from fectl_worker.testing import DEADLINE_S
from python.tests.aiohttp_support import (
    CHUNKED,
    GET,
    HELD,
    LOOPS,
    POST,
    UNREAD,
    WEBSOCKET,
    Client,
    pass_time,
    run,
    until,
)
from python.tests.asgi_support import HTTP, Server, serving
from python.tests.support import begun_handshake


async def cut_in_service(server: Server, client: Client, sent: bytes) -> None:
    await client.send(sent)
    assert await client.at_end()
    await until(lambda: server.connections.count == 0)


async def cut_in_drain(server: Server, client: Client, sent: bytes) -> None:
    await client.send(sent)
    assert not await server.connections.drain(DEADLINE_S)
    assert server.connections.count == 0


CUTS = [cut_in_service, cut_in_drain]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("sent", [b"", GET[:20]], ids=["nothing", "half a head"])
def test_header_timeout(sent: bytes, loop: str, http: str, cut: Any) -> None:
    async def test() -> None:
        async with serving(http, header_timeout=0.2) as server:
            await cut(server, await server.connect(), sent)

    run(test, loop)


@pytest.mark.parametrize("http", HTTP)
def test_header_timeout_holds_for_the_next_head_and_is_not_begun_anew_by_each_byte(http: str) -> None:
    async def test() -> None:
        async with serving(http, header_timeout=0.3) as server:
            loop = asyncio.get_running_loop()
            client = await server.connect()
            await client.send(GET)
            await client.answer()
            began = loop.time()
            await client.send(GET[:20])
            while loop.time() < began + DEADLINE_S and server.connections.count:
                try:
                    await loop.sock_sendall(client.socket, b"X")
                except OSError:
                    break
                await pass_time(0.05)
            assert loop.time() - began < DEADLINE_S / 2
            assert server.connections.total == 1

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_hundreds_of_connections_that_trickle_are_all_cut_off_while_others_are_served(http: str) -> None:
    async def test() -> None:
        async with serving(http, header_timeout=1.0, request_timeout=1.0) as server:
            long = b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n"
            trickling = [await server.connect() for _ in range(300)]
            first = True
            while server.connections.count or first:
                for number, client in enumerate(trickling):
                    try:
                        client.socket.send((GET[:9], long)[number % 2] if first else b"x")
                    except OSError:
                        pass  # is cut off
                first = False
                other = await server.connect()
                await other.send(GET.replace(b"X-Note", b"Connection: close\r\nX-Note"))
                assert (await other.answer())[0] == 200
                await pass_time(0.3)

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_many_quick_requests_in_two_pieces_are_never_one_slow_head(http: str) -> None:
    async def test() -> None:
        async with serving(http, header_timeout=1.0) as server:
            loop = asyncio.get_running_loop()
            client = await server.connect()
            began = loop.time()
            await client.send(GET[:20])
            while loop.time() < began + 3.0:
                # The server's loop nearly always finds an unfinished head when it looks.
                await client.send(GET[20:] + GET[:20])
                assert (await client.answer())[0] == 200
                await pass_time(0.02)

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_a_head_without_end_is_cut_off_by_its_size(http: str) -> None:
    async def test() -> None:
        async with serving(http, request_timeout=0.5) as server:
            loop = asyncio.get_running_loop()
            client = await server.connect()
            sent = 0
            with pytest.raises(OSError):
                await client.send(GET[:-2])
                while sent < 100 << 20:
                    await loop.sock_sendall(client.socket, b"X-Filler: " + b"x" * 4000 + b"\r\n")
                    sent += 4012
                    await pass_time(0.001)
            await until(lambda: server.connections.count == 0)

    run(test)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("part", [POST[:-2], CHUNKED[:-6], UNREAD[:-2]], ids=["length", "chunked", "unread"])
def test_request_timeout_of_half_a_body(part: bytes, http: str, cut: Any) -> None:
    async def test() -> None:
        async with serving(http, request_timeout=0.2, keep_alive=1.0) as server:
            client = await server.connect()
            if part == UNREAD[:-2]:
                # Its answer does not wait for the body.
                await client.send(part)
                await client.answer()
            await cut(server, client, b"" if part == UNREAD[:-2] else part)

    run(test)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_request_timeout_of_an_answer_that_is_not_read(loop: str, http: str, tcp: bool, cut: Any) -> None:
    async def test() -> None:
        async with serving(http, request_timeout=0.2) as server:
            client = await server.connect(tcp=tcp)
            await client.send(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n")
            if cut is cut_in_drain:
                assert not await server.connections.drain(DEADLINE_S)
            await until(lambda: server.connections.count == 0)

    run(test, loop)


@pytest.mark.parametrize("http", HTTP)
def test_a_slow_body_and_a_slow_reader_have_time_while_they_proceed(http: str) -> None:
    async def test() -> None:
        async with serving(http, request_timeout=0.4) as server:
            loop = asyncio.get_running_loop()
            reader = await server.connect(tcp=True)
            await reader.send(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n")
            sender = await server.connect()
            await sender.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
            body = 16 << 20
            got = sent = 0
            began = loop.time()
            while loop.time() < began + 2.0:
                await sender.send(bytes(1000))
                sent += 1000
                got += len(await asyncio.wait_for(loop.sock_recv(reader.socket, 65536), DEADLINE_S))
                await pass_time(0.1)
            await sender.send(bytes(100000 - sent))
            assert len((await sender.answer())[2]) == 100000
            while got < body:
                data = await asyncio.wait_for(loop.sock_recv(reader.socket, 1 << 20), DEADLINE_S)
                assert data, f"cut off after {got} bytes"
                got += len(data)

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_time_in_which_the_application_does_not_read_is_not_the_clients(http: str) -> None:
    async def test() -> None:
        async with serving(http, request_timeout=0.2) as server:
            full, waits = await server.connect(), await server.connect()
            # More than uvicorn takes before somebody reads it; and a client which is not told yet to send its body.
            size = 4 << 20
            await full.send(b"POST /held HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % size + bytes(200000))
            await waits.send(b"POST /held HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            await until(lambda: server.held == 2)
            for _ in range(3):
                # Others, whose time is over, have come and gone in the meantime.
                other = await server.connect()
                await other.send(POST[:-2])
                assert await other.at_end()
            server.release.set()
            for client in (full, waits):
                assert (await client.answer())[2] == b"held"

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_zero_means_none_and_a_websocket_has_none(http: str) -> None:
    async def test() -> None:
        async with serving(http, header_timeout=0.0, request_timeout=0.0, keep_alive=0.1) as unlimited:
            async with serving(http, header_timeout=0.1, request_timeout=0.1, keep_alive=0.1) as limited:
                silent, head, body = [await unlimited.connect() for _ in range(3)]
                await head.send(GET[:9])
                await body.send(POST[:-2])
                websocket = await limited.connect()
                await websocket.send(WEBSOCKET)
                assert (await websocket.answer())[0] == 101
                for _ in range(5):
                    assert await (await limited.connect()).at_end()
                assert [unlimited.connections.count, limited.connections.count] == [3, 1]
                await silent.send(GET)
                await head.send(GET[9:])
                await body.send(POST[-2:])
                for client in (silent, head, body):
                    assert (await client.answer())[0] == 200

    run(test)


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_an_idle_connection_is_closed_after_keepalive_and_one_that_begins_a_request_is_not(
    loop: str, http: str
) -> None:
    async def test() -> None:
        async with serving(http, keep_alive=0.3) as server:
            idle, begins = await server.connect(), await server.connect()
            for client in (idle, begins):
                await client.send(GET)
                assert (await client.answer())[0] == 200
            await begins.send(GET[:9])
            assert await idle.at_end()
            await begins.send(GET[9:])
            assert (await begins.answer())[0] == 200

    run(test, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_handshake_that_stops(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "TLS_HANDSHAKE_S", 0.2)

    async def test() -> None:
        async with serving() as server:
            ours = await begun_handshake(server.connections.take)
            assert server.connections.count == 1
            await until(lambda: server.connections.count == 0)
            ours.close()

    run(test, loop)


@pytest.mark.parametrize("http", HTTP)
def test_each_kind_that_is_cut_off_has_its_name(http: str) -> None:
    async def test() -> None:
        async with serving(http, linger=60.0) as server:
            fresh = await server.connect()
            heads = [await server.connect() for _ in range(2)]
            answer, body = [await server.connect() for _ in range(2)]
            for head in heads:
                await head.send(GET[:9])
            await answer.send(HELD)
            await body.send(POST[:-2])
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            server.connections.take(theirs, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            await until(lambda: server.held == 1)
            cut_off = await server.connections.drain(0.1)
            assert str(cut_off) == "2 answers, 2 unfinished heads, 1 TLS handshake were cut off"
            for client in (fresh, *heads, answer, body):
                assert await client.at_end()
            ours.close()

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_what_the_application_does_after_the_answer_is_cancelled_when_the_time_is_over(http: str) -> None:
    async def test() -> None:
        async with serving(http, linger=0.0) as server:
            client = await server.connect()
            await client.send(b"GET /background HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            before = asyncio.all_tasks()
            assert (await client.answer())[2] == b"answered"
            (busy,) = server.connections._state.tasks
            assert busy in before or busy in asyncio.all_tasks()
            assert not await server.connections.drain(0.1)
            assert busy.done()

    run(test)
