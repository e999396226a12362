"""One connection of an aiohttp socket: the bytes pass through to aiohttp's protocol, and what they are is noted.

aiohttp does not say what a connection is doing. This protocol stands between the transport and aiohttp's own one and
knows it from three things: the bytes that came, the call of the request handler, and the call of the access logger
after each answer. For that it gives aiohttp one request at a time. It does not read HTTP: an empty line ends a head,
and what aiohttp says about the request's body is enough to find the body's end. Bytes after that wait here until the
answer is complete.
"""

from __future__ import annotations

import asyncio
import enum
import re
import socket
from time import monotonic
from typing import Any, Awaitable, Callable, Optional, Protocol, cast

from aiohttp import web

from fectl_worker.runners import peer
from fectl_worker.runners.draining import CutOff, body_seconds, idle_until
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount

__all__ = ["Connection", "Handler", "Owner", "Phase"]

_END = b"\r\n\r\n"
# The end of a head, or of a chunked body: an empty line after one that is not. (aiohttp may take lines without a
# carriage return.)
_EMPTY_LINE = re.compile(rb"[^\r\n]\r?\n\r?\n")
# What is held back for after the answer; more than this stays in the kernel.
_HOLD_AT_MOST = 65536


Handler = Callable[[Any], Awaitable[Any]]


class Phase(enum.Enum):
    """What the connection is doing; draining.py has the words."""

    IDLE = enum.auto()
    #: An unfinished head.
    HEAD = enum.auto()
    #: The head is complete, aiohttp has not called the handler yet.
    HEAD_COMPLETE = enum.auto()
    #: An open request whose body is not complete.
    BODY = enum.auto()
    #: An open request of which everything has come.
    ANSWER = enum.auto()
    UPGRADED = enum.auto()
    #: No request is expected any more; what is left is written.
    ENDING = enum.auto()


# Members of an Enum take a while to be found, and these are needed for every segment and every answer.
_IDLE, _ANSWER, _HEAD_COMPLETE = Phase.IDLE, Phase.ANSWER, Phase.HEAD_COMPLETE


