"""The benchmark's own programs speak the protocols that they are to speak. (Nothing is timed here.)"""

import http.server
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.bench import ledger, processes
from tools.bench.adapters.adapter import Job
from tools.bench.adapters.fectld import Fectld

PROGRAMS = Path.cwd()


@pytest.fixture(autouse=True)
def _cleaned() -> Iterator[None]:
    yield
    processes.end_all()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a short name, as the path of a socket must be."""
    name = tempfile.mkdtemp(prefix="fectl-bench-", dir="/tmp")
    yield Path(name)
    shutil.rmtree(name)


def next_message(fd: int) -> object:
    (length,) = struct.unpack(">H", os.read(fd, 2))
    return json.loads(os.read(fd, length))


def say(fd: int, command: str) -> None:
    payload = json.dumps({"cmd": command}).encode()
    os.write(fd, struct.pack(">H", len(payload)) + payload)


def test_the_guest_is_a_worker(tmp_path: Path) -> None:
    book = ledger.Ledger(tmp_path / "ledger")
    to_guest, from_guest = os.pipe(), os.pipe()
    before = time.monotonic_ns()
    guest = subprocess.Popen(
        [PROGRAMS / "tools/bench/guest"],
        env={"FECTL_FD": f"{to_guest[0]}:{from_guest[1]}", "BENCH_LEDGER": str(book.path), "BENCH_BEAT_MS": "5"},
        pass_fds=(to_guest[0], from_guest[1]),
    )
    born = book.take(ledger.BORN, 1, guest.pid, "the guest is born")
    assert list(born) == [guest.pid]
    assert before < born[guest.pid] < time.monotonic_ns()
    assert next_message(from_guest[0]) == {"cmd": "loaded", "data": {"proto": 2}}
    assert [next_message(from_guest[0]) for _ in range(3)] == [{"cmd": "hb"}] * 3
    say(to_guest[1], "start")
    assert list(book.take(ledger.STARTED, 1, guest.pid, "the guest hears its start")) == [guest.pid]
    say(to_guest[1], "stop")
    assert guest.wait(processes.DEADLINE_SECONDS) == 0
    for fd in to_guest + from_guest:
        os.close(fd)
    book.close()


def test_beats_in_step_wait_until_they_are_read(tmp_path: Path) -> None:
    book = ledger.Ledger(tmp_path / "ledger")
    to_guest, from_guest = os.pipe(), os.pipe()
    environment = {"FECTL_FD": f"{to_guest[0]}:{from_guest[1]}", "BENCH_LEDGER": str(book.path), "BENCH_BEAT_MS": "0"}
    guest = subprocess.Popen(
        [PROGRAMS / "tools/bench/guest"],
        env={**environment, "BENCH_BEATS": "3"},
        pass_fds=(to_guest[0], from_guest[1]),
    )
    assert next_message(from_guest[0]) == {"cmd": "loaded", "data": {"proto": 2}}
    say(to_guest[1], "start")
    for _ in range(3):
        assert os.read(from_guest[0], 4096) == b"\0\x0c" + b'{"cmd":"hb"}'  # never two at once
    book.take(ledger.DONE, 1, guest.pid, "all heartbeats are read")
    guest.kill()
    guest.wait()
    for fd in to_guest + from_guest:
        os.close(fd)
    book.close()


def test_a_guest_without_a_ledger_says_so_by_its_end() -> None:
    assert subprocess.run([PROGRAMS / "tools/bench/guest"], env={}, check=False).returncode == 99


def test_control_clients_ask_and_wait(folder: Path) -> None:
    manager = Fectld(Job(PROGRAMS, folder, workers=2))
    try:
        manager.start()
        load = [str(PROGRAMS / "tools/bench/control_load"), manager.socket]
        asked = subprocess.run([*load, "4", "0.2"], check=True, stdout=subprocess.PIPE)
        assert json.loads(asked.stdout)["answers"] >= 4
        for kind in ("hello", "silent"):
            waiting = subprocess.Popen([*load, "20", kind], stdout=subprocess.PIPE)
            assert waiting.stdout is not None and waiting.stdout.readline() == b"ready\n"
            waiting.kill()
            waiting.wait()
            waiting.stdout.close()
        manager.stop()
    finally:
        manager.close()


class Web(http.server.BaseHTTPRequestHandler):
    """Announces the end of each third connection; with `status` or `end` it does what the load must not forgive."""

    protocol_version = "HTTP/1.1"
    served = 0

    def do_GET(self) -> None:
        type(self).served += 1
        words = b"hello\n"
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Content-Length", str(len(words)))
        if self.served % 3 == 0:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(words)
        if self.server.ends:  # type: ignore[attr-defined]
            self.close_connection = True

    def log_message(self, *unused: object) -> None:
        pass


def load_of(mode: str, status: int = 200, ends: bool = False, port: int = 0) -> dict[str, float]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        server.status, server.ends = status, ends  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            load = [PROGRAMS / "tools/bench/http_load", str(port or server.server_port), "3", "0.2", mode]
            done = subprocess.run(load, check=True, stdout=subprocess.PIPE)
            return json.loads(done.stdout)  # type: ignore[no-any-return]
        finally:
            server.shutdown()


@pytest.mark.parametrize("mode", ["keep", "close"])
def test_http_load_counts_answers_and_forgives_what_was_announced(mode: str) -> None:
    tally = load_of(mode)
    assert tally["failed"] == 0, tally
    assert tally["answers"] >= 3 and tally["worst_ms"] > 0
    assert (tally["announced_ends"] > 0) == (mode == "keep")


def test_http_load_counts_other_statuses() -> None:
    tally = load_of("keep", status=503)
    assert tally["answers"] == 0 and tally["failed"] >= 3 and "status" in str(tally["first_failure"])


def test_http_load_counts_connections_that_end_without_a_word() -> None:
    tally = load_of("keep", ends=True)
    assert tally["answers"] > 0 and tally["failed"] > 0, tally


def test_http_load_counts_refusals() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and does not listen
        tally = load_of("close", port=unused.getsockname()[1])
    assert tally["answers"] == 0 and tally["failed"] > 0 and "refused" in str(tally["first_failure"])


def test_without_a_master_the_load_fails(folder: Path) -> None:
    load = [PROGRAMS / "tools/bench/control_load", folder / "nothing", "1", "1"]
    failed = subprocess.run(load, check=False, stderr=subprocess.PIPE)
    assert failed.returncode == 1 and b"No such file" in failed.stderr
