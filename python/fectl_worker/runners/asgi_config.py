"""uvicorn's configuration for one socket: without listeners, signals and log files, which are the worker's."""

from __future__ import annotations

import importlib.util
import inspect
import logging
from typing import Any, Awaitable, Callable

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fectl_worker.errors import ConfigError
from fectl_worker.runners.objects import reason

__all__ = ["ENVIRON", "Asgi3", "check_application", "uvicorn_config"]

#: An ASGI 3 application.
Asgi3 = Callable[[Any, Any, Any], Awaitable[None]]

#: Where the environ of a request that is answered by a WSGI application is in its scope.
ENVIRON = "fectl_worker.environ"

# uvicorn's own time for idle connections, which looks at nothing before it closes one. The worker has its own.
_KEEP_ALIVE_S = 10 * 365 * 86400


def uvicorn_config(
    application: Asgi3,
    *,
    lifespan: str = "auto",
    http: str = "auto",
    ws: str = "auto",
    root_path: str = "",
    forwarded_allow_ips: str = "127.0.0.1",
    around: Callable[[Asgi3], Asgi3] = lambda whole: whole,
) -> uvicorn.Config:
    """A loaded uvicorn.Config. ConfigError: something of uvicorn cannot be imported.

    http: "auto", "h11" or "httptools". ws: "auto", "none", "websockets" or "wsproto". lifespan: "auto", "on" or "off".
    forwarded_allow_ips: the proxies whose X-Forwarded-* headers are believed, separated by commas; "*": all.
    around: makes what uvicorn is to call of the application with the believed headers applied.
    """
    # Without a level of its own for this logger, old versions of uvicorn log each event of each request.
    level = logging.getLogger("uvicorn.error").level or logging.INFO
    if http == "auto":
        # Not uvicorn's own choice: it may be of another kind in another version.
        http = "httptools" if importlib.util.find_spec("httptools") is not None else "h11"
    options: dict[str, Any] = {"lifespan": lifespan, "http": http, "ws": ws, "root_path": root_path}
    config = uvicorn.Config(
        _never_called,
        interface="asgi3",
        loop="none",
        log_config=None,
        log_level=level,
        access_log=False,
        proxy_headers=False,
        # Given, so that uvicorn does not read it from the environment.
        workers=1,
        timeout_keep_alive=_KEEP_ALIVE_S,
        **options,
    )
    try:
        config.load()
    except (Exception, SystemExit) as error:
        hint = "" if ws == "none" else " (ws=none serves no websockets and needs no library for them)"
        what = f"uvicorn {uvicorn.__version__} cannot be used with http={http} ws={ws}"
        raise ConfigError(f"{what}: {reason(error)}{hint}") from error
    # Not by Config itself, which would call the application without arguments to see whether it is a factory.
    config.loaded_app = around(ProxyHeadersMiddleware(application, trusted_hosts=forwarded_allow_ips))
    return config


def check_application(name: str, application: Any) -> None:
    """ConfigError: this cannot be called as an ASGI 3 application is called."""
    if not callable(application):
        raise ConfigError(f"{name} is (or makes) a {type(application).__name__}, not an ASGI application")
    try:
        inspect.signature(application).bind("scope", "receive", "send")
    except TypeError:
        raise ConfigError(
            f"{name} cannot be called with (scope, receive, send), as an ASGI 3 application is; "
            "if it makes the application, add the argument factory=on"
        ) from None
    except ValueError:
        pass  # a callable without a signature, as one written in C


async def _never_called(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("the application was not set")
