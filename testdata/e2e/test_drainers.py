"""Servers that drain: the SDK's two for C++, and one in another language that was written from the prose alone."""

import collections
import collections.abc
import re
import socket
from typing import Iterator

import pytest

from testdata.e2e.applications import serve
from testdata.e2e.harness import Place, tcp
from testdata.e2e.http_requests import HttpRequest, free_port, http_get
from testdata.e2e.load import Load
from testdata.e2e.processes import DEADLINE_SECONDS, alive, wait_until

_ROUNDS = 20


def _reload_under_load(place: Place, kind: str) -> None:
    port = free_port()
    master = serve(place, kind, port)
    with Load(port) as load:
        wait_until(lambda: load.tally.answered > 100, "the load runs")
        for _ in range(_ROUNDS):
            old = master.pids("web")
            seen = load.tally.answered
            master.fectl_ok("reload", "web")
            assert len(master.pids("web")) == 2 and not set(old) & set(master.pids("web"))
            wait_until(lambda: not any(alive(pid) for pid in old), "the old workers are gone")
            wait_until(lambda: load.tally.answered > seen + 20, "requests are answered")
    print(load.tally)
    assert load.tally.failed == 0, load.tally
    assert load.tally.announced_ends > 0, "kept connections were told to come again"
    assert "without draining" not in master.log()


@pytest.mark.parametrize("kind", ["asio", "asio_threads"])
def test_UNCOOPERATIVE_asio_loses_nothing_in_reloads_under_load(place: Place, kind: str) -> None:
    _reload_under_load(place, kind)


def test_PROTOCOL_PROSE_a_perl_worker_loses_nothing_in_reloads_under_load(place: Place) -> None:
    _reload_under_load(place, "perl")


@pytest.mark.parametrize("kind", ["asio", "asio_threads", "perl"])
@pytest.mark.parametrize("there,back", [("pause", "resume"), ("stop", "start")])
def test_no_request_is_lost_while_nobody_serves(place: Place, kind: str, there: str, back: str) -> None:
    port = free_port()
    master = serve(place, kind, port)
    with Load(port, busy=2, thinking=2) as load:
        for _ in range(5):
            seen = load.tally.answered
            wait_until(lambda: load.tally.answered > seen + 50, "requests are answered")
            master.fectl_ok(there, "web")
            master.fectl_ok(back, "web")
    assert load.tally.failed == 0, load.tally


_FLAGS = '''
import fcntl, os, signal, struct
read_fd, write_fd = map(int, os.environ["FECTL_FD"].split(":"))
listener = int(os.environ["FECTL_FD_http"].split(",")[0])
with open("flags", "w") as file:
    for fd in (read_fd, write_fd, listener):
        blocks = not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK
        kept = not fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        print(blocks, kept, file=file)
    default = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    print(default, not signal.pthread_sigmask(signal.SIG_BLOCK, []), file=file)
os.write(write_fd, struct.pack(">H", 16) + b'{"cmd":"loaded"}')
os.write(write_fd, bytes.fromhex("000c7b22636d64223a226862227d"))
signal.pause()
'''


def test_PROTOCOL_PROSE_what_a_worker_finds_is_as_written(place: Place) -> None:
    port = free_port()
    place.write("flags.py", _FLAGS)
    master = place.start(tcp("http", port) + place.service("web", "/usr/bin/python3 flags.py"))
    master.wait_running("web")
    pipes_block, listener_does_not, signals = "True True", "False True", "True True"
    assert place.lines("flags") == [pipes_block, pipes_block, listener_does_not, signals]
    master.fectl_ok("stop", "web")
    wait_until(lambda: "SIGTERM" in master.log(), "the default action of SIGTERM has killed it")


@pytest.fixture
def said() -> Iterator[collections.abc.Callable[[int, str], socket.socket]]:
    """Makes connections on which something was said already."""
    connections = []

    def say(port: int, text: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)
        connections.append(connection)
        connection.sendall(text.encode())
        return connection

    yield say
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("kind", ["cpp", "asio"])
def test_WORDS_OF_CUT_say_what_was_cut_off(place: Place, kind: str, said) -> None:
    port = free_port()
    master = serve(place, kind, port, num=1, shutdown_timeout=3)
    # Each of them says something before: the worker has them all when `stop` comes.
    whole = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
    for unfinished in ("GET /slow?ms=60000 HTTP/1.1\r\nHost: test\r\n\r\n", "GET / HT", ""):
        connection = said(port, whole)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        connection.sendall(unfinished.encode())
    http_get(port)
    master.fectl_ok("stop", "web")
    wait_until(lambda: "cut off" in master.log(), "what was cut off is in the log")
    assert re.search(r": 1 answer, 1 unfinished head were cut off", master.log()), master.log()


def test_QUIT_NEWCOMERS_what_waits_in_the_queue_is_served(place: Place) -> None:
    """By the example with asio; the demonstration's test is beside it."""
    port = free_port()
    master = serve(place, "asio", port, num=1)
    with HttpRequest(port, "/block?ms=1000") as busy:
        waiting = [HttpRequest(port) for _ in range(20)]
        # No answer to this command is waited for: the worker is busy.
        with master.client() as client:
            client.send("Stop", "web")
            busy.body()
            for request in waiting:
                assert request.body().startswith("hello from asio")
                request.close()


def test_SPREAD_no_worker_gets_most_of_the_connections(place: Place, said) -> None:
    port = free_port()
    serve(place, "cpp", port, num=4)
    counts = collections.Counter()
    for _ in range(200):
        connection = said(port, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        answer = connection.recv(4096).decode()
        counts[re.search(r"pid (\d+)", answer)[1]] += 1
    assert len(counts) == 4 and max(counts.values()) <= 100 and min(counts.values()) >= 10, counts
