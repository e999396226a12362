"""The HTTP connections of one WSGI application, and how they end without losing a request."""

from __future__ import annotations

import logging
import select
import socket
import ssl
import time
from typing import Any, Optional

import gevent
import gevent.event
import gevent.monkey
from gevent.pywsgi import WSGIHandler, WSGIServer

from fectl_worker.runners.draining import IN_FLIGHT_S, LOOK_AGAIN_S, TLS_HANDSHAKE_S

__all__ = ["WsgiServer"]

_log = logging.getLogger("fectl_worker")

# The kernel's own: gevent's would wait for the hub, and in the meantime the answer could change.
_poll = gevent.monkey.get_original("select", "poll")


class _Handler(WSGIHandler):
    """One HTTP connection which can say whether it owes an answer."""

    server: WsgiServer

    def handle(self) -> None:
        self.is_idle = False
        self.idle_since = time.monotonic()
        self.greenlet = gevent.getcurrent()
        self.server.handlers.add(self)
        try:
            super().handle()
        finally:
            self.server.handlers.discard(self)

    def read_requestline(self) -> str:
        if not self._request_comes():
            return ""
        self.server.requests += 1
        line: str = super().read_requestline()
        return line

    def finalize_headers(self) -> None:
        super().finalize_headers()
        if not (self.server.draining or self.server.always_close) or self.code == 101:
            return
        # A pipelining client has sent the next request already: that one's answer says it.
        if self._has_more_to_read():
            return
        self.close_connection = True
        self.response_headers[:] = [h for h in self.response_headers if h[0].lower() != b"connection"]
        self.response_headers.append((b"Connection", b"close"))

    def is_readable(self) -> bool:
        """There is something in the kernel that nobody has seen: not the moment to close."""
        poller = _poll()
        poller.register(self.socket.fileno(), select.POLLIN)
        return bool(poller.poll(0))

    def _request_comes(self) -> bool:
        """Waits for the first byte of a request. False: the connection ended, or was idle for too long."""
        self.idle_since = time.monotonic()
        self.is_idle = True
        try:
            with gevent.Timeout(self.server.keep_alive, False):
                return bool(self.rfile.peek(1))
            return False
        finally:
            self.is_idle = False

    def _has_more_to_read(self) -> bool:
        with gevent.Timeout(0, False):
            return bool(self.rfile.peek(1))
        return False


class WsgiServer(WSGIServer):
    """pywsgi's server for a listener which other workers hold as well, with an end that loses no request."""

    handler_class = _Handler
    # pywsgi would close the listener for good when somebody has shut it down, which the master repairs.
    fatal_errors = ()

    def __init__(
        self,
        listener: socket.socket,
        application: Any,
        *,
        keep_alive: float,
        linger: float,
        tls: Optional[ssl.SSLContext],
        log: Any,
    ) -> None:
        """keep_alive: seconds after which an idle connection is closed; 0: after each answer.

        linger: see drain(). log: has write(), for a line for each request.
        """
        self.always_close = keep_alive == 0
        self.keep_alive = keep_alive or None
        self.linger = linger
        self.draining = False
        self.handlers: set[_Handler] = set()
        #: Connections, from their accept() on.
        self.open_count = 0
        self.requests = 0
        self._ended = gevent.event.Event()
        # Accepts one connection at a time. And a name given here is not looked up in the DNS.
        environ: dict[str, Any] = {"wsgi.multiprocess": True}
        if listener.family != socket.AF_UNIX:
            environ["SERVER_NAME"] = listener.getsockname()[0]
        self._tls = tls
        options = {"ssl_context": tls} if tls is not None else {}
        # No pool: a pool starts accepting again whenever a connection ends, also while paused.
        super().__init__(listener, application, log=log, environ=environ, **options)

    def do_handle(self, *arguments: Any) -> None:
        self.open_count += 1
        super().do_handle(*arguments)

    def do_close(self, *arguments: Any) -> None:
        try:
            super().do_close(*arguments)
        finally:
            self.open_count -= 1
            self._ended.set()

    def wrap_socket_and_handle(self, client_socket: socket.socket, address: Any) -> None:
        assert self._tls is not None
        try:
            with gevent.Timeout(TLS_HANDSHAKE_S, TimeoutError("no TLS handshake")):
                connection = self._tls.wrap_socket(client_socket, server_side=True)
        except OSError as error:
            # The peer went away or failed to agree on TLS; nobody here can do anything about it.
            _log.debug("a connection was not made: %s", error)
            return
        with connection:
            self.handle(connection, address)

    def drain(self, seconds: float) -> int:
        """Lets every connection end, for at most the given time; after close(). How many answers had to be cut off.

        From now on every answer says `Connection: close`. What is being answered is finished. An idle connection
        is closed when it was idle for `linger` seconds, and never in the moment in which a request is there already.
        """
        self.draining = True
        began = time.monotonic()
        while self.open_count and time.monotonic() < began + seconds:
            self._ended.clear()
            wait = min(self._close_idle(began), began + seconds - time.monotonic())
            self._ended.wait(max(wait, 0.0))
        unfinished = [h for h in self.handlers if not h.is_idle]
        gevent.killall([h.greenlet for h in self.handlers], timeout=1.0)
        return len(unfinished)

    def _close_idle(self, began: float) -> float:
        """Closes what may be closed now. Seconds until it is worth looking again."""
        now = time.monotonic()
        wait = LOOK_AGAIN_S
        for handler in list(self.handlers):
            if not handler.is_idle:
                continue
            due = max(handler.idle_since + self.linger, began + min(IN_FLIGHT_S, self.linger))
            if due > now:
                wait = min(wait, due - now)
            elif not handler.is_readable():
                handler.greenlet.kill(block=False)
        return wait
