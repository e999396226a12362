"""fectl's full screens, on a terminal: keys, signals, and what is left behind."""

import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

FECTL = Path("client/fectl").resolve()
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
DEADLINE_S = 60


def _worker(index: int, memory_words: str) -> dict:
    return {"index": index, "state": "running", "pid": 1, "uptime_s": 60 + index, "restarts": index, "cause": "",
            "note": memory_words, "retry_in_s": 0, "leaving": [], "gauges": {"open": 10 - index},
            "leaving_processes": [], "beat_age_s": 0.5}  # fmt: skip


_SERVICE = {"name": "web", "state": "running", "num": 30, "ready": 30, "uptime_s": 5, "restarts": 0, "cause": "",
            "sockets": []}  # fmt: skip
_OVERVIEW = {"pid": 1, "version": "1.0.0", "uptime_s": 9, "services": [_SERVICE]}
_WORKERS = {**_OVERVIEW, "services": [{**_SERVICE, "workers": [_worker(i, f"note{i:02}") for i in range(1, 31)]}]}
_ANSWERS = {
    "Hello": ("Hello", {"version": 3, "server": "fectl 1.0.0", "pid": 1}),
    "Overview": ("Overview", _OVERVIEW),
    "Workers": ("Overview", _WORKERS),
}


class SmallMaster:
    """Answers with the tables above."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "fectld.sock"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while head := stream.read(2):
                request = json.loads(stream.read(*struct.unpack(">H", head)))
                cmd, data = _ANSWERS[request["cmd"]]
                payload = json.dumps({"cmd": cmd, "data": data}).encode()
                connection.sendall(struct.pack(">H", len(payload)) + payload)


class Terminal:
    """A program on a terminal of its own, 12 rows of 100 columns. Without a session of its own it can be stopped: the
    kernel stops nobody whom nobody could let go on."""

    def __init__(self, *arguments: str, is_apart: bool = True) -> None:
        self.keyboard, self._terminal = pty.openpty()
        termios.tcsetwinsize(self.keyboard, (12, 100))
        self.found = termios.tcgetattr(self._terminal)
        self.shown = b""
        self.process = subprocess.Popen(
            [FECTL, *arguments],
            stdin=self._terminal,
            stdout=self._terminal,
            stderr=self._terminal,
            start_new_session=is_apart,
            process_group=None if is_apart else 0,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        )

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.keyboard)
        os.close(self._terminal)

    def type(self, keys: bytes) -> None:
        os.write(self.keyboard, keys)

    def read(self, seconds: float) -> bool:
        """False: nothing came in that time."""
        if not select.select([self.keyboard], [], [], seconds)[0]:
            return False
        self.shown += os.read(self.keyboard, 65536)
        return True

    def wait_for(self, text: bytes, behind: int = 0) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.shown[behind:]:
            assert time.monotonic() < deadline, self.shown[behind:]
            self.read(1)

    def wait_for_end(self) -> int:
        deadline = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self.read(0.1)
        while self.read(0):
            pass
        return self.process.returncode

    def is_as_found(self) -> bool:
        return termios.tcgetattr(self._terminal) == self.found


@pytest.fixture
def master() -> Iterator[SmallMaster]:
    with tempfile.TemporaryDirectory() as directory:
        small = SmallMaster(Path(directory))
        yield small
        small.close()


@pytest.fixture(params=[["top"], ["status", "-w"]], ids=["top", "status"])
def screen(request: pytest.FixtureRequest, master: SmallMaster) -> Iterator[Terminal]:
    terminal = Terminal(*request.param, "-m", str(master.path))
    yield terminal
    terminal.close()


@pytest.fixture
def top(master: SmallMaster) -> Iterator[Terminal]:
    terminal = Terminal("top", "-m", str(master.path))
    yield terminal
    terminal.close()


def test_q_ends_it_and_the_terminal_is_as_it_was(screen: Terminal) -> None:
    screen.wait_for(b"web")
    assert not screen.is_as_found()
    screen.type(b"q")
    assert screen.wait_for_end() == 0
    assert screen.is_as_found()
    assert screen.shown.startswith(ENTER)
    assert screen.shown.endswith(LEAVE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(screen: Terminal, number: signal.Signals) -> None:
    screen.wait_for(b"web")
    screen.process.send_signal(number)
    assert screen.wait_for_end() == 0
    assert screen.is_as_found()
    assert screen.shown.endswith(LEAVE)


def _state(process: subprocess.Popen) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_it_leaves_the_screen_when_it_is_stopped(master: SmallMaster) -> None:
    top = Terminal("top", "-m", str(master.path), is_apart=False)
    try:
        top.wait_for(b"web")
        top.process.send_signal(signal.SIGTSTP)
        top.wait_for(LEAVE)
        deadline = time.monotonic() + DEADLINE_S
        while _state(top.process) != "T":
            assert time.monotonic() < deadline, _state(top.process)
            top.read(0.05)
        assert top.is_as_found()
        behind = len(top.shown)
        top.process.send_signal(signal.SIGCONT)
        top.wait_for(ENTER, behind)
        top.wait_for(b"web", behind)
        top.type(b"q")
        assert top.wait_for_end() == 0
        assert top.is_as_found()
    finally:
        top.close()


def test_a_terminal_that_is_gone_ends_it(master: SmallMaster) -> None:
    terminal = Terminal("top", "-m", str(master.path))
    try:
        terminal.wait_for(b"web")
        os.close(terminal.keyboard)
        os.close(terminal._terminal)
        terminal.process.wait(DEADLINE_S)
    finally:
        terminal.keyboard, terminal._terminal = pty.openpty()
        terminal.close()


def test_a_master_that_is_gone_is_told_behind_the_screen(top: Terminal, master: SmallMaster) -> None:
    top.wait_for(b"web")
    _ANSWERS["Workers"], kept = ("Error", {"message": "no more"}), _ANSWERS["Workers"]
    try:
        assert top.wait_for_end() == 1
    finally:
        _ANSWERS["Workers"] = kept
    assert top.is_as_found()
    assert top.shown.split(LEAVE)[1].strip() == b"fectl: no more"


def _rows(shown: bytes) -> list[str]:
    """The notes of the workers in the newest picture, from the top."""
    picture = shown.rsplit(b"\x1b[H", 1)[1].decode()
    return [line.split("note")[1][:2] for line in picture.split("\r\n") if "note" in line]


def _wait_for_rows(top: Terminal, wanted: list[str]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while b"\x1b[J" not in top.shown.rsplit(b"\x1b[H", 1)[-1] or _rows(top.shown) != wanted:
        assert time.monotonic() < deadline, (_rows(top.shown), wanted)
        top.read(1)


def test_keys_order_and_scroll(top: Terminal) -> None:
    def numbers(first: int, last: int, step: int = 1) -> list[str]:
        return [f"{i:02}" for i in range(first, last + step, step)]

    _wait_for_rows(top, numbers(1, 9))
    top.type(b"r")  # most restarts first
    _wait_for_rows(top, numbers(30, 22, -1))
    top.type(b"r")
    _wait_for_rows(top, numbers(1, 9))
    top.type(b"o")  # what is open
    _wait_for_rows(top, numbers(1, 9))
    top.type(b"\x1b[B\x1b[B")
    _wait_for_rows(top, numbers(3, 11))
    top.type(b"\x1b[6~\x1b[6~\x1b[6~\x1b[6~")
    _wait_for_rows(top, numbers(22, 30))
    top.type(b"\x1b[A")
    _wait_for_rows(top, numbers(21, 29))
    top.type(b"\x1b[5~\x1b[5~\x1b[5~")
    _wait_for_rows(top, numbers(1, 9))


def test_it_follows_the_size_of_the_terminal(top: Terminal) -> None:
    top.wait_for(b"web")
    termios.tcsetwinsize(top.keyboard, (6, 100))
    top.process.send_signal(signal.SIGWINCH)
    _wait_for_rows(top, ["01", "02", "03"])
