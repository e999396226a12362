"""B-python: requests a second and processor time per request of each kind of worker, beside what a user would run
instead. Ours and its peer take turns, so that a machine that changes its pace does so for both."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from tools.bench import processes
from tools.bench.adapters.server import Server
from tools.bench.adapters.web import PAIRS, Pair
from tools.bench.context import Context
from tools.bench.results import NO_SIZE

NAMES = ("python",)

# How a load is called: its number of connections, and the mode of http_load.
LOADS = {"1 kept": (1, "keep"), "16 kept": (16, "keep"), "16 new": (16, "close")}
RATE, CPU = "rate", "CPU per request"


def name_of(pair: Pair, load: str, what: str) -> str:
    return f"python: {pair.name}, {load}: {what}"


def measure(context: Context) -> None:
    for pair in PAIRS:
        context.progress.step(f"{pair.name} beside {pair.peer.name}")
        if not pair.peer.installed():
            context.results.say_absent(name_of(pair, "1 kept", RATE), NO_SIZE, pair.peer.name, "not installed")
            continue
        folder = Path(tempfile.mkdtemp(prefix="web-", dir=context.folder))
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            servers = [kind(context.programs, folder / str(place)) for place, kind in enumerate(pair.both)]
            for server in servers:
                server.folder.mkdir()
                stack.callback(server.close)
                server.start()
            _measure_pair(context, pair, servers)
            for server in servers:
                server.stop()


def _measure_pair(context: Context, pair: Pair, servers: list[Server]) -> None:
    for load in LOADS:
        for number in range(context.effort.web_rounds):
            # Each of the two is as often the first as the second.
            for server in servers if number % 2 == 0 else reversed(servers):
                context.progress.now(f"{server.name}, {load}, {number + 1}")
                _measure_once(context, pair, load, server)


def _measure_once(context: Context, pair: Pair, load: str, server: Server) -> None:
    connections, mode = LOADS[load]
    output = server.folder / "load"
    output.unlink(missing_ok=True)
    http_load = context.programs / "tools/bench/http_load"
    seconds = context.effort.load_seconds / 5
    at_work = [server.pid, *processes.descendants(server.pid)]
    before = processes.cpu_ns(at_work)
    pid = processes.spawn([http_load, str(server.port), str(connections), f"{seconds:.2f}", mode], os.environ, output)
    processes.await_child(pid, "the load")
    used = processes.cpu_ns(at_work) - before
    tally = json.loads(output.read_text())
    if tally["failed"] or not tally["answers"]:
        raise RuntimeError(f"{server.name}, {load}: {tally['failed']} failed, first: {tally['first_failure']}")
    results, answers = context.results, tally["answers"]
    results.add(name_of(pair, load, RATE), NO_SIZE, server.name, "/s", answers / tally["seconds"])
    results.add(name_of(pair, load, CPU), NO_SIZE, server.name, "us", used / 1e3 / answers)
