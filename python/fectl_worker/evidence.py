"""Lets fectld find out where this process hangs, once it has been given up.

take_part() makes a small file without a name and sets two signal handlers. Nothing runs and nothing is written until
fectld, beside the successor of a worker that fell silent, sends the first signal: Python then writes what all threads
and asyncio tasks do (fectl_worker.evidence_stacks). Where C code keeps the interpreter from that, the second one makes
faulthandler write what threads do, which needs no interpreter. The worker protocol (proto_spec/worker_protocol.md)
has the form of the file.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import os
import signal
import sys
import sysconfig
import weakref
from types import FrameType
from typing import Any, Optional

from fectl_worker import evidence_stacks

__all__ = ["note_application", "note_greenlet", "note_loop", "note_turn", "take_part"]

FILE_NAME = "fectl-evidence"
# Where in the file what begins, and where it ends: it cannot grow, so this is all that a worker can make others keep.
TOLD_AT = 8 * 1024
DUMP_AT = 136 * 1024
FILE_BYTES = 256 * 1024
# In the range that is nobody's. A program that has a handler of its own for one of them keeps it.
TELL_SIGNAL = signal.SIGRTMAX - 4
DUMP_SIGNAL = signal.SIGRTMAX - 3

# Since Linux 6.3: a file that no program can be made of. Python has no name for it before 3.13 or so.
_MFD_NOEXEC_SEAL = 8


class Evidence:
    """The file, and what is known of who serves."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._signals: dict[str, int] = {}
        self._applications: list[str] = []
        #: What drives the worker's dispatch(): this thread and, within it, this asyncio task or greenlet, if any.
        self.thread = evidence_stacks.this_thread()
        self.driver: Optional[weakref.ref[Any]] = None
        self.loops: weakref.WeakSet[Any] = weakref.WeakSet()
        self.greenlets: weakref.WeakSet[Any] = weakref.WeakSet()
        #: The code below everything that an event loop runs which is not Python: the caller of uvloop's.
        self.loop_caller: Any = None

    def set_handlers(self) -> None:
        if signal.getsignal(TELL_SIGNAL) is signal.SIG_DFL:
            try:
                signal.signal(TELL_SIGNAL, self._tell)
                self._signals["tell"] = int(TELL_SIGNAL)
            except ValueError:
                pass  # Python takes handlers from its main thread alone
        if signal.getsignal(DUMP_SIGNAL) is signal.SIG_DFL:
            os.lseek(self._fd, DUMP_AT, os.SEEK_SET)
            faulthandler.register(DUMP_SIGNAL, file=self._fd, all_threads=True, chain=False)
            self._signals["dump"] = int(DUMP_SIGNAL)
        self._write_head()

    def note_application(self, module: str) -> None:
        package = module.partition(".")[0]
        if package not in self._applications:
            self._applications.append(package)
            self._write_head()

    def note_thread(self, thread: int) -> None:
        self.thread = thread
        self._write_head()

    def _write_head(self) -> None:
        paths = sysconfig.get_paths()
        head = {
            "v": 1,
            "fd": self._fd,
            **self._signals,
            "thread": self.thread,
            "main": getattr(sys.modules.get("__main__"), "__file__", None) or "",
            "path": [entry for entry in sys.path if entry][:32],
            "library": sorted({paths["stdlib"], paths["platstdlib"], os.path.dirname(os.path.abspath(__file__))}),
            "applications": self._applications[:32],
        }
        text = json.dumps(head, ensure_ascii=False).encode("utf-8", "replace")
        if len(text) < TOLD_AT:
            os.pwrite(self._fd, text + bytes(TOLD_AT - len(text)), 0)

    def _tell(self, _number: int, frame: Optional[FrameType]) -> None:
        # In the middle of whatever hangs: nothing is logged, imported or waited for, and nothing comes out.
        try:
            text = evidence_stacks.describe(self, frame, DUMP_AT - TOLD_AT - 1)
            os.pwrite(self._fd, text + b"\n", TOLD_AT)
        except BaseException:
            pass


_evidence: Optional[Evidence] = None


def take_part() -> None:
    """Once in a process, early. Where the system does not give what it needs, nothing is lost but evidence."""
    global _evidence
    if _evidence is not None:
        return
    try:
        evidence = Evidence(_make_file())
        evidence.set_handlers()
    except (OSError, RuntimeError, ValueError, AttributeError):
        return
    _evidence = evidence


def note_turn() -> None:
    """The caller drives dispatch(): what hangs when the heartbeats end is its thread, or the task that it runs in."""
    if _evidence is None:
        return
    thread = evidence_stacks.this_thread()
    if thread != _evidence.thread:
        _evidence.note_thread(thread)
    _evidence.driver = evidence_stacks.running()


def note_loop(loop: Any, caller: Optional[FrameType] = None) -> None:
    """An asyncio loop whose tasks are to be shown; `caller`: the frame from which it runs what calls this."""
    if _evidence is None:
        return
    _evidence.loops.add(loop)
    if caller is not None:
        _evidence.loop_caller = caller.f_code


def note_greenlet(greenlet: Any) -> None:
    """One that is to be shown."""
    if _evidence is not None:
        _evidence.greenlets.add(greenlet)


def note_application(module: str) -> None:
    """What belongs to this module's package is the application's own, also where it is installed like a library."""
    if _evidence is not None:
        _evidence.note_application(module)


def _make_file() -> int:
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        fd = os.memfd_create(FILE_NAME, flags | _MFD_NOEXEC_SEAL)
    except OSError:
        fd = os.memfd_create(FILE_NAME, flags)
    os.ftruncate(fd, FILE_BYTES)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return fd
