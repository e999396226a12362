"""Servers of other projects as workers, by one key of the service: each starts, becomes ready, survives a reload
and dies with its master."""

import signal

import pytest

from testdata.e2e.applications import pid_in
from testdata.e2e.foreign_programs import KINDS, configured, require, surroundings
from testdata.e2e.harness import Place
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import descendants, started_by, wait_until


@pytest.mark.parametrize("name", KINDS)
def test_starts_reloads_and_dies_with_its_master(place: Place, name: str) -> None:
    port = free_port()
    master = place.start(configured(place, name, port, num=2))
    old = master.wait_running("web", 2)
    assert pid_in(http_get(port)) in started_by(master.pid)

    master.fectl_ok("reload", "web")
    assert not set(master.wait_running("web", 2)) & set(old)
    wait_until(lambda: len(set(started_by(master.pid)) & set(old)) == 0, "the old programs have left")
    assert pid_in(http_get(port)) in started_by(master.pid)

    started = set(started_by(master.pid))
    assert len(started) >= 4  # two fectl-run and their programs
    master.signal(signal.SIGKILL)
    wait_until(lambda: not started & set(descendants()), "what it had started has left")
    for left in ("fectld.sock", "fectld.pid"):
        (place.directory / left).unlink()


def test_gunicorn_with_a_broken_application_is_refused(place: Place) -> None:
    port = free_port()
    master = place.start(configured(place, "gunicorn", port))
    (serving,) = master.wait_running("web")
    place.write("wsgi_app.py", "raise RuntimeError('no database')\n")
    done = master.fectl("reload", "web")
    assert done.returncode != 0
    # gunicorn says READY=1 before any application is loaded, but the private socket is answered by nobody.
    assert "exited with code 3" in done.stdout + done.stderr, done
    assert master.pids("web") == [serving]
    assert pid_in(http_get(port)) in descendants(serving)


def test_redis_says_that_it_is_ready_and_is_watched_by_a_command(place: Place) -> None:
    require("redis-server")
    port = free_port()
    # Whoever answers at this address need not be this process, so the command looks for its number.
    asks = f"redis-cli -p {port} info server | grep -q process_id:$MAINPID"
    master = place.start(place.service(
        "cache", f"redis-server --port {port} --save '' --supervised systemd", ready="notify",
        watchdog=f"exec:{asks}=20", environ=surroundings(place)))
    (worker,) = master.wait_running("cache")
    status = master.fectl_ok("status", "cache")
    assert "unwatched" not in status, status
    # The new one cannot have the address while the old one has it, so it ends, and the old one goes on.
    done = master.fectl("reload", "cache")
    assert done.returncode != 0, done
    assert "exited with code 1" in done.stdout + done.stderr, done
    assert master.pids("cache") == [worker]
    master.fectl_ok("stop", "cache")
    master.fectl_ok("start", "cache")
    assert master.wait_running("cache") != [worker]


def test_a_command_that_asks_for_the_process_is_not_answered_by_another_one(place: Place) -> None:
    require("redis-server")
    port = free_port()
    asks = f"redis-cli -p {port} info server | grep -q process_id:$MAINPID"
    master = place.start(place.service("cache", f"redis-server --port {port} --save ''", ready=f"exec:{asks}",
                                       environ=surroundings(place)))
    (worker,) = master.wait_running("cache")
    assert master.fectl("reload", "cache").returncode != 0
    assert master.pids("cache") == [worker]
