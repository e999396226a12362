"""Workers that die: by a signal, by their exit code, alone and all at once (F1 to F7, F17, F18, F33, F34, F37)."""

import json
import os
import pathlib
import resource
import signal
import time
from typing import Any

import pytest

from testdata.e2e.harness import Master, Place, built, tcp
from testdata.e2e.http_requests import HttpRequest, free_port, http_get
from testdata.e2e.processes import alive, sanitized, started_by, wait_until
from testdata.faults.processes import cpu_seconds, rounds, start_with_pid
from testdata.faults.states import STATES, expect_policy, scene


@pytest.mark.parametrize("state", STATES)
def test_F1_SigkillInEachState(place: Place, state: str) -> None:
    with scene(place, state) as found:
        if state in ("S3", "S5-old"):
            found.hurt(signal.SIGSTOP)  # so that the requests stay in the queue
        requests = [] if state == "S6" else [HttpRequest(found.port) for _ in range(5)]
        found.hurt(signal.SIGKILL)
        expect_policy(found, state, "killed by SIGKILL")
        for request in requests:
            with request:
                assert int(request.body().split()[0]) != found.victim


def _let_dump(pid: int) -> None:
    if not pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").strip():
        pytest.skip("this system writes no core files")
    try:
        resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except PermissionError:
        pytest.skip("core files are forbidden here, and only the superuser could allow them")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
@pytest.mark.parametrize("state", STATES)
def test_F3_SignalsWithACoreInEachState(place: Place, state: str, number: signal.Signals) -> None:
    if sanitized() and number == signal.SIGSEGV:
        pytest.skip("a sanitizer takes SIGSEGV for itself")
    with scene(place, state) as found:
        _let_dump(found.victim)
        found.hurt(number)
        expect_policy(found, state, f"killed by {number.name} (core dumped)")


def test_F2_KilledBeforeExec(place: Place) -> None:
    place.wrapper = [str(built("testdata/faults/hold"))]
    master = place.launch(place.service("web", place.guest("steady"), restarts=3))
    wait_until(lambda: master.process.poll() == 69 or started_by(master.pid), "a first child")
    if not master.running():
        pytest.skip("this kernel cannot hold a call")
    words = f"cannot change directory to {place.directory}: killed before exec by SIGKILL"
    _kill_before_exec(master)
    master.wait_until_up().wait_state("web", "failed")
    assert words in master.fectl_ok("status", "web")
    # The place is none that is lost: at the operator's word it is tried again.
    with master.client() as client:
        client.send("Start", "web")
        _kill_before_exec(master)
        assert client.answer()[0] == "ServiceFailed"


def _kill_before_exec(master: Master) -> None:
    """Each of three attempts. The second is made at once, the third after half of half a second or more."""
    killed = 0.0
    for attempt in range(3):
        (child,) = wait_until(lambda: started_by(master.pid), "a child before exec")
        assert attempt < 2 or time.monotonic() - killed > 0.2
        killed = time.monotonic()
        os.kill(child, signal.SIGKILL)
        wait_until(lambda c=child: not alive(c), "it is gone")


@pytest.mark.parametrize("code,words,reason", [(0, "exited with code 0", {"ExitCode": 0}),
                                               (99, "(initialisation failed)", "InitFailed"),
                                               (100, "(could not boot)", "BootFailed")])
def test_F4_F6_ExitBeforeLoadedIsAFailedStart(place: Place, code: int, words: str, reason: Any) -> None:
    master = place.start(place.service("web", f"{place.guest('exits')} {code}", restarts=3))
    master.wait_state("web", "failed")
    spawns = [float(line) for line in place.lines("spawns")]
    assert len(spawns) == 3
    # The first attempt after a failure is made at once, the next one after half of half a second or more.
    assert spawns[2] - spawns[1] >= 0.2
    assert words in master.fectl_ok("status", "web") and reason in master.reasons("web")


@pytest.mark.parametrize("code,words", [(99, "(initialisation failed)"), (100, "(could not boot)")])
def test_F6_OldWorkerStaysWhenTheNewOneCannotStart(place: Place, code: int, words: str) -> None:
    port = free_port()
    path = place.link("current", place.guest("steady"))
    master = place.start(tcp("http", port) + place.service("web", path))
    old = master.wait_running("web")
    place.link("current", place.write("broken", f"#!/bin/sh\nexit {code}\n", 0o755))
    done = master.fectl("reload", "web")
    assert done.returncode == 1 and f"exited with code {code} {words}" in done.stderr, done
    assert master.wait_running("web") == old and int(http_get(port).split()[0]) == old[0]


def test_F5_ExitWithZeroWhileServingIsReplaced(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGTERM)
    master.wait_replaced("web", pid)
    assert "exited with code 0" in master.fectl_ok("status", "web")


def _cause(master: Master) -> str:
    (worker,) = json.loads(master.fectl_ok("status", "web", "--json"))["workers"]
    return worker["cause"]


@pytest.mark.parametrize("when", ["at once", "loaded", "started"])
@pytest.mark.parametrize("code", [98, 1, 255, 126, 127])
def test_F7_ExitCodesAreKeptAsTheyAre(place: Place, code: int, when: str) -> None:
    master = place.start(place.service("web", f"{place.guest('exits')} {code} {when if when != 'at once' else ''}"))
    meaning = " (start-up timed out)" if code == 98 else ""
    wait_until(lambda: _cause(master) == f"exited with code {code}{meaning}", "the code is shown")


