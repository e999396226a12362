"""Starts that cannot be as they should: something is missing, in use, or about to end; and what people are told."""

import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, closing
from typing import Any

import pytest

from testdata.e2e.harness import Master, Place, tcp, unix
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import alive, descendants, wait_until

_MANUAL = pathlib.Path(__file__).absolute().parents[2] / "client" / "fectl.1"


def _listener(port: int) -> socket.socket:
    other = socket.socket()
    other.bind(("127.0.0.1", port))
    other.listen()
    return other


def _errors(master: Master, words: str) -> list[str]:
    """The lines of the log of level E with these words."""
    return [line for line in master.log().splitlines() if "Z E " in line and words in line]


# --- what one service lacks ---


def _broken(place: Place, what: str) -> tuple[str, str]:
    """A service without its program, directory or folder of output, and what is said of it."""
    values: dict[str, Any] = {"restarts": 1}
    command, words = place.guest("steady"), "No such file or directory"
    if what == "program":
        command = str(place.directory / "missing")
    elif what == "directory":
        values["directory"] = str(place.directory / "missing")
    else:
        values["stdout"] = str(place.directory / "missing/web.out")
    return place.service("bad", command, **values), words


def _mend(place: Place, what: str) -> None:
    if what == "program":
        place.link("missing", place.guest("steady"))
    else:
        (place.directory / "missing").mkdir()


@pytest.mark.parametrize("what", ["program", "directory", "output"])
def test_ONE_BROKEN_what_one_service_lacks_fails_that_service_only(place: Place, what: str) -> None:
    bad, words = _broken(place, what)
    master = place.start(place.service("good", place.guest("steady")) + bad)
    master.wait_running("good")
    master.wait_state("bad", "failed")
    assert words in master.fectl_ok("status", "bad")
    assert _errors(master, "service bad worker(1): failed: could not be started: ")
    again = master.fectl("start", "bad")
    assert again.returncode == 1 and words in again.stderr
    _mend(place, what)
    master.fectl_ok("start", "bad")
    master.wait_running("bad")


@pytest.mark.parametrize("what", ["program", "directory", "output"])
def test_ONE_BROKEN_check_says_what_the_start_says(place: Place, what: str) -> None:
    bad, _ = _broken(place, what)
    config = place.service("good", place.guest("steady")) + bad
    check = place.launch(config, arguments=["--check"], log="check.log")
    assert check.wait_exit() == 0
    assert check.log().endswith(": the configuration is valid, with warnings\n")
    strict = place.launch(config, arguments=["--check", "--strict"], log="strict.log")
    assert strict.wait_exit() == 1
    assert strict.log() == check.log()
    warned = [line for line in check.log().splitlines() if ": warning: " in line]
    assert len(warned) == 1 and "missing" in warned[0]
    started = place.start(config)
    assert [line for line in started.log().splitlines() if ": warning: " in line] == warned
    _mend(place, what)
    clean = place.launch(config, arguments=["--check", "--strict"], log="clean.log")
    assert clean.wait_exit() == 0 and clean.log().endswith(": the configuration is valid\n")


def test_ONE_BROKEN_a_socket_that_cannot_be_opened_fails_those_that_use_it(place: Place) -> None:
    port, good_port = free_port(), free_port()
    with closing(_listener(port)):
        config = (tcp("bad-http", port, service=["bad"]) + tcp("http", good_port, service=["good"]) +
                  place.service("good", place.guest("steady")) +
                  place.service("bad", place.guest("steady"), restarts=1))
        master = place.start(config)
        (good,) = master.wait_running("good")
        assert int(http_get(good_port).split()[0]) == good
        master.wait_state("bad", "failed")
        words = f"socket bad-http: cannot listen on 127.0.0.1:{port}: Address already in use by pid {os.getpid()} ("
        assert words in master.fectl_ok("status", "bad") and _errors(master, words)
        assert f"127.0.0.1:{port} (not open)" in master.fectl_ok("status")
        again = master.fectl("start", "bad")
        assert again.returncode == 1 and words in again.stderr
    master.fectl_ok("start", "bad")
    (bad,) = master.wait_running("bad")
    assert int(http_get(port).split()[0]) == bad
    assert "(not open)" not in master.fectl_ok("status")
    os.kill(bad, signal.SIGKILL)
    (bad,) = master.wait_replaced("bad", bad)
    assert int(http_get(port).split()[0]) == bad


