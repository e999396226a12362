"""Websockets of uvicorn: how many there were, and how a stop tells their clients to come back."""

from __future__ import annotations

from typing import Any, Sequence

import uvicorn

from fectl_worker.runners import peer

__all__ = ["Websockets"]

# The code for "service restart": clients that know it connect again.
_RESTART = 1012
# A client that sends all the time is not waited for longer than this.
_PATIENCE_S = 1.0


class Websockets:
    """Counts the websockets of a uvicorn.Config, and closes them."""

    def __init__(self, config: uvicorn.Config) -> None:
        #: Websockets so far.
        self.total = 0
        self._base: Any = config.ws_protocol_class
        if self._base is not None:
            config.ws_protocol_class = self._make
        self._due: dict[Any, float] = {}

    def _make(self, **options: Any) -> Any:
        self.total += 1
        return self._base(**options)

    def close_due(self, open_ones: Sequence[Any], now: float, drain_began: float, linger: float) -> None:
        """Closes those whose turn it is: all within the time `linger`, so that their clients do not come at once.

        Not while something of the client's is unread: the close could destroy what was sent to it.
        """
        new = [websocket for websocket in open_ones if websocket not in self._due]
        for number, websocket in enumerate(new):
            self._due[websocket] = max(now, drain_began + linger * number / len(new))
        for websocket in open_ones:
            due = self._due[websocket]
            if now < due or websocket.transport.is_closing() or not _accepted(websocket):
                continue
            if now < due + _PATIENCE_S and peer.is_readable(websocket.transport.get_extra_info("socket")):
                continue
            if hasattr(websocket, "fail_connection"):
                # uvicorn before 0.21 would close without a code.
                websocket.fail_connection(_RESTART)
            websocket.shutdown()


def _accepted(websocket: Any) -> bool:
    """The application has answered the handshake."""
    event = getattr(websocket, "handshake_completed_event", None)
    if event is not None:
        return bool(event.is_set())
    return bool(getattr(websocket, "handshake_complete", True))
