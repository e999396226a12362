"""The HTTP connections of one aiohttp application, and how they end without losing a request."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import ssl
from typing import Any, Optional

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from fectl_worker.runners.draining import IN_FLIGHT_S, LOOK_AGAIN_S, TLS_HANDSHAKE_S

__all__ = ["Connections"]

_log = logging.getLogger("fectl_worker")

# A peer that does not say goodbye in TLS must not hold up a drain for long.
_TLS_SHUTDOWN_S = 2.0


class _Connection(RequestHandler):
    """One HTTP connection which can say whether it owes an answer."""

    def __init__(self, owner: Connections, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._owner = owner
        self._last_received = self._loop.time()
        self._head_is_partial = False

    def data_received(self, data: bytes) -> None:
        self._last_received = self._loop.time()
        requests = self._request_count
        expects_head = self.is_idle() or self._head_is_partial or requests == 0
        super().data_received(data)
        # Bytes which did not complete a request's head are the start of one.
        self._head_is_partial = expects_head and requests == self._request_count

    def connection_lost(self, error: Optional[BaseException]) -> None:
        super().connection_lost(error)
        self._owner.changed.set()

    def is_idle(self) -> bool:
        """Waits for the next request, and not a byte of it has come."""
        waiter = self._waiter
        return waiter is not None and not waiter.done() and not self._messages and not self._head_is_partial

    def has_another_request(self) -> bool:
        return bool(self._messages)

    def idle_since(self) -> float:
        # aiohttp notes the time of each answer's end for its own keep-alive timer.
        return max(self._last_received, self._keepalive_time)

    def is_readable(self) -> bool:
        """There is something in the kernel that the loop has not seen: not the moment to close."""
        if self.transport is None:
            return False
        poller = select.poll()
        poller.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poller.poll(0))


class Connections:
    """Serves connections with one aiohttp application."""

    def __init__(
        self, application: web.Application, *, keep_alive: float, linger: float, options: dict[str, Any]
    ) -> None:
        """keep_alive: seconds after which an idle connection is closed; 0: after each answer.

        linger: see drain(). options: for aiohttp's RequestHandler.
        """
        self._loop = asyncio.get_running_loop()
        self._linger = linger
        self._always_close = keep_alive == 0
        self._draining = False
        self._connecting: set[asyncio.Task[None]] = set()
        self._runner = web.AppRunner(application, keepalive_timeout=keep_alive, **options)
        application.on_response_prepare.append(self._announce_close)
        #: Set whenever a connection has ended.
        self.changed = asyncio.Event()

    async def setup(self) -> None:
        """Runs the application's start-up."""
        await self._runner.setup()

    async def cleanup(self) -> None:
        """Runs the application's on_cleanup; after drain()."""
        await self._runner.cleanup()

    @property
    def count(self) -> int:
        return len(self._connecting) + (len(self._server.connections) if self._runner.server else 0)

    @property
    def requests(self) -> int:
        return self._server.requests_count if self._runner.server else 0

    def take(self, connection: socket.socket, tls: Optional[ssl.SSLContext]) -> None:
        """Owns and serves an accepted connection."""
        task = self._loop.create_task(self._connect(connection, tls))
        self._connecting.add(task)
        task.add_done_callback(self._connected)

    async def drain(self, seconds: float) -> int:
        """Lets every connection end, for at most the given time. How many answers had to be cut off.

        From now on every answer says `Connection: close`. What is being answered is finished. An idle connection
        is closed when it was idle for `linger` seconds (a client in the middle of its work sends its next request
        before that and is told to come back on a new connection), and never in the moment in which a request is
        there already. Its peer must have had time to send what it began to send when `stop` came.
        """
        self._draining = True
        began = self._loop.time()
        # The application closes its own long-lived connections (websockets) here, as it would under aiohttp.
        await self._shutdown_application(seconds)
        while self.count and self._loop.time() < began + seconds:
            self.changed.clear()
            wait = min(self._close_idle(began), began + seconds - self._loop.time())
            try:
                await asyncio.wait_for(self.changed.wait(), max(wait, 0.0))
            except asyncio.TimeoutError:
                pass
        unfinished = sum(not c.is_idle() for c in self._connections())
        for task in list(self._connecting):
            task.cancel()
        # Not 0: aiohttp takes that for "no limit".
        await self._server.shutdown(timeout=0.01)
        return unfinished

    @property
    def _server(self) -> web.Server:
        assert self._runner.server is not None, "setup() comes first"
        return self._runner.server

    def _connections(self) -> list[_Connection]:
        return [c for c in self._server.connections if isinstance(c, _Connection)]

    async def _shutdown_application(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._runner.shutdown(), seconds)
        except asyncio.TimeoutError:
            _log.warning("on_shutdown of the application did not end in %.1f s", seconds)
        except Exception:
            _log.exception("on_shutdown of the application failed")

    def _close_idle(self, began: float) -> float:
        """Closes what may be closed now. Seconds until it is worth looking again."""
        now = self._loop.time()
        wait = LOOK_AGAIN_S
        for connection in self._connections():
            if not connection.is_idle():
                continue
            due = max(connection.idle_since() + self._linger, began + min(IN_FLIGHT_S, self._linger))
            if due > now:
                wait = min(wait, due - now)
            elif not connection.is_readable():
                connection.close()
        return wait

    async def _connect(self, connection: socket.socket, tls: Optional[ssl.SSLContext]) -> None:
        # The same arguments that aiohttp's Server would give to its own kind of connection.
        options = self._server._kwargs
        tls_options: dict[str, Any] = {}
        if tls is not None:
            tls_options = {"ssl_handshake_timeout": TLS_HANDSHAKE_S, "ssl_shutdown_timeout": _TLS_SHUTDOWN_S}

        def make() -> _Connection:
            return _Connection(self, self._server, loop=self._loop, **options)

        try:
            await self._loop.connect_accepted_socket(make, connection, ssl=tls, **tls_options)
        except (OSError, ssl.SSLError) as error:
            # The peer went away or failed to agree on TLS; nobody here can do anything about it.
            _log.debug("a connection was not made: %s", error)
            connection.close()
        except BaseException:
            connection.close()
            raise

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        self.changed.set()
        if not task.cancelled() and task.exception() is not None:
            _log.error("a connection was not made", exc_info=task.exception())

    async def _announce_close(self, request: web.Request, response: web.StreamResponse) -> None:
        if not (self._draining or self._always_close) or response.status == 101:
            return
        connection = request.protocol
        # A pipelining client has sent the next request already: that one's answer says it.
        if isinstance(connection, _Connection) and connection.has_another_request():
            return
        response.force_close()
        response.headers["Connection"] = "close"
