"""Two programs that hold every mutant of the core at once, and what they say of one: its unit tests, and the simulator
alone."""

import dataclasses
import os
import re
import resource
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from tools.mutation.mutants import Mutant, with_all

CORE = "master/core"
TESTING = "master/core/testing"
SIMULATOR = "master/sim"
_COMPILER = ["g++", "-std=c++20", "-O1", "-w", "-Wno-narrowing", "-D_GLIBCXX_ASSERTIONS"]
_TEST_LIBRARIES = ["-lgmock", "-lgtest", "-lgtest_main"]
_SIMULATOR_LIBRARIES = ["-lgflags"]
_ABSEIL = ["absl_status", "absl_statusor", "absl_strings"]  # packages of pkg-config
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_MEMORY_BYTES = 2 << 30  # a loop that never ends must not take the machine with it
_DOES_NOT_COMPILE = 77  # mutant.h
_UNCOMPILED = "does not compile"
_SEEDS_WITH_EVERYTHING = 3000  # that see every mark; fewer may not
_FAILED_TEST = re.compile(r"^\[  FAILED  \] ([\w/.]+)", re.MULTILINE)
_BROKEN_RULE = re.compile(r"^FAILED(?: seed \d+)?: ([^:\n]+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Verdict:
    compiles: bool
    tests: str = ""  # who killed it: a test, a rule of the simulator, "crash" or "time"; "" where it survived
    simulator: str = ""
    sampled: bool = True  # the simulator was asked whatever the tests said

    @property
    def survived(self) -> bool:
        return self.compiles and not self.tests and not self.simulator


def sources(root: Path) -> list[str]:
    """Of the core, without its tests."""
    return _those(root, CORE, tests=False) + _files(root, CORE, "*.h")


def build(root: Path, mutants: Sequence[Mutant], folder: Path, pool: Executor) -> None:
    """Makes `tests` and `simulator` in the folder. Mutant number n is mutants[n - 1]. Mutated headers reach the core
    and the test of the same name, which may be the only user of a template; other judges keep the true ones."""
    mutated = folder / "mutated"
    for path in sources(root):
        text = (root / path).read_text(encoding="utf-8")
        numbered = [(n, mutant) for n, mutant in enumerate(mutants, 1) if mutant.path == path]
        target = mutated / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(with_all(text, numbered) if numbered else text, encoding="utf-8")
    core = _those(root, CORE, tests=False)
    tests = _those(root, CORE, tests=True) + _those(root, TESTING, tests=False)
    simulator = _those(root, SIMULATOR, tests=False)
    simulator += _used(root, simulator, but=set(core))
    jobs = [(mutated / path, folder / _object(path), [mutated, root]) for path in core]
    jobs += [(root / path, folder / _object(path), _headers(folder, root, path)) for path in tests + simulator]
    for error in pool.map(lambda job: _compile(*job), jobs):
        if error:
            raise SystemExit(f"tools/mutation: with its mutants the core does not compile:\n{error}")
    _link(folder, "tests", core + tests, _TEST_LIBRARIES)
    asked = subprocess.run(["pkg-config", "--libs", *_ABSEIL], capture_output=True, text=True, check=True)
    _link(folder, "simulator", core + simulator, _SIMULATOR_LIBRARIES + asked.stdout.split())


def _headers(folder: Path, root: Path, judge: str) -> list[Path]:
    """Where a judge finds its headers: of the mutated ones it sees the one that it is the test of."""
    own = Path(judge.removesuffix("_test.cc") + ".h")
    mutated = folder / "mutated" / own
    if not mutated.exists():
        return [root]
    seen = folder / "seen" / own.stem
    (seen / own).parent.mkdir(parents=True, exist_ok=True)
    (seen / own).symlink_to(mutated)
    return [seen, root]


def _files(root: Path, folder: str, pattern: str) -> list[str]:
    """Of the folder and those in it, but for what serves the core's tests."""
    paths = sorted(str(path.relative_to(root)) for path in (root / folder).rglob(pattern))
    return [path for path in paths if folder == TESTING or not path.startswith(TESTING)]


def _those(root: Path, folder: str, *, tests: bool) -> list[str]:
    ends = ("_test.cc", "_benchmark.cc")
    return [path for path in _files(root, folder, "*.cc") if path.endswith("_test.cc" if tests else ends) == tests]


def _used(root: Path, paths: list[str], *, but: set[str]) -> list[str]:
    """The sources beside the headers that these include, directly or not."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = list(paths)
    while waiting:
        for name in _INCLUDE.findall((root / waiting.pop()).read_text(encoding="utf-8")):
            source = name.removesuffix(".h") + ".cc"
            for path in (name, source):
                if path in seen or not (root / path).is_file():
                    continue
                seen.add(path)
                waiting.append(path)
                if path == source and path not in but and path not in paths:
                    found.append(path)
    return sorted(found)


def _object(path: str) -> str:
    return path.replace("/", "-") + ".o"


def _compile(source: Path, target: Path, include: list[Path]) -> str:
    """The compiler's complaint; "" if there is none."""
    folders = [f"-I{folder}" for folder in include]
    command = [*_COMPILER, *folders, "-c", str(source), "-o", str(target)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    return made.stderr or "?" if made.returncode != 0 else ""


def _link(folder: Path, program: str, paths: list[str], libraries: list[str]) -> None:
    objects = [str(folder / _object(path)) for path in paths]
    subprocess.run(["g++", "-o", str(folder / program), *objects, *libraries], check=True)


@dataclasses.dataclass(frozen=True)
class Judges:
    root: Path  # where tests find their data
    programs: Path
    seeds: int  # of the simulator, at most
    cpu_seconds: int  # for each run of one, at most
    _usual: dict[str, float] = dataclasses.field(default_factory=dict)  # command -> CPU seconds of the core as it is

    def verdict(self, number: int, *, sampled: bool = True) -> Verdict:
        """Of mutant `number`; 0 is the core as it is, which has to come first: it shows how long a run may take. The
        simulator, which costs far more, looks at what is sampled and at what the tests miss."""
        tests = self._tests(number)
        simulator = self._simulator(number) if sampled or not tests else ""
        if _UNCOMPILED in (tests, simulator):
            return Verdict(compiles=False)
        return Verdict(True, tests, simulator, sampled)

    def _tests(self, number: int) -> str:
        command = [str(self.programs / "tests"), "--gtest_brief=1", "--gtest_fail_fast"]
        return self._run(command, number, _FAILED_TEST)

    def _simulator(self, number: int) -> str:
        """Few and short seeds first: most that is wrong shows at once."""
        first = 1
        for last, hours in ((20, 0.2), (120, 1.0), (self.seeds, 1.0)):
            seeds = min(last, self.seeds) - first + 1
            if seeds <= 0:
                break
            command = [str(self.programs / "simulator"), f"--first={first}", f"--seeds={seeds}", f"--hours={hours}"]
            command += ["--nominimize", "--journal_every=20"]
            command += ["--require_marks"] if seeds >= _SEEDS_WITH_EVERYTHING else []
            if killer := self._run(command, number, _BROKEN_RULE):
                return killer
            first += seeds
        return ""

    def _run(self, command: list[str], number: int, named: re.Pattern[str]) -> str:
        """Who or what stopped it; "" when it went through."""
        name = " ".join(command)
        cpu_seconds = self.cpu_seconds if number == 0 else min(self.cpu_seconds, round(2 + 5 * self._usual[name]))

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        before = _cpu_seconds_of_children()
        ran = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "MUTANT": str(number)},
            preexec_fn=limit,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if number == 0:
            self._usual[name] = _cpu_seconds_of_children() - before
        if ran.returncode == 0:
            return ""
        if ran.returncode == _DOES_NOT_COMPILE:
            return _UNCOMPILED
        if ran.returncode < 0:
            return "time" if -ran.returncode in (signal.SIGXCPU, signal.SIGKILL) else "crash"
        found = named.search(ran.stdout.decode(errors="replace"))
        return found[1] if found else "crash"


def _cpu_seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
