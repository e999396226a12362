"""Starting processes when the system, the program or a limit does not let it be (F41 to F55)."""

import os
import pathlib
import resource
import signal
import time
from contextlib import suppress
from typing import Iterator

import pytest

from testdata.e2e.harness import Master, Place, tcp
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import alive, started_by, wait_until
from testdata.guests import base_client
from testdata.faults.processes import looks_into_master, without_leak_check
from testdata.faults.surroundings import (failed_starts, limited, needs_root, open_descriptors, processor_seconds,
                                          shown, sockets, wait_shown)


def _web_and_other(place: Place, **values: object) -> tuple[Master, int, int]:
    master = place.start(place.service("web", place.guest("steady"), **values) +
                         place.service("other", place.guest("steady")))
    return master, master.wait_running("web")[0], master.wait_running("other")[0]


# --- the system has nothing left ---


def test_F41_WithoutProcessesTheMasterWaitsAndTheOthersServe(place_of_nobody: Place) -> None:
    master, web, other = _web_and_other(place_of_nobody, restarts=1)
    with limited(master, "nproc", 1):
        os.kill(web, signal.SIGKILL)
        wait_shown(master, "web", "cannot start a process: Resource temporarily unavailable")
        # However often: a worker is not to blame for the system.
        wait_until(lambda: failed_starts(master, "web") >= 3, "it is tried again and again")
        assert master.state("web") != "failed"
        assert master.pids("other") == [other] and master.state("other") == "running"
    assert master.wait_running("web") != [web]


def test_F41_WithoutProcessesAReloadKeepsTheOld(place_of_nobody: Place) -> None:
    master, web, _ = _web_and_other(place_of_nobody)
    with limited(master, "nproc", 1):
        done = master.fectl("reload", "web")
        assert done.returncode == 1 and "Resource temporarily unavailable" in done.stderr, done
    assert master.pids("web") == [web] and master.state("web") == "running"
    master.fectl_ok("reload", "web")


@pytest.mark.parametrize("error,words", [("EAGAIN", "Resource temporarily unavailable"),
                                         ("ENOMEM", "Cannot allocate memory")])
def test_F41_F42_NoProcessEverIsNoFailureOfTheService(place: Place, error: str, words: str) -> None:
    place.forbid(f"clone={error}")
    without_leak_check(place)  # which makes a process that looks
    master = place.start(place.service("web", place.guest("steady"), restarts=1))
    wait_until(lambda: failed_starts(master, "web") >= 3, "it is tried again and again")
    assert f"cannot start a process: {words}" in shown(master, "web")
    assert master.state("web") == "starting"
    master.fectl_ok("stop", "web")


_OLD_KERNELS = [["clone3=ENOSYS"], ["clone_with_pidfd=EINVAL"], ["clone_with_pidfd=EINVAL", "pidfd_open=ENOSYS"],
                ["pidfd_open=ENOSYS"], ["pidfd_send_signal=ENOSYS"], ["close_range=ENOSYS"], ["epoll_pwait2=ENOSYS"],
                ["epoll_pwait2=EPERM"], ["memfd_create=ENOSYS"], ["renameat2=ENOSYS"], ["inotify_init1=ENOSYS"],
                ["clone_with_pidfd=EPERM"], ["clone_with_pidfd=EINVAL", "pidfd_open=EPERM"],
                ["pidfd_send_signal=EPERM"], ["close_range=EPERM"]]


# All of them at once: //testdata/e2e:failures_old_kernel_test.
@pytest.mark.parametrize("missing", _OLD_KERNELS, ids=" ".join)
def test_F43_NothingIsLostWhereTheKernelIsOld(place: Place, missing: list[str]) -> None:
    place.forbid(*missing)
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    first, second = master.wait_running("web", 2)
    os.kill(first, signal.SIGKILL)
    assert second in master.wait_replaced("web", first, 2)
    old = master.pids("web")
    master.fectl_ok("reload", "web")
    new = master.wait_running("web", 2)
    assert not set(old) & set(new)
    assert int(http_get(port).split()[0]) in new
    os.kill(new[0], signal.SIGSTOP)
    master.fectl_ok("stop", "web")
    assert not any(alive(pid) for pid in new)


