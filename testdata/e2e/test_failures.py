"""Workers that die, hang and cannot start: what becomes of them, and that the others never notice.

These run in several surroundings (the BUILD file says which); what workers can do beyond that, and is the same
everywhere, is in testdata/faults."""

import os
import signal
import time

import pytest

from testdata.e2e.harness import Place, tcp
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import alive, wait_until


def test_from_start_to_ready(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    pids = master.wait_running("web", 2)
    assert int(http_get(port).split()[0]) in pids
    assert all(alive(pid) for pid in pids)


def test_a_killed_worker_is_replaced_and_the_other_never_notices(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2))
    first, second = master.wait_running("web", 2)
    unharmed = master.events("web", 2)
    for _ in range(3):
        os.kill(first, signal.SIGKILL)
        pids = master.wait_replaced("web", first, 2)
        assert second in pids
        (first,) = [pid for pid in pids if pid != second]
    assert {"Signal": 9} in master.reasons("web", 1)
    assert master.events("web", 2) == unharmed


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGUSR1, signal.SIGXCPU])
def test_the_signal_that_ended_a_worker_is_told(place: Place, number: int) -> None:
    # Signals that this guest leaves at their defaults.
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    os.kill(pid, number)
    wait_until(lambda: {"Signal": number} in master.reasons("web"), "the signal is among the reasons")
    assert signal.Signals(number).name in master.fectl_ok("status", "web")


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_a_worker_that_exits_in_its_start_up_fails_the_service(place: Place, code: int) -> None:
    master = place.start(place.service("bad", f"{place.guest('exits')} {code}", restarts=2) +
                         place.service("good", place.guest("steady")))
    (good,) = master.wait_running("good")
    master.wait_state("bad", "failed")
    assert len(place.lines("spawns")) == 2
    # Existing clients keep the code in eight bits with a sign.
    on_the_wire = code - 256 if code > 127 else code
    assert {"ExitCode": on_the_wire} in master.reasons("bad") or (code == 0 and "Exit" in master.reasons("bad"))
    assert master.pids("good") == [good]
    words = master.fectl_ok("status", "bad")
    assert f"{code}" in words and "exit" in words.lower()


@pytest.mark.parametrize("code,reason", [(98, "StartupTimeout"), (99, "InitFailed"), (100, "BootFailed")])
def test_exit_codes_with_a_meaning(place: Place, code: int, reason: str) -> None:
    master = place.start(place.service("web", f"{place.guest('exits')} {code}", restarts=1))
    master.wait_state("web", "failed")
    assert reason in master.reasons("web")


def test_a_stopped_process_is_replaced_after_the_timeout(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), timeout=2) +
                         place.service("other", place.guest("steady")))
    (hung,) = master.wait_running("web")
    (other,) = master.wait_running("other")
    began = time.monotonic()
    os.kill(hung, signal.SIGSTOP)
    master.wait_replaced("web", hung)
    # It may have beaten just before it was stopped, and beats are at most half a second apart.
    assert time.monotonic() - began >= 1
    assert "HeartbeatFailed" in master.reasons("web")
    assert master.pids("other") == [other]


def test_what_a_dead_worker_started_dies_with_it(place: Place) -> None:
    master = place.start(place.service("web", place.guest("deaf"), shutdown_timeout=1))
    master.wait_running("web")
    worker, child = (int(word) for word in place.lines("deaf")[0].split())
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not alive(child), "the dead worker's child is killed")


def test_the_first_replacement_of_a_good_worker_is_immediate(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    master.wait_replaced("web", pid)
    assert time.monotonic() - began < 10


def test_a_missing_executable_or_directory_is_told_at_the_start(place: Place) -> None:
    missing, nowhere = str(place.directory / "no-such-program"), str(place.directory / "nowhere")
    master = place.start(place.service("good", place.guest("steady")) + place.service("web", missing, restarts=1) +
                         place.service("lost", place.guest("steady"), directory=nowhere, restarts=1))
    warnings = [line for line in master.log().splitlines() if ": warning: " in line]
    assert len(warnings) == 2 and missing in warnings[0] and nowhere in warnings[1]
    master.wait_running("good")
    for name in ("web", "lost"):
        master.wait_state(name, "failed")


def test_two_hundred_workers_killed_at_once_are_all_replaced(place: Place) -> None:
    num = 200
    master = place.start(place.service("web", place.guest("steady"), num=num))
    pids = master.wait_running("web", num)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in pids), "all are gone")
    wait_until(lambda: master.state("web") == "running" and len(set(master.pids("web")) - set(pids)) == num,
               "all are replaced", 120)
    log = master.log()
    assert all(f"{pid}" in log for pid in pids), "each death is in the log"


def test_a_storm_of_short_lives_loses_none(place: Place) -> None:
    # 200 workers, each of them ends as soon as it runs; every slot runs out of tries and none is forgotten.
    master = place.start(place.service("web", f"{place.guest('exits')} 0", num=200, restarts=1))
    master.wait_state("web", "failed")
    assert len(place.lines("spawns")) >= 200 or master.pids("web") == []
    wait_until(lambda: master.pids("web") == [], "no worker is left")
