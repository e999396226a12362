"""B-reload: 20 reloads in 10 s under HTTP load: failed requests, the worst latency, and what it costs in throughput."""

import contextlib
import json
import shutil
import tempfile
import time
from pathlib import Path

from tools.bench import processes
from tools.bench.adapters.server import Server
from tools.bench.adapters.servers import SERVERS
from tools.bench.context import Context
from tools.bench.results import NO_SIZE

NAMES = ("reload",)

RELOADS_A_SECOND = 2
_CONNECTIONS = 16
# Mode of the load, and how it is called.
_MODES = {"keep": "keep-alive", "close": "new connections"}


def measure(context: Context) -> None:
    context.progress.step("reloads under load")
    folder = Path(tempfile.mkdtemp(prefix="servers-", dir=context.folder))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        servers = []
        for kind in SERVERS:
            if not kind.installed():
                context.results.say_absent("reload", NO_SIZE, kind.name, "not installed")
                continue
            (folder / kind.name).mkdir()
            server = kind(context.programs, folder / kind.name)
            stack.callback(server.close)
            server.start()
            servers.append(server)
        for mode in _MODES:
            for server in servers:
                _measure_server(context, server, mode)
        for server in servers:
            server.stop()


def _measure_server(context: Context, server: Server, mode: str) -> None:
    """Half of the time without reloads before, and half after: a machine that changes its pace does so for both."""
    seconds = context.effort.load_seconds
    name = f"reload, {_MODES[mode]}"

    def add(what: str, unit: str, value: float) -> None:
        context.results.add(f"{name}: {what}", NO_SIZE, server.name, unit, value)

    quiet = []
    for part in ("before", "with", "after"):
        context.progress.now(f"{server.name}, {_MODES[mode]}, {part} reloads")
        if part != "with":
            quiet.append(_load(context, server, mode, seconds / 2, reloads=0))
            continue
        tally = _load(context, server, mode, seconds, reloads=int(seconds * RELOADS_A_SECOND))
        add("failed", "", tally["failed"])
        add("worst", "ms", tally["worst_ms"])
        add("requests", "/s", tally["answers"] / tally["seconds"])
        if tally["failed"]:
            context.progress.note(f"{server.name}, {name}: {tally['failed']} failed, first: {tally['first_failure']}")
    add("worst without", "ms", max(tally["worst_ms"] for tally in quiet))
    answers, spent = (sum(tally[key] for tally in quiet) for key in ("answers", "seconds"))
    add("requests without", "/s", answers / spent)


def _load(context: Context, server: Server, mode: str, seconds: float, reloads: int) -> dict:  # type: ignore[type-arg]
    output = server.folder / "load"
    output.unlink(missing_ok=True)
    load = [context.programs / "tools/bench/http_load", str(server.port), str(_CONNECTIONS), f"{seconds:.2f}", mode]
    began = time.monotonic()
    pid = processes.spawn(load, {}, output)
    for number in range(reloads):
        # In the middle of each of its shares of the time.
        at = began + (number + 0.5) / RELOADS_A_SECOND
        processes.pause(max(0.0, at - time.monotonic()))
        server.reload()
    processes.await_child(pid, "the load")
    return json.loads(output.read_text())  # type: ignore[no-any-return]
