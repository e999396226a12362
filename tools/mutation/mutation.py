"""Do the tests and the simulator notice mistakes in the core? Makes each small mistake and asks them. See --help."""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.mutation import report, survivors  # noqa: E402
from tools.mutation.judges import Judges, Verdict, build, sources  # noqa: E402
from tools.mutation.mutants import Mutant, mutants  # noqa: E402

LIST = "tools/mutation/survivors.toml"
TARGET = 0.95


class Remembered:
    """The verdicts of earlier runs in a file of JSON lines: a run that was ended goes on where it was."""

    def __init__(self, path: Path, texts: dict[str, str], *, again: bool) -> None:
        self._path = path
        self._digests = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()}
        self._verdicts: dict[str, Verdict] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                saved = json.loads(line)
                verdict = Verdict(**saved["verdict"])
                missed = not verdict.tests or (verdict.sampled and not verdict.simulator)
                if not (again and verdict.compiles and missed):
                    self._verdicts[saved["key"]] = verdict

    def get(self, mutant: Mutant) -> Verdict | None:
        return self._verdicts.get(self._key(mutant))

    def add(self, mutant: Mutant, verdict: Verdict) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": self._key(mutant), "verdict": dataclasses.asdict(verdict)}) + "\n")

    def _key(self, mutant: Mutant) -> str:
        """Holds as long as the mutated source is the same. That the judges are, nobody looks: --again asks anew."""
        return f"{mutant.id} {self._digests[mutant.path]}"


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/mutation/run", description=__doc__)
    parser.add_argument("files", nargs="*", help="sources of master/core (default: all)")
    parser.add_argument("--out", type=Path, default=Path("/tmp/fectl-mutation"), help="folder of the results")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants at a time")
    parser.add_argument("--seeds", type=int, default=1000, help="of the simulator for one mutant, at most")
    parser.add_argument("--sample", type=int, help="mutants for the simulator, and what tests miss (default: all)")
    parser.add_argument("--cpu-seconds", type=int, default=60, help="for each run of a judge, at most")
    parser.add_argument("--list", action="store_true", help="print the mutants and leave")
    parser.add_argument("--again", action="store_true", help="judge anew what a judge missed in an earlier run")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _judge_all(
    todo: list[tuple[int, Mutant]],
    sample: set[int],
    judges: Judges,
    remembered: Remembered,
    pool: concurrent.futures.Executor,
) -> dict[str, Verdict]:
    verdicts = {}
    running = {pool.submit(judges.verdict, number, sampled=number in sample): mutant for number, mutant in todo}
    for done in concurrent.futures.as_completed(running):
        mutant, verdict = running[done], done.result()
        remembered.add(mutant, verdict)
        verdicts[mutant.id] = verdict
        if verdict.survived:
            print(f"survived: {mutant.id} in `{mutant.code}`", flush=True)
    return verdicts


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    root = options.root.resolve()
    known = survivors.read((root / LIST).read_text(encoding="utf-8"))
    wanted = options.files or [path for path in sources(root) if path not in known.skipped]
    texts = {path: (root / path).read_text(encoding="utf-8") for path in wanted}
    every = [mutant for path, text in texts.items() for mutant in mutants(path, text)]
    if options.list:
        print(*(mutant.id for mutant in every), sep="\n")
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    remembered = Remembered(options.out / "verdicts.jsonl", texts, again=options.again)
    verdicts = {mutant.id: verdict for mutant in every if (verdict := remembered.get(mutant))}
    todo = [(number, mutant) for number, mutant in enumerate(every, 1) if mutant.id not in verdicts]
    print(f"{len(every)} mutants, {len(todo)} to judge", flush=True)
    if todo:
        with (
            tempfile.TemporaryDirectory(prefix="fectl-mutation.") as folder,
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool,
        ):
            build(root, every, Path(folder), pool)
            judges = Judges(root, Path(folder), options.seeds, options.cpu_seconds)
            as_it_is = judges.verdict(0)
            if not as_it_is.survived:
                raise SystemExit(f"tools/mutation: the core as it is fails: {as_it_is.tests or as_it_is.simulator}")
            numbers = [number for number, _ in todo]
            if options.sample is not None:
                numbers = random.Random(1).sample(numbers, min(options.sample, len(numbers)))
            verdicts |= _judge_all(todo, set(numbers), judges, remembered, pool)
    return _conclude(options, every, verdicts, known)


def _conclude(
    options: argparse.Namespace, every: list[Mutant], verdicts: dict[str, Verdict], known: survivors.Survivors
) -> int:
    results = [(mutant, verdicts[mutant.id]) for mutant in every]
    text = report.table(results, known)
    (options.out / "table.md").write_text(text, encoding="utf-8")
    rows = [
        {"id": m.id, "code": m.code, **dataclasses.asdict(verdict), "survived": verdict.survived}
        for m, verdict in results
    ]
    (options.out / "results.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(text)
    survived = {mutant.id for mutant, verdict in results if verdict.survived}
    paths = {mutant.path for mutant in every}
    faults = known.faults(every, survived)
    faults = [fault for fault in faults if fault.split(":")[0] in paths or not options.files]
    faults += [f"{m.id}: survives and is not in {LIST}" for m in every if m.id in survived and known.of(m) is None]
    total = report.counts(results, known)["all"]
    if total.either < TARGET * total.mutants:
        faults.append(f"{report.share(total.either, total.mutants)} of the mutants are killed, which is too few")
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
