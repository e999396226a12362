"""The client's commands, several clients at once, and clients that behave badly."""

import contextlib
import json
import os
import signal
from typing import Any, Optional

import pytest

from testdata.e2e.applications import KINDS, pid_in, serve
from testdata.e2e.harness import Master, Place, tcp
from testdata.e2e.http_requests import HttpRequest, free_port, http_get
from testdata.e2e.processes import alive, wait_until


def _two_services(found: Place, **values: Any) -> Master:
    master = found.start(found.service("web", found.guest("steady"), num=2, **values) +
                         found.service("jobs", found.guest("steady")))
    master.wait_running("web", 2)
    master.wait_running("jobs")
    return master


# --- pause, resume, stop, start ---


def _unanswered(request: HttpRequest) -> Optional[HttpRequest]:
    """The request, when half a second brings no answer."""
    return None if request.answered_within(0.5) else request


@pytest.mark.parametrize("kind", KINDS)
def test_connections_made_while_paused_are_served_after_resume(place: Place, kind: str) -> None:
    port = free_port()
    master = serve(place, kind, port)
    pids = master.pids("web")
    master.fectl_ok("pause", "web")
    assert master.state("web") == "paused"
    with contextlib.ExitStack() as held:
        # The master does not wait until a worker has read the command: those asked before may still be served.
        waiting = wait_until(lambda: _unanswered(held.enter_context(HttpRequest(port))), "a request has to wait")
        requests = [waiting, *(held.enter_context(HttpRequest(port)) for _ in range(20))]
        master.fectl_ok("resume", "web")
        assert master.state("web") == "running"
        assert {pid_in(request.body()) for request in requests} <= set(pids)
    assert master.pids("web") == pids


