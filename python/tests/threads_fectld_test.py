"""WSGI applications in threads under a real fectld: nothing is lost, and what the guide shows is true."""

from __future__ import annotations

import http.client
import itertools
import os
import re
from pathlib import Path
from typing import Any

import pytest

from python.tests.reload_support import (
    TRANSPORTS,
    Transport,
    certificate,  # noqa: F401
    configured,
    nothing_is_lost_in_reloads,
    nothing_is_lost_when_idle_workers_are_killed,
)
from python.tests.support import Client
from python.tests.threads_support import Fifo
from testdata.e2e.conftest import place  # noqa: F401
from testdata.e2e.harness import Master, Place
from testdata.e2e.http_requests import free_port
from testdata.e2e.load import Load
from testdata.e2e.processes import wait_until

_RELOADS = int(os.environ.get("FECTL_THREADS_RELOADS", "4"))


def serve(
    found: Place, address: int | str, *arguments: str, app: str = "threaded:application", **values: Any
) -> Master:
    num = values.setdefault("num", 2)
    master = found.start(configured(found, "wsgi", address, [f"app={app}", *arguments], **values))
    master.wait_running("web", num)
    return master


_SOME = [("tcp", "httptools", "asyncio", 1), ("tcp", "h11", "uvloop", 8), ("unix", "httptools", "uvloop", 8)]
_SOME += [("tls", "h11", "asyncio", 8)]
_ALL = [*itertools.product(TRANSPORTS, ["h11", "httptools"], ["asyncio", "uvloop"], [8]), _SOME[0]]


@pytest.mark.parametrize(
    ("transport", "http", "loop", "threads"), _ALL if "FECTL_THREADS_RELOADS" in os.environ else _SOME
)
def test_reloads_under_load_lose_nothing(
    place: Place, certificate: Path, transport: str, http: str, loop: str, threads: int  # noqa: F811
) -> None:
    way = Transport(transport, place, certificate)
    master = serve(place, way.address, f"threads={threads}", f"http={http}", *way.arguments, loop=loop)
    # Busy ones, some that think and some with a connection for each request; and ones that wait for their answers.
    with way.load(busy=3, thinking=6, single=2) as quick:
        with way.load(path="/brief", busy=5, thinking=0) as brief:
            nothing_is_lost_in_reloads(master, [quick, brief], _RELOADS)


def test_idle_workers_that_are_killed_take_no_request_with_them(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, num=4)
    nothing_is_lost_when_idle_workers_are_killed(master, ("127.0.0.1", port), 4, _RELOADS)


def test_max_requests_under_load_loses_nothing(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = serve(place, port, "max_requests=200", "max_requests_jitter=100")
    first = set(master.pids("web"))
    with Load(port) as load:
        wait_until(lambda: not first & set(master.pids("web")), "both have left")
    assert load.tally.failed == 0, load.tally
    assert re.search("asked for by the worker: served [0-9]+ requests", master.log())


def test_a_broken_version_keeps_the_old_workers_serving(place: Place) -> None:  # noqa: F811
    port = free_port()
    good = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'ok']\n"
    place.write("shop.py", good)
    master = serve(place, port, app="shop:app")
    old = master.pids("web")
    for broken, words in (
        ("import no_such_module_at_all\n", "No module named 'no_such_module_at_all'"),
        ("app = 3\n", "shop:app is (or makes) a int, which is not callable"),
    ):
        place.write("shop.py", broken)
        done = master.fectl("reload", "web")
        assert done.returncode == 1 and words in done.stderr, done
        assert master.pids("web") == old and master.state("web") == "running"


def test_a_worker_with_stuck_threads_is_replaced(place: Place) -> None:  # noqa: F811
    """Without a request that is lost, but those that hang."""
    port = free_port()
    master = serve(place, port, "threads=2", "request_timeout=0.3", num=1, shutdown_timeout=5)
    (old,) = master.pids("web")
    fifos = [Fifo(place.directory / f"fifo{number}") for number in range(2)]
    # Most of the load's requests are on the successor.
    with Load(port, busy=0, thinking=0, single=3) as load:
        hanging = [Client(("127.0.0.1", port)) for _ in fifos]
        for client, fifo in zip(hanging, fifos):
            client.send(f"/block?{fifo.path}")
            fifo.wait_until_blocked()
        (new,) = master.wait_replaced("web", old)
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 20, "the successor serves")
        assert new != old
    assert load.tally.failed == 0, load.tally
    assert re.search("asked for by the worker: [12] of 2 threads are stuck", master.log())
    assert "os.close(os.open(path, os.O_RDONLY))" in master.log(), "the stack is in the log"
    for client in hanging:
        client.close()
