"""Takes connections from a listener which other workers hold as well."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
from typing import Callable, Optional, Protocol

from fectl_worker.accept_pace import AcceptPace
from fectl_worker.runners.draining import QUEUE_LIMIT

__all__ = ["Acceptor", "Gate"]

_log = logging.getLogger("fectl_worker")

# Out of descriptors, or somebody has shut the listener down: it stays readable, so asking again at once would only
# spin, and a later accept may succeed.
_RETRY_S = 0.1


class Gate(Protocol):
    """Says whether a worker has room for one more connection; what it has no room for is for the other workers."""

    def is_open(self) -> bool:
        """Asked before each accept. False: the acceptor pauses, and whoever owns the gate resumes it."""
        ...

    def entered(self) -> None:
        """A connection was accepted."""
        ...


class Acceptor:
    """Accepts while it is resumed. What nobody accepts waits in the kernel's queue, where it is not lost.

    Not asyncio's create_server(): that one calls listen() again, which changes the backlog for all workers; and when
    it is closed it may still hold connections that it accepted and gave to nobody. Here accept() and taking charge of
    the connection are one step.

    Each connection wakes all workers that wait for one, in the order in which they began to wait. After an accept this
    worker goes to the end of that order, so that connections are spread over the workers, see AcceptPace.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        take: Callable[[socket.socket], object],
        gate: Optional[Gate] = None,
    ) -> None:
        """take: is given each connection (non-blocking) and owns it from then on."""
        self._loop = loop
        self._listener: Optional[socket.socket] = listener
        self._take = take
        self._gate = gate
        self._accepts = False
        self._retry: Optional[asyncio.TimerHandle] = None
        self._pace = AcceptPace()
        # Holds the listener alone. The loop's own epoll would put it at the beginning of the order, not at the end.
        self._watch = select.epoll()

    def resume(self) -> None:
        if self._listener is not None and not self._accepts:
            self._accepts = True
            self._watch.register(self._listener.fileno(), select.EPOLLIN | select.EPOLLEXCLUSIVE)
            self._loop.add_reader(self._watch.fileno(), self._accept)

    def pause(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._listener is not None and self._accepts:
            self._accepts = False
            self._loop.remove_reader(self._watch.fileno())
            self._watch.unregister(self._listener.fileno())

    def close(self) -> None:
        """Takes what waits in the queue, then gives up this process's copy of the listener.

        Nothing is taken while it is paused, or when the gate is closed.
        """
        if self._listener is None:
            return
        if self._accepts:
            for _ in range(QUEUE_LIMIT):
                if not self._take_one():
                    break
        self.pause()
        # The reader must be gone before the descriptor is: another file could get its number.
        self._watch.close()
        self._listener.close()
        self._listener = None

    def _accept(self) -> None:
        changes_order = False
        for _ in range(self._pace.burst):
            # What takes a connection may pause or close this.
            if not self._accepts or not self._take_one():
                break
            if self._pace.accepted():
                changes_order = True
        if changes_order and self._accepts and self._listener is not None:
            self._watch.unregister(self._listener.fileno())
            self._watch.register(self._listener.fileno(), select.EPOLLIN | select.EPOLLEXCLUSIVE)

    def _take_one(self) -> bool:
        """False: nothing waits, or nothing can be taken now."""
        assert self._listener is not None
        if self._gate is not None and not self._gate.is_open():
            # All workers that wait were woken for this connection, so that another one takes it.
            self.pause()
            return False
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return False
        except (InterruptedError, ConnectionAbortedError):
            return True
        except OSError as error:
            _log.error("cannot accept a connection: %s; trying again in %g s", error, _RETRY_S)
            self.pause()
            self._retry = self._loop.call_later(_RETRY_S, self.resume)
            return False
        connection.setblocking(False)
        if self._gate is not None:
            self._gate.entered()
        self._take(connection)
        return True
