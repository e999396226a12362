"""Workers that say that they are busy."""

import re
from typing import Any

from testdata.e2e import settings
from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import alive, wait_until


def busy(master: Master) -> dict[str, Any]:
    return settings.inspect(master, "web")["workers"][0]


def test_who_is_busy_may_be_silent_for_longer_than_the_timeout(place: Place) -> None:
    master = place.start(place.service("web", place.guest("busy"), timeout=0.5, max_lease=60))
    (pid,) = master.wait_running("web")
    wait_until(lambda: 0 < busy(master).get("busy_left_s", 0) < 58, "it has been silent for 2 s")
    assert busy(master)["busy"] == "model load"
    assert re.search(r"busy: model load, 5\d s left", master.fectl_ok("status", "web"))
    place.write("done", "")
    wait_until(lambda: "busy_left_s" not in busy(master), "it says that it is busy no longer")
    assert master.pids("web") == [pid] and alive(pid)
    assert "busy" not in master.fectl_ok("status", "web")


def test_a_lease_that_runs_out_is_told_as_that(place: Place) -> None:
    master = place.start(place.service("web", place.guest("busy"), timeout=0.5, max_lease=1))
    (pid,) = master.wait_running("web")
    master.wait_replaced("web", pid)
    assert "let its lease of 1 s run out, busy with: model load" in master.fectl_ok("status", "web")
    assert "HeartbeatFailed" in master.reasons("web")
    place.write("done", "")


def test_a_start_may_take_longer(place: Place) -> None:
    master = place.start(place.service("web", f"{place.guest('busy')} start", startup_timeout=0.5, max_lease=60))
    wait_until(lambda: 0 < busy(master).get("busy_left_s", 0) < 58, "it has been loading for 2 s")
    started = busy(master)
    assert started["state"] == "starting"
    place.write("done", "")
    assert master.wait_running("web") == [started["pid"]]
    assert "busy_left_s" not in busy(master)


def test_max_lease_takes_effect_without_a_restart(place: Place) -> None:
    master = place.start(place.service("web", place.guest("busy"), timeout=1, max_lease=60))
    (pid,) = master.wait_running("web")
    wait_until(lambda: busy(master).get("busy_left_s", 0) > 0, "it is busy")
    config = (place.directory / "fectld.toml").read_text(encoding="utf-8")
    place.write("fectld.toml", config.replace("max_lease = 60", "max_lease = 2"))
    assert "max_lease: 60 -> 2" in master.fectl("plan").stdout
    master.fectl_ok("apply", "--wait")
    assert busy(master)["pid"] == pid and busy(master)["busy_left_s"] > 2, "what was granted stays"
    place.write("done", "")
