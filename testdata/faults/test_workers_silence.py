"""Workers that hang, stop, never come up or never leave (F8 to F10, F12 to F16, F28)."""

import concurrent.futures
import os
import signal
import time

import pytest

from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import alive, command_line, wait_until
from testdata.faults.processes import cgroup, process_state


def test_F8_StoppedWhileStarting(place: Place) -> None:
    master = place.start(place.service("web", f"{place.guest('waits_for')} load {place.guest('steady')}",
                                       startup_timeout=1, restarts=3))
    pid = int(wait_until(lambda: place.lines("waiting"), "the start")[0])
    os.kill(pid, signal.SIGSTOP)
    place.write("load", "")
    master.wait_replaced("web", pid)
    assert "did not say `loaded` within 1 s" in master.fectl_ok("status", "web")


def test_F8_StoppedWhileServing(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), timeout=2) +
                         place.service("other", place.guest("steady")))
    (hung,) = master.wait_running("web")
    others = master.wait_running("other")
    began = time.monotonic()
    os.kill(hung, signal.SIGSTOP)
    master.wait_replaced("web", hung)
    # It may have beaten just before it was stopped, and beats are at most half a second apart.
    assert time.monotonic() - began >= 1
    assert "sent no heartbeat for 2 s" in master.fectl_ok("status", "web")
    assert master.pids("other") == others


@pytest.mark.parametrize("guest", ["steady", "deaf"])
def test_F8_StoppedWhenToldToStop(place: Place, guest: str) -> None:
    master = place.start(place.service("web", place.guest(guest), shutdown_timeout=2))
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: process_state(pid) == "T", "it is stopped")
    began = time.monotonic()
    master.fectl_ok("stop", "web")
    assert not alive(pid) and master.state("web") == "stopped"
    if guest == "steady":  # it was continued, and left by itself
        assert "exited with code 0" in master.fectl_ok("status", "web")
    else:
        assert time.monotonic() - began >= 1.9
        assert "killed by SIGKILL" in master.fectl_ok("status", "web")


def test_F10_BusyLoopIsKilledAtTheTimeout(place: Place) -> None:
    master = place.start(place.service("web", place.guest("blocks_loop"), timeout=2))
    (hung,) = master.wait_running("web")
    began = time.monotonic()
    os.kill(hung, signal.SIGUSR1)
    master.wait_replaced("web", hung)
    assert time.monotonic() - began >= 1
    shown = master.fectl_ok("status", "web")
    assert "sent no heartbeat for 2 s" in shown and "killed by SIGKILL" in shown


def test_F12_HeartbeatsWaitInThePipeWhileTheMasterIsBusy(place: Place) -> None:
    # More workers than the master looks at in one turn.
    num, short_pauses = 150, 0
    master = place.start(place.service("web", place.guest("level_two"), num=num, timeout=3))
    pids = master.wait_running("web", num)
    for _ in range(4):
        noticed = master.log().count("did not run for")
        _pause(master, 3.15)
        assert master.ask("Pid")[0] == "Pid"
        assert master.pids("web") == pids and "no heartbeat" not in master.log()
        short_pauses += master.log().count("did not run for") == noticed
        if short_pauses == 2:  # a busy machine may make each of them a long one
            break


def _pause(master: Master, seconds: float) -> None:
    """The master stands still for a little longer than until its next deadline, which is `seconds` ahead or less: what
    is due then is due at its end, and all that was said is unread. A longer pause would give everybody more time."""
    began = time.monotonic()
    wait_until(lambda: time.monotonic() > began + 2.5, "it has no other deadline, as those behind a client's visit")
    master.signal(signal.SIGSTOP)
    wait_until(lambda: time.monotonic() > began + 2.5 + seconds, "the pause is over")
    master.signal(signal.SIGCONT)


def test_F14_LoadedWaitsInThePipeWhileTheMasterIsBusy(place: Place) -> None:
    master = place.start(place.service("web", f"{place.guest('waits_for')} load {place.guest('steady')}",
                                       startup_timeout=5))
    pid = int(wait_until(lambda: place.lines("waiting"), "the start")[0])
    with concurrent.futures.ThreadPoolExecutor() as pool:
        paused = pool.submit(_pause, master, 2.8)
        wait_until(lambda: process_state(master.pid) == "T", "the master is stopped")
        place.write("load", "")
        wait_until(lambda: "steady" in command_line(pid) and process_state(pid) == "S", "it waits for its start")
        paused.result()
    assert master.wait_running("web") == [pid]
    assert "did not say" not in master.log()


