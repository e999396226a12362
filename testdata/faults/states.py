"""Workers in each state of their place, ready for a fault.

S2 starting (not yet `loaded`), S3 serving, S4 paused, S5-old and S5-new the two of a reload, S6 stopping. (S0, S1 and
S7 have no process that could be hurt from outside, but for the moment before exec.)
"""

import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import subprocess
from typing import Iterator, Optional

from testdata.e2e.harness import Master, Place, tcp
from testdata.e2e.http_requests import HttpRequest, free_port
from testdata.e2e.processes import wait_until

STATES = ["S2", "S3", "S4", "S5-old", "S5-new", "S6"]


@dataclasses.dataclass
class Scene:
    place: Place
    master: Master
    port: int
    victim: int  # the process that is in the state
    partner: int = 0  # the other process of a reload
    # What an operator asked for and waits for: the reload of S5, the stop of S6.
    command: "Optional[concurrent.futures.Future[subprocess.CompletedProcess[str]]]" = None

    def let_load(self) -> None:
        """From here on a slow start comes to its end."""
        self.place.write("load", "")

    def queue_requests(self, count: int) -> list[HttpRequest]:
        """Connections that wait in the listener's queue, since nobody accepts."""
        return [HttpRequest(self.port) for _ in range(count)]

    def operator(self) -> "subprocess.CompletedProcess[str]":
        """How the operator's command ended."""
        assert self.command is not None
        return self.command.result()

    def hurt(self, number: int) -> None:
        os.kill(self.victim, number)


def _starting(place: Place) -> int:
    """The newest process of the slow start."""
    return int(wait_until(lambda: place.lines("waiting"), "a start that takes its time")[-1])


def slow_steady(place: Place) -> str:
    """The command of a worker without fault whose start ends when the file `load` is there."""
    return f"{place.guest('waits_for')} load {place.guest('steady')}"


@contextlib.contextmanager
def scene(place: Place, state: str) -> Iterator[Scene]:
    """The service `web` with one worker in this state, and the service `other`, which must not notice anything."""
    port = free_port()
    steady, slow = place.guest("steady"), place.write("slow", f"#!/bin/sh\nexec {slow_steady(place)}\n", 0o755)
    # Without the child of the guest, which would have the rest of the time after its parent's death.
    alone = place.write("alone", f"#!/bin/sh\nexec {place.guest('deaf')} alone\n", 0o755)
    command = {"S2": slow, "S6": alone}.get(state, steady)
    # What follows from a loss follows at once: whoever waited for the end of the time to stop would wait too long.
    web = place.service("web", place.link("current", command), shutdown_timeout=600)
    master = place.start(tcp("http", port, service=["web"]) + web + place.service("other", steady, num=2))
    master.wait_running("other", 2)
    others, events = master.pids("other"), [master.events("other", worker) for worker in (1, 2)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = Scene(place, master, port, 0)
        try:
            _enter(found, state, slow, pool)
            yield found
        finally:
            found.let_load()  # so that nobody waits for ever for a reload of a test that failed
    assert master.pids("other") == others and [master.events("other", worker) for worker in (1, 2)] == events


def _enter(found: Scene, state: str, slow: str, pool: concurrent.futures.Executor) -> None:
    master, place = found.master, found.place
    if state == "S2":
        found.victim = _starting(place)
        return
    (found.victim,) = master.wait_running("web")
    if state == "S4":
        master.fectl_ok("pause", "web")
    elif state.startswith("S5"):
        place.link("current", slow)
        found.command = pool.submit(master.fectl, "reload", "web")
        found.partner, found.victim = found.victim, _starting(place)
        if state == "S5-old":
            found.partner, found.victim = found.victim, found.partner
    elif state == "S6":
        found.command = pool.submit(master.fectl, "stop", "web")
        master.wait_state("web", "stopping")


def expect_policy(found: Scene, state: str, words: str) -> None:
    """What follows when the victim is lost, now: `words` say how."""
    master, place = found.master, found.place
    master.wait_state("other", "running")
    if state == "S2":
        wait_until(lambda: _starting(place) != found.victim, "it is started again")
        found.let_load()
    elif state == "S5-old":
        wait_until(lambda: master.pids("web") != [found.victim], "the new one is alone")
        found.let_load()
        assert found.operator().returncode == 0, found.operator()
        assert master.pids("web") == [found.partner]
    elif state == "S5-new":
        assert found.operator().returncode == 1 and words in found.operator().stderr, found.operator()
        assert master.pids("web") == [found.partner]
    if state == "S6":
        assert found.operator().returncode == 0, found.operator()
        assert master.state("web") == "stopped" and master.pids("web") == []
    elif state == "S4":
        wait_until(lambda: found.victim not in master.pids("web") and len(master.pids("web")) == 1, "it is replaced")
        master.wait_state("web", "paused")
        master.fectl_ok("resume", "web")
    else:
        master.wait_replaced("web", found.victim)
    assert words in master.fectl_ok("status", "web"), master.fectl_ok("status", "web")
