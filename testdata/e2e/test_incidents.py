"""Workers that hang: what is found out about them beside their successors."""

import json
import re
from typing import Any

import pytest

from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import alive, wait_until

FUNCTIONS = {"spin": "Spin", "deadlock": "Deadlock"}


def incidents(master: Master) -> list[dict[str, Any]]:
    return json.loads(master.fectl_ok("incident", "--json"))["incidents"]


def hang(place: Place, command: str, **values: Any) -> tuple[Master, int, dict[str, Any]]:
    """The master, the pid of its worker that hung, and the incident that came of it."""
    master = place.start(place.service("web", command, timeout=1.5, **values))
    (pid,) = master.wait_running("web")
    place.write("hang", "")
    master.wait_replaced("web", pid)
    wait_until(lambda: len(incidents(master)) == 1, "the incident is kept")
    return master, pid, json.loads(master.fectl_ok("incident", "export", "1"))


@pytest.mark.parametrize("how", FUNCTIONS)
def test_the_function_in_which_a_worker_hangs_is_named(place: Place, how: str) -> None:
    master, pid, incident = hang(place, f"{place.guest('hangs')} {how}")
    # The line is there where the guests have debugging information, which Bazel strips unless told otherwise.
    where = rf"hung in `fectl::guests::{FUNCTIONS[how]}`( hangs\.cc:\d+)?"
    assert re.fullmatch(where, incident["summary"]["where"]), incident
    assert incident["summary"]["pid"] == pid and incident["summary"]["why"] == "sent no heartbeat for 1.5 s"
    assert incident["last_lines"].endswith("about to serve\n"), incident
    first = incident["threads"][0]
    assert first["id"] == pid and (first["state"] == "R") == (how == "spin"), first
    assert any("pipe:" in target for _, target in incident["descriptors"])
    assert "VmRSS" in incident["memory"]
    told = where + r" \(incident 1\)"
    assert re.search("sent no heartbeat for 1.5 s: " + told, master.fectl_ok("status", "web"))
    assert re.search(r"worker\.examined web/1 pid \d+: " + told, master.fectl_ok("events"))
    assert re.search(where, master.fectl_ok("incident"))
    shown = master.fectl_ok("incident", "show", "1")
    assert FUNCTIONS[how] in shown and "about to serve" in shown
    wait_until(lambda: not alive(pid), "it is killed")


@pytest.mark.parametrize("how", FUNCTIONS)
def test_without_the_right_to_look_into_it_that_is_told(place: Place, how: str) -> None:
    _, pid, incident = hang(place, f"{place.guest('hangs')} {how} hidden", capabilities=[])
    assert incident["summary"]["where"].startswith("hung, busy at" if how == "spin" else "hung, waiting")
    first = incident["threads"][0]
    assert first["id"] == pid and "frames" not in first and first["state"] == ("R" if how == "spin" else "S")
    missing = " ".join(incident["missing"])
    assert "its native stacks: " in missing and "its descriptors: " in missing
    assert "Permission denied" in missing or "Operation not permitted" in missing
    wait_until(lambda: not alive(pid), "it is killed")


def test_a_hundred_that_hang_at_once_are_replaced_and_leave_few_incidents(place: Place) -> None:
    command = f"{place.guest('hangs')} deadlock"
    names = [f"web{number}" for number in range(10)]
    master = place.start("".join(place.service(name, command, num=10, timeout=6) for name in names))
    old = {name: set(master.wait_running(name, 10)) for name in names}
    place.write("hang", "")
    for name in names:
        wait_until(lambda name=name: len(set(master.pids(name)) - old[name]) == 10 == len(master.pids(name)),
                   f"all workers of {name} are replaced")
    wait_until(lambda: not any(alive(pid) for pids in old.values() for pid in pids), "those that hang are killed")
    wait_until(lambda: len(incidents(master)) > 0, "one is kept")
    services = [incident["summary"]["service"] for incident in incidents(master)]
    assert len(set(services)) == len(services) <= 10, "one of a service in a minute"


def test_an_incident_that_is_not_there_is_told(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    wait_until(lambda: master.fectl("incident").returncode == 0, "the logger, which was just started, answers")
    assert master.fectl_ok("incident", "list") == "no incidents are kept\n"
    shown = master.fectl("incident", "show", "17")
    assert shown.returncode == 1 and "there is no incident 17" in shown.stderr
