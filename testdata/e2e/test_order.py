"""Services that start behind others and stop before them, programs that run once, and such ones before a roll."""

import json
import signal

from testdata.e2e.harness import Place
from testdata.e2e.processes import alive, wait_until


def _once(name: str, script: str, directory: str, **values: object) -> str:
    settings = {"name": name, "type": "oneshot", "command": ["/bin/sh", "-c", script], "directory": directory, **values}
    return "\n".join(["[[service]]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items()), "", ""])


def test_a_start_waits_for_what_it_requires(place: Place) -> None:
    directory = str(place.directory)
    place.write("result", "3")
    master = place.start(
        place.service("web", place.guest("steady"), requires=["migrate"])
        + _once("migrate", "while [ ! -e go ]; do sleep 0.05; done; exit $(cat result)", directory))
    assert "waiting for migrate" in master.fectl_ok("status", "web")
    place.write("go", "")
    wait_until(lambda: "blocked: migrate failed" in master.fectl_ok("status", "web"), "web is blocked")
    assert "exited with code 3" in master.fectl_ok("status", "migrate")
    refused = master.fectl("start", "web")
    assert refused.returncode != 0 and "blocked: migrate failed" in refused.stdout + refused.stderr
    place.write("result", "0")
    master.fectl_ok("start", "migrate")
    master.wait_running("web")
    assert "done" in master.fectl_ok("status", "migrate")
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0


def test_a_shutdown_stops_what_is_required_last(place: Place) -> None:
    slow = place.write("slow.sh", f"#!/bin/sh\nexec {place.guest('steady')}\n", mode=0o755)
    master = place.start(
        place.service("db", slow, autostart=False)
        + place.service("web", place.guest("deaf"), requires=["db"], shutdown_timeout=1))
    (db,) = master.wait_running("db")  # since web requires it
    (web,) = master.wait_running("web")
    master.signal(signal.SIGTERM)
    wait_until(lambda: not alive(web), "web is killed after its time")
    assert master.wait_exit() == 0
    assert not alive(db)
    log = master.log()
    assert log.index("service web worker(1)", log.index("got SIGTERM")) < log.index(
        "service db worker(1)", log.index("got SIGTERM"))


def test_a_roll_runs_its_oneshot_first(place: Place) -> None:
    directory = str(place.directory)
    place.write("result", "3")
    master = place.start(
        place.service("web", place.guest("steady"), before_roll="migrate")
        + _once("migrate", "echo ran >> runs; exit $(cat result)", directory, autostart=False))
    (old,) = master.wait_running("web")
    assert place.lines("runs") == []
    failed = master.fectl("reload", "web")
    assert failed.returncode != 0
    assert "migrate failed: exited with code 3; the old worker keeps serving" in failed.stdout + failed.stderr
    assert master.pids("web") == [old]
    place.write("result", "0")
    master.fectl_ok("reload", "web")
    assert master.pids("web") != [old]
    assert place.lines("runs") == ["ran", "ran"]
