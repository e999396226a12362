"""What both ready-made workers owe to those who run them: speed, causes, printed lines, a clean environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fectl_worker
import pytest

from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.support import Client, environment, ready_made, wait_until

INIT_FAILED = 99
KINDS = ["asyncio", "gevent"]
# A client acknowledges the first of two small pieces only after so long, if nothing else makes it.
DELAYED_ACKNOWLEDGEMENT_S = 0.04


@pytest.mark.parametrize(
    ("command", "app", "argument"),
    [
        (("asyncio",), "aiohttp", "app=pieces:make_app"),
        (("asyncio", "--loop", "uvloop"), "aiohttp", "app=pieces:make_app"),
        (("gevent",), "wsgi", "app=pieces:application"),
    ],
    ids=["asyncio", "uvloop", "gevent"],
)
def test_NODELAY_no_answer_waits_for_an_acknowledgement(command: tuple[str, ...], app: str, argument: str) -> None:
    with ready_made(*command, sockets={"http": FakeSocket(app, [argument])}) as master:
        master.expect("loaded")
        master.send("start")
        client = Client(master.address("http"))
        times = []
        for _ in range(60):
            began = time.monotonic()
            # An answer of several pieces: the second and later ones are those that would wait.
            assert client.get().body == b"onetwothree"
            times.append(time.monotonic() - began)
        # Of the last 40, which the kernel no longer treats as the beginning of a connection, the quickest ten: a
        # machine that is busy makes some of them slow, Nagle's algorithm makes all of them slow.
        assert sorted(times[20:])[10] < DELAYED_ACKNOWLEDGEMENT_S, times


@pytest.mark.parametrize(
    ("command", "app", "arguments"),
    [
        ("asyncio", "asgi", ["app=memory:asgi", "lifespan=off", "http=h11"]),
        ("asyncio", "asgi", ["app=memory:asgi", "lifespan=off", "http=httptools"]),
        ("asyncio --loop uvloop", "asgi", ["app=memory:asgi", "lifespan=off", "http=httptools"]),
        ("asyncio", "wsgi", ["app=memory:application", "threads=2"]),
        ("asyncio", "aiohttp", ["app=memory:make_app"]),
        ("asyncio --loop uvloop", "aiohttp", ["app=memory:make_app"]),
        ("gevent", "wsgi", ["app=memory:application"]),
    ],
    ids=["h11", "httptools", "httptools on uvloop", "threads", "aiohttp", "aiohttp on uvloop", "gevent"],
)
@pytest.mark.parametrize("ending", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX:"], ids=["idle", "fresh", "next"])
def test_a_connection_that_its_client_closes_leaves_nothing_in_memory(
    command: str, app: str, arguments: list[str], ending: bytes
) -> None:
    with ready_made(*command.split(), sockets={"http": FakeSocket(app, arguments)}) as master:
        master.expect("loaded")
        master.send("start")

        def blocks() -> int:
            return int(Client(master.address("http")).get("/blocks").body)

        def come_and_go() -> None:
            client = Client(master.address("http"))
            if ending != b"GET / HTTP/1.1\r\n":
                client.get()
            client.socket.sendall(ending)
            client.socket.close()

        for _ in range(50):
            come_and_go()
        before = blocks()
        for _ in range(200):
            come_and_go()
        # Less than one object for each connection; those that were closed last may not have been seen to be.
        wait_until(lambda: blocks() < before + 200, "closed connections are forgotten")


def test_NODELAY_head_and_body_are_one_piece() -> None:
    """Over a socket that keeps the pieces apart in which it was written to."""
    code = """
import socket, sys, gevent, gevent.socket
from fectl_worker import Worker
from fectl_worker.runners.http_settings import Limits
from fectl_worker.runners.request_count import RequestCount
from fectl_worker.runners.wsgi_connections import WsgiServer

def application(environ, start_response):
    start_response("200 OK", [])
    return [b"x" * int(environ["QUERY_STRING"])]

