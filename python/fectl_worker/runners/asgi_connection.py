"""One HTTP connection of an ASGI socket: uvicorn's own protocol, which can say what it is doing.

uvicorn's protocols do not say whether they are idle. Everything that is needed for it is in their attributes, which
are looked at now and then, so that a request costs nothing. These attributes are not documented: UVICORN_NAMES lists
them, and asgi_check.py sees at each start that they are what they are taken for.
"""

from __future__ import annotations

import enum
import socket
from typing import Any, Callable, Mapping, Optional, Protocol, Sequence

from fectl_worker.runners import peer
from fectl_worker.runners.draining import CutOff, body_seconds, idle_until
from fectl_worker.runners.http_settings import Limits

__all__ = ["UVICORN_NAMES", "Owner", "Phase", "Watch", "connection_class"]

_OF_BOTH = (
    "loop",
    "transport",
    "cycle",
    "timeout_keep_alive",
    "timeout_keep_alive_task",
    "cycle.default_headers",
    "cycle.more_body",
    "cycle.response_complete",
    "cycle.response_started",
    "cycle.waiting_for_100_continue",
)
_HTTPTOOLS = "uvicorn.protocols.http.httptools_impl"
_H11 = "uvicorn.protocols.http.h11_impl"
#: What is read of uvicorn's connections, by the module of their class; a cycle is the object of one request.
UVICORN_NAMES: Mapping[str, Sequence[str]] = {
    _HTTPTOOLS: (*_OF_BOTH, "scope", "cycle.scope"),
    _H11: (*_OF_BOTH, "conn.trailing_data"),
}

_CLOSE = (b"connection", b"close")
# uvicorn does not limit a head with httptools; h11's limit is the same.
_HEAD_MAX = 65536


class Phase(enum.Enum):
    """What the connection is doing; draining.py has the words."""

    IDLE = enum.auto()
    #: An unfinished head.
    HEAD = enum.auto()
    #: An open request whose body is not complete.
    BODY = enum.auto()
    #: An open request of which everything has come.
    ANSWER = enum.auto()
    #: The answer is complete; the application did not wait for the end of the body, which still comes or has come.
    REST = enum.auto()
    #: No request is expected any more; what is left is written.
    ENDING = enum.auto()


_INCOMPLETE = (Phase.HEAD, Phase.BODY, Phase.REST)


class Owner(Protocol):
    """What a connection needs of the set of connections that it belongs to."""

    limits: Limits
    #: Answers say `Connection: close`.
    announces_close: bool

    def ended(self) -> None:
        """A connection has."""


def connection_class(base: Any, owner: Owner) -> Any:
    """A class derived from uvicorn's protocol `base`, whose instances have a `watch`.

    It has no data_received() of its own: nothing of the worker's runs for a request.
    """
    has_more = _HAS_MORE[base.__module__]

    class Connection(base):  # type: ignore[misc]
        def __init__(self, connection: socket.socket, **options: Any) -> None:
            super().__init__(**options)
            self.watch = Watch(self, connection, owner.limits, has_more)

        def connection_made(self, transport: Any) -> None:
            self.watch.since = self.loop.time()
            super().connection_made(transport)
            if owner.announces_close:
                self.watch.begin_announcing()

        def connection_lost(self, error: Optional[Exception]) -> None:
            super().connection_lost(error)
            # uvicorn leaves its timer to run out, which keeps the connection in memory until then.
            timer, self.timeout_keep_alive_task = self.timeout_keep_alive_task, None
            if timer is not None:
                timer.cancel()
            owner.ended()

    return Connection


def _more_in_httptools(connection: Any) -> bool:
    scope, cycle = connection.scope, connection.cycle
    return scope is not None and (cycle is None or scope is not cycle.scope)


def _more_in_h11(connection: Any) -> bool:
    return bool(connection.conn.trailing_data[0])


# Whether bytes have come of a request that follows the connection's cycle.
_HAS_MORE: Mapping[str, Callable[[Any], bool]] = {_HTTPTOOLS: _more_in_httptools, _H11: _more_in_h11}


