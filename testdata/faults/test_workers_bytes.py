"""What workers do to their pipes: garbage, unfinished messages, floods, ends that are closed (F19 to F26)."""

import fcntl
import os
import pathlib
import signal
import time
from typing import Iterator

import pytest

from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import adopt_orphans, alive, resident_kib, wait_until
from testdata.faults.processes import cpu_seconds, looks_into_master, pipes_used_up, process_state, rounds

_F_GETPIPE_SZ = 1032
_UNFINISHED = "broke the worker protocol: left a message unfinished"


def _violations(master: Master, worker: int) -> list[str]:
    return [reason["WorkerError"] for reason in master.reasons("web", worker)
            if isinstance(reason, dict) and "WorkerError" in reason]


def _processes(master: Master, worker: int) -> int:
    """How many this place has had."""
    return len({event["pid"] for event in master.events("web", worker)} - {None})


@pytest.mark.parametrize("kind", ["not-json", "not-object", "no-command", "command-not-a-string", "wrong-data",
                                  "unknown-command", "not-utf8", "deep", "empty"])
def test_F19_GarbageBytesCostOnlyTheirWorker(place: Place, kind: str) -> None:
    master = place.start(place.service("web", f"{place.guest('garbage')} {kind}", num=2))
    wait_until((place.directory / "garbage-done").exists, "one worker has sent it")
    wait_until(lambda: _violations(master, 1) or _violations(master, 2), "the reason is known")
    master.wait_running("web", 2)
    (guilty,) = [worker for worker in (1, 2) if _violations(master, worker)]
    assert _processes(master, guilty) == 2 and _processes(master, 3 - guilty) == 1, "the other one serves on"
    if kind == "not-json":
        assert "!this is not JSON!" in master.fectl_ok("status", "web")


@pytest.mark.parametrize("state", ["starting", "serving", "paused"])
def test_F20_AnnouncedFrameThatNeverComes(place: Place, state: str) -> None:
    # No timeout of the service's is near: what ends it is that its message has no end.
    master = place.start(place.service("web", f"{place.guest('torn_frame')} {state}", timeout=600,
                                       startup_timeout=600, shutdown_timeout=2))
    if state == "paused":
        master.wait_running("web")
        master.fectl_ok("pause", "web")
    pid = int(wait_until(lambda: place.lines("torn"), "it began the frame")[0])
    before = resident_kib(master.pid)
    wait_until(lambda: _UNFINISHED in master.fectl_ok("status", "web"), "the reason is known")
    wait_until(lambda: not alive(pid) and master.pids("web") not in ([], [pid]), "it is replaced")
    assert resident_kib(master.pid) < before + 4 * 1024
    master.wait_state("web", "paused" if state == "paused" else "running")


def test_F21_OneByteEachSecond(place: Place) -> None:
    master = place.start(place.service("web", place.guest("dribbles"), timeout=600))
    (pid,) = master.wait_running("web")
    wait_until((place.directory / "dribbled").exists, "it began")
    spent, began = cpu_seconds(master.pid), time.monotonic()
    wait_until(lambda: not alive(pid), "it is ended")
    used, passed = cpu_seconds(master.pid) - spent, time.monotonic() - began
    assert used < 0.05 * passed, f"{used} s of {passed} s"
    master.wait_replaced("web", pid)
    assert _UNFINISHED in master.fectl_ok("status", "web")


@looks_into_master
def test_F22_FloodDelaysNobody(place: Place) -> None:
    master = place.start(place.service("flood", place.guest("floods"), num=4, shutdown_timeout=1) +
                         place.service("calm", place.guest("steady"), num=4, timeout=3))
    floods = master.wait_running("flood", 4)
    calm = master.wait_running("calm", 4)
    before = resident_kib(master.pid)
    # A million frames of 15 bytes have been read.
    with master.client() as client:
        while _bytes_read(master.pid) < 15_000_000:
            began = time.monotonic()
            assert client.ask("SPid", "calm") == ("ServiceWorkerPids", [str(pid) for pid in calm])
            assert time.monotonic() - began < 5
    assert master.pids("flood") == floods and master.pids("calm") == calm
    os.kill(calm[0], signal.SIGKILL)
    master.wait_replaced("calm", calm[0], 4)
    assert resident_kib(master.pid) < before + 32 * 1024
    master.fectl_ok("stop", "flood")


