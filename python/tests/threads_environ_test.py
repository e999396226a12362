"""The environ of requests to a WSGI application in threads, as PEP 3333 wants it."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from fectl_worker.runners.threads_environ import EnvironMaker
from python.tests.threads_support import Headers, scope_of


def environ_of(path: str = "/", *, root: str = "", threads: int = 8, size: int = 0, **changes: Any) -> dict[str, Any]:
    return EnvironMaker(root_path=root, multithread=threads > 1).make(scope_of(path, **changes), io.BytesIO(), size)


def of_headers(*headers: tuple[bytes, bytes], size: int = 0) -> dict[str, Any]:
    more: Headers = [(b"host", b"shop.example"), *headers]
    return environ_of(headers=more, size=size)


def test_what_every_request_has() -> None:
    environ = environ_of("/cart", query_string=b"id=7&x=%20", method="POST")
    body = environ.pop("wsgi.input")
    assert isinstance(body, io.BytesIO)
    assert environ.pop("wsgi.errors") is sys.stderr
    assert environ.pop("wsgi.file_wrapper")(io.BytesIO(b"abc"), 2).__next__() == b"ab"
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/cart",
        "QUERY_STRING": "id=7&x=%20",
        "REQUEST_URI": "/cart?id=7&x=%20",
        "SERVER_NAME": "192.0.2.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "fectl",
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_PORT": "4711",
        "HTTP_HOST": "shop.example",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def test_each_request_has_an_environ_of_its_own() -> None:
    maker = EnvironMaker(multithread=True)
    first = maker.make(scope_of(), io.BytesIO(), 0)
    first["SCRIPT_NAME"] = first["mine"] = "/changed"
    second = maker.make(scope_of(), io.BytesIO(), 0)
    assert second["SCRIPT_NAME"] == "" and "mine" not in second


def test_one_thread_is_no_multithreading() -> None:
    assert environ_of(threads=1)["wsgi.multithread"] is False


def test_https_is_the_scheme_that_the_server_says() -> None:
    assert environ_of(scheme="https")["wsgi.url_scheme"] == "https"


@pytest.mark.parametrize(
    ("raw", "info"),
    [
        (b"/a%20b", "/a b"),
        # Two bytes of UTF-8: each is one character, which the application encodes to latin-1 to have them back.
        (b"/caf%C3%A9", "/caf\xc3\xa9"),
        ("/café".encode(), "/caf\xc3\xa9"),
        # No UTF-8 at all: not a byte is lost.
        (b"/%FF%FE", "/\xff\xfe"),
        (b"/a%2Fb", "/a/b"),
        (b"/100%", "/100%"),
        (b"//twice", "//twice"),
        (b"http://shop.example/cart", "/cart"),
        (b"http://shop.example", "/"),
        (b"*", "*"),
    ],
)
def test_PATH_INFO_has_a_character_for_each_byte(raw: bytes, info: str) -> None:
    environ = environ_of(path=raw.decode("latin-1"), raw_path=raw)
    assert environ["PATH_INFO"] == info
    assert environ["REQUEST_URI"] == raw.decode("latin-1")


def test_a_server_that_gives_no_raw_path() -> None:
    assert environ_of("/café", raw_path=None)["PATH_INFO"] == "/caf\xc3\xa9"


@pytest.mark.parametrize(
    ("path", "info"),
    [
        # A proxy that takes the mount off the path, and one that leaves it.
        ("/cart", "/cart"),
        ("/shop/cart", "/cart"),
        ("/shop", ""),
        ("/shop/", "/"),
        ("/shopping", "/shopping"),
    ],
)
@pytest.mark.parametrize("root", ["/shop", "/shop/"])
def test_an_application_that_is_mounted_somewhere(root: str, path: str, info: str) -> None:
    environ = environ_of(path, root=root)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/shop", info)


def test_headers_become_variables() -> None:
    environ = of_headers((b"x-request-id", b"a1"), (b"accept", "caf\xe9".encode("latin-1")))
    assert environ["HTTP_X_REQUEST_ID"] == "a1"
    assert environ["HTTP_ACCEPT"] == "caf\xe9"


def test_repeated_headers_are_joined() -> None:
    environ = of_headers((b"accept", b"text/html"), (b"accept", b"*/*"), (b"cookie", b"a=1"), (b"cookie", b"b=2"))
    assert environ["HTTP_ACCEPT"] == "text/html,*/*"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_a_header_with_an_underscore_cannot_pass_for_another_one() -> None:
    environ = of_headers((b"x-user", b"guest"), (b"x_user", b"admin"))
    assert environ["HTTP_X_USER"] == "guest"
    assert "" not in environ


def test_type_and_length_of_the_body() -> None:
    environ = of_headers((b"content-type", b"text/plain"), (b"content-length", b"5"), size=5)
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["CONTENT_LENGTH"] == "5"
    assert "HTTP_CONTENT_TYPE" not in environ and "HTTP_CONTENT_LENGTH" not in environ


def test_a_body_that_was_sent_in_chunks_has_a_length() -> None:
    environ = of_headers((b"transfer-encoding", b"chunked"), size=12)
    assert environ["CONTENT_LENGTH"] == "12"
    assert "HTTP_TRANSFER_ENCODING" not in environ


def test_a_request_without_a_body_has_no_length() -> None:
    environ = environ_of()
    assert "CONTENT_LENGTH" not in environ and "CONTENT_TYPE" not in environ


@pytest.mark.parametrize(
    ("host", "scheme", "name", "port"),
    [
        (b"shop.example", "http", "shop.example", "80"),
        (b"shop.example", "https", "shop.example", "443"),
        (b"shop.example:81", "http", "shop.example", "81"),
        (b"[::1]", "http", "[::1]", "80"),
        (b"[::1]:81", "http", "[::1]", "81"),
        (b"", "http", "localhost", "80"),
    ],
)
def test_a_unix_socket_has_the_name_by_which_it_is_called(host: bytes, scheme: str, name: str, port: str) -> None:
    environ = environ_of(server=None, client=None, scheme=scheme, headers=[(b"host", host)])
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (name, port)
    assert environ["REMOTE_ADDR"] == ""
    assert "REMOTE_PORT" not in environ


def test_a_client_whose_port_only_the_proxy_knows() -> None:
    environ = environ_of(client=("203.0.113.9", 0))
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert "REMOTE_PORT" not in environ
