"""What happens to the master itself: signals, pauses, starvation (F64, F65, F68, F69)."""

import os
import signal
import subprocess
import time

import pytest

from testdata.e2e.harness import Master, Place, tcp
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import alive, descendants, wait_until


def _in_state(place: Place, state: str) -> Master:
    """A master whose service `web` is in this state, and cannot leave it soon."""
    path = place.link("current", place.guest("deaf" if state == "stopping" else "steady"))
    if state in ("starting", "waiting", "failed"):
        place.link("current", place.guest("exits" if state != "starting" else "never_loads"))
    master = place.start(place.service("web", path + " 1", num=2, restarts=1 if state == "failed" else 1000,
                                       shutdown_timeout=1 if state != "stopping" else 300))
    if state in ("serving", "paused", "stopped", "reloading", "stopping"):
        master.wait_running("web", 2)
    if state == "starting":
        wait_until(lambda: len(place.lines("spawns")) >= 2, "they were started")
    if state == "waiting":
        wait_until(lambda: len(place.lines("spawns")) >= 6, "the attempts are paced")
    if state == "failed":
        master.wait_state("web", "failed")
    if state in ("paused", "stopped"):
        master.fectl_ok({"paused": "pause", "stopped": "stop"}[state], "web")
    if state == "reloading":
        place.link("current", place.guest("never_loads"))
    if state in ("reloading", "stopping"):
        command = {"reloading": "reload", "stopping": "stop"}[state]
        master.fectl("--timeout", "0.5", command, "web")
        assert master.state("web") == state
    return master


_STATES = ["starting", "serving", "paused", "reloading", "stopping", "stopped", "waiting", "failed"]


@pytest.mark.parametrize("state", [state for state in _STATES if state != "stopping"])
def test_F64_SigtermInEachStateIsAnOrderlyEnd(place: Place, state: str) -> None:
    master = _in_state(place, state)
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0
    assert not descendants()


def test_F64_SigtermLetsAStopComeToItsEnd(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    pids = master.wait_running("web", 2)
    with place.slow_request(port) as request:
        master.fectl("--timeout", "0.5", "stop", "web")
        assert master.state("web") == "stopping"
        master.signal(signal.SIGTERM)
        wait_until(lambda: "got SIGTERM" in master.log(), "it was heard")
        assert master.running() and not request.answered_within(0.1)
        place.write("release", "")
        assert int(request.body().split()[0]) in pids
    assert master.wait_exit() == 0


@pytest.mark.parametrize("state", _STATES)
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_F64_ASecondSignalInEachStateHurries(place: Place, state: str, second: int) -> None:
    master = _in_state(place, state)
    master.signal(signal.SIGTERM)
    # Both at once may be taken in one turn: either is more than one SIGTERM asks for, or the same.
    master.signal(second)
    if second == signal.SIGTERM:
        wait_until(lambda: not master.running() or "got SIGTERM" in master.log(), "the first was heard")
        while master.running():
            master.signal(second)
            time.sleep(0.05)
    assert master.wait_exit() == 0
    assert not descendants()


def test_F65_AThousandHangupsDisturbNobody(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    pids = master.wait_running("web", 2)
    for _ in range(1000):
        master.signal(signal.SIGHUP)
    assert int(http_get(port).split()[0]) in pids
    wait_until(lambda: "got SIGHUP" in master.log(), "what SIGHUP means is told")
    assert master.pids("web") == pids and all(alive(pid) for pid in pids)


def test_F68_NobodyIsBlamedForThePauseOfTheMaster(place: Place) -> None:
    # More than twice the workers' timeout; and the workers' pipes have room for all that they said meanwhile.
    master = place.start(place.service("web", place.guest("steady"), num=3, timeout=2.5))
    pids = master.wait_running("web", 3)
    master.signal(signal.SIGSTOP)
    time.sleep(6)
    master.signal(signal.SIGCONT)
    wait_until(lambda: "fectld did not run for" in master.log(), "the pause is noticed")
    _nobody_is_lost_for(master, pids, 3)


def test_F68_NobodyIsBlamedForThePauseOfTheMachine(place: Place) -> None:
    # All stand still, as in a suspended machine; the master wakes first and has heard nobody since.
    master = place.start(place.service("web", place.guest("steady"), num=3, timeout=2.5))
    pids = master.wait_running("web", 3)
    for pid in [*pids, master.pid]:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(6)
    master.signal(signal.SIGCONT)
    wait_until(lambda: "fectld did not run for" in master.log(), "the master is awake")
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    _nobody_is_lost_for(master, pids, 3)


def _nobody_is_lost_for(master: Master, pids: list[int], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert master.pids("web") == pids
        time.sleep(0.2)
    assert "lost" not in master.log()


def test_F69_UnderContentionNobodyIsKilledForNothing(place: Place) -> None:
    # The master may run only when nothing else wants to, and everything else wants to.
    master = place.start(place.service("web", place.guest("steady"), num=3, timeout=5))
    pids = master.wait_running("web", 3)
    os.sched_setscheduler(master.pid, os.SCHED_IDLE, os.sched_param(0))
    load = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) for _ in range(20 * (os.cpu_count() or 1))]
    try:
        _nobody_is_lost_for(master, pids, 4)
    finally:
        for one in load:
            one.kill()
            one.wait()