def test_ONE_BROKEN_without_any_service_that_could_start_fectld_does_not(place: Place) -> None:
    port = free_port()
    with closing(_listener(port)):
        master = place.launch(tcp("http", port) + place.service("web", place.guest("steady")))
        assert master.wait_exit() == 1
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use by pid {os.getpid()} (" in master.log()


# --- how a service is ---


def test_CRASHLOOP_a_worker_that_loads_and_exits_is_called_crashing(place: Place) -> None:
    looping = place.link("program", place.guest("exits"))
    master = place.start(place.service("good", place.guest("steady")) +
                         place.service("web", [looping, "3", "started"]))
    master.wait_running("good")
    wait_until(lambda: len(place.lines("spawns")) >= 4, "it is started again and again")
    assert re.search(r"^web +crashing +[01]/1 ", master.fectl_ok("status"), re.MULTILINE)
    assert master.state("web") == "running", "the base level has no such word"
    done = master.fectl("status", "--check")
    assert (done.returncode, done.stderr) == (1, "")
    # It may be up at the moment.
    assert re.fullmatch(r"web: crashing, [01] of 1 worker serves: worker\(1\) exited with code 3\n", done.stdout)
    assert master.fectl("status", "--check", "good").returncode == 0
    assert master.fectl("status", "--check", "good", "web").returncode == 1
    json = master.fectl("status", "--check", "--json")
    assert json.returncode == 1 and '"service":"web","ok":false,"state":"crashing"' in json.stdout
    # Once, and not at each loss.
    assert len(_errors(master, "service web worker(1): crashing: lost 2 times in a row; it exited with code 3")) == 1
    # What is mended is judged anew.
    place.link("program", place.guest("steady"))
    master.fectl_ok("reload", "web")
    assert master.fectl_ok("status", "--check") == ""


def test_CRASHLOOP_the_example_of_the_manual_finds_it(place: Place) -> None:
    text = _MANUAL.read_text(encoding="utf-8")
    example = re.search(r"^Tell a monitor .*\n\.Pp\n\.Dl (.*)$", text, re.MULTILINE)
    assert example is not None
    command = example[1].replace("\\(dq", '"').replace("\\-", "-")
    program = f"mail() {{ cat; echo told; }}\nfectl() {{ {place.fectl_program} \"$@\"; }}\n{command}\n"
    master = place.start(place.service("web", [place.guest("exits"), "3", "started"]))
    wait_until(lambda: len(place.lines("spawns")) >= 3, "it is started again and again")

    def run() -> str:
        environment = {**place.environment, "FECTL_SOCK": master.sock}
        return subprocess.run(["/bin/sh", "-c", program], cwd=place.directory, capture_output=True, text=True,
                              check=False, env=environment, timeout=60).stdout

    assert "web: crashing" in run() and "told" in run()


def test_CRASHLOOP_a_monitor_hears_of_what_is_not_there(place: Place) -> None:
    assert place.fectl("--sock", str(place.directory / "none.sock"), "status", "--check").returncode == 3
    master = place.start(place.service("web", place.guest("steady")))
    master.wait_running("web")
    assert master.fectl("status", "--check", "wbe").returncode == 1
    master.fectl_ok("stop", "web")
    done = master.fectl("status", "--check")
    assert (done.returncode, done.stdout) == (1, "web: stopped, 0 of 1 worker serves\n")


def test_PAUSED_READY_paused_workers_do_not_count_as_serving(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2))
    master.wait_running("web", 2)
    master.fectl_ok("pause", "web")
    assert "State       paused, 0 of 2 workers serve, 2 paused\n" in master.fectl_ok("status", "web")
    assert re.search(r"^web +paused +0/2 ", master.fectl_ok("status"), re.MULTILINE)
    assert master.fectl("status", "--check").returncode == 1
    told = master.fectl_ok("reload", "web")
    assert told.startswith("web: reloaded (2 workers, ") and "it stays paused" in told, told
    master.fectl_ok("resume", "web")
    assert "State       running, 2 of 2 workers serve\n" in master.fectl_ok("status", "web")


def test_OLD_CAUSE_a_successful_reload_ends_what_the_failed_one_said(place: Place) -> None:
    program = place.link("program", place.guest("steady"))
    master = place.start(place.service("web", program))
    master.wait_running("web")
    place.link("program", place.guest("config_error"))
    assert master.fectl("reload", "web").returncode == 1

    def cause() -> str:
        return master.fectl_ok("status", "web").split("Recent events")[0]

    assert "configuration error" in cause()
    place.link("program", place.guest("steady"))
    master.fectl_ok("reload", "web")
    assert "configuration error" not in cause()
    assert "configuration error" in master.fectl_ok("status", "web"), "it is an event"


