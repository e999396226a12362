"""One connection of a WSGI server: what it waits for, since when, and how long it may."""

from __future__ import annotations

import errno
import fcntl
import io
import select
import socket
import ssl
import struct
import termios
import time
from typing import Any, Optional, Union

import gevent
import gevent.monkey
import gevent.socket

from fectl_worker.runners.draining import TLS_HANDSHAKE_S, CutOff, body_seconds
from fectl_worker.runners.http_settings import Limits

__all__ = ["Connection", "look_again_seconds"]

# What a connection is doing: the words of draining.py, and what an open request waits for.
HANDSHAKE = "handshake"
FRESH = "fresh"  # idle, and there was no request yet
IDLE = "idle"
HEAD = "head"
APPLICATION = "application"  # nothing is expected of the client
BODY = "body"  # waits for more of a request's body
SENDING = "sending"  # waits until the client takes more of the answer

# A head and a body that together are no longer are sent as one piece. To copy more would cost more than a second call.
_JOIN_BYTES_MAX = 65536
# What a client has sent beyond its requests is read up to this size before the end, since closing with unread data
# makes the kernel reset the connection, which can take the answer away from the client.
_UNREAD_BYTES_MAX = 16384

# The kernel's own: gevent's would wait for the hub, and in the meantime the answer could change.
_poll = gevent.monkey.get_original("select", "poll")


def look_again_seconds(limits: Limits) -> float:
    """How often connections must be looked at, so that no limit is exceeded by more than a quarter, or a second."""
    given = [s for s in (limits.keep_alive, limits.header_timeout, limits.request_timeout) if s]
    return max(min([4.0, *given]) / 4, 0.02)


