"""What people see of a running fectld: why a service is as it is, waits of scripts, status that goes on, and top."""

import json
import os
import signal
import subprocess

from testdata.e2e.harness import Place, built
from testdata.e2e.processes import wait_until


def test_why_tells_what_led_there_and_what_comes_next(place: Place) -> None:
    master = place.start(
        place.service("web", place.guest("steady"), num=2)
        + place.service("bad", f"{place.guest('exits')} 3", restarts=1)
        + place.service("idle", place.guest("steady"), autostart=False)
    )
    first, _ = master.wait_running("web", 2)
    assert master.fectl_ok("why", "web").startswith("web runs: all 2 workers serve.\n  since    ")
    assert f"Worker 1 of web serves (pid {first})." in master.fectl_ok("why", "web/1")
    master.wait_state("bad", "failed")
    words = " ".join(master.fectl_ok("why", "bad").split())
    assert words.startswith("bad has failed: its worker does not serve.")
    assert "the last process exited with code 3 before it was loaded." in words
    assert "When the cause is mended, fectl start bad tries it again." in words
    assert "`autostart` is false, and nobody has started it." in master.fectl_ok("why", "idle")
    view = json.loads(master.fectl_ok("why", "web/2", "--json"))
    assert (view["service"], view["worker"], view["state"]) == ("web", 2, "running")
    assert view["since_at"] > 0 and view["change"].startswith("fectl reload 'web[2]' replaces it;")
    assert "there is no worker 9 of web: it has 2" in master.fectl("why", "web/9").stderr
    os.kill(first, signal.SIGSEGV)
    wait_until(lambda: "was killed by SIGSEGV" in master.fectl_ok("why", "web/1"), "the loss is told")


def test_wait_returns_when_it_is_so(place: Place) -> None:
    master = place.start(
        place.service("web", place.guest("steady"), autostart=False)
        + place.service("bad", f"{place.guest('exits')} 3", restarts=1)
    )
    late = master.fectl("wait", "web", "--timeout", "0.2")
    assert late.returncode == 1
    assert "web: not ready within the time given: stopped, 0 of 1 workers serve" in late.stderr
    waiting = subprocess.Popen([built("client/fectl"), "-m", master.sock, "wait", "web"])
    try:
        master.fectl_ok("start", "web")
        assert waiting.wait(60) == 0
    finally:
        waiting.kill()
        waiting.wait()
    master.fectl_ok("wait", "bad", "--for", "failed")
    hopeless = master.fectl("wait", "bad")
    assert hopeless.returncode == 1 and "exited with code 3" in hopeless.stderr
    master.fectl_ok("wait", "web", "--for", "version=1")
    master.fectl_ok("stop", "web")
    master.fectl_ok("wait", "web", "--for", "stopped")


def test_status_goes_on(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    master.wait_running("web")
    command = [built("client/fectl"), "-m", master.sock, "status", "-w", "--json"]
    looking = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert looking.stdout is not None
        states = [json.loads(looking.stdout.readline())["services"][0]["state"]]
        master.fectl_ok("stop", "web")
        while states[-1] != "stopped":
            states.append(json.loads(looking.stdout.readline())["services"][0]["state"])
        assert states[0] == "running"
        looking.send_signal(signal.SIGTERM)
        assert looking.wait(60) == 0
    finally:
        looking.kill()
        looking.wait()


def test_top_knows_what_the_workers_use(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2))
    pids = master.wait_running("web", 2)
    rows = json.loads(master.fectl_ok("top", "--json"))["workers"]
    assert [row["pid"] for row in rows] == pids
    for row in rows:
        assert row["memory_bytes"] > 100_000
        assert 0 <= row["cpu_percent"] < 1000
        assert row["beat_age_s"] is None or 0 <= row["beat_age_s"] < 10
    assert f"fectld 1.0.0, pid {master.pid}" in master.fectl_ok("top")
