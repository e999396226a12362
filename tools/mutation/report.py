"""The results of a mutation run as a table."""

import collections
import dataclasses
from collections.abc import Iterable

from tools.mutation.judges import Verdict
from tools.mutation.mutants import Mutant
from tools.mutation.survivors import Survivors


@dataclasses.dataclass
class Count:
    mutants: int = 0  # that compile and are not equivalent
    tests: int = 0
    sampled: int = 0
    simulator: int = 0  # of those
    either: int = 0

    def add(self, verdict: Verdict) -> None:
        self.mutants += 1
        self.tests += bool(verdict.tests)
        self.sampled += verdict.sampled
        self.simulator += verdict.sampled and bool(verdict.simulator)
        self.either += not verdict.survived

    def row(self, name: str) -> str:
        tests, either = (f"{n} ({share(n, self.mutants)})" for n in (self.tests, self.either))
        simulator = f"{self.simulator} of {self.sampled} ({share(self.simulator, self.sampled)})"
        return f"| {name} | {self.mutants} | {tests} | {simulator} | {either} |"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def counts(results: Iterable[tuple[Mutant, Verdict]], survivors: Survivors) -> dict[str, Count]:
    """By file, and "all" last."""
    by_file: dict[str, Count] = {}
    everything = Count()
    for mutant, verdict in results:
        entry = survivors.of(mutant)
        if not verdict.compiles or (verdict.survived and entry is not None and entry.equivalent):
            continue
        for count in (by_file.setdefault(mutant.path, Count()), everything):
            count.add(verdict)
    return {**by_file, "all": everything}


def table(results: list[tuple[Mutant, Verdict]], survivors: Survivors) -> str:
    lines = ["| file | mutants | killed by tests | by the simulator | by either |", "|---|---|---|---|---|"]
    lines += [count.row(name) for name, count in counts(results, survivors).items()]
    lines.append("\nWhat killed, and how many:\n")
    killers = collections.Counter(
        f"{judge} {killer}"
        for _, verdict in results
        for judge, killer in (("test", verdict.tests), ("simulator", verdict.simulator))
        if killer
    )
    lines += [f"* {count} {killer}" for killer, count in sorted(killers.items(), key=lambda item: (-item[1], item[0]))]
    lines.append("\nSurvivors:\n")
    for mutant, verdict in results:
        if verdict.survived:
            entry = survivors.of(mutant)
            why = "no reason is known" if entry is None else ("equivalent: " if entry.equivalent else "") + entry.reason
            lines.append(f"* {mutant.id} in `{mutant.code}`: {why}")
    return "\n".join(lines) + "\n"
