"""Whether this version of gevent works as the WSGI worker expects it."""

from __future__ import annotations

import contextlib
import io
import socket
from typing import Any, Callable, Iterable

import gevent
import gevent.socket

from fectl_worker.errors import ConfigError
from fectl_worker.runners.access_log_format import AccessLog, Record
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.runners.wsgi_connections import PYWSGI_NAMES, WsgiServer
from fectl_worker.worker import Worker

__all__ = ["check_gevent"]

_SECONDS = 10.0
_REQUEST = b"POST /trial HTTP/1.1\r\nHost: trial\r\nContent-Length: 4\r\n\r\nbody"


def check_gevent(worker: Worker) -> None:
    """ConfigError names gevent's version and what is missing.

    The worker extends pywsgi's classes by methods whose names pywsgi does not promise to keep. So that a version which
    has changed them does not lose requests later, one request is answered here, as during a stop.
    """
    for owner, names in PYWSGI_NAMES.items():
        for name in names:
            if not hasattr(owner, name):
                raise _unfit(f"gevent.pywsgi.{owner.__name__} has no {name}")
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), gevent.Timeout(_SECONDS, TimeoutError("it was not answered")):
            wrong = _trial(RequestCount(worker))
    except Exception as error:
        raise _unfit(f"a request for trial failed: {type(error).__name__}: {error}") from error
    if wrong:
        raise _unfit(f"a request for trial {wrong}; {errors.getvalue().strip()[-500:]}")


def _unfit(what: str) -> ConfigError:
    return ConfigError(
        f"gevent {gevent.__version__} does not work with this worker: {what}. Versions that do are named in "
        "python/README.md of fectl"
    )


def _application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    # The body is not read: the server must not take it for the next request.
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode()]


class _KeptRecords(AccessLog):
    """An access log that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        self.records.append(record)


def _trial(requests: RequestCount) -> str:
    """What is wrong with the answer; empty: nothing."""
    unused, client, served = gevent.socket.socket(socket.AF_UNIX), *gevent.socket.socketpair()
    log = _KeptRecords()
    server = WsgiServer(unused, _application, limits=Limits(), tls=None, access_log=log, requests=requests)
    try:
        server.init_socket()
        server.draining = True
        server.do_handle(served, "")
        (connection,) = server.connections
        client.sendall(_REQUEST)
        # So that the connection ends also when the server does not end it.
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        if not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(b"\r\n\r\nPOST"):
            return f"was answered by {answer!r}"
        if b"\r\nConnection: close\r\n" not in answer:
            return "was not told that its connection ends"
        if connection.phase != "application" or requests.total != 1:
            return f"was left in the phase {connection.phase}"
        if [(r.method, r.target, r.status) for r in log.records] != [("POST", "/trial", 200)]:
            return "was not followed by a call of log_request()"
        return ""
    finally:
        client.close()
        server.drain(0.0)
        server.close()
