"""Bodies of requests and answers of a WSGI application in threads: where they wait, and how they end early."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable, Iterator

import pytest

from fectl_worker.runners.threads_asgi import MEMORY_BYTES
from fectl_worker.runners.threads_pool import AHEAD_BYTES
from python.tests.aiohttp_support import pass_time, until
from python.tests.threads_support import Request, Server, asked, serving, wait

Start = Callable[..., Callable[[bytes], None]]

PIECE = bytes(16 * 1024)


class Streamer:
    """An application that streams without an end, and counts."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = threading.Event()

    def __call__(self, _environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                yield PIECE
                self.given += 1
        finally:
            self.closed.set()


def posted(body: list[bytes]) -> dict[str, Any]:
    headers = [(b"host", b"a"), (b"content-length", b"%d" % sum(map(len, body)))]
    return {"method": "POST", "headers": headers, "body": body}


def echo(environ: Any, start_response: Start) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


async def at_rest(value: Callable[[], int]) -> int:
    """Until it has not changed for a while: what waits for the client is as far as it gets."""
    before = -1
    while before != value():
        before = value()
        await pass_time(0.1)
    return before


# --- answers ---


def test_a_thread_waits_for_a_client_that_does_not_read() -> None:
    async def ask() -> None:
        streamer = Streamer()
        async with serving(streamer) as server:
            request = server.request()
            request.reads.clear()
            serve = asyncio.ensure_future(server.serve(request))
            await until(lambda: streamer.given > 0)
            given = await at_rest(lambda: streamer.given)
            assert AHEAD_BYTES <= (given + 1) * len(PIECE) <= AHEAD_BYTES + 2 * len(PIECE)
            thread = next(thread for thread in server.pool.threads if thread.exchange is not None)
            assert thread.since is None, "the time of the client is not the application's"
            request.reads.set()
            await until(lambda: streamer.given > 4 * given)
            request.leave()
            await serve
            assert streamer.closed.is_set()

    asyncio.run(ask())


def test_a_thread_that_waits_is_woken_when_the_client_leaves() -> None:
    async def ask() -> None:
        streamer = Streamer()
        async with serving(streamer) as server:
            request = server.request()
            request.reads.clear()
            serve = asyncio.ensure_future(server.serve(request))
            await until(lambda: streamer.given > 0)
            await at_rest(lambda: streamer.given)
            request.leave()
            await serve
            assert streamer.closed.is_set()
            assert server.pool.open == 0

    asyncio.run(ask())


def test_a_request_that_is_cancelled_leaves_the_thread_to_the_next_one() -> None:
    async def ask() -> None:
        streamer = Streamer()
        async with serving(streamer, threads=1) as server:
            serve = asyncio.ensure_future(server.serve(server.request()))
            await until(lambda: streamer.given > 0)
            serve.cancel()
            await asyncio.wait({serve})
            await until(streamer.closed.is_set)
            await until(lambda: server.pool.threads[0].exchange is None)
            assert server.pool.open == 0

    asyncio.run(ask())


def test_a_request_that_is_cancelled_while_it_waits_never_comes_to_the_application() -> None:
    seen = []
    released = threading.Event()

    def application(environ: Any, start_response: Start) -> list[bytes]:
        seen.append(environ["PATH_INFO"])
        wait(released)
        start_response("200 OK", [])
        return [b"done"]

    async def ask() -> None:
        async with serving(application, threads=1) as server:
            first = asyncio.ensure_future(server.ask("/first"))
            await until(lambda: seen == ["/first"])
            waiting = asyncio.ensure_future(server.serve(server.request("/cancelled")))
            await until(lambda: server.pool.open == 2)
            waiting.cancel()
            await asyncio.wait({waiting})
            assert server.pool.open == 1
            released.set()
            assert (await first).body == b"done"
            await server.ask("/last")

    asyncio.run(ask())
    assert seen == ["/first", "/last"]


def test_write_fails_when_the_client_is_gone() -> None:
    failures = []
    left = threading.Event()

    def application(_environ: Any, start_response: Start) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"first")
        wait(left)
        try:
            write(b"second")
        except ConnectionError as error:
            failures.append(str(error))
            raise
        return []

    async def ask() -> None:
        async with serving(application) as server:
            request = server.request()
            serve = asyncio.ensure_future(server.serve(request))
            await until(lambda: request.body == b"first")
            request.leave()
            await until(lambda: any(thread.exchange and thread.exchange.is_gone for thread in server.pool.threads))
            left.set()
            await serve

    asyncio.run(ask())
    assert failures == ["the client has closed its connection"]


