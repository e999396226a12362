"""`app = "wsgi"` in the asyncio worker: a WSGI application in threads, on one socket."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Mapping, Optional, Sequence

from fectl_worker.errors import ConfigError
from fectl_worker.runners import arguments as reading
from fectl_worker.runners.asgi_app import UVICORN_ARGUMENTS, AsgiApp, serve
from fectl_worker.runners.draining import REQUEST_TIMEOUT_S
from fectl_worker.runners.threads_asgi import WsgiInThreads
from fectl_worker.runners.threads_environ import EnvironMaker
from fectl_worker.runners.threads_gate import ThreadGate
from fectl_worker.runners.threads_pool import Pool
from fectl_worker.runners.threads_stuck import StuckThreads
from fectl_worker.runners.wsgi_callable import wsgi_callable
from fectl_worker.worker import Socket, Worker

__all__ = ["ThreadsApp", "create"]

# Enough that a few requests which wait for a database do not stop the worker; few enough that the workers of a service,
# old and new ones together, stay below the 100 connections that a database allows when nobody has changed it.
THREADS = 8
THREADS_MAX = 1000
# Of a request's body, where the argument `body_limit` is not given.
BODY_LIMIT_BYTES = 1024 * 1024 * 1024
# Threads are looked at this often, or ten times within their limit.
_LOOK_S = 1.0


def _threads(value: str) -> int:
    number = reading.count(value)
    if not 1 <= number <= THREADS_MAX:
        raise ConfigError(f'"{value}" is not a number of threads, 1 to {THREADS_MAX}')
    return number


ARGUMENTS: Mapping[str, reading.Reader] = {
    **UVICORN_ARGUMENTS,
    "factory": reading.text,
    "threads": _threads,
    "body_limit": reading.count,
}


async def create(worker: Worker, socket: Socket, arguments: Sequence[str]) -> ThreadsApp:
    """Loads the application; what is wrong comes out as an exception."""
    settings = reading.parse(arguments, ARGUMENTS)
    threads = settings.get("threads", THREADS)
    pool = Pool(wsgi_callable(settings), threads)
    # Not uvicorn's root_path: whether it is a part of the path depends on uvicorn's version.
    environs = EnvironMaker(root_path=settings.pop("root_path", ""), multithread=threads > 1)
    wsgi = WsgiInThreads(pool, environs, body_limit=settings.get("body_limit", BODY_LIMIT_BYTES))
    gate = ThreadGate(threads, lambda: pool.open, lambda: served.admit(True))
    served = await serve(worker, socket, {**settings, "ws": "none"}, wsgi, gate=gate)
    limit = settings.get("request_timeout", REQUEST_TIMEOUT_S)
    stuck = StuckThreads(socket.name, worker, pool.threads, limit) if limit else None
    return ThreadsApp(socket.name, served, pool, gate, wsgi, stuck, min(_LOOK_S, limit / 10))


class ThreadsApp:
    """What the asyncio worker starts, pauses, resumes and stops."""

    def __init__(
        self,
        name: str,
        served: AsgiApp,
        pool: Pool,
        gate: ThreadGate,
        wsgi: WsgiInThreads,
        stuck: Optional[StuckThreads],
        look_s: float,
    ) -> None:
        self._name = name
        self._served = served
        self._pool = pool
        self._gate = gate
        self._wsgi = wsgi
        self._stuck = stuck
        self._look_s = look_s
        self._timer: Optional[asyncio.TimerHandle] = None
        pool.on_begin = gate.request_came
        pool.on_end = self._request_ended
        pool.start()

    def start(self) -> None:
        self._served.start()
        self._look()

    def pause(self) -> None:
        self._served.pause()

    def resume(self) -> None:
        self._served.resume()

    async def stop(self) -> None:
        """Answers what is open."""
        try:
            await self._served.stop()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._gate.close()
            self._pool.end()

    def gauges(self) -> Mapping[str, float]:
        return self._served.gauges()

    def _request_ended(self) -> None:
        self._wsgi.is_stuck = False
        self._gate.request_ended()

    def _look(self) -> None:
        if self._stuck is None:
            return
        self._timer = asyncio.get_running_loop().call_later(self._look_s, self._look)
        self._wsgi.is_stuck = self._stuck.look(monotonic())
        if self._wsgi.is_stuck:
            self._pool.wake_waiting()
