"""System calls that are interrupted, told to come back later, or do only a part of what they were asked (F71, F72),
or fail (F86)."""

import json
import os
import pathlib
import re

import pytest

from testdata.e2e.applications import configured, python_environment
from testdata.e2e.harness import Master, Place, built
from testdata.e2e.http_requests import free_port, http_get
from testdata.faults.surroundings import kill_and_replace, log_to

_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z] \S.*")


def _disturbance(place: Place, how: str) -> dict[str, str]:
    """What programs of this place get from here on, and workers if it is added to their environment."""
    disturbance = {"LD_PRELOAD": str(built("testdata/faults/disturb.so")), "FECTL_DISTURB": how}
    if "ASAN_OPTIONS" in place.environment:
        disturbance["ASAN_OPTIONS"] = place.environment["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
    place.environment.update(disturbance)
    return disturbance


def _disturbed(place: Place, how: str, kind: str, port: int) -> Master:
    """A master, its two workers and every fectl, all of them with the disturbing library."""
    disturbance = _disturbance(place, how)
    words = [f"{name}={value}" for name, value in disturbance.items()]
    # The workers' own lines are none of the master's.
    master = place.start(configured(place, kind, port, num=2, environ=python_environment(place.directory) + words,
                                    stderr=str(place.directory / "workers.log")))
    # Only root may look into the master.
    for pid in [*([master.pid] if os.geteuid() == 0 else []), *master.wait_running("web", 2)]:
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
    # Nobody was thought dead, hanging or mad.
    for words in (": lost", "sent no heartbeat", "did not", "broke the worker protocol"):
        assert words not in master.log()


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
def test_F71_InterruptedCallsAndSpuriousReadinessHaveNoEffect(place: Place, kind: str) -> None:
    port = free_port()
    _live(_disturbed(place, "interrupt", kind, port), port)


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
def test_F72_ShortReadsAndWritesHaveNoEffect(place: Place, kind: str) -> None:
    port = free_port()
    _live(_disturbed(place, "shorten", kind, port), port)


def test_F86_ADiskThatBreaksLosesLinesAndNothingElse(place: Place) -> None:
    _disturbance(place, "break-disk")
    master = place.start(place.service("web", place.guest("steady")) + log_to("my.log"))
    master.wait_running("web")
    log = place.directory / "my.log"
    place.write("broken", "")
    before = log.read_text(encoding="utf-8")
    kill_and_replace(master)
    master.fectl_ok("reload", "web")
    assert log.read_text(encoding="utf-8") == before
    (place.directory / "broken").unlink()
    kill_and_replace(master)
    lines = log.read_text(encoding="utf-8").splitlines()
    lost = [line for line in lines if " log lines were lost before this one" in line]
    assert len(lost) == 1 and int(lost[0].split(" W ")[1].split()[0]) >= 3, lines
    assert any("was killed by SIGKILL" in line for line in lines[lines.index(lost[0]):]), lines
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
