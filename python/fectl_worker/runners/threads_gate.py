"""How many connections a worker with threads accepts: as many as it has free threads."""

from __future__ import annotations

import asyncio
import collections
from typing import Callable, Optional

__all__ = ["ThreadGate"]

# A connection that was accepted counts as a request until its request has come, for so long at most: one whose client
# is silent must not keep others out.
_EXPECTED_S = 0.05
# After so long with connections in the queue and without a free thread, no other worker has a free thread either.
_STARVED_S = 0.1
# What is in the queue when the gate opens for one connection is accepted within this time.
_ONE_MORE_S = 0.01


class ThreadGate:
    """A Gate (see acceptor.py) which is open while a thread is free for the next connection's request.

    The queue of the listening socket belongs to all workers: what waits there is served by the first that has a thread.
    Requests on connections that this worker has already cannot go anywhere else; they wait for its threads.

    When those keep all threads busy for long, the queue must not wait for ever: then each request that ends lets one
    more connection in. Threads that hang let nothing in.
    """

    def __init__(self, threads: int, requests: Callable[[], int], reopen: Callable[[], object]) -> None:
        """requests: how many there are, at work or waiting for a thread. reopen: called when a gate that was found
        closed is open again."""
        self._loop = asyncio.get_running_loop()
        self._threads = threads
        self._requests = requests
        self._reopen = reopen
        # When the connections were accepted whose request has not come.
        self._expected: collections.deque[float] = collections.deque()
        # It was found closed, so somebody has to open it.
        self._is_closed = False
        # Since when connections wait in the queue; None: none does, as far as is known.
        self._starved_since: Optional[float] = None
        # Until then one connection may enter although no thread is free.
        self._one_more_until: Optional[float] = None
        self._timer: Optional[asyncio.TimerHandle] = None

    def is_open(self) -> bool:
        now = self._loop.time()
        if self._has_room(now):
            self._starved_since = self._one_more_until = None
            return True
        if self._one_more_until is not None:
            may_enter = now < self._one_more_until
            self._one_more_until = None
            if may_enter:
                return True
            # The queue was empty then.
            self._starved_since = now
        if self._starved_since is None:
            self._starved_since = now
        self._is_closed = True
        if self._expected and self._timer is None:
            self._timer = self._loop.call_at(self._expected[0] + _EXPECTED_S, self._look_again)
        return False

    def entered(self) -> None:
        self._expected.append(self._loop.time())

    def request_came(self) -> None:
        # Perhaps not of the connection that has waited longest, but the count is right.
        if self._expected:
            self._expected.popleft()

    def request_ended(self) -> None:
        if not self._is_closed:
            return
        now = self._loop.time()
        if not self._has_room(now):
            if self._starved_since is None or now < self._starved_since + _STARVED_S:
                return
            self._one_more_until = now + _ONE_MORE_S
        self._is_closed = False
        self._reopen()

    def close(self) -> None:
        """It has no timers any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _has_room(self, now: float) -> bool:
        while self._expected and now >= self._expected[0] + _EXPECTED_S:
            self._expected.popleft()
        return self._requests() + len(self._expected) < self._threads

    def _look_again(self) -> None:
        self._timer = None
        if self._is_closed and self.is_open():
            self._is_closed = False
            self._reopen()
