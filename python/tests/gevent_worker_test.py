"""`python3 -m fectl_worker gevent`: WSGI sockets, and applications of the service's own."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import subprocess
from typing import Any, Iterator

import pytest

from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.support import REPLACEMENTS, Client, Load, commands_are_heard, ready_made, wait_until

INIT_FAILED = 99


@contextlib.contextmanager
def serving(
    *arguments: str, listener: FakeSocket | None = None, app: str = "app=wsgi_shop:application", **options: Any
) -> Iterator[FakeMaster]:
    given = listener or FakeSocket()
    given.app, given.arguments = "wsgi", [app, *arguments]
    with ready_made("gevent", sockets={"http": given}, **options) as master:
        master.expect("loaded")
        master.send("start")
        yield master


def opened(master: FakeMaster, count: int) -> list[Client]:
    clients = [Client(master.address("http")) for _ in range(count)]
    for client in clients:
        assert client.get().status == 200
    return clients


def stop_and_see_it_heard(master: FakeMaster, probe: Client) -> None:
    master.stop()
    while not (answer := probe.get()).closes:
        assert answer.status == 200
    assert answer.status == 200
    assert probe.at_end()
    probe.close()


@pytest.mark.parametrize("app", ["app=wsgi_shop:application", "factory=wsgi_shop:make_app"])
def test_serves_after_start(app: str) -> None:
    with serving(app=app) as master:
        client = Client(master.address("http"))
        assert client.get().body == f"hello from {master.process.pid}".encode()
        assert client.get("/echo", method="POST", body=b"x" * 100_000).body == b"x" * 100_000
        assert client.get("/fails").status == 500


def test_requests_are_served_at_the_same_time() -> None:
    with serving() as master:
        waits, sleeps, releases = opened(master, 3)
        waits.send("/held")
        sleeps.send("/sleepy")
        assert releases.get("/release").status == 200
        assert waits.receive().body == b"held"


def test_pause_leaves_new_connections_in_the_queue_and_serves_the_open_ones() -> None:
    with serving(timeout=1) as master:
        old, ends = opened(master, 2)
        master.send("pause")
        commands_are_heard(master)
        new = Client(master.address("http"))
        new.send()
        assert old.get().status == 200
        # The end of a connection must not make it accept again.
        ends.close()
        assert old.get().status == 200
        master.expect("hb")
        new.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            new.socket.recv(1)
        new.socket.setblocking(True)
        master.send("resume")
        assert new.receive().status == 200


def test_stop_finishes_what_is_open_and_says_close() -> None:
    with serving("linger=60") as master:
        waits, streams, releases, probe = opened(master, 4)
        waits.send("/held")
        streams.send("/stream")
        assert streams.receive_head().status == 200
        assert streams.receive_chunk() == b"first half, "
        stop_and_see_it_heard(master, probe)
        assert releases.get("/release").closes
        assert waits.receive().closes
        assert streams.receive_chunk() == b"second half"
        assert streams.receive_chunk() == b""
        streams.close()
        assert master.wait() == 0


def test_idle_connections_are_closed_after_the_linger_time() -> None:
    with serving("linger=0.1") as master:
        (idle,) = opened(master, 1)
        fresh = Client(master.address("http"))
        half = Client(master.address("http"))
        half.socket.sendall(b"GET /rele")
        # Accepted in their order.
        opened(master, 1)[0].close()
        master.stop()
        assert idle.at_end()
        assert fresh.at_end()
        half.socket.sendall(b"ase HTTP/1.1\r\nHost: test\r\n\r\n")
        assert half.receive().closes
        assert master.wait() == 0


def test_without_connections_stop_ends_at_once() -> None:
    with serving("linger=3600", shutdown_timeout=7200) as master:
        opened(master, 1)[0].close()
        master.stop()
        assert master.wait() == 0


def test_pipelined_requests_are_all_answered() -> None:
    with serving("linger=60") as master:
        client, other, probe = opened(master, 3)
        client.socket.sendall(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        stop_and_see_it_heard(master, probe)
        assert other.get("/release").status == 200
        assert client.receive().body == b"held"
        last = client.receive()
        assert (last.status, last.closes) == (200, True)
        assert client.at_end()
        assert master.wait() == 0


def test_what_does_not_end_is_cut_off_in_time() -> None:
    with serving("graceful_timeout=0.2") as master:
        client, other = opened(master, 2)
        client.send("/never")
        assert other.get().status == 200
        other.close()
        master.stop()
        assert master.wait() == 0
        assert "1 answer was cut off" in master.log


def test_keepalive_closes_idle_connections() -> None:
    with serving("keepalive=0.1") as master:
        assert opened(master, 1)[0].at_end()
    with serving("keepalive=0") as master:
        client = Client(master.address("http"))
        assert client.get().closes
        assert client.at_end()


def test_a_lost_master_means_finish_and_exit() -> None:
    with serving() as master:
        waits, releases = opened(master, 2)
        waits.send("/held")
        master.vanish()
        assert releases.get("/release").status == 200
        assert waits.receive().body == b"held"
        assert master.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_sigint_and_sigquit_mean_exit_now(number: int) -> None:
    with serving() as master:
        client, other = opened(master, 2)
        client.send("/never")
        assert other.get().status == 200
        master.signal(number)
        assert master.wait() == -number


def test_a_listener_that_was_shut_down_is_served_when_it_listens_again() -> None:
    with serving() as master:
        (open_one,) = opened(master, 1)
        listener = master.sockets["http"].listener
        listener.shutdown(socket.SHUT_RDWR)
        assert open_one.get().status == 200
        listener.listen()
        assert Client(listener.getsockname()).get().status == 200


def test_workers_replaced_under_load_lose_no_request() -> None:
    given = FakeSocket()
    with contextlib.ExitStack() as workers:
        current = workers.enter_context(serving(listener=given))
        with Load(given.listener.getsockname()) as load:
            for _ in range(REPLACEMENTS):
                load.wait_for_more()
                successor = workers.enter_context(serving(listener=given))
                load.wait_for_more()
                current.stop()
                load.wait_for_more()
                assert current.wait() == 0, current.log
                assert not load.failures
                current = successor
            load.wait_for_more()
        assert not load.failures
        assert len(load.answered_by) == REPLACEMENTS + 1


def test_a_certificate_makes_it_https(tmp_path: object) -> None:
    certificate, key = f"{tmp_path}/cert.pem", f"{tmp_path}/key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(cafile=certificate)
    with serving(f"certfile={certificate}", f"keyfile={key}") as master:
        plain = Client(master.address("http"))
        plain.send()
        client = Client(master.address("http"), lambda s: context.wrap_socket(s, server_hostname="localhost"))
        assert client.get("/scheme").body == b"https"
        master.stop()
        while not client.get().closes:
            pass
        client.close()
        assert master.wait() == 0
        assert "Traceback" not in master.log


@pytest.mark.parametrize(
    ("app", "arguments", "text"),
    [
        ("aiohttp", [], 'app = "aiohttp" is nothing that the gevent worker knows'),
        ("wsgi", [], 'either app="module:name" (the WSGI callable) or factory="module:name"'),
        ("wsgi", ["app=wsgi_shop:aplication"], '(did you mean "application"?)'),
        ("wsgi", ["factory=wsgi_shop:make_nothing"], "is (or makes) a NoneType, which is not callable"),
        ("wsgi", ["factory=wsgi_shop:fails"], "ConnectionError: no database at db:5432"),
        ("wsgi", ["app=broken_import:application"], "No module named 'there_is_no_such_module'"),
        ("custom:raises", [], "ValueError: no such region"),
    ],
)
def test_what_is_wrong_reaches_the_operator(app: str, arguments: list[str], text: str) -> None:
    with ready_made("gevent", sockets={"web": FakeSocket(app, arguments)}) as master:
        said = master.expect("cfgerror")
        assert said.startswith("socket web: ")
        assert text in said
        assert master.wait() == INIT_FAILED


def test_a_service_with_nothing_to_run_is_a_mistake() -> None:
    with ready_made("gevent") as master:
        assert "nothing to run" in master.expect("cfgerror")
        assert master.wait() == INIT_FAILED


def test_an_application_of_its_own_is_called_in_order(tmp_path: object) -> None:
    notes = f"{tmp_path}/notes"
    given = FakeSocket("green_custom:make", ["x=1"])
    with ready_made("gevent", sockets={"raw": given}, service="shop", environment={"NOTES": notes}) as master:
        master.expect("loaded")
        for command in ("start", "pause", "resume"):
            master.send(command)
        assert master.expect("status") == "resumed"
        master.stop()
        assert master.wait() == 0
    with open(notes, encoding="utf-8") as file:
        assert file.read().splitlines() == ["made shop raw ['x=1']", "start", "pause", "resume", "stop"]


def test_a_hub_that_hangs_falls_silent(tmp_path: object) -> None:
    notes = f"{tmp_path}/notes"
    with ready_made("gevent", "--app", "green_custom:Blocks", timeout=0.4, environment={"NOTES": notes}) as master:
        master.expect("loaded")
        master.expect("hb")
        master.send("start")
        wait_until(lambda: "start" in open(notes, encoding="utf-8").read(), "start")
        master.said("hb")
        master.messages.clear()
        with pytest.raises(AssertionError):
            master.expect("hb", seconds=1.0)


def test_a_start_that_fails_is_told(tmp_path: object) -> None:
    with ready_made("gevent", "--app", "green_custom:StartFails", environment={"NOTES": f"{tmp_path}/n"}) as master:
        master.expect("loaded")
        master.send("start")
        assert master.expect("cfgerror") == "--app green_custom:StartFails: OSError: the disk is full"
        assert master.wait() == INIT_FAILED


def test_gauges_reach_the_master() -> None:
    with serving(timeout=1) as master:
        opened(master, 1)
        gauges = master.expect("hb", where=lambda data: data and "http.requests" in data)
        assert gauges["http.requests"] == 1
