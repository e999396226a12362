"""WSGI applications in threads: no request is lost when workers are replaced, whatever their clients do."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import pytest

from fectl_worker.testing import FakeSocket
from python.tests.support import REPLACEMENTS, Client, Load, wait_until
from python.tests.threads_support import Fifo, worker

LOOPS = ["asyncio", "uvloop"]
HTTP = ["h11", "httptools"]


@pytest.mark.parametrize(
    ("path", "pause", "threads"),
    [
        # Clients that ask without a pause, that think, and that wait for answers that take their time.
        ("/", 0.0, 8),
        ("/", 0.05, 2),
        ("/brief", 0.0, 2),
        ("/brief", 0.0, 8),
    ],
)
@pytest.mark.parametrize(("loop", "http"), [("asyncio", "httptools"), ("uvloop", "h11")])
def test_workers_replaced_under_load_lose_no_request(
    loop: str, http: str, path: str, pause: float, threads: int
) -> None:
    given = FakeSocket()
    arguments = (f"threads={threads}", f"http={http}")
    with contextlib.ExitStack() as workers:
        current = workers.enter_context(worker(*arguments, loop=loop, given=given))
        with Load(given.listener.getsockname(), keep_alive=4, path=path, pause=pause) as load:
            for _ in range(REPLACEMENTS):
                load.wait_for_more(3)
                successor = workers.enter_context(worker(*arguments, loop=loop, given=given))
                load.wait_for_more(2)
                current.stop()
                load.wait_for_more(2)
                assert current.wait() == 0, current.log
                assert not load.failures
                current = successor
            load.wait_for_more(3)
        assert not load.failures


@pytest.mark.parametrize("loop", LOOPS)
def test_a_single_worker_restarted_under_load_loses_no_request(loop: str) -> None:
    """Without a worker for a moment, connections wait in the listener's queue."""
    given = FakeSocket()
    with contextlib.ExitStack() as workers:
        current = workers.enter_context(worker(given=given, loop=loop))
        with Load(given.listener.getsockname()) as load:
            for _ in range(3):
                load.wait_for_more()
                current.stop()
                assert current.wait() == 0, current.log
                current = workers.enter_context(worker(given=given, loop=loop))
            load.wait_for_more()
        assert not load.failures


def test_pause_and_resume_under_load_lose_no_request() -> None:
    given = FakeSocket()
    with worker("threads=2", given=given, timeout=1) as first, worker("threads=2", given=given, timeout=1) as second:
        with Load(given.listener.getsockname()) as load:
            for one in itertools.islice(itertools.cycle([first, second]), 6):
                load.wait_for_more()
                one.send("pause")
                one.expect("hb")
                load.wait_for_more()
                one.send("resume")
            load.wait_for_more()
        assert not load.failures


@pytest.mark.parametrize("http", HTTP)
def test_a_stop_waits_for_answers_that_are_being_made(tmp_path: Path, http: str) -> None:
    fifo = Fifo(tmp_path / "fifo")
    with worker(f"http={http}") as master:
        stream, held, late = (Client(master.address("http")) for _ in range(3))
        stream.send("/pieces")
        stream.receive_head()
        assert stream.receive_chunk() == b"first half, "
        held.send("/held")
        assert late.get(f"/late?{fifo.path}").body == b"late"
        fifo.wait_until_blocked()
        other = Client(master.address("http"))
        master.stop()
        while not (answer := other.get()).closes:
            assert answer.status == 200
        # A new connection is taken no more, and the application's event is set by a request of one that is there.
        late.send("/release")
        assert late.receive().closes
        assert stream.receive_chunk() == b"second half"
        assert stream.receive_chunk() == b""
        answer = held.receive()
        assert (answer.body, answer.closes) == (b"held", True)
        assert master.process.poll() is None, "an application's close() is waited for"
        fifo.release()
        assert master.wait() == 0
        assert "cut off" not in master.log


def test_a_slow_upload_is_answered_after_a_stop() -> None:
    given = FakeSocket()
    with worker("threads=1", given=given) as old:
        slow, other = Client(old.address("http")), Client(old.address("http"))
        slow.send("/echo", method="POST", headers="Content-Length: 3000\r\n")
        slow.socket.sendall(b"x" * 1000)
        other.get()
        old.stop()
        with worker(given=given):
            while not other.get().closes:
                pass
            for _ in range(2):
                wait_until(lambda: Client(given.listener.getsockname()).get().status == 200, "others are served")
                slow.socket.sendall(b"x" * 1000)
            assert slow.receive().body == b"x" * 3000
            assert old.wait() == 0


def test_what_is_not_ready_when_the_time_is_over_is_cut_off_and_said() -> None:
    with worker("graceful_timeout=0.3") as master:
        clients = [Client(master.address("http")) for _ in range(2)]
        for client in clients:
            client.send("/held")
        # The third one's answer says that the first two are with the application.
        wait_until(lambda: Client(master.address("http")).get().status == 200, "it serves")
        master.stop()
        assert master.wait() == 0
        assert "socket http: 2 answers were cut off" in master.log
