"""A WSGI application in the threads of the asyncio worker, through a whole worker process."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from fectl_worker.runners import asyncio_worker
from fectl_worker.runners.objects import WORDS
from fectl_worker.testing import FakeSocket
from python.tests.support import Client, commands_are_heard, ready_made, wait_until
from python.tests.threads_support import worker

LOOPS = ["asyncio", "uvloop"]
HTTP = ["h11", "httptools"]
INIT_FAILED = 99


def refused(*arguments: str) -> str:
    """What the operator reads."""
    with ready_made("asyncio", sockets={"http": FakeSocket("wsgi", arguments)}) as master:
        said: str = master.expect("cfgerror")
        assert master.wait() == INIT_FAILED
        return said


# --- the arguments ---


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("http", HTTP)
def test_an_application_is_served_until_the_stop(loop: str, http: str) -> None:
    with worker(f"http={http}", loop=loop) as master:
        client = Client(master.address("http"))
        for _ in range(3):
            assert client.get().body == b"hello from %d" % master.process.pid
        assert client.get("/echo", method="POST", body=b"some text").body == b"some text"
        master.stop()
        while not client.get().closes:
            pass
        assert client.at_end()
        assert master.wait() == 0
        assert "ERROR" not in master.log and "WARNING" not in master.log


def test_what_makes_the_application() -> None:
    with ready_made("asyncio", sockets={"http": FakeSocket("wsgi", ["factory=threaded:make"])}) as master:
        master.expect("loaded")
        master.send("start")
        assert Client(master.address("http")).get().status == 200


@pytest.mark.parametrize(("arguments", "count"), [([], 8), (["threads=1"], 1), (["threads=3"], 3)])
def test_threads(arguments: list[str], count: int) -> None:
    with worker(*arguments) as master:
        Client(master.address("http")).get()
        # The main thread is one of them.
        assert len(os.listdir(f"/proc/{master.process.pid}/task")) == count + 1


@pytest.mark.parametrize("number", ["0", "-1", "many", "1001", ""])
def test_threads_that_cannot_be(number: str) -> None:
    assert refused("app=threaded:application", f"threads={number}").startswith("socket http: arguments: threads: ")


def test_wrong_arguments_are_refused_by_name() -> None:
    said = refused("app=threaded:application", "thread=2")
    assert 'arguments: "thread" is not an argument (did you mean "threads"?)' in said
    assert "either app=" in refused()
    assert "either app=" in refused("app=threaded:application", "factory=threaded:make")
    assert "which is not callable" in refused("app=threaded:not_callable")
    assert "ws" in refused("app=threaded:application", "ws=auto")


@pytest.mark.parametrize(
    ("kind", "app", "text"),
    [
        (
            "gevent",
            "asgi",
            "is nothing that the gevent worker knows; "
            'the asyncio worker does: command = "python3 -m fectl_worker asyncio"',
        ),
        (
            "gevent",
            "wsgy",
            'is nothing that the gevent worker knows (did you mean "wsgi"?): allowed are "wsgi" and "module:callable"; '
            'the asyncio worker knows "aiohttp", "asgi", "wsgi"',
        ),
        (
            "asyncio",
            "flask",
            'is nothing that the asyncio worker knows: allowed are "aiohttp", "asgi", "wsgi" and "module:callable"; '
            'the gevent worker knows "wsgi"',
        ),
    ],
)
def test_a_wrong_word_is_refused_with_those_of_both_workers(kind: str, app: str, text: str) -> None:
    with ready_made(kind, sockets={"http": FakeSocket(app, ["app=threaded:application"])}) as master:
        assert master.expect("cfgerror") == f'socket http: app = "{app}" {text}'
        assert master.wait() == INIT_FAILED


def test_the_words_in_the_errors_are_those_of_the_workers() -> None:
    assert WORDS["asyncio"] == tuple(asyncio_worker.APPS)
    # Not imported: gevent would change everything in this process.
    source = Path(asyncio_worker.__file__).with_name("gevent_worker.py").read_text(encoding="utf-8")
    assert re.findall(r'^APPS.*{"(.*)": ', source, re.MULTILINE) == list(WORDS["gevent"])


def test_an_application_below_a_path() -> None:
    with worker("root_path=/shop", app="threaded:mounted") as master:
        client = Client(master.address("http"))
        assert client.get("/shop/cart%20x").body == b"/shop /cart x"
        assert client.get("/cart").body == b"/shop /cart"


def test_headers_of_a_proxy_are_believed() -> None:
    with worker() as master:
        client = Client(master.address("http"))
        assert client.get("/scheme").body == b"http"
        assert client.get("/scheme", headers="X-Forwarded-Proto: https\r\n").body == b"https"


def test_the_access_log(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with worker(f"access_log={log}") as master:
        Client(master.address("http")).get("/thread?a=b")
        wait_until(lambda: log.exists() and '"GET /thread?a=b HTTP/1.1" 200' in log.read_text(), "the line")


def test_a_unix_socket() -> None:
    # Not below tmp_path, whose name may be too long for a socket.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()
        with worker(given=FakeSocket(listener=listener)):
            assert Client(f"{folder}/s").get().status == 200


# --- requests ---


def test_several_requests_at_once() -> None:
    with worker("threads=4") as master:
        clients = [Client(master.address("http")) for _ in range(3)]
        for client in clients:
            client.send("/held")
        assert Client(master.address("http")).get("/release").body == b"released"
        for client in clients:
            assert client.receive().body == b"held"


@pytest.mark.parametrize("http", HTTP)
def test_a_piece_arrives_before_the_next_one_is_made(http: str) -> None:
    with worker(f"http={http}") as master:
        client = Client(master.address("http"))
        client.send("/pieces")
        assert client.receive_head().status == 200
        assert client.receive_chunk() == b"first half, "
        Client(master.address("http")).get("/release")
        assert client.receive_chunk() == b"second half"
        assert client.receive_chunk() == b""
        assert client.get().status == 200


@pytest.mark.parametrize("http", HTTP)
def test_a_failure_is_a_500_and_the_connection_goes_on(http: str) -> None:
    with worker(f"http={http}") as master:
        client = Client(master.address("http"))
        answer = client.get("/fails")
        assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
        assert client.get().status == 200
        master.stop()
        assert master.wait() == 0
        assert "GET /fails failed" in master.log
        assert "RuntimeError: this application fails" in master.log


@pytest.mark.parametrize("http", HTTP)
def test_an_answer_that_breaks_off_ends_its_connection(http: str) -> None:
    with worker(f"http={http}") as master:
        client = Client(master.address("http"))
        client.send("/breaks")
        client.receive_head()
        assert client.receive_chunk() == b"half"
        with pytest.raises(ConnectionError):
            client.receive_chunk()
        assert Client(master.address("http")).get().status == 200


@pytest.mark.parametrize("http", HTTP)
def test_a_body_in_chunks(http: str) -> None:
    with worker(f"http={http}") as master:
        client = Client(master.address("http"))
        client.send("/echo", method="POST", headers="Transfer-Encoding: chunked\r\n")
        client.socket.sendall(b"5\r\nhello\r\n0\r\n\r\n")
        assert client.receive().body == b"hello"


@pytest.mark.parametrize("http", HTTP)
def test_a_body_that_the_client_is_asked_to_send(http: str) -> None:
    with worker(f"http={http}") as master:
        client = Client(master.address("http"))
        client.send("/echo", method="POST", headers="Content-Length: 5\r\nExpect: 100-continue\r\n")
        assert client.receive_head().status == 100
        client.socket.sendall(b"hello")
        assert client.receive().body == b"hello"


@pytest.mark.parametrize("http", HTTP)
def test_a_large_body_there_and_back(http: str) -> None:
    body = os.urandom(5 << 20)
    with worker(f"http={http}") as master:
        assert Client(master.address("http")).get("/echo", method="POST", body=body).body == body


def test_a_body_over_the_limit() -> None:
    with worker("body_limit=4") as master:
        client = Client(master.address("http"))
        assert client.get("/echo", method="POST", body=b"1234").body == b"1234"
        answer = client.get("/echo", method="POST", body=b"12345")
        assert answer.status == 413 and answer.closes


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_much_too_large_is_refused_and_its_client_gets_the_answer(announced: bool) -> None:
    """The client looks for the answer only when it has sent everything."""
    piece = b"x" * 65536
    with worker("body_limit=100000") as master:
        client = Client(master.address("http"))
        length = "Content-Length: 4194304" if announced else "Transfer-Encoding: chunked"
        client.socket.sendall(f"POST /echo HTTP/1.1\r\nHost: t\r\n{length}\r\n\r\n".encode())
        for _ in range(64):
            client.socket.sendall(piece if announced else b"10000\r\n" + piece + b"\r\n")
        if not announced:
            client.socket.sendall(b"0\r\n\r\n")
        answer = client.receive()
        assert answer.status == 413 and answer.closes
        assert client.at_end()


@pytest.mark.parametrize("http", HTTP)
def test_pipelined_requests_are_answered_in_their_order(http: str) -> None:
    with worker(f"http={http}") as master:
        client = Client(master.address("http"))
        for number in range(5):
            client.send("/echo", method="POST", body=b"%d" % number)
        assert [client.receive().body for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


# --- clients that leave ---


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("http", HTTP)
def test_a_stream_ends_when_its_client_leaves(tmp_path: Path, loop: str, http: str) -> None:
    closed = tmp_path / "closed"
    with worker("threads=1", f"http={http}", loop=loop) as master:
        client = Client(master.address("http"))
        client.send(f"/endless?{closed}")
        client.receive_head()
        client.close()
        wait_until(closed.exists, "the application's iterator is closed")
        assert Client(master.address("http")).get("/thread").body == b"wsgi-1"


def test_a_client_that_does_not_read_is_cut_off_and_the_thread_is_free(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    with worker("threads=1", "request_timeout=0.5") as master:
        client = Client(master.address("http"))
        client.send(f"/endless?{closed}")
        client.receive_head()
        wait_until(closed.exists, "the application's iterator is closed")
        assert not master.said("stopping"), "the client's silence does not make the thread stuck"


def test_clients_that_leave_in_the_middle_of_a_body() -> None:
    with worker("threads=1") as master:
        for sent in (b"", b"x" * 10, b"x" * 100_000):
            client = Client(master.address("http"))
            client.send("/echo", method="POST", headers="Content-Length: 200000\r\n")
            client.socket.sendall(sent)
            client.close()
        assert Client(master.address("http")).get().status == 200
        master.stop()
        assert master.wait() == 0
        assert "Traceback" not in master.log


# --- the worker, as threads see it ---


def test_the_worker_of_the_process_can_be_used_in_a_thread() -> None:
    with worker(timeout=1) as master:
        said = Client(master.address("http")).get("/speak").body
        assert b"no such name" in said
        assert master.expect("status") == "asked by a thread"
        assert master.expect("msg") == {"state": "serving"}
        master.expect("hb", where=lambda gauges: gauges is not None and gauges.get("shop.carts") == 7)
        Client(master.address("http")).get("/leave")
        assert master.expect("stopping") == "a thread wants to leave"


def test_max_requests() -> None:
    with worker("max_requests=5") as master:
        client = Client(master.address("http"))
        for _ in range(4):
            client.get()
        assert not master.said("stopping")
        client.get()
        assert re.fullmatch("served [0-9]+ requests", master.expect("stopping"))
        assert client.get().status == 200


def test_gauges() -> None:
    with worker(timeout=1) as master:
        client = Client(master.address("http"))
        client.get()

        def seen(gauges: Any) -> bool:
            return bool(gauges) and gauges.get("http.requests") == 1 and gauges.get("http.open") == 1

        master.expect("hb", where=seen)


def test_pause_and_resume() -> None:
    with worker(timeout=1) as master:
        kept = Client(master.address("http"))
        kept.get()
        master.send("pause")
        commands_are_heard(master)
        waiting = Client(master.address("http"))
        waiting.send()
        for _ in range(20):
            assert kept.get().status == 200
        waiting.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            waiting.socket.recv(1)
        waiting.socket.settimeout(60)
        master.send("resume")
        assert waiting.receive().status == 200
