"""The metrics, in the order in which they are measured."""

from collections.abc import Callable

from tools.bench.context import Context
from tools.bench.metrics import control, growth, idle, python, reload, respawn, start_stop, status

METRICS: list[tuple[tuple[str, ...], Callable[[Context], None]]] = [
    (module.NAMES, module.measure) for module in (start_stop, respawn, idle, status, reload, python, growth, control)
]
NAMES = [name for names, _ in METRICS for name in names]
