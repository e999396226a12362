"""Accepted connections on their way to their protocols, with the TLS handshake where there is one."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Any, Callable, Optional

from fectl_worker.runners.draining import TLS_HANDSHAKE_S

__all__ = ["Connecting"]

_log = logging.getLogger("fectl_worker")

# A peer that does not end TLS as it should must not hold up a drain for long.
_TLS_SHUTDOWN_S = 2.0


class Connecting:
    """Owns each connection from its accept until its protocol has a transport."""

    def __init__(self, make: Callable[[socket.socket], asyncio.BaseProtocol], ended: Callable[[], object]) -> None:
        """make: the protocol for a connection. ended: called when a connection has a transport, or was given up."""
        self._loop = asyncio.get_running_loop()
        self._make = make
        self._ended = ended
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def take(self, connection: socket.socket, tls: Optional[ssl.SSLContext]) -> None:
        task = self._loop.create_task(self._connect(connection, tls))
        self._tasks.add(task)
        task.add_done_callback(self._connected)

    def cancel(self) -> None:
        """Gives up all of them."""
        for task in list(self._tasks):
            task.cancel()

    async def _connect(self, connection: socket.socket, tls: Optional[ssl.SSLContext]) -> None:
        tls_options: dict[str, Any] = {}
        if tls is not None:
            tls_options = {"ssl_handshake_timeout": TLS_HANDSHAKE_S, "ssl_shutdown_timeout": _TLS_SHUTDOWN_S}
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._make(connection), connection, ssl=tls, **tls_options
            )
        except (OSError, ssl.SSLError) as error:
            # The peer went away or failed to agree on TLS; nobody here can do anything about it.
            _log.debug("a connection was not made: %s", error)
            connection.close()
        except BaseException:
            connection.close()
            raise

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._ended()
        if not task.cancelled() and task.exception() is not None:
            _log.error("a connection was not made", exc_info=task.exception())
