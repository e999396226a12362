"""How long things may be."""

from tools.house_rules import sizes
from tools.house_rules.tree import Tree


def rules(path: str, text: str) -> list[str]:
    return [finding.rule for finding in sizes.check(Tree.of(**{path: text}))]


def body(lines: int) -> str:
    return "  a();\n" * (lines - 2)


def test_files() -> None:
    assert rules("a/x.h", "int a;\n" * 200) == []
    assert rules("a/x.h", "int a;\n" * 201) == ["size"]
    assert rules("a/x.cc", "int a;\n" * 450) == []
    assert rules("a/x.cc", "int a;\n" * 451) == ["size"]
    assert rules("a/x.py", "a = 1\n" * 451) == ["size"]
    assert rules("a/BUILD.bazel", "\n" * 250) == []
    assert rules("a/BUILD.bazel", "\n" * 251) == ["size"]
    assert rules("a/data.json", "1\n" * 1000) == []


def test_lines() -> None:
    assert rules("a/x.cc", "//" + "x" * 119 + "\n") == ["line-size"]
    assert rules("a/x.cc", "// https://example.com/" + "x" * 119 + "\n") == []


def test_functions() -> None:
    assert rules("a/x.cc", "void F() {\n" + body(60) + "}\n") == []
    assert rules("a/x.cc", "void F() {\n" + body(61) + "}\n") == ["function-size"]
    assert rules("a/x.py", "def f():\n" + "    a()\n" * 59) == []
    assert rules("a/x.py", "def f():\n" + "    a()\n" * 60) == ["function-size"]


def test_scopes_are_no_functions_but_what_they_hold_is() -> None:
    long_class = "namespace n {\nclass A : public B {\n public:\n" + "  int a(int);\n" * 80 + "};\n}\n"
    assert rules("a/x.cc", long_class) == []
    inside = "namespace n {\nclass A {\n  int F(int a) const override {\n" + body(61) + "  }\n};\n}\n"
    assert rules("a/x.cc", inside) == ["function-size"]


def test_names_and_lengths_are_told() -> None:
    code = "namespace n {\nA::A(int a) : a_{a}, b_(2) {\n  x();\n}\nint B() {\n  if (a) {\n    b();\n  }\n}\n}\n"
    assert [(line, length) for line, length, _ in sizes.cpp_functions(code)][-1] == (5, 5)
    assert ("B" in [name for _, _, name in sizes.cpp_functions(code)]) is True


def test_tables_are_no_functions() -> None:
    assert rules("a/x.cc", "constexpr int kTable[] = {\n" + "    1,\n" * 100 + "};\n") == []
    assert rules("a/x.cc", "const T kTable[] = {\n" + '    {"a", F(1)},\n' * 100 + "};\n") == []


def test_tests_are_functions() -> None:
    assert rules("a/x_test.cc", "TEST(A, B) {\n" + body(61) + "}\n") == ["function-size"]
