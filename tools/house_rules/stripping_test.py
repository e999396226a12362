"""What rules see of a source."""

from tools.house_rules.stripping import cpp_code, cpp_includes, python_code


def test_comments_and_literals_are_blanked_and_lines_stay() -> None:
    text = 'int a;  // fork()\n/* kill(\n) */ f("close(1)", \'"\');\nint b;\n'
    code = cpp_code(text)
    assert code.count("\n") == text.count("\n")
    assert len(code) == len(text)
    for word in ("fork", "kill", "close"):
        assert word not in code
    assert "int a;" in code and "int b;" in code and 'f("' in code


def test_digit_separators_open_no_literal() -> None:
    assert "fork" in cpp_code("int a = 1'000; fork(); int b = 2'000;")


def test_raw_strings_end_at_their_mark() -> None:
    code = cpp_code('f(R"x(a " kill( )" )x"); fork();')
    assert "kill" not in code
    assert "fork" in code


def test_escaped_quotes() -> None:
    code = cpp_code(r'f("a\"kill(\\"); g(' + "'\\''" + "); fork();")
    assert "kill" not in code
    assert "fork" in code


def test_includes_with_lines_and_without_comments() -> None:
    text = '#include <vector>\n// #include <thread>\n#  include "a/b.h"\n'
    assert cpp_includes(text) == [(1, "vector", False), (3, "a/b.h", True)]


def test_python_comments_and_strings_are_blanked() -> None:
    text = 'x = 1  # os.fork\n"""os.kill\nos.kill"""\ny = f"{os.wait}"\nz = os.path\n'
    code = python_code(text)
    assert code.count("\n") == text.count("\n")
    for word in ("fork", "kill", "wait"):
        assert word not in code
    assert "os.path" in code


def test_TRIXIE_f_strings_are_blanked_whichever_way_python_splits_them() -> None:
    text = (
        "a = f'''os.kill {\n"
        'os.fork("x")} {f"{os.wait}" + "os.wait"}\n'
        "{os.kill!r:>{os.wait}} os.fork'''; b = os.path  # os.kill\n"
        "c = rf'{os.wait:%H}' f'{{os.kill}}'; d = os.sep\n"
    )
    code = python_code(text)
    assert [len(line) for line in code.splitlines()] == [len(line) for line in text.splitlines()]
    for word in ("fork", "kill", "wait"):
        assert word not in code
    assert "; b = os.path" in code and "; d = os.sep" in code


def test_what_is_no_python_is_left_alone() -> None:
    assert python_code("def (:\n") == "def (:\n"
