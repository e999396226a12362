"""Workers and clients that know the base level alone run against the master unchanged, through their whole life."""

import json
import os
import signal
from typing import Any

import pytest

from testdata.e2e.harness import Place, tcp
from testdata.e2e.http_requests import HttpRequest, free_port, http_get
from testdata.e2e.processes import alive, wait_until
from testdata.guests import base_client


def _worker(found: Place) -> str:
    return f"/usr/bin/python3 {found.guest('base_worker.py')}"


def _commands(found: Place, pid: int, index: int = 0) -> list[str]:
    return [line.split()[1] for line in found.lines(f"commands-{index}") if line.split()[0] == str(pid)]


def _whole_life(found: Place) -> None:
    port = free_port()
    master = found.start(tcp("http", port, app="x", arguments=["y"]) +
                         found.service("web", _worker(found), num=2, timeout=4))
    pids = master.wait_running("web", 2)
    assert int(http_get(port).split()[0]) in pids
    assert master.ask("Pause", "web") == ("Done", None)
    wait_until(lambda: all(_commands(found, pid, index) == ["start", "pause"] for index, pid in enumerate(pids)),
               "both paused")
    with HttpRequest(port) as request:
        assert not request.answered_within(0.2)
        assert master.ask("Resume", "web") == ("Done", None)
        assert int(request.body().split()[0]) in pids
    os.kill(pids[0], signal.SIGKILL)
    (third,) = set(master.wait_replaced("web", pids[0], 2)) - set(pids)
    assert master.ask("Reload", "web") == ("ServiceStarted", None)
    new = master.wait_running("web", 2)
    assert not set(new) & {third, *pids}
    wait_until(lambda: not alive(third) and not alive(pids[1]), "the old ones are gone")
    assert int(http_get(port).split()[0]) in new
    os.kill(new[1], signal.SIGSTOP)
    newest = master.wait_replaced("web", new[1], 2)
    assert new[0] in newest
    assert master.ask("Restart", "web") == ("ServiceStarted", None)
    last = master.wait_running("web", 2)
    assert not set(last) & set(newest)
    assert master.ask("Stop", "web") == ("ServiceStopped", None)
    assert master.state("web") == "stopped" and not any(alive(pid) for pid in last)
    assert master.ask("Start", "web") == ("ServiceStarted", None)
    master.wait_running("web", 2)
    assert master.ask("Quit")[0] == "Done"
    assert master.wait_exit() == 0


def test_a_plain_python_workers_whole_life(place: Place) -> None:
    _whole_life(place)


def test_a_plain_python_workers_whole_life_without_privilege(place_of_nobody: Place) -> None:
    _whole_life(place_of_nobody)


def test_an_old_worker_leaves_when_its_master_is_gone(place: Place) -> None:
    master = place.start(place.service("web", _worker(place)))
    (pid,) = master.wait_running("web")
    master.signal(signal.SIGKILL)
    master.wait_exit()
    wait_until(lambda: not alive(pid), "the worker leaves")
    os.unlink(master.sock)
    os.unlink(master.pid_file)


def test_every_base_command_and_its_answers(place: Place) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path, num=2, restarts=1))
    pids = master.wait_running("web", 2)
    with master.client() as client:
        client.ping()
        assert client.ask("Pid") == ("Pid", str(master.pid))
        command, version = client.ask("Version")
        assert command == "Version" and version.startswith("fectl ") and version.count(".") == 2
        assert client.ask("SPid", "web") == ("ServiceWorkerPids", [str(pid) for pid in pids])
        for command in ("Status", "SPid", "Start", "Stop", "Reload", "Restart", "Pause", "Resume"):
            assert client.ask(command, "nobody") == ("ErrorUnknownService", None)
        assert client.ask("Start", "web") == ("ErrorServiceRunning", None)
        assert client.ask("Pause", "web") == ("Done", None)
        assert client.ask("Status", "web")[1][0] == "paused"
        assert client.ask("Resume", "web") == ("Done", None)
        assert client.ask("Reload", "web") == ("ServiceStarted", None)
        assert client.ask("Restart", "web") == ("ServiceStarted", None)
        assert client.ask("Stop", "web") == ("ServiceStopped", None)
        for command in ("Stop", "Reload", "Restart", "Pause", "Resume"):
            assert client.ask(command, "web") == ("ErrorServiceStopped", None), command
        place.link("current", place.guest("exits"))
        assert client.ask("Start", "web") == ("ServiceFailed", None)
        assert client.ask("Status", "web")[1][0] == "failed"
        assert client.ask("Pause", "web") == ("ErrorServiceFailed", None)
        place.link("current", place.guest("steady"))
        assert client.ask("Start", "web") == ("ServiceStarted", None)
        assert client.ask("Quit") == ("Done", None)
    assert master.wait_exit() == 0


