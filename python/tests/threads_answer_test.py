"""The answers of a WSGI application in threads: start_response, write and pieces, as PEP 3333 wants them."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
from typing import Any, Callable, Iterable, Iterator
from wsgiref.validate import validator

import pytest

from python.tests.aiohttp_support import until
from python.tests.threads_support import TEXT, Request, asked, serving

Start = Callable[..., Callable[[bytes], None]]


def answering(pieces: Callable[[], Any], status: str = "200 OK", headers: Any = None) -> Any:
    def application(_environ: Any, start_response: Start) -> Any:
        start_response(status, TEXT if headers is None else headers)
        return pieces()

    return application


def refused(application: Any, caplog: pytest.LogCaptureFixture) -> str:
    """The text of the exception that made this an answer of status 500."""
    answer = asked(application)
    assert (answer.status, answer.is_complete) == (500, True)
    assert answer.body == b"Internal Server Error\n"
    return str(exception(caplog))


def exception(caplog: pytest.LogCaptureFixture) -> BaseException:
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.levelno == logging.ERROR and record.exc_info is not None and record.exc_info[1] is not None
    return record.exc_info[1]


# --- what is sent ---


@pytest.mark.parametrize("pieces", [[b"hello"], (b"hel", b"lo"), [b"", b"hello"]])
def test_a_list_has_a_length(pieces: Any) -> None:
    answer = asked(answering(lambda: pieces))
    assert answer.status == 200
    assert answer.headers == {b"content-type": b"text/plain", b"content-length": b"5"}
    assert answer.body == b"hello" and answer.is_complete


def test_an_empty_list_is_an_empty_answer() -> None:
    answer = asked(answering(list))
    assert answer.headers[b"content-length"] == b"0"
    assert answer.body == b"" and answer.is_complete


def test_a_generator_is_sent_piece_by_piece() -> None:
    answer = asked(answering(lambda: (piece for piece in (b"one", b"", b"two"))))
    assert b"content-length" not in answer.headers
    assert answer.pieces == [b"one", b"two"] and answer.is_complete


def test_a_piece_is_sent_before_the_next_one_is_made() -> None:
    seen = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        assert seen.wait(60)
        yield b"second"

    async def ask() -> Request:
        async with serving(answering(pieces)) as server:
            request = server.request()
            serve = asyncio.ensure_future(server.serve(request))
            await until(lambda: bool(request.pieces))
            assert request.pieces == [b"first"]
            seen.set()
            await serve
            return request

    assert asyncio.run(ask()).body == b"firstsecond"


def test_the_head_is_sent_with_the_first_piece_that_is_not_empty() -> None:
    """Until then start_response may replace it."""

    def application(_environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b""
        try:
            raise ValueError("found out late")
        except ValueError:
            start_response("404 Not Found", [("X-Why", "late")], sys.exc_info())
        yield b"no"

    answer = asked(application)
    assert (answer.status, answer.headers[b"x-why"], answer.body) == (404, b"late", b"no")


def test_start_response_may_be_called_with_the_first_piece() -> None:
    def application(_environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("202 Accepted", [])
        yield b"later"

    assert asked(application).status == 202


def test_write_sends_at_once() -> None:
    def application(_environ: Any, start_response: Start) -> Iterable[bytes]:
        write = start_response("200 OK", TEXT)
        write(b"one ")
        write(b"two ")
        return [b"three"]

    answer = asked(application)
    assert answer.pieces == [b"one ", b"two ", b"three"] and answer.is_complete
    assert b"content-length" not in answer.headers


def test_an_answer_is_complete_with_the_last_byte_of_its_length() -> None:
    """The client does not wait for what the application does after it."""
    released = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"hello"
        assert released.wait(60)

    async def ask() -> None:
        async with serving(answering(pieces, headers=[("Content-Length", "5")])) as server:
            request = server.request()
            serve = asyncio.ensure_future(server.serve(request))
            await until(lambda: request.is_complete)
            assert not serve.done()
            released.set()
            await serve
            assert request.pieces == [b"hello"]

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("HEAD", "200 OK"),
        ("HEAD", "204 No Content"),
        ("GET", "204 No Content"),
        ("GET", "304 Not Modified"),
    ],
)
def test_answers_without_a_body_end_with_the_head(method: str, status: str) -> None:
    closed = []

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"more"
        finally:
            closed.append(True)

    headers = [("Content-Length", "400"), ("ETag", '"1"')]
    answer = asked(answering(endless, status, headers), method=method)
    assert answer.status == int(status[:3])
    assert answer.headers[b"etag"] == b'"1"'
    # Of an answer to HEAD it is the length that GET would have; with the other two there is none.
    assert answer.headers.get(b"content-length") == (b"400" if status == "200 OK" else None)
    assert answer.body == b"" and answer.is_complete
    assert closed == [True]


@pytest.mark.parametrize("pieces", [[], [b""], [b"body"]])
def test_HEAD_of_a_list(pieces: list[bytes]) -> None:
    answer = asked(answering(lambda: pieces), method="HEAD")
    assert answer.body == b"" and answer.is_complete
    assert b"content-length" not in answer.headers


def test_headers_that_are_there_twice() -> None:
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    answer = asked(answering(lambda: [b""], headers=cookies))
    assert [value for name, value in answer.messages[0]["headers"] if name == b"set-cookie"] == [b"a=1", b"b=2"]


def test_the_file_wrapper(tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1000)

    def application(environ: Any, start_response: Start) -> Any:
        start_response("200 OK", [("Content-Length", "256000")])
        return environ["wsgi.file_wrapper"](path.open("rb"), 65536)

    answer = asked(application)
    assert answer.body == path.read_bytes() and len(answer.pieces) == 4


def test_the_validator_of_the_standard_library_has_nothing_to_complain_of() -> None:
    def application(environ: Any, start_response: Start) -> Any:
        assert environ["wsgi.input"].read(3) == b"abc"
        start_response("200 OK", TEXT)
        return [b"hello"]

    headers = [(b"host", b"a"), (b"content-length", b"3"), (b"content-type", b"text/plain")]
    answer = asked(validator(application), method="POST", headers=headers, body=[b"abc"])
    assert (answer.status, answer.body) == (200, b"hello")


def test_each_request_has_context_variables_of_its_own() -> None:
    seen: contextvars.ContextVar[int] = contextvars.ContextVar("seen", default=0)
    values = []

    def application(_environ: Any, start_response: Start) -> Any:
        values.append(seen.get())
        seen.set(seen.get() + 1)
        start_response("200 OK", [])
        return [b""]

    async def ask() -> None:
        async with serving(application, threads=1) as server:
            await server.ask()
            seen.set(10)  # as a middleware of the server
            await server.ask()

    asyncio.run(ask())
    assert values == [0, 10]


# --- close() ---


class Pieces:
    def __init__(self, pieces: list[Any]) -> None:
        self._pieces = iter(pieces)
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        piece = next(self._pieces)
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("content", [[b"a"], [], [b"a", ValueError("in the middle")], [ValueError("at once")], ["no"]])
def test_what_was_returned_is_closed_once(content: list[Any]) -> None:
    pieces = Pieces(content)
    asked(answering(lambda: pieces))
    assert pieces.closed == 1


def test_close_comes_after_the_answer() -> None:
    class Late(Pieces):
        def close(self) -> None:
            assert released.wait(60)

    released = threading.Event()

    async def ask() -> None:
        async with serving(answering(lambda: Late([b"a"]))) as server:
            request = server.request()
            serve = asyncio.ensure_future(server.serve(request))
            await until(lambda: request.is_complete)
            released.set()
            await serve

    asyncio.run(ask())


def test_a_close_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Fails(Pieces):
        def close(self) -> None:
            raise OSError("cannot be closed")

    answer = asked(answering(lambda: Fails([b"a"])))
    assert answer.body == b"a" and answer.is_complete
    assert str(exception(caplog)) == "cannot be closed"


# --- what is wrong ---


def test_an_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def application(_environ: Any, _start_response: Start) -> Any:
        raise LookupError("no such item")

    assert refused(application, caplog) == "no such item"
    assert "GET / failed" in caplog.text
    assert "in application" in caplog.text


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_no_exception_takes_the_thread_with_it(raised: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def application(_environ: Any, start_response: Start) -> Any:
        if not exits:
            start_response("200 OK", [])
            return [b"well"]
        exits.pop()
        raise raised

    exits = [True]

    async def ask() -> None:
        async with serving(application, threads=1) as server:
            assert (await server.ask()).status == 500
            assert (await server.ask()).body == b"well"

    asyncio.run(ask())
    assert exception(caplog) is raised


def test_an_exception_after_start_response_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    assert refused(answering(lambda: Pieces([ValueError("before a piece")])), caplog) == "before a piece"


def test_an_exception_in_the_middle_leaves_the_answer_incomplete(caplog: pytest.LogCaptureFixture) -> None:
    answer = asked(answering(lambda: Pieces([b"half", ValueError("no more")])))
    assert answer.status == 200
    assert answer.body == b"half" and not answer.is_complete
    assert str(exception(caplog)) == "no more"


def test_exc_info_after_the_head_is_raised_again(caplog: pytest.LogCaptureFixture) -> None:
    def application(_environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"half"
        try:
            raise ZeroDivisionError("late")
        except ZeroDivisionError:
            start_response("500 Oops", [], sys.exc_info())

    answer = asked(application)
    assert (answer.status, answer.is_complete) == (200, False)
    assert isinstance(exception(caplog), ZeroDivisionError)


@pytest.mark.parametrize(
    ("application", "text"),
    [
        (lambda environ, start: [b"a"], "the application did not call start_response before it answered"),
        (lambda environ, start: [], "the application did not call start_response before it answered"),
        (lambda environ, start: None, "'NoneType' object is not iterable"),
        (answering(lambda: ["text"]), "a piece of the answer must be bytes, not str"),
        (answering(lambda: [None]), "object of type 'NoneType' has no len()"),
        (
            lambda environ, start: [start("200 OK", []), start("200 OK", [])],
            "start_response was called twice, the second time without exc_info",
        ),
    ],
)
def test_applications_that_do_not_keep_to_the_rules(
    application: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert refused(application, caplog) == text


@pytest.mark.parametrize("status", ["200", "404 Not Found", "299 Of my own", "599 "])
def test_statuses(status: str) -> None:
    assert asked(answering(lambda: [b""], status)).status == int(status[:3])


@pytest.mark.parametrize("status", [200, b"200 OK", "OK", "20 OK", "200OK", "100 Continue", "101 Switch", "600 No", ""])
def test_statuses_that_are_refused(status: Any, caplog: pytest.LogCaptureFixture) -> None:
    text = refused(answering(lambda: [b""], status), caplog)
    assert text == f'start_response: the status must be a text like "200 OK", from 200 to 599, not {status!r}'


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ((), "the headers must be a list, not tuple"),
        ([("X-Count", 1)], "name and value of a header must be texts, not ('X-Count', 1)"),
        ([(b"X-Count", "1")], "name and value of a header must be texts, not (b'X-Count', '1')"),
        ([("X Y", "1")], "('X Y', '1') cannot be a header"),
        ([("", "1")], "('', '1') cannot be a header"),
        ([("X-Evil", "a\r\nSet-Cookie: b")], "('X-Evil', 'a\\r\\nSet-Cookie: b') cannot be a header"),
        ([("Connection", "close")], "the header Connection is the server's, not the application's (PEP 3333)"),
        ([("Transfer-Encoding", "chunked")], "the header Transfer-Encoding is the server's, not the application's"),
        ([("Content-Length", "many")], "('Content-Length', 'many') is no Content-Length, or is there twice"),
        ([("Content-Length", "1")] * 2, "('Content-Length', '1') is no Content-Length, or is there twice"),
    ],
)
def test_headers_that_are_refused(headers: Any, text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert refused(answering(lambda: [b""], headers=headers), caplog).startswith(f"start_response: {text}")


def test_a_text_that_is_no_latin_1_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    assert "codec can't encode" in refused(answering(lambda: [b""], headers=[("X-Name", "\u0142")]), caplog)


@pytest.mark.parametrize("pieces", [[b"too long"], [b"too", b" long"]])
def test_bytes_over_the_length_are_dropped(pieces: list[bytes], caplog: pytest.LogCaptureFixture) -> None:
    answer = asked(answering(lambda: iter(pieces), headers=[("Content-Length", "3")]))
    assert answer.status == 200 and answer.body == b"too" and answer.is_complete
    assert str(exception(caplog)) == "the answer has more bytes than its Content-Length says; they were dropped"


def test_bytes_that_are_missing_leave_the_answer_incomplete(caplog: pytest.LogCaptureFixture) -> None:
    answer = asked(answering(lambda: iter([b"half"]), headers=[("Content-Length", "8")]))
    assert answer.body == b"half" and not answer.is_complete
    assert str(exception(caplog)) == "the answer has 4 bytes less than its Content-Length says"


def test_what_is_no_http_is_refused() -> None:
    async def ask() -> None:
        async with serving(answering(list)) as server:
            with pytest.raises(RuntimeError, match="^websocket is nothing that a WSGI application could serve$"):
                await server.ask(type="websocket")

    asyncio.run(ask())
