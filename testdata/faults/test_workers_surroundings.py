"""What workers do to their surroundings: children, the master, listeners, memory (F27, F29 to F32, F35, F36, F39)."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Optional

import pytest

from testdata.e2e.harness import NOBODY, Place, tcp
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import alive, started_by, wait_until
from testdata.faults.processes import (cgroup, looks_into_master, open_descriptors, parent, process_state,
                                        without_leak_check)


def _orphans(place: Place) -> list[int]:
    """The pids of a worker, of its child in its group, and of its daemon."""
    lines = wait_until(lambda: place.lines("orphans"), "the worker has its children")
    return [int(word) for word in lines[0].split()]


def test_F27_ChildrenHoldThePipeAfterDeath(place: Place) -> None:
    master = place.start(place.service("web", place.guest("leaves_orphans"), timeout=600, shutdown_timeout=2))
    worker, in_group, daemon = _orphans(place)
    master.wait_running("web")
    os.kill(worker, signal.SIGKILL)
    began = time.monotonic()
    master.wait_replaced("web", worker)
    # The pipe had no end, and nobody waited for one.
    assert time.monotonic() - began < 20
    wait_until(lambda: not alive(in_group), "what is in its process group is killed")
    wait_until(lambda: str(daemon) in place.lines("pipe-closed"), "the daemon has nobody to write to any more")
    assert alive(daemon)
    _end_daemons(place)


def _end_daemons(place: Place) -> None:
    """What has left its worker's process group is nobody's business but the test's."""
    for line in place.lines("orphans"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line.split()[2]), signal.SIGKILL)


def test_F29_DaemonsComeToTheMasterAndAreReaped(place: Place) -> None:
    master = place.start(place.service("web", place.guest("leaves_orphans"), shutdown_timeout=2))
    worker, in_group, daemon = _orphans(place)
    master.wait_running("web")
    wait_until(lambda: parent(daemon) == master.pid, "the daemon is adopted")
    master.fectl_ok("stop", "web")
    assert not alive(worker)
    wait_until(lambda: not alive(in_group), "what is in its process group is killed")
    # What has a session of its own has left, and stays as the manual says; when it ends no zombie is left.
    assert alive(daemon)
    os.kill(daemon, signal.SIGKILL)
    wait_until(lambda: process_state(daemon) == "-", "it is reaped")
    master.fectl_ok("start", "web")
    _end_daemons(place)
    wait_until(lambda: len(place.lines("orphans")) == 2, "the next worker has its children")
    _end_daemons(place)


def test_F30_ForkBombIsStopped(place: Place) -> None:
    with cgroup("pids", "pids.max", "60") as group:
        master = place.start(place.service("web", place.guest("forks"), shutdown_timeout=2) +
                             place.service("other", place.guest("steady")), preexec_fn=group.join)
        master.wait_running("web")
        wait_until(lambda: int(group.get("pids.current")) >= 60, "it has forked all that it can")
        assert master.state("other") == "running"
        began = time.monotonic()
        master.fectl_ok("stop", "web")
        assert time.monotonic() - began < 30
        wait_until(lambda: len(group.pids()) <= 3, "the master, its logger and the other worker are left")
        assert master.state("other") == "running" and master.state("web") == "stopped"


def test_F31_OutOfMemoryCostsOnlyItsWorkerAndIsToldAsSuch(place: Place) -> None:
    with cgroup("memory", "memory.limit_in_bytes", str(96 * 1024 * 1024)) as group:
        master = place.start(place.service("web", place.guest("eats_memory")) +
                             place.service("other", place.guest("steady")), preexec_fn=group.join)
        (pid,) = master.wait_running("web")
        others = master.wait_running("other")
        os.kill(pid, signal.SIGUSR1)
        master.wait_replaced("web", pid)
        assert "killed by SIGKILL (out of memory)" in master.fectl_ok("status", "web")
        assert master.pids("other") == others
        # What somebody else kills has not run out of memory.
        os.kill(others[0], signal.SIGKILL)
        master.wait_replaced("other", others[0])
        shown = master.fectl_ok("status", "other")
        assert "killed by SIGKILL" in shown and "memory" not in shown


