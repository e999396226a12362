"""A program whose file system does not answer when it is executed (F38): nobody else notices."""

import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
from contextlib import contextmanager
from typing import Iterator

import pytest

from testdata.e2e.harness import Place, built, tcp
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import alive, command_line, started_by, wait_until
from testdata.faults.surroundings import failed_starts, wait_shown


@contextmanager
def _unanswered(program: pathlib.Path) -> Iterator[None]:
    """Who opens the file, to read or to execute it, waits (for 45 s, as Linux is set)."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # the kernel's word that somebody waits
    file = os.open(program, os.O_RDONLY)
    try:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            pytest.skip(f"this file system gives no lease: {error}")
        yield
    finally:
        os.close(file)
        signal.signal(signal.SIGIO, before)


def _copy_of_steady(place: Place) -> pathlib.Path:
    return pathlib.Path(shutil.copy(built("testdata/guests/steady"), place.directory / "slow"))


def test_F38_ASlowExecStopsNobodyElse(place: Place) -> None:
    slow = _copy_of_steady(place)
    port = free_port()
    config = (place.service("web", str(slow), num=3) + tcp("http", port, service="other") +
              place.service("other", place.guest("steady")))
    with _unanswered(slow):
        master = place.start(config)
        (first,) = master.wait_running("other")
        wait_until(lambda: len(started_by(master.pid)) == 4, "three on their way and one that serves")
        on_their_way = set(started_by(master.pid)) - {first}
        assert master.state("web") == "starting"
        # It does what a master does, and at once: none of this waits for the slow ones.
        os.kill(first, signal.SIGKILL)
        (second,) = master.wait_replaced("other", first)
        master.fectl_ok("reload", "other")
        assert master.pids("other") != [second]
        assert http_get(port).split()[0] == str(master.pids("other")[0])
    # And those who were slow come up as they are.
    assert set(master.wait_running("web", 3)) == on_their_way


def test_F38_ASlowStartEndsWithAStop(place: Place) -> None:
    slow = _copy_of_steady(place)
    with _unanswered(slow):
        master = place.start(place.service("web", str(slow)))
        (pid,) = wait_until(lambda: started_by(master.pid), "one on its way")
        master.fectl_ok("stop", "web")
        assert master.state("web") == "stopped"
        assert not alive(pid), command_line(pid)
        master.signal(signal.SIGTERM)
        assert master.wait_exit() == 0


def test_F38_AStartThatIsSlowForTooLongHasFailed(place: Place) -> None:
    slow = _copy_of_steady(place)
    with _unanswered(slow):
        master = place.start(place.service("web", str(slow), startup_timeout=1, restarts=2))
        master.wait_state("web", "failed")
        wait_shown(master, "web", "did not say `loaded` within 1 s")
        wait_shown(master, "web", f"could not be started: cannot execute {slow}: killed before exec by SIGKILL")
        wait_until(lambda: not started_by(master.pid), "nobody is left")


def test_F38_ASlowStartThatFailsSaysWhy(place: Place) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path))
    (old,) = master.wait_running("web")
    bad = pathlib.Path(place.write("slow", "\0no program", mode=0o755))
    place.link("current", str(bad))
    with _unanswered(bad):
        reload = subprocess.Popen([str(place.fectl_program), "reload", "web"], cwd=place.directory,
                                  stderr=subprocess.PIPE, text=True, env=place.environment)
        wait_until(lambda: len(started_by(master.pid)) == 2, "the new one is on its way")
        assert reload.poll() is None and master.state("web") == "reloading"
    _, words = reload.communicate(timeout=60)
    assert reload.returncode == 1 and f"cannot execute {path}: Exec format error" in words, words
    assert master.pids("web") == [old] and master.state("web") == "running"
    assert failed_starts(master, "web") == 1
