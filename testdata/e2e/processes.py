"""What the end-to-end tests see of processes, and how they wait for what must come."""

import ctypes
import os
import pathlib
import signal
import time
from typing import Callable, Optional, TypeVar

DEADLINE_SECONDS = 60.0
_PR_SET_CHILD_SUBREAPER = 36

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what} (last seen: {value!r})")
        time.sleep(0.02)


def _parents() -> dict[int, tuple[int, str]]:
    """Of each process: its parent and its state."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # gone meanwhile
            fields = stat.rpartition(")")[2].split()
            found[int(entry)] = (int(fields[1]), fields[0])
    return found


def descendants(root: Optional[int] = None) -> list[int]:
    """The living processes below `root`, or below this one. Zombies are not counted."""
    parents = _parents()
    found: list[int] = []
    layer = {os.getpid() if root is None else root}
    while layer:
        layer = {pid for pid, (parent, _) in parents.items() if parent in layer}
        found += [pid for pid in layer if parents[pid][1] not in "ZX"]
    return found


def started_by(master: int) -> list[int]:
    """The living processes below a master, but for its logger."""
    return [pid for pid in descendants(master) if not command_line(pid).startswith("fectl-log")]


def alive(pid: int) -> bool:
    """True as long as the process runs; not for a zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def command_line(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "(gone)"


def sanitized() -> bool:
    """Whether a sanitizer runs in the programs under test. It takes SIGSEGV and the limit of cores for itself."""
    return any(name.endswith("SAN_OPTIONS") for name in os.environ)


def resident_kib(pid: int) -> int:
    """Nothing where a sanitizer runs: its shadows and what it keeps back of freed memory are not the program's, so
    limits on what may grow are only held to without."""
    if sanitized():
        return 0
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"{pid} has no memory")


def kill_descendants() -> None:
    """Whatever a failed test left. Orphans come to this process, as it is their subreaper: each is reaped here."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for pid in descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.02)


def adopt_orphans() -> None:
    """Processes that outlive their parent become children of this process, where they are found."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
