"""Words, times and rules that all HTTP runners share: what a connection is doing, how long it may, what a stop cut off.

What a connection is doing is one of:

  handshake        a TLS handshake that is not complete. Limit: TLS_HANDSHAKE_S.
  idle             waits for a request, and not one byte of it has come. A connection that was just accepted is idle
                   and limited by `header_timeout`; one that had an answer before is limited by `keepalive`.
  unfinished head  the first byte of a request came, its head is not complete. Limit: `header_timeout` from that byte.
                   It counts as an open request: it is never closed as idle.
  open request     from the first byte of the head to the last byte of the answer. The body must arrive in time
                   (body_seconds()); a client that does not read its answer is cut off after `request_timeout`
                   seconds without any progress.
  websocket        an upgraded connection (status 101). None of the limits above holds for it.

The same limits hold in service and in a drain. In a drain an idle connection is closed after `linger` seconds, at
the earliest IN_FLIGHT_S after the stop (idle_until()). What is left when the drain's time is over is cut off and
counted by a CutOff.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

__all__ = [
    "BODY_BYTES_PER_S",
    "CutOff",
    "HEADER_TIMEOUT_S",
    "IN_FLIGHT_S",
    "KEEP_ALIVE_S",
    "LINGER_S",
    "LOOK_AGAIN_S",
    "QUEUE_LIMIT",
    "REQUEST_TIMEOUT_S",
    "TLS_HANDSHAKE_S",
    "body_seconds",
    "drain_seconds",
    "idle_until",
]

# An idle connection is kept this long (the argument `keepalive`).
KEEP_ALIVE_S = 75.0
# A request's head must be complete this long after its first byte, and the first byte this long after the accept
# (the argument `header_timeout`).
HEADER_TIMEOUT_S = 30.0
# The base of body_seconds(), and the longest time without progress while a client reads its answer (the argument
# `request_timeout`).
REQUEST_TIMEOUT_S = 60.0
# A body that arrives at least at this rate is never too slow, however long it is.
BODY_BYTES_PER_S = 500
# Long enough for a client in the middle of its work to send its next request, short for an operator who waits.
LINGER_S = 2.0
# How long even a connection that was idle for long is given for a request which was on its way when `stop` came.
IN_FLIGHT_S = 0.5
# Busy connections do not tell when they become idle, so a drain looks again this often.
LOOK_AGAIN_S = 0.1
# A peer that does not agree on TLS must not hold up a drain for long.
TLS_HANDSHAKE_S = 15.0
# At a stop a runner takes at most this many connections from the listener's queue before it closes the listener.
QUEUE_LIMIT = 1024


def body_seconds(request_timeout: float, received: int) -> Optional[float]:
    """How long a client may keep the server waiting for the body of one request. None: without limit.

    request_timeout: the socket's argument; 0 means no limit. received: bytes of the body that have come so far, so
    the result grows while they come. Only time in which the server was ready to read counts: not the time in which
    the application does not read.
    """
    return request_timeout + received / BODY_BYTES_PER_S if request_timeout else None


def idle_until(idle_since: float, drain_began: float, linger: float) -> float:
    """When a connection that is idle may be closed in a drain; all are times of the same clock."""
    return max(idle_since + linger, drain_began + min(IN_FLIGHT_S, linger))


def drain_seconds(time_left: Optional[float], graceful_timeout: Optional[float]) -> float:
    """How long open connections may take: what the master leaves, less a little for the clean-up and the exit.

    time_left: Worker.time_left. graceful_timeout: the socket's argument, if it has one.
    """
    if time_left is None:
        return graceful_timeout if graceful_timeout is not None else 0.0
    seconds = time_left - min(1.0, time_left / 10)
    return seconds if graceful_timeout is None else min(seconds, graceful_timeout)


@dataclasses.dataclass
class CutOff:
    """What a drain had to cut off when its time was over, by kind. False in a condition when there was nothing.

    An idle connection that is closed early is not counted: nothing is lost by it.
    """

    #: Open requests with a complete head.
    answers: int = 0
    unfinished_heads: int = 0
    websockets: int = 0
    handshakes: int = 0

    def __bool__(self) -> bool:
        return bool(self.answers or self.unfinished_heads or self.websockets or self.handshakes)

    def __str__(self) -> str:
        """As for the log: "2 answers, 1 unfinished head, 1 websocket were cut off"."""
        counts = [
            (self.answers, "answer"),
            (self.unfinished_heads, "unfinished head"),
            (self.websockets, "websocket"),
            (self.handshakes, "TLS handshake"),
        ]
        kinds = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
        verb = "was" if kinds and len(kinds) == 1 and kinds[0].startswith("1 ") else "were"
        return f"{', '.join(kinds) or 'no request'} {verb} cut off"
