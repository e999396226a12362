"""Masters with strange rights and surroundings, and what a worker says of its own. The system calls that Python does
not have are made with ctypes."""

import ctypes
import fcntl
import os
import platform
import resource
import signal
import struct
import termios
from typing import Any, Iterable

libc = ctypes.CDLL(None, use_errno=True)

# By the numbers of the processor.
CALLS = {"x86_64": {"keyctl": 250, "ioprio_set": 251, "set_mempolicy": 238},
         "aarch64": {"keyctl": 219, "ioprio_set": 30, "set_mempolicy": 237}}.get(platform.machine(), {})

CAP_CHOWN, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_NET_BIND_SERVICE = 0, 5, 6, 7, 10
_KEEPCAPS, _SET_SECUREBITS, _TIMERSLACK, _SET_PDEATHSIG, _THP_DISABLE, _AMBIENT = 8, 28, 29, 1, 41, 47
NO_SETUID_FIXUP = 4  # of the securebits
NO_RANDOMIZE = 0x40000  # of the personality
_CLONE_NEWUTS = 0x4000000


def _checked(result: int, what: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), what)


def prctl(option: int, *arguments: Any) -> None:
    _checked(libc.prctl(option, *(ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4])), f"prctl {option}")


def set_capabilities(held: Iterable[int], inheritable: Iterable[int]) -> None:
    """Effective and permitted, and inheritable."""
    sets = [sum(1 << number for number in numbers) for numbers in (held, held, inheritable)]
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(*(part & 0xffffffff for part in sets), *(part >> 32 for part in sets))
    _checked(libc.capset(header, data), "capset")


def become_ordinary_with(uid: int, capabilities: tuple[int, ...]) -> None:
    """From root: this user and group, with these capabilities in every set, the ambient one included."""
    prctl(_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    set_capabilities(capabilities, capabilities)
    for number in capabilities:
        prctl(_AMBIENT, 2, number)


def _filter_that_allows_all() -> None:
    instruction = struct.pack("HBBI", 6, 0, 0, 0x7fff0000)  # return: allow
    code = ctypes.create_string_buffer(instruction)
    program = ctypes.create_string_buffer(struct.pack("HP", 1, ctypes.addressof(code)))
    prctl(22, 2, ctypes.addressof(program))


def spoil(terminal: str) -> None:
    """Strange values of all that a process hands on to those which it starts. (Root's, in a process that is to become
    the master.)"""
    os.setsid()
    fcntl.ioctl(os.open(terminal, os.O_RDWR), termios.TIOCSCTTY, 0)
    prctl(_SET_SECUREBITS, NO_SETUID_FIXUP)
    set_capabilities(_permitted(), [CAP_NET_BIND_SERVICE])
    prctl(_AMBIENT, 2, CAP_NET_BIND_SERVICE)
    if CALLS:
        libc.syscall(CALLS["keyctl"], 1, b"of-the-master")
        _checked(libc.syscall(CALLS["ioprio_set"], 1, 0, 3 << 13), "ioprio_set")
        libc.syscall(CALLS["set_mempolicy"], 1, ctypes.byref(ctypes.c_ulong(1)), 8)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512))
    resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, 5 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("123")
    with open("/proc/self/coredump_filter", "w", encoding="ascii") as file:
        file.write("0x11")
    os.nice(3)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    prctl(_TIMERSLACK, 123456)
    libc.personality(NO_RANDOMIZE)
    prctl(_THP_DISABLE, 1)
    prctl(_SET_PDEATHSIG, signal.SIGWINCH)
    _checked(libc.unshare(_CLONE_NEWUTS), "unshare")
    signal.setitimer(signal.ITIMER_VIRTUAL, 1e6)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG, signal.SIGCHLD, signal.SIGRTMIN])
    os.kill(os.getpid(), signal.SIGURG)
    os.umask(0o777)
    _filter_that_allows_all()