# --- a start that has to wait ---


def _fectl_after(master: Master, verb: str, *words: str) -> "subprocess.Popen[str]":
    _asked(master, verb)
    return _fectl(master, *words)


def _fectl(master: Master, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([str(master.place.fectl_program), "--sock", master.sock, *words], text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=master.place.environment, **master.place.popen)


def _asked(master: Master, verb: str) -> None:
    wait_until(lambda: f"asks: {verb} web" in master.log(), f"{verb} was asked for")


def test_START_BUSY_a_start_during_a_stop_waits_and_starts(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady")))
    (old,) = master.wait_running("web")
    request = place.slow_request(port)
    with _fectl(master, "stop", "web") as stop, _fectl_after(master, "Stop", "start", "web") as start:
        _asked(master, "Start")
        assert start.poll() is None
        place.write("release", "")
        request.close()
        assert stop.wait(60) == 0
        assert start.wait(60) == 0, start.stderr
        assert start.stdout is not None and "web: started (1 worker, " in start.stdout.read()
    assert master.wait_running("web") != [old]


def test_START_BUSY_a_start_during_a_reload_is_done_when_it_serves(place: Place) -> None:
    program = place.link("program", place.guest("steady"))
    master = place.start(place.service("web", [program]))
    master.wait_running("web")
    script = f"#!/bin/sh\nexec {place.guest('waits_for')} load {place.guest('steady')}\n"
    place.link("program", place.write("slow", script, 0o755))
    with _fectl(master, "reload", "web") as reload, _fectl_after(master, "Reload", "start", "web") as start:
        _asked(master, "Start")
        assert start.poll() is None
        place.write("load", "")
        assert reload.wait(60) == 0
        assert start.wait(60) == 0
        assert start.stdout is not None and start.stdout.read() == "web: was running already\n"


# --- no room ---


def _small(descriptors: int) -> dict[str, Any]:
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))}


def test_START_FOREVER_without_descriptors_a_start_is_answered_and_recovers_at_once(place: Place) -> None:
    config = (place.service("big", place.guest("steady"), num=10) +
              place.service("web", place.guest("steady"), num=10, startup_timeout=3))
    master = place.launch(config, **_small(80))
    master.wait_until_up()
    wait_until(lambda: "all 80 files that fectld may have open are in use, see `ulimit -n`" in master.log(),
               "the limit is reached")
    wait_until(lambda: master.state("web") != "starting", "the start has come to its end")
    done = master.fectl("status", "web")
    assert done.returncode == 0 and re.search(r"^State +degraded, ", done.stdout, re.MULTILINE), done
    restarts = re.search(r"^Restarts +(\d+)$", done.stdout, re.MULTILINE)
    assert restarts is not None and restarts[1] == "0"
    assert "all 80 files that fectld may have open are in use" in done.stdout
    began = time.monotonic()
    master.fectl_ok("stop", "big")
    master.wait_running("web", 10)
    # Without word of the room, the next attempt would come five seconds after the last one, which has just failed.
    assert time.monotonic() - began < 3.5


# --- the end of the connection is not the end of fectld ---


def _crowd(master: Master, stack: ExitStack) -> None:
    """Clients that hold fectld at its limit of descriptors."""
    for _ in range(40):
        client = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        client.connect(master.sock)


def _at_its_limit(place: Place) -> Master:
    # A quarter of the places would be free for others; the workers take them.
    return place.start(place.service("web", place.guest("steady"), num=10), **_small(64))


def test_QUIT_LIES_and_TOO_OLD_a_master_without_room_is_neither_gone_nor_old(place: Place) -> None:
    master = _at_its_limit(place)
    with ExitStack() as stack:
        _crowd(master, stack)
        wait_until(lambda: "no descriptor is left for a control client" in master.log(), "the limit is reached")
        quit_ = master.fectl("--timeout", "20", "quit")
        assert quit_.returncode == 1 and "has ended" not in quit_.stdout, quit_
        assert alive(master.pid)
        assert f"its process {master.pid} is still there" in quit_.stderr, quit_
        status = master.fectl("--timeout", "20", "status")
        assert status.returncode == 1 and "too old" not in status.stderr, status
        assert "it has no room for another client" in status.stderr, status
    wait_until(lambda: master.fectl("status").returncode == 0, "there is room again")
    assert master.fectl_ok("quit").startswith("fectld has ended (")
    assert not alive(master.pid)


