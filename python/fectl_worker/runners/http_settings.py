"""The arguments that every HTTP socket has, whatever kind of application is behind it."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional

from fectl_worker.runners import access_log_format, arguments as reading
from fectl_worker.runners.draining import HEADER_TIMEOUT_S, KEEP_ALIVE_S, LINGER_S, REQUEST_TIMEOUT_S
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.runners.tls import TLS_ARGUMENTS
from fectl_worker.worker import Worker

__all__ = ["HTTP_ARGUMENTS", "Limits", "limits", "request_count"]

#: For arguments.parse(); a runner adds its own to it.
HTTP_ARGUMENTS: Mapping[str, reading.Reader] = {
    "app": reading.text,
    "graceful_timeout": reading.seconds,
    "keepalive": reading.seconds,
    "linger": reading.seconds,
    "header_timeout": reading.seconds,
    "request_timeout": reading.seconds,
    "max_requests": reading.count,
    "max_requests_jitter": reading.count,
    "access_log": reading.text,
    "access_log_format": access_log_format.valid,
    **TLS_ARGUMENTS,
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """How long a connection may do what it does, in seconds; draining.py has the words."""

    #: 0: the connection is closed after each answer.
    keep_alive: float = KEEP_ALIVE_S
    linger: float = LINGER_S
    #: 0: no limit.
    header_timeout: float = HEADER_TIMEOUT_S
    #: 0: no limit.
    request_timeout: float = REQUEST_TIMEOUT_S
    #: None: what the master leaves.
    graceful_timeout: Optional[float] = None


def limits(settings: Mapping[str, Any]) -> Limits:
    """From what arguments.parse() returned."""
    return Limits(
        keep_alive=settings.get("keepalive", KEEP_ALIVE_S),
        linger=settings.get("linger", LINGER_S),
        header_timeout=settings.get("header_timeout", HEADER_TIMEOUT_S),
        request_timeout=settings.get("request_timeout", REQUEST_TIMEOUT_S),
        graceful_timeout=settings.get("graceful_timeout"),
    )


def request_count(worker: Worker, settings: Mapping[str, Any]) -> RequestCount:
    """From what arguments.parse() returned."""
    return RequestCount(worker, settings.get("max_requests", 0), settings.get("max_requests_jitter", 0))
