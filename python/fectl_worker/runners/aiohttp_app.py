"""`app = "aiohttp"`: an aiohttp application on one socket of the asyncio worker."""

from __future__ import annotations

import asyncio
import inspect
import logging
import ssl
from typing import Any, Mapping, Optional, Sequence

from aiohttp import web

from fectl_worker.acceptor import Acceptor
from fectl_worker.errors import ConfigError
from fectl_worker.runners import arguments as reading
from fectl_worker.runners.access_log_format import open_access_log
from fectl_worker.runners.aiohttp_check import check_aiohttp
from fectl_worker.runners.draining import drain_seconds
from fectl_worker.runners.gauges import http_gauges
from fectl_worker.runners.http_connections import Connections
from fectl_worker.runners.http_settings import HTTP_ARGUMENTS, limits, request_count
from fectl_worker.runners.objects import load
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.runners.tls import server_context
from fectl_worker.worker import Socket, Worker

__all__ = ["AiohttpApp", "create"]

_log = logging.getLogger("fectl_worker")


async def create(worker: Worker, socket: Socket, arguments: Sequence[str]) -> AiohttpApp:
    """Loads the application and runs its start-up; what is wrong comes out as an exception."""
    settings = reading.parse(arguments, HTTP_ARGUMENTS)
    if "app" not in settings:
        raise ConfigError('arguments: app="module:name" is missing: the aiohttp application, or what makes it')
    tls = server_context(settings)
    await check_aiohttp(worker)
    application = await _application(settings["app"])
    # For request handlers which want to know their worker, or to speak with the master.
    application["fectl_worker"] = worker
    requests = request_count(worker, settings)
    connections = Connections(
        application,
        limits=limits(settings),
        requests=requests,
        access_log=open_access_log(worker, settings),
    )
    await connections.setup()
    return AiohttpApp(worker, socket, connections, requests, tls, settings.get("graceful_timeout"))


class AiohttpApp:
    """What the asyncio worker starts, pauses, resumes and stops."""

    def __init__(
        self,
        worker: Worker,
        socket: Socket,
        connections: Connections,
        requests: RequestCount,
        tls: Optional[ssl.SSLContext],
        graceful_timeout: Optional[float],
    ) -> None:
        self._worker = worker
        self._name = socket.name
        self._connections = connections
        self._requests = requests
        self._graceful_timeout = graceful_timeout
        self._acceptor = Acceptor(
            asyncio.get_running_loop(), socket.listener(), lambda connection: connections.take(connection, tls)
        )

    def start(self) -> None:
        self._acceptor.resume()

    def pause(self) -> None:
        self._acceptor.pause()

    def resume(self) -> None:
        self._acceptor.resume()

    async def stop(self) -> None:
        """Answers what is open, then runs the application's on_cleanup."""
        self._acceptor.close()
        try:
            cut_off = await self._connections.drain(drain_seconds(self._worker.time_left, self._graceful_timeout))
            if cut_off:
                _log.warning("socket %s: %s", self._name, cut_off)
        finally:
            await self._connections.cleanup()

    def gauges(self) -> Mapping[str, float]:
        connections = self._connections
        return http_gauges(
            requests=self._requests.total,
            open_connections=connections.count,
            active=sum(connection.is_answering() for connection in connections.open),
        )


async def _application(name: str) -> web.Application:
    found: Any = load(name)
    if callable(found) and not isinstance(found, web.Application):
        found = found()
        if inspect.isawaitable(found):
            found = await found
    if not isinstance(found, web.Application):
        raise ConfigError(f'app={name} is (or makes) a {type(found).__name__}, not an aiohttp.web.Application')
    if found.frozen:
        raise ConfigError(f"app={name} runs already, on another socket; name a function that makes one for each")
    return found
