"""ASGI applications under a real fectld: reloads lose nothing, and what cannot start takes nothing down.

More than usual, by variables of the environment (`--test_env`): FECTL_ASGI_RELOADS=100 makes the load go on for so many
reloads, with every combination; FECTL_ASGI_TRICKLING=1000 is how many connections trickle; FECTL_ASGI_SECONDS=60 is how
long the load on workers with `max_requests` goes on. FECTL_BARS=1 holds times to what is promised, for a quiet machine.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from python.tests.asgi_process_support import Chat
from python.tests.reload_support import (
    TRANSPORTS,
    Transport,
    certificate,  # noqa: F401
    configured,
    nothing_is_lost_in_reloads,
    nothing_is_lost_when_idle_workers_are_killed,
)
from python.tests.support import Client
from testdata.e2e.conftest import place  # noqa: F401
from testdata.e2e.harness import Master, Place, built
from testdata.e2e.http_requests import free_port
from testdata.e2e.load import Load
from testdata.e2e.processes import alive, wait_until

_TRICKLING = int(os.environ.get("FECTL_ASGI_TRICKLING", "100"))
_SECONDS = float(os.environ.get("FECTL_ASGI_SECONDS", "5"))
_BARS = "FECTL_BARS" in os.environ
_RELOADS = int(os.environ.get("FECTL_ASGI_RELOADS", "5"))


def serve(found: Place, address: int | str, *arguments: str, app: str = "asgi_shop:app", **values: Any) -> Master:
    num = values.setdefault("num", 2)
    master = found.start(configured(found, "asgi", address, [f"app={app}", *arguments], **values))
    master.wait_running("web", num)
    return master


_SOME = [("h11", "asyncio"), ("httptools", "uvloop")]
_ALL = list(itertools.product(["h11", "httptools"], ["asyncio", "uvloop"]))


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("http", "loop"), _ALL if "FECTL_ASGI_RELOADS" in os.environ else _SOME)
def test_reloads_under_load_lose_nothing(
    place: Place, certificate: Path, http: str, loop: str, transport: str  # noqa: F811
) -> None:
    way = Transport(transport, place, certificate)
    master = serve(place, way.address, f"http={http}", *way.arguments, loop=loop)
    # Busy ones, some that think and some with a connection for each request; and ones that wait for their answers.
    with way.load(busy=3, thinking=6, single=2) as quick:
        with way.load(path="/late", busy=8, thinking=0, single=2) as late:
            nothing_is_lost_in_reloads(master, [quick, late], _RELOADS)


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_idle_workers_that_are_killed_take_no_request_with_them(
    place: Place, certificate: Path, transport: str  # noqa: F811
) -> None:
    way = Transport(transport, place, certificate)
    master = serve(place, way.address, num=4)
    address = ("127.0.0.1", way.address) if transport == "tcp" else way.address
    nothing_is_lost_when_idle_workers_are_killed(master, address, 4, _RELOADS)


@pytest.mark.parametrize(
    ("app", "text"),
    [
        ("raises", "lifespan startup failed: ConnectionError: no database at db:5432"),
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
    master = serve(place, port, "lifespan=on", app="current:app", startup_timeout=8)
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
        # The pace of a slow client: 1 MB/s, or 100 KB/s.
        time.sleep(0.2 if _BARS else 0.02)
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
    seconds = time.monotonic() - began
    print(f"reloaded in {seconds:.3f} s")
    assert not _BARS or seconds < 0.5
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


def test_connections_that_trickle_are_closed_and_leave_no_memory_behind(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, "header_timeout=1", "request_timeout=1", num=1)
    (worker,) = master.pids("web")
    begun = (b"GET /", b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n")
    blocks = []
    for _ in range(8):
        trickling = [Client(("127.0.0.1", port)).socket for _ in range(_TRICKLING)]
        for number, client in enumerate(trickling):
            client.sendall(begun[number % 2])
            client.setblocking(False)

        def none_is_left() -> bool:
            trickling[:] = [client for client in trickling if not trickled(client)]
            assert Client(("127.0.0.1", port)).get().status == 200
            return not trickling

        wait_until(none_is_left, "connections that trickle are closed")
        blocks.append(int(Client(("127.0.0.1", port)).get("/blocks").body))
    print(f"{_TRICKLING} trickle: Python's blocks of memory when they are closed {blocks}")
    # The first rounds fill what is kept for reuse. After that not one object of a connection stays.
    # (Python itself has some hundred more or less at times.)
    assert min(blocks[-3:]) - min(blocks[2:5]) < 2 * _TRICKLING
    assert master.pids("web") == [worker]


def trickled(client: socket.socket) -> bool:
    """One byte more; whether the connection has ended."""
    try:
        client.send(b"x")
        return client.recv(100) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_max_requests_under_load_loses_nothing(place: Place) -> None:  # noqa: F811
    port = free_port()
    limit = ["max_requests=100", "max_requests_jitter=50", "linger=0.3"]
    master = serve(place, port, *limit, loop="uvloop")
    first = set(master.pids("web"))
    with Load(port, busy=0, thinking=4, single=2) as load:
        program = [str(built("tools/bench/http_load")), str(port), "12", str(_SECONDS), "keep"]
        done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True)
        wait_until(lambda: not first & set(master.pids("web")), "both workers have been replaced")
    print(done.stdout, load.tally)
    busy = json.loads(done.stdout)
    assert busy["failed"] == 0 and load.tally.failed == 0, (done.stdout, load.tally)
    replacements = replacements_in_turn(master.log())
    print(f"{replacements} workers were replaced, one after the other")
    assert replacements >= 2


def replacements_in_turn(log: str) -> int:
    """Those that workers asked for. None may begin before the one before has its successor."""
    done, under_way = 0, ""
    told = r"worker\((\d+)\) pid \d+: (reloading|stopping old): asked for by the worker: served"
    for place_of_worker, what in re.findall(told, log):
        if what == "reloading":
            assert not under_way, log
            under_way = place_of_worker
        else:
            assert under_way == place_of_worker, log
            done, under_way = done + 1, ""
    return done


def test_a_coroutine_that_blocks_the_loop_is_replaced(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, num=1, timeout=2)
    (old,) = master.pids("web")
    client = Client(("127.0.0.1", port))
    client.send("/block")
    began = time.monotonic()
    wait_until(lambda: not alive(old), "the worker that hangs is killed")
    killed = time.monotonic() - began
    assert Client(("127.0.0.1", port)).get().status == 200
    served = time.monotonic() - began
    print(f"with a timeout of 2 s: killed after {killed:.3f} s, the successor answers after {served:.3f} s")
    assert killed >= 1.0
    # Its last heartbeat was before it hung.
    assert not _BARS or served < 2.5
    assert "sent no heartbeat for 2 s" in master.log()
    assert master.wait_replaced("web", old) != [old]
