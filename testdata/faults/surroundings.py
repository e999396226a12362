"""What surrounds a master, made scarce, hostile or strange: limits, file systems, namespaces."""

import ctypes
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterable, Iterator

import pytest

from testdata.e2e.harness import Master
from testdata.e2e.processes import wait_until

AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root may do this")

_NEW = {"mount": 0x20000, "net": 0x40000000, "time": 0x80}
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # of a network interface
_BIND, _BELOW, _PRIVATE, _REMOUNT, _READ_ONLY = 0x1000, 0x4000, 0x40000, 0x20, 0x1


def can_unshare(*words: str) -> bool:
    """Whether this machine lets the tests have namespaces of their own: `--mount`, `--net`, …"""
    return subprocess.run(["unshare", *words, "true"], capture_output=True, check=False).returncode == 0


def needs_namespace(*words: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not can_unshare(*words), reason=f"needs a namespace: unshare {' '.join(words)}")


def _system(call: str, *arguments: Any) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, call)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{call} {arguments}")


needs_mounts = needs_namespace("--mount")

Step = Callable[[], None]


def own_namespaces(*kinds: str, steps: Iterable[Step] = ()) -> Step:
    """For `preexec_fn`: the program has namespaces of these kinds, in which the steps were taken first."""

    def enter() -> None:
        for kind in kinds:
            _system("unshare", _NEW[kind])
        if "mount" in kinds:
            _system("mount", b"none", b"/", None, _PRIVATE | _BELOW, None)
        for step in steps:
            step()

    return enter


def tmpfs(where: pathlib.Path, options: str = "") -> Step:
    return lambda: _system("mount", b"none", str(where).encode(), b"tmpfs", 0, options.encode())


def bind(what: pathlib.Path, where: pathlib.Path) -> Step:
    return lambda: _system("mount", str(what).encode(), str(where).encode(), None, _BIND | _BELOW, None)


def read_only(where: str) -> Step:
    return lambda: _system("mount", b"none", where.encode(), None, _REMOUNT | _BIND | _READ_ONLY, None)


def loopback(up: bool) -> Step:
    """The loopback interface is up from then on, or down. (`ip link` would need one more package.)"""

    def step() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            answer = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sh14x", b"lo", 0))
            flags = struct.unpack("16sh14x", answer)[1]
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP if up else flags & ~_UP))

    return step


def inside(pid: int, kind: str, step: Step) -> None:
    """Takes the step in a namespace of another process."""

    def enter() -> None:
        with open(f"/proc/{pid}/ns/{kind}", "rb") as namespace:
            _system("setns", namespace.fileno(), _NEW[kind])
        step()

    subprocess.run(["true"], preexec_fn=enter, check=True)


def clock_ahead(seconds: int, nanos: int = 0) -> Step:
    """In an own time namespace, which the program enters when it is executed: the monotonic clock is ahead."""
    return lambda: _write("/proc/self/timens_offsets", f"monotonic {seconds} {nanos}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


@contextmanager
def limited(master: Master, limit: str, value: int) -> Iterator[None]:
    """The master's soft limit of `nproc` or `nofile` is this for a while."""

    # Its own user does it: root of a container has no power over the limits of others.
    def prlimit(*words: str) -> str:
        return subprocess.run(["prlimit", f"--pid={master.pid}", *words], check=True, capture_output=True, text=True,
                              **master.place.popen).stdout.strip()

    soft = prlimit(f"--{limit}", "--output=SOFT", "--noheadings")
    prlimit(f"--{limit}={value}:")
    try:
        yield
    finally:
        prlimit(f"--{limit}={soft}:")


def open_descriptors(master: Master) -> int:
    return len(os.listdir(f"/proc/{master.pid}/fd"))


def sockets(master: Master) -> list[str]:
    """Those of its open descriptors that are sockets, but for the one to its logger."""
    packets = set()  # inodes of sockets that keep messages apart, which the master has for nothing else
    for line in pathlib.Path(f"/proc/{master.pid}/net/unix").read_text(encoding="utf-8").splitlines()[1:]:
        fields = line.split()
        if fields[4] == "0005":
            packets.add(f"socket:[{fields[6]}]")
    found = []
    for number in os.listdir(f"/proc/{master.pid}/fd"):
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(f"/proc/{master.pid}/fd/{number}"))
    return [target for target in found if target.startswith("socket:") and target not in packets]


def processor_seconds(pid: int) -> float:
    """What the process has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shown(master: Master, name: str) -> str:
    return master.fectl_ok("status", name)


def wait_shown(master: Master, name: str, words: str) -> None:
    wait_until(lambda: words in shown(master, name), f"status of {name} says: {words}")


def failed_starts(master: Master, name: str, worker: int = 1) -> int:
    return len([reason for reason in master.reasons(name, worker)
                if isinstance(reason, dict) and "FailedToStart" in reason])


def log_to(name: str) -> str:
    return f'[logging]\nservice = "file"\nname = "{name}"\n\n'


def kill_and_replace(master: Master, times: int = 1) -> None:
    """What every master must still be able to do; each time it has a few lines to log."""
    for _ in range(times):
        (pid,) = master.pids("web")
        os.kill(pid, signal.SIGKILL)
        master.wait_replaced("web", pid)
