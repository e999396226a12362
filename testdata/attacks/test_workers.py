"""Attacks of workers, each named after its row of testdata/attack_table.md."""

import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
from typing import Any

import pytest

from testdata.attacks.hostile import IS_ROOT, MALLORY, found, hostile, needs_root, open_to_all
from testdata.e2e.harness import NOBODY, Master, Place, tcp, unix
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import alive, resident_kib, started_by, wait_until


def _connects(family: int, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(10)
        try:
            one.connect(address)
            return True
        except OSError:
            return False


# --- K8, K9: numbers of processes ---

_CLONE3, _P_PIDFD = 435, 3


def _process_with_pid(pid: int) -> int:
    """A child of this test that has this pid, leads a process group as workers do, and waits to be killed. The
    kernel lets root choose."""
    system = ctypes.CDLL(None, use_errno=True)
    wanted = (ctypes.c_int32 * 1)(pid)
    # flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(wanted), 1, 0)
    child = system.syscall(_CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments))
    if child == 0:
        try:
            os.setsid()
            while True:
                signal.pause()
        finally:
            os._exit(1)
    if child < 0:
        raise OSError(ctypes.get_errno(), "clone3")
    return child


def _recycle(pid: int) -> int:
    try:
        return wait_until(lambda: _recycled(pid), f"the number {pid} is free")
    except OSError as error:
        pytest.skip(f"choosing a pid is not possible here: {error}")


def _recycled(pid: int) -> int:
    try:
        return _process_with_pid(pid)
    except FileExistsError:
        return 0  # not reaped yet


@needs_root
def test_K8_AStrangerWithTheNumberOfADeadWorkerLives(place: Place) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: send('hb'); time.sleep(0.2)"
    master = place.start(hostile(place, deaf, shutdown_timeout=2))
    (pid,) = master.wait_running("web")
    with master.client() as client:
        client.send("Stop", "web")
        wait_until(lambda: "Stop" in master.log(), "the stop has begun")
        os.kill(pid, signal.SIGKILL)
        stranger = _recycle(pid)
        try:
            assert client.answer()[0] == "ServiceStopped"
            # Past the time at which the worker would have been killed.
            with pytest.raises(AssertionError):
                wait_until(lambda: not alive(stranger), "the stranger is killed", 3)
        finally:
            os.kill(stranger, signal.SIGKILL)
            os.waitpid(stranger, 0)


@needs_root
def test_K9_AWorkersNumberInOtherHandsIsNotTheWorker(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")) + place.service("jobs", place.guest("steady")))
    (pid,) = master.wait_running("web")
    others = master.wait_running("jobs")
    os.kill(pid, signal.SIGKILL)
    stranger = _recycle(pid)
    try:
        wait_until(lambda: master.pids("web") and pid not in master.pids("web"), "the dead worker is not shown")
        assert master.pids("jobs") == others
        assert master.ask("Restart", "web")[0] == "ServiceStarted"
        assert master.ask("Stop", "web") == ("ServiceStopped", None)
        assert alive(stranger)
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.waitpid(stranger, 0)


@needs_root
def test_K9_AWorkersNumberAsAnotherServicesWorker(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2) +
                         place.service("jobs", place.guest("steady")))
    dead, other = master.wait_running("web", 2)
    os.kill(dead, signal.SIGKILL)
    webs = master.wait_replaced("web", dead, 2)
    _hand_on(master, dead, "jobs")
    # Whose it is, is shown and meant: what happens to web is nothing to it.
    assert master.pids("web") == webs and other in webs
    shown = json.loads(master.fectl_ok("status", "web", "--json"))
    assert sorted(worker["pid"] for worker in shown["workers"]) == sorted(webs)
    assert [event["reason"] for event in shown["events"] if event["pid"] == dead][-1] == "was killed by SIGKILL"
    for command in ("Restart", "Stop", "Start"):
        assert not master.ask(command, "web")[0].startswith("Error")
    master.wait_running("web", 2)
    assert master.pids("jobs") == [dead] and alive(dead)
    os.kill(dead, signal.SIGKILL)
    master.wait_replaced("jobs", dead)
    assert len(master.wait_running("web", 2)) == 2


