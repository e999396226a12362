"""The connections of the aiohttp runner within one process: what they are doing, whatever the pieces of the bytes."""

from __future__ import annotations

import asyncio
import socket

import pytest

from fectl_worker.runners.aiohttp_connection import Phase
from fectl_worker.testing import DEADLINE_S
from python.tests.aiohttp_support import (
    CHUNKED,
    GET,
    HELD,
    KINDS,
    LOOPS,
    POST,
    WEBSOCKET,
    WEBSOCKET_HI,
    run,
    serving,
    until,
)

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


@pytest.mark.parametrize("first", KINDS)
def test_AIOHTTP_NOW_a_pipelined_request_is_counted_while_it_is_answered(first: str) -> None:
    """It comes in the segment of the request before, so the connection owes an answer when that one's is complete."""

    async def test() -> None:
        async with serving(linger=0.0) as server:
            client = await server.connect()
            await client.send(KINDS[first] + HELD + GET)
            await client.answer(to_head=first == "HEAD")
            await until(lambda: server.held == 1)
            assert client.connection.is_answering() and not client.connection.is_idle()
            drained = asyncio.ensure_future(server.connections.drain(DEADLINE_S))
            await until(lambda: server.connections._announces_close)
            server.release.set()
            assert (await client.answer())[2] == b"held"
            assert (await client.answer())[1][b"connection"] == b"close"
            assert await client.at_end()
            assert not await drained

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
                asyncio.get_running_loop().sock_sendall(client.socket, HELD + GET * count)
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
            await client.send(HELD + POST + GET[:9])
            client.socket.shutdown(socket.SHUT_WR)
            await until(lambda: server.held == 1)
            await until(lambda: client.connection._half_closed)
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
            await client.send(HELD)
            await until(lambda: server.held == 1)
            client.socket.close()
            await until(lambda: server.connections.count == 0)

    run(test, loop)
