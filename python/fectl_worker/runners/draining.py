"""Times of the HTTP sockets: how long connections stay, and how long a stop may take."""

from __future__ import annotations

from typing import Optional

__all__ = ["IN_FLIGHT_S", "KEEP_ALIVE_S", "LINGER_S", "LOOK_AGAIN_S", "TLS_HANDSHAKE_S", "drain_seconds"]

# An idle connection is kept this long.
KEEP_ALIVE_S = 75.0
# Long enough for a client in the middle of its work to send its next request, short for an operator who waits.
LINGER_S = 2.0
# How long even a connection that was idle for long is given for a request which was on its way when `stop` came.
IN_FLIGHT_S = 0.5
# Busy connections do not tell when they become idle, so a drain looks again this often.
LOOK_AGAIN_S = 0.1
# A peer that does not agree on TLS must not hold up a drain for long.
TLS_HANDSHAKE_S = 15.0


def drain_seconds(time_left: Optional[float], graceful_timeout: Optional[float]) -> float:
    """How long open connections may take: what the master leaves, less a little for the clean-up and the exit.

    time_left: Worker.time_left. graceful_timeout: the socket's argument, if it has one.
    """
    if time_left is None:
        return graceful_timeout if graceful_timeout is not None else 0.0
    seconds = time_left - min(1.0, time_left / 10)
    return seconds if graceful_timeout is None else min(seconds, graceful_timeout)
