"""Reload and restart: no request is lost, and a broken version takes nothing down.

FECTL_RELOADS=100 (--test_env) makes the load of test_no_request_is_lost go on for so many reloads.
"""

import os
import signal

import pytest

from testdata.e2e.applications import KINDS, configured, serve
from testdata.e2e.harness import Place, tcp
from testdata.e2e.http_requests import HttpRequest, free_port, http_get
from testdata.e2e.load import Load
from testdata.e2e.processes import alive, wait_until

# A start of Python takes half a second of processor time, and each reload has two of them.
_ROUNDS = {kind: int(os.environ.get("FECTL_RELOADS", default)) for kind, default in (("cpp", 20), ("aiohttp", 5))}


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
@pytest.mark.parametrize("command", ["reload", "restart"])
def test_no_request_is_lost(place: Place, kind: str, command: str) -> None:
    port = free_port()
    master = serve(place, kind, port)
    with Load(port) as load:
        wait_until(lambda: load.tally.answered > 100, "the load runs")
        for _ in range(_ROUNDS[kind]):
            old = master.pids("web")
            seen = load.tally.answered
            master.fectl_ok(command, "web")
            new = master.pids("web")
            assert len(new) == 2 and not set(old) & set(new)
            wait_until(lambda: not any(alive(pid) for pid in old), "the old workers are gone")
            wait_until(lambda: load.tally.answered > seen + 20, "requests are answered")
    print(load.tally)
    assert load.tally.failed == 0, load.tally
    assert load.tally.announced_ends > 0, "kept connections were told to come again"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("there,back", [("pause", "resume"), ("stop", "start")])
def test_no_request_is_lost_while_nobody_serves(place: Place, kind: str, there: str, back: str) -> None:
    port = free_port()
    master = serve(place, kind, port)
    keeps = 0 if kind == "plain" else 2
    with Load(port, busy=keeps, thinking=keeps) as load:
        for _ in range(5):
            seen = load.tally.answered
            wait_until(lambda: load.tally.answered > seen + 50, "requests are answered")
            master.fectl_ok(there, "web")
            master.fectl_ok(back, "web")
    assert load.tally.failed == 0, load.tally


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
def test_no_request_is_lost_when_workers_are_replaced_one_by_one(place: Place, kind: str) -> None:
    port = free_port()
    master = serve(place, kind, port, num=3, max_surge=1)
    with Load(port) as load:
        wait_until(lambda: load.tally.answered > 100, "the load runs")
        for _ in range(3 if kind == "cpp" else 2):
            old = master.pids("web")
            master.fectl_ok("reload", "web")
            assert not set(master.pids("web")) & set(old)
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 50, "requests are answered")
    assert load.tally.failed == 0, load.tally


def test_a_killed_worker_costs_only_what_it_had_open(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    victim, _ = master.wait_running("web", 2)
    with Load(port, busy=0, thinking=0, single=3) as load:
        wait_until(lambda: load.tally.answered > 50, "the load runs")
        os.kill(victim, signal.SIGKILL)
        master.wait_replaced("web", victim, 2)
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 50, "the load goes on")
    # One request per client may have been in the victim's hands.
    assert load.tally.failed <= 3, load.tally


_BROKEN = {
    "exits at once": ("exits", ["1"]),
    "hangs in start-up": ("never_loads", ["did not say `loaded` within 3 s"]),
    "configuration error": ("config_error", ['no database is configured: set "db"']),
    "missing executable": (None, ["No such file or directory"]),
}


@pytest.mark.parametrize("command", ["reload", "restart"])
@pytest.mark.parametrize("kind", list(_BROKEN))
def test_a_broken_version_keeps_the_old_workers_serving(place: Place, kind: str, command: str) -> None:
    guest, words = _BROKEN[kind]
    port = free_port()
    path = place.link("current", place.guest("steady"))
    master = place.start(tcp("http", port) + place.service("web", path, num=2, startup_timeout=3, restarts=2))
    old = master.wait_running("web", 2)
    with Load(port, busy=0, thinking=0) as load:
        wait_until(lambda: load.tally.answered > 20, "the load runs")
        place.link("current", None if guest is None else place.guest(guest))
        done = master.fectl(command, "web")
        assert done.returncode == 1, done
        assert any(word in done.stderr for word in words), done.stderr
        assert sorted(master.pids("web")) == sorted(old)
        assert master.state("web") == "running"
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 20, "the old workers serve")
        # The next good version goes through.
        place.link("current", place.guest("steady"))
        master.fectl_ok(command, "web")
        assert not set(master.pids("web")) & set(old)
    assert load.tally.failed == 0, load.tally
    assert any(word in master.fectl_ok("status", "web") for word in words), "status remembers what happened"


