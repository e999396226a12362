"""Compares what the hot paths cost with their budgets. Run by tools/bench/check, which builds what is counted."""

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.bench import budgets, processes  # noqa: E402
from tools.bench.hot_paths import HOT_PATHS  # noqa: E402

BUDGETS = ROOT / "tools/bench/budgets.toml"


def main() -> int:
    names = [path.name for path in HOT_PATHS]
    parser = argparse.ArgumentParser(
        prog="tools/bench/check",
        description="Counts the instructions of fectld's hot paths. Exits 1 when one is more than 10 % over its budget "
        f"in tools/bench/budgets.toml. Paths: {', '.join(names)}.",
    )
    parser.add_argument("paths", nargs="*", help="only these")
    parser.add_argument("--record", action="store_true", help="make the counts the budgets")
    parser.add_argument("--programs", type=Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if wrong := [name for name in arguments.paths if name not in names]:
        parser.error(f"there is no path {wrong[0]}; there are {', '.join(names)}")
    if shutil.which("valgrind") is None:
        print("tools/bench/check: valgrind is not installed; tools/bench/setup installs it", file=sys.stderr)
        return 2
    processes.adopt_orphans()
    try:
        return _check(arguments.programs.resolve(), arguments.paths or names, arguments.record)
    finally:
        processes.end_all()


def _check(programs: Path, names: list[str], record: bool) -> int:
    limits = budgets.read(BUDGETS.read_text())
    counts = []
    print(f"{'instructions':<14}{'counted':>12}{'budget':>14}")
    for path in HOT_PATHS:
        if path.name in names:
            counts.append(budgets.Count(path.name, round(path.count(programs)), limits.get(path.name)))
            print(counts[-1], flush=True)
    if record:
        counted = {count.name: count.instructions for count in counts}
        BUDGETS.write_text(budgets.recorded(BUDGETS.read_text(), counted))
        return 0
    return 1 if any(count.finding is budgets.Finding.OVER for count in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
