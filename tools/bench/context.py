"""What a metric gets to work with."""

import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.bench.adapters.adapter import Adapter, Job
from tools.bench.progress import Progress
from tools.bench.results import Results


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is measured: a development run is short, the whole one is bounded, the full one is not."""

    rounds: int = 7
    # Of managers that are not ours: they are slow, and far off.
    rounds_of_others: int = 2
    respawns: int = 100
    # The time after which a slow manager's respawns are enough.
    respawn_seconds: float = 15
    idle_seconds: float = 20
    statuses: int = 100
    load_seconds: float = 10
    control_clients: int = 10_000
    # With how many idle workers managers that are not ours are measured.
    idle_sizes_of_others: tuple[int, ...] = (1000,)
    # How often each of a pair of web servers has its turn, with each load.
    web_rounds: int = 7
    # Of masters with 100 workers, whose cost is small.
    growth_rounds: int = 2


QUICK = Effort(rounds=2, rounds_of_others=1, respawns=20, respawn_seconds=3, idle_seconds=3, statuses=20,
               load_seconds=3, control_clients=1000, idle_sizes_of_others=(200,), growth_rounds=1, web_rounds=2)
FULL = Effort(rounds=20, rounds_of_others=7, respawn_seconds=120, statuses=300,
              idle_sizes_of_others=(200, 1000, 5000), growth_rounds=7, web_rounds=21)


@dataclasses.dataclass
class Context:
    programs: Path
    folder: Path
    managers: list[type[Adapter]]
    sizes: list[int]  # empty: each metric's own
    effort: Effort
    results: Results
    progress: Progress

    def chosen(self, sizes: list[int]) -> list[int]:
        return [size for size in sizes if size in self.sizes] if self.sizes else sizes

    def rounds(self, manager: type[Adapter]) -> int:
        return self.effort.rounds_of_others if manager.program else self.effort.rounds

    @contextlib.contextmanager
    def manager(self, kind: type[Adapter], workers: int, beat_ms: int = 1000) -> Iterator[Adapter]:
        """A manager that is not started yet; whatever happens, nothing of it is left behind the block."""
        folder = Path(tempfile.mkdtemp(prefix=f"{kind.name}-", dir=self.folder))
        adapter = kind(Job(self.programs, folder, workers, beat_ms))
        try:
            yield adapter
        except (OSError, RuntimeError) as problem:
            log = adapter.log.read_text(errors="replace")[-2000:] if adapter.log.exists() else ""
            raise RuntimeError(f"{kind.name} with {workers} workers: {problem}\n{log}") from problem
        finally:
            adapter.close()
            shutil.rmtree(folder, ignore_errors=True)