def test_a_broken_aiohttp_application_keeps_the_old_one_serving(place: Place) -> None:
    port = free_port()
    good = "from aiohttp import web\ndef make_app():\n    return web.Application()\n"
    place.write("shop.py", good)
    master = place.start(configured(place, "aiohttp", port, app="shop:make_app", num=2))
    old = master.wait_running("web", 2)
    for broken, words in (("import no_such_module_at_all\n", "no_such_module_at_all"),
                          ("def make_app(:\n", "SyntaxError"),
                          ("def make_app():\n    raise RuntimeError('the till is empty')\n", "the till is empty")):
        place.write("shop.py", broken)
        done = master.fectl("reload", "web")
        assert done.returncode == 1 and words in done.stderr, done
        assert master.pids("web") == old and master.state("web") == "running"
        assert words in master.fectl_ok("status", "web")
    place.write("shop.py", good)
    master.fectl_ok("reload", "web")


def test_a_broken_version_beside_one_that_loads(place: Place) -> None:
    # One of two new workers loads, the other does not: the service must not be left half new.
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path, num=2, startup_timeout=3, restarts=1))
    old = master.wait_running("web", 2)
    script = place.write("half", f"#!/bin/sh\n[ $FECTL_PROC_IDX = 0 ] && exec {place.guest('steady')}\nexit 3\n", 0o755)
    place.link("current", script)
    done = master.fectl("reload", "web")
    assert done.returncode == 1, done
    wait_until(lambda: master.state("web") == "running" and len(master.pids("web")) == 2, "two workers serve")
    assert old[1] in master.pids("web")


def test_reload_of_a_paused_service_comes_up_paused(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady")))
    (old,) = master.wait_running("web")
    master.fectl_ok("pause", "web")
    assert master.state("web") == "paused"
    master.fectl_ok("reload", "web")
    assert master.state("web") == "paused"
    (new,) = master.pids("web")
    assert new != old
    wait_until(lambda: not alive(old), "the old one is gone")
    with HttpRequest(port) as request:
        assert not request.answered_within(0.5)
        master.fectl_ok("resume", "web")
        assert int(request.body().split()[0]) == new


def test_a_worker_killed_while_paused_comes_up_paused(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady")))
    (old,) = master.wait_running("web")
    master.fectl_ok("pause", "web")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: not alive(old) and master.pids("web") not in ([], [old]), "it is replaced")
    wait_until(lambda: master.state("web") == "paused", "the service is paused again")
    with HttpRequest(port) as request:
        assert not request.answered_within(0.5)
        master.fectl_ok("resume", "web")
        assert int(request.body().split()[0]) == master.pids("web")[0]


@pytest.mark.parametrize("wish", ["reload", "restart"])
def test_a_worker_may_ask_to_be_replaced(place: Place, wish: str) -> None:
    master = place.start(place.service("web", f"{place.guest('asks')} {wish}", num=2))
    wait_until((place.directory / "asked").exists, "one has asked")
    wait_until(lambda: any("WorkerRequest" in master.reasons("web", worker) for worker in (1, 2)), "it was heard")
    wait_until(lambda: master.state("web") == "running" and len(master.pids("web")) == 2, "two workers serve")


def test_a_worker_that_dies_during_a_reload(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2))
    for _ in range(5):
        old = master.wait_running("web", 2)
        with master.client() as client:
            client.send("Reload", "web")
            os.kill(old[0], signal.SIGKILL)
            answer, _ = client.answer()
        assert answer in ("ServiceStarted", "ServiceFailed"), answer
        pids = master.wait_running("web", 2)
        assert old[0] not in pids
        wait_until(lambda: not any(alive(pid) for pid in set(old) - set(pids)), "who was replaced is gone")


def test_a_reload_finishes_open_requests(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady")))
    (old,) = master.wait_running("web")
    with place.slow_request(port) as request:
        with master.client() as client:
            client.send("Reload", "web")
            wait_until(lambda: http_get(port).split()[0] != str(old), "the new worker serves beside the old one")
            assert alive(old)
            place.write("release", "")
            assert int(request.body().split()[0]) == old
            client.answer()
    wait_until(lambda: not alive(old), "the old one leaves when it is done")
