"""The HTTP connections of one WSGI application, and how they end without losing a request."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from typing import Any, Mapping, Optional

import gevent
import gevent.event
from gevent.pywsgi import WSGIHandler, WSGIServer

from fectl_worker.accept_pace import AcceptPace
from fectl_worker.runners.access_log_format import AccessLog, PairHeaders, Record
from fectl_worker.runners.draining import LOOK_AGAIN_S, QUEUE_LIMIT, CutOff, idle_until
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.runners.wsgi_stream import Connection, look_again_seconds

__all__ = ["PYWSGI_NAMES", "WsgiServer"]

_log = logging.getLogger("fectl_worker")

# What the classes below override, call or read. The trial at the start checks that pywsgi still uses it as they expect.
PYWSGI_NAMES: Mapping[type, tuple[str, ...]] = {
    WSGIHandler: (
        *("handle", "read_requestline", "read_request", "finalize_headers", "write", "log_request"),
        *("close_connection", "code", "content_length", "headers", "headers_sent", "response_headers", "wsgi_input"),
        *("environ", "requestline", "response_length", "time_finish", "time_start"),
    ),
    WSGIServer: (
        *("start", "close", "start_accepting", "stop_accepting", "do_read", "do_handle", "do_close"),
        *("handle", "wrap_socket_and_handle", "handler_class", "fatal_errors", "max_accept"),
    ),
}


class _Handler(WSGIHandler):
    """Reads requests from one connection and answers them."""

    server: WsgiServer
    socket: Connection
    # The head of the request was understood.
    _is_valid = False

    def handle(self) -> None:
        try:
            super().handle()
        except OSError as error:
            # pywsgi says "400 Bad Request" without expecting that the client may be gone.
            _log.debug("a connection has ended: %s", error)

    def read_requestline(self) -> str:
        connection = self.socket
        connection.waits_for_request()
        if not self.rfile.peek(1):
            return ""
        connection.head_begins()
        self.server.requests.add()
        self._is_valid = False
        self.time_start = time.time()
        line: str = super().read_requestline()
        return line

    def read_request(self, raw_requestline: str) -> bool:
        connection = self.socket
        try:
            valid: bool = super().read_request(raw_requestline)
        except OSError as error:
            # pywsgi would print a traceback, and answer a client that is gone.
            _log.debug("a connection has ended: %s", error)
            raise gevent.GreenletExit() from None
        self._is_valid = valid
        connection.head_is_complete()
        connection.is_websocket = self.headers.get("Upgrade", "").lower() == "websocket"
        # Where the body begins, for _unread_body().
        self._body_at = connection.received - connection.peek_now(self.rfile) if self.content_length else 0
        return valid

    def finalize_headers(self) -> None:
        super().finalize_headers()
        if not (self.server.draining or self.server.always_close) or self.code == 101:
            return
        # A pipelining client has sent the next request already: that one's answer says it.
        if self._next_request_is_here():
            return
        self.close_connection = True
        self.response_headers[:] = [h for h in self.response_headers if h[0].lower() != b"connection"]
        self.response_headers.append((b"Connection", b"close"))

    def write(self, data: bytes) -> None:
        if self.headers_sent:
            super().write(data)
            return
        # pywsgi sends the head and the first piece of the body apart.
        connection = self.socket
        connection.hold()
        try:
            super().write(data)
        finally:
            connection.release()

    def log_request(self) -> None:
        if self.server.access_log is not None:
            self.server.access_log.write(self._record())

    def _record(self) -> Record:
        method, _, rest = (self.requestline or "").partition(" ")
        target, _, protocol = rest.rpartition(" ")
        address = self.client_address
        if self._is_valid:
            # pywsgi makes the code negative when the client is gone before its answer.
            status = abs(self.code) if self.status else 0
        else:
            status = int(self.status)
        return Record(
            method,
            target,
            protocol,
            status,
            self.response_length,
            self.time_finish - self.time_start,
            str(address[0]) if isinstance(address, tuple) else "",
            # pywsgi keeps those of the request before it.
            self.headers if self._is_valid else {},
            PairHeaders(self.response_headers if self._is_valid else ()),
            self.environ if self._is_valid else None,
        )

    def _next_request_is_here(self) -> bool:
        come = self.socket.peek_now(self.rfile)
        unread = self._unread_body(come) if come else None
        return unread is not None and come > unread

    def _unread_body(self, come: int) -> Optional[int]:
        """Bytes of this request's body that the application has not read yet; None: it cannot be known."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return 0 if getattr(self.wsgi_input, "chunk_length", None) == 0 else None
        if not self.content_length:
            return 0
        length: int = self.content_length
        return length - (self.socket.received - come - self._body_at)


