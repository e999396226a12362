"""`python3 -m fectl_worker gevent`: the applications of a service's sockets as greenlets."""

from __future__ import annotations

# First of all, so that what is imported from here on finds the cooperative versions.
from gevent import monkey

monkey.patch_all()

import logging  # noqa: E402
import signal  # noqa: E402
from typing import Any, Callable, Mapping, Optional  # noqa: E402

import gevent  # noqa: E402
import gevent.event  # noqa: E402
import gevent.queue  # noqa: E402

from fectl_worker import evidence  # noqa: E402
from fectl_worker.errors import ConfigError  # noqa: E402
from fectl_worker.green import Link  # noqa: E402
from fectl_worker.runners.gauges import combined  # noqa: E402
from fectl_worker.runners.objects import app_factory, naming, refuse  # noqa: E402
from fectl_worker.worker import Socket, Worker  # noqa: E402

__all__ = ["run"]

_log = logging.getLogger("fectl_worker")

APPS: Mapping[str, str] = {"wsgi": "fectl_worker.runners.wsgi_app:create"}


def run(worker: Worker, *, app: Optional[str] = None) -> int:
    """Runs until the master's stop; the exit code of the process."""
    # Python would turn SIGINT into an exception in the middle of whatever runs; it means "exit now".
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _GeventWorker(worker, app).run()


class _App:
    """Whatever an application's factory made: the methods that it offers are called, all are optional."""

    def __init__(self, label: str, made: Any) -> None:
        self.label = label
        self._made = made

    def call(self, method_name: str) -> None:
        method = getattr(self._made, method_name, None)
        if method is not None:
            method()

    def gauges(self) -> Mapping[str, float]:
        method: Optional[Callable[[], Mapping[str, float]]] = getattr(self._made, "gauges", None)
        return method() if method is not None else {}


class _GeventWorker:
    def __init__(self, worker: Worker, app: Optional[str]) -> None:
        self._worker = worker
        self._app_name = app
        self._apps: list[_App] = []
        self._commands: gevent.queue.Queue[str] = gevent.queue.Queue()
        self._stop = gevent.event.Event()
        self._failure: Optional[BaseException] = None

    def run(self) -> int:
        worker = self._worker
        worker.on_start = lambda: self._commands.put("start")
        worker.on_pause = lambda: self._commands.put("pause")
        worker.on_resume = lambda: self._commands.put("resume")
        worker.on_stop = lambda _seconds: self._stop.set()
        link = Link(worker)
        link.before_dispatch = self._set_gauges
        with link:
            working = gevent.spawn(self._load_and_serve)
            evidence.note_greenlet(working)
            # The master may say stop at any time, also during start-up.
            gevent.wait([working, self._stop], count=1)
            if self._failure is not None:
                return refuse(worker, self._failure)
            working.kill(timeout=1.0)
            self._stop_apps()
        return 0

    def _load_and_serve(self) -> None:
        try:
            self._load()
            self._worker.loaded()
            while True:
                command = self._commands.get()
                for app in self._apps:
                    with naming(app.label):
                        app.call(command)
        except BaseException as error:
            # After a stop it is run() that ends this greenlet, and no failure.
            if not self._stop.is_set():
                self._failure = error

    def _load(self) -> None:
        if self._app_name is not None:
            self._make(f"--app {self._app_name}", self._app_name, {}, None)
        for socket in self._worker.sockets.values():
            if socket.app:
                self._make(f"socket {socket.name}", socket.app, APPS, socket)
        if not self._apps:
            raise ConfigError(
                'nothing to run: none of the service\'s sockets has an `app` in fectld.toml, like app = "wsgi", and '
                "the command has no --app"
            )

    def _make(self, label: str, app: str, known: Mapping[str, str], socket: Optional[Socket]) -> None:
        with naming(label):
            made = app_factory(app, known, "gevent")(self._worker, socket, list(socket.arguments) if socket else [])
        self._apps.append(_App(label, made))

    def _stop_apps(self) -> None:
        """All at once, within the time that the master leaves."""
        stops = [(gevent.spawn(app.call, "stop"), app) for app in self._apps]
        gevent.joinall([greenlet for greenlet, _ in stops], timeout=self._worker.time_left)
        for greenlet, app in stops:
            if not greenlet.ready():
                _log.warning("%s did not stop in time", app.label)
                greenlet.kill(block=False)
            elif greenlet.exception is not None:
                _log.error("%s: stop failed: %r", app.label, greenlet.exception)

    def _set_gauges(self) -> None:
        for name, value in combined([(app.label, app.gauges()) for app in self._apps]).items():
            self._worker.set_gauge(name, value)
