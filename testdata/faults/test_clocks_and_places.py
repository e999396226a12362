"""Clocks that jump, and strange places in which a master is started (F98 to F105)."""

import calendar
import os
import pathlib
import resource
import signal
import subprocess
import time

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import NOBODY, Master, Place, built, tcp, unix
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import sanitized, started_by, wait_until
from testdata.faults.processes import looks_into_master, without_leak_check
from testdata.faults.surroundings import (bind, clock_ahead, kill_and_replace, log_to, needs_mounts, needs_namespace,
                                          needs_root, own_namespaces, read_only, shown)
from testdata.guests import base_client


# --- clocks ---


# In seconds; the last is 1970 itself.
_JUMPS = [86_400, -86_400, 20 * 365 * 86_400, -20 * 365 * 86_400, -int(time.time())]


def test_F98_TheWallClockMayJump(place: Place) -> None:
    clock = pathlib.Path(place.write("clock", "0"))
    environment = {**place.environment, "LD_PRELOAD": str(built("testdata/faults/wall_clock.so")),
                   "FECTL_TEST_WALL_CLOCK": str(clock)}
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    master = place.start(place.service("web", place.guest("steady"), num=2, timeout=2), environment=environment)
    unharmed = master.wait_running("web", 2)[1]
    for jump in _JUMPS:
        clock.write_text(str(jump), encoding="ascii")
        (victim,) = set(master.pids("web")) - {unharmed}
        os.kill(victim, signal.SIGKILL)
        # The stamps follow; nothing else does.
        assert unharmed in master.wait_replaced("web", victim, 2)
        stamp = _seconds(master.log().splitlines()[-1][:20])
        assert abs(stamp - time.time() - jump) < 600, (stamp, jump)
        os.kill(unharmed, signal.SIGSTOP)
        pids = master.wait_replaced("web", unharmed, 2)
        unharmed = pids[1]
    assert master.log().count(": lost: sent no heartbeat") == len(_JUMPS), master.log()


@pytest.mark.parametrize("zone", ["", ":/no/such/file", "Europe/Berlin", "Mars/Olympus"])
def test_F99_TheTimeZoneDoesNotMatter(place: Place, zone: str) -> None:
    master = place.start(place.service("web", place.guest("steady")), environment={**place.environment, "TZ": zone})
    _running_and_replaced(master)
    stamp = wait_until(master.log, "a line of the log")[:20]
    assert abs(_seconds(stamp) - time.time()) < 600, stamp


def _seconds(stamp: str) -> float:
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


def _running_and_replaced(master: Master) -> None:
    master.wait_running("web")
    kill_and_replace(master)


# Each such that the clock passes the mark while the test runs.
_MARKS = {"10 days": 10 * 86_400 * 10**9, "2^31 ms": 2**31 * 10**6, "2^32 ms": 2**32 * 10**6, "2^53 ns": 2**53,
          "100 years": 100 * 365 * 86_400 * 10**9}


