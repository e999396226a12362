"""B-status: how long the client takes for the whole status, and how many short ones a second the master answers."""

import json
import shutil

from tools.bench import processes
from tools.bench.adapters.adapter import Adapter
from tools.bench.adapters.fectld import Fectld
from tools.bench.adapters.floor import Floor
from tools.bench.adapters.runit import Runit
from tools.bench.adapters.supervisord import Supervisord
from tools.bench.context import Context

NAMES = ("status",)

_WORKERS = 200
_CONNECTIONS = (1, 16)


def _command(manager: Adapter) -> list[str] | None:
    """What an operator would run; of the floor a program that does nothing."""
    if isinstance(manager, (Fectld, Supervisord)):
        return manager.client("status")
    if isinstance(manager, Runit):
        services = [f"{manager.services}/bench-{number:05d}" for number in range(manager.job.workers)]
        return [shutil.which("sv") or "", "status", *services]
    return ["/bin/true"] if isinstance(manager, Floor) else None


def measure(context: Context) -> None:
    context.progress.step(f"status of {_WORKERS} workers")
    for kind in context.managers:
        with context.manager(kind, _WORKERS) as manager:
            command = _command(manager)
            if command is None:
                context.results.say_absent("status", _WORKERS, kind.name, "no command")
                continue
            manager.start()
            environment = manager.environment()
            for number in range(context.effort.statuses // (10 if kind.program else 1)):
                context.progress.now(f"{kind.name}, {number + 1}")
                context.results.add(
                    "status", _WORKERS, kind.name, "ms", processes.wall_ns(command, environment) / 1e6
                )
            if isinstance(manager, Fectld):
                for connections in _CONNECTIONS:
                    _measure_requests(context, manager, connections)
            manager.stop()


def _measure_requests(context: Context, manager: Fectld, connections: int) -> None:
    """The overview of a master with one service, asked for again and again over connections that stay open."""
    rounds = 3
    for number in range(rounds):
        context.progress.now(f"requests of {connections} connections, {number + 1}")
        output = manager.job.folder / f"load-{connections}-{number}"
        seconds = context.effort.load_seconds / rounds / 2
        before = processes.cpu_ns([manager.pid])
        pid = processes.spawn(
            [context.programs / "tools/bench/control_load", manager.socket, str(connections), f"{seconds:.2f}"],
            {},
            output,
        )
        processes.await_child(pid, "the load")
        used = processes.cpu_ns([manager.pid]) - before
        load = json.loads(output.read_text())
        context.results.add("status requests", connections, manager.name, "/s", load["answers"] / load["seconds"])
        name = "status requests by CPU time"
        context.results.add(name, connections, manager.name, "/s", load["answers"] / (used / 1e9))
