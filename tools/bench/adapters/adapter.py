"""What every manager of processes looks like to the metrics."""

import abc
import contextlib
import dataclasses
import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from tools.bench import ledger, processes


@dataclasses.dataclass(frozen=True)
class Job:
    """What a manager is to do: keep `workers` guests running. `folder` is its own, and empty."""

    programs: Path
    folder: Path
    workers: int
    beat_ms: int = 1000  # of guests whose manager listens; 0: they are silent
    beats: int = 0  # that each guest sends at its start, one after the other

    @property
    def guest(self) -> Path:
        return self.programs / "tools/bench/guest"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def guest_environment(self) -> dict[str, str]:
        environment = {"BENCH_LEDGER": str(self.ledger), "BENCH_BEAT_MS": str(self.beat_ms)}
        return {**environment, "BENCH_BEATS": str(self.beats)} if self.beats else environment


class Adapter(abc.ABC):
    """One manager at work, from prepare() to stop(). A subclass says how it is configured and started."""

    name: str
    # What must be in the PATH for it to be measured; "": it is ours.
    program = ""
    # What a guest writes down when it is ready, as far as this manager knows of readiness.
    ready_record = ledger.BORN
    stop_signal = signal.SIGTERM
    # The most workers that it can have.
    workers_max = 100_000

    def __init__(self, job: Job) -> None:
        self.job = job
        self.pid = 0
        self.ledger = ledger.Ledger(job.ledger)
        self._workers: set[int] = set()

    @classmethod
    def installed(cls) -> bool:
        return not cls.program or shutil.which(cls.program) is not None

    @abc.abstractmethod
    def prepare(self) -> None:
        """Writes its configuration."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """How it is started; the first word is an absolute path."""

    def environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.job.folder), **self.job.guest_environment}

    @property
    def log(self) -> Path:
        return self.job.folder / "log"

    def start(self) -> int:
        """Launches it and waits until every worker is ready. Returns how many ns that took."""
        self.prepare()
        command, environment = self.command(), self.environment()
        began = time.monotonic_ns()
        self.pid = processes.spawn(command, environment, self.log)
        ready = self.take(self.ready_record, self.job.workers, "are ready")
        self._workers = set(ready)
        return max(ready.values()) - began

    def take(self, kind: int, count: int, what: str) -> dict[int, int]:
        """What so many of its guests write down next: pid -> ns."""
        return self.ledger.take(kind, count, self.pid, f"{self.name}: {what}")

    def worker_pids(self) -> list[int]:
        return sorted(self._workers)

    def own_pids(self) -> list[int]:
        """The processes that the manager itself consists of."""
        return [self.pid] + [pid for pid in processes.descendants(self.pid) if pid not in self._workers]

    def respawn(self, worker: int) -> int:
        """Kills a worker; ns until the first instruction of the one that takes its place."""
        for _ in self.ledger.new():
            pass
        began = time.monotonic_ns()
        os.kill(worker, signal.SIGKILL)
        ((pid, born),) = self.take(ledger.BORN, 1, f"replaces worker {worker}").items()
        self._workers = self._workers - {worker} | {pid}
        return born - began

    def stop(self) -> int:
        """Asks it to stop everything; ns until it and all that it started have ended."""
        others = set(self.own_pids()) | self._workers
        began = time.monotonic_ns()
        os.kill(self.pid, self.stop_signal)
        processes.await_child(self.pid, f"the end of {self.name}")
        ended = time.monotonic_ns()
        # Most managers are the last to leave, so to look at the others is no part of the time.
        if left := [pid for pid in others if not processes.has_ended(pid)]:
            processes.await_end(left, f"the end of what {self.name} started")
            ended = time.monotonic_ns()
        self.pid = 0
        return ended - began

    def close(self) -> None:
        """Lets go of the ledger; kills what was not stopped."""
        self.ledger.close()
        if self.pid == 0:
            return
        for pid in [self.pid, *processes.descendants(self.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