def test_F13_NeverLoadedIsKilledAndAfterItsTriesFailed(place: Place) -> None:
    master = place.start(place.service("web", place.guest("never_loads"), startup_timeout=1, restarts=3))
    master.wait_state("web", "failed")
    spawns = [float(line) for line in place.lines("spawns")]
    assert len(spawns) == 3
    # The times are the processes' own, each taken somewhat after its start.
    assert all(later - earlier >= 0.8 for earlier, later in zip(spawns, spawns[1:]))
    assert "StartupTimeout" in master.reasons("web")
    assert master.pids("web") == []
    assert "did not say `loaded` within 1 s" in master.fectl_ok("status", "web")


@pytest.mark.parametrize("stays", ["", " stays"])
def test_F15_ConfigurationErrorIsToldInTheWorkersWordsAndNotTriedAgain(place: Place, stays: str) -> None:
    master = place.start(place.service("web", place.guest("config_error") + stays, restarts=3))
    master.wait_state("web", "failed")
    assert 'no database is configured: set "db"' in master.fectl_ok("status", "web")
    assert len([event for event in master.events("web") if event["state"] == "Starting"]) == 1
    done = master.fectl("start", "web")
    assert done.returncode == 1 and 'no database is configured: set "db"' in done.stderr, done
    wait_until(lambda: master.pids("web") == [], "no worker is left")


def test_F16_DeafWorkersAreKilledAtTheShutdownTimeoutWithAllThatIsTheirs(place: Place) -> None:
    master = place.start(place.service("web", place.guest("deaf"), shutdown_timeout=1))
    master.wait_running("web")
    worker, child = (int(word) for word in place.lines("deaf")[0].split())
    assert alive(worker) and alive(child)
    began = time.monotonic()
    master.fectl_ok("stop", "web")
    assert time.monotonic() - began >= 0.9
    assert not alive(worker)
    wait_until(lambda: not alive(child), "the child in the worker's process group is killed too")
    assert master.state("web") == "stopped"
    assert "StopTimeout" in master.reasons("web")


def test_F9_FrozenWorkerToldToStopIsToldOfAndNotWaitedFor(place: Place) -> None:
    with cgroup("freezer") as group:
        master = place.start(place.service("web", place.guest("steady"), shutdown_timeout=1) +
                             place.service("other", place.guest("steady")))
        (pid,), others = master.wait_running("web"), master.wait_running("other")
        group.add(pid)
        group.set("freezer.state", "FROZEN")
        try:
            wait_until(lambda: group.get("freezer.state") == "FROZEN", "it is frozen")
            master.fectl_ok("stop", "web")
            assert alive(pid) and master.state("web") == "stopped"
            shown = master.fectl_ok("status", "web")
            assert "still exists after SIGKILL" in shown and str(pid) in shown, shown
            assert master.log().count("still exists after SIGKILL") == 1
            assert master.pids("other") == others and master.state("other") == "running"
        finally:
            group.set("freezer.state", "THAWED")
        wait_until(lambda: process_state(pid) == "-", "it is reaped when it dies at last")
        wait_until(lambda: f"{pid}" in master.log().split("still exists after SIGKILL")[1], "its end is told")
        master.fectl_ok("start", "web")
        assert master.pids("other") == others


def test_F28_LeaderThreadEndsAndAnotherLives(place: Place) -> None:
    master = place.start(place.service("web", place.guest("leader_gone"), timeout=2, num=2))
    pids = master.wait_running("web", 2)
    for pid in pids:
        wait_until(lambda: process_state(pid) == "Z", "what /proc shows of it is a zombie")
    began = time.monotonic()
    wait_until(lambda: time.monotonic() > began + 4, "twice the timeout")
    assert master.pids("web") == pids
    # A signal reaches the threads that are left, and only then is it dead.
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: pids[0] not in master.pids("web") and len(master.pids("web")) == 2, "it is replaced")
    assert "killed by SIGKILL" in master.fectl_ok("status", "web")
    master.fectl_ok("stop", "web")
    assert "StopTimeout" not in master.reasons("web", 1) + master.reasons("web", 2)