def pieces(size):
    client.sendall(b"GET /?%d HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % size)
    got = [client.recv(1 << 20)]
    while sum(map(len, got)) < got[0].index(b"\\r\\n\\r\\n") + 4 + size:
        got.append(client.recv(1 << 20))
    return len(got)

client, served = (gevent.socket.socket(s.family, s.type, fileno=s.detach())
                  for s in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
server = WsgiServer(gevent.socket.socket(socket.AF_UNIX), application, limits=Limits(), tls=None, access_log=None,
                    requests=RequestCount(Worker.from_variables({})))
server.init_socket()
server.do_handle(served, "")
print(pieces(5), pieces(0), pieces(60000), pieces(100000))
"""
    made = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment()}, capture_output=True, text=True, check=True
    )
    assert made.stdout.split() == ["1", "1", "1", "2"], made.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("Timeout", "Timeout: 5 seconds"),
        ("GreenletExit", "GreenletExit: at import"),
        ("CancelledError", "CancelledError: at import"),
        ("KeyboardInterrupt", "KeyboardInterrupt: at import"),
        ("SystemExit", "SystemExit: 0"),
        ("GeneratorExit", "GeneratorExit: at import"),
        ("Own", "Own: at import"),
    ],
)
def test_GEVENT_BASE_any_exception_at_import_reaches_the_operator(kind: str, raised: str, said: str) -> None:
    app = {"asyncio": "aiohttp", "gevent": "wsgi"}[kind]
    sockets = {"web": FakeSocket(app, ["app=raises_on_import:app"])}
    with ready_made(kind, sockets=sockets, environment={"RAISES": raised}) as master:
        assert master.expect("cfgerror") == f"socket web: {said}"
        assert master.wait() == INIT_FAILED


@pytest.mark.parametrize("kind", KINDS)
def test_SURROGATE_the_text_of_an_exception_is_escaped(kind: str) -> None:
    app = {"asyncio": "aiohttp", "gevent": "wsgi"}[kind]
    sockets = {"web": FakeSocket(app, ["app=raises_on_import:app"])}
    with ready_made(kind, sockets=sockets, environment={"RAISES": "ValueError"}) as master:
        assert master.expect("cfgerror") == "socket web: ValueError: no such file: \\udce4.txt"
        assert master.wait() == INIT_FAILED


@pytest.mark.parametrize("kind", KINDS)
def test_PYTHONUNBUFFERED_printed_lines_appear_at_once_and_survive_a_kill(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    command = ["/bin/sh", "-c", f'exec "{sys.executable}" -m fectl_worker {kind} --app prints:make > "{out}"']
    with FakeMaster(command, environment=environment(PYTHONUNBUFFERED="")) as master:
        master.expect("loaded")
        assert out.read_text() == "a line of the application\n"
        master.signal(signal.SIGKILL)
        assert master.wait() == -signal.SIGKILL


CHILD = "import fectl_worker; print(fectl_worker.Worker.from_environment().managed)"
OWN_WORKER = f"""
import os, subprocess, sys
import fectl_worker
worker = fectl_worker.Worker.from_environment()
children = {{
    "given": subprocess.run([sys.executable, "-c", {CHILD!r}], env=dict(os.environ), capture_output=True, text=True),
    "inherited": subprocess.run([sys.executable, "-c", {CHILD!r}], capture_output=True, text=True),
}}
worker.status(repr([sorted(n for n in os.environ if n.startswith("FECTL_"))]
                   + [(name, child.stdout.strip(), child.stderr) for name, child in children.items()]))
worker.loaded()
worker.run()
"""


def test_OS_ENVIRON_children_do_not_take_themselves_for_workers() -> None:
    sockets = {"http": FakeSocket("none", ["x=1"])}
    more = environment(FECTL_SOCK="/run/one.sock")
    with FakeMaster([sys.executable, "-c", OWN_WORKER], sockets=sockets, environment=more) as master:
        said = master.expect("status")
        # The variable that the client `fectl` reads is none of the worker's.
        assert said == "[['FECTL_SOCK'], ('given', 'False', ''), ('inherited', 'False', '')]"


def test_STOPPING_WSGI_the_worker_of_this_process_can_be_asked_for() -> None:
    assert fectl_worker.current() is None
    fectl_worker.Worker.from_variables({})
    assert fectl_worker.current() is None
    worker = fectl_worker.Worker.from_environment()
    assert fectl_worker.current() is worker
