"""ASGI applications under a real fectld: reloads lose nothing, and what cannot start takes nothing down.

With FECTL_ASGI_RELOADS=100 in its environment the load goes on for so many reloads, with every combination.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Iterable

import pytest

from python.tests.asgi_process_support import Chat
from python.tests.support import APPS, Client
from testdata.e2e.conftest import place  # noqa: F401
from testdata.e2e.harness import Master, Place, built, tcp, unix
from testdata.e2e.http_requests import free_port
from testdata.e2e.load import Load
from testdata.e2e.processes import alive, wait_until

_RELOADS = int(os.environ.get("FECTL_ASGI_RELOADS", "10"))


def configured(
    found: Place,
    port: int | str,
    *arguments: str,
    app: str = "asgi_shop:app",
    loop: str = "asyncio",
    **values: Any,
) -> str:
    """The sections of the service `web` and of its socket, which is a TCP port or the path of a UNIX socket."""
    kind = tcp("http", port, **_of_socket(app, arguments)) if isinstance(port, int) else unix(
        "http", port, **_of_socket(app, arguments)
    )
    path = os.pathsep.join([str(built("python/site")), APPS, str(found.directory)])
    command = f"/usr/bin/python3 -m fectl_worker asyncio --loop {loop}"
    environ = [f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1", *values.pop("environ", [])]
    return kind + found.service("web", command, **{"num": 2, "environ": environ, **values})


def _of_socket(app: str, arguments: Iterable[str]) -> dict[str, Any]:
    return {"service": ["web"], "app": "asgi", "arguments": [f"app={app}", *arguments]}


def serve(found: Place, port: int | str, *arguments: str, num: int = 2, **values: Any) -> Master:
    master = found.start(configured(found, port, *arguments, num=num, **values))
    master.wait_running("web", num)
    return master


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem and key.pem."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


class UnixLoad(Load):
    def __init__(self, file: str, **options: Any) -> None:
        super().__init__(0, **options)
        self._file = file

    async def open(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self._file)


class TlsLoad(Load):
    def __init__(self, port: int, certificate: Path, **options: Any) -> None:
        super().__init__(port, **options)
        self._tls_port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.load_verify_locations(f"{certificate}/cert.pem")

    async def open(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", self._tls_port, local_addr=(address, 0), ssl=self._context, server_hostname="localhost"
        )


TRANSPORTS = ["tcp", "unix", "tls"]
_SOME = [("h11", "asyncio"), ("httptools", "uvloop")]
_ALL = list(itertools.product(["h11", "httptools"], ["asyncio", "uvloop"]))


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("http", "loop"), _ALL if "FECTL_ASGI_RELOADS" in os.environ else _SOME)
def test_reloads_under_load_lose_nothing(
    place: Place, certificate: Path, http: str, loop: str, transport: str  # noqa: F811
) -> None:
    arguments = [f"http={http}"]
    if transport == "tls":
        arguments += [f"certfile={certificate}/cert.pem", f"keyfile={certificate}/key.pem"]
    address: Any = str(place.directory / "s") if transport == "unix" else free_port()
    master = serve(place, address, *arguments, loop=loop)

    def load(**options: Any) -> Load:
        if transport == "unix":
            return UnixLoad(address, **options)
        return TlsLoad(address, certificate, **options) if transport == "tls" else Load(address, **options)

    # Busy ones, some that think and some with a connection for each request; and ones that wait for their answers.
    with load(busy=3, thinking=6, single=2) as quick, load(path="/late", busy=8, thinking=0, single=2) as late:
        loads = [quick, late]
        for _ in range(_RELOADS):
            seen = [one.tally.answered for one in loads]
            wait_until(lambda: all(one.tally.answered > before + 20 for one, before in zip(loads, seen)), "answers")
            old = master.pids("web")
            master.fectl_ok("reload", "web")
            assert not set(master.pids("web")) & set(old)
        wait_until(lambda: not any(alive(pid) for pid in old), "the old workers are gone")
    for one in loads:
        print(one.tally)
        assert one.tally.failed == 0, one.tally
        assert one.tally.announced_ends > 0, "kept connections were told to come again"


@pytest.mark.parametrize(
    ("app", "text"),
    [
        ("says_failed_with_a_traceback", "lifespan startup failed: ConnectionError: no database at db:5432"),
        ("says_failed", "lifespan startup failed: no licence for today"),
        ("hangs", "did not say `loaded` within 8 s"),
        ("not_an_app", "is (or makes) a int, not an ASGI application"),
    ],
)
def test_a_reload_to_what_cannot_start_is_refused_and_the_old_workers_serve_on(
    place: Place, app: str, text: str  # noqa: F811
) -> None:
    port = free_port()
    place.write("current.py", "from asgi_shop import app\n")
    master = serve(place, port, app="current:app", startup_timeout=8)
    old = master.pids("web")
    with Load(port) as load:
        wait_until(lambda: load.tally.answered > 50, "the load runs")
        place.write("current.py", f"from asgi_shop import {app} as app\n")
        done = master.fectl("reload", "web")
        assert done.returncode != 0
        assert text in done.stdout + done.stderr
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 50, "the old workers answer")
    assert load.tally.failed == 0, load.tally
    assert master.pids("web") == old


def test_a_slow_upload_goes_on_through_a_reload(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, num=1)
    body = os.urandom(1 << 20)
    client = Client(("127.0.0.1", port))
    client.socket.sendall(b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % len(body))
    (old,) = master.pids("web")
    client.socket.sendall(body[:1000])
    reload = threading.Thread(target=lambda: master.fectl_ok("reload", "web"))
    reload.start()
    for begin in range(1000, len(body), 20000):
        client.socket.sendall(body[begin : begin + 20000])
        # The pace of a slow client.
        threading.Event().wait(0.02)
        # Not before the worker was told to stop.
        if begin > len(body) // 2:
            wait_until(lambda: old not in master.pids("web"), "the worker is replaced")
    answer = client.receive()
    assert (answer.status, answer.body, answer.closes) == (200, body, True)
    reload.join()
    wait_until(lambda: not alive(old), "the old worker is gone")


def test_streams_do_not_hold_up_a_reload_and_are_cut_off_at_graceful_timeout(place: Place) -> None:  # noqa: F811
    port = free_port()
    marks = place.directory / "marks"
    master = serve(place, port, "graceful_timeout=1.5", num=1, environ=[f"SHOP_MARKS_FILE={marks}"])
    (old,) = master.pids("web")
    streams = [Client(("127.0.0.1", port)) for _ in range(10)]
    for stream in streams:
        stream.send("/events")
        assert stream.receive_head().status == 200
        assert stream.receive_chunk() == b"data: first\n\n"
    began = time.monotonic()
    master.fectl_ok("reload", "web")
    # The new worker serves, the old one has its streams.
    assert Client(("127.0.0.1", port)).get().status == 200
    assert alive(old) or time.monotonic() > began + 1.5
    for stream in streams:
        stream.socket.settimeout(30)
        try:
            assert stream.socket.recv(100) == b""
        except ConnectionResetError:
            pass
    wait_until(lambda: not alive(old), "the old worker is gone")
    assert "10 answers were cut off" in master.log()
    assert marks.read_text(encoding="utf-8").split() == ["started", "started", "stopped"]


def test_websockets_of_a_reload_are_all_told_to_come_again(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, "linger=0.3")
    chats = [Chat(("127.0.0.1", port)) for _ in range(100)]
    master.fectl_ok("reload", "web")
    assert [chat.hear() for chat in chats] == [1012] * 100


def test_max_requests_under_load_loses_nothing(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, "max_requests=200", "max_requests_jitter=100", "linger=0.3")
    first = master.pids("web")
    with Load(port, busy=4, thinking=4, single=2) as load:
        for _ in range(3):
            old = master.pids("web")
            wait_until(lambda: not set(old) & set(master.pids("web")), "both workers have been replaced")
    assert load.tally.failed == 0, load.tally
    assert not set(first) & set(master.pids("web"))
    assert "served 2" in master.log() or "served 3" in master.log()


def test_a_coroutine_that_blocks_the_loop_is_replaced(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, num=1, timeout=2)
    (old,) = master.pids("web")
    client = Client(("127.0.0.1", port))
    client.send("/block")
    began = time.monotonic()
    master.wait_replaced("web", old)
    assert time.monotonic() - began >= 1.0
    assert Client(("127.0.0.1", port)).get().status == 200
