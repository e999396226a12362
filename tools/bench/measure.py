"""Measures one master with many workers, against the floor that the kernel sets.

Run by tools/bench/run, which builds what is measured.
"""

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.bench import figures  # noqa: E402

# Longer than the time after which the master takes a worker for healthy: its next crash is then a first one, which is
# answered at once.
STABLE_SECONDS = 12
DEADLINE_SECONDS = 60


class Births:
    """What guests report with their first instruction: (pid, nanoseconds of CLOCK_MONOTONIC)."""

    def __init__(self, fifo: Path) -> None:
        os.mkfifo(fifo)
        # Also open for writing, so that it never ends between two guests.
        self._fd = os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._buffer = b""

    def next(self, what: str) -> tuple[int, int]:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while b"\n" not in self._buffer:
            if not select.select([self._fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no worker was born in {DEADLINE_SECONDS} s: {what}")
            self._buffer += os.read(self._fd, 65536)
        line, _, self._buffer = self._buffer.partition(b"\n")
        pid, born = line.split()
        return int(pid), int(born)

    def close(self) -> None:
        os.close(self._fd)


class Master:
    """A fectld in a folder of its own, with `workers` guests in one service; gone when the block ends."""

    def __init__(self, folder: Path, programs: Path, workers: int) -> None:
        self.fectl = [str(programs / "client/fectl"), "--sock", str(folder / "fectld.sock")]
        self._log = folder / "fectld.log"
        self.births = Births(folder / "births")
        command = [str(programs / "tools/bench/guest"), str(folder / "births")]
        service = {"name": "bench", "num": workers, "command": command, "timeout": 10}
        lines = ["[master]", f"sock = {json.dumps(str(folder / 'fectld.sock'))}", "[[service]]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in service.items()]
        (folder / "fectld.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [programs / "master/fectld", "-c", folder / "fectld.toml"], cwd=folder, stdout=log, stderr=log
            )

    def __enter__(self) -> "Master":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(DEADLINE_SECONDS)
        finally:
            self.births.close()
            if kind is not None:
                sys.stderr.write(self._log.read_text(errors="replace")[-4000:])


def pause(seconds: float) -> None:
    """Lets the master be. (A measurement over time, not a wait for something.)"""
    select.select([], [], [], seconds)


def floor_ns(folder: Path, programs: Path, rounds: int) -> list[int]:
    fifo = folder / "floor"
    os.mkfifo(fifo)
    command = [programs / "tools/bench/spawn_floor", programs / "tools/bench/guest", fifo, str(rounds)]
    return [int(line) for line in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()]


def respawns_ns(master: Master, pids: list[int]) -> list[int]:
    """Kills each worker once; from just before the kill to the first instruction of the one that takes its place."""
    found = []
    for pid in pids:
        killed = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        found.append(master.births.next(f"after {pid} was killed")[1] - killed)
    return found


def cpu_ns(pid: int) -> int:
    return sum(int(Path(task, "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def pss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError("the kernel gives no PSS")


def at_rest(master: Master, workers: int, seconds: float) -> list[figures.Figure]:
    began, before = time.monotonic_ns(), cpu_ns(master.process.pid)
    pause(seconds)
    used, elapsed = cpu_ns(master.process.pid) - before, time.monotonic_ns() - began
    return figures.rest_figures(used, elapsed, pss_kib(master.process.pid), workers)


def wall_ns(command: list[str], **options: object) -> int:
    began = time.monotonic_ns()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    return time.monotonic_ns() - began


def measure(programs: Path, workers: int, rest_seconds: float) -> list[figures.Figure]:
    with tempfile.TemporaryDirectory(prefix="fectl-bench-") as name:
        folder = Path(name)
        with Master(folder, programs, workers) as master:
            pids = [master.births.next("the start")[0] for _ in range(workers)]
            pause(STABLE_SECONDS)
            found = at_rest(master, workers, rest_seconds)
            found.append(figures.status_figure([wall_ns(master.fectl + ["status"]) for _ in range(30)], workers))
            # The floor before and after, so that a machine that slows down does so for both.
            floor = floor_ns(folder, programs, 100)
            respawns = respawns_ns(master, pids)
            os.unlink(folder / "floor")
            floor += floor_ns(folder, programs, 100)
    return figures.respawn_figures(respawns, floor) + found


def no_op_build() -> figures.Figure:
    subprocess.run(["bazel", "build", "//..."], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return figures.no_op_build_figure(wall_ns(["bazel", "build", "//..."], cwd=ROOT, stderr=subprocess.DEVNULL))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench/run", description="Measures what the project promises.")
    parser.add_argument("--programs", type=Path, default=ROOT / "bazel-bin", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--rest-seconds", type=float, default=30, help="how long the resting master is watched")
    parser.add_argument("--no-build", action="store_true", help="leave the no-op build out")
    arguments = parser.parse_args()
    found = measure(arguments.programs.resolve(), arguments.workers, arguments.rest_seconds)
    if not arguments.no_build:
        found.append(no_op_build())
    for figure in found:
        print(figure)
    return 0 if all(figure.holds for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
