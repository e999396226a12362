"""The statements of C++ code that can be dropped or negated, found without a compiler.

Reads code whose comments and literals are blanked. A body is known by the `)` (with `const` and the like behind it) or
the `]` before its `{`; inside of one, the heads of if, while, for and switch are known, and everything else up to a `;`
is one statement.
"""

import dataclasses
import re
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Statement:
    kind: str  # "simple"; "condition": what stands in the parentheses of if and while; "case": the body of one
    begin: int
    end: int
    text: str


_BODY = re.compile(r"(?:\)(?:\s|const|noexcept|override|mutable|->\s*[\w:<>&*]+)*|\])\s*\{")
_LABEL = re.compile(r"(?:case\b(?:[^:;{}]|::)*|default\s*):(?!:)")
_HEAD = re.compile(r"(if|while|for|switch)\b\s*(?:constexpr\s*)?(?=\()")
_KEYWORD = re.compile(r"(?:else|do)\b")
_DECLARATION = re.compile(
    r"(?:const|constexpr|static|auto|using)\b"
    r"|(?!(?:return|delete)\b)[A-Za-z_][\w:]*(?:<[^;=]*>)?[&*]?\s+[*&]?[A-Za-z_]\w*\s*[=;{(]"
)


def statements(code: str) -> Iterator[Statement]:
    yield from _bodies(code, 0, len(code))


def closing(code: str, begin: int) -> int:
    """The place of the bracket that closes the one at `begin`."""
    depth = 0
    for i in range(begin, len(code)):
        depth += (code[i] in "([{") - (code[i] in ")]}")
        if depth == 0:
            return i
    return len(code)


def _bodies(code: str, begin: int, end: int) -> Iterator[Statement]:
    """Of functions and lambdas anywhere between the two places."""
    while match := _BODY.search(code, begin, end):
        stop = closing(code, match.end() - 1)
        yield from _block(code, match.end(), stop, outermost=True)
        begin = stop


def _block(code: str, begin: int, end: int, *, outermost: bool) -> Iterator[Statement]:
    labels = []
    controlled = False  # the next statement hangs on an if or the like
    while begin < end:
        if code[begin] in " \n;":
            begin += 1
        elif match := _LABEL.match(code, begin, end):
            labels.append(match.span())
            begin = match.end()
        elif match := _KEYWORD.match(code, begin, end):
            controlled = True
            begin = match.end()
        elif match := _HEAD.match(code, begin, end):
            stop = closing(code, match.end())
            if match[1] in ("if", "while"):
                yield _statement("condition", code, match.end() + 1, stop)
            yield from _bodies(code, match.end() + 1, stop)
            controlled = True
            begin = stop + 1
        elif code[begin] == "{":
            stop = closing(code, begin)
            yield from _block(code, begin + 1, stop, outermost=False)
            controlled = False
            begin = stop + 1
        else:
            stop = _end_of_statement(code, begin, end)
            found = _statement("simple", code, begin, stop)
            # Behind the last return and the last break of a body comes nothing that they keep from running.
            last = not controlled and (
                found.text.startswith("return") if outermost else found.text == "break;" and not code[stop:end].strip()
            )
            if not last and not _DECLARATION.match(found.text):
                yield found
            yield from _bodies(code, begin, stop)
            controlled = False
            begin = stop
    yield from _cases(code, labels, end)


def _end_of_statement(code: str, begin: int, end: int) -> int:
    while begin < end and code[begin] != ";":
        begin = closing(code, begin) + 1 if code[begin] in "([{" else begin + 1
    return min(begin + 1, end)


def _cases(code: str, labels: list[tuple[int, int]], end: int) -> Iterator[Statement]:
    begins = [begin for begin, _ in labels[1:]] + [end]
    for (_, label_end), stop in zip(labels, begins, strict=False):
        if code.count(";", label_end, stop) > 1:  # otherwise its one statement is dropped by itself
            yield _statement("case", code, label_end, stop)


def _statement(kind: str, code: str, begin: int, end: int) -> Statement:
    return Statement(kind, begin, end, code[begin:end])