def _hand_on(master: Master, pid: int, name: str) -> None:
    """Makes this free number the one of the service's only worker. Other processes of the machine may be quicker."""
    try:
        with open("/proc/sys/kernel/ns_last_pid", "r+", encoding="ascii") as last:
            for _ in range(200):
                assert master.ask("Stop", name) == ("ServiceStopped", None)
                last.seek(0)
                last.write(str(pid - 1))
                last.flush()
                assert master.ask("Start", name) == ("ServiceStarted", None)
                if master.pids(name) == [pid]:
                    return
    except OSError as error:
        pytest.skip(f"choosing a pid is not possible here: {error}")
    pytest.skip("other processes always took the number first")


# --- K16: who does not want to end ---


def test_K16_StopEndsWhatDoesNotWantToEnd(place: Place) -> None:
    statements = "\n".join(["signal.signal(signal.SIGTERM, signal.SIG_IGN)", "for _ in range(20):",
                            "    if os.fork() == 0:", "        while True: time.sleep(3600)",
                            "open('ready', 'w').close()", "os.kill(os.getpid(), signal.SIGSTOP)"])
    master = place.start(hostile(place, statements, shutdown_timeout=1, timeout=60))
    (pid,) = master.wait_running("web")
    wait_until((place.directory / "ready").exists, "its children are there")
    wait_until(lambda: len(started_by(master.pid)) == 21, "all of them")
    assert master.ask("Stop", "web") == ("ServiceStopped", None)
    assert not alive(pid)
    wait_until(lambda: not started_by(master.pid), "its process group has gone with it", 5)


# --- K17: the listeners ---

_SHUT_DOWN = "for one in listeners.values(): one.shutdown(socket.SHUT_RD)\nfound = 'done'"


@pytest.mark.parametrize("chosen", [False, True], ids=["port", "port-0"])
def test_K17_ListenerThatAWorkerShutDownComesBack(place: Place, chosen: bool) -> None:
    port = 0 if chosen else free_port()
    config = tcp("http", port, service=["web"]) + hostile(place, "time.sleep(0.5)\n" + _SHUT_DOWN, num=2)
    master = place.start(config)
    address = json.loads(master.fectl_ok("status", "web", "--json"))["sockets"][0]["address"]
    port = int(address.rsplit(":", 1)[1])
    assert found(place) == "done"
    pids = master.wait_running("web", 2)
    wait_until(lambda: _connects(socket.AF_INET, ("127.0.0.1", port)), "the port is back")
    line = wait_until(lambda: re.search("socket http: somebody shut down.*", master.log()), "it is told")[0]
    assert f"{address} for everybody" in line and "taken up again" in line
    assert "web (pid " in line and all(str(pid) in line for pid in pids), line
    # Nobody had to be replaced: it is the same socket.
    assert master.pids("web") == pids


def test_K17_UnixListenerThatAWorkerShutDownComesBackWithNewWorkers(place: Place) -> None:
    path = str(place.directory / "web.sock")
    config = unix("local", path, service=["web"], mode="640") + hostile(place, "time.sleep(0.5)\n" + _SHUT_DOWN)
    config += place.service("jobs", place.guest("steady"))
    master = place.start(config)
    (old,), others = master.wait_running("web"), master.wait_running("jobs")
    assert found(place) == "done"
    wait_until(lambda: _connects(socket.AF_UNIX, path), "the path is back")
    assert os.stat(path).st_mode & 0o777 == 0o640
    # The worker holds a dead socket: another one takes its place, with the new.
    (fresh,) = master.wait_replaced("web", old)
    assert "socket local: somebody shut down" in master.log() and f"web (pid {old})" in master.log()
    assert master.pids("jobs") == others
    listening = [line.split()[6] for line in pathlib.Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()
                 if line.endswith(" " + path) and line.split()[3] == "00010000"]
    assert [os.readlink(f"/proc/{fresh}/fd/5")] == [f"socket:[{inode}]" for inode in listening]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.connect(path)


