"""A real master under everything at once, for as long as one likes. tools/soak starts this with what it needs.

At the end stand a table, the same as JSON where --json names a file, and the violations: exit status 1 if there is one.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import random
import sys
import threading
import time
from typing import Any

from testdata.e2e.harness import Place
from testdata.e2e.http_requests import release_ports
from testdata.e2e.processes import adopt_orphans
from testdata.soak import judge
from testdata.soak.http_clients import LogRotation, SlowClients, logged_requests
from testdata.soak.operators import Clients, Deployer, Gentle, Killer, Mistaken, Operator
from testdata.soak.stage import Sample, Stage


@dataclasses.dataclass
class Report:
    seed: int
    minutes: float
    rounds: int
    actions: dict[str, int]
    killed: int
    loads: dict[str, dict[str, Any]]
    quarters: dict[str, list[float]]
    log: str
    violations: list[str]


def play_rounds(stage: Stage, operators: list[Operator], seconds: float, rng: random.Random) -> list[Sample]:
    """Rounds of trouble for all operators at once, and a look at the master at rest after each."""
    samples: list[Sample] = []
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        over = threading.Event()
        threads = [threading.Thread(target=operator.play, args=(over,)) for operator in operators]
        for thread in threads:
            thread.start()
        threading.Event().wait(min(rng.uniform(5, 20), max(1.0, seconds / 40)))
        over.set()
        for thread in threads:
            thread.join()
        samples.append(stage.sample())
        show_progress(stage, samples, time.monotonic() - began, seconds)
    return samples


def show_progress(stage: Stage, samples: list[Sample], done: float, seconds: float) -> None:
    last = samples[-1]
    answered = sum(load.tally.answered for load in stage.loads.values())
    words = (f"{done / 60:5.1f} of {seconds / 60:.0f} min, round {len(samples)}: {answered} answers, master "
             f"{last.own_kib} KiB, {last.descriptors} descriptors")
    if sys.stdout.isatty():
        print(f"\r{words}", end="", flush=True)
    elif len(samples) % 20 == 1:
        print(words, flush=True)


def soak(minutes: float, seed: int) -> Report:
    adopt_orphans()
    place = Place()
    violations: list[str] = []
    samples: list[Sample] = []
    with Stage(place) as stage:
        operators: list[Operator] = [
            Gentle(stage, f"{seed} gentle", "gentle"), Gentle(stage, f"{seed} python", "python"),
            Gentle(stage, f"{seed} wsgi", "wsgi"), LogRotation(stage, f"{seed} rotation"),
            *(SlowClients(stage, f"{seed} slow {name}", name) for name in ("gentle", "python", "wsgi")),
            Deployer(stage, f"{seed} deployer"), Clients(stage, f"{seed} clients 1"),
            Clients(stage, f"{seed} clients 2"),
            Mistaken(stage, f"{seed} mistaken"), killer := Killer(stage, f"{seed} killer")]
        try:
            samples = play_rounds(stage, operators, minutes * 60, random.Random(f"{seed} rounds"))
        except AssertionError as problem:
            violations.append(str(problem))
    tallies = {name: load.tally for name, load in stage.loads.items()}
    logged: dict[str, int] = {}
    log = ""
    try:
        # Ends the master, and finds what it left behind. Its log is in the folder, which is gone then.
        log = end_master(stage)
        logged = logged_requests(stage)
        with open("/dev/null", "w", encoding="utf-8") as nowhere:
            sys.stdout, stdout = nowhere, sys.stdout
            try:
                place.tear_down()
            finally:
                sys.stdout = stdout
    except AssertionError as problem:
        violations.append(str(problem))
    release_ports()
    violations += [words for operator in operators for words in operator.wrong]
    violations += judge.judge_samples(samples) + judge.judge_loads(tallies, killer.killed)
    violations += judge.judge_access_logs(logged, tallies) + judge.judge_log(log)
    actions: collections.Counter[str] = sum((operator.done for operator in operators), collections.Counter())
    return Report(
        seed=seed, minutes=minutes, rounds=len(samples), actions=dict(actions), killed=killer.killed,
        loads={name: dataclasses.asdict(tally) for name, tally in tallies.items()},
        quarters={field.name: judge.growth(samples, field.name)[0] for field in dataclasses.fields(Sample)}
        if len(samples) >= 8 else {},
        log=log, violations=violations)


def end_master(stage: Stage) -> str:
    stage.master.fectl("quit")
    stage.master.wait_exit()
    return stage.master.log()


def show(report: Report) -> None:
    lines = len(report.log.splitlines())
    print(f"\nseed {report.seed}, {report.minutes:g} minutes, {report.rounds} rounds, "
          f"{sum(report.actions.values())} actions, {report.killed} workers killed, {lines} log lines")
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(report.actions.items())))
    print(f"{'load':<12}{'answered':>12}{'connections':>14}{'failed':>8}{'worst':>9}")
    for name, tally in report.loads.items():
        print(f"{name:<12}{tally['answered']:>12}{tally['connections']:>14}{tally['failed']:>8}"
              f"{tally['worst_seconds']:>8.2f}s")
    print(f"{'at rest':<20}" + "".join(f"{'quarter ' + str(i):>12}" for i in range(1, 5)))
    for name, medians in report.quarters.items():
        print(f"{name:<20}" + "".join(f"{median:>12.0f}" for median in medians))
    for words in report.violations[:50]:
        print(f"VIOLATION: {words}")
    print(f"{len(report.violations)} violations")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6),
                        help="repeats the choices, not their timing")
    parser.add_argument("--json", type=pathlib.Path, help="a file for the report")
    parser.add_argument("--log", type=pathlib.Path, help="a file for the master's log")
    arguments = parser.parse_args()
    print(f"Soaking for {arguments.minutes:g} minutes with --seed {arguments.seed}", flush=True)
    report = soak(arguments.minutes, arguments.seed)
    show(report)
    if arguments.log is not None:
        arguments.log.write_text(report.log, encoding="utf-8")
    if arguments.json is not None:
        figures = {name: value for name, value in dataclasses.asdict(report).items() if name != "log"}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
