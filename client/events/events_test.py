"""`fectl events` with a logger that says what the test wants: what is printed, cursors, commands, and how it ends."""

import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testdata.e2e.processes import alive, wait_until

FECTL = Path("client/fectl").resolve()
DEADLINE_S = 60


def event(seq: int, boot: str = "9c1f", **members: object) -> dict:
    return {"seq": seq, "boot": boot, "t": 1700000000000 + seq, "type": "worker.exited", "service": "web", **members}


class SmallLogger:
    """Takes requests on the logger's socket, and answers with what it was given; knows of the protocol no more."""

    def __init__(self, directory: Path) -> None:
        self.control = directory / "fectld.sock"
        self.requests: list[dict] = []
        self.streams: list[socket.socket] = []
        self.answers: list[dict] = []  # at once, to each request
        self._listener = socket.socket(socket.AF_UNIX)
        self.start()

    def start(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self.control}.logs")
        self._listener.listen(16)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        os.unlink(f"{self.control}.logs")
        for stream in self.streams:
            stream.close()
        self.streams.clear()

    def say(self, *answers: dict) -> None:
        """On the newest connection."""
        for answer in answers:
            payload = json.dumps(answer).encode()
            self.streams[-1].sendall(struct.pack(">H", len(payload)) + payload)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            with stream.makefile("rb") as reader:
                head = reader.read(2)
                self.requests.append(json.loads(reader.read(*struct.unpack(">H", head))))
            self.streams.append(stream)
            self.say(*self.answers)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.fixture
def logger(folder: Path) -> Iterator[SmallLogger]:
    small = SmallLogger(folder)
    # The control socket is looked at where the logger's is not there.
    control = socket.socket(socket.AF_UNIX)
    control.bind(str(small.control))
    control.listen(16)
    yield small
    small.stop()
    control.close()