def test_K17_ShuttingDownInALoopFillsNoLogAndStopsNobody(place: Place) -> None:
    statements = "\n".join(["until = time.monotonic() + 3", "while time.monotonic() < until:",
                            "    for one in listeners.values():", "        try: one.shutdown(socket.SHUT_RD)",
                            "        except OSError: pass", "found = 'done'"])
    port = free_port()
    config = tcp("http", port) + hostile(place, statements) + place.service("jobs", place.guest("steady"), timeout=2)
    master = place.start(config)
    others = master.wait_running("jobs")
    assert found(place) == "done"
    wait_until(lambda: _connects(socket.AF_INET, ("127.0.0.1", port)), "the port is back")
    assert len(re.findall("somebody shut down", master.log())) == 1
    assert master.pids("jobs") == others


def test_K18_BlockingModesOfSharedDescriptionsDoNotMatter(place: Place) -> None:
    # The log is a pipe which the worker has, too: it fills it to the brim, and makes it block.
    statements = "\n".join(["for one in listeners.values(): one.setblocking(True)", "os.set_blocking(1, False)",
                            "try:", "    while True: os.write(1, b'x' * 512)", "except BlockingIOError: pass",
                            "os.set_blocking(1, True)", "found = 'done'"])
    port = free_port()
    read_end, write_end = os.pipe()
    try:
        master = place.start(tcp("http", port) + hostile(place, statements) +
                             place.service("jobs", place.guest("steady")), stdout=write_end, stderr=write_end)
        assert found(place) == "done"
        (pid,) = master.wait_running("jobs")
        assert _connects(socket.AF_INET, ("127.0.0.1", port))
        for _ in range(3):
            assert master.ask("Restart", "jobs") == ("ServiceStarted", None)
        (pid,) = master.wait_replaced("jobs", pid)
        # Somebody reads again: what was lost is counted, and the log goes on.
        os.set_blocking(read_end, False)
        said = b""

        def goes_on() -> bool:
            nonlocal said
            master.ask("Restart", "jobs")
            try:
                while part := os.read(read_end, 65536):
                    said += part
            except BlockingIOError:
                pass
            return re.search(rb"log lines were lost(.|\n)*asks: Restart jobs", said) is not None

        wait_until(goes_on, "the log goes on")
    finally:
        os.close(read_end)
        os.close(write_end)


# --- K21: rights ---

_REGAIN = """
found = {}
for name, call in {"setuid": lambda: os.setuid(0), "setresuid": lambda: os.setresuid(0, 0, 0),
                   "setgid": lambda: os.setgid(0), "setgroups": lambda: os.setgroups([0]),
                   "seteuid": lambda: os.seteuid(0)}.items():
    try:
        call()
        found[name] = "worked"
    except OSError as error:
        found[name] = error.errno
import subprocess
found["set-uid"] = subprocess.run(["./who", "-u"], capture_output=True, text=True).stdout.strip()
status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status"))
found["ids"] = [status["Uid"], status["Gid"], status["Groups"].split(), status["CapEff"], status["NoNewPrivs"]]
"""


def _rights(place: Place, **values: Any) -> dict[str, Any]:
    place.directory.chmod(0o777)
    program = place.directory / "who"
    shutil.copy("/usr/bin/id", program)
    program.chmod(0o4755)
    # The master has groups which a worker must not keep.
    place.start(hostile(place, _REGAIN, uid=NOBODY, gid=NOBODY, **values), extra_groups=[0, 1, MALLORY])
    return found(place)


@needs_root
def test_K21_RightsThatAWorkerHasNotItDoesNotGet(place: Place) -> None:
    seen = _rights(place)
    assert [seen[name] for name in ("setuid", "setresuid", "setgid", "setgroups", "seteuid")] == [1] * 5
    assert seen["set-uid"] == str(NOBODY), "a set-uid program gave it root's rights"
    uids, gids, groups, capabilities, no_new_privileges = seen["ids"]
    assert uids.split() == gids.split() == [str(NOBODY)] * 4
    assert groups in ([], [str(NOBODY)]) and int(capabilities, 16) == 0 and no_new_privileges == "1"


