"""How long files and functions may be."""

import ast
import re
from collections.abc import Iterator

from tools.house_rules.tree import Finding, Source, Tree

HEADER_LINES_MAX = 200
SOURCE_LINES_MAX = 450
BUILD_LINES_MAX = 250
FUNCTION_LINES_MAX = 60
LINE_COLUMNS_MAX = 120

_SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b")
_NOT_A_FUNCTION = re.compile(r"(?:=|\breturn|,)\s*$")


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources:
        if not source.is_code:
            continue
        yield from _check_file(source)
        for line, length, name in _functions(source):
            if length > FUNCTION_LINES_MAX:
                text = f"{name} has {length} lines, at most {FUNCTION_LINES_MAX} are readable"
                yield Finding(source.path, line, "function-size", text)


def _check_file(source: Source) -> Iterator[Finding]:
    lines = source.text.split("\n")
    count = len(lines) - 1
    is_header = source.path.endswith(".h")
    limit = HEADER_LINES_MAX if is_header else BUILD_LINES_MAX if source.is_build else SOURCE_LINES_MAX
    if count > limit:
        yield Finding(source.path, limit, "size", f"{count} lines; the limit is {limit}")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and "://" not in line:
            yield Finding(source.path, number, "line-size", f"{len(line)} columns; the limit is {LINE_COLUMNS_MAX}")


def _functions(source: Source) -> list[tuple[int, int, str]]:
    if source.is_cpp:
        return cpp_functions(source.code)
    return python_functions(source.text) if source.is_python else []


def cpp_functions(code: str) -> list[tuple[int, int, str]]:
    """(line, lines, name) of each function body, told from a scope's by the text before its brace.

    Code is taken as clang-format leaves it; what counts is from the opening brace's line to the closing one's.
    """
    found = []
    head_start = 0
    at = 0
    while (brace := re.compile(r"[{};]").search(code, at)) is not None:
        at = brace.end()
        if brace.group(0) != "{":
            head_start = at
            continue
        head = re.sub(r"^\s*#.*$", "", code[head_start : brace.start()], flags=re.MULTILINE)
        if "(" not in head or _NOT_A_FUNCTION.search(head):
            # A namespace or class is entered; of any other brace without arguments (an initializer) nothing is lost.
            head_start = at
            continue
        if _SCOPE.search(re.sub(r"\(.*\)|<.*>", "", head, flags=re.DOTALL)):
            head_start = at
            continue
        end = _closing(code, brace.start())
        first = code.count("\n", 0, brace.start()) + 1
        found.append((first, code.count("\n", brace.start(), end) + 1, _name(head)))
        at = head_start = end + 1
    return found


def _closing(code: str, opening: int) -> int:
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return match.start()
    return len(code) - 1


def _name(head: str) -> str:
    match = re.search(r"([~\w:]+)\s*\(", head)
    return match.group(1) if match else "a function"


def python_functions(text: str) -> list[tuple[int, int, str]]:
    try:
        parsed = ast.parse(text)
    except SyntaxError:
        return []
    return [
        (node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1, node.name)
        for node in ast.walk(parsed)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
