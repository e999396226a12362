"""B-growth: what a worker costs, by the number of workers. The curve must be flat.

Twice: the real master, up to as many workers as its descriptors are enough for, without what it costs with the fewest
(that is the master and not the workers); and the pure supervisor alone, up to 10,000 slots.
"""

import json
import resource
import subprocess
import time

from tools.bench import processes
from tools.bench.adapters.adapter import Adapter
from tools.bench.adapters.fectld import Fectld
from tools.bench.adapters.floor import Floor
from tools.bench.context import Context

NAMES = ("growth",)

FEWEST, FEW, MANY = 10, 100, 10_000
_SETTLE_SECONDS = 1
# Of the master: two pipes and the process.
_DESCRIPTORS_EACH = 3
_DESCRIPTORS_OWN = 100


def sizes(descriptors: int) -> list[int]:
    """The fewest come first."""
    most = min(MANY, (descriptors - _DESCRIPTORS_OWN) // _DESCRIPTORS_EACH)
    return [FEWEST, *(size for size in (FEW, 1000) if size < most), most]


def measure(context: Context) -> None:
    """The floor beside it shows what of the growth is the kernel's."""
    kinds = [kind for kind in context.managers if kind in (Fectld, Floor)]
    if Fectld in kinds:
        _measure_supervisor(context)
    least: dict[str, _Cost] = {}
    wanted = sizes(resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    for size in [wanted[0], *context.chosen(wanted[1:])]:
        context.progress.step(f"growth: {size} workers")
        for number in range(context.effort.growth_rounds if size == FEW else 1):
            for kind in kinds:
                context.progress.now(f"round {number + 1}, {kind.name}")
                with context.manager(kind, size) as manager:
                    cost = _Cost(manager, context.effort.idle_seconds / 5)
                    manager.stop()
                if size == FEWEST:
                    least[kind.name] = cost
                else:
                    _add(context, kind.name, cost, least[kind.name])


class _Cost:
    """Of a manager with its workers; starts it."""

    def __init__(self, manager: Adapter, seconds: float) -> None:
        self.workers = manager.job.workers
        manager.start()
        self.start_ns = processes.cpu_ns([manager.pid])
        processes.pause(_SETTLE_SECONDS)
        began, before = time.monotonic(), processes.cpu_ns([manager.pid])
        processes.pause(seconds)
        self.second_ns = (processes.cpu_ns([manager.pid]) - before) / (time.monotonic() - began)
        self.pss_kib = processes.pss_kib([manager.pid])


def _add(context: Context, name: str, cost: _Cost, least: _Cost) -> None:
    more = cost.workers - least.workers

    def add(what: str, unit: str, value: float) -> None:
        context.results.add(f"growth: {what}", cost.workers, name, unit, value)

    add("start CPU per worker", "us", (cost.start_ns - least.start_ns) / more / 1e3)
    add("idle CPU per worker and second", "us", (cost.second_ns - least.second_ns) / more / 1e3)
    add("PSS per worker", "KiB", (cost.pss_kib - least.pss_kib) / more)


def _measure_supervisor(context: Context) -> None:
    context.progress.step("growth: the supervisor alone")
    program = context.programs / "master/core/supervisor_benchmark"
    command = [program, "--benchmark_format=json", "--benchmark_repetitions=3", "--benchmark_min_time=0.1"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    for run in json.loads(output)["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        name, size = run["run_name"].split("/")
        what = f"growth: supervisor, {name.lower()} per worker"
        context.results.add(what, int(size), "fectld", "ns", 1e9 / run["items_per_second"])
        if "bytes" in run:
            context.results.add("growth: supervisor, memory per worker", int(size), "fectld", "B", run["bytes"])
