"""Source text without comments and literals, of the same length in lines, so that rules see code only."""

import io
import re
import tokenize

_CPP_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<number>\b[0-9][0-9A-Za-z_.']*)
      | (?P<char>'(?:\\.|[^'\\\n])+')""",
    re.DOTALL | re.VERBOSE,
)
_INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def cpp_code(text: str) -> str:
    """C++ with comments and the insides of literals blanked. (A number is matched so that the apostrophes in
    1'000'000 do not open a character literal.)"""

    def replace(match: re.Match[str]) -> str:
        whole = match.group(0)
        if match.group("comment") is not None:
            return blank(whole)
        if match.group("number") is not None:
            return whole
        return '"' + blank(whole[1:-1]) + '"'

    return _CPP_TOKEN.sub(replace, text)


def cpp_includes(text: str) -> list[tuple[int, str, bool]]:
    """(line, name, quoted?) of each #include, those in comments left out."""
    bare = _CPP_TOKEN.sub(lambda m: m.group(0) if m.group("comment") is None else blank(m.group(0)), text)
    return [
        (bare.count("\n", 0, match.start(2)) + 1, match.group(2), match.group(1) == '"')
        for match in _INCLUDE.finditer(bare)
    ]


def python_code(text: str) -> str:
    """Python with comments and strings blanked; text that is no Python is returned as it is.

    Whole f-strings too, with the code in their braces: before Python 3.12 they are one token each."""
    lines = text.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    open_strings: list[tuple[int, int]] = []  # where those f-strings start whose end has not come yet
    for token in tokens:
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            open_strings.append(token.start)
        elif kind.endswith("STRING_END"):
            _blank_range(lines, open_strings.pop(), token.end)
        elif kind in ("COMMENT", "STRING"):
            _blank_range(lines, token.start, token.end)
    return "".join(lines)


def _blank_range(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> None:
    for number in range(start[0], end[0] + 1):
        line = lines[number - 1]
        first = start[1] if number == start[0] else 0
        last = end[1] if number == end[0] else len(line.rstrip("\n"))
        lines[number - 1] = line[:first] + " " * (last - first) + line[last:]
