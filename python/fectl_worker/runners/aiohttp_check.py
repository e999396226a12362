"""A request to the installed aiohttp, before anything depends on it."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp import web

from fectl_worker.errors import ConfigError
from fectl_worker.runners.aiohttp_connection import Phase
from fectl_worker.runners.http_connections import Connections
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.worker import Worker

__all__ = ["check_aiohttp"]

# A request with a body, and the first byte of another one.
_BYTES = b"POST / HTTP/1.1\r\nHost: check\r\nContent-Length: 2\r\n\r\nokG"
_SECONDS = 10.0


async def check_aiohttp(worker: Worker) -> None:
    """Sees that this version of aiohttp calls what connections are counted by.

    ConfigError: it does not. Without that, a stop could not know which connections still owe an answer.
    """
    requests = RequestCount(worker)
    application = web.Application()
    application.router.add_post("/", _answer)
    connections = Connections(application, limits=Limits(), requests=requests)
    await connections.setup()
    ours, theirs = socket.socketpair()
    another, anothers_peer = socket.socketpair()
    with ours, another:
        for end in (theirs, anothers_peer):
            end.setblocking(False)
            connections.take(end, None)
        ours.setblocking(False)
        try:
            # The later connection is there: what aiohttp calls must be of the one that the request came on.
            await asyncio.wait_for(_both_are_open(connections), _SECONDS)
            await asyncio.wait_for(_exchange(ours), _SECONDS)
            phases = [connection.phase for connection in connections.open]
        except (OSError, asyncio.TimeoutError) as error:
            raise ConfigError(f"{_NAME}: no answer to a request ({error!r})") from None
        finally:
            await connections.cut_off()
            await connections.cleanup()
    if requests.total != 1 or phases != [Phase.HEAD, Phase.IDLE]:
        raise ConfigError(
            f"{_NAME} does not call the request handler and the access logger as this worker needs it; "
            "python/README.md names versions that do"
        )


_NAME = f"aiohttp {aiohttp.__version__}"


async def _answer(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def _both_are_open(connections: Connections) -> None:
    while len(connections.open) < 2:
        await asyncio.sleep(0)


async def _exchange(client: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, _BYTES)
    got = b""
    while not got.endswith(b"ok"):
        more = await loop.sock_recv(client, 65536)
        if not more:
            raise ConnectionError("closed")
        got += more
    # The access logger may be called a turn of the loop after the last byte.
    for _ in range(10):
        await asyncio.sleep(0)
