"""The asyncio worker's ASGI sockets: a stop, a pause or a reload loses no request."""

from __future__ import annotations

import contextlib
import itertools
import signal
import time

import pytest

from fectl_worker.testing import FakeSocket
from python.tests.aiohttp_support import LOOPS
from python.tests.asgi_process_support import Chat, opened, serving, stop_and_see_it_heard
from python.tests.asgi_support import HTTP
from python.tests.support import REPLACEMENTS, Client, Load, commands_are_heard


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_serves_after_start(loop: str, http: str) -> None:
    with serving(f"http={http}", loop=loop) as master:
        client = Client(master.address("http"))
        first, second = client.get(), client.get()
        assert (first.status, second.status) == (200, 200)
        assert not second.closes
        assert first.body == f"hello from {master.process.pid}".encode()


def test_accepts_nothing_before_start() -> None:
    with serving(started=False) as master:
        client = Client(master.address("http"))
        client.send()
        # A worker that has sent heartbeats has been through its loop and left the connection where it was.
        master.expect("hb")
        client.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.socket.recv(1)
        client.socket.setblocking(True)
        master.send("start")
        assert client.receive().status == 200


@pytest.mark.parametrize("loop", LOOPS)
def test_pause_leaves_new_connections_in_the_queue_and_serves_the_open_ones(loop: str) -> None:
    with serving(loop=loop, timeout=1) as master:
        address = master.address("http")
        (old,) = opened(master, 1)
        master.send("pause")
        commands_are_heard(master)
        new = Client(address)
        new.send()
        assert old.get().status == 200
        master.expect("hb")
        new.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            new.socket.recv(1)
        new.socket.setblocking(True)
        master.send("resume")
        assert new.receive().status == 200
        assert old.get().status == 200


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_stop_finishes_the_open_request_and_says_close(loop: str, http: str) -> None:
    with serving("linger=60", f"http={http}", loop=loop) as master:
        waits, releases, probe = opened(master, 3)
        waits.send("/held")
        stop_and_see_it_heard(master, probe)
        assert releases.get("/release").closes
        assert releases.at_end()
        answer = waits.receive()
        assert (answer.body, answer.closes) == (b"held", True)
        assert waits.at_end()
        assert master.wait() == 0


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_stop_lets_a_streaming_answer_and_a_half_sent_request_finish(loop: str, http: str) -> None:
    with serving("linger=0.05", f"http={http}", loop=loop) as master:
        streams, releases, idle = opened(master, 3)
        streams.send("/stream")
        assert streams.receive_head().status == 200
        assert streams.receive_chunk() == b"first half, "
        # A request whose head has begun is owed an answer, however long the rest of it takes.
        releases.socket.sendall(b"GET /release HTTP/1.1\r\n")
        master.stop()
        assert idle.at_end()
        releases.socket.sendall(b"Host: test\r\n\r\n")
        assert releases.receive().closes
        assert streams.receive_chunk() == b"second half"
        assert streams.receive_chunk() == b""
        assert streams.at_end()
        assert master.wait() == 0


def test_a_request_that_comes_while_an_idle_connection_lingers_is_answered() -> None:
    with serving("linger=60") as master:
        probe, idle = opened(master, 2)
        stop_and_see_it_heard(master, probe)
        assert idle.get().closes
        assert idle.at_end()
        assert master.wait() == 0


def test_idle_connections_are_closed_after_the_linger_time() -> None:
    with serving("linger=0.1") as master:
        (idle,) = opened(master, 1)
        master.stop()
        assert idle.at_end()
        assert master.wait() == 0


def test_without_connections_stop_ends_at_once() -> None:
    with serving("linger=3600", shutdown_timeout=7200) as master:
        opened(master, 1)[0].close()
        master.stop()
        assert master.wait() == 0


