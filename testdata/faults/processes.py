"""What the tests of faults do to processes and see of them."""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import resource
import signal
from typing import Iterator, Optional

import pytest

from testdata.e2e.harness import Place
from testdata.e2e.processes import wait_until

_F_GETPIPE_SZ = 1032
_SYS_CLONE3 = 435


looks_into_master = pytest.mark.skipif(os.geteuid() != 0, reason="only root may see a master's descriptors and files")


def rounds(usual: int) -> int:
    """How often a race is run: the test's own number, or what the environment says."""
    return int(os.environ.get("FECTL_FAULT_ROUNDS", usual))


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ChosenProcess:
    """A process of ours that does nothing, with a pid of our choice."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: Optional[int] = None

    def poll(self) -> Optional[int]:
        if self._status is None and os.waitpid(self.pid, os.WNOHANG)[0] != 0:
            self._status = 1
        return self._status

    def end(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def start_with_pid(pid: int) -> ChosenProcess:
    """Waits until the pid is free, and takes it. As root only."""
    wanted = (ctypes.c_int * 1)(pid)
    # struct clone_args up to set_tid_size; exit_signal is the fifth word, set_tid the ninth.
    arguments = (ctypes.c_uint64 * 10)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(wanted), 1)
    libc = ctypes.CDLL(None, use_errno=True)

    def taken() -> bool:
        got = libc.syscall(_SYS_CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments))
        if got == 0:
            os.setpgid(0, 0)  # so that a signal to a group of this number would reach it, too
            os.execv("/bin/sleep", ["sleep", "600"])
        assert got in (pid, -1)
        return got == pid

    wait_until(taken, f"pid {pid} is free", 20)
    return ChosenProcess(pid)


def process_state(pid: int) -> str:
    """As the kernel names it: R, S, T (stopped), Z (zombie) ...; "-" when there is no such process."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    return stat.rpartition(")")[2].split()[0]


def open_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


@contextlib.contextmanager
def pipes_used_up(user: int) -> Iterator[None]:
    """As long as it lasts, this user has all the pipe buffers that the kernel gives at their full size. As root."""
    ready, told = os.pipe()
    holder = os.fork()
    if holder == 0:
        try:
            os.setresuid(user, user, user)
            resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
            # A pipe of the default size has sixteen pages, and one beyond the user's limit has two.
            while fcntl.fcntl(os.pipe()[0], _F_GETPIPE_SZ) > 8192:
                pass
            os.write(told, b".")
            signal.pause()
        finally:
            os._exit(1)
    os.close(told)
    try:
        assert os.read(ready, 1) == b".", "the user's pipes cannot be used up"
        yield
    finally:
        os.close(ready)
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)


def parent(pid: int) -> int:
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[1])


class Cgroup:
    """A group of one version 1 controller, made by the test."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def add(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid), encoding="utf-8")

    def join(self) -> None:
        """This process, and what it will start."""
        self.add(os.getpid())

    def pids(self) -> list[int]:
        return [int(line) for line in (self.folder / "cgroup.procs").read_text(encoding="utf-8").split()]

    def set(self, name: str, value: str) -> None:
        (self.folder / name).write_text(value, encoding="utf-8")

    def get(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8").strip()


@contextlib.contextmanager
def cgroup(controller: str, *settings: str) -> Iterator[Cgroup]:
    """A group of this controller, with files set to values. Skips the test where there can be none."""
    folder = pathlib.Path("/sys/fs/cgroup", controller, f"fectl-test-{os.getpid()}")
    try:
        folder.mkdir()
    except OSError as problem:
        pytest.skip(f"needs root and the {controller} controller of cgroup version 1: {problem}")
    group = Cgroup(folder)
    try:
        for name, value in zip(settings[::2], settings[1::2]):
            group.set(name, value)
        yield group
    finally:
        for pid in group.pids():
            (folder.parent / "cgroup.procs").write_text(str(pid), encoding="utf-8")
        wait_until(lambda: not group.pids(), "the group is empty")
        folder.rmdir()


def without_leak_check(place: Place) -> list[str]:
    """For a place in which the sanitizer that looks for leaks cannot work: it needs /proc, and to trace its process.
    Returns what the environment of workers wants for the same."""
    options = place.environment.get("ASAN_OPTIONS")
    if options is None:
        return []
    place.environment["ASAN_OPTIONS"] = options + ":detect_leaks=0"
    return ["ASAN_OPTIONS=" + place.environment["ASAN_OPTIONS"]]
