"""Every mutant of a C++ source: small changes of its text, each a mistake that somebody could make.

The text is read as clang-format leaves it: spaces stand around binary operators and not around a template's angle
brackets. mutant.h says what the words mean that stand for both, the original and the mutant.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator

from tools.house_rules.stripping import cpp_code
from tools.mutation.statements import Statement, statements


@dataclasses.dataclass(frozen=True)
class Edit:
    """`#` in the new text stands for the mutant's number."""

    begin: int
    end: int
    new: str
    closes: bool = False  # belongs behind what was begun before


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    column: int
    code: str  # the line as it stands, without indentation
    old: str
    new: str
    edits: tuple[Edit, ...]  # that put both into the text

    @property
    def id(self) -> str:
        return f"{self.path}:{self.line}:{self.column} {self.change}"

    @property
    def change(self) -> str:
        return f"{self.old} -> {self.new}"


@dataclasses.dataclass(frozen=True)
class _Change:
    begin: int
    end: int
    new: str  # in words
    edits: tuple[Edit, ...]


# Operator -> what it becomes, and its object in mutant.h.
_OPERATORS = {
    "<": ("<=", "Less"),
    "<=": ("<", "LessEqual"),
    ">": (">=", "Greater"),
    ">=": (">", "GreaterEqual"),
    "==": ("!=", "Equal"),
    "!=": ("==", "Unequal"),
    "+": ("-", "Plus"),
    "-": ("+", "Minus"),
    "*": ("/", "Times"),
    "/": ("*", "Over"),
    "<<": (">>", "ShiftLeft"),
    ">>": ("<<", "ShiftRight"),
    "+=": ("-=", "PlusAssign"),
}
_LOGICAL = {"&&": ("||", "And", "true"), "||": ("&&", "Or", "false")}
_SPACED = re.compile(r"(?<=\s)(<<|>>|<=|>=|==|!=|\+=|&&|\|\||[-<>+*/?])(?=\s)")
_STEP = re.compile(r"(?P<behind>(?<=[\w\])]))?(?P<step>\+\+|--)")
_NOT = re.compile(r"!(?=[\w(:])")
_BOOL = re.compile(r"\b(true|false)\b")
_CHOICE = re.compile(r"\bstd::(min|max)(?:<\w+>)?(?=\()")
# Not an argument of a template: that is constant, and one more element of an array is seen by nobody.
_NUMBER = re.compile(r"(?<![\w.'])(?<!case )(0[xX][0-9a-fA-F']+|[0-9][0-9']*)[uUlL]{0,3}\b(?![.eE'>])")
_EQUALITY = re.compile(r" [=!]= [^;(),&|?]*$")
# One that a changed operator negates already.
_NEGATED_BY_OTHERS = re.compile(r"![\w.:>-]*(?:\(.*\))?|[^&|]* [=!]= [^&|]*", re.DOTALL)
_SHOWN = 70  # characters of what was there
_OTHER_LINES = re.compile(
    r"^\s*(#.*|static_assert\b.*|template <.*|requires .*|.*\bconstexpr \S+ k[A-Z].*|.*\boperator\b.*= default;)$",
    re.MULTILINE,
)
# The value of a member that is given none: it is given one by the core, or by others, who see the true header.
_DEFAULTS = re.compile(r"^ +(?:\w+::)*\w+ \w+ = [\w':]+(?:\(\d+\))?; *$", re.MULTILINE)


def mutants(path: str, text: str) -> list[Mutant]:
    """In the order of the source. The same text gives the same mutants."""
    code = _OTHER_LINES.sub(lambda m: " " * len(m[0]), cpp_code(text))
    if path.endswith(".h"):
        code = _DEFAULTS.sub(lambda m: " " * len(m[0]), code)
    changes = sorted(_changes(code), key=lambda change: (change.begin, change.end, change.new))
    return [_mutant(path, text, change) for change in changes]


