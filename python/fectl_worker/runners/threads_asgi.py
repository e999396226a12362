"""A WSGI application in threads, as an ASGI application (version 3) for the server of the asyncio worker."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
from typing import Any, Awaitable, BinaryIO, Callable, Mapping, MutableMapping, Optional, cast

from fectl_worker.runners.asgi_config import ENVIRON
from fectl_worker.runners.threads_answer import Head, error_head
from fectl_worker.runners.threads_environ import EnvironMaker
from fectl_worker.runners.threads_pool import Exchange, Pool

__all__ = ["MEMORY_BYTES", "WsgiInThreads"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# What a body has over this is in a file without a name.
MEMORY_BYTES = 1024 * 1024

# Of a body that is refused: a client that looks for the answer only then has time to see it.
_DROPPED_BYTES = 16 * 1024 * 1024

_TOO_LARGE = b"The body of the request is too large\n"
_UNAVAILABLE = b"No thread is free\n"


class WsgiInThreads:
    """Reads a request's body in the loop, has a thread call the application, and sends what that gives."""

    def __init__(self, pool: Pool, environs: EnvironMaker, *, body_limit: int = 0) -> None:
        """body_limit: a request with a longer body is refused; 0: no limit."""
        self._pool = pool
        self._environs = environs
        self._body_limit = body_limit
        #: All threads are stuck: requests that would wait for one are refused.
        self.is_stuck = False

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f'{scope["type"]} is nothing that a WSGI application could serve')
        if self._body_limit and _announced(scope["headers"]) > self._body_limit:
            await _refuse(receive, send, more_comes=True)
            return
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        first = message.get("body", b"")
        is_whole = not message.get("more_body", False)
        if is_whole:
            body, size = cast(BinaryIO, io.BytesIO(first)), len(first)
        else:
            body = cast(BinaryIO, tempfile.SpooledTemporaryFile(MEMORY_BYTES))
            try:
                size, is_whole = await self._receive_rest(receive, body, first)
            except BaseException:
                body.close()
                raise
            if size is None:
                body.close()
                return
        if self._body_limit and size > self._body_limit:
            body.close()
            await _refuse(receive, send, more_comes=not is_whole)
            return
        environ = self._environs.make(scope, body, size)
        # For the access log.
        cast(MutableMapping[str, Any], scope)[ENVIRON] = environ
        await self._exchange(Exchange(environ, body), receive, send)

    async def _receive_rest(self, receive: Receive, body: BinaryIO, first: bytes) -> tuple[Optional[int], bool]:
        """The size of what has come, and whether it is the whole: no more is taken than allowed, and some more.

        None: the client has left.
        """
        size = len(first)
        body.write(first)
        while not self._body_limit or size <= self._body_limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None, False
            data = message.get("body", b"")
            size += len(data)
            body.write(data)
            if not message.get("more_body", False):
                body.seek(0)
                return size, True
        return size, False

    async def _exchange(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        self._pool.submit(exchange)
        watch: Optional[asyncio.Task[None]] = None
        is_withdrawn = False
        try:
            while not exchange.is_done or exchange.pieces:
                if self.is_stuck and self._pool.withdraw(exchange):
                    is_withdrawn = True
                    exchange.body.close()
                    await _send_whole(send, error_head(503, _UNAVAILABLE, closes=True), _UNAVAILABLE)
                    return
                if not exchange.pieces:
                    await exchange.news()
                    continue
                piece = exchange.pieces.popleft()
                if watch is None and not piece.is_last:
                    # Only while an answer is sent piece by piece: it costs more than many an answer.
                    watch = asyncio.ensure_future(_watch(receive, exchange))
                if piece.failed:
                    # An answer that stays incomplete: the server ends the connection, so that the client sees it.
                    return
                if piece.head is not None:
                    await send(_start(piece.head))
                await send({"type": "http.response.body", "body": piece.data, "more_body": not piece.is_last})
                if not piece.is_last:
                    exchange.taken(piece)
        except asyncio.CancelledError:
            # The time of a stop is over, and the connection was cut off, which is logged where it is done.
            if not is_withdrawn and self._pool.withdraw(exchange):
                is_withdrawn = True
                exchange.body.close()
        finally:
            if not is_withdrawn:
                if not exchange.is_done:
                    exchange.gone()
                self._pool.ended()
            if watch is not None:
                watch.cancel()


def _announced(headers: list[tuple[bytes, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length":
            with contextlib.suppress(ValueError):
                return int(value)
    return 0


async def _watch(receive: Receive, exchange: Exchange) -> None:
    """Lets the thread know when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
    exchange.gone()


def _start(head: Head) -> Message:
    return {"type": "http.response.start", "status": head.status, "headers": head.headers}


async def _refuse(receive: Receive, send: Send, *, more_comes: bool) -> None:
    """Answers that the body is too large. A close with unread bytes would reset the connection, which could destroy the
    answer, so some of what still comes is read and dropped first."""
    await send(_start(error_head(413, _TOO_LARGE, closes=True)))
    await send({"type": "http.response.body", "body": _TOO_LARGE, "more_body": more_comes})
    if not more_comes:
        return
    dropped = 0
    while more_comes and dropped <= _DROPPED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        dropped += len(message.get("body", b""))
        more_comes = message.get("more_body", False)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_whole(send: Send, head: Head, data: bytes) -> None:
    await send(_start(head))
    await send({"type": "http.response.body", "body": data, "more_body": False})
