"""Runs the simulator over many seeds on all processors: `shards.py SIMULATOR [--long] ...`; see --help.

The seeds are cut into shards, one process each. A shard is a case of the last line, `N passed, N failed`, and so is the
question whether all shards together have seen whatever must be seen. The exit status is 1 if a case failed.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

SEEDS_PER_SHARD = 250
# Few seeds need not have met the rarest case.
SEEDS_THAT_SEE_ALL = 10_000
USUAL_SEEDS = 10_000
LONG_SEEDS = 1_000_000


@dataclass(frozen=True)
class Shard:
    first: int
    seeds: int

    def __str__(self) -> str:
        return f"seeds {self.first} to {self.first + self.seeds - 1}"


@dataclass(frozen=True)
class Result:
    shard: Shard
    status: int
    output: str


def cut(first: int, seeds: int) -> Iterator[Shard]:
    for begin in range(first, first + seeds, SEEDS_PER_SHARD):
        yield Shard(begin, min(SEEDS_PER_SHARD, first + seeds - begin))


def run(simulator: Path, shard: Shard, hours: float) -> Result:
    command = [str(simulator), f"--first={shard.first}", f"--seeds={shard.seeds}", f"--hours={hours}", "--marks"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Result(shard, done.returncode, done.stdout)


def marks_of(output: str) -> Counter:
    """What `--marks` prints: `name: count`, one a line, before the line that sums up."""
    marks: Counter = Counter()
    for line in output.splitlines()[:-1]:
        name, _, count = line.rpartition(": ")
        if name and count.isdigit():
            marks[name] += int(count)
    return marks


def failures(results: list[Result], seeds: int) -> list[str]:
    """One text for each failed case."""
    texts = [
        f"--- {result.shard} (exit status {result.status})\n{result.output.rstrip()}"
        for result in results
        if result.status != 0
    ]
    if seeds < SEEDS_THAT_SEE_ALL:
        return texts
    seen: Counter = Counter()
    for result in results:
        seen.update(marks_of(result.output))
    missing = sorted(name for name, count in seen.items() if count == 0)
    if missing or not seen:
        texts.append("--- never seen, although it must be:\n" + "\n".join(missing or ["anything"]))
    return texts


def run_all(simulator: Path, shards: list[Shard], hours: float, tell: Callable[[int, int], None]) -> list[Result]:
    results: list[Result] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        waiting = [pool.submit(run, simulator, shard, hours) for shard in shards]
        for future in as_completed(waiting):
            results.append(future.result())
            tell(len(results), sum(result.status != 0 for result in results))
    return sorted(results, key=lambda result: result.shard.first)


def tell_on_terminal(shards: int) -> Callable[[int, int], None]:
    """Rewrites one line of a terminal; says nothing in a log."""

    def tell(done: int, failed: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == shards else ""
            print(f"\r{done} of {shards} shards, {failed} failed", end=end, file=sys.stderr, flush=True)

    return tell


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/sim", description="Simulates the supervisor over many seeds.")
    parser.add_argument("simulator", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--long", action="store_true", help=f"{LONG_SEEDS} seeds that no usual run has, for hours")
    parser.add_argument("--first", type=int, metavar="N", help="the first seed (1)")
    parser.add_argument("--seeds", type=int, metavar="N", help=f"how many ({USUAL_SEEDS}, which every submission runs)")
    parser.add_argument("--hours", type=float, default=1, metavar="H", help="virtual hours of faults in each (1)")
    options = parser.parse_args(arguments)
    first = options.first or (USUAL_SEEDS + 1 if options.long else 1)
    seeds = options.seeds or (LONG_SEEDS if options.long else USUAL_SEEDS)
    if first < 1 or seeds < 1 or options.hours <= 0:
        parser.error("--first, --seeds and --hours are more than 0")
    begin = time.monotonic()
    shards = list(cut(first, seeds))
    print(f"Simulating {seeds} seeds from {first} on, {options.hours:g} virtual hours each", flush=True)
    results = run_all(options.simulator, shards, options.hours, tell_on_terminal(len(shards)))
    failed = failures(results, seeds)
    for text in failed:
        print(text)
    print(f"{seeds} seeds in {time.monotonic() - begin:.0f} s")
    cases = len(shards) + (1 if seeds >= SEEDS_THAT_SEE_ALL else 0)
    print(f"{cases - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
