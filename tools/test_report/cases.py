"""The test cases of one target, read from the test.xml that GoogleTest, pytest or Bazel wrote."""

import dataclasses
import enum
import xml.etree.ElementTree
from pathlib import Path

from tools.test_report.build_events import TargetRun


class Verdict(enum.Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclasses.dataclass
class Case:
    name: str
    verdict: Verdict


def cases_of(run: TargetRun) -> list[Case]:
    """The cases of one run. A target that failed without saying in which case adds one failed case of its own."""
    cases = _read_xml(run.xml)
    if run.status in ("PASSED", "FLAKY"):
        if not cases:
            return [Case("(no test case ran, or its results cannot be read)", Verdict.FAILED)]
        return cases
    if not any(case.verdict is Verdict.FAILED for case in cases):
        cases.append(Case(f"(the test program: {run.status})", Verdict.FAILED))
    return cases


def _read_xml(path: Path | None) -> list[Case]:
    if path is None:
        return []
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return []
    return [Case(_name(element), _verdict(element)) for element in root.iter("testcase")]


def _name(element: xml.etree.ElementTree.Element) -> str:
    group, name = element.get("classname", ""), element.get("name", "?")
    return f"{group}.{name}" if group else name


def _verdict(element: xml.etree.ElementTree.Element) -> Verdict:
    if element.find("failure") is not None or element.find("error") is not None:
        return Verdict.FAILED
    # GoogleTest lists a DISABLED_ case as "notrun".
    if element.find("skipped") is not None or element.get("status") == "notrun":
        return Verdict.SKIPPED
    return Verdict.PASSED
