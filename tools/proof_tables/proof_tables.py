"""The tables of statements (of the specification, of faults, of attacks) and the tests that prove them."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SPECIFICATION = "testdata/spec_table.md"
FAULTS = "testdata/fault_table.md"
ATTACKS = "testdata/attack_table.md"
MET = "testdata/met_table.md"
PATHS = (SPECIFICATION, FAULTS, ATTACKS, MET)
_QUOTED = re.compile(r"`([^`]+)`")
_LABEL = re.compile(r"//([\w/]+):(\w+)")
# A row that no test proves says so, and why.
_NONE = re.compile(r"none: \S+ \S+")


@dataclasses.dataclass(frozen=True)
class Table:
    path: str  # in the workspace
    text: str


@dataclasses.dataclass(frozen=True)
class Proof:
    place: str  # file:line of the table
    statement: str
    label: str
    test: str  # a function of pytest, or Suite.Name of GoogleTest

    def __str__(self) -> str:
        return f"{self.place}: {self.label} {self.test}"


def read(root: Path) -> list[Table]:
    return [Table(path, (root / path).read_text(encoding="utf-8")) for path in PATHS]


def rows(table: Table) -> Iterator[tuple[str, str, str]]:
    """Each statement: its place, itself, and the cell of its proofs."""
    for number, line in enumerate(table.text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("| ") or cells[1:] == ["Proof"]:
            continue
        place = f"{table.path}:{number}"
        assert len(cells) == 2, f"{place}: two cells are needed"
        yield place, cells[0], cells[1]


def proofs(table: Table) -> Iterator[Proof]:
    """A cell names a target and then tests of it, all in backquotes; a further target may follow."""
    for place, statement, cell in rows(table):
        label = ""
        for word in _QUOTED.findall(cell):
            if word.startswith("//"):
                label = word
            else:
                yield Proof(place, statement, label, word)


def source_of(label: str, root: Path) -> Path | None:
    """The file of a test target, by the names that they have throughout; None where there is no such target."""
    match = _LABEL.fullmatch(label)
    if match is None or not match[2].endswith("_test"):
        return None
    folder = root / match[1]
    area = match[2].removesuffix("_test")
    build = folder / "BUILD.bazel"
    text = build.read_text(encoding="utf-8") if build.exists() else ""
    # The same tests once more, in other surroundings.
    stem = area.removesuffix("_unprivileged").removesuffix("_old_kernel")
    # Targets of a list are named in it by a part of their name.
    parts = {match[2], area, stem, *(stem.removeprefix(f"{first}_") for first in stem.split("_")[:1])}
    if not any(f'"{part}"' in text for part in parts):
        return None
    names = [f"test_{stem}.py", f"tests/{stem}_test.py", f"{stem}_test.py", f"{stem}_test.cc"]
    return next((folder / name for name in names if (folder / name).exists()), None)


def has_test(source: str, test: str) -> bool:
    suite, dot, name = test.partition(".")
    if not dot:
        return re.search(rf"^def {re.escape(test)}\(", source, re.MULTILINE) is not None
    return re.search(rf"^TEST(_F|_P)?\({re.escape(suite)}, {re.escape(name)}\)", source, re.MULTILINE) is not None


def missing(table: Table, root: Path) -> Iterator[str]:
    """What the table names and the sources do not have; a statement with neither a proof nor a reason."""
    for place, statement, cell in rows(table):
        words = _QUOTED.findall(cell)
        named = words and words[0].startswith("//") and not words[-1].startswith("//")
        if not named and _NONE.match(cell) is None:
            yield f'{place}: "{statement}" has no proof'
    for proof in proofs(table):
        source = source_of(proof.label, root)
        if source is None:
            yield f"{proof}: there is no such target"
        elif not has_test(source.read_text(encoding="utf-8"), proof.test):
            yield f"{proof}: there is no such test in {source.relative_to(root)}"


def _plain(case: str) -> str:
    """A case of a report as the table names it: without its parameters and whatever stands in front of it."""
    case = case.split("[")[0]
    if "/" in case:  # Instance/Suite.Name/3 of GoogleTest
        case = next(part for part in case.split("/") if "." in part)
    return case


def not_run(table: Table, cases: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The proofs which did not run although their target did: `cases` are those of each target that ran."""
    ran = {label: {_plain(case) for case in names} for label, names in cases.items()}
    for proof in proofs(table):
        names = ran.get(proof.label)
        if names is None:
            continue
        if not any(name == proof.test or name.endswith("." + proof.test) for name in names):
            yield f"{proof}: did not run"
