"""What the tests of WSGI applications in threads share: an ASGI server of the least kind, and workers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path
from typing import Any, AsyncIterator, Iterable, Iterator, Optional, Sequence

from fectl_worker.runners.threads_asgi import WsgiInThreads
from fectl_worker.runners.threads_environ import EnvironMaker
from fectl_worker.runners.threads_pool import Pool
from fectl_worker.testing import DEADLINE_S, FakeMaster, FakeSocket
from python.tests.aiohttp_support import until
from python.tests.support import ready_made, wait_until

Headers = Sequence[tuple[bytes, bytes]]
TEXT = [("Content-Type", "text/plain")]


def scope_of(path: str = "/", **changes: Any) -> dict[str, Any]:
    """The scope of a request as uvicorn makes it."""
    return {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"shop.example")],
        "client": ("192.0.2.7", 4711),
        "server": ("192.0.2.1", 8080),
        **changes,
    }


class Request:
    """One request to an ASGI application: its client sends and reads as the test says."""

    def __init__(self, body: Iterable[bytes], scope: dict[str, Any]) -> None:
        self.scope = scope
        self._body = list(body)
        self._gone = asyncio.Event()
        #: Not set: the client does not read, so that send() waits.
        self.reads = asyncio.Event()
        self.reads.set()
        #: What the application sent.
        self.messages: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self._body:
            data = self._body.pop(0)
            return {"type": "http.request", "body": data, "more_body": bool(self._body)}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            await self.reads.wait()
        self.messages.append(message)

    def leave(self) -> None:
        """The client's connection is gone."""
        self._gone.set()
        self.reads.set()

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def pieces(self) -> list[bytes]:
        return [message["body"] for message in self.messages[1:] if message["body"]]

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def is_complete(self) -> bool:
        return len(self.messages) > 1 and not self.messages[-1]["more_body"]


class Server:
    """A WSGI application in threads."""

    def __init__(self, application: Any, threads: int, body_limit: int) -> None:
        self.pool = Pool(application, threads)
        self.wsgi = WsgiInThreads(self.pool, EnvironMaker(multithread=threads > 1), body_limit=body_limit)
        self.pool.start()

    async def ask(self, path: str = "/", *, body: Iterable[bytes] = (b"",), **scope: Any) -> Request:
        request = self.request(path, body=body, **scope)
        await asyncio.wait_for(self.serve(request), DEADLINE_S)
        return request

    def request(self, path: str = "/", *, body: Iterable[bytes] = (b"",), **scope: Any) -> Request:
        return Request(body, scope_of(path, **scope))

    async def serve(self, request: Request) -> None:
        await self.wsgi(request.scope, request.receive, request.send)


@contextlib.asynccontextmanager
async def serving(application: Any, *, threads: int = 2, body_limit: int = 0) -> AsyncIterator[Server]:
    server = Server(application, threads, body_limit)
    try:
        yield server
    finally:
        server.pool.end()
        await until(lambda: not any(thread.is_alive() for thread in server.pool.threads))


def asked(application: Any, path: str = "/", **request: Any) -> Request:
    """One request, and its answer."""

    async def ask() -> Request:
        async with serving(application) as server:
            return await server.ask(path, **request)

    return asyncio.run(ask())


def wait(event: threading.Event) -> None:
    """In an application's thread."""
    assert event.wait(DEADLINE_S)


@contextlib.contextmanager
def worker(
    *arguments: str,
    app: str = "threaded:application",
    loop: str = "asyncio",
    given: Optional[FakeSocket] = None,
    start: bool = True,
    **options: Any,
) -> Iterator[FakeMaster]:
    """A worker process that serves the applications of apps/threaded.py."""
    socket = given or FakeSocket()
    socket = FakeSocket("wsgi", [f"app={app}", *arguments], listener=socket.listener)
    with ready_made("asyncio", "--loop", loop, sockets={"http": socket}, **options) as master:
        master.expect("loaded")
        if start:
            master.send("start")
        yield master


class Fifo:
    """A request for /block?PATH keeps its thread until the test releases it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)

    def wait_until_blocked(self) -> None:
        wait_until(Path(f"{self.path}.here").exists, f"the application comes to {self.path}")

    def release(self) -> None:
        wait_until(self._open, f"the application opens {self.path}")

    def _open(self) -> bool:
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True
