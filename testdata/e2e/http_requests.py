"""Ports of this machine that nobody else uses, and plain HTTP requests."""

import random
import socket

from testdata.e2e.processes import DEADLINE_SECONDS

_held_ports: list[socket.socket] = []


def free_port() -> int:
    """A TCP port of 127.0.0.1 below the range that the kernel gives to clients. Kept for this process: other test
    processes asking at the same time get others."""
    while True:
        port = random.randint(20000, 32000)
        guard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            guard.bind(f"\0fectl-test-port-{port}")
            probe.bind(("0.0.0.0", port))
        except OSError:
            guard.close()
            continue
        finally:
            probe.close()
        _held_ports.append(guard)
        return port


def http_get(port: int, path: str = "/", seconds: float = DEADLINE_SECONDS) -> str:
    """The body of one answer with status 200, on a connection of its own."""
    with HttpRequest(port, path, seconds) as request:
        return request.body()


class HttpRequest:
    """A request that was sent, and whose answer may take its time."""

    def __init__(self, port: int, path: str = "/", seconds: float = DEADLINE_SECONDS) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._received = b""
        self._seconds = seconds
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())

    def __enter__(self) -> "HttpRequest":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def answered_within(self, seconds: float) -> bool:
        self._socket.settimeout(seconds)
        try:
            self._received += self._socket.recv(65536)
        except TimeoutError:
            return False
        return True

    def body(self) -> str:
        self._socket.settimeout(self._seconds)
        while True:
            part = self._socket.recv(65536)
            if not part:
                break
            self._received += part
        head, _, body = self._received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), self._received
        return body.decode()


def release_ports() -> None:
    """Lets other processes have the ports that this one got."""
    while _held_ports:
        _held_ports.pop().close()
