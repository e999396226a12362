"""B-control: so many control clients that only are there. What they cost, and what the others notice."""

import resource
import time
from pathlib import Path

from tools.bench import processes
from tools.bench.adapters.fectld import Fectld
from tools.bench.context import Context
from tools.bench.results import NO_SIZE

NAMES = ("control",)

_WORKERS = 200
_SETTLE_SECONDS = 2
# Clients that have said which version they speak, and such that never said anything.
_KINDS = {"hello": "control", "silent": "control, silent"}


def clients_possible(wanted: int) -> int:
    """The master gives at most half of its descriptors to clients."""
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 16)


def measure(context: Context) -> None:
    if Fectld not in context.managers:
        return
    clients = clients_possible(context.effort.control_clients)
    for kind, name in _KINDS.items():
        context.progress.step(f"{clients} {kind} control clients")
        with context.manager(Fectld, _WORKERS, beat_ms=0) as manager:
            assert isinstance(manager, Fectld)
            manager.start()
            before = processes.pss_kib([manager.pid])
            output = manager.job.folder / "clients"
            load = [context.programs / "tools/bench/control_load", manager.socket, str(clients), kind]
            crowd = processes.spawn(load, {}, output)
            _await_ready(output, crowd)
            processes.pause(_SETTLE_SECONDS)
            _measure_crowd(context, manager, name, clients, before)
            manager.stop()


def _measure_crowd(context: Context, manager: Fectld, name: str, clients: int, before_kib: int) -> None:
    def add(what: str, unit: str, value: float) -> None:
        context.results.add(f"{name}: {what}", NO_SIZE, manager.name, unit, value)

    began, used = time.monotonic_ns(), processes.cpu_ns([manager.pid])
    processes.pause(context.effort.idle_seconds / 4)
    add("CPU", "ms/s", 1000 * (processes.cpu_ns([manager.pid]) - used) / (time.monotonic_ns() - began))
    status, environment = manager.client("status"), manager.environment()
    for _ in range(context.effort.statuses // 5):
        add("status", "ms", processes.wall_ns(status, environment) / 1e6)
    add("PSS per client", "KiB", (processes.pss_kib([manager.pid]) - before_kib) / clients)
    add("clients", "", clients)


def _await_ready(output: Path, crowd: int) -> None:
    deadline = processes.Deadline("the control clients")
    while not output.exists() or "ready" not in output.read_text():
        if processes.has_ended(crowd):
            raise RuntimeError(f"the control clients ended: {output.read_text()}")
        deadline.wait()
