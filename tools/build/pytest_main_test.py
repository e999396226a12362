"""What a pytest_test's exit status and results say, for files that are written here."""

import os
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

MAIN = Path("tools/build/pytest_main.py").absolute()
CASES = """
import pytest

@pytest.mark.parametrize("number", range(5))
def test_number(number):
    assert True
"""


class Result:
    def __init__(self, folder: Path, text: str, **environment: str) -> None:
        folder.mkdir()
        (folder / "cases.py").write_text(text)
        own = {key: value for key, value in os.environ.items() if not key.startswith("TEST")}
        own |= {"XML_OUTPUT_FILE": str(folder / "test.xml"), "TEST_TMPDIR": str(folder / "tmp")}
        own |= {"TEST_SHARD_STATUS_FILE": str(folder / "shards")} | environment
        (folder / "tmp").mkdir()
        done = subprocess.run([sys.executable, MAIN, "cases.py"], cwd=folder, env=own, capture_output=True, check=False)
        self.status = done.returncode
        self.output = done.stdout.decode()
        root = xml.etree.ElementTree.parse(folder / "test.xml").getroot()
        self.cases = [case.get("name") for case in root.iter("testcase")]
        self.files = sorted(path.name for path in folder.iterdir())


def test_every_case_is_in_the_results(tmp_path: Path) -> None:
    result = Result(tmp_path / "a", CASES)
    assert result.status == 0
    assert result.cases == [f"test_number[{i}]" for i in range(5)]


def test_nothing_is_written_beside_the_sources(tmp_path: Path) -> None:
    assert Result(tmp_path / "a", CASES).files == ["cases.py", "test.xml", "tmp"]


def test_a_failure_fails(tmp_path: Path) -> None:
    assert Result(tmp_path / "a", "def test_it():\n    assert False\n").status != 0


def test_no_case_at_all_fails(tmp_path: Path) -> None:
    assert Result(tmp_path / "a", "").status != 0


def test_a_file_that_cannot_be_imported_fails(tmp_path: Path) -> None:
    assert Result(tmp_path / "a", "import nothing_like_that\n" + CASES).status != 0


def test_an_unknown_mark_fails(tmp_path: Path) -> None:
    assert Result(tmp_path / "a", "import pytest\n@pytest.mark.slwo\ndef test_it():\n    pass\n").status != 0


def test_a_filter_is_obeyed(tmp_path: Path) -> None:
    assert Result(tmp_path / "a", CASES, TESTBRIDGE_TEST_ONLY="3").cases == ["test_number[3]"]


def test_TRIXIE_a_filter_is_not_compared_with_the_folders_around(tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    assert Result(tmp_path / "3" / "a", CASES, TESTBRIDGE_TEST_ONLY="3").cases == ["test_number[3]"]


BAD_CHILD = """
import os, subprocess

def test_it():
    write = 'options = dict(o.split("=") for o in os.environ["UBSAN_OPTIONS"].split(":")); '
    write += 'open(options["log_path"] + ".1", "w").write("runtime error: bad")'
    subprocess.run(["python3", "-c", "import os; " + write], check=True)
"""


def test_a_sanitizer_report_of_a_process_that_nobody_looks_at_fails(tmp_path: Path) -> None:
    result = Result(tmp_path / "a", BAD_CHILD, UBSAN_OPTIONS="halt_on_error=1")
    assert result.status == 1
    assert "runtime error: bad" in result.output


def test_shards_divide_the_cases(tmp_path: Path) -> None:
    shards = [Result(tmp_path / str(i), CASES, TEST_TOTAL_SHARDS="2", TEST_SHARD_INDEX=str(i)) for i in range(2)]
    assert [shard.status for shard in shards] == [0, 0]
    assert "shards" in shards[0].files
    assert sorted(shards[0].cases + shards[1].cases) == [f"test_number[{i}]" for i in range(5)]
    assert shards[0].cases and shards[1].cases
