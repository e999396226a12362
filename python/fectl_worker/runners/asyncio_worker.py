"""`python3 -m fectl_worker asyncio`: the applications of a service's sockets within one asyncio loop."""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
from typing import Any, Callable, Mapping, Optional

from fectl_worker.aio import Link
from fectl_worker.errors import ConfigError
from fectl_worker.runners.gauges import combined
from fectl_worker.runners.objects import app_factory, naming, refuse
from fectl_worker.worker import Socket, Worker

__all__ = ["EXIT_STOP_FAILED", "LOOPS", "run"]

_log = logging.getLogger("fectl_worker")

#: "auto": uvloop where it is installed.
LOOPS = ("auto", "asyncio", "uvloop")
#: The exit code after a stop in which an application raised an exception.
EXIT_STOP_FAILED = 1
APPS: Mapping[str, str] = {
    "aiohttp": "fectl_worker.runners.aiohttp_app:create",
    "asgi": "fectl_worker.runners.asgi_app:create",
    "wsgi": "fectl_worker.runners.threads_app:create",
}

# What an application left behind is cancelled at the end and gets this long to agree.
_CANCEL_S = 1.0


def run(worker: Worker, *, app: Optional[str] = None, loop: str = "auto", debug: bool = False) -> int:
    """Runs until the master's stop; the exit code of the process."""
    # Python would turn SIGINT into an exception in the middle of whatever runs; it means "exit now".
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        # The debug mode is asyncio's own; uvloop has little of it.
        event_loop = _new_loop("asyncio" if debug and loop == "auto" else loop)
    except Exception as error:
        return refuse(worker, error)
    event_loop.set_debug(debug)
    asyncio.set_event_loop(event_loop)
    try:
        return event_loop.run_until_complete(_AsyncioWorker(worker, app).run())
    finally:
        event_loop.run_until_complete(_cancel_rest())
        event_loop.run_until_complete(event_loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        event_loop.close()


class _App:
    """Whatever an application's factory made: the methods that it offers are called, all are optional."""

    def __init__(self, label: str, made: Any) -> None:
        self.label = label
        self._made = made

    async def call(self, method_name: str) -> None:
        method = getattr(self._made, method_name, None)
        if method is not None:
            result = method()
            if inspect.isawaitable(result):
                await result

    def gauges(self) -> Mapping[str, float]:
        method: Optional[Callable[[], Mapping[str, float]]] = getattr(self._made, "gauges", None)
        return method() if method is not None else {}


class _AsyncioWorker:
    def __init__(self, worker: Worker, app: Optional[str]) -> None:
        self._worker = worker
        self._app_name = app
        self._apps: list[_App] = []
        self._commands: asyncio.Queue[str] = asyncio.Queue()
        self._stop = asyncio.Event()

    async def run(self) -> int:
        worker = self._worker
        worker.on_start = lambda: self._commands.put_nowait("start")
        worker.on_pause = lambda: self._commands.put_nowait("pause")
        worker.on_resume = lambda: self._commands.put_nowait("resume")
        worker.on_stop = lambda _seconds: self._stop.set()
        link = Link(worker)
        link.before_dispatch = self._set_gauges
        with link:
            try:
                await self._unless_stopped(self._load_and_serve())
            except Exception as error:
                return refuse(worker, error)
            return 0 if await self._stop_apps() else EXIT_STOP_FAILED

    async def _load_and_serve(self) -> None:
        await self._load()
        self._worker.loaded()
        while True:
            command = await self._commands.get()
            for app in self._apps:
                with naming(app.label):
                    await app.call(command)

    async def _load(self) -> None:
        if self._app_name is not None:
            await self._make(f"--app {self._app_name}", self._app_name, {}, None)
        for socket in self._worker.sockets.values():
            if socket.app:
                await self._make(f"socket {socket.name}", socket.app, APPS, socket)
        if not self._apps:
            raise ConfigError(
                'nothing to run: none of the service\'s sockets has an `app` in fectld.toml, like app = "aiohttp", and '
                "the command has no --app"
            )

    async def _make(self, label: str, app: str, known: Mapping[str, str], socket: Optional[Socket]) -> None:
        with naming(label):
            made = app_factory(app, known, "asyncio")(self._worker, socket, list(socket.arguments) if socket else [])
            if inspect.isawaitable(made):
                made = await made
        self._apps.append(_App(label, made))

    async def _unless_stopped(self, work: Any) -> None:
        """Runs the work until it fails or the master says stop: that may come at any time, also during start-up."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.wait({working, stopping}, timeout=_CANCEL_S)
            if working.done() and not working.cancelled():
                # Taken notice of, so that asyncio does not log it: what was cancelled in its middle may have failed.
                working.exception()

    async def _stop_apps(self) -> bool:
        """All at once, within the time that the master leaves. False: one failed."""
        if not self._apps:
            return True
        stops = {asyncio.ensure_future(app.call("stop")): app for app in self._apps}
        left = self._worker.time_left
        succeeded = True
        await asyncio.wait(stops, timeout=left)
        for task, app in stops.items():
            if not task.done():
                _log.warning("%s did not stop in time", app.label)
                task.cancel()
            elif not task.cancelled() and task.exception() is not None:
                _log.error("%s: the stop failed, requests may be lost", app.label, exc_info=task.exception())
                succeeded = False
        return succeeded

    def _set_gauges(self) -> None:
        for name, value in combined([(app.label, app.gauges()) for app in self._apps]).items():
            self._worker.set_gauge(name, value)


def _new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name == "asyncio":
        return asyncio.new_event_loop()
    try:
        import uvloop
    except ImportError as error:
        if name == "auto":
            return asyncio.new_event_loop()
        raise ConfigError(f"--loop {name}: {error}; on Debian it is the package python3-uvloop") from error
    return uvloop.new_event_loop()


async def _cancel_rest() -> None:
    """Ends what the applications left running."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=_CANCEL_S)