@pytest.mark.parametrize("call", ["setns", "clone3", "inotify_init1"])
def test_F44_WhatASandboxForbidsIsDoneWithout(place: Place, call: str) -> None:
    place.forbid(f"{call}=EPERM")
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    os.kill(pid, signal.SIGKILL)
    master.wait_replaced("web", pid)


def test_F44_WithoutPrctlNothingIsStarted(place: Place) -> None:
    # What protects the master from its workers is not left out in silence.
    place.forbid("prctl=EPERM")
    master = place.launch(place.service("web", place.guest("steady")))
    assert master.wait_exit() == 1
    assert "fectld: cannot forbid the inspection of this process: Operation not permitted" in master.log()


@needs_root
def test_F45_AUserWithoutProcessesIsWaitedFor(place: Place) -> None:
    # The limit hits in execve, after the change to the user whose processes are counted; only his first is let through.
    nobody = {"uid": "nobody", "gid": "nogroup"}
    limits = (0, resource.getrlimit(resource.RLIMIT_NPROC)[1])
    master = place.start(place.service("first", "/bin/sleep 1000", **nobody, shutdown_timeout=1) +
                         place.service("web", "/bin/sleep 1000", **nobody, restarts=1),
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, limits))
    wait_until(lambda: failed_starts(master, "web") >= 3, "it is tried again and again")
    assert "cannot execute /bin/sleep: Resource temporarily unavailable" in shown(master, "web")
    assert master.state("web") == "starting" and master.pids("web") == []


# --- programs that cannot be executed ---


def _spoil(place: Place, kind: str) -> tuple[str, bool]:
    """Makes the program `current` one that cannot be executed: what the system says of it, and whether it may pass."""
    if kind == "ENOENT":
        place.link("current", None)
        return "No such file or directory", False
    if kind == "ENOENT of the interpreter":
        place.link("current", place.write("orphan", "#!/no/such/interpreter\n", 0o755))
        return "No such file or directory (the file is there, but not the interpreter that it names)", False
    if kind == "EACCES":
        place.link("current", place.write("closed", "#!/bin/sh\n", 0o644))
        return "Permission denied", False
    if kind == "ENOEXEC":
        place.link("current", place.write("shapeless", "\x01\x02\x03", 0o755))
        return "Exec format error", False
    if kind == "ELOOP":
        place.link("current", "current")
        return "Too many levels of symbolic links", False
    assert kind == "ETXTBSY"
    busy = pathlib.Path(place.write("busy", "", 0o755))
    busy.write_bytes(pathlib.Path(place.guest("steady")).read_bytes())
    place.link("current", str(busy))
    return "Text file busy", True


@pytest.fixture
def written_to(place: Place) -> Iterator[None]:
    """The file `busy` stays open for writing as long as the test runs."""
    with open(place.directory / "busy", "wb"):
        yield


_KINDS = ["ENOENT", "ENOENT of the interpreter", "EACCES", "ENOEXEC", "ELOOP", "ETXTBSY"]


@pytest.mark.parametrize("kind", _KINDS)
def test_F46_ExecErrorsAreNamedAndTheOthersServe(place: Place, written_to: None, kind: str) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path, restarts=2) + place.service("good", place.guest("steady")))
    (pid,) = master.wait_running("web")
    (good,) = master.wait_running("good")
    words, may_pass = _spoil(place, kind)
    os.kill(pid, signal.SIGKILL)
    wait_shown(master, "web", f"cannot execute {path}: {words}")
    wait_until(lambda: failed_starts(master, "web") >= 2, "a second attempt")
    if may_pass:
        assert master.state("web") != "failed"
    else:
        master.wait_state("web", "failed")
    assert master.pids("good") == [good]
    # Mended, it serves again: by itself where the system was short of something, else at the operator's word.
    place.link("current", place.guest("steady"))
    if not may_pass:
        master.fectl_ok("start", "web")
    master.wait_running("web")


