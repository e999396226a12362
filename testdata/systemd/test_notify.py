"""fectld under a service manager that wants to be told how it is going, as systemd does with Type=notify."""

import os
import signal

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import wait_until
from testdata.systemd.notify_socket import NotifySocket, notify_socket

READY = ["READY=1"]
RELOADED = ["RELOADING=1", "READY=1"]


def steady(place: Place, name: str, num: int = 1, **values: object) -> str:
    return place.service(name, place.guest("steady"), num=num, **values)


def _start(place: Place, manager: NotifySocket, config: str, **more: str) -> Master:
    return place.start(config, **manager.environment(place, **more))


@pytest.mark.parametrize("abstract", [False, True])
def test_the_start_is_told_when_the_services_are_up(place: Place, abstract: bool) -> None:
    with notify_socket(place, f"@fectl-{place.directory.name}" if abstract else None) as manager:
        master = _start(place, manager, steady(place, "web", 3) + steady(place, "api"))
        first = manager.take()
        assert int(first["EXTEND_TIMEOUT_USEC"]) > 0 and "READY" not in first and "MAINPID" not in first
        assert manager.sender == master.pid
        assert manager.until("READY=1") == READY
        assert master.state("web") == "running" and master.state("api") == "running"


def test_what_never_comes_up_does_not_keep_the_start_from_ending(place: Place) -> None:
    with notify_socket(place) as manager:
        broken = place.service("broken", ["/bin/false"], restarts=1)
        _start(place, manager, steady(place, "web") + broken)
        assert manager.until("READY=1") == READY
        manager.wait_status("2 services, 1/2 ready, 1 failed")


def test_the_line_of_status_follows(place: Place) -> None:
    with notify_socket(place) as manager:
        master = _start(place, manager, steady(place, "web", 2) + steady(place, "api"))
        assert manager.take()["STATUS"] == "2 services, 0/0 ready"
        manager.wait_status("2 services, 3/3 ready")
        master.fectl_ok("stop", "web")
        manager.wait_status("2 services, 1/1 ready")
        master.fectl_ok("scale", "api", "2")
        manager.wait_status("2 services, 2/2 ready")


def test_an_application_is_a_reload_that_ends_whatever_it_comes_to(place: Place) -> None:
    with notify_socket(place) as manager:
        head = steady(place, "web")
        master = _start(place, manager, head)
        assert manager.until("READY=1") == READY
        before = (place.directory / "fectld.toml").read_text(encoding="utf-8")[: -len(head)]

        def apply(config: str, *arguments: str) -> int:
            place.write("fectld.toml", before + config)
            done = master.fectl("apply", "--wait", *arguments)
            assert manager.until("READY=1") == RELOADED
            return done.returncode

        assert apply(steady(place, "web", 2)) == 0
        # Nothing to do, a file that is not valid, a plan that is another one.
        assert apply(steady(place, "web", 2)) == 0
        assert apply(steady(place, "web", 2, nonsense=1)) == 1
        assert apply(steady(place, "web", 3), "1234567") == 1
        # A version that does not come up.
        assert apply(place.service("web", ["/bin/false"], num=2, restarts=1)) == 1
        # Looking is none.
        master.fectl("plan")
        master.fectl_ok("reload", "web")
        assert manager.rest() == []


def test_a_signal_is_a_reload_that_ends_whatever_it_comes_to(place: Place) -> None:
    with notify_socket(place) as manager:
        master = _start(place, manager, steady(place, "web"))
        assert manager.until("READY=1") == READY
        master.signal(signal.SIGHUP)
        assert manager.until("READY=1") == RELOADED
        place.write("fectld.toml", "no toml at all")
        master.signal(signal.SIGHUP)
        assert manager.until("READY=1") == RELOADED
        wait_until(lambda: "after a signal (SIGHUP)" in master.log(), "the failure is in the log")


@pytest.mark.parametrize("how", ["TERM", "INT", "quit"])
def test_the_end_is_told_once(place: Place, how: str) -> None:
    with notify_socket(place) as manager:
        master = _start(place, manager, steady(place, "web", 2))
        assert manager.until("READY=1") == READY
        if how == "quit":
            master.fectl_ok("quit")
        else:
            master.signal(signal.SIGTERM if how == "TERM" else signal.SIGINT)
        assert master.wait_exit() == 0
        assert manager.rest() == ["STOPPING=1"]


def test_a_long_end_asks_for_time(place: Place) -> None:
    with notify_socket(place) as manager:
        slow = place.service("slow", place.guest("deaf"), shutdown_timeout=600)
        master = _start(place, manager, slow)
        assert manager.until("READY=1") == READY
        master.signal(signal.SIGTERM)
        assert manager.until("STOPPING=1") == ["STOPPING=1"]
        # Again and again, until somebody loses patience.
        assert int(manager.take(60)["EXTEND_TIMEOUT_USEC"]) >= 20_000_000
        master.signal(signal.SIGQUIT)
        assert master.wait_exit() == 0
        assert manager.rest() == []


def test_the_watchdog_is_fed_by_the_loop(place: Place) -> None:
    with notify_socket(place) as manager:
        master = _start(place, manager, steady(place, "web"), WATCHDOG_USEC="400000")
        manager.until("READY=1")
        for _ in range(3):
            manager.until("WATCHDOG=1")
        master.signal(signal.SIGSTOP)
        wait_until(lambda: manager.rest() == [] and not _fed(manager), "a loop that does not turn feeds nobody")
        master.signal(signal.SIGCONT)
        manager.until("WATCHDOG=1")


def _fed(manager: NotifySocket) -> bool:
    try:
        manager.take(1)
    except AssertionError:
        return False
    return True


def test_the_watchdog_of_another_process_is_not_fed(place: Place) -> None:
    with notify_socket(place) as manager:
        _start(place, manager, steady(place, "web"), WATCHDOG_USEC="1000", WATCHDOG_PID=str(os.getpid()))
        manager.until("READY=1")
        assert not _fed(manager)


def test_workers_and_helpers_know_nothing_of_it(place: Place) -> None:
    with notify_socket(place) as manager:
        asked = settings.service(place, environ=["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"])
        environment = manager.environment(place, WATCHDOG_USEC="60000000", WATCHDOG_PID="1")
        settings.start(place, asked, **environment)
        assert manager.until("READY=1") == READY
        found = settings.report(place.directory)["environment"]
        assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(found)


def test_a_manager_that_is_not_there_disturbs_nobody(place: Place) -> None:
    master = place.start(steady(place, "web"),
                         environment={**place.environment, "NOTIFY_SOCKET": str(place.directory / "nobody")})
    master.wait_running("web")
    wait_until(lambda: "(NOTIFY_SOCKET): No such file or directory" in master.log(), "it is told once")


def test_a_manager_that_does_not_read_disturbs_nobody(place: Place) -> None:
    with notify_socket(place) as manager:
        master = _start(place, manager, steady(place, "web"), WATCHDOG_USEC="2000")
        wait_until(lambda: "Resource temporarily unavailable" in master.log(), "its queue is full")
        master.wait_running("web")
        assert "running" in master.fectl_ok("status")
        manager.until("READY=1")


def test_a_daemon_says_which_process_it_is(place: Place) -> None:
    with notify_socket(place) as manager:
        options = {"env": manager.environment(place)["environment"]}
        with settings.daemon(place, settings.service(place), **options) as daemon:
            # Before the command returns, so that the manager does not take its end for ours.
            assert manager.take()["MAINPID"] == str(daemon.pid)
            assert manager.until("READY=1") == READY
