"""B-respawn: SIGKILL of a worker -> the first instruction of its replacement."""

import contextlib
import time

from tools.bench.adapters.adapter import Adapter
from tools.bench.context import Context
from tools.bench.processes import pause
from tools.bench.results import NO_SIZE

NAMES = ("respawn",)

# Some managers hold back what has only just been started.
_SETTLE_SECONDS = 2


def measure(context: Context) -> None:
    count = context.effort.respawns
    context.progress.step(f"{count} respawns")
    with contextlib.ExitStack() as stack:
        # All are there at once, and each kill goes to the next of them: what the machine does meanwhile, it does to
        # all. The workers are silent.
        managers = [stack.enter_context(context.manager(kind, count, beat_ms=0)) for kind in context.managers]
        for manager in managers:
            context.progress.now(f"start of {manager.name}")
            manager.start()
        pause(_SETTLE_SECONDS)
        victims = {manager.name: manager.worker_pids() for manager in managers}
        spent = dict.fromkeys(victims, 0.0)
        for number in range(count):
            for manager in managers:
                if spent[manager.name] < context.effort.respawn_seconds:
                    context.progress.now(f"{number + 1}, {manager.name}")
                    spent[manager.name] += _respawn(context, manager, victims[manager.name][number])
        for manager in managers:
            manager.stop()


def _respawn(context: Context, manager: Adapter, victim: int) -> float:
    """Seconds spent."""
    began = time.monotonic()
    context.results.add("respawn", NO_SIZE, manager.name, "ms", manager.respawn(victim) / 1e6)
    return time.monotonic() - began
