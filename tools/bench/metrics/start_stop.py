"""B-start: launch of the manager -> all its workers ready. B-stop: it is asked to stop -> everything has ended."""

from tools.bench.context import Context

NAMES = ("start", "stop")


def measure(context: Context) -> None:
    for size in context.chosen([50, 200, 1000]):
        context.progress.step(f"start and stop of {size} workers")
        for number in range(max(map(context.rounds, context.managers), default=0)):
            for kind in context.managers:
                if number < context.rounds(kind):
                    context.progress.now(f"round {number + 1}, {kind.name}")
                    with context.manager(kind, size) as manager:
                        context.results.add("start", size, kind.name, "ms", manager.start() / 1e6)
                        context.results.add("stop", size, kind.name, "ms", manager.stop() / 1e6)
