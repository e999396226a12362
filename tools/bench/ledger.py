"""What the guests write down (ledger.h), read by the driver."""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from tools.bench import processes

BORN, STARTED, DONE = 1, 2, 3

_RECORDS_MAX = 131072
_HEAD = struct.Struct("=QQ")
_RECORD = struct.Struct("=iiq")


class Ledger:
    """The file `path`, made anew. Each record is read once, in the order in which their places were taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        size = _HEAD.size + _RECORDS_MAX * _RECORD.size
        with open(path, "w+b") as file:
            file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        self._next = 0

    def close(self) -> None:
        self._map.close()

    def new(self) -> Iterator[tuple[int, int, int]]:
        """(kind, pid, ns of CLOCK_MONOTONIC) of what was written since; ends at a record that is being written."""
        taken, _ = _HEAD.unpack_from(self._map)
        if taken > _RECORDS_MAX:
            raise OverflowError("the ledger is full")
        while self._next < taken:
            kind, pid, ns = _RECORD.unpack_from(self._map, _HEAD.size + self._next * _RECORD.size)
            if kind == 0:
                return
            self._next += 1
            yield kind, pid, ns

    def take(self, kind: int, count: int, manager: int, what: str) -> dict[int, int]:
        """The next `count` records of a kind (others are skipped), pid -> ns; while the process `manager` lives."""
        found: dict[int, int] = {}
        deadline = processes.Deadline(f"{count} guests: {what}")
        while True:
            for written, pid, ns in self.new():
                if written == kind:
                    found[pid] = ns
                if len(found) == count:
                    return found
            if processes.has_ended(manager):
                raise RuntimeError(f"process {manager} has ended with {len(found)} of {count} guests: {what}")
            deadline.wait()