@pytest.mark.parametrize("kind", _KINDS)
def test_F46_ExecErrorsInAReloadKeepTheOld(place: Place, written_to: None, kind: str) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path))
    (pid,) = master.wait_running("web")
    words, _ = _spoil(place, kind)
    done = master.fectl("reload", "web")
    assert done.returncode == 1 and f"cannot execute {path}: {words}" in done.stderr, done
    assert master.pids("web") == [pid] and master.state("web") == "running"


def test_F46_AnArgumentThatIsTooLongIsNamed(place: Place) -> None:
    # Of one argument the system takes 128 KiB.
    master = place.start(place.service("web", [place.guest("steady"), "x" * 200_000], restarts=2))
    master.wait_state("web", "failed")
    assert f"cannot execute {place.guest('steady')}: Argument list too long" in shown(master, "web")


# --- directories and users ---


@pytest.mark.parametrize("kind,words", [("missing", "No such file or directory"),
                                        ("not permitted", "Permission denied"), ("no folder", "Not a directory")])
def test_F47_ADirectoryThatCannotBeEnteredIsNamed(place_of_nobody: Place, kind: str, words: str) -> None:
    place = place_of_nobody
    folder = place.directory / "folder"
    folder.mkdir()
    master = place.start(place.service("web", place.guest("steady"), restarts=2, directory=str(folder)) +
                         place.service("good", place.guest("steady")))
    (pid,) = master.wait_running("web")
    (good,) = master.wait_running("good")
    folder.rename(place.directory / "moved")
    if kind == "not permitted":
        folder.mkdir(mode=0)
        os.chmod(folder, 0)
    elif kind == "no folder":
        folder.write_text("", encoding="utf-8")
    done = master.fectl("reload", "web")
    assert done.returncode == 1 and f"cannot change directory to {folder}: {words}" in done.stderr, done
    assert master.pids("web") == [pid]
    os.kill(pid, signal.SIGKILL)
    master.wait_state("web", "failed")
    assert f"cannot change directory to {folder}: {words}" in shown(master, "web")
    assert master.pids("good") == [good] and started_by(master.pid) == [good], "it ran somewhere else"


# --- descriptors ---


def _try_everything(master: Master) -> None:
    """Operations that take descriptors; each may fail, none may hang."""
    for words in (["reload", "web"], ["restart", "other"], ["status", "web", "--json"]):
        master.fectl("--timeout", "20", *words)
    for pid in started_by(master.pid):
        with suppress(ProcessLookupError):  # an old one that was about to leave
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not alive(pid), "the worker is gone")
    master.signal(signal.SIGUSR1)
    master.fectl("--timeout", "20", "status")


@looks_into_master
@pytest.mark.parametrize("spare", range(0, 13))
def test_F50_EachNumberOfFreeDescriptorsFailsCleanly(place: Place, spare: int) -> None:
    port = free_port()
    log = '[logging]\nservice = "file"\nname = "my.log"\n\n'
    web = place.service("web", place.guest("steady"), stdout="web.out", stderr="web.err", restarts=1)
    master = place.start(tcp("http", port, service=["web"]) + web + place.service("other", place.guest("steady")) + log)
    master.wait_running("web")
    master.wait_running("other")
    # When nobody is connected: the control socket and the listener of `http` are all its sockets.
    wait_until(lambda: len(sockets(master)) == 2, "the clients of the test are gone")
    before = open_descriptors(master)
    with limited(master, "nofile", _limit_with_free_numbers(master, spare)):
        # One descriptor is enough to be asked.
        assert (master.fectl("status").returncode == 0) == (spare > 0)
        _try_everything(master)
        assert master.running()
    # What was short comes back by itself, and with it everything else.
    master.wait_running("web")
    master.wait_running("other")
    assert int(http_get(port).split()[0]) == master.pids("web")[0]
    wait_until(lambda: open_descriptors(master) == before, f"{before} descriptors again")