def test_many_answers_at_once_stay_apart() -> None:
    def application(environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        return (environ["PATH_INFO"].encode() for _ in range(50))

    async def ask() -> None:
        async with serving(application, threads=4) as server:
            paths = [f"/{number:03}" for number in range(100)]
            answers = await asyncio.gather(*(server.ask(path) for path in paths))
            for path, answer in zip(paths, answers):
                assert answer.body == path.encode() * 50 and answer.is_complete

    asyncio.run(ask())


def test_more_requests_than_threads_wait_and_no_more_are_at_work() -> None:
    lock = threading.Lock()
    at_work, most = [0], [0]
    released = threading.Event()

    def application(_environ: Any, start_response: Start) -> list[bytes]:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        wait(released)
        with lock:
            at_work[0] -= 1
        start_response("200 OK", [])
        return [b"done"]

    async def ask() -> None:
        async with serving(application, threads=3) as server:
            asking = [asyncio.ensure_future(server.ask()) for _ in range(10)]
            await until(lambda: at_work[0] == 3 and server.pool.open == 10)
            released.set()
            assert [answer.body for answer in await asyncio.gather(*asking)] == [b"done"] * 10
            assert server.pool.open == 0

    asyncio.run(ask())
    assert most[0] == 3


def test_the_thread_that_was_last_at_work_is_the_first_at_work() -> None:
    names = set()

    def application(_environ: Any, start_response: Start) -> list[bytes]:
        names.add(threading.current_thread().name)
        start_response("200 OK", [])
        return [b""]

    async def ask() -> None:
        async with serving(application, threads=8) as server:
            for _ in range(20):
                await server.ask()
                await until(lambda: all(thread.exchange is None for thread in server.pool.threads))

    asyncio.run(ask())
    assert len(names) <= 2


# --- bodies of requests ---


@pytest.mark.parametrize(
    "body",
    [
        [b""],
        [b"all at once"],
        [b"in ", b"", b"pieces"],
        [bytes(MEMORY_BYTES), b"one more"],
        [bytes(65536) for _ in range(40)],
    ],
)
def test_a_body_arrives_as_it_was_sent(body: list[bytes]) -> None:
    answer = asked(echo, **posted(body))
    assert answer.body == b"".join(body)


def test_a_body_can_be_read_in_every_way() -> None:
    def application(environ: Any, start_response: Start) -> list[bytes]:
        body = environ["wsgi.input"]
        got = [body.read(2), body.readline(), body.readline(3), *body.readlines()[:1], body.read(), body.read(5)]
        start_response("200 OK", [])
        return [b"|".join(got)]

    text = [b"abc\ndefgh\n", b"ijk\n"]
    assert asked(application, **posted(text)).body == b"ab|c\n|def|gh\n||"
    assert asked(lambda e, s: (s("200 OK", []), list(e["wsgi.input"]))[1], **posted(text)).body == b"".join(text)


def test_a_slow_upload_keeps_no_thread() -> None:
    """The application is called when the body is there."""

    class Slow(Request):
        may_end: asyncio.Event

        async def receive(self) -> dict[str, Any]:
            if len(self._body) == 1:
                await self.may_end.wait()
            return await super().receive()

    async def ask() -> None:
        async with serving(echo, threads=1) as server:
            slow = Slow([b"slow ", b"upload"], server.request(**posted([b"slow upload"])).scope)
            slow.may_end = asyncio.Event()
            serve = asyncio.ensure_future(server.serve(slow))
            for _ in range(3):
                assert (await server.ask(body=[b"quick"])).body == b"quick"
            assert server.pool.open == 0 and not slow.messages
            slow.may_end.set()
            await serve
            assert slow.body == b"slow upload"

    asyncio.run(ask())


def test_the_application_does_not_see_a_body_whose_client_left() -> None:
    called = []

    def application(_environ: Any, _start_response: Start) -> list[bytes]:
        called.append(True)
        return []

    class Leaves(Request):
        async def receive(self) -> dict[str, Any]:
            return {"type": "http.disconnect"} if not self._body else {**await super().receive(), "more_body": True}

    async def ask() -> None:
        async with serving(application) as server:
            for body in ([], [b"half"]):
                request = Leaves(body, server.request().scope)
                await server.serve(request)
                assert request.messages == []

    asyncio.run(ask())
    assert not called


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_over_the_limit_is_refused(is_announced: bool) -> None:
    async def ask() -> None:
        async with serving(echo, body_limit=10) as server:
            body = [b"123456", b"78901", b"2"]
            request = posted(body)
            if not is_announced:
                request["headers"] = [(b"transfer-encoding", b"chunked")]
            answer = await server.ask(**request)
            assert (answer.status, answer.headers[b"connection"]) == (413, b"close")
            assert answer.is_complete
            assert (await server.ask(**posted([b"1234567890"]))).body == b"1234567890"

    asyncio.run(ask())


def test_a_body_that_cannot_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    async def ask(server: Server) -> None:
        monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", no_space)
        with pytest.raises(OSError, match="No space left"):
            await server.ask(**posted([b"a", b"b"]))
        monkeypatch.undo()
        assert (await server.ask(**posted([b"a", b"b"]))).body == b"ab"

    async def test() -> None:
        async with serving(echo) as server:
            await ask(server)

    asyncio.run(test())
