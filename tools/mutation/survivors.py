"""survivors.toml: the mutants that nothing kills, each with the reason."""

import dataclasses
import tomllib

from tools.mutation.mutants import Mutant


@dataclasses.dataclass(frozen=True)
class Entry:
    """Names mutants by what stands in their line, so that it holds when lines are moved. Where the same line stands
    more than once, it names all of them."""

    file: str
    line: str
    change: str
    reason: str
    equivalent: bool  # no behaviour that anybody could see is different: not to be counted

    def names(self, mutant: Mutant) -> bool:
        return (self.file, self.line, self.change) == (mutant.path, mutant.code, mutant.change)

    def __str__(self) -> str:
        return f"{self.file}: {self.change} in `{self.line}`"


@dataclasses.dataclass(frozen=True)
class Survivors:
    entries: list[Entry]
    skipped: dict[str, str]  # file -> why its mutants say nothing

    def of(self, mutant: Mutant) -> Entry | None:
        return next((entry for entry in self.entries if entry.names(mutant)), None)

    def faults(self, mutants: list[Mutant], survived: set[str]) -> list[str]:
        """What is wrong with the list, given all mutants and the ids of those that survived."""
        found = []
        for entry in self.entries:
            named = [mutant for mutant in mutants if entry.names(mutant)]
            if not entry.reason.strip():
                found.append(f"{entry}: no reason is given")
            if not named:
                found.append(f"{entry}: there is no such mutant")
            elif not any(mutant.id in survived for mutant in named):
                found.append(f"{entry}: is killed, so it is no survivor any more")
        return found


def read(text: str) -> Survivors:
    parsed = tomllib.loads(text)
    entries = [
        Entry(e["file"], e["line"], e["change"], e["reason"], e.get("equivalent", False))
        for e in parsed.get("survivor", [])
    ]
    return Survivors(entries, {e["file"]: e["reason"] for e in parsed.get("skip", [])})