class Connection:
    """A client's socket as pywsgi's handler uses it. It notes what it waits for, so that others can judge it.

    cut() may be called by any greenlet. Everything else is called by the greenlet that serves the connection.
    """

    def __init__(self, plain: socket.socket) -> None:
        self.socket = plain
        self.phase = FRESH
        self.since = time.monotonic()
        #: The greenlet that serves it, once it runs.
        self.greenlet: Optional[gevent.Greenlet] = None
        self.is_websocket = False
        #: Bytes of plain text that came, in all.
        self.received = 0
        self._waited_for_body = 0.0
        self._body_received = 0
        self._is_cut = False
        self._must_not_wait = False
        self._held: Optional[list[Union[bytes, bytearray]]] = None
        self._unsent = -1
        if plain.family != socket.AF_UNIX:
            # Otherwise the second of two small writes waits for the client's delayed acknowledgement of the first.
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                pass  # the client is gone already, which the first recv() tells

    def handshake(self, tls: ssl.SSLContext) -> None:
        self.phase = HANDSHAKE
        # In two steps, because wrap_socket() would return the new owner of the descriptor only after the handshake.
        wrapped = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.socket = wrapped
        wrapped.do_handshake()
        self._now(FRESH)

    # --- what the handler tells ---

    def waits_for_request(self) -> None:
        if self.phase is not FRESH:
            self._now(IDLE)

    def head_begins(self) -> None:
        if self.phase is not HEAD:
            self._now(HEAD)

    def head_is_complete(self) -> None:
        self.phase = APPLICATION
        self._waited_for_body = 0.0
        self._body_received = 0

    # --- as a socket ---

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def readinto(self, buffer: memoryview) -> Optional[int]:
        """None: nothing is there, and peek_now() must not wait."""
        if self._must_not_wait:
            count = self._receive_now(buffer)
            self.received += count or 0
            return count
        phase = self.phase
        if phase is APPLICATION:
            self._now(BODY)
        try:
            self._refuse_if_cut()
            count = self.socket.recv_into(buffer)
        except OSError:
            self._refuse_if_cut()
            raise
        finally:
            if phase is APPLICATION:
                self.phase = APPLICATION
                self._waited_for_body += time.monotonic() - self.since
        if count:
            self.received += count
            if phase is APPLICATION:
                self._body_received += count
        elif phase is HEAD:
            # pywsgi would take the end of the stream for the end of the head, and run half a request.
            raise ConnectionResetError(errno.ECONNRESET, "the client closed in the middle of a request's head")
        return count

    def sendall(self, data: Union[bytes, bytearray]) -> None:
        if self._held is not None:
            self._held.append(data)
        else:
            self._send(data)

    def hold(self) -> None:
        """What is sent from now on waits for release(), which sends it as one piece."""
        self._held = []

    def release(self) -> None:
        held, self._held = self._held, None
        if not held:
            return
        if len(held) > 1 and sum(map(len, held)) <= _JOIN_BYTES_MAX:
            held = [b"".join(held)]
        for data in held:
            self._send(data)

    def close(self) -> None:
        try:
            self.socket.settimeout(0.0)
            # Below TLS, if there is any.
            gevent.socket.socket.recv(self.socket, _UNREAD_BYTES_MAX)
        except OSError:
            pass
        self.socket.close()

    def peek_now(self, reader: io.BufferedReader) -> int:
        """How many bytes have come that nobody has read yet; more may be in the kernel. Does not wait."""
        self._must_not_wait = True
        try:
            return len(reader.peek(1))
        except OSError:
            return 0
        finally:
            self._must_not_wait = False

    # --- what others want to know ---

    @property
    def is_idle(self) -> bool:
        return self.phase is IDLE or self.phase is FRESH

    @property
    def is_answering(self) -> bool:
        """There is an open request whose head is complete."""
        return self.phase in (APPLICATION, BODY, SENDING) and not self.is_websocket

    def count_cut(self, cut_off: CutOff) -> None:
        """Counts what a client loses when the connection ends now."""
        if self.phase is HANDSHAKE:
            cut_off.handshakes += 1
        elif self.phase is HEAD:
            cut_off.unfinished_heads += 1
        elif not self.is_idle:
            if self.is_websocket:
                cut_off.websockets += 1
            else:
                cut_off.answers += 1

    def is_readable(self) -> bool:
        """There is something in the kernel that nobody has seen: not the moment to close."""
        if self.socket.fileno() < 0:
            return False  # closed already
        poller = _poll()
        poller.register(self.socket.fileno(), select.POLLIN)
        return bool(poller.poll(0))

    def is_overdue(self, now: float, limits: Limits) -> bool:
        limit: Optional[float] = None
        since = self.since
        if self.phase is IDLE:
            limit = limits.keep_alive
        elif self.phase is FRESH or self.phase is HEAD:
            limit = limits.header_timeout
        elif self.phase is HANDSHAKE:
            limit = TLS_HANDSHAKE_S
        elif self.phase is BODY:
            limit = body_seconds(limits.request_timeout, self._body_received)
            since -= self._waited_for_body
        elif self.phase is SENDING:
            limit = limits.request_timeout
            if self._takes_more():
                self.since = since = now
        if not limit or now < since + limit:
            return False
        return not (self.is_idle and self.is_readable())

    def cut(self) -> None:
        """Ends the connection: whoever waits for the client, or will, gets a ConnectionResetError."""
        if self._is_cut:
            return
        self._is_cut = True
        try:
            # Below TLS: SSLSocket.shutdown() would drop what the waiting greenlet is using.
            gevent.socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        except OSError:
            pass  # the client was quicker

    def __repr__(self) -> str:
        return repr(self.socket)

    # --- the rest ---

    def _now(self, phase: str) -> None:
        self.phase = phase
        self.since = time.monotonic()

    def _refuse_if_cut(self) -> None:
        if self._is_cut:
            raise ConnectionResetError(errno.ECONNRESET, "the connection was cut off by the worker")

    def _receive_now(self, buffer: memoryview) -> Optional[int]:
        timeout = self.socket.gettimeout()
        self.socket.settimeout(0.0)
        try:
            return self.socket.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        finally:
            self.socket.settimeout(timeout)

    def _send(self, data: Union[bytes, bytearray, memoryview]) -> None:
        phase = self.phase
        try:
            while True:
                self._refuse_if_cut()
                self._now(SENDING)
                sent = self.socket.send(data)
                if sent == len(data):
                    return
                data = memoryview(data)[sent:]
        except OSError:
            self._refuse_if_cut()
            raise
        finally:
            self.phase = phase

    def _takes_more(self) -> bool:
        """The client has taken something since the last call, which send() tells only when there is much room."""
        try:
            (unsent,) = struct.unpack("i", fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))
        except OSError:
            return False
        before, self._unsent = self._unsent, unsent
        return before >= 0 and unsent != before


class _Reader(io.RawIOBase):
    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    @property
    def _sock(self) -> socket.socket:
        # Where libraries for websockets, like simple-websocket, look for the socket of wsgi.input.
        return self._connection.socket

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        return self._connection.readinto(buffer)
