"""How many connections a worker with threads takes: what it has no thread for is for the other workers."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Callable

import pytest

from fectl_worker.runners.threads_gate import ThreadGate
from fectl_worker.testing import FakeSocket
from python.tests.aiohttp_support import pass_time, until
from python.tests.support import Client, wait_until
from python.tests.threads_support import Fifo, worker

# --- the gate itself ---


class Gated:
    def __init__(self, threads: int) -> None:
        self.requests = 0
        self.reopened = 0
        self.gate = ThreadGate(threads, lambda: self.requests, self._reopen)

    def _reopen(self) -> None:
        self.reopened += 1

    def begin(self) -> None:
        self.requests += 1
        self.gate.request_came()

    def end(self) -> None:
        self.requests -= 1
        self.gate.request_ended()


def in_loop(test: Callable[[], Any]) -> None:
    async def run() -> None:
        await test()

    asyncio.run(run())


def test_it_is_open_while_a_thread_is_free() -> None:
    async def test() -> None:
        gated = Gated(2)
        for _ in range(2):
            assert gated.gate.is_open()
            gated.gate.entered()
            gated.begin()
        assert not gated.gate.is_open()
        gated.end()
        assert gated.reopened == 1 and gated.gate.is_open()
        gated.end()
        assert gated.reopened == 1, "nobody was turned away"

    in_loop(test)


def test_a_connection_counts_before_its_request_has_come() -> None:
    async def test() -> None:
        gated = Gated(2)
        gated.gate.entered()
        gated.gate.entered()
        assert not gated.gate.is_open()
        gated.begin()
        gated.begin()
        assert not gated.gate.is_open()
        gated.gate.close()

    in_loop(test)


def test_a_silent_connection_counts_for_a_moment_only() -> None:
    async def test() -> None:
        gated = Gated(1)
        gated.gate.entered()
        assert not gated.gate.is_open()
        await until(lambda: gated.reopened == 1)
        assert gated.gate.is_open()

    in_loop(test)


def test_a_request_on_a_kept_connection_counts_as_well() -> None:
    async def test() -> None:
        gated = Gated(1)
        gated.begin()
        gated.begin()
        assert not gated.gate.is_open()
        gated.end()
        assert gated.reopened == 0, "the other one has the thread"
        gated.end()
        assert gated.reopened == 1

    in_loop(test)


def test_each_request_that_ends_lets_one_connection_in_when_the_threads_are_never_free() -> None:
    async def test() -> None:
        gated = Gated(1)
        gated.begin()
        gated.begin()
        assert not gated.gate.is_open()
        # Connections that the worker has keep its thread busy.
        for round in range(3):
            while gated.reopened == round:
                gated.begin()
                gated.end()
                await pass_time(0.001)
            assert gated.gate.is_open()
            gated.gate.entered()
            assert not gated.gate.is_open(), "one connection, not more"
        gated.gate.close()

    in_loop(test)


def test_a_connection_that_comes_later_waits_as_well() -> None:
    async def test() -> None:
        gated = Gated(1)
        gated.begin()
        gated.begin()
        assert not gated.gate.is_open()
        while not gated.reopened:
            gated.begin()
            gated.end()
            await pass_time(0.001)
        # The queue was empty: another worker took what waited.
        await pass_time(0.02)
        assert not gated.gate.is_open()
        gated.end()
        assert gated.reopened == 1

    in_loop(test)


# --- in workers ---


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_worker_whose_threads_are_busy_takes_no_connection(tmp_path: Path, loop: str) -> None:
    given = FakeSocket()
    with worker("threads=2", given=given, loop=loop) as busy, worker(given=given, loop=loop, start=False) as free:
        address = given.listener.getsockname()
        fifos = [Fifo(tmp_path / f"fifo{number}") for number in range(2)]
        blocked = [Client(address) for _ in fifos]
        for client, fifo in zip(blocked, fifos):
            client.send(f"/block?{fifo.path}")
            fifo.wait_until_blocked()
        free.send("start")
        before = sockets_of(busy.process.pid)
        for _ in range(50):
            client = Client(address)
            assert client.get(headers="Connection: close\r\n").body == b"hello from %d" % free.process.pid
        assert sockets_of(busy.process.pid) == before
        for client, fifo in zip(blocked, fifos):
            fifo.release()
            assert client.receive().body == b"went on"
        # It takes connections again.
        free.stop()
        assert free.wait() == 0
        assert Client(address).get().body == b"hello from %d" % busy.process.pid


def test_what_no_worker_has_a_thread_for_waits_in_the_queue(tmp_path: Path) -> None:
    fifo = Fifo(tmp_path / "fifo")
    with worker("threads=1", timeout=1) as master:
        kept = Client(master.address("http"))
        kept.get()
        blocked = Client(master.address("http"))
        blocked.send(f"/block?{fifo.path}")
        fifo.wait_until_blocked()
        before = sockets_of(master.process.pid)
        waiting = [Client(master.address("http")) for _ in range(10)]
        for client in waiting:
            client.send()
        # A connection that the worker has waits for the thread.
        kept.send()
        # The loop has turned since, more than once.
        master.said("hb")
        for _ in range(3):
            master.expect("hb")
        assert sockets_of(master.process.pid) == before
        fifo.release()
        assert blocked.receive().body == b"went on"
        for client in (kept, *waiting):
            assert client.receive().status == 200


def test_silent_connections_do_not_keep_others_out() -> None:
    with worker("threads=1") as master:
        silent = [Client(master.address("http")) for _ in range(5)]
        assert Client(master.address("http")).get().status == 200
        wait_until(lambda: len(sockets_of(master.process.pid)) >= len(silent), "all are taken")
        for client in silent:
            assert client.get().status == 200


def test_a_stop_leaves_to_the_others_what_it_has_no_thread_for(tmp_path: Path) -> None:
    fifo = Fifo(tmp_path / "fifo")
    given = FakeSocket()
    with worker("threads=1", given=given) as old:
        blocked = Client(old.address("http"))
        blocked.send(f"/block?{fifo.path}")
        fifo.wait_until_blocked()
        waiting = [Client(old.address("http")) for _ in range(3)]
        for client in waiting:
            client.send()
        old.stop()
        with worker(given=given) as new:
            for client in waiting:
                assert client.receive().body == b"hello from %d" % new.process.pid
            fifo.release()
            assert blocked.receive().body == b"went on"
            assert old.wait() == 0


def sockets_of(pid: int) -> set[str]:
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found
