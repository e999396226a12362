"""Words and text."""

import pytest

from tools.house_rules import words
from tools.house_rules.tree import Tree


def rules(path: str, text: str) -> list[str]:
    return [finding.rule for finding in words.check(Tree.of(**{path: text}))]


@pytest.mark.parametrize("mark", ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
def test_marks(mark: str) -> None:
    assert rules("a/x.cc", f"// {mark}: later\n") == ["mark"]
    assert rules("README.md", f"{mark} write this\n") == ["mark"]
    assert rules("a/x.cc", f"// A{mark}B\n") == []


@pytest.mark.parametrize("path", ["/ro" + "ot/x", "/Us" + "ers/x", "/wo" + "rk/x"])
def test_machine_paths(path: str) -> None:
    assert rules("a/x.toml", f'directory = "{path}"\n') == ["machine-path"]
    assert rules("a/x.toml", f'directory = "/srv{path}"\n') == []


@pytest.mark.parametrize("host", ["py" + "pi.org", "npm" + "js.com", "deb.deb" + "ian.org", "gh" + "cr.io"])
def test_registries(host: str) -> None:
    assert rules("tools/x", f"curl https://{host}/simple\n") == ["registry-host"]


@pytest.mark.parametrize("name", ["TimerManager", "StringUtil", "SignalHandler", "WorkerInfo", "SlotData", "Helper"])
def test_vague_names(name: str) -> None:
    assert rules("a/x.cc", f"class {name} {{\n}};\n") == ["name"]
    assert rules("a/x.cc", f"class {name};\n") == []  # somebody else's
    assert rules("a/x.py", f"class {name}:\n    pass\n") == ["name"]
    assert rules("a/string_util.cc", "int a;\n") == ["name"]


def test_good_names() -> None:
    assert rules("a/x.py", "class _Handler(LibraryHandler):\n    pass\n") == []  # a library wants it
    assert rules("a/timer_queue.cc", "class TimerQueue {\n};\nstruct Database {\n};\n") == []


@pytest.mark.parametrize(
    "text", ["int a; \n", "int a;", "int a;\n\n", "\tint a;\n"], ids=["blanks", "no newline", "empty line", "tab"]
)
def test_text(text: str) -> None:
    assert rules("a/x.cc", text) == ["text"]
    assert rules("a/vector.json", text) == []


def test_guards() -> None:
    def guarded(guard: str) -> str:
        return f"// What this is.\n#ifndef {guard}\n#define {guard}\n\n#endif  // {guard}\n"

    assert rules("a/b_c/x.h", guarded("FECTL_A_B_C_X_H_")) == []
    assert rules("a/b_c/x.h", guarded("A_B_C_X_H_")) == []
    assert rules("a/b_c/x.h", guarded("A_B_C_Y_H_")) == ["guard"]
    assert rules("a/b_c/x.h", guarded("A_B_C_X_H_").replace("#define A", "#define B")) == ["guard"]
    assert rules("a/b_c/x.h", "int a;\n") == ["guard"]
