"""Attacks on the control socket, each named after its row of testdata/attack_table.md."""

import json
import os
import re
import resource
import socket
import struct
import subprocess
import time
from typing import Any, Optional

import pytest

from testdata.attacks.hostile import (ALICE, BOB, DEPLOY, IS_ROOT, MALLORY, MONITORING, as_user, fectl_for_all,
                                      needs_root, start_with_grants)
from testdata.e2e.harness import Place
from testdata.e2e.processes import resident_kib, wait_until
from testdata.guests import base_client
from testdata.wire import wire_codec

LOOKING: list[tuple[str, Optional[str]]] = [("Ping", None), ("Pid", None), ("Version", None), ("Status", "web"),
                                            ("SPid", "web")]
DOING: list[tuple[str, Optional[str]]] = [("Start", "web"), ("Stop", "web"), ("Reload", "web"), ("Restart", "web"),
                                          ("Pause", "web"), ("Resume", "web"), ("Quit", None)]


def _run_as(place: Place, uid: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    program, sock = fectl_for_all(place), str(place.directory / "fectld.sock")
    return as_user(uid, lambda: subprocess.run([program, "--sock", sock, *arguments], capture_output=True, text=True,
                                               check=False, timeout=60, cwd="/"))


# --- K1: other users ---


@needs_root
def test_K1_WithoutAllowOtherUsersCannotConnect(place: Place) -> None:
    master = start_with_grants(place)
    assert os.stat(master.sock).st_mode & 0o777 == 0o600
    with pytest.raises(PermissionError):
        as_user(MALLORY, lambda: base_client.ask(master.sock, "Pid"))
    refused = _run_as(place, MALLORY, "status")
    assert refused.returncode == 3 and "Permission denied" in refused.stderr


@needs_root
def test_K1_WhoHasNoRoleIsSentAwayAndToldOncePerMinute(place: Place) -> None:
    master = start_with_grants(place, f"observe:{ALICE}")
    assert os.stat(master.sock).st_mode & 0o777 == 0o666
    for command, data in LOOKING + DOING:
        def ask(command: str = command, data: Optional[str] = data) -> tuple[str, Any]:
            with master.client() as client:
                try:
                    client.send(command, data)
                except BrokenPipeError:
                    pass  # sent away before it could ask
                return client.answer()

        answer = as_user(MALLORY, ask)
        assert answer[0] == "ErrorNotPermitted" and "has no role" in answer[1]["reason"], answer
    refused = _run_as(place, MALLORY, "status")
    assert refused.returncode == 4
    assert refused.stderr == f"fectl: not permitted: user {MALLORY} has no role here (ask for one in [master] allow)\n"
    assert _run_as(place, MALLORY, "pid").returncode == 4
    assert _run_as(place, MALLORY, "reload", "web").returncode == 4
    assert len(re.findall(f"sent away user {MALLORY} ", master.log())) == 1
    assert master.state("web") == "running"


@needs_root
@pytest.mark.parametrize("grant,who", [
    (f"observe:{ALICE}", {"uid": ALICE}),
    (f"observe:@{MONITORING}", {"uid": BOB, "gid": MONITORING}),
    (f"observe:@{MONITORING}", {"uid": BOB, "groups": tuple(range(60000, 60100)) + (MONITORING,)}),
])
def test_K1_WhoMayObserveCannotOperate(place: Place, grant: str, who: dict[str, Any]) -> None:
    master = start_with_grants(place, grant)
    (pid,) = master.pids("web")
    for command, data in LOOKING:
        def look(command: str = command, data: Optional[str] = data) -> Any:
            with master.client() as client:
                client.send(command, data)
                return client.message() if command == "Ping" else client.answer()

        assert not as_user(action=look, **who)[0].startswith("Error"), command
    for command, data in DOING:
        def do(command: str = command, data: Optional[str] = data) -> Any:
            with master.client() as client:
                return client.ask(command, data), client.ask("Pid")

        # A refusal that the base level knows; the connection goes on.
        assert as_user(action=do, **who) == (("ErrorNotReady", None), ("Pid", str(master.pid))), command
    assert master.running() and master.pids("web") == [pid] and master.state("web") == "running"


@needs_root
def test_K1_FectlSaysWhyItWasRefused(place: Place) -> None:
    master = start_with_grants(place, f"observe:{ALICE}")
    assert _run_as(place, ALICE, "status").returncode == 0
    assert _run_as(place, ALICE, "pid").stdout == f"{master.pid}\n"
    words = f"fectl: not permitted: user {ALICE} may observe but not operate (ask for a role in [master] allow)\n"
    for arguments in (["reload", "web"], ["stop", "all"], ["pause", "web", "no-such-service"], ["quit"]):
        refused = _run_as(place, ALICE, *arguments)
        assert (refused.returncode, refused.stdout, refused.stderr) == (4, "", words), arguments
    (result,) = json.loads(_run_as(place, ALICE, "reload", "web", "--json").stdout)
    assert result["ok"] is False and result["answer"] == "ErrorNotPermitted"
    # One line for all that were refused within a minute; it names who, and what was asked.
    assert len(re.findall(rf"user {ALICE} \(pid \d+\) asks: Reload web: refused", master.log())) == 1
    assert len(re.findall("refused", master.log())) == 1


@needs_root
@pytest.mark.parametrize("grant,who", [
    (f"operate:{ALICE}", {"uid": ALICE}),
    (f"operate:@{DEPLOY}", {"uid": BOB, "groups": (MONITORING, DEPLOY)}),
])
def test_K1_WhoMayOperateMayEverythingAndIsNamedInTheLog(place: Place, grant: str, who: dict[str, Any]) -> None:
    master = start_with_grants(place, f"observe:@{MONITORING}", grant)
    (pid,) = master.pids("web")
    assert as_user(action=lambda: base_client.ask(master.sock, "Reload", "web"), **who) == ("ServiceStarted", None)
    assert re.search(rf"user {who['uid']} \(pid \d+\) asks: Reload web\n", master.log())
    master.wait_replaced("web", pid)
    assert as_user(action=lambda: base_client.ask(master.sock, "Quit"), **who)[0] == "Done"
    assert master.wait_exit() == 0


@needs_root
def test_K1_AGroupAloneOpensTheFileToThatGroupOnly(place: Place) -> None:
    master = start_with_grants(place, f"observe:@{MONITORING}", umask=0o777)
    file = os.stat(master.sock)
    assert (file.st_mode & 0o777, file.st_gid) == (0o660, MONITORING)
    assert as_user(BOB, lambda: base_client.ask(master.sock, "Pid"), MONITORING) == ("Pid", str(master.pid))
    with pytest.raises(PermissionError):
        as_user(MALLORY, lambda: base_client.ask(master.sock, "Pid"))
    # Also when somebody removed it.
    os.unlink(master.sock)
    wait_until(lambda: os.path.exists(master.sock), "the socket's file is made anew", 60)
    master.wait_until_up()
    file = os.stat(master.sock)
    assert (file.st_mode & 0o777, file.st_gid) == (0o660, MONITORING)


def test_K1_TheMastersOwnUserAndRootMayEverything(place_of_nobody: Place) -> None:
    master = start_with_grants(place_of_nobody, "observe:@0")
    owner = os.stat(f"/proc/{master.pid}").st_uid if not IS_ROOT else 65534
    if IS_ROOT:
        assert as_user(owner, lambda: base_client.ask(master.sock, "Reload", "web")) == ("ServiceStarted", None)
    assert master.ask("Reload", "web") == ("ServiceStarted", None)


# --- K25: too much ---


def _connect(path: str) -> socket.socket:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(60)
    one.connect(path)
    return one


def _crowd(path: str, count: int, first_bytes: bytes = b"") -> list[socket.socket]:
    crowd = []
    for _ in range(count):
        one = _connect(path)
        if first_bytes:
            one.sendall(first_bytes)
        crowd.append(one)
    return crowd


def test_K25_TenThousandConnectionsAndHalfRequests(place: Place) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, hard * 3 // 8 - 100)  # of one user
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    master = start_with_grants(place)
    before = resident_kib(master.pid)
    crowd: list[socket.socket] = []
    try:
        crowd += _crowd(master.sock, count // 2)
        # The beginning of a request and no more; they are dropped after a deadline, the idle ones are not.
        halves = _crowd(master.sock, count // 2, b'\x00\x50{"cmd": "Sta')
        crowd += halves
        assert master.ask("Pid") == ("Pid", str(master.pid))
        assert resident_kib(master.pid) - before < 64 * 1024
        if IS_ROOT:  # nobody else may look into the master
            fds = f"/proc/{master.pid}/fd"
            wait_until(lambda: len(os.listdir(fds)) < count // 2 + 200, "half requests are dropped")
        assert master.ask("Status", "web")[0] == "ServiceStatus"
    finally:
        for one in crowd:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@needs_root
def test_K25_OneUserCannotLockOutAnotherNorRoot(place: Place) -> None:
    limit = 400  # 200 clients
    master = start_with_grants(place, f"observe:{ALICE}", f"observe:{MALLORY}",
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))

    def flood() -> tuple[int, int]:
        """How many connected, and how many of them were sent away again."""
        crowd = _crowd(master.sock, limit)
        sent_away = 0
        for one in crowd:
            one.settimeout(0.5 if sent_away == 0 else 0.01)
            try:
                sent_away += b"too many connections" in one.recv(4096)
            except TimeoutError:
                pass
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        return len(crowd), sent_away

    ready, done = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            count, sent_away = as_user(MALLORY, flood)
            os._exit(0 if sent_away >= count // 2 else 1)
        finally:
            os._exit(2)
    try:
        os.read(ready[0], 1)
        assert as_user(ALICE, lambda: base_client.ask(master.sock, "Pid")) == ("Pid", str(master.pid))
        assert master.ask("Pid") == ("Pid", str(master.pid))
        assert master.ask("Reload", "web") == ("ServiceStarted", None)
    finally:
        os.write(done[1], b"x")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        for fd in (*ready, *done):
            os.close(fd)
    assert f"sent away user {MALLORY} " in master.log()


def test_K25_AllClientsTogetherHoldNoMoreThanTheirShare(place: Place) -> None:
    master = start_with_grants(place)
    before = resident_kib(master.pid)
    hello = wire_codec.frame(wire_codec.encode_request({"kind": "Hello", "version": 2}))
    megabyte = struct.pack(">HI", 0, 1 << 20) + b'{"cmd": "Ping", "x": "' + b"x" * ((1 << 20) - 200)
    crowd: list[socket.socket] = []
    try:
        for _ in range(200):
            one = _connect(master.sock)
            crowd.append(one)
            one.sendall(hello)
            try:
                one.sendall(megabyte)  # of which the end is missing
            except ConnectionError:
                pass
        assert master.ask("Pid") == ("Pid", str(master.pid))
        # 96 MiB for all, and what the allocator needs for growing buffers.
        assert resident_kib(master.pid) - before < 160 * 1024
        assert "is dropped" in master.log()
    finally:
        for one in crowd:
            one.close()
    assert master.state("web") == "running"


def test_K25_AHundredMegabytesOfRequestsThatNobodyReadsTheAnswersOf(place: Place) -> None:
    master = start_with_grants(place)
    before = resident_kib(master.pid)
    frames = wire_codec.frame(wire_codec.encode_request({"kind": "Status", "service": "web"})) * 1000
    greedy = _connect(master.sock)
    greedy.setblocking(False)
    sent = 0
    try:
        until = time.monotonic() + 3
        while sent < 100 << 20 and time.monotonic() < until:
            try:
                sent += greedy.send(frames)
            except BlockingIOError:
                assert master.ask("Pid") == ("Pid", str(master.pid))
            except ConnectionError:
                break
        # It stops itself: nothing of it is read as long as it does not read.
        assert sent < 4 << 20
        assert resident_kib(master.pid) - before < 1024
        wait_until(lambda: _has_ended(greedy), "the client that reads nothing is dropped", 60)
    finally:
        greedy.close()


def _has_ended(one: socket.socket) -> bool:
    """Nothing can be sent any more. What was sent to it stays unread."""
    try:
        one.send(b"\0")
        return False
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
