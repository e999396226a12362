"""The language of `access_log_format`: its letters, its mistakes, and text of clients that would forge lines."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any, Mapping

import pytest

from fectl_worker.errors import ConfigError
from fectl_worker.runners import arguments as reading
from fectl_worker.runners.access_log import open_lines
from fectl_worker.runners.access_log_format import (
    DEFAULT_FORMAT,
    AccessLog,
    EnvironHeaders,
    PairHeaders,
    Record,
    compiled,
)
from fectl_worker.runners.http_settings import HTTP_ARGUMENTS
from fectl_worker.testing import FakeSocket
from python.tests.support import RUNNERS, Client, each_runner, ready_made


def record(**changed: Any) -> Record:
    given: dict[str, Any] = {
        "method": "GET",
        "target": "/cart?id=7",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 512,
        "seconds": 1.234567,
        "peer": "192.0.2.7",
        "request_headers": {"referer": "http://shop.example/", "user-agent": "curl/8", "x-id": "seven"},
        "response_headers": {"x-cache": "hit"},
    }
    return Record(**{**given, **changed})


def line(text: str, **changed: Any) -> str:
    return compiled(text)(record(**changed))


@pytest.mark.parametrize(
    ("letter", "shown"),
    [
        *(("h", "192.0.2.7"), ("l", "-"), ("u", "-"), ("r", "GET /cart?id=7 HTTP/1.1"), ("m", "GET"), ("U", "/cart")),
        *(("q", "id=7"), ("H", "HTTP/1.1"), ("s", "200"), ("b", "512"), ("B", "512"), ("f", "http://shop.example/")),
        *(("a", "curl/8"), ("T", "1"), ("M", "1234"), ("D", "1234567"), ("L", "1.234567"), ("p", f"<{os.getpid()}>")),
        *(("{x-id}i", "seven"), ("{X-Id}i", "seven"), ("{none}i", "-"), ("{X-Cache}o", "hit"), ("{none}o", "-")),
        *(("W", "-"),),
    ],
)
def test_each_letter_means_what_gunicorn_documents(letter: str, shown: str) -> None:
    assert line(f"a %({letter})s b") == f"a {shown} b"


def test_the_letters_of_aiohttp_mean_the_same() -> None:
    text = '%a %P "%r" %s %b %O %T %Tf %D %{X-Id}i %{X-Cache}o 100%%'
    assert line(text) == (
        f'192.0.2.7 <{os.getpid()}> "GET /cart?id=7 HTTP/1.1" 200 512 512 1 1.234567 1234567 seven hit 100%'
    )


def test_what_is_not_there_is_a_dash() -> None:
    assert line("%(b)s %(B)s", bytes=0) == "- 0"
    assert line("%(h)s %(q)s", peer="", target="/") == "- -"
    assert line("%(f)s %(a)s", request_headers={}) == "- -"


def test_numbers_may_be_written_as_numbers() -> None:
    assert line("%(s)d %(D)d 100%%") == "200 1234567 100%"


def test_time_is_when_the_request_began_and_follows_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_700_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    shown = compiled("%(t)s")
    first = shown(record(seconds=0.5))
    assert re.fullmatch(r"\[\d\d/Nov/2023:\d\d:\d\d:\d\d [+-]\d{4}\]", first)
    assert shown(record(seconds=0.75)) == first
    now[0] += 1
    assert shown(record(seconds=0.5)) != first
    assert shown(record(seconds=1.5)) == first


def test_a_user_is_that_of_basic_authentication() -> None:
    def user(header: str) -> str:
        return line("%(u)s", request_headers={"authorization": header})

    assert user("Basic " + base64.b64encode(b"ann:secret").decode()) == "ann"
    assert user("basic " + base64.b64encode(b"ann lee\n\xe9:s").decode()) == "ann\\x20lee\\x0a\\xe9"
    assert [user(h) for h in ("Basic !", "Basic", "Bearer YW5uOg==", "Basic Og==", "")] == ["-"] * 5


def test_variables_are_those_of_the_request_or_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_REGION", "north")
    environ = {"REMOTE_USER": "ann", "wsgi.url_scheme": "https"}
    text = "%({remote_user}e)s %({WSGI.url_scheme}e)s %({shop_region}e)s %({NONE}e)s"
    assert line(text, environ=environ) == "ann https north -"
    assert line(text) == "- - north -"


FORGED = 'x" 200 1 "-" "-"\r\n192.0.2.1 - - \\ \x1b[2J\x85\u2028'


@pytest.mark.parametrize("field", ["method", "target", "protocol", "peer", "referer", "agent", "other", "user"])
@pytest.mark.parametrize("charset", ["latin-1", "utf-8"])
def test_no_text_of_a_client_ends_its_field_or_its_line(field: str, charset: str) -> None:
    headers = {
        "referer": FORGED,
        "user-agent": FORGED,
        "x-id": FORGED,
        "authorization": "Basic " + base64.b64encode(FORGED.encode()).decode(),
    }
    changed: dict[str, Any] = {"request_headers": headers, "charset": charset}
    if field in ("method", "target", "protocol", "peer"):
        changed[field] = FORGED
    text = line(DEFAULT_FORMAT + ' "%({x-id}i)s" %(m)s %(U)s %(q)s %(H)s', **changed)
    assert text.isascii() and text.isprintable()
    parts = text.split('"')
    # Four fields are quoted, so there are eight quotes.
    assert len(parts) == 9
    assert len(parts[0].split()) == 5, "address, -, user, and the time in two words"
    assert len(parts[2].split()) == 2, "status and bytes"
    assert len(parts[6].split()) == 2, "microseconds and worker"
    assert len(parts[8].split()) == 4


def test_bytes_are_shown_as_they_were_sent() -> None:
    sent = "é".encode()
    assert line("%(a)s", request_headers={"user-agent": sent.decode("latin-1")}) == "\\xc3\\xa9"
    decoded = (sent + b"\xff").decode("utf-8", "surrogateescape")
    assert line("%(a)s", request_headers={"user-agent": decoded}, charset="utf-8") == "\\xc3\\xa9\\xff"


def test_headers_of_asgi_and_wsgi_are_found_by_name() -> None:
    pairs = PairHeaders([(b"X-Id", b"7"), (b"accept", b"\xe9")])
    assert [pairs.get(n) for n in ("x-id", "accept", "none")] == ["7", "\xe9", None]
    environ = EnvironHeaders({"HTTP_X_ID": "7", "CONTENT_TYPE": "text/plain"})
    assert [environ.get(n) for n in ("x-id", "content-type", "none")] == ["7", "text/plain", None]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("%(h)s %(x)s %(zz)s", '"%(x)s", "%(zz)s"'),
        ("%(h)s %(h)", '"%(h)"'),
        ("%(h)s %s", '"%s"'),
        ("%(h)s 100%", '"%"'),
        ("%(h)d", '"%(h)d"'),
        ("%({x-id}z)s", '"%({x-id}z)s"'),
        ("%({x-id}io)s", '"%({x-id}io)s"'),
        ("%({}i)s", '"%({}i)s"'),
        ("%h", '"%h"'),
        ("%a %{X}z", '"%{X}z"'),
    ],
)
def test_a_format_that_is_not_known_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ConfigError) as error:
        reading.parse([f"access_log_format={text}"], HTTP_ARGUMENTS)
    assert str(error.value).startswith(f"arguments: access_log_format: {named} is not known; known are %(h)s %(l)s ")


def test_a_record_that_cannot_be_written_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = open_lines(str(tmp_path / "log"))
    assert lines is not None
    log = AccessLog(lines, compiled("%(s)s %(a)s"))
    broken: Mapping[str, str] = {}
    log.write(record(request_headers=None))
    log.write(record(request_headers=broken))
    assert (tmp_path / "log").read_text() == "200 -\n"
    assert "a line for the access log was lost" in caplog.text


def logged(kind: str, app: str, arguments: list[str], tmp_path: Path, *requests: bytes) -> list[str]:
    """The lines after these requests, each on a connection of its own, of worker 4 of the service "web"."""
    sockets = {"http": FakeSocket(app, [*arguments, f"access_log={tmp_path}/log"])}
    with ready_made(kind, sockets=sockets, service="web", index=3) as master:
        master.expect("loaded")
        master.send("start")
        for request in requests:
            client = Client(master.address("http"))
            client.socket.sendall(request)
            client.receive()
            client.close()
        master.stop()
        assert master.wait() == 0
        assert "was lost" not in master.log
    return (tmp_path / "log").read_text().splitlines()


# Newer versions of aiohttp refuse a target with raw bytes.
HEAD = b"GET /?q=%C3%A9 HTTP/1.1\r\nHost: test\r\nReferer: a\"b\\c\xff\r\nUser-Agent: tester 1\r\n\r\n"
DEFAULT_LINE = re.compile(
    r"127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
    r'"GET /\?q=%C3%A9 HTTP/1\.1" 200 \d+ "a\\x22b\\x5cc\\xff" "tester 1" \d+ web\(4\)'
)


@each_runner
def test_the_default_line_is_the_same_for_every_kind(tmp_path: Path, kind: str, app: str, argument: str) -> None:
    (line,) = logged(kind, app, [argument], tmp_path, HEAD)
    assert DEFAULT_LINE.fullmatch(line), line


@each_runner
def test_a_format_is_the_same_for_every_kind(tmp_path: Path, kind: str, app: str, argument: str) -> None:
    text = "access_log_format=%(m)s %(U)s %(q)s %(s)s %({user-agent}i)s %({content-type}o)s"
    (line,) = logged(kind, app, [argument, text], tmp_path, HEAD)
    assert line.startswith("GET / q=%C3%A9 200 tester 1 text/plain"), line


@each_runner
def test_a_request_that_is_not_understood_is_a_line(tmp_path: Path, kind: str, app: str, argument: str) -> None:
    bad = b"GET\r\n\r\n"
    lines = logged(kind, app, [argument, "access_log_format=%(h)s %(s)s %(a)s"], tmp_path, bad, HEAD)
    # uvicorn says nothing of those that it answers itself.
    by_uvicorn = kind == "asyncio" and app != "aiohttp"
    assert lines == [*([] if by_uvicorn else ["127.0.0.1 400 -"]), "127.0.0.1 200 tester 1"]


@pytest.mark.parametrize(("kind", "argument"), [RUNNERS[2][::2], RUNNERS[3][::2]], ids=["threads", "gevent"])
def test_variables_of_the_wsgi_environment(tmp_path: Path, kind: str, argument: str) -> None:
    (line,) = logged(kind, "wsgi", [argument, "access_log_format=%({SERVER_PROTOCOL}e)s %({HTTP_USER_AGENT}e)s"],
                     tmp_path, HEAD)
    assert line == "HTTP/1.1 tester 1"


@each_runner
def test_a_wrong_format_is_a_start_that_fails(kind: str, app: str, argument: str) -> None:
    sockets = {"http": FakeSocket(app, [argument, "access_log_format=%(y)s"])}
    with ready_made(kind, sockets=sockets) as master:
        told = master.expect("cfgerror")
        assert told.startswith('socket http: arguments: access_log_format: "%(y)s" is not known; known are ')
        assert master.wait() == 99