def _limit_with_free_numbers(master: Master, free: int) -> int:
    """A limit says how high the numbers of descriptors go, and those in use have gaps."""
    used = {int(number) for number in os.listdir(f"/proc/{master.pid}/fd")}
    return next(limit for limit in range(10_000) if len(set(range(limit)) - used) > free) - 1


@pytest.mark.parametrize("error,words", [("EMFILE", "Too many open files"),
                                         ("ENFILE", "Too many open files in system")])
def test_F50_F51_WithoutPipesTheMasterWaits(place: Place, error: str, words: str) -> None:
    place.forbid(f"pipe2={error}")
    master = place.start(place.service("web", place.guest("steady"), restarts=1))
    wait_until(lambda: failed_starts(master, "web") >= 3, "it is tried again and again")
    assert f"cannot create a pipe: {words}" in shown(master, "web")
    assert master.state("web") == "starting"


def test_F51_WithoutConnectionsTheWorkersServe(place: Place) -> None:
    place.forbid("accept4=ENFILE")
    port = free_port()
    # A worker that needs no accept4() itself.
    worker = f"/usr/bin/python3 {place.guest('base_worker.py')}"
    master = place.launch(tcp("http", port) + place.service("web", worker))
    wait_until(lambda: "service web worker(1)" in master.log() and ": running" in master.log(), "the worker serves")
    before, began = processor_seconds(master.pid), time.monotonic()
    done = master.fectl("--timeout", "3", "status")
    assert done.returncode != 0 and done.stderr.strip(), done
    used, passed = processor_seconds(master.pid) - before, time.monotonic() - began
    assert used < 0.05 * passed, f"{used} s of {passed} s"
    assert master.log().count("no descriptor is left for a control client") == 1


@looks_into_master
def test_F55_WithoutDescriptorsForClientsTheMasterDoesNotSpin(place: Place) -> None:
    master, web, _ = _web_and_other(place)
    wait_until(lambda: len(sockets(master)) == 1, "the clients of the test are gone")
    with limited(master, "nofile", _limit_with_free_numbers(master, 0)):
        before, began = processor_seconds(master.pid), time.monotonic()
        while time.monotonic() - began < 3:
            # Each of them asks at once again, as impatient people and scripts do.
            with suppress(OSError, base_client.Closed), master.client() as client:
                client.ask("Pid")
        used, passed = processor_seconds(master.pid) - before, time.monotonic() - began
        assert used < 0.05 * passed, f"{used} s of {passed} s"
    assert master.pids("web") == [web]
    # Said once a minute, and not every tenth of a second.
    assert master.log().count("no descriptor is left for a control client") == 1


# --- signals, and what the master itself needs ---


def test_F53_WithoutRoomForSignalsEveryEndIsSeen(place: Place) -> None:
    num = 50
    master = place.start(place.service("web", place.guest("steady"), num=num),
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_SIGPENDING, (0, 0)))
    pids = master.wait_running("web", num)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not set(pids) & set(master.pids("web")), "all were replaced")
    master.wait_running("web", num)
    wait_until(lambda: not _zombies(master), "no zombie is left")


def _zombies(master: Master) -> list[str]:
    children = pathlib.Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text(encoding="ascii").split()
    return [pid for pid in children if not alive(int(pid))]


@pytest.mark.parametrize("call,words", [("epoll_create1", "cannot create an epoll set"),
                                        ("signalfd4", "cannot create a signal descriptor")])
def test_F54_WhatTheMasterCannotBeWithoutStartsNothing(place: Place, call: str, words: str) -> None:
    place.forbid(f"{call}=EMFILE")
    master = place.launch(place.service("web", place.guest("reports_contract")))
    assert master.wait_exit() == 1
    assert master.log() == f"fectld: {words}: Too many open files\n"
    assert not (place.directory / "contract-0.json").exists(), "a worker was started"
