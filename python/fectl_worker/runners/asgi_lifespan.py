"""The lifespan of an ASGI application: its start-up and its shutdown, by uvicorn's own class for it."""

from __future__ import annotations

from typing import Any, Optional

import uvicorn

from fectl_worker.errors import ConfigError
from fectl_worker.runners.objects import reason

__all__ = ["Lifespan", "lifespan_of"]

# By the identity of the application, which a Lifespan keeps alive.
_shared: dict[int, Lifespan] = {}


def lifespan_of(application: Any, config: uvicorn.Config) -> Lifespan:
    """The lifespan of an application, which is one also when several sockets of the worker serve it.

    config: a loaded one; the first one given for an application is used.
    """
    found = _shared.setdefault(id(application), Lifespan(application, config))
    return found


class Lifespan:
    """Runs start-up and shutdown of an application by uvicorn's class for it, as `lifespan` of its Config says."""

    def __init__(self, application: Any, config: uvicorn.Config) -> None:
        self._application = application
        self._config = config
        self._users = 0
        self._made: Any = None
        self._error: Optional[BaseException] = None
        self._message = ""

    @property
    def state(self) -> Optional[dict[str, Any]]:
        """What the application left for its requests. None: a version of uvicorn that has no such thing."""
        state: Optional[dict[str, Any]] = getattr(self._made, "state", None)
        return state

    async def start(self) -> None:
        """Runs the start-up at the first call. ConfigError: it failed."""
        self._users += 1
        if self._users > 1:
            return
        application = self._config.loaded_app
        self._config.loaded_app = self._watched(application)
        try:
            self._made = self._config.lifespan_class(self._config)
            await self._made.startup()
        finally:
            self._config.loaded_app = application
        if self._made.should_exit:
            raise ConfigError(f"lifespan startup failed: {self._why()}") from self._error

    async def stop(self) -> None:
        """Runs the shutdown at the last call, of as many as there were of start(). RuntimeError: it failed."""
        self._users -= 1
        if self._users > 0:
            return
        self._error, self._message = None, ""
        await self._made.shutdown()
        if self._made.should_exit:
            raise RuntimeError(f"lifespan shutdown failed: {self._why()}") from self._error

    def _watched(self, application: Any) -> Any:
        async def lifespan(scope: Any, receive: Any, send: Any) -> None:
            async def notice(message: Any) -> None:
                if message["type"].endswith(".failed"):
                    self._message = message.get("message", "")
                await send(message)

            try:
                await application(scope, receive, notice)
            except BaseException as error:
                self._error = error
                raise

        return lifespan

    def _why(self) -> str:
        if self._error is not None:
            return reason(self._error)
        # Starlette sends a traceback, whose last line says what happened.
        lines = [line.strip() for line in self._message.splitlines() if line.strip()]
        return lines[-1] if lines else "the application does not say why"
