"""A worker within asyncio: no thread, no blocking call.

    worker = fectl_worker.Worker.from_environment()
    worker.on_stop = lambda seconds: stopped.set()
    with fectl_worker.aio.Link(worker):
        ... initialise ...
        worker.loaded()
        await stopped.wait()
"""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Callable, Optional

from fectl_worker import evidence
from fectl_worker.acceptor import Acceptor
from fectl_worker.worker import Worker

__all__ = ["Acceptor", "Link"]


class Link:
    """Calls worker.dispatch() from the running loop: when the master speaks, and when a heartbeat is due.

    The worker's callbacks run within the loop. An exception of a callback goes to the loop's exception handler.
    Heartbeats come from the loop that serves, so a loop which hangs falls silent. Without a master it does nothing.
    """

    def __init__(self, worker: Worker, loop: Optional[asyncio.AbstractEventLoop] = None) -> None:
        self._worker = worker
        self._loop = loop if loop is not None else asyncio.get_running_loop()
        self._timer: Optional[asyncio.TimerHandle] = None
        self._is_open = False
        #: Called before each dispatch, as to set gauges.
        self.before_dispatch: Optional[Callable[[], object]] = None

    def open(self) -> None:
        if self._is_open or not self._worker.managed:
            return
        self._is_open = True
        self._loop.add_reader(self._worker.poll_fd, self._turn)
        self._worker.on_timeout_changed = self._arm
        self._worker.let_threads_in(self._loop.call_soon_threadsafe)
        # The master's word, or a SIGTERM, may have come before anybody listened.
        self._loop.call_soon(self._first_turn)

    def close(self) -> None:
        """Leaves the loop. The channel stays open: the master learns of the end by the process's exit."""
        if not self._is_open:
            return
        self._is_open = False
        self._worker.on_timeout_changed = None
        self._worker.let_threads_in(None)
        self._loop.remove_reader(self._worker.poll_fd)
        self._disarm()

    def __enter__(self) -> Link:
        self.open()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def _first_turn(self) -> None:
        evidence.note_loop(self._loop, sys._getframe().f_back)
        self._turn()

    def _turn(self) -> None:
        if not self._is_open:
            return
        if self.before_dispatch is not None:
            self._guarded(self.before_dispatch)
        self._guarded(self._worker.dispatch)
        self._arm()

    def _guarded(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception as error:
            self._loop.call_exception_handler({"message": "a callback of the worker failed", "exception": error})

    def _arm(self) -> None:
        self._disarm()
        timeout = self._worker.timeout() if self._is_open else None
        if timeout is not None:
            self._timer = self._loop.call_later(timeout, self._turn)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