# --- races of a death with what is done about it ---


@pytest.mark.parametrize("when", ["in the same turn", "at the same time"])
def test_F17_DeathTogetherWithTheSignalIsRecordedOnce(place: Place, when: str) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    for _ in range(rounds(20)):
        (pid,) = master.wait_running("web")
        if when == "in the same turn":
            master.signal(signal.SIGSTOP)
        with master.client() as client:
            client.send("Stop", "web")  # the master sends SIGTERM while the worker dies
            os.kill(pid, signal.SIGKILL)
            if when == "in the same turn":
                wait_until(lambda p=pid: not alive(p), "it is dead")
                master.signal(signal.SIGCONT)
            assert client.answer()[0] == "ServiceStopped"
        assert not alive(pid) and master.pids("web") == []
        assert master.ask("Start", "web")[0] == "ServiceStarted"
        ends = [event for event in master.events("web")
                if event["pid"] == str(pid) and event["reason"] in ({"Signal": 9}, {"ExitCode": 0})]
        assert len(ends) == 1, master.events("web")


def test_F18_StrangerWithAReusedPidLives(place: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: only root may choose the pid of a new process")
    num = 25
    master = place.start(place.service("web", place.guest("deaf"), num=num + 1, shutdown_timeout=3))
    for _ in range(-(-rounds(num) // num)):
        *pids, last = master.wait_running("web", num + 1)
        strangers = []
        try:
            with master.client() as client:
                client.send("Stop", "web")
                master.wait_state("web", "stopping")
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)
                for pid in pids:
                    strangers.append(start_with_pid(pid))
                # The last one is killed when its time is up, and that of the others would be up just then, too.
                assert client.answer()[0] == "ServiceStopped"
            assert not alive(last) and "StopTimeout" in master.reasons("web", num + 1)
            assert all(stranger.poll() is None for stranger in strangers), "a stranger was killed"
        finally:
            for stranger in strangers:
                stranger.end()
        assert master.ask("Start", "web")[0] == "ServiceStarted"


def test_F34_DeathWhilePauseAndResumeAreDelivered(place: Place) -> None:
    # So many that the master, which looks at some of what has happened in each turn, has the request before most
    # deaths: it writes to pipes that nobody reads any more.
    num = 100
    master = place.start(place.service("web", place.guest("steady"), num=num))
    for command in ["Pause", "Resume"] * 2:
        wait_until(lambda: len(master.pids("web")) == num, "all are there")
        pids = master.pids("web")
        with master.client() as client:
            # The request and the deaths are there before the master looks at either.
            master.signal(signal.SIGSTOP)
            client.send(command, "web")
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not any(alive(pid) for pid in pids), "all are dead")
            master.signal(signal.SIGCONT)
            assert client.answer()[0] == "Done"
        wait_until(lambda: not set(pids) & set(master.pids("web")), "all are replaced")
    master.wait_running("web", num)


# --- many ---


def test_F33_AllWorkersDieAtOnce(place: Place) -> None:
    num, waiting, port = 200, 100, free_port()
    master = place.start(tcp("http", port, backlog=256) + place.service("web", place.guest("steady"), num=num))
    pids = master.wait_running("web", num)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    requests = [HttpRequest(port) for _ in range(waiting)]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in pids), "all are gone")
    wait_until(lambda: master.state("web") == "running" and len(set(master.pids("web")) - set(pids)) == num,
               "all are replaced", 120)
    for request in requests:
        with request:
            assert int(request.body().split()[0]) not in pids
    log = master.log()
    assert all(f"{pid}" in log for pid in pids), "each death is in the log"


@pytest.mark.parametrize("when", ["at once", "loaded", "started"])
def test_F37_CrashLoopIsPaced(place: Place, when: str) -> None:
    word = "" if when == "at once" else when
    master = place.start(place.service("web", f"{place.guest('exits')} 1 {word}", restarts=1000) +
                         place.service("good", place.guest("steady")))
    wait_until(lambda: place.lines("spawns"), "the first start")
    first, spent = float(place.lines("spawns")[0]), cpu_seconds(master.pid)
    # Whichever comes first proves it: the eleventh start, by its own time, or ten seconds without it.
    wait_until(lambda: len(place.lines("spawns")) > 10 or time.monotonic() > first + 10, "ten seconds")
    spawns = [float(line) for line in place.lines("spawns")]
    assert 2 <= len([at for at in spawns if at < first + 10]) <= 10
    assert master.state("good") == "running"
    assert cpu_seconds(master.pid) - spent < 2


def test_F37_WhoServedForTooShortATimeIsStillInTheLoop(place: Place) -> None:
    # A crash after less than ten seconds is not a first one: what follows it is not started at once.
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGKILL)
    loaded = time.monotonic()
    (pid,) = master.wait_replaced("web", pid)
    wait_until(lambda: time.monotonic() > loaded + 9, "almost ten seconds")
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    master.wait_replaced("web", pid)
    assert time.monotonic() - killed > 0.2 or killed - loaded > 10
