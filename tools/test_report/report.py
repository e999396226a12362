"""Sums up one `bazel test` in test cases: `report.py EVENTS_FILE EXIT_STATUS_OF_BAZEL [--filtered]`.

Prints what failed, with the end of its log, and as the last line `N passed, N failed`. Exits 1 if anything failed. A
proof of tools/proof_tables that did not run although its target did is a failure, too, unless cases were filtered.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

# Run as a script: the workspace's root, from which imports are written, is not on the path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.proof_tables import proof_tables  # noqa: E402
from tools.test_report.build_events import BuildOutcome, TargetRun, read_events  # noqa: E402
from tools.test_report.cases import Case, Verdict, cases_of  # noqa: E402

LOG_LINES_SHOWN = 80


def summary_line(counts: Counter) -> str:
    line = f"{counts[Verdict.PASSED]} passed, {counts[Verdict.FAILED]} failed"
    return line + (f", {counts[Verdict.SKIPPED]} skipped" if counts[Verdict.SKIPPED] else "")


def report(outcome: BuildOutcome, bazel_status: int) -> tuple[list[str], Counter]:
    """The lines to print before the summary, and the cases by verdict."""
    lines: list[str] = []
    counts: Counter = Counter()
    for run in sorted(outcome.runs, key=lambda r: r.label):
        cases = cases_of(run)
        counts.update(case.verdict for case in cases)
        failed = [case for case in cases if case.verdict is Verdict.FAILED]
        if failed:
            lines += _failure(run, failed)
    tested = {run.label for run in outcome.runs}
    for label, reason in sorted(outcome.broken.items()):
        if label not in tested:
            lines.append(f"FAILED {label}: {reason}")
            counts[Verdict.FAILED] += 1
    if bazel_status != 0 and counts[Verdict.FAILED] == 0:
        lines.append(f"FAILED bazel itself: exit status {bazel_status}")
        counts[Verdict.FAILED] += 1
    if not counts:
        lines.append("FAILED: no test ran")
        counts[Verdict.FAILED] += 1
    return lines, counts


def _failure(run: TargetRun, failed: list[Case]) -> list[str]:
    lines = [f"--- {run.label}" + (f", the end of {run.log}" if run.log else "")]
    if run.log and run.log.exists():
        lines += run.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    return lines + [f"FAILED {run.label} {case.name}" for case in failed]


def unproven(tables: Iterable[proof_tables.Table], outcome: BuildOutcome) -> list[str]:
    """The proofs of the tables that did not run. Targets that failed as a whole are told already."""
    cases: dict[str, list[str]] = {}
    # A target may have run in shards, and a shard that failed keeps what passed in it to itself.
    failed = {run.label for run in outcome.runs if run.status not in ("PASSED", "FLAKY")}
    for run in outcome.runs:
        if run.label not in failed:
            cases.setdefault(run.label, []).extend(case.name for case in cases_of(run))
    return [f"FAILED {problem}" for table in tables for problem in proof_tables.not_run(table, cases)]


def main(arguments: list[str]) -> int:
    path, bazel_status, *filtered = arguments
    with open(path, encoding="utf-8") as events:
        outcome = read_events(events)
    lines, counts = report(outcome, int(bazel_status))
    if not filtered:
        without_proof = unproven(proof_tables.read(Path(__file__).resolve().parents[2]), outcome)
        lines += without_proof
        counts[Verdict.FAILED] += len(without_proof)
    for line in lines:
        print(line)
    print(summary_line(counts), flush=True)
    return 1 if counts[Verdict.FAILED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