def with_all(text: str, numbered: Iterable[tuple[int, Mutant]]) -> str:
    """The text with both, the original and the mutants, of which the lines are those of the text."""
    edits = [(edit, edit.new.replace("#", str(number))) for number, mutant in numbered for edit in mutant.edits]
    # Of those at one place, what closes comes first, and what only inserts comes before what replaces.
    edits.sort(key=lambda pair: (pair[0].begin, not pair[0].closes, pair[0].end))
    parts, at = [], 0
    for edit, new in edits:
        parts += [text[at : edit.begin], new]
        at = edit.end
    return '#include "tools/mutation/mutant.h"  // NOLINT\n#line 1\n' + "".join([*parts, text[at:]])


def _mutant(path: str, text: str, change: _Change) -> Mutant:
    line_begin = text.rfind("\n", 0, change.begin) + 1
    code = text[line_begin : text.find("\n", change.begin)].strip()
    old = " ".join(text[change.begin : change.end].split())
    old = old if len(old) <= _SHOWN else old[:_SHOWN] + "..."
    line = text.count("\n", 0, change.begin) + 1
    return Mutant(path, line, change.begin - line_begin + 1, code, old, change.new, change.edits)


def _changes(code: str) -> Iterator[_Change]:
    for match in _SPACED.finditer(code):
        begin, end, operator = *match.span(), match[0]
        if operator in _LOGICAL:
            new, name, is_and = _LOGICAL[operator]
            yield _replace(begin, end, new, f"== ::mutant::{name}{{#}} || ::mutant::Again(#, {is_and}) &&")
        elif operator == "?":
            if not _EQUALITY.search(code[: match.start()][-200:]):  # a changed operator does the same
                yield _replace(begin, end, "== false ?", "== ::mutant::Flip{#} ?")
        else:
            new, name = _OPERATORS[operator]
            yield _replace(begin, end, new, f"{operator} ::mutant::{name}{{#}} {operator}")
    for match in _STEP.finditer(code):
        up = match["step"] == "++"
        way = f"<{str(up).lower()}>{{#}}"
        behind = match["behind"] is not None
        text = f" ->* ::mutant::StepBehind{way}" if behind else f"::mutant::Step{way} ->* "
        yield _replace(*match.span(), "--" if up else "++", text)
    for match in _NOT.finditer(code):
        yield _replace(*match.span(), "nothing", "::mutant::Not{#} ->* ")
    for match in _BOOL.finditer(code):
        yield _replace(*match.span(), "false" if match[0] == "true" else "true", f"::mutant::Bool(#, {match[0]})")
    for match in _CHOICE.finditer(code):
        is_min = match[1] == "min"
        call = ".operator()<size_t>" if "<" in match[0] else ""
        both = f"::mutant::Choose<{str(is_min).lower()}>{{#}}{call}"
        yield _replace(*match.span(), "max" if is_min else "min", both)
    for match in _NUMBER.finditer(code):
        new = str(int(match[1].replace("'", ""), 0) + 1)
        yield _replace(*match.span(), new, f"::mutant::Number(#, {match[0]})")
    for statement in statements(code):
        yield from _of_statement(statement)


def _replace(begin: int, end: int, new: str, both: str) -> _Change:
    return _Change(begin, end, new, (Edit(begin, end, both),))


def _around(begin: int, end: int, new: str, before: str, behind: str) -> _Change:
    return _Change(begin, end, new, (Edit(begin, begin, before), Edit(end, end, behind, closes=True)))


def _of_statement(statement: Statement) -> Iterator[_Change]:
    begin, end, text = statement.begin, statement.end, statement.text
    if statement.kind == "condition":
        if ";" in text:  # if (auto x = ...; x > 0): the condition is behind it
            begin += text.index(";") + 1
            yield _around(begin, end, "not that", " ::mutant::On(#) != static_cast<bool>(", ")")
        elif declared := re.search(r"\w[*&]* (\w+) = ", text):  # if (auto* x = ...): never
            never = f"; {declared[1]} != nullptr && !::mutant::On(#)"
            yield _Change(begin, end, "never", (Edit(end, end, never, closes=True),))
        elif not _NEGATED_BY_OTHERS.fullmatch(text):
            yield _around(begin, end, "not that", "::mutant::On(#) != static_cast<bool>(", ")")
    elif statement.kind == "case":
        yield _Change(begin, end, "break;", (Edit(begin, begin, " if (::mutant::On(#)) break;", closes=True),))
    else:
        yield _around(begin, end, "nothing", "{ if (!::mutant::On(#)) ", " }")