# --- what the last fectld has left ---


def _stubborn(place: Place) -> str:
    """A worker that does not leave when its master has gone."""
    return place.write("stubborn.py", "\n".join([
        "#!/usr/bin/python3", "import json, os, select, signal, struct",
        "signal.signal(signal.SIGPIPE, signal.SIG_IGN)",
        "read, write = map(int, os.environ['FECTL_FD'].split(':'))",
        "frame = json.dumps({'cmd': 'loaded'}).encode()",
        "os.write(write, struct.pack('>H', len(frame)) + frame)", "while not os.path.exists('leave'):", "    try:",
        "        frame = json.dumps({'cmd': 'hb'}).encode()",
        "        os.write(write, struct.pack('>H', len(frame)) + frame)", "    except OSError:", "        pass",
        "    select.select([], [], [], 0.05)", ""]), 0o755)


def _killed(place: Place, config: str, name: str) -> int:
    """A master that was killed; the worker of that service, which lives on."""
    first = place.start(config)
    (worker,) = first.wait_running(name)
    first.signal(signal.SIGKILL)
    first.wait_exit()
    assert alive(worker)
    return worker


def _waits(master: Master) -> bool:
    """Whether it sleeps; of a start that does not serve yet, this is the waiting for what another one has left."""
    assert master.running(), master.log()
    process = pathlib.Path(f"/proc/{master.pid}")
    state = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return state == "S" and b"fectld" in (process / "cmdline").read_bytes()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_PORT_HELD_the_worker_that_holds_it_is_named(place: Place, kind: str) -> None:
    port = free_port()
    socket_ = tcp("http", port) if kind == "tcp" else unix("http", str(place.directory / "web.sock"))
    config = socket_ + place.service("web", [_stubborn(place)])
    worker = _killed(place, config, "web")
    try:
        second = place.launch(config, log="second.log")
        assert second.wait_exit() == 1
        assert (f"Address already in use by pid {worker} (stubborn.py), workers of service web which a fectld that was "
                f"killed has left behind; they end when their work is done, or with `kill {worker}`") in second.log()
    finally:
        place.write("leave", "")
    wait_until(lambda: not alive(worker), "the worker leaves")
    (place.directory / "leave").unlink()
    third = place.start(config, log="third.log")
    third.wait_running("web")
    place.write("leave", "")


def test_PORT_HELD_a_short_wait_suffices_where_the_worker_is_about_to_leave(place: Place) -> None:
    config = tcp("http", free_port()) + place.service("web", [_stubborn(place)])
    worker = _killed(place, config, "web")
    second = place.launch(config, log="second.log")
    wait_until(lambda: _waits(second), "it waits for the port")
    os.kill(worker, signal.SIGTERM)
    second.wait_until_up().wait_running("web")
    place.write("leave", "")


def test_PORT_HELD_the_service_comes_back_by_itself_when_the_port_is_free(place: Place) -> None:
    config = (tcp("http", free_port(), service=["web"]) + place.service("web", [_stubborn(place)], restarts=1) +
              place.service("other", place.guest("steady")))
    worker = _killed(place, config, "web")
    second = place.start(config, log="second.log")
    second.wait_running("other")
    wait_until(lambda: f"Address already in use by pid {worker} " in second.fectl_ok("status", "web"), "it is told")
    os.kill(worker, signal.SIGTERM)
    second.wait_running("web")
    place.write("leave", "")


def test_PORT_HELD_a_fectld_that_lives_is_no_leftover(place: Place) -> None:
    port = free_port()
    config = tcp("http", port) + place.service("web", place.guest("steady"))
    place.start(config).wait_running("web")
    place.write("other.toml", '[master]\nsock = "other.sock"\n\n' + config)
    other = place.launch(config, arguments=["-c", "other.toml"], log="other.log")
    assert other.wait_exit() == 1
    assert f"127.0.0.1:{port}: Address already in use by " in other.log() and "left behind" not in other.log()


def test_STILL_DYING_the_lock_of_a_master_that_ends_is_waited_for(place: Place) -> None:
    config = place.service("web", place.guest("steady"))
    first = place.start(config)
    first.wait_running("web")
    second = place.launch(config, log="second.log")
    wait_until(lambda: _waits(second), "it waits for the lock")
    first.signal(signal.SIGTERM)
    second.wait_until_up().wait_running("web")
    assert first.wait_exit() == 0
    assert descendants(second.pid)