def test_F31_WhatTheMasterKillsHasNotRunOutOfMemory(place: Place) -> None:
    with cgroup("memory", "memory.limit_in_bytes", str(96 * 1024 * 1024)) as group:
        master = place.start(place.service("web", place.guest("deaf"), shutdown_timeout=1), preexec_fn=group.join)
        (pid,) = master.wait_running("web")
        stranger = subprocess.run([sys.executable, "-c", "bytearray(1 << 30)"], preexec_fn=group.join, check=False)
        assert stranger.returncode == -signal.SIGKILL
        master.fectl_ok("stop", "web")
        wait_until(lambda: not alive(pid), "it is killed")
        (ended,) = wait_until(lambda: [line for line in master.log().splitlines() if "killed by SIGKILL" in line],
                              "its end is told")
        assert "memory" not in ended


@looks_into_master
def test_F32_DescriptorsOfAWorkerAreItsOwn(place: Place) -> None:
    master = place.start(place.service("other", place.guest("steady")))
    master.wait_running("other")
    before = open_descriptors(master.pid)
    place.masters[0].signal(signal.SIGTERM)
    master.wait_exit()
    master = place.start(place.service("web", place.guest("leaks_descriptors"), timeout=3,
                                       environ=without_leak_check(place)) +
                         place.service("other", place.guest("steady")))
    pids = master.wait_running("web")
    wait_until(lambda: place.lines("leaked"), "it has no descriptor left")
    began = time.monotonic()
    wait_until(lambda: time.monotonic() > began + 4, "more than the timeout")
    assert master.pids("web") == pids
    # The second worker costs the master its three pipes and its pidfd. (The last client may not be closed yet.)
    wait_until(lambda: open_descriptors(master.pid) <= before + 4, "the master has no more descriptors than it needs")
    os.kill(pids[0], signal.SIGKILL)
    master.wait_replaced("web", pids[0])


@pytest.mark.parametrize("command", ["reload", "restart"])
def test_F35_RequestStormsOfAllWorkersArePaced(place: Place, command: str) -> None:
    num = 4
    master = place.start(place.service("web", f"{place.guest('asks')} {command} always", num=num))
    wait_until(lambda: place.lines("spawns"), "the first start")
    first = float(place.lines("spawns")[0])
    wait_until(lambda: time.monotonic() > first + 10, "ten seconds")
    starts = len([line for line in place.lines("spawns") if float(line) < first + 10])
    assert num < starts <= 10 * num, "they are replaced, and paced"
    assert len(started_by(master.pid)) <= 2 * num + num  # old ones may still be leaving
    wait_until(lambda: len(master.pids("web")) == num, "all places serve")


def test_F36_ListenerThatAWorkerShutDownComesBack(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("shuts_listener"), num=1) +
                         place.service("serves", place.guest("steady")))
    (pid,) = master.wait_running("web")
    (server,) = master.wait_running("serves")
    for round_ in range(3):
        os.kill(pid, signal.SIGUSR1)
        wait_until(lambda: len(place.lines("shut")) == round_ + 1, "the listening was ended")
        wait_until(lambda: _answers(port) == server, "it was taken up again")
    assert "somebody shut down the listening" in master.log() and master.pids("web") == [pid]


def _answers(port: int) -> Optional[int]:
    """The pid of who answers; nothing where the connection was refused or cut."""
    try:
        return int(http_get(port).split()[0])
    except (OSError, AssertionError):
        return None


def test_F39_WorkerOfAnotherUserCannotSignalTheMaster(place: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: only root can start workers as another user")
    # Another user's own folder and a program that he can reach.
    place.directory.chmod(0o711)
    folder = place.directory / "his"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    program = shutil.copy(place.guest("kills_master"), place.directory)
    master = place.start(place.service("web", str(program), uid=NOBODY, gid=NOBODY, directory=str(folder)))
    master.wait_running("web")
    kills = wait_until(lambda: len(place.lines("his/kills")) == 5 and place.lines("his/kills"), "it has tried all")
    assert {line.split()[1] for line in kills} == {"1"}, "EPERM"
    assert master.running() and process_state(master.pid) != "T", "neither ended nor stopped"
