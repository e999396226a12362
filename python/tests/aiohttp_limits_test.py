"""The connections of the aiohttp runner within one process: their limits, and what is said when they are cut off."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from fectl_worker.runners import connecting
from fectl_worker.runners.draining import CutOff
from fectl_worker.testing import DEADLINE_S
from python.tests.aiohttp_support import (
    CHUNKED,
    GET,
    HELD,
    LOOPS,
    POST,
    UNREAD,
    WEBSOCKET,
    WEBSOCKET_HI,
    Client,
    Server,
    pass_time,
    run,
    serving,
    until,
)
from python.tests.support import begun_handshake

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
    monkeypatch.setattr(connecting, "TLS_HANDSHAKE_S", 0.2)

    async def test() -> None:
        async with serving() as server:
            ours = await begun_handshake(server.connections.take)
            assert server.connections.count == 1
            await until(lambda: server.connections.count == 0)
            ours.close()

    run(test, loop)


@pytest.mark.parametrize("limit_s", [0.2, 60.0])
@pytest.mark.parametrize("loop", LOOPS)
def test_NO_LIMIT_a_handshake_that_stops_in_a_drain(loop: str, limit_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "TLS_HANDSHAKE_S", limit_s)

    async def test() -> None:
        async with serving() as server:
            ours = await begun_handshake(server.connections.take)
            if limit_s < 1.0:
                assert not await server.connections.drain(DEADLINE_S)
            else:
                assert str(await server.connections.drain(0.1)) == "1 TLS handshake was cut off"
                await until(lambda: server.connections.count == 0)
            assert server.connections.count == 0
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
                await pass_time(0.1)
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
                # It does not read what it gets, either.
                await websocket.send(WEBSOCKET_HI)
                # Others, which are limited, have come and gone in the meantime.
                for _ in range(5):
                    assert await (await limited.connect()).at_end()
                assert [unlimited.connections.count, limited.connections.count] == [3, 1]
                assert await websocket._take(4) == b"\x81\x02hi"
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
            await answer.send(HELD)
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


def test_WORDS_OF_CUT_an_answer_that_is_complete_but_not_sent() -> None:
    async def test() -> None:
        seen = 0
        # What the kernel takes of an answer is not known, so of these sizes some leave a part of it here.
        for size in range(100_000, 500_000, 12_000):
            async with serving() as server:
                client = await server.connect()
                await client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % size)
                sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(client.socket, bytes(size)))
                await until(lambda: server.requests.total == 1 or unsent(client) > 0)
                await sending
                # aiohttp's handler is done, only the transport still has something.
                if server.requests.total == 1 and unsent(client) > 0:
                    seen += 1
                    assert str(await server.connections.drain(0.1)) == "1 answer was cut off"
                    if seen == 2:
                        return
        raise AssertionError(f"{seen} answers waited for their client")

    def unsent(client: Client) -> int:
        transport = client.connection.transport
        return transport.get_write_buffer_size() if transport is not None else 0

    run(test)


def test_WORDS_OF_CUT_one_and_many() -> None:
    assert not CutOff()
    assert str(CutOff(answers=1)) == "1 answer was cut off"
    assert str(CutOff(handshakes=2)) == "2 TLS handshakes were cut off"
    for counts in itertools.product((0, 1, 2), repeat=4):
        assert bool(CutOff(*counts)) is any(counts)