@pytest.mark.parametrize("http", HTTP)
def test_pipelined_requests_are_all_answered(http: str) -> None:
    with serving("linger=0.2", f"http={http}") as master:
        client, other, probe = opened(master, 3)
        client.socket.sendall(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        stop_and_see_it_heard(master, probe)
        assert other.get("/release").status == 200
        assert client.receive().body == b"held"
        assert client.receive().status == 200
        assert client.at_end()
        assert master.wait() == 0


def test_a_connection_that_was_accepted_and_sent_nothing_yet_is_served_during_the_drain() -> None:
    with serving("linger=60") as master:
        fresh = Client(master.address("http"))
        # Connections are accepted in their order, so an answer on the second means that the first is accepted.
        (probe,) = opened(master, 1)
        stop_and_see_it_heard(master, probe)
        assert fresh.get().status == 200
        assert master.wait() == 0


@pytest.mark.parametrize("path", ["/never", "/events"])
def test_what_does_not_end_is_cut_off_in_time_and_the_lifespan_ends(path: str, tmp_path: object) -> None:
    marks = f"{tmp_path}/marks"
    with serving("graceful_timeout=0.2", environment={"SHOP_MARKS_FILE": marks}) as master:
        client, other = opened(master, 2)
        client.send(path)
        assert other.get().status == 200
        other.close()
        master.stop()
        assert master.wait() == 0
        assert "socket http: 1 answer was cut off" in master.log
        with open(marks, encoding="utf-8") as file:
            assert file.read().split() == ["started", "stopped"]


def test_a_library_that_waits_for_uvicorns_exit_hears_of_the_stop() -> None:
    """As sse-starlette does it: a function of its own in uvicorn's class."""
    with serving(app="asgi_streams:app") as master:
        client = Client(master.address("http"))
        client.send()
        assert client.receive_head().status == 200
        assert client.receive_chunk() == b"data: first\n\n"
        master.stop()
        assert client.receive_chunk() == b"data: last\n\n"
        assert client.receive_chunk() == b""
        assert client.at_end()
        assert master.wait() == 0


# --- websockets ---

WS = ["websockets", "wsproto"]


@pytest.mark.parametrize("ws", WS)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_hundred_websockets_are_all_told_to_come_again(loop: str, ws: str, tmp_path: object) -> None:
    if ws == "wsproto":
        pytest.importorskip("wsproto")
    marks = f"{tmp_path}/marks"
    with serving("linger=0.3", f"ws={ws}", loop=loop, environment={"SHOP_MARKS_FILE": marks}) as master:
        chats = [Chat(master.address("http")) for _ in range(100)]
        for chat in chats:
            chat.say("hi")
        assert [chat.hear() for chat in chats] == ["hi"] * 100
        # Half of them speak in this very moment.
        for chat in chats[:50]:
            chat.say("ho")
        master.stop()
        for chat in chats:
            heard = chat.hear()
            assert chat.hear() == 1012 if heard == "ho" else heard == 1012
            chat.close()
        assert master.wait() == 0
        assert "cut off" not in master.log
        with open(marks, encoding="utf-8") as file:
            ends = file.read().splitlines()
        assert sum(line.startswith("websocket ended") for line in ends) == 100
        assert ends[-1] == "stopped"


def test_websockets_are_told_spread_over_the_linger_time() -> None:
    with serving("linger=1.0") as master:
        chats = [Chat(master.address("http")) for _ in range(10)]
        began = time.monotonic()
        master.stop()
        assert [chat.hear() for chat in chats] == [1012] * 10
        # The last one's turn is after nine tenths of the second.
        assert time.monotonic() - began > 0.85
        assert master.wait() == 0


@pytest.mark.parametrize("ws", WS)
def test_a_websocket_that_goes_on_and_on_is_told_as_well(ws: str) -> None:
    if ws == "wsproto":
        pytest.importorskip("wsproto")
    with serving("linger=0", f"ws={ws}") as master:
        chat = Chat(master.address("http"))
        master.stop()
        heard: list[object] = []
        while 1012 not in heard:
            try:
                chat.say("again")
            except OSError:
                pass
            heard.append(chat.hear())
        assert set(heard[:-1]) <= {"again"}
        assert master.wait() == 0


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


# --- under load ---


@pytest.mark.parametrize("http", HTTP)
@pytest.mark.parametrize("loop", LOOPS)
def test_workers_replaced_under_load_lose_no_request(loop: str, http: str) -> None:
    """Each time a new worker is loaded and started beside the old one, then the old one is stopped."""
    given = FakeSocket()
    workers = contextlib.ExitStack()
    with workers:
        current = workers.enter_context(serving(f"http={http}", loop=loop, listener=given))
        with Load(given.listener.getsockname()) as load:
            for _ in range(REPLACEMENTS):
                load.wait_for_more()
                successor = workers.enter_context(serving(f"http={http}", loop=loop, listener=given))
                load.wait_for_more()
                current.stop()
                load.wait_for_more()
                assert current.wait() == 0, current.log
                assert not load.failures
                current = successor
            load.wait_for_more()
        assert not load.failures
        assert len(load.answered_by) == REPLACEMENTS + 1


def test_a_single_worker_restarted_under_load_loses_no_request() -> None:
    """Without a worker for a moment, connections wait in the listener's queue."""
    given = FakeSocket()
    with contextlib.ExitStack() as workers:
        current = workers.enter_context(serving(listener=given))
        with Load(given.listener.getsockname()) as load:
            for _ in range(3):
                load.wait_for_more()
                current.stop()
                assert current.wait() == 0, current.log
                current = workers.enter_context(serving(listener=given))
            load.wait_for_more()
        assert not load.failures


def test_pause_and_resume_under_load_lose_no_request() -> None:
    given = FakeSocket()
    with serving(listener=given, timeout=1) as first, serving(listener=given, timeout=1) as second:
        with Load(given.listener.getsockname()) as load:
            for one in itertools.islice(itertools.cycle([first, second]), 6):
                load.wait_for_more()
                one.send("pause")
                one.expect("hb")
                load.wait_for_more()
                one.send("resume")
            load.wait_for_more()
        assert not load.failures
