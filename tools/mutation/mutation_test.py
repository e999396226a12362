"""The mutation tool makes the mutants that it says, finds what nobody notices, and keeps its list true."""

from pathlib import Path

import pytest

from tools.mutation import mutation, survivors
from tools.mutation.mutants import mutants, with_all

PATH = "master/core/a.cc"
# Each line is one of what there is to change. Most of it is looked at by the test below, `unseen` by nothing.
SOURCE = """#include "master/core/a.h"

#include <algorithm>
#include <string>

int unseen = 3;

int Clamp(int value, bool loud) {
  std::string words = "a" + std::to_string(value);
  if (value < 0 || value > 9) {
    value = std::min({std::max(value, 0), 9, 99});
  }
  if (!loud && value == 4) ++value;
  switch (value) {
    case 1:
      value += 4;
      break;
    default:
      break;
  }
  return value;
}
"""
TEST = """#include <gtest/gtest.h>

#include "master/core/a.h"

TEST(Clamp, Clamps) {
  EXPECT_EQ(Clamp(-1, true), 0);
  EXPECT_EQ(Clamp(0, true), 0);
  EXPECT_EQ(Clamp(9, true), 9);
  EXPECT_EQ(Clamp(10, true), 9);
  EXPECT_EQ(Clamp(1, true), 5);
  EXPECT_EQ(Clamp(4, true), 4);
  EXPECT_EQ(Clamp(4, false), 5);
  EXPECT_EQ(Clamp(3, false), 3);
}
"""
# It knows one rule, and that only after some seeds.
SIMULATOR = """#include <gflags/gflags.h>

#include <iostream>

#include "master/core/a.h"

DEFINE_uint64(first, 1, "");
DEFINE_uint64(seeds, 1, "");
DEFINE_double(hours, 1, "");
DEFINE_bool(minimize, true, "");
DEFINE_bool(require_marks, true, "");
DEFINE_uint64(journal_every, 1, "");

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (FLAGS_first + FLAGS_seeds <= 30 || Clamp(12, true) <= 9) return 0;
  std::cout << "FAILED seed 30: at most nine: it is more\\n";
  return 1;
}
"""
EQUIVALENT = """
[[survivor]]
file = "master/core/a.cc"
line = "if (value < 0 || value > 9) {"
change = "{change}"
reason = "clamps what is within the bounds already"
equivalent = true
"""


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    files = {
        PATH: SOURCE,
        "master/core/a.h": "int Clamp(int value, bool loud);\n",
        "master/core/a_test.cc": TEST,
        "master/core/testing/BUILD": "",
        "master/sim/main.cc": SIMULATOR,
        "tools/mutation/mutant.h": Path("tools/mutation/mutant.h").read_text(encoding="utf-8"),
        mutation.LIST: "",
    }
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "root"


def run(root: Path, *options: str) -> int:
    return mutation.main(["--root", str(root), "--out", str(root.parent / "out"), "--seeds", "40", *options])


def changes(text: str) -> list[str]:
    return [f"{mutant.line}:{mutant.column} {mutant.change}" for mutant in mutants("a.cc", text)]


def test_changes_operators_constants_conditions_and_statements() -> None:
    assert changes("void F(int a) {\n  if (a < 2) return;\n  --a;\n}\n") == [
        "2:7 a < 2 -> not that",
        "2:9 < -> <=",
        "2:11 2 -> 3",
        "2:14 return; -> nothing",
        "3:3 -- -> ++",
        "3:3 --a; -> nothing",
    ]


def test_leaves_comments_literals_declarations_and_the_last_return_alone() -> None:
    assert changes('// a < b\nint F() {\n  const char* s = "1 < 2";\n  return s;\n}\n') == []


def test_leaves_defaults_of_members_alone() -> None:
    text = "struct A {\n  uint32_t count = 0;  // of them\n  Span time = Seconds(10);\n  bool on = false;\n};\n"
    assert mutants("a.h", text) == []


def test_leaves_arguments_of_templates_alone() -> None:
    assert changes("void F() {\n  static std::array<int, 32> all = {};\n  G(all);\n}\n") == ["3:3 G(all); -> nothing"]


def test_body_of_a_case_is_dropped_as_a_whole() -> None:
    text = "void F(int a) {\n  switch (a) {\n    case 1:\n      G();\n      H();\n  }\n}\n"
    assert "3:12 G(); H(); -> break;" in changes(text)


def test_lines_stay_where_they_are() -> None:
    every = mutants(PATH, SOURCE)
    assert with_all(SOURCE, enumerate(every, 1)).count("\n") == SOURCE.count("\n") + 2


def test_finds_what_nobody_notices_and_who_notices_the_rest(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root) == 1
    told = capsys.readouterr().out
    assert f"{PATH}:6:14 3 -> 4: survives and is not in" in told
    assert "test Clamp.Clamps" in told
    assert "simulator at most nine" in told
    # There is no difference of strings: that is no mutant, and neither a survivor.
    assert f"{PATH}:9:" not in told


def test_simulator_is_shown_a_sample_and_what_tests_miss(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(root, "--sample", "0")
    told = capsys.readouterr().out
    assert "0 of 0 (-)" in told
    assert f"{PATH}:6:14 3 -> 4: survives" in told


def test_list_explains_survivors_and_must_be_true(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = root / mutation.LIST
    path.write_text(EQUIVALENT.replace("{change}", "no -> such"), encoding="utf-8")
    assert run(root) == 1
    assert "no -> such in `if (value < 0 || value > 9) {`: there is no such mutant" in capsys.readouterr().out
    path.write_text(EQUIVALENT.replace("{change}", "< -> <="), encoding="utf-8")
    assert run(root) == 1  # from what is remembered
    assert ":10:13 < -> <=: survives" not in capsys.readouterr().out


def test_an_entry_that_is_killed_is_told() -> None:
    every = mutants(PATH, SOURCE)
    entry = next(mutant for mutant in every if mutant.old == "== " or mutant.old == "==")
    listed = survivors.Survivors([survivors.Entry(PATH, entry.code, entry.change, "why", False)], {})
    assert "is killed" in listed.faults(every, set())[0]
    assert listed.faults(every, {entry.id}) == []
