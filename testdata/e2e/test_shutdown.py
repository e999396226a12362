"""How a master ends: gracefully, quickly, at the second asking, and always with nothing left behind."""

import os
import signal
import time

import pytest

from testdata.e2e.applications import SLOW_AIOHTTP_APP, pid_in, python_environment, serve
from testdata.e2e.harness import Place, built, tcp
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import alive, wait_until


def test_sigterm_finishes_open_requests(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    pids = master.wait_running("web", 2)
    with place.slow_request(port) as request:
        master.signal(signal.SIGTERM)
        wait_until(lambda: len([pid for pid in pids if alive(pid)]) == 1, "the idle worker leaves")
        assert master.running()
        place.write("release", "")
        assert int(request.body().split()[0]) in pids
    assert master.wait_exit() == 0
    assert not any(alive(pid) for pid in pids)


def test_sigterm_finishes_open_requests_of_aiohttp(place: Place) -> None:
    port = free_port()
    place.write("slow_app.py", SLOW_AIOHTTP_APP)
    master = serve(place, "aiohttp", port, app="slow_app:make_app")
    pids = master.pids("web")
    with place.slow_request(port) as request:
        master.signal(signal.SIGTERM)
        wait_until(lambda: len([pid for pid in pids if alive(pid)]) == 1, "the idle worker leaves")
        assert not request.answered_within(0.2) and master.running()
        place.write("release", "")
        assert pid_in(request.body()) in pids
    assert master.wait_exit() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_quick_stop_waits_for_no_request(place: Place, number: int) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), shutdown_timeout=300))
    (pid,) = master.wait_running("web")
    with place.slow_request(port):
        master.signal(number)
        master.wait_exit()
    assert not alive(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_quick_stop_of_deaf_workers(place: Place, number: int) -> None:
    master = place.start(place.service("web", place.guest("deaf"), num=2, shutdown_timeout=300))
    master.wait_running("web", 2)
    master.signal(number)
    master.wait_exit()
    assert not any(alive(int(pid)) for line in place.lines("deaf") for pid in line.split())


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_second_signal_hurries(place: Place, second: int) -> None:
    master = place.start(place.service("web", place.guest("deaf"), shutdown_timeout=300) +
                         place.service("good", place.guest("steady")))
    master.wait_running("web")
    (good,) = master.wait_running("good")
    master.signal(signal.SIGTERM)
    wait_until(lambda: not alive(good), "the stop is under way")
    assert master.running()
    master.signal(second)
    master.wait_exit()


def test_deaf_workers_delay_the_end_by_their_shutdown_timeout_alone(place: Place) -> None:
    master = place.start(place.service("web", place.guest("deaf"), shutdown_timeout=1))
    master.wait_running("web")
    began = time.monotonic()
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0
    assert time.monotonic() - began >= 0.9


def test_stopped_workers_are_ended_too(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), shutdown_timeout=1))
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGSTOP)
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0
    assert not alive(pid)


@pytest.mark.parametrize("guest", ["never_loads", "exits"])
def test_sigterm_while_services_start_or_fail(place: Place, guest: str) -> None:
    master = place.start(place.service("web", place.guest(guest), num=3, restarts=1000, shutdown_timeout=1))
    wait_until(lambda: len(place.lines("spawns")) >= 3, "they were started")
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0


def test_sigterm_in_the_middle_of_a_reload(place: Place) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path, num=2, shutdown_timeout=1))
    master.wait_running("web", 2)
    place.link("current", place.guest("never_loads"))
    with master.client() as client:
        client.send("Reload", "web")
        wait_until(lambda: place.lines("spawns"), "the reload is under way")
        master.signal(signal.SIGTERM)
        assert master.wait_exit() == 0


def test_sigterm_at_once(place: Place) -> None:
    """A signal may come at any moment of the start: the end is orderly, or it is the signal's own."""
    for delay in (0, 0.001, 0.003, 0.01, 0.03, 0.1):
        master = place.launch(place.service("web", place.guest("steady"), num=3))
        time.sleep(delay)  # not to be right: to come at different moments
        master.signal(signal.SIGTERM)
        assert master.wait_exit() in (0, -signal.SIGTERM)


def test_workers_end_when_the_master_is_killed(place: Place) -> None:
    port = free_port()
    place.write("slow_app.py", "def serve(worker, socket, arguments):\n    return object()\n")
    config = place.service("plain", place.guest("steady"))
    config += place.service("sdk", str(built("testdata/demo/hello_cpp")), num=2)
    config += place.service("python", "/usr/bin/python3 -m fectl_worker asyncio --app slow_app:serve",
                            environ=python_environment(place.directory))
    master = place.start(tcp("http", port, service=["sdk"]) + config)
    pids = [pid for name, num in (("plain", 1), ("sdk", 2), ("python", 1)) for pid in master.wait_running(name, num)]
    master.signal(signal.SIGKILL)
    master.wait_exit()
    wait_until(lambda: not any(alive(pid) for pid in pids), "the workers leave")
    os.unlink(master.sock)
    os.unlink(master.pid_file)


def test_deaths_are_not_lost_while_the_master_stops(place: Place) -> None:
    num = 50
    master = place.start(place.service("web", place.guest("steady"), num=num))
    pids = master.wait_running("web", num)
    master.signal(signal.SIGTERM)
    for pid in pids[::2]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert master.wait_exit() == 0
    assert not any(alive(pid) for pid in pids)


def test_a_master_that_loses_its_terminal_or_output_goes_on(place: Place) -> None:
    read_end, write_end = os.pipe()
    master = place.start(place.service("web", place.guest("steady")), stderr=write_end)
    os.close(write_end)
    (pid,) = master.wait_running("web")
    os.close(read_end)
    os.kill(pid, signal.SIGKILL)
    master.wait_replaced("web", pid)
