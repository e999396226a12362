"""The access log: files that come and go, disks that are full, and the names of descriptors."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Iterator

import pytest

from fectl_worker.errors import ConfigError
from fectl_worker.runners import access_log
from fectl_worker.runners.access_log import Lines, open_lines
from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.support import Client, each_runner, environment, ready_made

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


def opened(target: object) -> Lines:
    log = open_lines(str(target))
    assert log is not None
    return log


@contextlib.contextmanager
def may_write_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without the pause after a failure to open the file."""
    with monkeypatch.context() as patch:
        patch.setattr(access_log, "_RETRY_S", 0.0)
        yield


def test_ACCESS_LOG_a_renamed_file_is_followed_by_a_new_one(tmp_path: Path) -> None:
    log = opened(tmp_path / "log")
    log.write("one\n")
    (tmp_path / "log").rename(tmp_path / "log.1")
    log.write("two")
    assert (tmp_path / "log.1").read_text() == "one\n"
    assert (tmp_path / "log").read_text() == "two\n"


def test_ACCESS_LOG_lines_go_on_to_the_old_file_while_there_can_be_no_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is gone, which stops root as well; a folder without the right to write is the same to open()."""
    folder = tmp_path / "logs"
    folder.mkdir()
    with may_write_at_once(monkeypatch):
        log = opened(folder / "log")
        log.write("one")
        (folder / "log").rename(tmp_path / "old")
        folder.rmdir()
        for line in ("two", "three"):
            log.write(line)
        assert (tmp_path / "old").read_text() == "one\ntwo\nthree\n"
        assert [r.getMessage() for r in caplog.records] == [
            f"access_log={folder}/log: was moved away and cannot be made again (No such file or directory); "
            "lines go on to the old file"
        ]
        folder.mkdir()
        log.write("four")
        assert (folder / "log").read_text() == "four\n"
        told = caplog.records[-1].getMessage()
        assert told == f"access_log={folder}/log: could be made again; lines go there from now on"
    assert log.dropped == 0


def test_ACCESS_LOG_a_file_that_cannot_be_made_at_the_start_is_made_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with may_write_at_once(monkeypatch):
        log = opened(tmp_path / "logs" / "log")
        log.write("one")
        (tmp_path / "logs").mkdir()
        log.write("two")
    assert (tmp_path / "logs" / "log").read_text() == "two\n"
    told = [r.getMessage().partition(": ")[2] for r in caplog.records]
    assert told == [
        "cannot be opened (No such file or directory); it is tried again",
        "cannot be written (No such file or directory); lines are dropped and counted until it can be",
        "is written again; 1 lines were dropped",
    ]


def test_ACCESS_LOG_a_full_disk_is_told_once_and_its_lines_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    log = opened(tmp_path / "log")
    for _ in range(3):
        log.write("lost")
    assert [r.getMessage() for r in caplog.records] == [
        f"access_log={tmp_path}/log: cannot be written (No space left on device); lines are dropped and counted until "
        "it can be"
    ]
    (tmp_path / "log").unlink()
    log.write("kept")
    assert (tmp_path / "log").read_text() == "kept\n"
    assert caplog.records[-1].getMessage() == f"access_log={tmp_path}/log: is written again; 3 lines were dropped"
    log.close()
    assert len(caplog.records) == 2


def test_ACCESS_LOG_what_was_dropped_is_told_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    log = opened("/dev/full")
    log.write("lost")
    log.close()
    assert caplog.records[-1].getMessage() == "access_log=/dev/full: 1 lines were dropped"


def test_ACCESS_LOG_half_of_a_line_gets_a_line_of_its_own(tmp_path: Path) -> None:
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = opened(tmp_path / "log")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6, before[1]))
        log.write("first line")
        log.write("second line")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert log.dropped == 2
    log.write("third line")
    assert (tmp_path / "log").read_text() == "first \nthird line\n"


def test_ACCESS_LOG_text_that_utf8_cannot_express_is_escaped(tmp_path: Path) -> None:
    opened(tmp_path / "log").write("GET /\udc80")
    assert (tmp_path / "log").read_text() == "GET /\\udc80\n"


def test_ACCESS_LOG_a_fifo_that_nobody_reads_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    log = opened(tmp_path / "log")
    log.write("lost")
    assert log.dropped == 1


@each_runner
def test_ACCESS_LOG_no_request_is_lost_by_it(tmp_path: Path, kind: str, app: str, argument: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    sockets = {"http": FakeSocket(app, [argument, f"access_log={folder}/log"])}
    with ready_made(kind, sockets=sockets) as master:
        master.expect("loaded")
        master.send("start")
        client = Client(master.address("http"))
        assert client.get().status == 200
        (folder / "log").rename(tmp_path / "old")
        folder.rmdir()
        client.socket.sendall(GET + GET)
        assert [client.receive().status, client.receive().status] == [200, 200]
        assert client.get().status == 200
        master.stop()
        while not client.get().closes:
            pass
        client.close()
        assert master.wait() == 0
        assert master.log.count("cannot be made again") == 1
        assert "Traceback" not in master.log
        assert len((tmp_path / "old").read_text().splitlines()) >= 5


@each_runner
def test_ACCESS_LOG_a_worker_starts_without_it(kind: str, app: str, argument: str) -> None:
    sockets = {"http": FakeSocket(app, [argument, "access_log=/nowhere/log"])}
    with ready_made(kind, sockets=sockets) as master:
        master.expect("loaded")
        master.send("start")
        client = Client(master.address("http"))
        assert [client.get().status for _ in range(3)] == [200] * 3
        client.close()
        master.stop()
        assert master.wait() == 0
        assert master.log.count("access_log=/nowhere/log: cannot be opened (No such file or directory)") == 1
        assert "access_log=/nowhere/log: 3 lines were dropped" in master.log


@pytest.mark.parametrize(
    ("target", "fd"),
    [
        *(("-", 1), ("on", 1), ("stdout", 1), ("/dev/stdout", 1), ("/dev/fd/1", 1), ("/proc/self/fd/1", 1)),
        *(("stderr", 2), ("/dev/stderr", 2), ("/dev/fd/2", 2), ("/proc/self/fd/2", 2), ("//dev//fd/2", 2)),
    ],
)
def test_ACCESS_DEV_is_the_descriptor_itself(target: str, fd: int) -> None:
    assert opened(target)._target.descriptor() == fd


def test_ACCESS_DEV_a_link_to_one_is_that_descriptor(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("again")
    (tmp_path / "again").symlink_to("/dev/stdout")
    assert opened(tmp_path / "log")._target.descriptor() == 1


def test_ACCESS_DEV_any_other_descriptor_must_have_been_given_to_the_process(tmp_path: Path) -> None:
    given = os.dup(1)
    os.set_inheritable(given, True)
    own = os.dup(1)
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)
    try:
        assert opened(f"/dev/fd/{given}")._target.descriptor() == given
        for fd, reason in ((own, "one of the worker's own"), (read_end, "open for reading only"), (999, "not open")):
            with pytest.raises(ConfigError, match=f"access_log=/dev/fd/{fd}: descriptor {fd} is {reason}"):
                open_lines(f"/dev/fd/{fd}")
    finally:
        for fd in (given, own, read_end, write_end):
            os.close(fd)
    with pytest.raises(ConfigError, match="is a folder, not a file"):
        open_lines(str(tmp_path))


# Gives the process whose output shall be tested what it is to have as standard output.
ONTO_SOCKET = (
    "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(chr(0) + sys.argv[1]); os.dup2(s.fileno(), 1)"
)
ONTO_FILE = "import os, sys; os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 1); print('before', flush=True)"


def with_stdout(prepare: str, path: str, kind: str) -> list[str]:
    code = f"{prepare}; os.execv(sys.executable, [sys.executable, '-m', 'fectl_worker', '{kind}'])"
    return [sys.executable, "-c", code, path]


def serve_two(command: list[str], app: str, arguments: list[str]) -> None:
    sockets = {"http": FakeSocket(app, arguments)}
    with FakeMaster(command, sockets=sockets, environment=environment()) as master:
        master.expect("loaded")
        master.send("start")
        client = Client(master.address("http"))
        assert [client.get().status for _ in range(2)] == [200, 200]
        client.close()
        master.stop()
        assert master.wait() == 0


@each_runner
def test_ACCESS_DEV_a_unix_socket_as_standard_output(kind: str, app: str, argument: str) -> None:
    # A name instead of a path, which could be too long; it is free again when the socket is closed.
    name = f"fectl-{os.getpid()}-{kind}"
    with socket.socket(socket.AF_UNIX) as journal:
        journal.bind("\0" + name)
        journal.listen()
        serve_two(with_stdout(ONTO_SOCKET, name, kind), app, [argument, "access_log=/dev/stdout"])
        reader, _ = journal.accept()
        with reader, reader.makefile("r") as lines:
            assert sum("GET / HTTP/1.1" in line for line in lines) == 2


@each_runner
def test_ACCESS_DEV_a_file_as_standard_output_is_appended_to(
    tmp_path: Path, kind: str, app: str, argument: str
) -> None:
    """As with `fectld > file`: the file is not open for appending, and others write to it as well."""
    out = tmp_path / "out"
    serve_two(with_stdout(ONTO_FILE, str(out), kind), app, [argument, "access_log=/dev/stdout"])
    lines = out.read_text().splitlines()
    assert lines[0] == "before"
    assert sum("GET / HTTP/1.1" in line for line in lines[1:]) == 2
