"""The argument `access_log`: where lines go, which no trouble with the log keeps a request from being answered."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import time
from typing import Optional, Protocol

from fectl_worker.errors import ConfigError

__all__ = ["Lines", "open_lines"]

_log = logging.getLogger("fectl_worker")

# After a failure the next attempt to open the file comes this much later: otherwise each request would try to open it.
_RETRY_S = 1.0
_WORDS = {"-": 1, "on": 1, "stdout": 1, "stderr": 2, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"(?:/dev|/proc/self|/proc/thread-self)/fd/([0-9]+)")
_LINKS_MAX = 40


class _Target(Protocol):
    """Where lines go. descriptor() gives -1 while there is none, or raises OSError."""

    def descriptor(self) -> int: ...

    name: str


class Lines:
    """Lines for a descriptor or a file. write() never raises an exception.

    What fails is said once in the worker's log. Lines that cannot be written are counted, and the count is logged when
    lines can be written again, and at close().
    """

    def __init__(self, target: _Target) -> None:
        self._target = target
        #: Lines which could not be written since the last one that could.
        self.dropped = 0
        self._ends_within_a_line = False

    def write(self, line: str) -> None:
        """One line, with or without its end."""
        data = line.rstrip("\n").encode("utf-8", "backslashreplace") + b"\n"
        if self._ends_within_a_line:
            # A full disk took half of a line: that half gets a line of its own.
            data = b"\n" + data
        try:
            fd = self._target.descriptor()
            written = os.write(fd, data)
        except OSError as error:
            self._drop(error)
            return
        self._ends_within_a_line = written < len(data)
        if self._ends_within_a_line:
            self._drop(OSError(errno.ENOSPC, "a line was written in part only"))
        elif self.dropped:
            self._tell_dropped()

    def look(self) -> None:
        """Opens what is to be opened, before there is a line."""
        try:
            self._target.descriptor()
        except OSError as error:
            _log.error("access_log=%s: cannot be opened (%s); it is tried again", self._target.name, error.strerror)

    def close(self) -> None:
        """Tells what was dropped; the process is about to end."""
        if self.dropped:
            _log.error("access_log=%s: %d lines were dropped", self._target.name, self.dropped)
            self.dropped = 0

    def _drop(self, error: OSError) -> None:
        self.dropped += 1
        if self.dropped == 1:
            _log.error(
                "access_log=%s: cannot be written (%s); lines are dropped and counted until it can be",
                self._target.name,
                error.strerror or error,
            )

    def _tell_dropped(self) -> None:
        _log.warning("access_log=%s: is written again; %d lines were dropped", self._target.name, self.dropped)
        self.dropped = 0


class _Descriptor:
    """A descriptor that this process was started with."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self._fd = fd

    def descriptor(self) -> int:
        return self._fd


class _File:
    """A file which somebody may rename or remove: then one of the same name is made.

    While it cannot be made, as by a user without the right to write into the folder, the lines go to the old file.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        # Programs may change their current directory.
        self._path = os.path.abspath(path)
        self._fd = -1
        self._identity: Optional[tuple[int, int]] = None
        self._retry_at = 0.0
        self._error: Optional[OSError] = None

    def descriptor(self) -> int:
        try:
            found: Optional[os.stat_result] = os.stat(self._path)
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._identity:
            self._reopen()
        if self._fd < 0:
            assert self._error is not None
            raise self._error
        return self._fd

    def _reopen(self) -> None:
        now = time.monotonic()
        if now < self._retry_at:
            return
        try:
            # O_NONBLOCK: opening a FIFO that nobody reads must not wait for a reader.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
            fd = os.open(self._path, flags, 0o666)
        except OSError as error:
            self._retry_at = now + _RETRY_S
            if self._fd >= 0 and self._error is None:
                _log.error(
                    "access_log=%s: was moved away and cannot be made again (%s); lines go on to the old file",
                    self.name,
                    error.strerror,
                )
            self._error = error
            return
        if self._fd >= 0:
            os.close(self._fd)
            if self._error is not None:
                _log.warning("access_log=%s: could be made again; lines go there from now on", self.name)
        self._fd, self._error = fd, None
        opened = os.fstat(fd)
        self._identity = (opened.st_dev, opened.st_ino)


def open_lines(target: str) -> Optional[Lines]:
    """"off": None. "-", "on" or "stdout", "stderr", or a path of one of this process's descriptors, as /dev/stdout or
    /proc/self/fd/2: that descriptor itself. Anything else is the path of a file, which may be rotated by renaming it.

    ConfigError: it can never be written. A file that cannot be opened now is no error: the lack of an access log must
    not keep a service from being served. It is logged, and tried again.
    """
    if target == "off":
        return None
    fd = _descriptor_of(target)
    if fd is not None:
        return Lines(_Descriptor(target, _checked(target, fd)))
    if os.path.isdir(target):
        raise ConfigError(f"arguments: access_log={target}: is a folder, not a file")
    log = Lines(_File(target))
    log.look()
    return log


def _descriptor_of(target: str) -> Optional[int]:
    """The descriptor that a path means. Opening such a path again would ask for rights anew, fails for a UNIX socket,
    and would write with an offset of its own over what others write."""
    path = target
    for _ in range(_LINKS_MAX):
        # normpath() leaves two slashes at the beginning alone.
        plain = re.sub("^//+", "/", os.path.normpath(path))
        if plain in _WORDS:
            return _WORDS[plain]
        found = _DESCRIPTOR.fullmatch(plain)
        if found is not None:
            return int(found[1])
        try:
            # A link like logs/access.log -> /dev/stdout, as images of containers have them.
            path = os.path.join(os.path.dirname(path), os.readlink(path))
        except OSError:
            return None
    return None


def _checked(target: str, fd: int) -> int:
    try:
        access = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
        inherited = fd <= 2 or not fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    except OSError as error:
        raise ConfigError(f"arguments: access_log={target}: descriptor {fd} is not open ({error.strerror})") from None
    if not inherited:
        raise ConfigError(f"arguments: access_log={target}: descriptor {fd} is one of the worker's own")
    if access == os.O_RDONLY:
        raise ConfigError(f"arguments: access_log={target}: descriptor {fd} is open for reading only")
    return fd
