"""Clients of the web services that are slow, and the rotation of access logs: neither may cost anybody a request."""

import pathlib
import socket
import threading
from typing import Callable

from testdata.soak.operators import Operator
from testdata.soak.stage import ACCESS_LOGS, REQUEST_LIMIT_SECONDS, Stage

_SECONDS_MAX = 120
# The services whose workers end what is not finished in time; the demonstration in C++ has longer limits of its own.
_LIMITED = ("python", "wsgi")
_GET = b"GET / HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n"
_POST = b"POST / HTTP/1.1\r\nHost: soak\r\nContent-Length: 1000\r\n\r\n"


class SlowClients(Operator):
    """Clients that are slow but honest, and such that never finish what they began."""

    def __init__(self, stage: Stage, seed: str, service: str) -> None:
        super().__init__(stage, seed)
        self.service = service

    def actions(self) -> list[Callable[[], None]]:
        unfinished = [self.silence, self.half_a_head, self.half_a_body] if self.service in _LIMITED else []
        return [self.slow_request, self.slow_request, self.gone_in_the_middle, self.never_reads, *unfinished]

    def slow_request(self) -> None:
        """A request that comes in pieces, within the limit, has its answer whatever is done to the workers."""
        with self._connect() as connection:
            cuts = sorted(self.random.sample(range(1, len(_GET)), 3))
            for begin, end in zip([0, *cuts], [*cuts, len(_GET)]):
                connection.sendall(_GET[begin:end])
                threading.Event().wait(self.random.uniform(0, REQUEST_LIMIT_SECONDS / 8))
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        self.expect(answer.startswith(b"HTTP/1.1 200 "), f"{self.service}: a slow request was answered {answer!r}")

    def gone_in_the_middle(self) -> None:
        with self._connect() as connection:
            connection.sendall(self.random.choice([_GET, _POST])[: self.random.randrange(1, len(_GET))])

    def never_reads(self) -> None:
        """Asks on and on until the worker reads no more, and is gone after a while."""
        with self._connect() as connection:
            connection.setblocking(False)
            requests = _GET.replace(b"Connection: close\r\n", b"") * 1000
            for _ in range(20):
                try:
                    connection.send(requests)
                except OSError:
                    break
            threading.Event().wait(self.random.uniform(0, 1))

    def silence(self) -> None:
        self._is_ended_in_time(b"")

    def half_a_head(self) -> None:
        self._is_ended_in_time(_GET[: self.random.randrange(1, len(_GET))])

    def half_a_body(self) -> None:
        self._is_ended_in_time(_POST + b"x" * 10)

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.stage.ports[self.service]), timeout=_SECONDS_MAX)

    def _is_ended_in_time(self, begin: bytes) -> None:
        """Waits much longer than the limit: how long exactly is no business of a soak."""
        with self._connect() as connection:
            connection.sendall(begin)
            try:
                while connection.recv(65536):
                    pass
            except TimeoutError:
                self.expect(False, f"{self.service}: after {_SECONDS_MAX} s nobody ended a client that sent {begin!r}")
            except ConnectionError:
                pass


class LogRotation(Operator):
    """Renames access logs, as logrotate does. The services are to go on in new files by themselves."""

    def actions(self) -> list[Callable[[], None]]:
        return [self.rotate]

    def rotate(self) -> None:
        log = self.random.choice(list(access_logs(self.stage).values()))
        if log.exists():
            log.rename(f"{log}.{self.done['rotate']}")


def access_logs(stage: Stage) -> dict[str, pathlib.Path]:
    return {service: stage.place.directory / name for service, name in ACCESS_LOGS.items()}


def logged_requests(stage: Stage) -> dict[str, int]:
    """How many requests each service has logged, over all its files."""
    counts = {}
    for service, log in access_logs(stage).items():
        files = log.parent.glob(f"{log.name}*")
        counts[service] = sum(file.read_bytes().count(b"\n") for file in files)
    return counts
