"""The figures that the project promises, and what was measured."""

import dataclasses
import statistics
from collections.abc import Sequence

RESPAWN_MS_MAX = 1.5
RESPAWN_TIMES_FLOOR_MAX = 1.3
REST_CPU_PERCENT_MAX = 1.0
REST_PSS_KIB_BASE = 6 * 1024
REST_PSS_KIB_PER_WORKER = 2
STATUS_MS_MAX = 10.0
NO_OP_BUILD_S_MAX = 2.0


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    measured: float
    limit: float
    unit: str
    # More about the measurement, like its spread.
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.measured <= self.limit

    def __str__(self) -> str:
        verdict = "ok" if self.holds else "OVER"
        measured, limit = f"{self.measured:.2f} {self.unit}", f"{self.limit:g} {self.unit}"
        return f"{self.name:<58}{measured:>12}  at most {limit:<10} {verdict:<5}{self.note}".rstrip()


def respawn_figures(respawns_ns: Sequence[int], floor_ns: Sequence[int]) -> list[Figure]:
    """Worker killed -> replacement's first instruction, alone and against the floor of the same run."""
    median, floor = statistics.median(respawns_ns), statistics.median(floor_ns)
    worst = max(respawns_ns)
    note = f"  worst of {len(respawns_ns)}: {worst / 1e6:.2f} ms"
    return [
        Figure("worker killed -> replacement's first instruction, median", median / 1e6, RESPAWN_MS_MAX, "ms", note),
        Figure(
            "the same, as a multiple of a bare spawn-and-wait loop",
            median / floor,
            RESPAWN_TIMES_FLOOR_MAX,
            "x",
            f"  loop: {floor / 1e6:.2f} ms",
        ),
    ]


def rest_figures(cpu_ns: int, elapsed_ns: int, pss_kib: int, workers: int) -> list[Figure]:
    """The master with workers that do nothing but say that they live."""
    pss_max = REST_PSS_KIB_BASE + REST_PSS_KIB_PER_WORKER * workers
    return [
        Figure(f"master at rest, {workers} workers: CPU", 100 * cpu_ns / elapsed_ns, REST_CPU_PERCENT_MAX, "%"),
        Figure(f"master at rest, {workers} workers: memory (PSS)", pss_kib, pss_max, "KiB"),
    ]


def status_figure(walls_ns: Sequence[int], workers: int) -> Figure:
    median = statistics.median(walls_ns) / 1e6
    return Figure(f"`fectl status`, {workers} workers, wall time, median", median, STATUS_MS_MAX, "ms")


def no_op_build_figure(wall_ns: int) -> Figure:
    return Figure("`bazel build //...` with nothing to do", wall_ns / 1e9, NO_OP_BUILD_S_MAX, "s")
