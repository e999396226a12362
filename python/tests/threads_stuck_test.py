"""Threads that do not come back: they are logged with their stacks, and another worker takes over."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any, Optional

import pytest

from fectl_worker.runners.threads_stuck import StuckThreads
from fectl_worker.testing import FakeSocket
from python.tests.support import Client, wait_until
from python.tests.threads_support import Fifo, worker

# --- what is seen ---


class Worker:
    def __init__(self) -> None:
        self.said: list[str] = []

    def stopping(self, text: str) -> None:
        self.said.append(text)


class Exchange:
    def __init__(self) -> None:
        self.method, self.path = "GET", "/report"


class Thread:
    """As a thread of the pool looks from outside."""

    def __init__(self, number: int) -> None:
        self.name = f"wsgi-{number}"
        self.ident: Optional[int] = threading.get_ident()
        self.exchange: Optional[Exchange] = None
        self.since: Optional[float] = None

    def begin(self, now: float) -> None:
        self.exchange, self.since = Exchange(), now

    def end(self) -> None:
        self.exchange = self.since = None


def watched(count: int, limit: float = 60.0) -> tuple[list[Thread], Worker, StuckThreads]:
    threads, said = [Thread(number + 1) for number in range(count)], Worker()
    return threads, said, StuckThreads("http", said, threads, limit)  # type: ignore[arg-type]


def test_a_thread_is_stuck_after_the_limit_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    threads, said, stuck = watched(4)
    threads[0].begin(100.0)
    assert not stuck.look(159.9) and not caplog.records
    assert not stuck.look(160.0)
    assert not stuck.look(161.0)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("socket http: GET /report has kept thread wsgi-1 for 60.0 s; its stack:\n")
    assert "test_a_thread_is_stuck_after_the_limit_and_logged_once" in record.getMessage()
    assert not said.said


def test_a_thread_that_goes_on_is_logged_and_may_be_stuck_again(caplog: pytest.LogCaptureFixture) -> None:
    threads, _, stuck = watched(4)
    threads[0].begin(0.0)
    stuck.look(60.0)
    threads[0].end()
    stuck.look(61.0)
    threads[0].begin(62.0)
    stuck.look(122.0)
    # The next request is stuck as well, and nobody looked in between.
    threads[0].begin(123.0)
    stuck.look(183.0)
    texts = [record.getMessage().splitlines()[0] for record in caplog.records]
    kept = "socket http: GET /report has kept thread wsgi-1 for 60.0 s; its stack:"
    assert texts == [kept, "socket http: thread wsgi-1 is free again", kept, kept]


def test_time_in_which_the_client_does_not_read_does_not_count() -> None:
    threads, _, stuck = watched(1)
    threads[0].begin(0.0)
    threads[0].since = None
    assert not stuck.look(1000.0)


@pytest.mark.parametrize(("count", "enough"), [(1, 1), (2, 1), (3, 2), (4, 2), (8, 4)])
def test_another_worker_is_asked_for_when_half_of_the_threads_are_stuck(count: int, enough: int) -> None:
    threads, said, stuck = watched(count)
    for number, thread in enumerate(threads):
        thread.begin(0.0)
        assert stuck.look(60.0) == (number + 1 == count)
        assert bool(said.said) == (number + 1 >= enough)
    assert said.said == [f"{enough} of {count} threads are stuck"]


# --- in a worker ---


def blocked(client: Client, fifo: Fifo) -> Client:
    client.send(f"/block?{fifo.path}")
    fifo.wait_until_blocked()
    return client


def test_it_serves_on_with_the_free_threads_and_asks_for_a_successor(tmp_path: Path) -> None:
    fifos = [Fifo(tmp_path / f"fifo{number}") for number in range(2)]
    with worker("threads=4", "request_timeout=0.2") as master:
        address = master.address("http")
        first = blocked(Client(address), fifos[0])
        wait_until(lambda: "GET /block has kept thread" in log_of(master), "the stack")
        assert not master.said("stopping")
        assert "os.close(os.open(path, os.O_RDONLY))" in master.log
        assert "threads_pool.py" not in master.log
        second = blocked(Client(address), fifos[1])
        assert master.expect("stopping") == "2 of 4 threads are stuck"
        assert Client(address).get().status == 200
        for client, fifo in zip((first, second), fifos):
            fifo.release()
            assert client.receive().body == b"went on"
        wait_until(lambda: log_of(master).count("is free again") == 2, "they are free")


def test_when_all_threads_are_stuck_the_successor_serves(tmp_path: Path) -> None:
    """Requests on the old worker's connections are answered with 503, and those connections end."""
    fifo = Fifo(tmp_path / "fifo")
    given = FakeSocket()
    with worker("threads=1", "request_timeout=0.2", given=given, shutdown_timeout=3) as old:
        address = old.address("http")
        kept, waiting = Client(address), Client(address)
        assert kept.get().status == waiting.get().status == 200
        others = [Client(address) for _ in range(3)]
        for client in others:
            assert client.get().status == 200
        stuck = blocked(Client(address), fifo)
        queued = Client(address)
        queued.send()
        for client in (waiting, *others):
            client.send()
        assert old.expect("stopping") == "1 of 1 threads are stuck"
        for client in (waiting, *others, kept):
            if client is kept:
                client.send()
            answer = client.receive()
            assert (answer.status, answer.closes) == (503, True)
            assert client.at_end()
        with worker("threads=1", given=given) as new:
            assert queued.receive().body == b"hello from %d" % new.process.pid
            old.stop()
            # Within the time of its stop, although the thread never comes back.
            assert old.wait() == 0
            assert "1 answer was cut off" in old.log
            with pytest.raises(ConnectionError):
                stuck.receive()


def test_after_it_was_stuck_a_free_thread_serves_again(tmp_path: Path) -> None:
    fifo = Fifo(tmp_path / "fifo")
    with worker("threads=1", "request_timeout=0.2") as master:
        kept = Client(master.address("http"))
        kept.get()
        stuck = blocked(Client(master.address("http")), fifo)
        master.expect("stopping")
        fifo.release()
        assert stuck.receive().status == 200
        assert kept.get().status == 200
        assert Client(master.address("http")).get().status == 200


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_stop_does_not_wait_for_threads_that_hang(tmp_path: Path, loop: str) -> None:
    """Neither for one whose client waits, nor for one whose client has its answer."""
    fifos = [Fifo(tmp_path / f"fifo{number}") for number in range(2)]
    with worker("graceful_timeout=0.5", loop=loop) as master:
        stuck = blocked(Client(master.address("http")), fifos[0])
        late = Client(master.address("http"))
        assert late.get(f"/late?{fifos[1].path}").body == b"late"
        fifos[1].wait_until_blocked()
        master.stop()
        assert master.wait() == 0
        with pytest.raises(ConnectionError):
            stuck.receive()


def test_without_a_limit_nothing_is_stuck(tmp_path: Path) -> None:
    fifo = Fifo(tmp_path / "fifo")
    with worker("threads=1", "request_timeout=0", timeout=1) as master:
        client = blocked(Client(master.address("http")), fifo)
        for _ in range(3):
            master.expect("hb")
        assert "has kept" not in master.log
        fifo.release()
        assert client.receive().status == 200


def log_of(master: Any) -> str:
    # Looks whether there is more of it.
    master.said("stopping")
    log: str = master.log
    return log