class WsgiServer(WSGIServer):
    """pywsgi's server for a listener which other workers hold as well, with an end that loses no request."""

    handler_class = _Handler
    # pywsgi would close the listener for good when somebody has shut it down, which the master repairs.
    fatal_errors = ()

    # close() is also called by a constructor that fails.
    _serves = False
    _watch: Optional[gevent.Greenlet] = None

    def __init__(
        self,
        listener: socket.socket,
        application: Any,
        *,
        limits: Limits,
        tls: Optional[ssl.SSLContext],
        access_log: Optional[AccessLog],
        requests: RequestCount,
    ) -> None:
        self.always_close = limits.keep_alive == 0
        self.limits = limits
        self.access_log = access_log
        self.draining = False
        #: From their accept() on.
        self.connections: set[Connection] = set()
        self.requests = requests
        self._pace = AcceptPace()
        self._ended = gevent.event.Event()
        self._not_empty = gevent.event.Event()
        # Accepts one connection at a time at first. And a name given here is not looked up in the DNS.
        environ: dict[str, Any] = {"wsgi.multiprocess": True}
        if listener.family != socket.AF_UNIX:
            environ["SERVER_NAME"] = listener.getsockname()[0]
        self._tls = tls
        options = {"ssl_context": tls} if tls is not None else {}
        # No pool: a pool starts accepting again whenever a connection ends, also while paused.
        super().__init__(listener, application, log=access_log, environ=environ, **options)

    def start(self) -> None:
        self._serves = True
        super().start()

    def pause(self) -> None:
        self._serves = False
        self.stop_accepting()

    def resume(self) -> None:
        self._serves = True
        self.start_accepting()

    def close(self) -> None:
        """Takes what waits in the listener's queue, then gives up this process's copy of the listener."""
        serves, self._serves = self._serves, False
        try:
            if serves:
                self._accept_waiting()
        finally:
            super().close()

    def do_handle(self, plain: socket.socket, address: Any) -> None:
        self._pace.accepted()
        # gevent's, for its next turn.
        self.max_accept = self._pace.burst
        connection = Connection(plain)
        self.connections.add(connection)
        if self._watch is None:
            self._watch = gevent.spawn(self._watch_limits)
        self._not_empty.set()
        super().do_handle(connection, address)

    def do_close(self, connection: Connection, *arguments: Any) -> None:
        try:
            super().do_close(connection, *arguments)
        finally:
            self.connections.discard(connection)
            self._ended.set()

    def handle(self, connection: Connection, address: Any) -> None:
        connection.greenlet = gevent.getcurrent()
        super().handle(connection, address)

    def wrap_socket_and_handle(self, connection: Connection, address: Any) -> None:
        assert self._tls is not None
        try:
            connection.handshake(self._tls)
        except OSError as error:
            # The peer went away or failed to agree on TLS; nobody here can do anything about it.
            _log.debug("a connection was not made: %s", error)
            return
        self.handle(connection, address)

    def drain(self, seconds: float) -> CutOff:
        """Lets every connection end, for at most the given time; after close(). What had to be cut off.

        From now on every answer says `Connection: close`. What is being answered is finished. An idle connection
        is closed when it was idle for `linger` seconds, and never in the moment in which a request is there already.
        """
        self.draining = True
        began = time.monotonic()
        while self.connections and time.monotonic() < began + seconds:
            self._ended.clear()
            wait = min(self._close_idle(began), began + seconds - time.monotonic())
            self._ended.wait(max(wait, 0.0))
        cut_off = CutOff()
        for connection in self.connections:
            connection.count_cut(cut_off)
        gevent.killall([c.greenlet for c in self.connections if c.greenlet is not None], timeout=1.0)
        for connection in list(self.connections):
            connection.cut()
        if self._watch is not None:
            self._watch.kill(block=False)
        return cut_off

    def _accept_waiting(self) -> None:
        # Connections that were made before the stop: served here, nobody has to wait for whoever accepts next.
        for _ in range(QUEUE_LIMIT):
            try:
                accepted = self.do_read()
            except ConnectionAbortedError:
                continue
            except OSError as error:
                _log.warning("connections are left in the queue of the listener: %s", error)
                return
            if not accepted:
                return
            self.do_handle(*accepted)

    def _close_idle(self, began: float) -> float:
        """Closes what may be closed now. Seconds until it is worth looking again."""
        now = time.monotonic()
        wait = LOOK_AGAIN_S
        for connection in list(self.connections):
            if not connection.is_idle:
                continue
            due = idle_until(connection.since, began, self.limits.linger)
            if due > now:
                wait = min(wait, due - now)
            elif not connection.is_readable():
                connection.cut()
        return wait

    def _watch_limits(self) -> None:
        # One greenlet that looks at all of them costs a request less than a timer of its own would.
        pause = look_again_seconds(self.limits)
        while True:
            gevent.sleep(pause)
            now = time.monotonic()
            for connection in list(self.connections):
                if connection.is_overdue(now, self.limits):
                    _log.debug("a connection in the phase %s was cut off: its time was over", connection.phase)
                    connection.cut()
            if not self.connections:
                self._not_empty.clear()
                self._not_empty.wait()