@needs_namespace("--time")
@pytest.mark.parametrize("mark", list(_MARKS))
def test_F100_TheMonotonicClockMayBeFar(place: Place, mark: str) -> None:
    ahead = _MARKS[mark] - time.monotonic_ns() - 3 * 10**9
    master = place.start(place.service("web", place.guest("steady"), timeout=2, shutdown_timeout=1) +
                         place.service("deaf", place.guest("deaf"), shutdown_timeout=1),
                         preexec_fn=own_namespaces("time", steps=[clock_ahead(ahead // 10**9)]))
    master.wait_running("deaf")
    _running_and_replaced(master)
    (pid,) = master.pids("web")
    wait_until(lambda: time.monotonic_ns() + ahead > _MARKS[mark] + 10**9, "the clock is past the mark")
    # No deadline has come too early, and none is forgotten.
    assert master.pids("web") == [pid]
    os.kill(pid, signal.SIGSTOP)
    master.wait_replaced("web", pid)
    master.fectl_ok("stop", "deaf")


# --- the place in which the master is started ---


@needs_root
@needs_mounts
@pytest.mark.parametrize("names", ["nobody is known", "there is no answer"])
def test_F101_NamesAreAskedForOnceAndNeverInTheLoop(place: Place, names: str) -> None:
    place.directory.chmod(0o755)
    nowhere = place.directory / "nowhere"
    if names == "nobody is known":
        nowhere.touch()
    else:
        os.mkfifo(nowhere)  # who opens it waits for ever
    master = place.start(place.service("web", settings.guest(place, "steady"), uid="nobody", gid="nogroup"),
                         preexec_fn=own_namespaces("mount"))
    before = settings.process_ids(master.wait_running("web")[0])
    assert before["Uid"] == [NOBODY] * 4
    # Who is known already is not asked for again, neither for a start nor for a client.
    for file in ("passwd", "group"):
        mount = ["mount", "--bind", str(nowhere), f"/etc/{file}"]
        subprocess.run(["nsenter", f"--target={master.pid}", "--mount", *mount], check=True)
    kill_and_replace(master)
    master.fectl_ok("reload", "web")
    assert settings.process_ids(master.pids("web")[0]) == before


@needs_mounts
@pytest.mark.parametrize("lack", ["no proc", "read-only root", "no null device"])
def test_F102_ABareMachineIsEnough(place: Place, lack: str) -> None:
    if lack == "no proc" and sanitized():
        pytest.skip("a sanitizer takes its options from /proc")
    empty = place.directory / "empty"
    empty.mkdir()
    steps = {"no proc": [bind(empty, pathlib.Path("/proc"))],
             "read-only root": [bind(place.directory, place.directory), read_only("/"),
                                lambda: os.chdir(place.directory)],
             "no null device": [bind(empty, pathlib.Path("/dev"))]}[lack]
    master = place.launch(place.service("web", place.guest("steady"), environ=without_leak_check(place)),
                          preexec_fn=own_namespaces("mount", steps=steps))
    if lack == "no null device":
        # A worker's standard input is /dev/null: the start fails with that reason, and the master can be asked.
        master.wait_until_up()
        master.wait_state("web", "failed")
        assert "cannot pass descriptor 0 (/dev/null): No such file or directory" in shown(master, "web")
    else:
        _running_and_replaced(master.wait_until_up())
        master.fectl_ok("reload", "web")


@needs_namespace("--pid", "--fork")
def test_F103_AsTheFirstProcessItReapsStrangersAndEnds(place: Place) -> None:
    place.wrapper = ["/usr/bin/unshare", "--pid", "--fork", "--kill-child"]
    # A worker that leaves a stranger behind, which the first process of a system gets.
    leaves = place.write("leaves", "#!/bin/sh\n(setsid /bin/sleep 0.1 &)\nexec " + place.guest("steady") + "\n", 0o755)
    master = place.launch(place.service("web", leaves, num=3, environ=without_leak_check(place)))
    wait_until(lambda: _answers(master), "it answers")
    assert master.ask("Pid") == ("Pid", "1")
    (first,) = [pid for pid in started_by(master.pid) if _parent(pid) == master.pid]
    wait_until(lambda: master.state("web") == "running", "it runs")
    wait_until(lambda: len(_children(first)) == 4, "the workers and the logger are left, and no zombie")
    master.fectl_ok("reload", "web")
    wait_until(lambda: len(_children(first)) == 4, "the workers and the logger are left, and no zombie")
    os.kill(first, signal.SIGTERM)
    assert master.wait_exit() == 0


def _answers(master: Master) -> bool:
    try:
        return master.ask("Version") is not None
    except (OSError, base_client.Closed):
        return False


def _parent(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def _children(pid: int) -> list[str]:
    """Zombies, too."""
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


@looks_into_master
@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]])
def test_F104_ClosedStreamsAreNobodyElses(place: Place, closed: list[int]) -> None:

    def close() -> None:
        for stream in closed:
            os.close(stream)

    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("reports_contract")) +
                         log_to("my.log"), preexec_fn=close)
    master.wait_running("web")
    streams = {number: os.readlink(f"/proc/{master.pid}/fd/{number}") for number in (0, 1, 2)}
    assert all(streams[number] == "/dev/null" for number in closed), streams
    assert not any(target.startswith("socket:") for target in streams.values())


@pytest.mark.parametrize("umask", [0, 0o777])
def test_F105_TheUmaskDecidesNothing(place: Place, umask: int) -> None:
    master = place.start(unix("local", "web.sock", mode="660") + log_to("my.log") +
                         place.service("web", place.guest("reports_contract"), stdout="web.out"),
                         preexec_fn=lambda: os.umask(umask) and None)
    master.wait_running("web")
    modes = {name: (place.directory / name).stat().st_mode & 0o7777
             for name in ("fectld.sock", "fectld.sock.lock", "fectld.pid", "my.log", "web.out", "web.sock")}
    assert modes == {"fectld.sock": 0o600, "fectld.sock.lock": 0o600, "fectld.pid": 0o644, "my.log": 0o640,
                     "web.out": 0o640, "web.sock": 0o660}
    # The worker gets the usual one.
    assert (place.directory / "contract-0.json").stat().st_mode & 0o777 == 0o644


def test_F105_WithoutRoomInFilesTheMasterServes(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")) + log_to("my.log"),
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY)))
    _running_and_replaced(master)
    assert (place.directory / "my.log").stat().st_size <= 20
    master.fectl_ok("reload", "web")


def test_F105_WithoutAnyFileTheStartIsRefusedAndNotKilled(place: Place) -> None:
    # The lock beside the control socket cannot be written.
    master = place.launch(place.service("web", place.guest("steady")), stdout=subprocess.DEVNULL,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert master.wait_exit() == 1


def test_F105_WhoHasUsedUpTheProcessorTimeOfTheLimitIsToldApart(place: Place) -> None:
    # A limit of the master that its workers inherit: each that has used it up is one lost worker and no more.
    spins = place.write("spins", f"#!/bin/sh\n[ -e spun ] || {{ : > spun; while :; do :; done; }}\n"
                        f"exec {place.guest('steady')}\n", 0o755)
    master = place.start(place.service("web", spins),
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY)))
    wait_until(lambda: {"Signal": int(signal.SIGXCPU)} in master.reasons("web"), "the signal is told")
    master.wait_running("web")
