"""`app = "wsgi"`: a WSGI application on one socket of the gevent worker."""

from __future__ import annotations

import logging
from typing import Mapping, Optional, Sequence

from fectl_worker.runners import arguments as reading
from fectl_worker.runners.access_log_format import AccessLog, open_access_log
from fectl_worker.runners.draining import drain_seconds
from fectl_worker.runners.gauges import http_gauges
from fectl_worker.runners.http_settings import HTTP_ARGUMENTS, limits, request_count
from fectl_worker.runners.tls import server_context
from fectl_worker.runners.wsgi_callable import wsgi_callable
from fectl_worker.runners.wsgi_connections import WsgiServer
from fectl_worker.runners.wsgi_trial import check_gevent
from fectl_worker.worker import Socket, Worker

__all__ = ["WsgiApp", "create"]

_log = logging.getLogger("fectl_worker")

ARGUMENTS: Mapping[str, reading.Reader] = {**HTTP_ARGUMENTS, "factory": reading.text}


def create(worker: Worker, socket: Socket, arguments: Sequence[str]) -> WsgiApp:
    """Loads the application; what is wrong comes out as an exception."""
    settings = reading.parse(arguments, ARGUMENTS)
    check_gevent(worker)
    access_log = open_access_log(worker, settings)
    server = WsgiServer(
        socket.listener(),
        wsgi_callable(settings),
        limits=limits(settings),
        tls=server_context(settings),
        access_log=access_log,
        requests=request_count(worker, settings),
    )
    return WsgiApp(worker, socket.name, server, access_log)


class WsgiApp:
    """What the gevent worker starts, pauses, resumes and stops."""

    def __init__(self, worker: Worker, name: str, server: WsgiServer, access_log: Optional[AccessLog]) -> None:
        self._worker = worker
        self._name = name
        self._server = server
        self._access_log = access_log

    def start(self) -> None:
        self._server.start()

    def pause(self) -> None:
        self._server.pause()

    def resume(self) -> None:
        self._server.resume()

    def stop(self) -> None:
        """Answers what is open."""
        self._server.close()
        try:
            cut_off = self._server.drain(drain_seconds(self._worker.time_left, self._server.limits.graceful_timeout))
            if cut_off:
                _log.warning("socket %s: %s", self._name, cut_off)
        finally:
            if self._access_log is not None:
                self._access_log.close()

    def gauges(self) -> Mapping[str, float]:
        server = self._server
        return http_gauges(
            requests=server.requests.total,
            open_connections=len(server.connections),
            active=sum(connection.is_answering for connection in server.connections),
        )
