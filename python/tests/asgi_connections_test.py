"""The connections of the ASGI runner within one process: what they are doing, whatever the pieces of the bytes."""

from __future__ import annotations

import asyncio

import pytest

from fectl_worker.errors import ConfigError
from fectl_worker.runners import asgi_check
from fectl_worker.runners.asgi_check import check_uvicorn
from fectl_worker.runners.asgi_connection import UVICORN_NAMES, Phase
from fectl_worker.testing import DEADLINE_S
from python.tests.aiohttp_support import (
    CHUNKED,
    GET,
    HELD,
    KINDS,
    LOOPS,
    POST,
    UNREAD,
    WEBSOCKET,
    WEBSOCKET_HI,
    pass_time,
    run,
    until,
)
from python.tests.asgi_support import HTTP, serving

# The answers to these come before their body is complete, so that what follows the answer is the rest of it.
_EARLY = ("unread body",)


# --- the names of uvicorn ---


@pytest.mark.parametrize("ws", ["none", "auto", "websockets"])
@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_the_installed_uvicorn_is_what_the_worker_takes_it_for(loop: str, http: str, ws: str) -> None:
    run(lambda: check_uvicorn(None, http=http, ws=ws), loop)  # type: ignore[arg-type]


@pytest.mark.parametrize("http", HTTP)
def test_every_name_that_is_used_is_looked_for(http: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the names in turn is one that uvicorn does not have."""
    (module,) = [name for name in UVICORN_NAMES if http in name]
    names = UVICORN_NAMES[module]
    for name in names:
        others = [one for one in names if one != name]
        monkeypatch.setitem(UVICORN_NAMES, module, (*others, name + "_of_old"))  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match=f"^uvicorn [0-9.]+ does not work with this worker: .* no {name}_of_old;"):
            run(lambda: check_uvicorn(None, http=http, ws="none"))  # type: ignore[arg-type]


def test_a_uvicorn_that_says_nothing_of_the_end_is_refused_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi_check.AsgiConnections, "announce_close", lambda _: None)
    with pytest.raises(ConfigError, match="^uvicorn [0-9.]+ does not work with this worker: an answer does not say"):
        run(lambda: check_uvicorn(None, http="h11", ws="none"))  # type: ignore[arg-type]


# --- what a connection is doing, whatever the pieces in which the bytes come ---


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in _EARLY])
def test_every_split_of_a_request_is_answered_and_the_connection_idle_after_it(kind: str, http: str, loop: str) -> None:
    async def test() -> None:
        request = KINDS[kind]
        async with serving(http) as server:
            client = await server.connect()
            for at in range(1, len(request)):
                await client.send(request[:at])
                assert client.connection.phase() in (Phase.HEAD, Phase.BODY)
                await client.send(request[at:])
                status, _, _ = await client.answer(to_head=kind == "HEAD")
                assert status in (200, 204, 304, 404)
                await until(lambda: client.connection.phase() is Phase.IDLE)
            assert server.connections.total == len(request) - 1

    run(test, loop)


@pytest.mark.parametrize("http", HTTP)
def test_an_answer_before_the_end_of_the_body_leaves_a_rest_and_the_next_request_is_answered(http: str) -> None:
    async def test() -> None:
        async with serving(http) as server:
            for at in range(UNREAD.index(b"\r\n\r\n") + 4, len(UNREAD)):
                client = await server.connect()
                await client.send(UNREAD[:at])
                assert (await client.answer())[0] == 200
                await client.send(UNREAD[at:])
                assert client.connection.phase() is Phase.REST
                await client.send(GET[:9])
                assert client.connection.phase() is Phase.HEAD
                await client.send(GET[9:])
                assert (await client.answer())[0] == 200
                await until(lambda: client.connection.phase() is Phase.IDLE)

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_an_open_request_is_one_until_its_last_byte_has_left(http: str) -> None:
    async def test() -> None:
        async with serving(http) as server:
            held, large = await server.connect(), await server.connect()
            await held.send(HELD)
            await until(lambda: server.held == 1)
            assert held.connection.phase() is Phase.ANSWER
            await large.send(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n")
            await until(lambda: server.connections.total == 1)
            # The application is done, uvicorn has given everything to the transport.
            assert large.connection.phase() is Phase.ANSWER
            assert len((await large.answer())[2]) == 16 << 20
            await until(lambda: large.connection.phase() is Phase.IDLE)

    run(test)


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("first", KINDS)
def test_pipelined_requests_in_one_segment_are_all_answered(first: str, http: str) -> None:
    async def test() -> None:
        async with serving(http) as server:
            client = await server.connect()
            await client.send(KINDS[first] + POST + CHUNKED + GET)
            await client.answer(to_head=first == "HEAD")
            assert [(await client.answer())[2] for _ in range(3)] == [b"a\r\n\r\nbody", b"a\r\n\r\nbody", b""]
            await until(lambda: client.connection.phase() is Phase.IDLE)
            assert server.connections.total == 4

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_byte_by_byte_is_no_different(http: str) -> None:
    async def test() -> None:
        async with serving(http) as server:
            client = await server.connect()
            for byte in (one for request in KINDS.values() for one in request):
                await client.send(bytes([byte]))
            for kind in KINDS:
                await client.answer(to_head=kind == "HEAD")
            await until(lambda: client.connection.phase() is Phase.IDLE)

    run(test)


@pytest.mark.parametrize("ws", ["websockets", "wsproto"])
@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_websocket_is_a_request_and_its_bytes_pass(loop: str, http: str, ws: str) -> None:
    if ws == "wsproto":
        pytest.importorskip("wsproto")

    async def test() -> None:
        async with serving(http, ws) as server:
            client = await server.connect()
            await client.send(WEBSOCKET)
            assert (await client.answer())[0] == 101
            await client.send(WEBSOCKET_HI)
            assert await client._take(4) == b"\x81\x02hi"
            assert server.connections.watches == []
            assert [server.connections.count, server.connections.total] == [1, 1]

    run(test, loop)


# --- a drain ---


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("first", KINDS)
def test_a_part_of_the_next_request_is_answered_in_a_drain_with_every_split(first: str, http: str) -> None:
    """One connection for each split of the next request: a part of it comes with the request before, then the stop."""

    async def test() -> None:
        async with serving(http, linger=0.0) as server:
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
                assert client.connection.phase() is Phase.HEAD
                await client.send(GET[part:])
                status, headers, _ = await client.answer()
                assert (status, headers[b"connection"]) == (200, b"close")
                assert await client.at_end()
            assert not await drained

    run(test)


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize(
    "pieces", [[HELD + POST + GET], [HELD, POST + GET], [HELD, POST, GET], [HELD, POST + GET[:9], GET[9:]]]
)
def test_the_last_of_pipelined_requests_says_close(pieces: list[bytes], http: str) -> None:
    """The first piece before the stop, the others after it, all before the first answer."""

    async def test() -> None:
        async with serving(http, linger=60.0) as server:
            client = await server.connect()
            await client.send(pieces[0])
            await until(lambda: server.held == 1)
            drained = asyncio.ensure_future(server.connections.drain(DEADLINE_S))
            await until(lambda: server.connections.announces_close)
            for piece in pieces[1:]:
                await asyncio.get_running_loop().sock_sendall(client.socket, piece)
                await pass_time(0.01)
            server.release.set()
            answers = [await client.answer() for _ in range(3)]
            assert [body for _, _, body in answers] == [b"held", b"a\r\n\r\nbody", b""]
            assert b"connection" not in answers[0][1]
            drained.cancel()

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_an_answer_before_the_end_of_the_body_does_not_end_the_connection_in_a_drain(http: str) -> None:
    """A close while the client sends would reset the connection, and could destroy the answer."""

    async def test() -> None:
        async with serving(http, linger=0.2) as server:
            client = await server.connect()
            await client.send(UNREAD[:-2])
            assert (await client.answer())[0] == 200
            drained = asyncio.ensure_future(server.connections.drain(DEADLINE_S))
            await client.send(UNREAD[-2:])
            assert await client.at_end()
            assert not await drained

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_a_drain_waits_for_what_the_application_does_after_the_answer(http: str) -> None:
    async def test() -> None:
        async with serving(http, linger=0.0) as server:
            client = await server.connect()
            await client.send(b"GET /background HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            assert (await client.answer())[2] == b"answered"
            assert await client.at_end()
            drained = asyncio.ensure_future(server.connections.drain(DEADLINE_S))
            done, _ = await asyncio.wait([drained], timeout=0.3)
            assert not done
            server.release.set()
            assert not await drained

    run(test)


@pytest.mark.parametrize("http", HTTP)
def test_keepalive_zero_says_close_with_each_answer(http: str) -> None:
    async def test() -> None:
        async with serving(http, keep_alive=0.0) as server:
            for kind, request in KINDS.items():
                client = await server.connect()
                await client.send(request)
                _, headers, _ = await client.answer(to_head=kind == "HEAD")
                assert headers.get(b"connection") == b"close"
                assert await client.at_end()

    run(test)