def limits_of(pid: int) -> dict[str, tuple[int, int]]:
    """Of a process, but for the limit of open files."""
    return {name: resource.prlimit(pid, getattr(resource, name)) for name in dir(resource)
            if name.startswith("RLIMIT_") and name not in ("RLIMIT_NOFILE", "RLIMIT_OFILE")}


def _permitted() -> list[int]:
    with open("/proc/self/status", encoding="ascii") as status:
        held = next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm"))
    return [number for number in range(64) if held >> number & 1]


# What a worker of this user finds. Executed by the hostile worker, as one of the base level.
FINDS = """
import ctypes, platform, resource
libc = ctypes.CDLL(None, use_errno=True)
calls = {"x86_64": (250, 252, 239), "aarch64": (219, 31, 236)}.get(platform.machine())
def read(path):
    try: return open(path).read().rstrip("\\n\\0")
    except OSError: return None
def got(option):
    value = ctypes.c_int(-1)
    libc.prctl(option, ctypes.byref(value), 0, 0, 0)
    return value.value
def keyring():
    text = ctypes.create_string_buffer(256)
    libc.syscall(calls[0], 6, ctypes.c_long(-3), text, 256)
    return text.value.decode().rpartition(";")[2]
def terminal():
    try: os.close(os.open("/dev/tty", os.O_RDWR)); return "one"
    except OSError: return "none"
def memory_policy():
    mode = ctypes.c_int(-1)
    return mode.value if libc.syscall(calls[2], ctypes.byref(mode), None, 0, None, 0) == 0 else "unknown"
status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status"))
mask = os.umask(0)
found = {
  "user": status["Uid"].split(), "group": status["Gid"].split(), "supplementary groups": status["Groups"].split(),
  "capabilities": [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")],
  "bounding set": int(status["CapBnd"], 16), "securebits": libc.prctl(27, 0, 0, 0, 0),
  "session keyring": keyring() if calls else "unknown", "no_new_privs": status["NoNewPrivs"],
  "descriptors": sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd)),
  "session": os.getsid(0) == os.getpid(), "process group": os.getpgrp() == os.getpid(), "terminal": terminal(),
  "signals": [int(status[name], 16) for name in ("SigBlk", "SigPnd", "ShdPnd")] +
             [int(status["SigIgn"], 16) & ~(1 << 12 | 1 << 24)],
  "timers": [signal.getitimer(which)[0] for which in (0, 1, 2)], "parent death signal": got(2),
  "subreaper": got(37), "dumpable": libc.prctl(3, 0, 0, 0, 0), "directory": os.getcwd(), "umask": mask,
  "limit of open files": resource.getrlimit(resource.RLIMIT_NOFILE),
  "other limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource)
                   if name.startswith("RLIMIT_") and name not in ("RLIMIT_NOFILE", "RLIMIT_OFILE")},
  "oom_score_adj": read("/proc/self/oom_score_adj"), "nice value": os.getpriority(os.PRIO_PROCESS, 0),
  "scheduling policy": os.sched_getscheduler(0), "CPU affinity": sorted(os.sched_getaffinity(0)),
  "I/O priority": libc.syscall(calls[1], 1, 0) if calls else "unknown", "timer slack": libc.prctl(30, 0, 0, 0, 0),
  "memory policy": memory_policy() if calls else "unknown", "personality": libc.personality(0xffffffff),
  "transparent huge pages": libc.prctl(42, 0, 0, 0, 0), "core dump filter": read("/proc/self/coredump_filter"),
  "control groups": read("/proc/self/cgroup"), "root directory": os.readlink("/proc/self/root"),
  "namespaces": {name: os.readlink("/proc/self/ns/" + name) for name in os.listdir("/proc/self/ns")},
  "seccomp filters": status.get("Seccomp"), "security label": read("/proc/self/attr/current"),
  "audit login": read("/proc/self/loginuid"),
}
"""
