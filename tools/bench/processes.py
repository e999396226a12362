"""Processes that the benchmark starts: beginning, cost and end. Whatever descends from it is gone when it ends."""

import contextlib
import ctypes
import os
import resource
import select
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

DEADLINE_SECONDS = 120
_PR_SET_CHILD_SUBREAPER = 36
# Between two looks at something that is waited for. What is measured has the time of its event noted by others.
_LOOK_SECONDS = 0.002


def pause(seconds: float) -> None:
    """Lets what is measured be. (A measurement over time, or the moment between two looks.)"""
    time.sleep(seconds)


class Deadline:
    """For a loop of looks: `while not there: deadline.wait()`."""

    def __init__(self, what: str, seconds: float = DEADLINE_SECONDS) -> None:
        self._what, self._seconds = what, seconds
        self._until = time.monotonic() + seconds

    def wait(self) -> None:
        if time.monotonic() > self._until:
            raise TimeoutError(f"after {self._seconds:g} s still waiting for {self._what}")
        pause(_LOOK_SECONDS)


def adopt_orphans() -> None:
    """Processes whose parent ends become children of this one, so that nothing can get away."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def raise_descriptor_limit() -> int:
    """As many descriptors as may be; what is started inherits it. Returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def spawn(argv: Iterable[str | Path], environment: Mapping[str, str], log: Path | str = os.devnull) -> int:
    """Starts a program by its absolute path; its output goes to the file. Returns its pid."""
    words = [os.fspath(word) for word in argv]
    outputs = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.fspath(log), outputs, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # A session of its own: Ctrl-C is for the benchmark, which then ends its children itself.
    return os.posix_spawn(words[0], words, dict(environment), file_actions=actions, setsid=True)


def wall_ns(argv: Iterable[str | Path], environment: Mapping[str, str]) -> int:
    """How long a command takes, its start included."""
    began = time.monotonic_ns()
    pid = spawn(argv, environment)
    _, status = os.waitpid(pid, 0)
    ended = time.monotonic_ns()
    if status != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))}: ended with status {status}")
    return ended - began


def has_ended(pid: int) -> bool:
    """Reaps it if it is a child of ours that has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return not Path(f"/proc/{pid}").exists()


def await_child(pid: int, what: str) -> None:
    """Until a child of ours has ended; noticed at once. Reaps it."""
    ended = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        if not poll.poll(DEADLINE_SECONDS * 1000):
            raise TimeoutError(f"after {DEADLINE_SECONDS} s still waiting for {what}")
    finally:
        os.close(ended)
    os.waitpid(pid, 0)


def await_end(pids: Iterable[int], what: str) -> None:
    deadline = Deadline(what)
    for pid in pids:
        while not has_ended(pid):
            deadline.wait()


def _parents() -> dict[int, int]:
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            # The command's name, which may hold anything, stands in parentheses.
            fields = Path("/proc", entry, "stat").read_bytes().rpartition(b")")[2].split()
            parents[int(entry)] = int(fields[1])
    return parents


def descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def end_all() -> None:
    """Kills and reaps everything that descends from this process."""
    deadline = Deadline("the end of what was started")
    while left := descendants(os.getpid()):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        deadline.wait()


def cpu_ns(pids: Iterable[int]) -> int:
    """Processor time used so far, of all threads."""
    tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def wakeups(pids: Iterable[int]) -> int:
    """How often they have fallen asleep so far, which is how often they were woken."""
    return sum(_status_field(f"/proc/{pid}/status", "voluntary_ctxt_switches:") for pid in pids)


def pss_kib(pids: Iterable[int]) -> int:
    """Memory: what they have alone, and their part of what they share."""
    return sum(_status_field(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in pids)


def _status_field(path: str, name: str) -> int:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise ValueError(f"{path} has no {name}")
