"""The control socket and its clients when they are many, rude or gone (F74 to F84)."""

import os
import resource
import select
import signal
import socket
import struct
import subprocess
import time
from contextlib import ExitStack, suppress
from typing import Any, Iterator

import pytest

from testdata.e2e.harness import Master, Place, tcp
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import alive, resident_kib, wait_until
from testdata.faults.processes import looks_into_master, process_state
from testdata.faults.surroundings import processor_seconds, sockets
from testdata.guests import base_client


def _frame(payload: bytes) -> bytes:
    return struct.pack(">H", len(payload)) + payload


def _steady(place: Place, **values: Any) -> Master:
    master = place.start(place.service("web", place.guest("steady"), **values))
    master.wait_running("web", values.get("num", 1))
    return master


# --- clients that do not do their part ---

_LONG_ANSWER = _frame(b'{"cmd":"Hello","data":{"version":2}}') + _frame(b'{"cmd":"Inspect","data":"many"}')


def _with_a_long_answer(place: Place) -> Master:
    """The longest answer there is: that of a service with very many workers."""
    master = place.start(place.service("many", f"{place.guest('exits')} 1", num=1000, restarts=1) +
                         place.service("web", place.guest("steady")))
    master.wait_state("many", "failed")
    return master


def test_F74_AClientThatNeverReadsIsBoundedAndClosed(place: Place) -> None:
    master = _with_a_long_answer(place)
    (web,) = master.wait_running("web")
    requests = _LONG_ANSWER + _frame(b'{"cmd":"Inspect","data":"many"}') * 99
    before = resident_kib(master.pid)
    with ExitStack() as stack:
        rude = [stack.enter_context(master.client()) for _ in range(5)]
        for client in rude:
            client.socket.settimeout(5)
            with suppress(TimeoutError):
                client.socket.sendall(requests)
        assert master.pids("web") == [web], "others are answered"
        # One answer for each, and not a hundred.
        assert resident_kib(master.pid) < before + 20 * 1024
        os.kill(web, signal.SIGKILL)
        master.wait_replaced("web", web)
        for client in rude:
            wait_until(lambda c=client: _hung_up(c.socket), "the master gave it up")


def _hung_up(connection: socket.socket) -> bool:
    """The other end is closed, however much of what it sent is still unread."""
    poll = select.poll()
    poll.register(connection, select.POLLHUP)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


def test_F75_HalfARequestIsNone(place: Place) -> None:
    master = _steady(place)
    request = _frame(b'{"cmd":"Stop","data":"web"}')
    for length in range(len(request)):
        with master.client() as client:
            client.send_bytes(request[:length])
    assert master.state("web") == "running"


@looks_into_master
def test_F75_WhoLeavesBeforeTheAnswerHasAsked(place: Place) -> None:
    master = _steady(place)
    (old,) = master.pids("web")
    for _ in range(20):  # some of them are gone before the request is read
        with master.client() as client:
            client.send("Status", "web")
    with master.client() as client:
        client.send("Reload", "web")
    assert old not in master.wait_replaced("web", old)
    wait_until(lambda: len(sockets(master)) == 1, "nothing but the control socket itself is kept")


@looks_into_master
def test_F75_WhoLeavesInTheMiddleOfAnAnswerLeavesNothing(place: Place) -> None:
    master = _with_a_long_answer(place)
    (web,) = master.wait_running("web")
    for length in (1, 2, 3, 70_000):
        with master.client() as client:
            client.send_bytes(_LONG_ANSWER)
            while length > 0:
                length -= len(client.socket.recv(length))
    with master.client() as client:  # the beginning of a request, behind a whole one
        client.send_bytes(_LONG_ANSWER + _frame(b'{"cmd":"Stop","data":"web"}')[:-1])
        assert client.socket.recv(1)
    wait_until(lambda: len(sockets(master)) == 1, "nothing but the control socket itself is kept")
    assert master.pids("web") == [web]


