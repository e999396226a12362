"""`app = "wsgi"`: a WSGI application on one socket of the gevent worker."""

from __future__ import annotations

import logging
from typing import Any, Mapping, Optional, Sequence

from fectl_worker.errors import ConfigError
from fectl_worker.runners import arguments as reading
from fectl_worker.runners.access_log import open_access_log
from fectl_worker.runners.draining import KEEP_ALIVE_S, LINGER_S, drain_seconds
from fectl_worker.runners.objects import load
from fectl_worker.runners.tls import TLS_ARGUMENTS, server_context
from fectl_worker.runners.wsgi_connections import WsgiServer
from fectl_worker.worker import Socket, Worker

__all__ = ["WsgiApp", "create"]

_log = logging.getLogger("fectl_worker")

ARGUMENTS: Mapping[str, reading.Reader] = {
    "app": reading.text,
    "factory": reading.text,
    "graceful_timeout": reading.seconds,
    "keepalive": reading.seconds,
    "linger": reading.seconds,
    "access_log": reading.text,
    **TLS_ARGUMENTS,
}


def create(worker: Worker, socket: Socket, arguments: Sequence[str]) -> WsgiApp:
    """Loads the application; what is wrong comes out as an exception."""
    settings = reading.parse(arguments, ARGUMENTS)
    server = WsgiServer(
        socket.listener(),
        _application(settings),
        keep_alive=settings.get("keepalive", KEEP_ALIVE_S),
        linger=settings.get("linger", LINGER_S),
        tls=server_context(settings),
        log=_Lines(open_access_log(settings.get("access_log", "off"))),
    )
    return WsgiApp(worker, socket.name, server, settings.get("graceful_timeout"))


class WsgiApp:
    """What the gevent worker starts, pauses, resumes and stops."""

    def __init__(self, worker: Worker, name: str, server: WsgiServer, graceful_timeout: Optional[float]) -> None:
        self._worker = worker
        self._name = name
        self._server = server
        self._graceful_timeout = graceful_timeout

    def start(self) -> None:
        self._server.start()

    def pause(self) -> None:
        self._server.stop_accepting()

    def resume(self) -> None:
        self._server.start_accepting()

    def stop(self) -> None:
        """Answers what is open."""
        self._server.close()
        cut_off = self._server.drain(drain_seconds(self._worker.time_left, self._graceful_timeout))
        if cut_off:
            _log.warning("socket %s: %d answers were not finished in time", self._name, cut_off)

    def gauges(self) -> Mapping[str, float]:
        return {f"{self._name}.connections": self._server.open_count, f"{self._name}.requests": self._server.requests}


class _Lines:
    """A logger as the file that pywsgi wants to write to."""

    def __init__(self, log: Optional[logging.Logger]) -> None:
        self._log = log

    def write(self, text: str) -> None:
        if self._log is not None:
            self._log.info("%s", text.rstrip("\n"))


def _application(settings: Mapping[str, Any]) -> Any:
    if ("app" in settings) == ("factory" in settings):
        raise ConfigError(
            'arguments: either app="module:name" (the WSGI callable) or factory="module:name" (what makes it) is needed'
        )
    name = settings.get("app") or settings["factory"]
    found = load(name)
    if "factory" in settings and callable(found):
        found = found()
    if not callable(found):
        raise ConfigError(f"{name} is (or makes) a {type(found).__name__}, which is not callable")
    return found
