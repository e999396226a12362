"""The argument `request_timeout` of a WSGI application in threads: what is done about threads that do not come back."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Sequence

from fectl_worker.runners import threads_pool
from fectl_worker.runners.threads_pool import Thread
from fectl_worker.worker import Worker

__all__ = ["StuckThreads"]

_log = logging.getLogger("fectl_worker")


class StuckThreads:
    """Looks for threads whose application has worked for too long without giving anything of its answer.

    A thread cannot be ended from outside, so each of them is logged with its stack, and the master is asked for another
    worker when half of the threads are stuck: one that works on a long report is no reason to give up the others.
    """

    def __init__(self, name: str, worker: Worker, threads: Sequence[Thread], limit: float) -> None:
        """name: of the socket, for the log. limit: in seconds."""
        self._name = name
        self._worker = worker
        self._threads = threads
        self._limit = limit
        self._reported: dict[Thread, object] = {}
        self._has_told = False

    def look(self, now: float) -> bool:
        """To be called now and then, with time.monotonic(). True: all threads are stuck."""
        stuck = [thread for thread in self._threads if self._is_stuck(thread, now)]
        for thread in [thread for thread in self._reported if thread not in stuck]:
            del self._reported[thread]
            _log.warning("socket %s: thread %s is free again", self._name, thread.name)
        if not self._has_told and stuck and 2 * len(stuck) >= len(self._threads):
            self._has_told = True
            self._worker.stopping(f"{len(stuck)} of {len(self._threads)} threads are stuck")
        return len(stuck) == len(self._threads)

    def _is_stuck(self, thread: Thread, now: float) -> bool:
        # Read once: the thread changes both at any time.
        exchange, since = thread.exchange, thread.since
        if exchange is None or since is None or now < since + self._limit:
            return False
        if self._reported.get(thread) is not exchange:
            self._reported[thread] = exchange
            _log.error(
                "socket %s: %s %s has kept thread %s for %.1f s; its stack:\n%s",
                self._name,
                exchange.method,
                exchange.path,
                thread.name,
                now - since,
                _stack(thread),
            )
        return True


def _stack(thread: Thread) -> str:
    """What the application does now in that thread, innermost last."""
    frame = sys._current_frames().get(thread.ident or 0)
    frames = traceback.extract_stack(frame) if frame is not None else traceback.StackSummary()
    ours = [place for place, found in enumerate(frames) if found.filename == threads_pool.__file__]
    return "".join(traceback.format_list(frames[max(ours, default=-1) + 1 :]))