@pytest.fixture
def many_descriptors() -> Iterator[int]:
    """How many this process, and a master that it starts, may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(hard, 1_000_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@looks_into_master
def test_F76_AnIdleCrowdLocksNobodyOut(place: Place, many_descriptors: int) -> None:
    # Ten thousand where the limit of descriptors allows it: the master gives half of its own to clients, and one user
    # does not get all of those.
    count = min(10_000, many_descriptors * 3 // 8 - 100)
    master = _steady(place)
    (pid,) = master.pids("web")
    with ExitStack() as stack:
        crowd = []
        for _ in range(count):
            one = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            one.settimeout(60)
            one.connect(master.sock)
            crowd.append(one)
        assert "web" in master.fectl_ok("status")
        os.kill(pid, signal.SIGKILL)
        (pid,) = master.wait_replaced("web", pid)
        # Each of them asks one thing, all at once.
        for one in crowd:
            one.sendall(_frame(b'{"cmd":"SPid","data":"web"}'))
        assert "web" in master.fectl_ok("status")
        for one in crowd:
            assert str(pid).encode() in _until_answered(one)
    wait_until(lambda: len(sockets(master)) == 1, "nothing but the control socket itself is kept")


def _until_answered(connection: socket.socket) -> bytes:
    received = b""
    while b"ServiceWorkerPids" not in received or not received.endswith(b"}"):
        part = connection.recv(65536)
        assert part, received
        received += part
    return received


# Two commands to a service that runs, heard at once: what may be answered, and the state in which that leaves the
# service. Whichever is heard first, each is done or refused as a whole.
_RUNNING, _STOPPED, _PAUSED = "running", "stopped", "paused"
_AT_ONCE = {
    ("Start", "Stop"): {("ErrorServiceRunning", "ServiceStopped", _STOPPED),
                        ("ServiceStarted", "ServiceStopped", _RUNNING)},  # a start waits for the end of a stop
    ("Reload", "Stop"): {("ErrorServiceStopping", "ServiceStopped", _STOPPED)},
    ("Restart", "Stop"): {("ErrorServiceStopping", "ServiceStopped", _STOPPED)},
    ("Reload", "Reload"): {("ServiceStarted", "ServiceStarted", _RUNNING)},
    ("Reload", "Restart"): {("ServiceStarted", "ServiceStarted", _RUNNING)},
    ("Stop", "Stop"): {("ServiceStopped", "ServiceStopped", _STOPPED)},
    ("Pause", "Reload"): {("Done", "ServiceStarted", _PAUSED), ("ErrorServiceReloading", "ServiceStarted", _RUNNING)},
    ("Pause", "Stop"): {("Done", "ServiceStopped", _STOPPED), ("ErrorServiceStopping", "ServiceStopped", _STOPPED)},
}
# And where the first may be done before the second is heard.
_LATER = {
    ("Reload", "Stop"): {("ServiceStarted", "ServiceStopped", _STOPPED),
                         ("ErrorServiceStopped", "ServiceStopped", _STOPPED)},
    ("Restart", "Stop"): {("ServiceStarted", "ServiceStopped", _STOPPED),
                          ("ErrorServiceStopped", "ServiceStopped", _STOPPED)},
    ("Stop", "Stop"): {("ServiceStopped", "ErrorServiceStopped", _STOPPED),
                       ("ErrorServiceStopped", "ServiceStopped", _STOPPED)},
    ("Pause", "Stop"): {("ErrorServiceStopped", "ServiceStopped", _STOPPED)},
}


@pytest.mark.parametrize("commands", list(_AT_ONCE), ids="+".join)
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("at_once", [True, False])
def test_F77_TwoOperatorsAtOnceGetTheTruth(place: Place, commands: tuple[str, str], order: int, at_once: bool) -> None:
    master = _steady(place, num=2)
    truth = _AT_ONCE[commands] if at_once else _AT_ONCE[commands] | _LATER.get(commands, set())
    for _ in range(3):
        old = master.wait_running("web", 2)
        with master.client() as one, master.client() as two:
            assert one.ask("Pid") == two.ask("Pid"), "both are known"
            if at_once:
                master.signal(signal.SIGSTOP)
                wait_until(lambda: process_state(master.pid) == "T", "the master is stopped")
            for client, command in list(zip((one, two), commands))[::order]:
                client.send(command, "web")
            master.signal(signal.SIGCONT)
            answers = (one.answer()[0], two.answer()[0])
        # Nothing goes on behind the last answer.
        state, pids = master.state("web"), master.pids("web")
        assert (*answers, state) in truth, (answers, state)
        assert len(pids) == (0 if state == _STOPPED else 2)
        assert not set(pids) & set(old), "each pair ends those that were there"
        assert state != _STOPPED or not any(alive(pid) for pid in old)
        if state != _RUNNING:
            assert master.ask({_STOPPED: "Start", _PAUSED: "Resume"}[state], "web")[0] in ("ServiceStarted", "Done")


def test_F78_AStopGoesOnWithoutWhoAskedForIt(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    pids = master.wait_running("web", 2)
    with place.slow_request(port) as request:  # the stop takes as long as the test wants
        with subprocess.Popen([str(place.fectl_program), "--sock", master.sock, "stop", "web"]) as asks:
            wait_until(lambda: [alive(pid) for pid in pids].count(True) == 1, "the stop has begun")
            assert asks.poll() is None, "it waits for the end"
            asks.kill()
        assert master.state("web") == "stopping"
        place.write("release", "")
        assert int(request.body().split()[0]) in pids
    master.wait_state("web", "stopped")
    assert not any(alive(pid) for pid in pids)


_NONSENSE = {"random": bytes(range(256)) * 4, "huge": b"\xff\xff" + b"x" * 200_000,
             "nested": b"\x75\x30" + b"[" * 30_000, "long frame": b"\x00\x00\xff\xff\xff\xff" + b"{" * 1000}


@pytest.mark.parametrize("kind", list(_NONSENSE))
def test_F79_NonsenseEndsItsConnectionAndNothingElse(place: Place, kind: str) -> None:
    master = _steady(place)
    pids = master.pids("web")
    before = resident_kib(master.pid)
    for _ in range(20):
        with master.client() as client:
            with suppress(ConnectionError):
                client.send_bytes(_NONSENSE[kind])
                client.socket.shutdown(socket.SHUT_WR)
            with pytest.raises((base_client.Closed, ConnectionError)):
                client.answer()
    assert master.pids("web") == pids
    assert resident_kib(master.pid) < before + 4 * 1024


# --- the socket's file ---


# Where the kernel tells, and where it does not: an old one, a sandbox, a limit.
@pytest.mark.parametrize("missing", [[], ["inotify_init1=EMFILE"], ["inotify_add_watch=ENOSPC"]], ids="".join)
def test_F80_TheSocketsFileComesBackAlsoWhenNobodyIsThere(place: Place, missing: list[str]) -> None:
    if missing:
        place.forbid(*missing)
    master = _steady(place)
    master.fectl_ok("stop", "web")
    # Without workers and clients nothing wakes the master, and nothing must: it hears of the removal itself, or looks.
    used = processor_seconds(master.pid)
    for _ in range(2):
        visited = time.monotonic()
        wait_until(lambda v=visited: time.monotonic() > v + 2.5, "nothing is left to be done behind a client's visit")
        os.unlink(master.sock)
        wait_until(lambda: os.path.exists(master.sock), "the file is there again")
        assert master.ask("Pid") == ("Pid", str(master.pid))
    assert os.stat(master.sock).st_mode & 0o7777 == 0o600
    assert processor_seconds(master.pid) - used < 0.5
    assert master.log().count("was gone; it is made anew") == 2


def test_F80_AStrangersFileInItsPlaceIsLeftAlone(place: Place) -> None:
    master = _steady(place)
    pids = master.pids("web")
    os.unlink(master.sock)
    place.write("fectld.sock", "precious")
    wait_until(lambda: "a file that is not a socket is in the way" in master.log(), "the master says so")
    assert (place.directory / "fectld.sock").read_text(encoding="utf-8") == "precious"
    os.unlink(master.sock)
    wait_until(lambda: os.path.exists(master.sock), "the file is there again")
    assert master.pids("web") == pids


def test_F81_OfADeadMasterTheSocketIsTakenOver(place: Place) -> None:
    first = _steady(place)
    pids = first.pids("web")
    first.signal(signal.SIGKILL)
    first.wait_exit()
    wait_until(lambda: not any(alive(pid) for pid in pids), "workers leave when their master is gone")
    assert os.path.exists(first.sock), "the stale socket is there"
    second = place.start(place.service("web", place.guest("steady")), log="second.log")
    second.wait_running("web")
    assert second.pid_file.read_text(encoding="utf-8").strip() == str(second.pid)


def test_F81_ALivingMasterIsNotDisturbed(place: Place) -> None:
    master = _steady(place)
    pids = master.pids("web")
    second = place.launch(place.service("web", place.guest("steady")), log="second.log")
    assert second.wait_exit() == 1
    assert f"another fectld (pid {master.pid}) already serves fectld.sock" in second.log()
    assert master.pids("web") == pids
    assert master.pid_file.read_text(encoding="utf-8").strip() == str(master.pid)


def test_F81_AStrangerOnTheSocketIsLeftAlone(place: Place) -> None:
    path = str(place.directory / "fectld.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
        stranger.bind(path)
        stranger.listen()
        master = place.launch(place.service("web", place.guest("reports_contract")))
        assert master.wait_exit() == 1
        assert "cannot listen on fectld.sock: another process listens there" in master.log()
        assert not (place.directory / "contract-0.json").exists()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(path)
    os.unlink(path)


@pytest.mark.parametrize("path,words", [
    ("missing/fectld.sock", "there is no directory missing: No such file or directory"),
    ("x" * 108, "must be at most 107 bytes long, as a socket's path, not 108"),
    ("file/fectld.sock", "file is not a directory"),
])
def test_F82_AnImpossiblePathOfTheSocketIsToldAtTheStart(place: Place, path: str, words: str) -> None:
    place.write("file", "")
    place.write("mine.toml", f'[master]\nsock = "{path}"\n\n' + place.service("web", place.guest("reports_contract")))
    master = place.launch("", arguments=["-c", "mine.toml"])
    assert master.wait_exit() == 2
    assert master.log() == f"mine.toml:2: master.sock: {words}\n"
    assert not (place.directory / "contract-0.json").exists()


def test_F82_AFolderOfOthersIsToldAtTheStart(place_of_nobody: Place) -> None:
    place = place_of_nobody
    closed = place.directory / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    place.write("mine.toml", '[master]\nsock = "closed/fectld.sock"\n\n' +
                place.service("web", place.guest("reports_contract")))
    master = place.launch("", arguments=["-c", "mine.toml"])
    assert master.wait_exit() == 1
    assert "closed/fectld.sock.lock: Permission denied" in master.log()
    assert not (place.directory / "contract-0.json").exists()


def test_F83_AnUnknownWordOrVersionIsAnsweredTruthfully(place: Place) -> None:
    master = _steady(place)
    with master.client() as base:
        base.send("Dance")
        with pytest.raises((base_client.Closed, ConnectionError)):
            base.answer()
    with master.client() as two:
        # A version that we do not have is answered with the newest that we do.
        assert two.ask("Hello", {"version": 99})[1]["version"] == 3
        command, words = two.ask("Dance")
        assert command == "Error" and "unknown request (version 3 is spoken here)" in words["message"], words
        assert two.ask("Pid") == ("Pid", str(master.pid))


def test_F84_AFullQueueOfTheSocketIsWaitedFor(place: Place) -> None:
    master = _steady(place)
    master.signal(signal.SIGSTOP)
    with ExitStack() as stack:
        for _ in range(10_000):
            one = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            one.setblocking(False)
            try:
                one.connect(master.sock)
            except BlockingIOError:
                break
        else:
            raise AssertionError("the queue is never full")
        # One whose time is over says so; one that has time is answered when the master goes on.
        impatient = master.fectl("--timeout", "1", "status")
        assert impatient.returncode != 0 and impatient.stderr, impatient
        with subprocess.Popen([str(place.fectl_program), "--sock", master.sock, "--timeout", "60", "status"],
                              stdout=subprocess.PIPE, text=True) as patient:
            wait_until(lambda: process_state(patient.pid) in "SZ", "it waits for its place in the queue")
            master.signal(signal.SIGCONT)
            answer = patient.communicate()[0]
    assert patient.returncode == 0 and "web" in answer
