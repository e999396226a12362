"""The HTTP connections and websockets of one ASGI application, and how they end without losing a request."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
import time
from email.utils import formatdate
from typing import Any, Optional

import uvicorn

from fectl_worker.runners.asgi_connection import Watch, connection_class
from fectl_worker.runners.asgi_websockets import Websockets
from fectl_worker.runners.connecting import Connecting
from fectl_worker.runners.draining import LOOK_AGAIN_S, CutOff
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount

__all__ = ["AsgiConnections"]

_log = logging.getLogger("fectl_worker")

# Requests are counted this often; the Date header is renewed and the limits of connections are looked at once a second,
# or ten times within the shortest limit.
_TICK_S = 0.1
_LOOK_S = 1.0
# A request whose connection was cut off has so long to notice it before its task is cancelled, and so long after that.
_NOTICE_S = 0.05


class AsgiConnections:
    """Serves connections with one ASGI application, by uvicorn's protocols.

    uvicorn makes a set of its connections and one of the tasks in which the application runs; both are used here.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        limits: Limits,
        requests: RequestCount,
        state: Optional[dict[str, Any]] = None,
    ) -> None:
        """config: a loaded one, see uvicorn_config(). state: Lifespan.state."""
        self._loop = asyncio.get_running_loop()
        self.limits = limits
        self.announces_close = not limits.keep_alive
        # Set when the last connection has ended, as far as that is known at once.
        self._nothing_open = asyncio.Event()
        self._requests = requests
        self._config = config
        # Never serves; it has the shared state, and what libraries hook to learn of a shutdown.
        self._server = uvicorn.Server(config)
        self._state = self._server.server_state
        # The list itself is what connections of old versions of uvicorn hold: its content is changed.
        self._headers: list[tuple[bytes, bytes]] = self._state.default_headers
        self._websockets = Websockets(config)
        self._connecting = Connecting(lambda connection: self._class(connection, **self._options), self.ended)
        self._class = connection_class(config.http_protocol_class, self)
        self._options: dict[str, Any] = {"config": config, "server_state": self._state}
        if state is not None:
            self._options["app_state"] = state
        self._look_at = 0.0
        # None while there is no connection.
        self._tick_timer: Optional[asyncio.TimerHandle] = None

    @property
    def count(self) -> int:
        """Open connections of every kind."""
        return len(self._connecting) + len(self._state.connections)

    @property
    def total(self) -> int:
        """Requests so far, and websockets."""
        self._count()
        return self._requests.total

    @property
    def active(self) -> int:
        """Requests whose application has not returned."""
        return max(len(self._state.tasks) - len(self._open_websockets()), 0)

    @property
    def open(self) -> list[Any]:
        """uvicorn's objects for HTTP connections and websockets."""
        return list(self._state.connections)

    @property
    def watches(self) -> list[Watch]:
        """Of the HTTP connections."""
        return [connection.watch for connection in self.open if hasattr(connection, "watch")]

    def take(self, connection: socket.socket, tls: Optional[ssl.SSLContext]) -> None:
        """Owns and serves an accepted connection."""
        self._connecting.take(connection, tls)
        if self._tick_timer is None:
            self._tick()

    async def drain(self, seconds: float) -> CutOff:
        """Lets every connection end, for at most the given time; what had to be cut off.

        From now on every answer says `Connection: close`. What is being answered is finished. An idle connection is
        closed when it was idle for `linger` seconds (a client in the middle of its work sends its next request before
        that and is asked to come back on a new connection), and never in the moment in which a request is there
        already. Websockets are told to come back, spread over the time of `linger`. Requests whose application is
        still busy after the answer, as with Starlette's background tasks, are waited for as well.
        """
        self.announce_close()
        self._tell_libraries()
        began = now = self._loop.time()
        while (self.count or self._state.tasks) and now < began + seconds:
            for watch in self.watches:
                # For a request that waited behind another one.
                watch.announce_close()
                watch.close_if_idle(now, began)
            self.close_websockets(now, began, self.limits.linger)
            self._nothing_open.clear()
            try:
                await asyncio.wait_for(self._nothing_open.wait(), min(LOOK_AGAIN_S, began + seconds - now))
            except asyncio.TimeoutError:
                pass
            now = self._loop.time()
        return await self.cut_off()

    def announce_close(self) -> None:
        """From now on every answer says `Connection: close`."""
        self.announces_close = True
        for watch in self.watches:
            watch.begin_announcing()

    def close_websockets(self, now: float, drain_began: float, linger: float) -> None:
        self._websockets.close_due(self._open_websockets(), now, drain_began, linger)

    def _tell_libraries(self) -> None:
        """sse-starlette, for one, puts its own function into uvicorn's class to learn that streams should end."""
        try:
            self._server.handle_exit(signal.SIGTERM, None)
        except Exception:
            _log.exception("a library failed when it was told of the stop by uvicorn.Server.handle_exit()")

    async def cut_off(self) -> CutOff:
        """Ends all connections at once."""
        cut_off = CutOff(handshakes=len(self._connecting), websockets=len(self._open_websockets()))
        for watch in self.watches:
            watch.count_into(cut_off)
        self._connecting.cancel()
        for connection in self.open:
            connection.transport.abort()
        await self._end_tasks()
        if self._tick_timer is not None:
            self._tick_timer.cancel()
            self._tick_timer = None
        self._count()
        return cut_off

    async def _end_tasks(self) -> None:
        tasks = set(self._state.tasks)
        if tasks:
            _, tasks = await asyncio.wait(tasks, timeout=_NOTICE_S)
        for task in tasks:
            task.cancel()
        if tasks:
            _log.warning("%d requests whose application was still busy were cancelled", len(tasks))
            await asyncio.wait(tasks, timeout=_NOTICE_S)

    def _open_websockets(self) -> list[Any]:
        return [connection for connection in self.open if not hasattr(connection, "watch")]

    def ended(self) -> None:
        if not self.count:
            self._nothing_open.set()

    # --- now and then ---

    def _tick(self) -> None:
        self._count()
        self._tick_timer = self._loop.call_later(_TICK_S, self._tick) if self.count else None
        now = self._loop.time()
        if now < self._look_at:
            return
        limits = self.limits
        seconds = [s for s in (limits.header_timeout, limits.request_timeout, limits.keep_alive) if s]
        self._look_at = now + min([_LOOK_S, *(s / 10 for s in seconds)])
        date = formatdate(time.time(), usegmt=True).encode()
        self._headers[:] = [(b"date", date), *self._config.encoded_headers]
        for watch in self.watches:
            watch.look(now)

    def _count(self) -> None:
        self._requests.count_to(self._state.total_requests + self._websockets.total)