def test_pause_keeps_what_is_open(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady")))
    master.wait_running("web")
    with place.slow_request(port) as request:
        master.fectl_ok("pause", "web")
        place.write("release", "")
        assert request.body()


def test_stop_and_start(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    old = master.wait_running("web", 2)
    for _ in range(3):
        master.fectl_ok("stop", "web")
        assert master.state("web") == "stopped"
        assert master.pids("web") == [] and not any(alive(pid) for pid in old)
        # The listener is the master's: who comes now waits.
        with HttpRequest(port) as request:
            assert not request.answered_within(0.05)
            master.fectl_ok("start", "web")
            assert master.state("web") == "running"
            new = master.wait_running("web", 2)
            assert int(request.body().split()[0]) in new
        assert not set(new) & set(old)
        old = new


def test_start_recovers_a_failed_service(place: Place) -> None:
    path = place.link("current", place.guest("exits"))
    master = place.start(place.service("web", path, restarts=1))
    master.wait_state("web", "failed")
    assert master.fectl("start", "web").returncode == 1
    place.link("current", place.guest("steady"))
    master.fectl_ok("start", "web")
    master.wait_running("web")


def test_all_means_every_service(place: Place) -> None:
    master = _two_services(place)
    before = {name: master.pids(name) for name in ("web", "jobs")}
    master.fectl_ok("reload", "all")
    assert all(not set(master.pids(name)) & set(pids) for name, pids in before.items())
    master.fectl_ok("pause", "web", "jobs")
    assert {master.state("web"), master.state("jobs")} == {"paused"}
    master.fectl_ok("resume", "all")
    master.fectl_ok("stop", "all")
    assert {master.state("web"), master.state("jobs")} == {"stopped"}
    master.fectl_ok("start", "all")
    assert {master.state("web"), master.state("jobs")} == {"running"}


# --- the command line ---


def test_small_commands(place: Place) -> None:
    master = _two_services(place)
    assert master.fectl_ok("pid").strip() == str(master.pid)
    assert "fectl" in master.fectl_ok("version")
    master.fectl_ok("version-check")
    master.fectl_ok("ping")
    assert [int(word) for word in master.fectl_ok("spid", "web").split()] == master.pids("web")


def test_status_names_every_service_and_every_worker(place: Place) -> None:
    master = _two_services(place)
    table = master.fectl_ok("status")
    assert all(word in table for word in ("web", "jobs", "running"))
    assert len({len(line.rstrip()) > 0 for line in table.splitlines()}) >= 1
    (victim, *_) = master.pids("web")
    os.kill(victim, signal.SIGKILL)
    pids = master.wait_replaced("web", victim, 2)
    words = master.fectl_ok("status", "web")
    assert all(str(pid) in words for pid in pids)
    assert "SIGKILL" in words, "the last cause is told in words"


def test_json_of_every_command_parses(place: Place) -> None:
    master = _two_services(place)
    overview = json.loads(master.fectl_ok("--json", "status"))
    assert overview["pid"] == master.pid
    assert [entry["name"] for entry in overview["services"]] == ["web", "jobs"]
    assert overview["services"][0]["state"] == "running" and overview["services"][0]["ready"] == 2
    web = json.loads(master.fectl_ok("--json", "status", "web"))
    assert [worker["pid"] for worker in web["workers"]] == master.pids("web")
    for command in (["pid"], ["version"], ["ping"], ["spid", "web"], ["pause", "web"], ["resume", "web"],
                    ["reload", "web"], ["restart", "web"], ["stop", "web"], ["start", "web"]):
        json.loads(master.fectl_ok("--json", *command))
    refused = master.fectl("--json", "status", "nobody")
    assert refused.returncode == 1
    for text in (refused.stdout, refused.stderr):
        if text.strip().startswith("{"):
            json.loads(text)


_ON_SERVICES = ["start", "stop", "reload", "restart", "pause", "resume", "spid"]


def test_exit_code_3_where_no_master_is(place: Place) -> None:
    for command in [["status"], ["status", "web"], ["pid"], ["version"], ["version-check"], ["ping"], ["quit"],
                    *([command, "web"] for command in _ON_SERVICES)]:
        done = place.fectl("--sock", "nowhere.sock", *command)
        assert done.returncode == 3, (command, done)
        assert "nowhere.sock" in done.stderr and done.stdout == "", done


def test_exit_code_2_for_wrong_usage(place: Place) -> None:
    for command in [[], ["staus"], ["reload"], ["status", "--no-such-flag"], ["--timeout", "soon", "status"],
                    ["pid", "web"], *([command] for command in _ON_SERVICES)]:
        done = place.fectl("--sock", "nowhere.sock", *command)
        assert done.returncode == 2, (command, done)
        assert done.stderr.strip(), command


def test_exit_code_1_with_the_reason(place: Place) -> None:
    master = _two_services(place)
    for command in [*_ON_SERVICES, "status"]:
        done = master.fectl(command, "no-such-service")
        assert done.returncode == 1, (command, done)
        assert "no-such-service" in done.stderr, (command, done)
    master.fectl_ok("stop", "web")
    for command in ("reload", "restart", "pause", "resume"):
        done = master.fectl(command, "web")
        assert done.returncode == 1 and "stopped" in done.stderr, (command, done)


def test_commands_that_find_their_goal_reached(place: Place) -> None:
    """Stopping what is stopped, starting what runs: said in words, whatever the exit code, and nothing changes."""
    master = _two_services(place)
    pids = master.pids("web")
    started = master.fectl("start", "web")
    assert started.returncode in (0, 1) and started.stdout + started.stderr
    assert master.pids("web") == pids
    master.fectl_ok("stop", "web")
    assert master.fectl("stop", "web").returncode in (0, 1)
    assert master.state("web") == "stopped"


def test_one_bad_name_among_several_does_not_hide(place: Place) -> None:
    master = _two_services(place)
    done = master.fectl("reload", "jobs", "no-such-service")
    assert done.returncode == 1 and "no-such-service" in done.stderr


def test_a_command_gives_up_after_its_timeout(place: Place) -> None:
    master = place.start(place.service("web", place.guest("deaf"), shutdown_timeout=4))
    master.wait_running("web")
    done = master.fectl("--timeout", "1", "stop", "web")
    assert done.returncode == 1 and done.stderr.strip(), done
    master.wait_state("web", "stopped")


def test_help_needs_no_master(place: Place) -> None:
    for arguments in (["--help"], ["help", "reload"], ["reload", "--help"]):
        done = place.fectl(*arguments)
        assert done.returncode == 0 and done.stdout and len(done.stdout.splitlines()) < 80, (arguments, done)


def test_the_socket_is_found_in_the_environment_and_in_the_current_directory(place: Place) -> None:
    master = _two_services(place)
    here = place.fectl("pid")
    assert here.stdout.strip() == str(master.pid)
    there = place.fectl("pid", environment={"FECTL_SOCK": master.sock}, cwd="/")
    assert there.stdout.strip() == str(master.pid)
    short = place.fectl("-m", master.sock, "pid", cwd="/")
    assert short.stdout.strip() == str(master.pid)


def test_nothing_but_the_result_is_written_into_a_pipe(place: Place) -> None:
    master = _two_services(place)
    done = master.fectl("reload", "web")
    assert done.returncode == 0 and done.stderr == "" and "\x1b" not in done.stdout and "\r" not in done.stdout


def test_quit_ends_the_master(place: Place) -> None:
    master = _two_services(place)
    pids = master.pids("web") + master.pids("jobs")
    master.fectl_ok("quit")
    assert master.wait_exit() == 0
    assert not any(alive(pid) for pid in pids)


# --- the configuration file ---


def test_check_and_usage_of_the_master(place: Place) -> None:
    good = place.launch(place.service("web", place.guest("steady")), arguments=["--check"], log="check.log")
    assert good.wait_exit() == 0
    bad = place.launch(place.service("web", place.guest("steady"), tiemout=3), arguments=["--check"], log="bad.log")
    assert bad.wait_exit() == 2
    assert "fectld.toml:" in bad.log() and "tiemout" in bad.log() and "timeout" in bad.log()
    started = place.launch(place.service("web", place.guest("steady"), tiemout=3), log="started.log")
    assert started.wait_exit() == 2
    usage = place.launch("", arguments=["--no-such-flag"], log="usage.log")
    assert usage.wait_exit() == 2
    for flag in ("--help", "--version"):
        shown = place.launch("", arguments=[flag], log=f"shown{flag}.log")
        assert shown.wait_exit() == 0 and 0 < len(shown.log().splitlines()) < 60
    missing = place.launch("", arguments=["-c", "nowhere.toml"], log="missing.log")
    assert missing.wait_exit() == 2 and "nowhere.toml" in missing.log()


def test_port_0_is_chosen_and_shown(place: Place) -> None:
    master = place.start(tcp("http", 0) + place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    address = json.loads(master.fectl_ok("--json", "status", "web"))["sockets"][0]["address"]
    assert http_get(int(address.rpartition(":")[2])).split()[0] == str(pid)