class Fectl:
    """A reader that goes on."""

    def __init__(self, logger: SmallLogger, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [FECTL, "events", "-m", str(logger.control), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> tuple[int, str, str]:
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, err


@pytest.fixture
def follow(logger: SmallLogger) -> Iterator[Callable[..., Fectl]]:
    started: list[Fectl] = []

    def start(*arguments: str) -> Fectl:
        known = len(logger.requests)
        started.append(Fectl(logger, "-f", *arguments))
        wait_until(lambda: len(logger.streams) > 0 and len(logger.requests) > known, "no request came")
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


def once(logger: SmallLogger, *arguments: str) -> subprocess.CompletedProcess:
    command = [FECTL, "events", "-m", str(logger.control), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def test_what_is_there_is_printed(logger: SmallLogger) -> None:
    logger.answers = [event(5, worker=3, data={"why": "exited with code 1"}), event(6), {"end": True}]
    run = once(logger)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == (
        "2023-11-14T22:13:20.005Z 5 worker.exited web/3: exited with code 1\n"
        "2023-11-14T22:13:20.006Z 6 worker.exited web\n"
    )
    assert logger.requests == [{"events": {}}]


def test_json_is_the_record_itself(logger: SmallLogger) -> None:
    logger.answers = [event(5), {"type": "gap", "from": 6, "to": 8}, event(9), {"end": True}]
    lines = [json.loads(line) for line in once(logger, "--json").stdout.splitlines()]
    assert lines == [event(5), {"type": "gap", "from": 6, "to": 8}, event(9)]


def test_the_request_says_what_is_wanted(logger: SmallLogger) -> None:
    logger.answers = [{"end": True}]
    once(logger, "--since", "1042", "--type", "worker.exited,service.*", "--type", "config.applied")
    types = ["worker.exited", "service.*", "config.applied"]
    assert logger.requests[-1] == {"events": {"after": 1042, "types": types}}
    once(logger, "--since", "now")
    assert logger.requests[-1] == {"events": {"now": True}}
    before = time.time()
    once(logger, "--since", "10m")
    since_ms = logger.requests[-1]["events"]["since_ms"]
    assert before * 1000 - 602_000 <= since_ms <= time.time() * 1000 - 599_000


@pytest.mark.parametrize("arguments", [["--since", "later"], ["--type", "worker.exploded"], ["--type", "*"], ["web"]])
def test_other_words_are_wrong_usage(logger: SmallLogger, arguments: list[str]) -> None:
    assert once(logger, *arguments).returncode == 2
    assert logger.requests == []


def test_a_missing_number_is_told(logger: SmallLogger) -> None:
    logger.answers = [event(5), event(9), event(1, boot="aaaa"), event(3, boot="bbbb"), {"end": True}]
    kinds = [line.get("from", line["type"]) for line in map(json.loads, once(logger, "--json").stdout.splitlines())]
    assert kinds == ["worker.exited", 6, "worker.exited", "worker.exited", 1, "worker.exited"]


def test_refusals_are_told(logger: SmallLogger) -> None:
    logger.answers = [{"error": "user 5 has not the role that this needs"}]
    run = once(logger)
    assert (run.returncode, run.stderr) == (1, "fectl: user 5 has not the role that this needs\n")


def test_without_a_logger_it_says_who_is_missing(logger: SmallLogger, folder: Path) -> None:
    logger.stop()
    run = once(logger)
    assert run.returncode == 3
    assert "the logger of fectld cannot be reached" in run.stderr
    run = subprocess.run([FECTL, "events", "-m", str(folder / "none")], capture_output=True, text=True, check=False)
    assert run.returncode == 3
    assert "no fectld is listening" in run.stderr
    logger.start()


def test_it_goes_on_over_a_restart_of_the_logger(logger: SmallLogger, follow: Callable[..., Fectl]) -> None:
    reader = follow()
    logger.say(event(5))
    assert " 5 worker.exited" in reader.line()
    logger.stop()
    logger.start()
    wait_until(lambda: len(logger.requests) == 2 and logger.streams, "it does not come back")
    assert logger.requests[1] == {"events": {"after": 5, "boot": "9c1f", "follow": True}}
    # What it has already is not printed again, and what it cannot have any more is told.
    logger.say(event(5), event(8))
    assert "events 6 to 7 are missing" in reader.line()
    assert " 8 worker.exited" in reader.line()
    code, out, err = reader.end()
    assert (code, out, err) == (0, "", "")


def test_a_cursor_goes_on_where_the_last_one_ended(logger: SmallLogger, folder: Path) -> None:
    cursor = folder / "cursor"
    logger.answers = [event(5), event(6), {"end": True}]
    assert len(once(logger, "--cursor", str(cursor)).stdout.splitlines()) == 2
    assert cursor.read_text() == "9c1f 6\n"
    logger.answers = [event(6), event(7), {"end": True}]
    assert once(logger, "--cursor", str(cursor), "--since", "now").stdout.count("\n") == 1
    assert logger.requests[-1] == {"events": {"after": 6, "boot": "9c1f"}}
    assert cursor.read_text() == "9c1f 7\n"
    cursor.write_text("something else\n")
    run = once(logger, "--cursor", str(cursor))
    assert run.returncode == 1
    assert "is no cursor" in run.stderr


def test_a_command_gets_each_event(logger: SmallLogger, folder: Path) -> None:
    logger.answers = [event(5), event(8), {"end": True}]
    run = once(logger, "--cursor", str(folder / "cursor"), "--exec", f"cat >> {folder}/got")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    got = [json.loads(line) for line in (folder / "got").read_text().splitlines()]
    assert got == [event(5), {"type": "gap", "from": 6, "to": 7}, event(8)]
    assert (folder / "cursor").read_text() == "9c1f 8\n"


def test_a_command_that_fails_is_run_again(logger: SmallLogger, folder: Path) -> None:
    logger.answers = [event(5), event(6), {"end": True}]
    script = f"cat >> {folder}/got; test -e {folder}/mended || {{ touch {folder}/mended; exit 3; }}"
    run = once(logger, "--exec", script)
    assert run.returncode == 0
    assert "the command ended with exit status 3; it is run again for this event in 1 s" in run.stderr
    assert [json.loads(line)["seq"] for line in (folder / "got").read_text().splitlines()] == [5, 5, 6]


def test_a_command_that_was_killed_gets_its_event_again(
    logger: SmallLogger, follow: Callable[..., Fectl], folder: Path
) -> None:
    cursor, arguments = folder / "cursor", ["--cursor", str(folder / "cursor")]
    hang = f"echo $$ > {folder}/pid; cat >> {folder}/got; exec sleep 1000"
    reader = follow(*arguments, "--exec", hang)
    logger.say(event(5))
    wait_until(lambda: (folder / "got").exists() and (folder / "got").read_text().endswith("\n"), "it does not run")
    assert not cursor.exists()
    reader.process.kill()  # the reader itself: nothing can be kept
    reader.process.wait()
    pid = int((folder / "pid").read_text())
    wait_until(lambda: not alive(pid), "it lives on")
    logger.answers = [event(5), {"end": True}]
    assert once(logger, *arguments, "--exec", f"cat >> {folder}/got").returncode == 0
    assert [json.loads(line)["seq"] for line in (folder / "got").read_text().splitlines()] == [5, 5]
    assert cursor.read_text() == "9c1f 5\n"


def test_sigterm_reaches_all_processes_of_the_command(
    logger: SmallLogger, follow: Callable[..., Fectl], folder: Path
) -> None:
    inner = f"trap 'echo ended > {folder}/inner; exit 0' TERM; touch {folder}/ready; while :; do sleep 0.01; done"
    reader = follow("--cursor", str(folder / "cursor"), "--exec", f'sh -c "{inner}" & trap "wait; exit 1" TERM; wait')
    logger.say(event(5))
    wait_until(lambda: (folder / "ready").exists(), "it does not run")
    assert reader.end()[0] == 0
    assert (folder / "inner").read_text() == "ended\n"
    assert not (folder / "cursor").exists()


def test_a_command_at_work_may_finish(logger: SmallLogger, follow: Callable[..., Fectl], folder: Path) -> None:
    script = f"trap '' TERM; touch {folder}/ready; while ! test -e {folder}/go; do sleep 0.01; done"
    reader = follow("--cursor", str(folder / "cursor"), "--exec", script)
    logger.say(event(5))
    wait_until(lambda: (folder / "ready").exists(), "it does not run")
    reader.process.send_signal(signal.SIGTERM)
    (folder / "go").touch()
    assert reader.process.wait(DEADLINE_S) == 0
    assert (folder / "cursor").read_text() == "9c1f 5\n"


def test_it_ends_when_nobody_reads(logger: SmallLogger, follow: Callable[..., Fectl]) -> None:
    reader = follow()
    assert reader.process.stdout is not None
    reader.process.stdout.close()
    assert reader.process.wait(DEADLINE_S) == 0
