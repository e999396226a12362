"""Workers that die, in each state of their place (F1 to F7)."""

import os
import signal

import pytest

from testdata.e2e.harness import Place
from testdata.e2e.processes import wait_until


@pytest.mark.parametrize("code", [98, 1, 255, 126, 127])
def test_F7_ExitCodesAreKeptAsTheyAre(place: Place, code: int) -> None:
    master = place.start(place.service("web", f"{place.guest('exits')} {code}", restarts=1))
    master.wait_state("web", "failed")
    assert f"exited with code {code}" in master.fectl_ok("status", "web")


def test_F5_ExitWithZeroWhileServingIsReplaced(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGTERM)
    master.wait_replaced("web", pid)
    wait_until(lambda: "exited with code 0" in master.log(), "the code is in the log")
