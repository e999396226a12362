"""A worker of the test's own process, and the master's ends of its channel."""

from __future__ import annotations

import contextlib
import json
import os
import struct
from typing import Any, Iterator

import fectl_worker
from fectl_worker.testing import frame


class Pipes:
    """A worker of this process, and the master's ends of its channel."""

    def __init__(self, level: int, timeout: float, more: dict[str, str]) -> None:
        reads, self._write = os.pipe()
        self._read, writes = os.pipe()
        os.set_blocking(self._read, False)
        variables = {"FECTL_FD": f"{reads}:{writes}", "FECTL_SRV_NAME": "shop", "FECTL_PROC_IDX": "2", **more}
        if level >= 2:
            variables |= {"FECTL_PROTO": str(level), "FECTL_TIMEOUT": str(timeout), "FECTL_SHUTDOWN_TIMEOUT": "30"}
        self.worker = fectl_worker.Worker.from_variables(variables)
        self.calls: list[Any] = []
        for name in ("start", "pause", "resume"):
            setattr(self.worker, f"on_{name}", lambda name=name: self.calls.append(name))
        self.worker.on_stop = lambda seconds: self.calls.append(("stop", round(seconds)))
        self.worker.on_message = lambda message: self.calls.append(("message", message))

    def send(self, *commands: str, data: Any = None) -> None:
        messages = [{"cmd": c} if data is None else {"cmd": c, "data": data} for c in commands]
        os.write(self._write, b"".join(map(frame, messages)))

    def send_bytes(self, raw: bytes) -> None:
        os.write(self._write, raw)

    def said(self) -> list[Any]:
        """What the worker has said by now: words, or pairs of word and data."""
        try:
            data = os.read(self._read, 1 << 20)
        except BlockingIOError:
            return []
        said = []
        while data:
            (size,) = struct.unpack_from(">H", data)
            message = json.loads(data[2 : 2 + size])
            said.append((message["cmd"], message["data"]) if "data" in message else message["cmd"])
            data = data[2 + size :]
        return said

    def vanish(self) -> None:
        for fd in (self._read, self._write):
            if fd >= 0:
                os.close(fd)
        self._read = self._write = -1


@contextlib.contextmanager
def pipes(level: int = 3, timeout: float = 10, **more: str) -> Iterator[Pipes]:
    made = Pipes(level, timeout, more)
    try:
        yield made
    finally:
        made.vanish()
