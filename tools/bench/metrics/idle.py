"""B-idle: what a manager costs while nothing happens but heartbeats, and while nothing happens at all."""

import time

from tools.bench import processes
from tools.bench.adapters.adapter import Adapter
from tools.bench.context import Context

NAMES = ("idle",)

_SETTLE_SECONDS = 2
_SLICES = 4
_SILENT_WORKERS = 200


def measure(context: Context) -> None:
    for size in context.chosen([200, 1000, 5000]):
        context.progress.step(f"{size} idle workers")
        for kind in context.managers:
            if why := _reason_to_leave_out(context, kind, size):
                for metric in ("idle CPU", "idle PSS"):
                    context.results.say_absent(metric, size, kind.name, why)
                continue
            context.progress.now(kind.name)
            with context.manager(kind, size) as manager:
                manager.start()
                _watch_cost(context, manager)
                manager.stop()
    _watch_silence(context)


def _reason_to_leave_out(context: Context, kind: type[Adapter], size: int) -> str:
    if size > kind.workers_max:
        return f"at most {kind.workers_max}"
    return "only with --full" if kind.program and size not in context.effort.idle_sizes_of_others else ""


def _watch_cost(context: Context, manager: Adapter) -> None:
    size = manager.job.workers
    processes.pause(_SETTLE_SECONDS)
    pids = manager.own_pids()
    for _ in range(_SLICES):
        began, before = time.monotonic_ns(), processes.cpu_ns(pids)
        processes.pause(context.effort.idle_seconds / _SLICES)
        used, elapsed = processes.cpu_ns(pids) - before, time.monotonic_ns() - began
        context.results.add("idle CPU", size, manager.name, "ms/s", 1000 * used / elapsed)
    context.results.add("idle PSS", size, manager.name, "KiB", processes.pss_kib(pids))


def _watch_silence(context: Context) -> None:
    """Workers that say nothing: whenever the manager is awake, it woke up for itself."""
    context.progress.step("wake-ups when nothing is due")
    seconds = context.effort.idle_seconds / 4
    for kind in context.managers:
        context.progress.now(kind.name)
        with context.manager(kind, _SILENT_WORKERS, beat_ms=0) as manager:
            manager.start()
            processes.pause(_SETTLE_SECONDS)
            pids = manager.own_pids()
            before = processes.wakeups(pids)
            processes.pause(seconds)
            woken = processes.wakeups(pids) - before
            context.results.add("idle wake-ups", _SILENT_WORKERS, manager.name, "/s", woken / seconds)
            manager.stop()
