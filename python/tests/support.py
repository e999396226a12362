"""What the tests of the workers share: worker processes, a strict HTTP client, a constant load."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import ssl
import sys
import threading
import time
from typing import Any, Callable, Mapping, Optional

import pytest

from fectl_worker.testing import DEADLINE_S, FakeMaster, FakeSocket

# For what is the same for every kind of HTTP application: the worker, the socket's `app`, its argument.
RUNNERS = [
    ("asyncio", "aiohttp", "app=shop:make_app"),
    ("asyncio", "asgi", "app=asgi_shop:app"),
    ("asyncio", "wsgi", "app=threaded:application"),
    ("gevent", "wsgi", "app=wsgi_shop:application"),
]
each_runner = pytest.mark.parametrize(
    ("kind", "app", "argument"), RUNNERS, ids=["aiohttp", "asgi", "wsgi-threads", "wsgi-gevent"]
)

#: How often tests replace a worker under load. FECTL_REPLACEMENTS=100 (--test_env) makes them long ones.
REPLACEMENTS = int(os.environ.get("FECTL_REPLACEMENTS", "4"))

APPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "apps")


def environment(**more: str) -> dict[str, str]:
    """So that a worker process imports what this process imports, and the applications of the tests."""
    path = [APPS] + [os.path.abspath(p) for p in sys.path if p]
    return {"PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1", **more}


def ready_made(*arguments: str, sockets: Optional[Mapping[str, FakeSocket]] = None, **options: Any) -> FakeMaster:
    """`python3 -m fectl_worker ARGUMENTS` below a master."""
    more = options.pop("environment", {})
    command = [sys.executable, "-m", "fectl_worker", *arguments]
    return FakeMaster(command, sockets=sockets, environment=environment(**more), **options)


def commands_are_heard(master: FakeMaster) -> None:
    """Waits until the worker, whose heartbeats are on, has processed the commands that were sent before."""
    master.said("hb")
    master.messages.clear()
    # The first of these two may have been on its way already.
    master.expect("hb")
    master.expect("hb")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


async def begun_handshake(take: Callable[[socket.socket, ssl.SSLContext], object]) -> socket.socket:
    """Gives `take` a connection whose client has sent the first bytes of a TLS handshake, and the client's end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    take(theirs, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    await asyncio.get_running_loop().sock_sendall(ours, b"\x16\x03\x01\x02\x00")
    return ours


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


class Client:
    """One HTTP connection which forgives nothing: any reset, any end before an answer's end is an exception."""

    def __init__(self, address: Any, wrap: Optional[Callable[[socket.socket], socket.socket]] = None) -> None:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_STREAM)
        plain.settimeout(DEADLINE_S)
        plain.connect(address)
        self.socket = wrap(plain) if wrap is not None else plain
        self._buffer = b""

    def send(self, path: str = "/", *, method: str = "GET", body: bytes = b"", headers: str = "") -> None:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: test\r\n{length}{headers}\r\n"
        self.socket.sendall(head.encode() + body)

    def get(self, path: str = "/", **options: Any) -> Answer:
        self.send(path, **options)
        return self.receive()

    def receive(self) -> Answer:
        answer = self.receive_head()
        if answer.headers.get("transfer-encoding") == "chunked":
            while chunk := self._chunk():
                answer.body += chunk
        elif "content-length" in answer.headers:
            answer.body = self._exactly(int(answer.headers["content-length"]))
        return answer

    def receive_head(self) -> Answer:
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Answer(int(lines[0].split()[1]), headers, b"")

    def receive_chunk(self) -> bytes:
        return self._chunk()

    def at_end(self) -> bool:
        """Waits for the server to close, in good order."""
        return self._buffer == b"" and self.socket.recv(1) == b""

    def close(self) -> None:
        self.socket.close()

    def _chunk(self) -> bytes:
        size = int(self._until(b"\r\n"), 16)
        data = self._exactly(size)
        assert self._exactly(2) == b"\r\n"
        return data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._fill()
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def _fill(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed without an answer; {len(self._buffer)} bytes of one had come")
        self._buffer += data


class Load:
    """Clients which ask without a pause until the `with` block ends, and note everything that goes wrong."""

    def __init__(
        self, address: Any, *, keep_alive: int = 2, one_shot: int = 2, path: str = "/", pause: float = 0.0
    ) -> None:
        """pause: how long, in seconds, each client thinks before each request."""
        self._address = address
        self._path = path
        self._pause = pause
        self._end = threading.Event()
        self._progress = threading.Condition()
        self._done = [0] * (keep_alive + one_shot)
        self.failures: list[str] = []
        #: Process ids which answered.
        self.answered_by: set[bytes] = set()
        self._threads = [
            threading.Thread(target=self._run, args=(number, number < keep_alive), daemon=True)
            for number in range(keep_alive + one_shot)
        ]

    def wait_for_more(self, requests: int = 5) -> None:
        """Until every client was answered that many times more (and every failing one has failed)."""
        with self._progress:
            goals = [count + requests for count in self._done]
            reached = self._progress.wait_for(
                lambda: bool(self.failures) or all(c >= g for c, g in zip(self._done, goals)), DEADLINE_S
            )
        assert reached, "the clients make no progress"

    @property
    def total(self) -> int:
        return sum(self._done)

    def _run(self, number: int, keep_alive: bool) -> None:
        client: Optional[Client] = None
        try:
            while not self._end.is_set():
                if client is None:
                    client = Client(self._address)
                if self._pause:
                    self._end.wait(self._pause)
                answer = client.get(self._path, headers="" if keep_alive else "Connection: close\r\n")
                if answer.status != 200:
                    raise ConnectionError(f"status {answer.status}")
                if answer.closes or not keep_alive:
                    assert client.at_end()
                    client.close()
                    client = None
                with self._progress:
                    self.answered_by.add(answer.body)
                    self._done[number] += 1
                    self._progress.notify_all()
        except Exception as error:
            with self._progress:
                kind = "keep-alive" if keep_alive else "one-shot"
                self.failures.append(f"{kind} client, after {self._done[number]} requests: {error!r}")
                self._progress.notify_all()
        finally:
            if client is not None:
                client.close()

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
