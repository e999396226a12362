"""Measures fectld, a floor and what else is installed, in one run, and compares with what the project promises.

Run by tools/bench/run, which builds what is measured.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.bench import processes, table  # noqa: E402
from tools.bench.adapters.known import MANAGERS  # noqa: E402
from tools.bench.adapters.servers import SERVERS  # noqa: E402
from tools.bench.adapters.web import PAIRS  # noqa: E402
from tools.bench.bars import BARS, Bar, Verdict  # noqa: E402
from tools.bench.context import FULL, QUICK, Context, Effort  # noqa: E402
from tools.bench.metrics.known import METRICS, NAMES  # noqa: E402
from tools.bench.progress import Progress  # noqa: E402
from tools.bench.results import Results  # noqa: E402


def _words(known: list[str]):  # type: ignore[no-untyped-def]
    def parse(text: str) -> list[str]:
        words = [word for word in text.split(",") if word]
        if wrong := [word for word in words if word not in known]:
            raise argparse.ArgumentTypeError(f"there is no {wrong[0]}; there are {', '.join(known)}")
        return words

    return parse


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    names = [manager.name for manager in MANAGERS]
    parser = argparse.ArgumentParser(
        prog="tools/bench/run",
        description="Measures what the project promises, beside a floor and other managers where they are installed. "
        "Exits 1 when a bar is missed.",
    )
    parser.add_argument("--only", type=_words(NAMES), default=NAMES, help=f"metrics: {','.join(NAMES)}")
    parser.add_argument("--managers", type=_words(names), default=names, help=f"{','.join(names)}")
    parser.add_argument("--sizes", default="", help="only these numbers of workers, as far as a metric has them")
    parser.add_argument("--rounds", type=int, help="how often ours are started and stopped")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_true", help="for development: figures that are worth little")
    effort.add_argument("--full", action="store_true", help="more rounds; takes an hour")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything that was measured")
    parser.add_argument("--programs", type=Path, default=ROOT / "bazel-bin", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _effort(arguments: argparse.Namespace) -> Effort:
    effort = QUICK if arguments.quick else FULL if arguments.full else Effort()
    if arguments.rounds:
        rounds_of_others = min(effort.rounds_of_others, arguments.rounds)
        effort = Effort(**{**vars(effort), "rounds": arguments.rounds, "rounds_of_others": rounds_of_others})
    return effort


def _measure(context: Context, only: list[str]) -> None:
    for names, measure in METRICS:
        if any(name in only for name in names):
            measure(context)
    context.progress.end()


def _machine() -> dict[str, object]:
    return {
        "kernel": platform.release(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _report(results: Results, bars: list[Bar]) -> None:
    kinds = [*MANAGERS, *SERVERS, *(pair.peer for pair in PAIRS)]
    contestants = {kind.name: kind for kind in reversed(kinds)}
    order = list(dict.fromkeys(kind.name for kind in kinds))
    print("\n".join([*table.measured(results, order), "", *table.verdicts(results, bars)]))
    for name in order:
        if not contestants[name].installed():
            print(f"\n{name}: not installed (tools/bench/setup installs it)")


def _as_json(results: Results, bars: list[Bar], machine: dict[str, object]) -> str:
    verdicts = [
        {
            "name": bar.name,
            "value": bar.value(results),
            "limit": bar.limit,
            "unit": bar.unit,
            "verdict": bar.verdict(results).value,
        }
        for bar in bars
    ]
    everything = {"machine": machine, "measured": results.as_json(), "bars": verdicts}
    return json.dumps(everything, indent=1) + "\n"


def main() -> int:
    arguments = parse_arguments(sys.argv[1:])
    processes.adopt_orphans()
    processes.raise_descriptor_limit()
    # As Ctrl-C: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results, machine, interrupted = Results(), _machine(), False
    with tempfile.TemporaryDirectory(prefix="fectl-bench-", dir="/tmp") as folder:
        context = Context(
            programs=arguments.programs.resolve(),
            folder=Path(folder),
            managers=[kind for kind in MANAGERS if kind.name in arguments.managers and kind.installed()],
            sizes=[int(size) for size in arguments.sizes.split(",") if size],
            effort=_effort(arguments),
            results=results,
            progress=Progress(),
        )
        try:
            _measure(context, arguments.only)
        except KeyboardInterrupt:
            interrupted = True
            print("\ninterrupted; so far:", file=sys.stderr)
        finally:
            processes.end_all()
    bars = [bar for bar in BARS if bar.name_of_metric in arguments.only]
    _report(results, bars)
    if arguments.json is not None:
        arguments.json.write_text(_as_json(results, bars, machine), encoding="utf-8")
    if interrupted:
        return 130
    return 1 if any(bar.verdict(results) is Verdict.OVER for bar in bars) else 0


if __name__ == "__main__":
    sys.exit(main())
