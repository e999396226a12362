"""System calls that are interrupted, told to come back later, or do only a part of what they were asked (F71, F72)."""

import json
import pathlib
import re

import pytest

from testdata.e2e.applications import configured, python_environment
from testdata.e2e.harness import Master, Place, built
from testdata.e2e.http_requests import free_port, http_get

_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z] \S.*")


def _disturbed(place: Place, how: str, kind: str, port: int) -> Master:
    """A master, its two workers and every fectl, all of them with the disturbing library."""
    disturbance = {"LD_PRELOAD": str(built("testdata/faults/disturb.so")), "FECTL_DISTURB": how}
    if "ASAN_OPTIONS" in place.environment:
        disturbance["ASAN_OPTIONS"] = place.environment["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
    place.environment.update(disturbance)
    words = [f"{name}={value}" for name, value in disturbance.items()]
    # The workers' own lines are none of the master's.
    master = place.start(configured(place, kind, port, num=2, environ=python_environment(place.directory) + words,
                                    stderr=str(place.directory / "workers.log")))
    for pid in [master.pid, *master.wait_running("web", 2)]:
        assert "disturb.so" in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return master


def _live(master: Master, port: int) -> None:
    """Something of everything that goes through a descriptor."""
    for command in ("reload", "restart", "reload"):
        before = set(master.pids("web"))
        master.fectl_ok(command, "web")
        assert before.isdisjoint(master.wait_running("web", 2))
        assert http_get(port) != ""
    master.fectl_ok("pause", "web")
    master.fectl_ok("resume", "web")
    for _ in range(10):
        assert http_get(port) != ""
    inspected = master.fectl_ok("status", "web", "--json")
    assert json.loads(inspected)
    assert len(inspected) > 1000, "too little to be cut into pieces"
    assert master.fectl("reload", "servce").returncode == 1
    master.fectl_ok("stop", "web")
    master.fectl_ok("start", "web")
    assert http_get(port) != ""
    master.fectl_ok("quit")
    assert master.wait_exit() == 0
    torn = [line for line in master.log().splitlines() if not _LINE.fullmatch(line)]
    assert torn == []
    # Nobody was thought dead or mad.
    assert "violat" not in master.log() and "silent" not in master.log()


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
def test_F71_InterruptedCallsAndSpuriousReadinessHaveNoEffect(place: Place, kind: str) -> None:
    port = free_port()
    _live(_disturbed(place, "interrupt", kind, port), port)


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
def test_F72_ShortReadsAndWritesHaveNoEffect(place: Place, kind: str) -> None:
    port = free_port()
    _live(_disturbed(place, "shorten", kind, port), port)
