"""The gauges that every HTTP socket has, and those of a worker that has several applications."""

from __future__ import annotations

from typing import Mapping, Sequence

__all__ = ["combined", "http_gauges"]

_HTTP = "http."


def http_gauges(*, requests: int, open_connections: int, active: int) -> Mapping[str, float]:
    """For an application's gauges(). active: requests that are being answered; websockets are none."""
    return {"http.requests": requests, "http.open": open_connections, "http.active": active}


def combined(reports: Sequence[tuple[str, Mapping[str, float]]]) -> Mapping[str, float]:
    """What the applications of one worker report, by label ("socket web"), as the gauges of the worker.

    http.* are sums. Where several sockets report them, those of each are there as well, as socket.NAME.*.
    """
    found: dict[str, float] = {}
    several = sum(any(name.startswith(_HTTP) for name in gauges) for _, gauges in reports) > 1
    for label, gauges in reports:
        for name, value in gauges.items():
            if not name.startswith(_HTTP):
                found[name] = value
                continue
            found[name] = found.get(name, 0) + value
            if several:
                found[f"{label.replace(' ', '.')}.{name[len(_HTTP):]}"] = value
    return found
