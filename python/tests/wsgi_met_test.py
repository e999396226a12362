"""Connections of the WSGI worker: every way in which a client can be slow, early, late or silent."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import gevent
import pytest

from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.support import Client, commands_are_heard, environment, ready_made

# Nothing but the limit that a test is about may end a connection.
LONG = ("linger=3600", "keepalive=3600", "header_timeout=3600", "request_timeout=3600")
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


def arguments(*given: str) -> list[str]:
    names = {one.partition("=")[0] for one in given}
    rest = [one for one in LONG if one.partition("=")[0] not in names]
    return ["app=wsgi_shop:application", *given, *rest]


@contextlib.contextmanager
def serving(*given: str, **options: Any) -> Iterator[FakeMaster]:
    sockets = {"http": FakeSocket("wsgi", arguments(*given))}
    with ready_made("gevent", sockets=sockets, shutdown_timeout=7200, **options) as master:
        master.expect("loaded")
        master.send("start")
        yield master


def opened(master: FakeMaster) -> Client:
    client = Client(master.address("http"))
    assert client.get().status == 200
    return client


def stop(master: FakeMaster) -> None:
    """Returns when the drain has begun."""
    probe = opened(master)
    master.stop()
    with contextlib.suppress(ConnectionError):  # nothing but a drain closes an idle connection here
        while not probe.get().closes:
            pass
    probe.close()


def everything_accepted(master: FakeMaster) -> None:
    """Connections are accepted in their order."""
    opened(master).close()


def is_cut_off(client: Client) -> bool:
    """The end comes, perhaps as a reset: there may be data that the worker never read."""
    try:
        return client.at_end()
    except ConnectionResetError:
        return True


in_service_and_in_a_drain = pytest.mark.parametrize("drains", [False, True], ids=["in_service", "in_a_drain"])


def ends_in_time(master: FakeMaster, client: Client, drains: bool) -> None:
    everything_accepted(master)
    if drains:
        stop(master)
    assert is_cut_off(client)
    client.close()
    if drains:
        assert master.wait() == 0
    else:
        assert opened(master).get().status == 200


@in_service_and_in_a_drain
def test_NO_LIMIT_a_connection_that_never_sends(drains: bool) -> None:
    with serving("header_timeout=0.3") as master:
        ends_in_time(master, Client(master.address("http")), drains)


@in_service_and_in_a_drain
@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept"])
@pytest.mark.parametrize("part", [b"G", b"GET / HTTP/1.1\r\nHost: te"], ids=["line", "header"])
def test_NO_LIMIT_half_a_head(drains: bool, kept: bool, part: bytes) -> None:
    with serving("header_timeout=0.3") as master:
        client = opened(master) if kept else Client(master.address("http"))
        client.socket.sendall(part)
        ends_in_time(master, client, drains)
        assert "Traceback" not in master.log


@in_service_and_in_a_drain
@pytest.mark.parametrize("path", ["/echo", "/"], ids=["read", "unread"])
def test_NO_LIMIT_half_a_body(drains: bool, path: str) -> None:
    with serving("request_timeout=0.3") as master:
        client = Client(master.address("http"))
        client.socket.sendall(f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf".encode())
        everything_accepted(master)
        if path == "/":
            # An application that does not read the body has answered before.
            assert client.receive().status == 200
        ends_in_time(master, client, drains)


@in_service_and_in_a_drain
def test_NO_LIMIT_a_client_that_never_reads(drains: bool) -> None:
    with serving("request_timeout=0.5", timeout=1) as master:
        client = Client(master.address("http"))
        client.send("/big?100000000")
        everything_accepted(master)
        if drains:
            stop(master)
            assert master.wait() == 0
        else:
            master.expect("hb", where=lambda data: data and data["http.open"] == 0)
        # What the kernel holds is less than the answer.
        with pytest.raises(ConnectionError):
            client.receive()


def handshakes_limited_to(seconds: float) -> list[str]:
    lines = [
        "import sys",
        "import fectl_worker.runners.draining",
        f"fectl_worker.runners.draining.TLS_HANDSHAKE_S = {seconds}",
        "from fectl_worker.__main__ import main",
        "sys.exit(main(['gevent']))",
    ]
    return [sys.executable, "-c", "\n".join(lines)]


def certificate(folder: object) -> tuple[str, str]:
    paths = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-keyout", paths[1], "-out", paths[0], "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        capture_output=True,
    )
    return paths


@in_service_and_in_a_drain
@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x01\x02\x00\x01\x00"], ids=["nothing", "half_a_hello"])
def test_NO_LIMIT_a_handshake_that_stops(tmp_path: object, drains: bool, hello: bytes) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(cafile=cert)

    def tls(plain: socket.socket) -> socket.socket:
        return context.wrap_socket(plain, server_hostname="localhost")

    given = {"http": FakeSocket("wsgi", arguments(f"certfile={cert}", f"keyfile={key}"))}
    command = handshakes_limited_to(0.3)
    with FakeMaster(command, sockets=given, environment=environment(), shutdown_timeout=7200) as master:
        master.expect("loaded")
        master.send("start")
        stuck = Client(master.address("http"))
        stuck.socket.sendall(hello)
        client = Client(master.address("http"), tls)
        assert client.get().status == 200
        if drains:
            master.stop()
            while not client.get().closes:
                pass
        assert is_cut_off(stuck)
        if drains:
            client.close()
            assert master.wait() == 0
        else:
            assert client.get().status == 200


def test_NO_LIMIT_a_slow_reader_that_goes_on_is_served() -> None:
    """The answer takes four times request_timeout, in which the client takes a piece now and then."""
    with serving("request_timeout=1") as master:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        plain.settimeout(60)
        plain.connect(master.address("http"))
        plain.sendall(b"GET /big?16000000 HTTP/1.1\r\nHost: test\r\n\r\n")
        took, began = 0, time.monotonic()
        while took < 16_000_000:
            data = plain.recv(200_000 if took < 12_000_000 else 16_000_000)
            assert data, f"cut off after {took} bytes"
            took += len(data)
            if time.monotonic() < began + 4:
                time.sleep(0.1)  # the client's slowness; nothing waits for it


def test_NO_LIMIT_a_body_that_goes_on_arriving_is_read() -> None:
    """It takes four times request_timeout, at a rate above 500 bytes a second."""
    with serving("request_timeout=1") as master:
        client = Client(master.address("http"))
        client.socket.sendall(b"POST /pieces HTTP/1.1\r\nHost: test\r\nContent-Length: 8000\r\n\r\n")
        for _ in range(40):
            client.socket.sendall(b"x" * 200)
            time.sleep(0.1)  # the client's slowness; nothing waits for it
        assert client.receive().body == b"x" * 8000


def test_NO_LIMIT_zero_means_none() -> None:
    with serving("header_timeout=0", "request_timeout=0") as master:
        fresh, half = Client(master.address("http")), Client(master.address("http"))
        half.socket.sendall(GET[:10])
        everything_accepted(master)
        fresh.send()
        half.socket.sendall(GET[10:])
        assert (fresh.receive().status, half.receive().status) == (200, 200)


def test_PART_OF_NEXT_every_split_of_two_requests_is_answered() -> None:
    """One client for each place at which the bytes of two pipelined requests can be split by a stop."""
    both = GET + GET
    with serving("linger=0.2") as master:
        clients = []
        for split in range(1, len(both)):
            client = Client(master.address("http"))
            client.socket.sendall(both[:split])
            clients.append((split, client))
        everything_accepted(master)
        stop(master)
        for split, client in clients:
            if split == len(GET):
                # Answered before the stop; idle since then, so it may have been closed.
                assert client.receive().status == 200
                assert client.at_end()
                continue
            client.socket.sendall(both[split:])
            first = client.receive()
            assert first.status == 200, split
            if split < len(GET):
                # The rest came with the second request: that one's answer says it.
                assert first.closes or client.receive().closes, split
            else:
                assert client.receive().closes, split
            assert is_cut_off(client), split
        assert master.wait() == 0
        assert "cut off" not in master.log


def test_PART_OF_NEXT_an_open_answer_with_part_of_the_next_request_behind_it() -> None:
    with serving() as master:
        client, releases = Client(master.address("http")), opened(master)
        client.socket.sendall(GET.replace(b"/ ", b"/held ") + GET[:7])
        stop(master)
        assert releases.get("/release").closes
        first = client.receive()
        assert (first.body, first.closes) == (b"held", False)
        client.socket.sendall(GET[7:])
        assert client.receive().closes
        assert client.at_end()
        assert master.wait() == 0


def test_HALF_CLOSE_the_answer_comes_then_the_end() -> None:
    with serving() as master:
        client, releases = Client(master.address("http")), opened(master)
        client.send("/held")
        client.socket.shutdown(socket.SHUT_WR)
        everything_accepted(master)
        assert releases.get("/release").status == 200
        assert client.receive().body == b"held"
        assert client.at_end()


def test_HALF_CLOSE_half_a_head_is_no_request(tmp_path: Path) -> None:
    # A file: nobody reads the worker's stderr while the probe of stop() gets more answers than a pipe holds lines.
    log = tmp_path / "access.log"
    with serving(f"access_log={log}") as master:
        client = Client(master.address("http"))
        client.socket.sendall(b"GET /unfinished HTTP/1.1\r\nHost: test\r\nAuthoriza")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.at_end()
        stop(master)
        assert master.wait() == 0
    assert "GET / " in log.read_text()
    assert "/unfinished" not in log.read_text()


def test_WORDS_OF_CUT_says_what_was_cut_off_by_kind() -> None:
    with serving("graceful_timeout=0.3") as master:
        answers = [Client(master.address("http")) for _ in range(2)]
        for client in answers:
            client.send("/never")
        head, websocket, idle = (Client(master.address("http")) for _ in range(3))
        head.socket.sendall(GET[:20])
        websocket.send("/websocket", headers="Connection: Upgrade\r\nUpgrade: websocket\r\n")
        assert websocket.receive_head().status == 101
        assert idle.get().status == 200
        everything_accepted(master)
        master.stop()
        assert master.wait() == 0
        assert "socket http: 2 answers, 1 unfinished head, 1 websocket were cut off" in master.log


def test_WORDS_OF_CUT_an_idle_connection_is_nothing_lost() -> None:
    with serving("graceful_timeout=0.3") as master:
        idle = opened(master)
        master.stop()
        assert master.wait() == 0
        assert "cut off" not in master.log
        assert idle.at_end()


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("size", [10, 60_000])
def test_UNREAD_POST_is_told_of_the_end_in_a_drain(framing: str, size: int) -> None:
    with serving() as master:
        client = opened(master)
        stop(master)
        post(client, framing, size)
        answer = client.receive()
        assert (answer.status, answer.closes) == (200, True)
        assert client.at_end()
        assert master.wait() == 0


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_UNREAD_POST_is_closed_without_keepalive(framing: str) -> None:
    with serving("keepalive=0") as master:
        client = Client(master.address("http"))
        post(client, framing, 10)
        assert client.receive().closes
        assert client.at_end()


def test_UNREAD_POST_with_a_request_behind_it_is_followed_by_that_one() -> None:
    with serving() as master:
        client = opened(master)
        stop(master)
        client.socket.sendall(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody" + GET)
        assert not client.receive().closes
        assert client.receive().closes
        assert client.at_end()
        assert master.wait() == 0


def post(client: Client, framing: str, size: int) -> None:
    body = b"x" * size
    if framing == "length":
        client.send(method="POST", body=body)
    else:
        client.socket.sendall(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.socket.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (size, body))


def test_QUIT_NEWCOMERS_what_waits_in_the_queue_is_served(tmp_path: object) -> None:
    """The worker is busy while clients connect and the stop comes; nobody else accepts them."""
    fifo = f"{tmp_path}/fifo"
    os.mkfifo(fifo)
    with serving("linger=0.2") as master:
        blocker = opened(master)
        blocker.send(f"/block?{fifo}")
        newcomers = [Client(master.address("http")) for _ in range(20)]
        for client in newcomers:
            client.send()
        silent = Client(master.address("http"))
        master.stop()
        # As fectld does it when it ends itself.
        master.sockets["http"].listener.close()
        os.close(os.open(fifo, os.O_WRONLY))
        assert [client.receive().status for client in newcomers] == [200] * 20
        assert blocker.receive().status == 200
        assert silent.at_end()
        assert master.wait() == 0


@pytest.mark.parametrize("command", ["pause", None], ids=["paused", "not_started"])
def test_QUIT_NEWCOMERS_a_worker_that_must_not_accept_leaves_the_queue_alone(command: str | None) -> None:
    given = FakeSocket("wsgi", arguments())
    with ready_made("gevent", sockets={"http": given}, timeout=1) as master:
        master.expect("loaded")
        if command:
            master.send("start")
            everything_accepted(master)
            master.send(command)
            commands_are_heard(master)
        client = Client(master.address("http"))
        client.send()
        master.stop()
        assert master.wait() == 0
        client.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.socket.recv(1)
        client.socket.setblocking(True)
        client.socket.settimeout(60)
        with ready_made("gevent", sockets={"http": given}) as successor:
            successor.expect("loaded")
            successor.send("start")
            assert client.receive().status == 200


def test_STOPPING_WSGI_an_application_finds_its_worker() -> None:
    with serving() as master:
        assert Client(master.address("http")).get("/status").status == 200
        assert master.expect("status") == "asked by a request"


@pytest.mark.parametrize("jitter", [0, 3])
def test_STOPPING_WSGI_max_requests_asks_for_a_successor_and_serves_on(jitter: int) -> None:
    with serving("max_requests=5", f"max_requests_jitter={jitter}") as master:
        client = Client(master.address("http"))
        for _ in range(4):
            assert client.get().status == 200
        assert not master.said("stopping")
        for _ in range(1 + jitter):
            assert client.get().status == 200
        text = master.expect("stopping")
        assert text in [f"served {5 + more} requests" for more in range(jitter + 1)]
        answer = client.get()
        assert (answer.status, answer.closes) == (200, False)
        assert not master.said("stopping")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("del WSGIHandler.finalize_headers", "gevent.pywsgi.WSGIHandler has no finalize_headers"),
        ("WSGIHandler.handle = lambda self: None", "a request for trial was answered by b''"),
        (
            "WSGIHandler.write = lambda self, data: self.socket.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\nPOST')",
            "a request for trial was not told that its connection ends",
        ),
    ],
)
def test_AIOHTTP_NOW_a_gevent_that_does_not_fit_is_noticed_at_the_start(change: str, said: str) -> None:
    """The same kind of fault as in aiohttp: names of a library which the next version does not have."""
    lines = ["import sys", "import gevent", "from gevent.pywsgi import WSGIHandler", change]
    lines += ["from fectl_worker.__main__ import main", "sys.exit(main(['gevent']))"]
    given = {"http": FakeSocket("wsgi", arguments())}
    with FakeMaster([sys.executable, "-c", "\n".join(lines)], sockets=given, environment=environment()) as master:
        text = master.expect("cfgerror")
        assert text.startswith(f"socket http: gevent {gevent.__version__} does not work with this worker: {said}")
        assert master.wait() == 99
