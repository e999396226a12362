"""Faults met in use of the aiohttp worker, and what is right: with worker processes below a master."""

from __future__ import annotations

import collections
import contextlib
import os
import socket
import ssl
import subprocess
import threading
import types
from typing import Iterator

import pytest

from fectl_worker.runners.http_settings import request_count
from fectl_worker.testing import FakeMaster, FakeSocket, frame
from python.tests.support import Client, ready_made, wait_until

LOOPS = ["asyncio", "uvloop"]


@contextlib.contextmanager
def serving(
    *arguments: str,
    app: str = "shop:make_app",
    loop: str = "asyncio",
    listener: FakeSocket | None = None,
    started: bool = True,
    **options: object,
) -> Iterator[FakeMaster]:
    given = listener or FakeSocket()
    given.app, given.arguments = "aiohttp", [f"app={app}", *arguments]
    with ready_made("asyncio", "--loop", loop, sockets={"http": given}, **options) as master:
        master.expect("loaded")
        if started:
            master.send("start")
        yield master


def test_AIOHTTP_NOW_a_version_that_cannot_be_counted_is_refused_at_the_start_by_its_number() -> None:
    import aiohttp

    given = FakeSocket("aiohttp", ["app=shop:make_app"])
    # The module of --app is imported first, and changes aiohttp.
    with ready_made("asyncio", "--app", "other_aiohttp:nothing", sockets={"http": given}) as master:
        text = master.expect("cfgerror")
        assert f"socket http: aiohttp {aiohttp.__version__} does not call the request handler" in text
        assert master.wait() == 99


@pytest.mark.parametrize("loop", LOOPS)
def test_AIOHTTP_NOW_a_stop_that_fails_is_an_error_and_no_success(loop: str) -> None:
    with serving(app="shop:make_app_with_broken_end", loop=loop) as master:
        assert Client(master.address("http")).get().closes is False
        master.stop()
        assert master.wait() == 1
        assert "ERROR" in master.log
        assert "socket http: the stop failed" in master.log
        assert "ConnectionError: the database is gone" in master.log


@pytest.mark.parametrize("loop", LOOPS)
def test_QUIT_NEWCOMERS_what_waits_in_the_queue_at_the_stop_is_served(loop: str, tmp_path: object) -> None:
    path = f"{tmp_path}/block"
    with serving("linger=60", loop=loop, environment={"SHOP_BLOCK_FILE": path}) as master:
        blocker = Client(master.address("http"))
        blocker.send("/block")
        wait_until(lambda: os.path.exists(path), "the handler that blocks")
        waiting = [Client(master.address("http")) for _ in range(50)]
        for client in waiting:
            client.send()
        master.stop()
        os.unlink(path)
        for client in (blocker, *waiting):
            assert client.receive().status == 200
            client.close()
        assert master.wait() == 0


@pytest.mark.parametrize("commands", [[], ["start", "pause"]])
def test_QUIT_NEWCOMERS_a_worker_that_does_not_accept_leaves_the_queue_to_others(commands: list[str]) -> None:
    with serving(started=False) as master:
        # In one piece, so that nothing is accepted between the two.
        master.send_bytes(b"".join(frame({"cmd": command}) for command in commands))
        client = Client(master.address("http"))
        client.send()
        master.stop()
        assert master.wait() == 0
        with serving(listener=master.sockets["http"]) as successor:
            assert client.receive().body == f"hello from {successor.process.pid}".encode()


def test_STOPPING_WSGI_max_requests_asks_for_a_successor_and_serves_on() -> None:
    with serving("max_requests=3", timeout=1) as master:
        client = Client(master.address("http"))
        for _ in range(2):
            assert client.get().status == 200
        master.expect("hb")
        assert not master.said("stopping")
        assert client.get().status == 200
        assert master.expect("stopping") == "served 3 requests"
        assert not client.get().closes
        master.stop()
        assert master.wait() == 0


def test_STOPPING_WSGI_the_jitter_is_added_and_bounded() -> None:
    with serving("max_requests=2", "max_requests_jitter=3") as master:
        client = Client(master.address("http"))
        for _ in range(5):
            assert client.get().status == 200
        said = master.expect("stopping")
        assert said in [f"served {count} requests" for count in (2, 3, 4, 5)]


def test_STOPPING_WSGI_the_jitter_is_chance() -> None:
    said: list[str] = []
    worker = types.SimpleNamespace(stopping=said.append)
    for _ in range(200):
        requests = request_count(worker, {"max_requests": 2, "max_requests_jitter": 3})  # type: ignore[arg-type]
        for _ in range(10):
            requests.add()
    assert len(said) == 200
    # That one of them is not among 200 has a chance of 1e-25.
    assert set(said) == {f"served {count} requests" for count in (2, 3, 4, 5)}


@pytest.mark.parametrize("loop", LOOPS)
def test_SPREAD_kept_connections_are_spread_over_the_workers(loop: str) -> None:
    given = FakeSocket()
    with contextlib.ExitStack() as workers:
        masters = [workers.enter_context(serving(listener=given, loop=loop, timeout=1)) for _ in range(4)]
        for master in masters:
            # A worker that has sent a heartbeat after the start waits for connections.
            master.expect("hb")
        answered: collections.Counter[bytes] = collections.Counter()
        # Chance has its part in it, most of all on a busy machine, so several series count together, and the
        # bounds are wide. With a plain accept some worker stays below 4 percent.
        for series in range(1, 6):
            clients = []
            for _ in range(200):
                clients.append(Client(given.listener.getsockname()))
                # The pace of the clients: all workers are idle when the next one comes.
                threading.Event().wait(0.01)
            for client in clients:
                answered[client.get().body] += 1
                client.close()
            shares = sorted(100 * count / answered.total() for count in answered.values())
            if series > 1 and len(shares) == 4 and shares[0] >= 6 and shares[-1] <= 62:
                break
        else:
            pytest.fail(f"percent of the connections that each worker took: {shares}")


@pytest.mark.parametrize("loop", LOOPS)
def test_WORDS_OF_CUT_and_NO_LIMIT_a_handshake_that_stops_does_not_outlast_the_drain(
    loop: str, tmp_path: object
) -> None:
    certificate, key = f"{tmp_path}/cert.pem", f"{tmp_path}/key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    with serving("graceful_timeout=0.3", f"certfile={certificate}", f"keyfile={key}", loop=loop) as master:
        stops = socket.create_connection(master.address("http"))
        # The first bytes of a handshake, then silence.
        stops.sendall(b"\x16\x03\x01\x02\x00")
        probe = Client(master.address("http"), wrap=lambda plain: context.wrap_socket(plain))
        assert probe.get().status == 200
        probe.close()
        master.stop()
        assert master.wait() == 0
        assert "socket http: 1 TLS handshake was cut off" in master.log
        stops.close()