_STATES = {"Starting", "Reloading", "Restarting", "Running", "StoppingOld", "Stopping", "Failed", "Stopped", "Paused",
           "RestartFailed", "ReloadFailed"}
_REASONS = {"None", "Initial", "Exit", "ConsoleRequest", "WorkerRequest", "SomeWorkersFailed", "HeartbeatFailed",
            "StartupTimeout", "StopTimeout", "InitFailed", "BootFailed", "NewProcessDied",
            "RestartFailedStartingWorker", "RestartFailedRunningWorker", "RestoreAftreFailed", "ReloadAftreTimeout"}
_REASON_OBJECTS = {"WorkerError": str, "FailedToStart": (str, type(None)), "Signal": int, "ExitCode": int}


def _check_status(data: Any, workers: int) -> int:
    """That a status answer is built as the protocol says; the number of its events."""
    state, listed = data
    assert state in {"running", "paused", "failed", "stopped", "starting", "reloading", "stopping"}
    assert [name for name, _ in listed] == [f"worker({number + 1})" for number in range(workers)]
    for _, events in listed:
        assert len(events) <= 50
        for event in events:
            assert set(event) == {"state", "reason", "timestamp", "pid"}
            assert event["state"] in _STATES, event
            assert isinstance(event["timestamp"], int)
            assert event["pid"] is None or event["pid"].isdigit()
            reason = event["reason"]
            if isinstance(reason, dict):
                ((name, value),) = reason.items()
                assert isinstance(value, _REASON_OBJECTS[name]), event
            else:
                assert reason in _REASONS, event
    return sum(len(events) for _, events in listed)


def test_status_has_the_shape_of_the_protocol_in_every_state(place: Place) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path, num=2, restarts=2))
    master.wait_running("web", 2)

    def check() -> int:
        return _check_status(master.ask("Status", "web")[1], 2)

    check()
    for command in ("Pause", "Resume", "Reload", "Restart", "Stop", "Start"):
        master.ask(command, "web")
        check()
    os.kill(master.pids("web")[0], signal.SIGKILL)
    master.wait_running("web", 2)
    check()
    for guest in ("exits", "config_error", None):
        place.link("current", None if guest is None else place.guest(guest))
        master.ask("Reload", "web")
        check()
    master.ask("Stop", "web")
    master.ask("Start", "web")
    assert master.state("web") == "failed"
    assert check() > 10


def test_a_status_answer_never_exceeds_a_base_frame(place: Place) -> None:
    num = 40
    master = place.start(place.service("web", place.guest("steady"), num=num))
    master.wait_running("web", num)
    sizes = []
    for _ in range(12):
        master.ask("Reload", "web")
        with master.client() as client:
            client.send("Status", "web")
            payload = client.frame()
            while b"ServiceStatus" not in payload:
                payload = client.frame()
        sizes.append(len(payload))
        _check_status(json.loads(payload)["data"], num)
    assert max(sizes) <= 65535
    assert sizes[-1] > 30000, "it is filled, too"


def test_the_master_pongs_once_a_second_while_a_client_waits(place: Place) -> None:
    master = place.start(place.service("web", place.guest("deaf"), shutdown_timeout=4))
    master.wait_running("web")
    with master.client() as client:
        assert client.ask("Stop", "web") == ("ServiceStopped", None)
        assert 2 <= client.pongs <= 5
        # And while it waits for nothing.
        assert client.message() == ("Pong", None)


def test_level_two_is_closed_to_who_did_not_say_hello(place: Place) -> None:
    """Without Hello, nothing of level 2 is answered to a client."""
    master = place.start(place.service("web", place.guest("steady")))
    master.wait_running("web")
    with master.client() as client:
        client.send("Overview")
        with pytest.raises((base_client.Closed, ConnectionError)):
            client.answer()
