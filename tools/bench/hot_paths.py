"""Instructions that the master spends on what it does most, counted by valgrind's callgrind: fectld itself at work.

Each path is walked a few times in one run and many times in another; the difference is that of the walks alone. Only
instructions of its own count, not the kernel's; one step of a path is over before the next begins, so the counts are
the same from run to run.
"""

import dataclasses
import json
import re
import shutil
import socket
import struct
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.bench import ledger, processes
from tools.bench.adapters.adapter import Job
from tools.bench.adapters.fectld import Fectld

_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


def total_instructions(folder: Path) -> int:
    """Of all processes that wrote their counts there."""
    files = list(folder.glob("callgrind.*"))
    if not files:
        raise RuntimeError("valgrind wrote no counts")
    totals = [_TOTAL.search(file.read_text()) for file in files]
    return sum(int(total.group(1)) for total in totals if total)


def _valgrind(folder: Path) -> list[str]:
    out = f"--callgrind-out-file={folder}/callgrind.%p"
    return [shutil.which("valgrind") or "valgrind", "--quiet", "--tool=callgrind", out]


class CountedFectld(Fectld):
    def command(self) -> list[str]:
        return [*_valgrind(self.job.folder), *super().command()]

    def environment(self) -> Mapping[str, str]:
        preloaded = str(self.job.programs / "tools/bench/valgrind_clone.so")
        return {**super().environment(), "LD_PRELOAD": preloaded}


def _count(programs: Path, workers: int, walk: Callable[[CountedFectld], None], beats: int = 0) -> int:
    """Of a whole life of a master: it starts silent workers, walks, and stops."""
    with tempfile.TemporaryDirectory(prefix="fectl-bench-", dir="/tmp") as folder:
        manager = CountedFectld(Job(programs, Path(folder), workers, beat_ms=0, beats=beats))
        try:
            manager.start()
            walk(manager)
            manager.stop()
            return total_instructions(Path(folder))
        except (OSError, RuntimeError) as problem:
            raise RuntimeError(f"{problem}\n{manager.log.read_text(errors='replace')[-3000:]}") from problem
        finally:
            manager.close()


def _await_beats(manager: CountedFectld) -> None:
    manager.take(ledger.DONE, 1, "hears heartbeats")


def heartbeat(programs: Path) -> float:
    few, many = 10, 510
    counts = [_count(programs, 1, _await_beats, beats) for beats in (few, many)]
    return (counts[1] - counts[0]) / (many - few)


def respawn(programs: Path) -> float:
    workers = 40

    def kill(number: int) -> Callable[[CountedFectld], None]:
        def walk(manager: CountedFectld) -> None:
            for worker in manager.worker_pids()[:number]:
                manager.respawn(worker)
                manager.take(ledger.STARTED, 1, "tells the new worker to start")

        return walk

    # Each place may lose a worker once before its next start is held back.
    counts = [_count(programs, workers, kill(number)) for number in (0, workers)]
    return (counts[1] - counts[0]) / workers


def _ask(connection: socket.socket, command: str, data: object = None) -> bytes:
    """One exchange of the control protocol."""
    payload = json.dumps({"cmd": command, "data": data}).encode()
    connection.sendall(struct.pack(">H", len(payload)) + payload)
    reader = connection.makefile("rb")
    (length,) = struct.unpack(">H", reader.read(2))
    if length == 0:
        (length,) = struct.unpack(">I", reader.read(4))
    answer = reader.read(length)
    if json.loads(answer)["cmd"] != command:
        raise RuntimeError(f"{command} was answered with {answer[:100]!r}")
    return answer


def _status(programs: Path, command: str, data: object, many: int) -> float:
    # Enough that the start of the workers, which no two runs do in the same turns, is nothing beside.
    few = 5

    def ask(number: int) -> Callable[[CountedFectld], None]:
        def walk(manager: CountedFectld) -> None:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(manager.socket)
                _ask(connection, "Hello", {"version": 2})
                for _ in range(number):
                    _ask(connection, command, data)

        return walk

    counts = [_count(programs, 200, ask(number)) for number in (few, many)]
    return (counts[1] - counts[0]) / (many - few)


def _start_up(program: Path) -> float:
    with tempfile.TemporaryDirectory(prefix="fectl-bench-", dir="/tmp") as folder:
        processes.wall_ns([*_valgrind(Path(folder)), program, "--version"], {})
        return total_instructions(Path(folder))


@dataclasses.dataclass(frozen=True)
class HotPath:
    name: str
    what: str
    count: Callable[[Path], float]


HOT_PATHS = [
    HotPath("heartbeat", "readiness, read, decode, step, timer", heartbeat),
    HotPath("respawn", "a death, its record and log, the start of the next one, its loaded and start", respawn),
    HotPath("status", "the whole status of a service of 200 workers", lambda p: _status(p, "Inspect", "bench", 45)),
    HotPath("overview", "the short status of that service", lambda p: _status(p, "Overview", None, 505)),
    HotPath("fectld_start", "fectld --version: loading and initialising", lambda p: _start_up(p / "master/fectld")),
    HotPath("fectl_start", "fectl --version: loading and initialising", lambda p: _start_up(p / "client/fectl")),
]
