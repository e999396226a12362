"""What the tests see of incidents."""

import json
import pathlib
from typing import Any

from testdata.e2e.applications import python_environment
from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import wait_until

HERE = pathlib.Path(__file__).parent


def incidents(master: Master) -> list[dict[str, Any]]:
    return json.loads(master.fectl_ok("incident", "--json"))["incidents"]


def only_incident(master: Master) -> dict[str, Any]:
    """The text of the one incident that there is, or will be."""
    # A logger that was started just now is not to be reached yet.
    wait_until(lambda: master.fectl("incident").returncode == 0, "the logger answers")
    wait_until(lambda: len(incidents(master)) == 1, "the incident is kept")
    return json.loads(master.fectl_ok("incident", "export", "1"))


def python_service(place: Place, command: str, **values: Any) -> str:
    """A service whose Python finds the application `shop` and our package."""
    environ = [*python_environment(HERE), *values.pop("environ", [])]
    return place.service("web", f"/usr/bin/python3 {command}", environ=environ, **values)


def python_stacks(incident: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [stack for stack in incident.get("python", []) if stack["kind"] == kind]


def functions(stack: dict[str, Any]) -> list[str]:
    return [frame["function"] for frame in stack["frames"]]
