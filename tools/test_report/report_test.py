"""What tools/test says in its last line, from the files that Bazel and the test programs leave."""

import json
from pathlib import Path

from tools.proof_tables.proof_tables import Table
from tools.test_report import report
from tools.test_report.build_events import BuildOutcome, read_events
from tools.test_report.cases import Verdict

GTEST_XML = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" disabled="1" errors="0" name="AllTests">
  <testsuite name="Frame" tests="4" failures="1" disabled="1" skipped="1" errors="0">
    <testcase name="Passes" status="run" result="completed" classname="Frame" />
    <testcase name="Fails" status="run" result="completed" classname="Frame"><failure message="x" type=""/></testcase>
    <testcase name="Skips" status="run" result="skipped" classname="Frame"><skipped message="no root"/></testcase>
    <testcase name="DISABLED_Later" status="notrun" result="suppressed" classname="Frame" />
  </testsuite>
</testsuites>"""

PYTEST_XML = """<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="3">
<testcase classname="a.b" name="test_x[1]" /><testcase classname="a.b" name="test_x[2]" />
<testcase classname="a.b" name="test_y"><skipped type="pytest.skip" message="no">why</skipped></testcase>
</testsuite></testsuites>"""


class Run:
    """Writes what a `bazel test` leaves behind, piece by piece."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[str] = []

    def test(self, label: str, status: str, xml: str | None, attempt: int = 1, shard: int = 1) -> None:
        place = self._folder / label.strip("/").replace(":", "/") / f"{shard}-{attempt}"
        place.mkdir(parents=True)
        (place / "test.log").write_text(f"log of {label}\n")
        outputs = [{"name": "test.log", "uri": f"file://{place}/test.log"}]
        if xml is not None:
            (place / "test.xml").write_text(xml)
            outputs.append({"name": "test.xml", "uri": f"file://{place}/test.xml"})
        identity = {"label": label, "run": 1, "shard": shard, "attempt": attempt}
        self.event({"id": {"testResult": identity}, "testResult": {"status": status, "testActionOutput": outputs}})
        self.event({"id": {"targetCompleted": {"label": label}}, "completed": {"success": True}})

    def event(self, event: dict) -> None:
        self._lines.append(json.dumps(event))

    def raw(self, line: str) -> None:
        self._lines.append(line)

    def outcome(self) -> BuildOutcome:
        return read_events(self._lines)

    def summary(self, bazel_status: int = 0) -> str:
        return report.summary_line(self.counts(bazel_status))

    def counts(self, bazel_status: int = 0):
        return report.report(read_events(self._lines), bazel_status)[1]

    def text(self, bazel_status: int = 0) -> str:
        return "\n".join(report.report(read_events(self._lines), bazel_status)[0])


def test_cases_are_summed_over_targets(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:frame_test", "FAILED", GTEST_XML)
    run.test("//b:py_test", "PASSED", PYTEST_XML)
    assert run.summary(3) == "3 passed, 1 failed, 3 skipped"
    assert "FAILED //a:frame_test Frame.Fails" in run.text(3)
    assert "log of //a:frame_test" in run.text(3)
    assert "//b:py_test" not in run.text(3)


def test_nothing_skipped_is_not_mentioned(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:t", "PASSED", '<testsuites><testsuite><testcase name="x"/></testsuite></testsuites>')
    assert run.summary() == "1 passed, 0 failed"


def test_shards_add_up_and_only_the_last_attempt_counts(tmp_path: Path) -> None:
    run = Run(tmp_path)
    one = '<testsuites><testsuite><testcase name="x"/></testsuite></testsuites>'
    run.test("//a:t", "FAILED", GTEST_XML, attempt=1)
    run.test("//a:t", "PASSED", one, attempt=2)
    run.test("//a:t", "PASSED", one, shard=2)
    assert run.summary() == "2 passed, 0 failed"


def test_a_crash_without_results_is_a_failed_case(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:crash_test", "FAILED", None)
    run.test("//a:slow_test", "TIMEOUT", None)
    assert run.counts(3)[Verdict.FAILED] == 2


def test_a_program_that_fails_after_its_cases_passed_has_failed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:leaky_test", "FAILED", PYTEST_XML)
    assert run.summary(3) == "2 passed, 1 failed, 1 skipped"


def test_a_passed_target_without_any_case_is_a_failure(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:empty_test", "PASSED", "<testsuites></testsuites>")
    run.test("//a:torn_test", "PASSED", "<testsuites><tests")
    assert run.summary() == "0 passed, 2 failed"


def test_what_does_not_build_or_load_has_failed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:t", "PASSED", PYTEST_XML)
    run.event({"id": {"targetCompleted": {"label": "//a:broken_test"}}, "completed": {"success": False}})
    run.event({"id": {"targetCompleted": {"label": "//a:t2"}}, "aborted": {"reason": "ANALYSIS_FAILURE"}})
    run.event(
        {
            "id": {"pattern": {"pattern": ["//none:x"]}},
            "aborted": {"reason": "LOADING_FAILURE", "description": "no such package"},
        }
    )
    assert run.summary(1) == "2 passed, 3 failed, 1 skipped"
    assert "FAILED //none:x: no such package" in run.text(1)


def test_bazel_failing_for_a_reason_of_its_own_is_a_failure(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:t", "PASSED", PYTEST_XML)
    assert run.summary(37) == "2 passed, 1 failed, 1 skipped"


def test_no_test_at_all_is_a_failure(tmp_path: Path) -> None:
    assert Run(tmp_path).summary(0) == "0 passed, 1 failed"


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:t", "PASSED", PYTEST_XML)
    run.raw('{"id": {"testRes')
    assert run.summary() == "2 passed, 0 failed, 1 skipped"


def test_the_exit_status_follows_the_cases(tmp_path: Path, capsys) -> None:
    run = Run(tmp_path)
    run.test("//a:t", "PASSED", PYTEST_XML)
    events = tmp_path / "events"
    events.write_text("\n".join(run._lines))
    assert report.main([str(events), "0"]) == 0
    assert capsys.readouterr().out == "2 passed, 0 failed, 1 skipped\n"
    assert report.main([str(events), "3"]) == 1


def test_a_proof_that_did_not_run_is_a_failure(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:py_test", "PASSED", PYTEST_XML)
    run.test("//b:py_test", "FAILED", PYTEST_XML)
    table = Table("table.md", "| told | `//a:py_test` `test_x` `test_y` `test_z`, "
                  "`//b:py_test` `test_z`, `//c:py_test` `test_z` |\n")
    # Of a target that failed, or was not asked for, something else is told or nothing.
    problems = report.unproven([table], run.outcome())
    assert problems == ["FAILED table.md:1: //a:py_test test_z: did not run"]


def test_of_a_target_with_a_failed_shard_no_proof_is_missed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.test("//a:py_test", "PASSED", PYTEST_XML, shard=1)
    run.test("//a:py_test", "FAILED", PYTEST_XML, shard=2)
    assert report.unproven([Table("table.md", "| told | `//a:py_test` `test_z` |\n")], run.outcome()) == []
