"""A worker within gevent: no thread, heartbeats from the hub that serves.

    worker = fectl_worker.Worker.from_environment()
    worker.on_stop = lambda seconds: stopped.set()
    with fectl_worker.green.Link(worker):
        ... initialise ...
        worker.loaded()
        stopped.wait()
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Callable, Optional

import gevent
import gevent.event

from fectl_worker import evidence
from fectl_worker.worker import Worker

__all__ = ["Link"]


class Link:
    """Calls worker.dispatch() from a greenlet: when the master speaks, and when a heartbeat is due.

    The worker's callbacks run in that greenlet, so one which waits holds up the heartbeats. An exception of a callback
    is reported by gevent's hub, as that of any greenlet. Without a master the link does nothing.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._watcher: Any = None
        self._greenlet: Optional[gevent.Greenlet] = None
        # Set by the watcher (together with _is_readable) and by a change of the timeout.
        self._wake = gevent.event.Event()
        self._is_readable = False
        #: Called before each dispatch, as to set gauges.
        self.before_dispatch: Optional[Callable[[], object]] = None

    def open(self) -> None:
        if self._greenlet is not None or not self._worker.managed:
            return
        # The master's word, or a SIGTERM, may have come before anybody listened.
        self._is_readable = True
        self._watcher = gevent.get_hub().loop.io(self._worker.poll_fd, 1)
        self._watcher.start(self._readable)
        self._worker.on_timeout_changed = self._wake.set
        self._greenlet = gevent.spawn(self._follow)
        evidence.note_greenlet(self._greenlet)

    def close(self) -> None:
        """Leaves the hub. The channel stays open: the master learns of the end by the process's exit."""
        if self._greenlet is None:
            return
        self._worker.on_timeout_changed = None
        self._watcher.stop()
        self._watcher.close()
        if self._greenlet is not gevent.getcurrent():
            self._greenlet.kill()
        self._greenlet = None

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

    def _readable(self) -> None:
        # Called by the hub, which must not wait: the greenlet does the rest.
        self._is_readable = True
        self._wake.set()

    def _follow(self) -> None:
        link = self._greenlet
        while self._greenlet is link:
            due = self._worker.timeout() == 0
            if self._is_readable or due:
                self._is_readable = False
                if self.before_dispatch is not None:
                    self._guarded(self.before_dispatch)
                self._guarded(self._worker.dispatch)
            # Not cleared before: what was set during the turn only means that the timeout must be asked again.
            self._wake.clear()
            if not self._is_readable:
                self._wake.wait(self._worker.timeout())

    def _guarded(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception as error:
            gevent.get_hub().handle_error(self, type(error), error, error.__traceback__)
