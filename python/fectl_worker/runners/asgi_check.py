"""A request and a websocket to the installed uvicorn, before anything depends on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import Any, AsyncIterator, Iterator

import uvicorn

from fectl_worker.errors import ConfigError
from fectl_worker.runners.asgi_config import uvicorn_config
from fectl_worker.runners.asgi_connection import UVICORN_NAMES, Phase
from fectl_worker.runners.asgi_connections import AsgiConnections
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.worker import Worker

__all__ = ["check_uvicorn"]

_SECONDS = 10.0
_LIBRARY_S = 0.5
_NAME = f"uvicorn {uvicorn.__version__}"

_HEAD = b"POST / HTTP/1.1\r\nHost: check\r\nContent-Length: 2\r\n\r\n"
_BODY = b"ok"
_NEXT = b"GET / HTTP/1.1\r\nHost: check\r\n\r\n"
_UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: check\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# A close frame with the code 1012.
_RESTART = b"\x88\x02\x03\xf4"


class _Unfit(Exception):
    """The text says what is not as it should be."""


async def check_uvicorn(worker: Worker, *, http: str, ws: str) -> None:
    """Sees that this version of uvicorn is what the worker takes it for: it uses names which are not documented.

    ConfigError: it is not. Then a stop could not know which connections still owe an answer.
    """
    try:
        with _quiet():
            await asyncio.wait_for(_try(worker, http, ws), _SECONDS)
    except ConfigError:
        raise
    except asyncio.TimeoutError:
        raise _refused("no answer to a request for trial") from None
    except Exception as error:
        raise _refused(str(error) if isinstance(error, _Unfit) else repr(error)) from error


def _refused(what: str) -> ConfigError:
    return ConfigError(
        f"{_NAME} does not work with this worker: {what}; versions that do are named in python/README.md of fectl"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("uvicorn.error")
    hide = lambda _record: False  # noqa: E731
    logger.addFilter(hide)
    try:
        yield
    finally:
        logger.removeFilter(hide)


async def _try(worker: Worker, http: str, ws: str) -> None:
    others = asyncio.all_tasks()
    requests = RequestCount(worker)
    config = uvicorn_config(_application, http=http, ws=ws, lifespan="off")
    lifespan = config.lifespan_class(config)
    connections = AsgiConnections(config, limits=Limits(), requests=requests, state=getattr(lifespan, "state", None))
    try:
        async with _client(connections) as client:
            await _try_requests(connections, client)
        if config.ws_protocol_class is not None:
            async with _client(connections) as client:
                await _try_websocket(connections, client)
    finally:
        await connections.cut_off()
    # What the library for websockets still has to do and to log. Other applications may begin tasks meanwhile, which do
    # not end.
    until = asyncio.get_running_loop().time() + _LIBRARY_S
    while asyncio.all_tasks() - others and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.001)
    if requests.total != (2 if config.ws_protocol_class is None else 3):
        raise _Unfit(f"its count of requests is {requests.total}")


async def _application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    body = (await receive())["body"]
    while len(body) < 2 and scope["method"] == "POST":
        body += (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": body or b"--"})


@contextlib.asynccontextmanager
async def _client(connections: AsgiConnections) -> AsyncIterator[socket.socket]:
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        theirs.setblocking(False)
        connections.take(theirs, None)
        yield ours


async def _try_requests(connections: AsgiConnections, client: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await _until_phase(connections, Phase.IDLE)
    pieces = [(_HEAD[:6], Phase.HEAD), (_HEAD[6:], Phase.BODY), (_BODY, Phase.IDLE), (_NEXT[:1], Phase.HEAD)]
    for piece, phase in pieces:
        await loop.sock_sendall(client, piece)
        await _until_phase(connections, phase)
    await _receive(client, b"ok")
    (connection,) = connections.open
    _look_for_names(connection)
    connections.announce_close()
    await loop.sock_sendall(client, _NEXT[1:])
    answer = await _receive(client, b"--")
    if b"\r\nconnection: close\r\n" not in answer.lower():
        raise _Unfit("an answer does not say that its connection ends")
    if await loop.sock_recv(client, 1):
        raise _Unfit("a connection whose end was announced goes on")


def _look_for_names(connection: Any) -> None:
    base = type(connection).__mro__[1]
    for name in UVICORN_NAMES[base.__module__]:
        found = connection
        for step in name.split("."):
            if not hasattr(found, step):
                raise _Unfit(f"its {base.__name__} has no {name}")
            found = getattr(found, step)


async def _until_phase(connections: AsgiConnections, phase: Phase) -> None:
    """Fails by the time limit of the whole trial."""
    while [watch.phase() for watch in connections.watches] != [phase]:
        await asyncio.sleep(0.001)


async def _try_websocket(connections: AsgiConnections, client: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, _UPGRADE)
    await _receive(client, b"\r\n\r\n")
    now = loop.time()
    while connections.open:
        connections.close_websockets(now, now, 0.0)
        await asyncio.sleep(0.001)
    if not (await _receive(client, _RESTART)).endswith(_RESTART):
        raise _Unfit("a websocket is not told the code 1012 at a stop")


async def _receive(client: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        more = await asyncio.get_running_loop().sock_recv(client, 65536)
        if not more:
            raise _Unfit(f"it closed a connection after {got!r}")
        got += more
    return got