def _bytes_read(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/io").read_text(encoding="utf-8").splitlines():
        if line.startswith("rchar:"):
            return int(line.split()[1])
    raise AssertionError("no count of bytes")


def _check_last_words(master: Master) -> None:
    master.wait_state("web", "failed")
    # The message behind it has no end: of no effect, but told.
    wait_until(lambda: "killed by SIGKILL (inside a message)" in master.fectl_ok("status", "web"), "the end is told")
    shown = master.fectl_ok("status", "web")
    pids = [event["pid"] for event in master.events("web") if event["pid"] is not None]
    assert f"last words of {pids[-1]}" in shown, shown


def test_F23_LastFrameIsHeardThoughItsWriterIsDead(place: Place) -> None:
    # The master looks when 64 KiB are in the pipe and the worker is dead.
    master = place.start(place.service("web", f"{place.guest('waits_for')} load {place.guest('last_words')}"))
    pid = int(wait_until(lambda: place.lines("waiting"), "the start")[0])
    master.signal(signal.SIGSTOP)
    place.write("load", "")
    wait_until(lambda: not alive(pid), "it has died")
    master.signal(signal.SIGCONT)
    _check_last_words(master)


def test_F23_ManyLastFramesAreHeard(place: Place) -> None:
    master = place.start(place.service("web", place.guest("last_words")))
    for _ in range(rounds(10)):
        _check_last_words(master)
        master.ask("Start", "web")  # fails at once, or a moment later


def test_F24_CommandsLeftUnread(place: Place) -> None:
    master = place.start(place.service("web", place.guest("never_reads"), shutdown_timeout=1))
    (pid,) = master.wait_running("web")
    before = resident_kib(master.pid)
    with master.client() as client:

        def asks() -> bool:
            for _ in range(100):
                assert client.ask("Pause", "web")[0] == client.ask("Resume", "web")[0] == "Done"
            return not alive(pid)

        wait_until(asks, "the worker is ended when its pipe and its queue are full")
    # Among so many events, those that status keeps are already others.
    assert "leaves its commands unread" in master.log()
    assert resident_kib(master.pid) < before + 4 * 1024


@pytest.fixture
def crowded() -> Iterator[Place]:
    """A place of a user who has so many pipes that a further one holds 8 KiB."""
    if os.geteuid() != 0:
        pytest.skip("needs root: the pipes of the user who runs the tests are not to be used up")
    user = 64025
    adopt_orphans()
    found = Place(user)
    try:
        with pipes_used_up(user):
            yield found
    finally:
        found.tear_down()


def test_F25_SmallPipes(crowded: Place) -> None:
    master = crowded.start(crowded.service("web", crowded.guest("steady"), num=3, timeout=3) +
                           crowded.service("flood", crowded.guest("floods"), shutdown_timeout=1) +
                           crowded.service("last", crowded.guest("last_words"), restarts=1) +
                           crowded.service("deaf", crowded.guest("never_reads"), shutdown_timeout=1))
    pids = master.wait_running("web", 3)
    (flood,) = master.wait_running("flood")
    assert _pipe_sizes(flood) and max(_pipe_sizes(flood)) <= 8192, _pipe_sizes(flood)
    master.wait_state("last", "failed")
    assert "last words of" in master.fectl_ok("status", "last")
    (pid,) = master.wait_running("deaf")
    with master.client() as client:
        for _ in range(600):
            assert client.ask("Pause", "deaf")[0] == client.ask("Resume", "deaf")[0] == "Done"
    master.wait_replaced("deaf", pid)
    assert "leaves its commands unread" in master.log()
    os.kill(pids[0], signal.SIGKILL)
    assert set(pids[1:]) < set(master.wait_replaced("web", pids[0], 3))
    assert master.pids("flood") == [flood]


def _pipe_sizes(pid: int) -> list[int]:
    """Of the two pipes to the master; looked at through /proc, as root."""
    sizes = []
    for number in (3, 4):
        fd = os.open(f"/proc/{pid}/fd/{number}", os.O_RDWR | os.O_NONBLOCK)
        sizes.append(fcntl.fcntl(fd, _F_GETPIPE_SZ))
        os.close(fd)
    return sizes


@pytest.mark.parametrize("level", ["", " level-2"])
@pytest.mark.parametrize("ends", ["read", "write", "both"])
def test_F26_ClosedEndsOfThePipe(place: Place, ends: str, level: str) -> None:
    master = place.start(place.service("web", f"{place.guest('closes_pipe')} {ends}{level}", timeout=600,
                                       shutdown_timeout=1))
    (pid,) = wait_until(lambda: master.pids("web"), "the first worker")
    wait_until((place.directory / "closed").exists, "it closed its channel")
    master.wait_replaced("web", pid)
    assert "closed its pipe to fectld but lives on" in master.fectl_ok("status", "web")
    assert process_state(pid) == "-"