class Owner(Protocol):
    """What a connection says to the set of connections it belongs to."""

    requests: RequestCount

    def opened(self, connection: Connection) -> None: ...

    def ended(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Between the transport and aiohttp's protocol."""

    __slots__ = (
        "_answered",
        "_body_left",
        "_body_received",
        "_content",
        "_half_closed",
        "_handler",
        "_held",
        "_inner",
        "_limits",
        "_looked_at",
        "_owner",
        "_reading_is_paused",
        "_seen",
        "_stalled_since",
        "_unread",
        "_waited",
        "is_fresh",
        "phase",
        "since",
        "socket",
        "transport",
    )

    def __init__(self, owner: Owner, handler: Handler, connection: socket.socket, limits: Limits) -> None:
        """handler: aiohttp's own one, which handle() calls."""
        self._owner = owner
        self._handler = handler
        self._inner: asyncio.Protocol
        self._limits = limits
        self.socket = connection
        self.transport: Optional[asyncio.Transport] = None
        self.phase = Phase.IDLE
        #: When the phase began; in BODY: when the handler was called.
        self.since = monotonic()
        #: Nothing has come so far.
        self.is_fresh = True
        # Not given to aiohttp yet.
        self._held = b""
        self._reading_is_paused = False
        # The last bytes that aiohttp was given of an unfinished head, or of a chunked body, since the last empty line:
        # the next one may be spread over several segments.
        self._seen = b""
        # The body of the open request: aiohttp's StreamReader.
        self._content: Any = None
        # Bytes of the body that are missing; None: the body's own form tells its end.
        self._body_left: Optional[int] = None
        self._body_received = 0
        self._answered = False
        self._half_closed = False
        # For the limits: see look().
        self._looked_at = self.since
        self._waited = 0.0
        self._unread: Optional[peer.Unread] = None
        self._stalled_since = self.since

    def set_inner(self, inner: asyncio.Protocol) -> None:
        """aiohttp's protocol, which calls handle() and answered(); before the transport is there."""
        self._inner = inner

    # --- the transport's side ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are not derived from it.
        self.transport = cast(asyncio.Transport, transport)
        self._owner.opened(self)
        self._inner.connection_made(transport)

    def connection_lost(self, error: Optional[Exception]) -> None:
        self.phase = Phase.ENDING
        self._held = b""
        self._owner.ended(self)
        self._inner.connection_lost(error)
        self._content = None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self.phase is _IDLE and not self._held:
            # Nearly every segment is one request without a body.
            if 0 < data.find(_END) == len(data) - 4 and data[0] > 32:
                self.is_fresh = False
                self.since = monotonic()
                self.phase = _HEAD_COMPLETE
                self._inner.data_received(data)
                return
        elif self.phase is Phase.UPGRADED:
            self._inner.data_received(data)
            return
        elif self.phase is Phase.ENDING:
            return
        self._held = self._held + data if self._held else data
        self._give()

    def eof_received(self) -> Optional[bool]:
        """The client sends nothing more. True keeps the transport open for the answer."""
        self._inner.eof_received()
        assert self.transport is not None
        if self.phase not in (Phase.HEAD_COMPLETE, Phase.ANSWER) and not self._held:
            return None
        # TLS knows no end of one direction.
        if self.transport.get_extra_info("ssl_object") is not None:
            return None
        self._half_closed = True
        return True

    # --- aiohttp's side ---

    def handle(self, request: web.BaseRequest) -> Awaitable[Any]:
        """The request handler of this connection."""
        content = request.content
        if content.is_eof():
            self.phase = _ANSWER
        else:
            self._body_begins(request, content)
        return self._handler(request)

    def _body_begins(self, request: web.BaseRequest, content: Any) -> None:
        self._content = content
        self._answered = False
        self._seen = b""
        self.phase = Phase.BODY
        self.since = monotonic()
        self._body_left = None if "Transfer-Encoding" in request.headers else request.content_length
        self._body_received = 0
        self._waited = 0.0
        self._looked_at = self.since
        self._give()

    def upgraded(self) -> None:
        self.phase = Phase.UPGRADED
        self._resume_reading()
        self._give_bytes(len(self._held))

    def answered(self) -> None:
        """The answer is in the transport as a whole."""
        self._owner.requests.add()
        if self.phase is _ANSWER:
            self._expect_next()
        elif self.phase is Phase.BODY:
            # aiohttp reads the rest of the body for a while, for the client's sake.
            self._answered = True
            self._look_for_end_of_body()
        else:
            # The end of a websocket, or an error that aiohttp answered without the handler: it closes after that.
            self.phase = Phase.ENDING

    def has_more(self) -> bool:
        """At least a part of another request has come."""
        return bool(self._held)

    # --- what the bytes are ---

    def _begin(self, phase: Phase) -> None:
        self.is_fresh = False
        self.since = monotonic()
        self.phase = phase

    def _give(self) -> None:
        """Gives aiohttp what it may have now of the bytes that are held."""
        while self._held:
            if self.phase is Phase.IDLE:
                # Empty lines before a request mean nothing.
                self._held = self._held.lstrip(b"\r\n")
                if self._held:
                    self._begin(Phase.HEAD)
            elif self.phase is Phase.HEAD:
                if self._give_through_empty_line(lambda: True):
                    self.phase = Phase.HEAD_COMPLETE
            elif self.phase is Phase.BODY:
                self._give_body()
            elif self.phase is Phase.ENDING:
                self._held = b""
            else:
                if len(self._held) >= _HOLD_AT_MOST and self.transport is not None:
                    self._reading_is_paused = True
                    self.transport.pause_reading()
                return

    def _give_body(self) -> None:
        before = len(self._held)
        if self._body_left is not None:
            count = min(self._body_left, before)
            self._body_left -= count
            self._give_bytes(count)
            complete = self._body_left == 0
        else:
            complete = self._give_through_empty_line(self._content.is_eof)
        self._body_received += before - len(self._held)
        if complete:
            self._body_is_complete()

    def _give_through_empty_line(self, is_end: Callable[[], bool]) -> bool:
        """Gives all that is held, or up to an empty line after which is_end() holds; whether there was one."""
        text = self._seen + self._held
        given, line_begins = len(self._seen), 0
        for found in _EMPTY_LINE.finditer(text):
            self._inner.data_received(text[given : found.end()])
            given = line_begins = found.end()
            if is_end():
                self._held, self._seen = text[given:], b""
                return True
        if given < len(text):
            self._inner.data_received(text[given:])
        # At most four bytes of what is there can be the beginning of an end.
        self._held, self._seen = b"", text[max(len(text) - 4, line_begins) :]
        return False

    def _give_bytes(self, count: int) -> None:
        piece, self._held = self._held[:count], self._held[count:]
        if piece:
            self._inner.data_received(piece)

    def _look_for_end_of_body(self) -> None:
        # aiohttp may have parsed the end of a body only after the application made room for it.
        if self._body_left is None and self._content.is_eof():
            self._body_is_complete()

    def _body_is_complete(self) -> None:
        if self.phase is Phase.BODY:
            self.phase = Phase.ANSWER
            if self._answered:
                self._expect_next()

    def _expect_next(self) -> None:
        # What aiohttp was given after the end of a body is the beginning of a head.
        self.phase = Phase.HEAD if self._seen else _IDLE
        self.since = monotonic()
        self._content = None
        if self._held or self._half_closed:
            # Not from within the call that aiohttp made at the end of the answer before.
            asyncio.get_running_loop().call_soon(self._give_next)

    def _give_next(self) -> None:
        self._resume_reading()
        self._give()
        # What is not complete now will never be.
        if self._half_closed and self.phase in (Phase.IDLE, Phase.HEAD):
            self.close()

    def _resume_reading(self) -> None:
        if self._reading_is_paused and self.transport is not None:
            self._reading_is_paused = False
            self.transport.resume_reading()

    # --- the end ---

    def close(self) -> None:
        """Closes when everything that was written is sent."""
        self.phase = Phase.ENDING
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        self.phase = Phase.ENDING
        if self.transport is not None:
            self.transport.abort()

    def is_idle(self) -> bool:
        return self.phase is Phase.IDLE and not self._held

    def is_answering(self) -> bool:
        """There is an open request whose head is complete."""
        return self.phase in (Phase.HEAD_COMPLETE, Phase.BODY, Phase.ANSWER)

    def close_if_idle(self, now: float, due: float) -> bool:
        """Closes an idle connection when it is due and nothing has come that the loop has not seen."""
        if not self.is_idle() or now < due or peer.is_readable(self.socket):
            return False
        self.close()
        return True

    def idle_until(self, drain_began: float) -> float:
        return idle_until(self.since, drain_began, self._limits.linger)

    def look(self, now: float) -> None:
        """Holds the limits; to be called now and then."""
        limits = self._limits
        if self.transport is not None and self.transport.is_closing():
            # By aiohttp, after an answer that said so.
            self.phase = Phase.ENDING
        if self.is_idle():
            seconds = limits.header_timeout if self.is_fresh else limits.keep_alive
            if seconds:
                self.close_if_idle(now, self.since + seconds)
        elif self.phase is Phase.HEAD:
            if limits.header_timeout and now >= self.since + limits.header_timeout:
                self.close()
        elif self.phase is not Phase.UPGRADED:
            self._look_at_open_request(now)
        self._looked_at = now

    def _look_at_open_request(self, now: float) -> None:
        if self.phase is Phase.BODY:
            self._look_for_end_of_body()
        if self.phase is Phase.BODY and self.transport is not None and self.transport.is_reading():
            self._waited += now - self._looked_at
            allowed = body_seconds(self._limits.request_timeout, self._body_received)
            if allowed is not None and self._waited >= allowed:
                self.close()
                return
        if self._half_closed and peer.has_hung_up(self.socket):
            self.abort()
            return
        unread = peer.unread(self.socket)
        if unread is None or unread != self._unread:
            self._unread = unread
            self._stalled_since = now
        elif self._limits.request_timeout and now >= self._stalled_since + self._limits.request_timeout:
            self.abort()

    def count_into(self, cut_off: CutOff) -> None:
        """What is lost when the connection is cut off now."""
        if self.phase is Phase.UPGRADED:
            cut_off.websockets += 1
        elif self.phase is Phase.HEAD:
            cut_off.unfinished_heads += 1
        elif self._held or self.phase in (Phase.HEAD_COMPLETE, Phase.BODY, Phase.ANSWER) or self._owes_bytes():
            cut_off.answers += 1

    def _owes_bytes(self) -> bool:
        return self.transport is not None and self.transport.get_write_buffer_size() > 0
