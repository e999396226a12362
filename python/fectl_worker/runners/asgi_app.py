"""`app = "asgi"`: an ASGI application on one socket of the asyncio worker, served by uvicorn's protocols."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import socket as sockets
import ssl
from typing import Any, Mapping, Optional, Sequence, Union

from fectl_worker.acceptor import Acceptor, Gate
from fectl_worker.errors import ConfigError
from fectl_worker.runners import arguments as reading

try:
    import uvicorn  # noqa: F401
except ImportError as error:
    raise ConfigError(f"uvicorn cannot be imported: {error}; on Debian it is the package python3-uvicorn") from error

from fectl_worker.runners.access_log_format import AccessLog, open_access_log
from fectl_worker.runners.asgi_check import check_uvicorn
from fectl_worker.runners.asgi_config import Asgi3, check_application, uvicorn_config
from fectl_worker.runners.asgi_connections import AsgiConnections
from fectl_worker.runners.asgi_lifespan import Lifespan, lifespan_of
from fectl_worker.runners.asgi_log import logged
from fectl_worker.runners.draining import drain_seconds
from fectl_worker.runners.gauges import http_gauges
from fectl_worker.runners.http_settings import HTTP_ARGUMENTS, limits, request_count
from fectl_worker.runners.objects import load
from fectl_worker.runners.tls import server_context
from fectl_worker.worker import Socket, Worker

__all__ = ["ASGI_ARGUMENTS", "UVICORN_ARGUMENTS", "AsgiApp", "create", "serve"]

_log = logging.getLogger("fectl_worker")

#: The arguments for whatever uvicorn's protocols serve.
UVICORN_ARGUMENTS: Mapping[str, reading.Reader] = {
    **HTTP_ARGUMENTS,
    "root_path": reading.text,
    "forwarded_allow_ips": reading.text,
    "http": reading.choice("auto", "h11", "httptools"),
}


def _factory(value: str) -> Union[bool, str]:
    return value if ":" in value else reading.truth(value)


ASGI_ARGUMENTS: Mapping[str, reading.Reader] = {
    **UVICORN_ARGUMENTS,
    "factory": _factory,
    "lifespan": reading.choice("auto", "on", "off"),
    "ws": reading.choice("auto", "none", "websockets", "wsproto"),
}


async def create(worker: Worker, socket: Socket, arguments: Sequence[str]) -> AsgiApp:
    """Loads the application and runs its lifespan's start-up; what is wrong comes out as an exception."""
    settings = reading.parse(arguments, ASGI_ARGUMENTS)
    application = await _application(settings.get("app"), settings.get("factory", False))
    return await serve(worker, socket, settings, application, lifespan=settings.get("lifespan", "auto"))


async def serve(
    worker: Worker,
    socket: Socket,
    settings: Mapping[str, Any],
    application: Asgi3,
    *,
    lifespan: str = "off",
    gate: Optional[Gate] = None,
) -> AsgiApp:
    """An ASGI callable on a socket of the worker: what create() makes, for a callable that is not the user's own.

    settings: what arguments.parse() returned for UVICORN_ARGUMENTS (and, if there, `ws`); all are optional, `app` is
    not looked at. lifespan: "auto", "on" or "off", as in uvicorn; its start-up runs here, its shutdown in
    AsgiApp.stop().

    The result has start(), pause(), resume(), stop() and gauges(), as the asyncio worker calls them. Whoever limits how
    much is served at once calls AsgiApp.admit(False) while no connection shall be accepted, admit(True) when it may:
    that is independent of the master's pause and resume, and allowed at any time, also from within the application.
    `connections` are the AsgiConnections, with take(), drain(), count.
    """
    tls = server_context(settings)
    http, ws = settings.get("http", "auto"), settings.get("ws", "auto")
    await check_uvicorn(worker, http=http, ws=ws)
    access_log = open_access_log(worker, settings)
    config = uvicorn_config(
        application,
        lifespan=lifespan,
        http=http,
        ws=ws,
        root_path=settings.get("root_path", ""),
        forwarded_allow_ips=_trusted(socket, settings),
        around=lambda whole: logged(whole, access_log) if access_log is not None else whole,
    )
    life = lifespan_of(application, config)
    await life.start()
    requests = request_count(worker, settings)
    connections = AsgiConnections(config, limits=limits(settings), requests=requests, state=life.state)
    return AsgiApp(worker, socket, connections, life, tls, access_log, gate)


class AsgiApp:
    """What the asyncio worker starts, pauses, resumes and stops."""

    def __init__(
        self,
        worker: Worker,
        socket: Socket,
        connections: AsgiConnections,
        lifespan: Lifespan,
        tls: Optional[ssl.SSLContext],
        access_log: Optional[AccessLog],
        gate: Optional[Gate] = None,
    ) -> None:
        self._worker = worker
        self._name = socket.name
        self.connections = connections
        self._lifespan = lifespan
        self._access_log = access_log
        self._is_started = False
        self._admits = True
        self._acceptor = Acceptor(
            asyncio.get_running_loop(), socket.listener(), lambda connection: connections.take(connection, tls), gate
        )

    def start(self) -> None:
        self._is_started = True
        self._accept_or_not()

    def pause(self) -> None:
        self._is_started = False
        self._accept_or_not()

    def resume(self) -> None:
        self.start()

    def admit(self, admits: bool) -> None:
        """Whether connections may be accepted, as far as the caller is concerned; see serve()."""
        self._admits = admits
        self._accept_or_not()

    def _accept_or_not(self) -> None:
        if self._is_started and self._admits:
            self._acceptor.resume()
        else:
            self._acceptor.pause()

    async def stop(self) -> None:
        """Answers what is open, then runs the lifespan's shutdown."""
        self._acceptor.close()
        seconds = drain_seconds(self._worker.time_left, self.connections.limits.graceful_timeout)
        try:
            cut_off = await self.connections.drain(seconds)
            if cut_off:
                _log.warning("socket %s: %s", self._name, cut_off)
        finally:
            try:
                await self._lifespan.stop()
            finally:
                if self._access_log is not None:
                    self._access_log.close()

    def gauges(self) -> Mapping[str, float]:
        return http_gauges(
            requests=self.connections.total,
            open_connections=self.connections.count,
            active=self.connections.active,
        )


async def _application(app: Optional[str], factory: Union[bool, str]) -> Asgi3:
    if (app is None) == (not isinstance(factory, str)):
        raise ConfigError(
            'arguments: either app="module:name" (the ASGI application; with factory=on, what makes it) '
            'or factory="module:name" (what makes it) is needed'
        )
    name = app if app is not None else str(factory)
    found: Any = load(name)
    if factory:
        if not callable(found):
            raise ConfigError(f"{name} is a {type(found).__name__}, not a function that makes an application")
        found = found()
        if inspect.isawaitable(found):
            found = await found
    check_application(name, found)
    application: Asgi3 = found
    return application


def _trusted(socket: Socket, settings: Mapping[str, Any]) -> str:
    """The proxies whose headers are believed. The other end of a UNIX socket has no address: who may connect is said by
    the file's permissions."""
    default = "*" if socket.family == sockets.AF_UNIX else "127.0.0.1"
    found: str = settings.get("forwarded_allow_ips") or os.environ.get("FORWARDED_ALLOW_IPS") or default
    return found
