"""The services of the soak, and what is measured of the master between two rounds."""

import dataclasses
import os
import pathlib
import time

from testdata.e2e.applications import python_environment
from testdata.e2e.harness import Master, Place, built, tcp
from testdata.e2e.http_requests import free_port
from testdata.e2e.load import Load
from testdata.e2e.processes import started_by, wait_until

# Workers of each service. `gentle`, `python`, `wsgi` and `deployed` serve HTTP and are treated as an operator would;
# `rough` serves HTTP and loses workers to signals; `churned` serves nobody and gets whatever comes to mind.
WORKERS = {"gentle": 2, "python": 1, "wsgi": 1, "deployed": 2, "rough": 3, "churned": 2}
ROUGH_TIMEOUT_SECONDS = 4
ROUGH_CLIENTS = {"busy": 1, "thinking": 2, "single": 1}

_LOADS: dict[str, dict[str, int]] = {
    "gentle": {"busy": 1, "thinking": 2, "single": 1},
    "python": {"busy": 0, "thinking": 1, "single": 1},
    "wsgi": {"busy": 0, "thinking": 1, "single": 1},
    "deployed": {"busy": 0, "thinking": 0, "single": 2},
    "rough": ROUGH_CLIENTS,
}

ACCESS_LOGS = {"python": "python.access.log", "wsgi": "wsgi.access.log"}
# How long a request may take to come, in the services that are written in Python.
REQUEST_LIMIT_SECONDS = 4

_WSGI_APPLICATION = """
def application(environ, start_response):
    body = b"hello from WSGI"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


def _arguments(service: str, app: str) -> list[str]:
    limits = [f"header_timeout={REQUEST_LIMIT_SECONDS}", f"request_timeout={REQUEST_LIMIT_SECONDS}"]
    return [f"app={app}", f"access_log={ACCESS_LOGS[service]}", *limits]


@dataclasses.dataclass(frozen=True)
class Sample:
    """The master at rest: every service runs, no operator is connected."""

    seconds: float  # since the start
    resident_kib: int
    own_kib: int  # proportional set size: what is shared counts in part
    descriptors: int
    processes: int  # below the master


def _kib(pid: int, file: str, field: str) -> int:
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise AssertionError(f"{pid} has no {field}")


class Stage:
    """A master with all services under load, from __enter__ to __exit__."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.ports = {name: free_port() for name in _LOADS}
        self.good = place.guest("steady")
        self.master: Master
        self.loads = {name: Load(self.ports[name], **clients) for name, clients in _LOADS.items()}
        self._began = time.monotonic()

    def _config(self) -> str:
        place, ports = self.place, self.ports
        hello = str(built("testdata/demo/hello_cpp"))
        place.write("hello_wsgi.py", _WSGI_APPLICATION)
        quiet = {"stdout": str(place.directory / "workers.log"), "stderr": str(place.directory / "workers.log")}
        return "".join([
            tcp("gentle", ports["gentle"], service=["gentle"]),
            tcp("python", ports["python"], service=["python"], app="aiohttp",
                arguments=_arguments("python", "hello_aiohttp:make_app")),
            tcp("wsgi", ports["wsgi"], service=["wsgi"], app="wsgi",
                arguments=_arguments("wsgi", "hello_wsgi:application")),
            tcp("deployed", ports["deployed"], service=["deployed"]),
            tcp("rough", ports["rough"], service=["rough"]),
            place.service("gentle", hello, num=WORKERS["gentle"], **quiet),
            place.service("python", "/usr/bin/python3 -m fectl_worker asyncio", num=WORKERS["python"],
                          environ=python_environment(), **quiet),
            place.service("wsgi", "/usr/bin/python3 -m fectl_worker gevent", num=WORKERS["wsgi"],
                          environ=python_environment(place.directory), **quiet),
            place.service("deployed", place.link("deployed", self.good), num=WORKERS["deployed"], startup_timeout=15,
                          **quiet),
            place.service("rough", hello, num=WORKERS["rough"], timeout=ROUGH_TIMEOUT_SECONDS, **quiet),
            place.service("churned", place.guest("level_two"), num=WORKERS["churned"], shutdown_timeout=5, **quiet),
        ])

    def __enter__(self) -> "Stage":
        self.master = self.place.start(self._config())
        self.settle()
        for load in self.loads.values():
            load.__enter__()
        return self

    def __exit__(self, *unused: object) -> None:
        for load in self.loads.values():
            load.stop()

    def settle(self) -> None:
        """Until every service runs with all of its workers and nothing else is left of earlier ones."""
        for name, num in WORKERS.items():

            def runs(name: str = name) -> bool:
                state = self.master.state(name)
                if state in ("failed", "stopped"):
                    self.master.ask("Start", name)
                elif state == "paused":
                    self.master.ask("Resume", name)
                return state == "running"

            wait_until(runs, f"{name} runs again", 120)
            self.master.wait_running(name, num)
        wait_until(lambda: len(started_by(self.master.pid)) == sum(WORKERS.values()),
                   "no process is left of earlier workers", 120)

    def sample(self) -> Sample:
        self.settle()
        pid = self.master.pid
        descriptors = 0

        def same_twice() -> bool:
            # The connection by which settle() asked may not be closed yet.
            nonlocal descriptors
            before, descriptors = descriptors, len(os.listdir(f"/proc/{pid}/fd"))
            return before == descriptors

        wait_until(same_twice, "the number of descriptors stands still")
        return Sample(seconds=time.monotonic() - self._began, resident_kib=_kib(pid, "status", "VmRSS"),
                      own_kib=_kib(pid, "smaps_rollup", "Pss"), descriptors=descriptors,
                      processes=len(started_by(pid)))
