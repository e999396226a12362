"""Workers that crash: what is kept of them, and what is no crash."""

import os
import pathlib
import re
import resource
import signal

import pytest

from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import alive, sanitized, wait_until
from testdata.incidents.kept import incidents, only_incident, python_service

ROUNDS = range(int(os.environ.get("FECTL_ROUNDS", "1")))
CORE_PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern")


def crashed(place: Place, how: str) -> tuple[Master, int]:
    """A master whose worker, of this pid, ended so and was replaced."""
    master = place.start(python_service(place, "-m shop.crashing"))
    (pid,) = master.wait_running("web")
    wait_until(lambda: "rows=7" in master.fectl_ok("status", "web"), "its gauge has come")
    place.write("end.new", how)
    (place.directory / "end.new").rename(place.directory / "end")
    master.wait_replaced("web", pid)
    return master, pid


@pytest.mark.parametrize("_round", ROUNDS)
def test_an_exception_that_nobody_caught_is_an_incident(place: Place, _round: int) -> None:
    master, pid = crashed(place, "throw")
    incident = only_incident(master)
    summary = incident["summary"]
    assert summary["kind"] == "crash" and summary["pid"] == pid and summary["worker"] == 1
    assert re.fullmatch(r"crashed in `throw` crashing\.py:\d+: ValueError: no such row", summary["where"])
    assert summary["why"] == "exited with code 1" and "core" not in summary
    assert summary["note"] == "counting rows" and summary["gauges"] == {"rows": 7}
    assert incident["last_lines"].endswith("ValueError: no such row\n")
    listed = master.fectl_ok("incident", "list")
    assert re.search(rf"^1  \S+  crash  web/1 pid {pid}  crashed in `throw` crashing\.py:\d+: ValueError: no such row; "
                     r"it exited with code 1$", listed, re.MULTILINE), listed
    shown = master.fectl_ok("incident", "show", "1")
    assert "it had said: counting rows" in shown and "Traceback" in shown and "rows 7" in shown
    assert re.search(r"worker\.examined web: worker 1 crashed in `throw` crashing\.py:\d+: ValueError: no such row "
                     r"\(incident 1\)", master.fectl_ok("events"))


@pytest.mark.skipif(sanitized(), reason="sanitizers take SIGSEGV")
@pytest.mark.parametrize("_round", ROUNDS)
@pytest.mark.parametrize("how", ["read_nothing", "core"])
def test_a_signal_is_an_incident_with_its_core(place: Place, how: str, _round: int) -> None:
    if how == "core" and resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("no core can be dumped here")
    master, _ = crashed(place, how)
    summary = only_incident(master)["summary"]
    assert summary["kind"] == "crash"
    if "core dumped" not in summary["why"]:
        assert how == "read_nothing"
        assert summary["why"] == "was killed by SIGSEGV"
        assert summary["core"].startswith("none: ")
        return
    pattern = CORE_PATTERN.read_text(encoding="utf-8").strip()
    if pattern == "core":
        assert summary["core"] == f"as `core` in {place.directory} (core_pattern)"
        assert list(place.directory.glob("core*"))
    else:
        assert "core_pattern" in summary["core"] or summary["core"].startswith("taken by ")


def test_what_is_killed_by_somebody_is_an_incident_too(place: Place) -> None:
    master = place.start(python_service(place, "-m shop.crashing"))
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGKILL)
    master.wait_replaced("web", pid)
    summary = only_incident(master)["summary"]
    assert (summary["kind"], summary["why"]) == ("crash", "was killed by SIGKILL")


def test_what_was_wanted_is_none(place: Place) -> None:
    master, _ = crashed(place, "leave")
    (pid,) = master.pids("web")
    os.kill(pid, signal.SIGTERM)  # it finishes and exits with 0
    (pid,) = master.wait_replaced("web", pid)
    os.kill(pid, signal.SIGINT)
    (pid,) = master.wait_replaced("web", pid)
    master.fectl_ok("reload", "web")
    master.fectl_ok("restart", "web")
    wait_until(lambda: not alive(pid), "the old one has left")
    master.fectl_ok("stop", "web")
    master.fectl_ok("start", "web")
    # One that comes behind all of these shows that none of them is on its way.
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGKILL)
    master.wait_replaced("web", pid)
    assert only_incident(master)["summary"]["why"] == "was killed by SIGKILL"


def test_of_a_crash_loop_one_is_kept(place: Place) -> None:
    place.write("end", "throw")
    master = place.start(python_service(place, "-m shop.crashing --keeps", num=3))
    wait_until(lambda: "crashing" in master.fectl_ok("status", "web"), "it is seen to crash again and again")
    only_incident(master)
    for pid in master.pids("web"):
        wait_until(lambda pid=pid: not alive(pid), "it crashes")
    assert len(incidents(master)) == 1
