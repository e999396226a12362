"""Flags for clang-tidy, and when a remembered result still holds."""

import json
from pathlib import Path

from tools.clang_tidy.compile_commands import clang_flags, commands
from tools.clang_tidy.fingerprint import fingerprint


def test_flags_that_only_gcc_knows_are_dropped() -> None:
    flags = ["-Wall", "-MD", "-MF", "a.d", "-frandom-seed=a.o", "-iquote", ".", "-c", "a/b.cc", "-o", "a.o"]
    assert clang_flags(flags) == ["-Wall", "-iquote", ".", "-Wno-unknown-warning-option"]


def test_our_own_sources_are_found() -> None:
    actions = [
        {"arguments": ["/usr/bin/gcc", "-Wall", "-c", "a/b.cc", "-o", "b.o"]},
        {"arguments": ["/usr/bin/gcc", "-c", "external/x/y.cc", "-o", "y.o"]},
        {"arguments": ["/usr/bin/ar", "x"]},
    ]
    found = commands(json.dumps({"actions": actions}))
    assert found == {"a/b.cc": ["-Wall", "-Wno-unknown-warning-option"]}


def hashed(root: Path, flags: list[str] | None = None, settings: str = "s") -> str:
    return fingerprint("a/b.cc", flags or [], settings, root, {})


def test_a_result_holds_until_something_it_hangs_on_changes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.cc").write_text('#include <vector>\n#include "a/b.h"\n')
    (tmp_path / "a/b.h").write_text('#include "a/c.h"\n')
    (tmp_path / "a/c.h").write_text('#include "a/b.h"\nint a;\n')
    (tmp_path / "a/other.h").write_text("int b;\n")
    before = hashed(tmp_path)
    (tmp_path / "a/other.h").write_text("int c;\n")
    assert hashed(tmp_path) == before
    assert hashed(tmp_path, flags=["-DX"]) != before
    assert hashed(tmp_path, settings="t") != before
    (tmp_path / "a/c.h").write_text('#include "a/b.h"\nint d;\n')
    assert hashed(tmp_path) != before
