"""The HTTP connections of one aiohttp application, and how they end without losing a request."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from time import monotonic
from typing import Any, Optional

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from fectl_worker.errors import ConfigError
from fectl_worker.runners.access_log_format import AccessLog, Record
from fectl_worker.runners.aiohttp_connection import Connection, Handler
from fectl_worker.runners.connecting import Connecting
from fectl_worker.runners.draining import LOOK_AGAIN_S, CutOff
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount

__all__ = ["Connections"]

_log = logging.getLogger("fectl_worker")

# Idle connections are closed here, not by aiohttp, which does not know an unfinished head from nothing at all.
_AIOHTTP_KEEP_ALIVE_S = 10 * 365 * 86400.0
# The limits of connections are looked at this often, or a tenth of the shortest of them.
_LOOK_S = 1.0


class Connections:
    """Serves connections with one aiohttp application.

    Only public names of aiohttp are used: AppRunner and the Server that it makes, which is a factory of protocols; the
    server's request_handler, which is another one for each protocol; and access_log_class, of which each protocol makes
    an object whose log() follows each answer. aiohttp_check.py sees that it is so.
    """

    def __init__(
        self,
        application: web.Application,
        *,
        limits: Limits,
        requests: RequestCount,
        access_log: Optional[AccessLog] = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._application = application
        self._limits = limits
        self._announces_close = not limits.keep_alive
        self._open: dict[asyncio.BaseTransport, Connection] = {}
        self._look_timer: Optional[asyncio.TimerHandle] = None
        self.requests = requests
        #: What the next protocol of aiohttp belongs to.
        self.making: Optional[Connection] = None
        self.access_log = access_log
        self._runner = web.AppRunner(
            application,
            keepalive_timeout=_AIOHTTP_KEEP_ALIVE_S,
            access_log=_log,
            access_log_class=_logger_class(self),
        )
        self._server: Any = None
        self._handler: Handler
        application.on_response_prepare.append(self._prepare)
        #: Set whenever a connection has ended.
        self.changed = asyncio.Event()
        self._connecting = Connecting(self._make, self.changed.set)

    async def setup(self) -> None:
        """Runs the application's start-up. ConfigError: this is no aiohttp that could be used."""
        await self._runner.setup()
        server = self._runner.server
        self._handler = getattr(server, "request_handler", None)
        if not callable(server) or not callable(self._handler):
            raise ConfigError(f"aiohttp {aiohttp.__version__}: its web.Server has no request_handler to be wrapped")
        self._server = server

    async def cleanup(self) -> None:
        """Runs the application's on_cleanup; after drain()."""
        try:
            await self._application.cleanup()
        finally:
            if self.access_log is not None:
                self.access_log.close()

    @property
    def count(self) -> int:
        return len(self._connecting) + len(self._open)

    @property
    def open(self) -> list[Connection]:
        return list(self._open.values())

    def take(self, connection: socket.socket, tls: Optional[ssl.SSLContext]) -> None:
        """Owns and serves an accepted connection."""
        self._connecting.take(connection, tls)

    async def drain(self, seconds: float) -> CutOff:
        """Lets every connection end, for at most the given time; what had to be cut off.

        From now on every answer says `Connection: close`. What is being answered is finished. An idle connection
        is closed when it was idle for `linger` seconds (a client in the middle of its work sends its next request
        before that and is asked to come back on a new connection), and never in the moment in which a request is
        there already. Its peer must have had time to send what it began to send when `stop` came.
        """
        self._announces_close = True
        began = monotonic()
        # The application closes its own long-lived connections (websockets) here, as it would under aiohttp.
        await self._shutdown_application(seconds)
        while self.count and monotonic() < began + seconds:
            self.changed.clear()
            wait = min(self._close_idle(began), began + seconds - monotonic())
            try:
                await asyncio.wait_for(self.changed.wait(), max(wait, 0.0))
            except asyncio.TimeoutError:
                pass
        return await self.cut_off()

    async def _shutdown_application(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._application.shutdown(), seconds)
        except asyncio.TimeoutError:
            _log.warning("on_shutdown of the application did not end in %.1f s", seconds)
        except Exception:
            _log.exception("on_shutdown of the application failed")

    def _close_idle(self, began: float) -> float:
        """Closes what may be closed now. Seconds until it is worth looking again."""
        now = monotonic()
        wait = LOOK_AGAIN_S
        for connection in self.open:
            if connection.is_idle():
                due = connection.idle_until(began)
                if due > now:
                    wait = min(wait, due - now)
                connection.close_if_idle(now, due)
        return wait

    async def cut_off(self) -> CutOff:
        """Ends all connections at once."""
        cut_off = CutOff(handshakes=len(self._connecting))
        for connection in self.open:
            connection.count_into(cut_off)
        self._connecting.cancel()
        # Ends the handlers as well. Not 0: aiohttp takes that for "no limit".
        await self._server.shutdown(timeout=0.01)
        for connection in self.open:
            connection.abort()
        return cut_off

    # --- connections ---

    def _make(self, socket: socket.socket) -> Connection:
        made = Connection(self, self._handler, socket, self._limits)
        self._server.request_handler = made.handle
        self.making = made
        made.set_inner(self._server())
        return made

    def opened(self, connection: Connection) -> None:
        assert connection.transport is not None
        self._open[connection.transport] = connection
        if self._look_timer is None:
            self._look_later()

    def ended(self, connection: Connection) -> None:
        assert connection.transport is not None
        self._open.pop(connection.transport, None)
        self.changed.set()

    def _look_later(self) -> None:
        limits = self._limits
        seconds = [s for s in (limits.header_timeout, limits.request_timeout, limits.keep_alive) if s]
        self._look_timer = self._loop.call_later(min([_LOOK_S, *(s / 10 for s in seconds)]), self._look)

    def _look(self) -> None:
        self._look_timer = None
        now = monotonic()
        for connection in self.open:
            connection.look(now)
        if self._open:
            self._look_later()

    # --- requests ---

    async def _prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 101:
            connection = self._open.get(request.transport)
            if connection is not None:
                connection.upgraded()
        elif self._announces_close:
            connection = self._open.get(request.transport)
            # A pipelining client has sent the next request already: that one's answer says it.
            if connection is None or not connection.has_more():
                response.force_close()
                response.headers["Connection"] = "close"

def _record(request: web.BaseRequest, response: web.StreamResponse, seconds: float) -> Record:
    version = request.version
    return Record(
        request.method,
        request.raw_path,
        f"HTTP/{version.major}.{version.minor}",
        response.status,
        response.body_length,
        seconds,
        request.remote or "",
        request.headers,
        response.headers,
        charset="utf-8",
    )


def _logger_class(connections: Connections) -> type[AbstractAccessLogger]:
    """What aiohttp calls at the end of each answer."""

    class EndOfAnswer(AbstractAccessLogger):
        def __init__(self, logger: logging.Logger, log_format: str) -> None:
            super().__init__(logger, log_format)
            assert connections.making is not None
            self._connection = connections.making

        def log(self, request: Any, response: Any, time: float) -> None:
            self._connection.answered()
            if connections.access_log is not None:
                connections.access_log.write(_record(request, response, time))

    return EndOfAnswer
