"""Attacks on the master's process itself, each named after its row of testdata/attack_table.md."""

import os
import pathlib
import resource
import shutil
import signal
import subprocess

import pytest

from testdata.attacks.hostile import ALICE, MALLORY, as_user, found, hostile, needs_root, open_to_all
from testdata.e2e.harness import Place
from testdata.e2e.processes import alive, sanitized, wait_until

_SPY = """
found = {}
for name in ("environ", "mem", "maps", "fd", "cwd", "exe", "io"):
    path = f"/proc/{os.getppid()}/{name}"
    try:
        if name in ("cwd", "exe"): os.readlink(path)
        elif name == "fd": os.listdir(path)
        else: open(path, "rb").read(1)
        found[name] = "read"
    except OSError as error:
        found[name] = error.errno
import ctypes
system = ctypes.CDLL(None, use_errno=True)
pidfd = system.syscall(434, os.getppid(), 0)
one_byte = (ctypes.c_char * 1)()
part = (ctypes.c_void_p * 2)(ctypes.addressof(one_byte), 1)
for name, call in {"pidfd_getfd": lambda: system.syscall(438, pidfd, 0, 0),
                   "ptrace": lambda: system.ptrace(16, os.getppid(), None, None),
                   "process_vm_readv": lambda: system.process_vm_readv(os.getppid(), part, 1, part, 1, 0)}.items():
    found[name] = ctypes.get_errno() if call() < 0 else "worked"
"""


def test_K20_AWorkerOfTheSameUserReadsNothingOfTheMaster(place_of_nobody: Place) -> None:
    place = place_of_nobody
    place.start(hostile(place, _SPY), environment={**place.environment, "SECRET": "hush"})
    # 13: permission denied; 1: operation not permitted.
    assert found(place) == {**{name: 13 for name in ("environ", "mem", "maps", "fd", "cwd", "exe", "io")},
                            **{name: 1 for name in ("pidfd_getfd", "ptrace", "process_vm_readv")}}


@needs_root
def test_K20_AnotherUserReadsNothingOfTheMaster(place: Place) -> None:
    open_to_all(place)
    master = place.start(place.service("web", place.guest("steady")))
    for name in ("environ", "mem", "maps"):
        with pytest.raises(PermissionError):
            as_user(MALLORY, lambda name=name: pathlib.Path(f"/proc/{master.pid}/{name}").read_bytes()[:1])
    with pytest.raises(PermissionError):
        as_user(MALLORY, lambda: os.listdir(f"/proc/{master.pid}/fd"))


def test_K33_TheMasterLeavesNoCoreAndItsWorkersKeepTheirLimit(place: Place) -> None:
    if sanitized():
        pytest.skip("a sanitizer takes SIGSEGV and the limit of cores for itself")
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8")
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    if limits[1] == 0:
        pytest.skip("no process may leave a core here, so it would not show that this one may")
    master = place.start(place.service("web", place.guest("reports_contract")),
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1])))
    (pid,) = master.wait_running("web")
    # Not by a limit, which a program that the kernel hands cores to does not heed.
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (limits[1], limits[1])
    os.kill(master.pid, signal.SIGSEGV)
    _, status = os.waitpid(master.pid, 0)
    master.process.returncode = -signal.SIGKILL  # as for the place's tidying: it had no chance to
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, pattern
    assert not os.WCOREDUMP(status)
    wait_until(lambda: not alive(pid), "the worker leaves when its master is gone")
    for name in ("fectld.sock", "fectld.pid"):
        (place.directory / name).unlink()


@needs_root
def test_K22_ASetUidMasterTakesNothingFromItsCallersEnvironment(place: Place) -> None:
    open_to_all(place)
    programs = place.directory / "programs"
    programs.mkdir()
    for program in (place.fectld, pathlib.Path(place.guest("reports_contract"))):
        shutil.copy(program, programs)
        (programs / program.name).chmod(0o755)
    work = place.directory / "work"
    work.mkdir()
    os.chown(work, ALICE, ALICE)
    os.chown(programs / "fectld", ALICE, ALICE)
    (programs / "fectld").chmod(0o4755)
    text = f'[master]\nsock = "{work}/fectld.sock"\n' + place.service(
        "web", str(programs / "reports_contract"), directory=str(work))
    place.write("mine.toml", text)
    hostile_environment = {"PATH": "/nonexistent", "HOME": "/nonexistent", "LD_PRELOAD": "/nonexistent.so",
                           "LD_LIBRARY_PATH": "/nonexistent", "IFS": "x", "PYTHONPATH": "/nonexistent",
                           "FECTL_FD": "8:9", "TMPDIR": "/nonexistent", "BUILD_WORKING_DIRECTORY": "/nonexistent"}

    def start() -> int:
        with open(os.devnull, "rb") as null, open("/dev/null", "wb") as out:
            return subprocess.Popen([str(programs / "fectld"), "-c", str(place.directory / "mine.toml")], stdin=null,
                                    stdout=out, stderr=out, env=hostile_environment, cwd="/",
                                    start_new_session=True).pid

    pid = as_user(MALLORY, start)
    try:
        report = work / "contract-0.json"
        wait_until(report.exists, "the worker runs")
        text = report.read_text(encoding="utf-8")
        assert "nonexistent" not in text and "8:9" not in text and '"IFS"' not in text
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not alive(pid), "the master ends")


def test_K35_AStoppedMasterBlamesNobodyForTheGap(place: Place) -> None:
    config = "".join(place.service(name, place.guest("steady"), num=3, timeout=1.5) for name in ("web", "jobs"))
    master = place.start(config)
    before = {name: master.wait_running(name, 3) for name in ("web", "jobs")}
    try:
        master.signal(signal.SIGSTOP)
        # Workers beat on, then their pipes hold it; three times the timeout passes.
        with pytest.raises(AssertionError):
            wait_until(lambda: False, "nothing", 4.5)
    finally:
        master.signal(signal.SIGCONT)
    # Nobody is replaced, now or after a timeout of theirs.
    with pytest.raises(AssertionError):
        wait_until(lambda: {name: master.pids(name) for name in before} != before, "somebody is blamed", 2)
    assert "lost" not in master.log()


def test_K35_NorWhereItsWorkersWereStoppedWithIt(place: Place) -> None:
    # No beat of theirs waits in a pipe, so only what the master knows of the gap speaks for them.
    master = place.start(place.service("web", place.guest("steady"), num=3, timeout=3))
    pids = master.wait_running("web", 3)
    try:
        master.signal(signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        with pytest.raises(AssertionError):
            wait_until(lambda: False, "nothing", 4.5)
        master.signal(signal.SIGCONT)
        assert master.ask("Pid") == ("Pid", str(master.pid))
    finally:
        for pid in [master.pid, *pids]:
            os.kill(pid, signal.SIGCONT)
    with pytest.raises(AssertionError):
        wait_until(lambda: master.pids("web") != pids, "somebody is blamed", 4)
    assert "lost" not in master.log()