@needs_root
def test_K21_SetUidProgramsWorkOnlyWhereTheConfigurationAllowsThem(place: Place) -> None:
    seen = _rights(place, no_new_privileges=False)
    if seen["set-uid"] != "0":
        pytest.skip("set-uid programs do not work on this file system at all")
    assert seen["ids"][4] == "0" and seen["setuid"] == 1


# --- K19, K24: what a worker finds; see the contract's tests for the rest ---

_FINDS = """
import resource
found = {"fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")),
         "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource)
                    if name.startswith("RLIMIT_")},
         "oom": open("/proc/self/oom_score_adj").read().strip(), "nice": os.getpriority(os.PRIO_PROCESS, 0),
         "status": dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status")),
         "session": os.getsid(0) == os.getpid() == os.getpgrp(), "umask": os.umask(0)}
"""


def test_K19_AWorkerFindsExactlyWhatIsDocumented(place: Place) -> None:
    import resource  # pylint: disable=import-outside-toplevel

    def spoil() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512))
        resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
        os.umask(0o777)
        os.nice(3)

    extra = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    try:
        place.start(tcp("http", free_port()) + hostile(place, _FINDS), preexec_fn=spoil, pass_fds=extra)
        seen = found(place)
    finally:
        for fd in extra:
            os.close(fd)
    assert seen["fds"] == [0, 1, 2, 3, 4, 5]
    # Its own limit of files and not the master's, which was raised; all others as they were.
    assert seen["limits"].pop("RLIMIT_NOFILE") == [256, 512]
    assert seen["limits"].pop("RLIMIT_STACK")[0] == 4 << 20
    for name in ("RLIMIT_OFILE",):
        seen["limits"].pop(name, None)
    own = {name: list(resource.getrlimit(getattr(resource, name))) for name in seen["limits"]}
    assert seen["limits"] == own
    assert seen["oom"] == pathlib.Path("/proc/self/oom_score_adj").read_text(encoding="utf-8").strip()
    assert seen["nice"] == os.getpriority(os.PRIO_PROCESS, 0) + 3
    assert seen["umask"] == 0o022 and seen["session"]
    assert int(seen["status"]["SigBlk"], 16) == 0 and seen["status"]["NoNewPrivs"] == "1"


# --- K34 ---


def test_K34_WhatAWorkerSaysDoesNotFillTheMastersLog(place: Place) -> None:
    statements = "\n".join(['for _ in range(5000):', '    send("status", "x\\n" * 50)', '    send("msg", {"a": "b"})',
                            "found = 'done'"])
    master = place.start(hostile(place, statements))
    before = resident_kib(master.pid)
    assert found(place) == "done"
    master.wait_running("web")
    assert len(master.log().splitlines()) < 50 and len(master.log()) < 20_000
    assert resident_kib(master.pid) - before < 4 * 1024


def test_K34_AFullDiskDoesNotStopTheMaster(place: Place) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        master = place.start(place.service("web", place.guest("steady")), stdout=full, stderr=full)
        for _ in range(3):
            master.wait_running("web")
            assert master.ask("Restart", "web") == ("ServiceStarted", None)
    finally:
        os.close(full)


def test_K31_AWorkerOfAnotherUserCannotSignalTheMaster(place: Place) -> None:
    if not IS_ROOT:
        pytest.skip("only root can be several users")
    open_to_all(place)
    place.directory.chmod(0o777)
    statements = "\n".join(["found = []", "for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):",
                            "    try: os.kill(os.getppid(), number); found.append(0)",
                            "    except OSError as error: found.append(error.errno)"])
    master = place.start(hostile(place, statements, uid=MALLORY, gid=MALLORY))
    assert found(place) == [1, 1, 1] and master.running()