class Watch:
    """Knows what one connection is doing, and holds its limits."""

    def __init__(
        self, connection: Any, plain: socket.socket, limits: Limits, has_more: Callable[[Any], bool]
    ) -> None:
        self._connection = connection
        self.socket = plain
        self._limits = limits
        self._has_more = has_more
        #: When the phase was first seen (the loop's time); in the phase REST: when the last byte was.
        self.since = 0.0
        # What the last look() saw.
        self._phase = Phase.IDLE
        self._cycle: Any = None
        self._looked_at = 0.0
        # Bytes are counted only from the first look() on that found a part of a request missing.
        self._is_between = False
        self._give: Callable[[bytes], None] = connection.data_received
        self._announces = False
        # In the phases HEAD, BODY and REST: bytes since the first look that found it, and those at the last look.
        self._received = 0
        self._received_before = 0
        # How long they were waited for.
        self._waited = 0.0
        # For the answer.
        self._unread: Optional[peer.Unread] = None
        self._stalled_since = 0.0
        # The request whose answer is to say `Connection: close`, and what its headers were before.
        self._announced: Any = None
        self._headers: Any = None

    def phase(self) -> Phase:
        connection = self._connection
        if connection.transport.is_closing():
            return Phase.ENDING
        cycle = connection.cycle
        if cycle is not None and not cycle.response_complete:
            return Phase.BODY if cycle.more_body else Phase.ANSWER
        if self._has_more(connection):
            return Phase.HEAD
        if cycle is not None and connection.timeout_keep_alive_task is None:
            # With each byte uvicorn ends the timer that it began with the end of the answer.
            return Phase.REST
        return Phase.ANSWER if connection.transport.get_write_buffer_size() else Phase.IDLE

    def begin_announcing(self) -> None:
        """Each answer whose request comes from now on says `Connection: close`, and that to the open request."""
        self._announces = True
        self._step_between()
        self.announce_close()

    def _step_between(self) -> None:
        if not self._is_between:
            self._is_between = True
            self._connection.data_received = self._data_received
            # A transport may have kept the method that was there before.
            self._connection.transport.set_protocol(self._connection)

    def _data_received(self, data: bytes) -> None:
        self._received += len(data)
        self._give(data)
        if self._announces:
            self.announce_close()

    def announce_close(self) -> None:
        """The answer to the last request that has come is to say that it is the last one of the connection.

        Not while something may be unread, of the request's body or of another request: a close would reset the
        connection then, which could destroy the answer.
        """
        connection = self._connection
        cycle: Any = connection.cycle
        if cycle is not None:
            if cycle.more_body or self._has_more(connection) or not connection.transport.is_reading():
                cycle = None
        if cycle is self._announced:
            return
        if self._announced is not None and not self._announced.response_started:
            self._announced.default_headers = self._headers
        self._announced = cycle
        if cycle is not None:
            self._headers = cycle.default_headers
            cycle.default_headers = [*cycle.default_headers, _CLOSE]

    def close_if_idle(self, now: float, drain_began: float) -> None:
        """For a drain. Never when there is something that the loop has not seen."""
        phase = self.phase()
        if phase is Phase.IDLE or phase is Phase.REST and phase is self._phase:
            due = idle_until(self._idle_since(phase), drain_began, self._limits.linger)
            self._close_if_due(now, due)

    def look(self, now: float) -> None:
        """Holds the limits; to be called now and then."""
        connection = self._connection
        phase = self.phase()
        if phase is not self._phase or connection.cycle is not self._cycle:
            self._phase, self._cycle = phase, connection.cycle
            self.since = self._stalled_since = now
            self._received = self._received_before = 0
            self._waited, self._unread = 0.0, None
            if phase in _INCOMPLETE:
                self._step_between()
        elif phase is Phase.REST and self._received != self._received_before:
            self.since = now
        if phase is Phase.IDLE:
            self._look_at_idle(now)
        elif phase is Phase.HEAD:
            self._look_at_head(now)
        else:
            self._look_at_request(now, phase)
        self._received_before, self._looked_at = self._received, now

    def count_into(self, cut_off: CutOff) -> None:
        """What is lost when the connection is cut off now."""
        phase = self.phase()
        if phase is Phase.HEAD:
            cut_off.unfinished_heads += 1
        elif phase is Phase.BODY or phase is Phase.ANSWER:
            cut_off.answers += 1
        elif self._connection.transport.get_write_buffer_size() > 0:
            cut_off.answers += 1

    def abort(self) -> None:
        self._connection.transport.abort()

    def _idle_since(self, phase: Phase) -> float:
        timer = self._connection.timeout_keep_alive_task
        if phase is Phase.IDLE and timer is not None:
            when: float = timer.when() - self._connection.timeout_keep_alive
            return when
        return self.since

    def _close_if_due(self, now: float, due: float) -> None:
        if now >= due and not peer.is_readable(self.socket):
            self._connection.transport.close()

    def _look_at_idle(self, now: float) -> None:
        if self._cycle is not None:
            self._close_if_due(now, self._idle_since(Phase.IDLE) + self._limits.keep_alive)
        elif self._limits.header_timeout:
            self._close_if_due(now, self.since + self._limits.header_timeout)

    def _look_at_head(self, now: float) -> None:
        limit = self._limits.header_timeout
        if limit and now >= self.since + limit or self._received > _HEAD_MAX:
            self._connection.transport.close()

    def _look_at_request(self, now: float, phase: Phase) -> None:
        connection, limits = self._connection, self._limits
        if phase is Phase.BODY or phase is Phase.REST:
            if connection.transport.is_reading() and not self._cycle.waiting_for_100_continue:
                self._waited += now - max(self._looked_at, self.since)
            allowed = body_seconds(limits.request_timeout, self._received)
            if allowed is not None and self._waited >= allowed:
                connection.transport.close()
                return
        if phase is Phase.REST:
            self._close_if_due(now, self.since + limits.keep_alive)
        unread = peer.unread(self.socket)
        if unread is None or unread != self._unread:
            self._unread, self._stalled_since = unread, now
        elif limits.request_timeout and now >= self._stalled_since + limits.request_timeout:
            self.abort()
