"""How fectld comes to its end by itself: a service that it is there for has failed, or time is over after SIGTERM."""

import json
import os
import signal
import time
from typing import Any

import pytest

from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import wait_until

_EXIT = {"on_failure": "exit", "termination_message": "termination.log"}


def _master(place: Place, config: str, **settings: Any) -> Master:
    """With these keys of [master]; the harness writes that section's head."""
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    return place.launch(keys + config)


def _steady(place: Place, name: str = "web", **values: Any) -> str:
    return place.service(name, place.guest("steady"), num=1, **values)


def _failing(place: Place, script: str, **values: Any) -> str:
    return place.service("app", ["/bin/sh", "-c", script], num=1, restarts=2, essential=True, **values)


@pytest.mark.parametrize("script, code, words", [
    ("echo one; echo last words >&2; exit 3", 3, "exited with code 3"),
    ("echo last words; exit 0", 1, "exited with code 0"),
    ("echo last words; kill -SEGV $$", 128 + signal.SIGSEGV, "SIGSEGV"),
])
def test_an_essential_service_that_has_failed_is_the_end(place: Place, script: str, code: int, words: str) -> None:
    master = _master(place, _steady(place) + _failing(place, script), **_EXIT)
    assert master.wait_exit() == code
    log = master.log()
    assert f"the essential service app has failed: every service is to stop, and fectld exits with {code}" in log
    assert "service web worker(1)" in log and "all services are stopped; fectld leaves" in log
    message = "\n".join(place.lines("termination.log"))
    assert message.startswith("app worker(1) failed: ") and words in message
    assert message.endswith("last words")


def test_what_never_comes_up_or_is_not_there_has_codes_of_its_own(place: Place) -> None:
    late = place.service("app", ["/bin/sleep", "1000"], num=1, restarts=1, essential=True, startup_timeout=0.2)
    assert _master(place, late, **_EXIT).wait_exit() == 137
    gone = place.service("app", ["./gone"], num=1, essential=True)
    assert _master(place, gone, **_EXIT).wait_exit() == 127
    assert "gone" in place.lines("termination.log")[0]


def test_it_says_so_as_an_event(place: Place) -> None:
    logs = '[logs]\ndir = "logs"\n'
    master = _master(place, _steady(place) + _failing(place, "exit 3") + logs, **_EXIT)
    assert master.wait_exit() == 3
    events = [json.loads(line) for line in (place.directory / "logs/events.jsonl").read_text("utf-8").splitlines()]
    stopping = [event for event in events if event["type"] == "master.stopping"]
    assert [event["data"]["why"] for event in stopping] == ["app has failed"]


def test_others_and_other_settings_stay(place: Place) -> None:
    broken = place.service("broken", ["/bin/false"], num=1, restarts=1)
    master = _master(place, _steady(place, essential=True) + broken, **_EXIT).wait_until_up()
    wait_until(lambda: master.state("broken") == "failed", "the other service has failed")
    master.wait_running("web")
    # An essential service that is stopped by an operator, or whose reload fails, has not failed.
    master.fectl_ok("stop", "web")
    master.fectl_ok("start", "web")
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0
    assert not (place.directory / "termination.log").exists()

    master = _master(place, _steady(place) + _failing(place, "exit 3")).wait_until_up()
    wait_until(lambda: master.state("app") == "failed", "the service has failed")
    master.wait_running("web")


def test_exit_needs_a_service_that_is_essential(place: Place) -> None:
    master = _master(place, _steady(place), on_failure="exit")
    assert master.wait_exit() == 2
    assert 'master.on_failure: "exit" is for a service with essential = true, and there is none' in master.log()


def test_all_goes_on_for_a_while_after_sigterm(place: Place) -> None:
    master = _master(place, _steady(place), stop_delay=3).wait_until_up()
    [pid] = master.wait_running("web")
    began = time.monotonic()
    master.signal(signal.SIGTERM)
    wait_until(lambda: "all goes on for 3000 ms (stop_delay)" in master.log(), "it is told")
    # Who is lost meanwhile is replaced.
    os.kill(pid, signal.SIGKILL)
    master.wait_replaced("web", pid)
    assert master.wait_exit() == 0
    assert time.monotonic() - began >= 3
    assert "stop_delay is over: every service is to stop" in master.log()


@pytest.mark.parametrize("how", ["TERM", "INT", "quit"])
def test_a_second_wish_does_not_wait(place: Place, how: str) -> None:
    master = _master(place, _steady(place), stop_delay=3600).wait_until_up()
    master.wait_running("web")
    master.signal(signal.SIGTERM)
    wait_until(lambda: "(stop_delay)" in master.log(), "the first one is told")
    if how == "quit":
        master.fectl_ok("quit")
    else:
        master.signal(signal.SIGTERM if how == "TERM" else signal.SIGINT)
    assert master.wait_exit() == 0
    assert "stop_delay is over" not in master.log()


def test_a_failure_does_not_wait_either(place: Place) -> None:
    failing = _failing(place, "while test ! -e go; do sleep 0.05; done; exit 3", startup_timeout=60)
    master = _master(place, failing, stop_delay=3600, **_EXIT).wait_until_up()
    master.signal(signal.SIGTERM)
    wait_until(lambda: "(stop_delay)" in master.log(), "the first one is told")
    place.write("go", "")
    assert master.wait_exit() == 3
