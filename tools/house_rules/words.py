"""Words that do not belong into the repository, and the small change of text files."""

import re
from collections.abc import Iterator

from tools.house_rules.tree import Finding, Tree

# Spelt apart, so that this file does not find itself.
_MARKS = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
_MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:root|work|Users)/")
_REGISTRIES = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|crates|rubygems|docker|ghcr|quay|deb\.debian|archive\.ubuntu|repo1?\.maven)"
    r"\.(?:org|io|com)\b"
)
_VAGUE = r"(?:Manager|Helper|Utils?|Handler|Info|Data)"
_VAGUE_CLASS = re.compile(rf"^\s*(?:class|struct)\s+(?!_)(?:\w*{_VAGUE})\b[^;\n]*$", re.MULTILINE)
_VAGUE_FILE = re.compile(r"(?:^|_)(?:manager|helpers?|utils?|handler|info|misc|common)\.(?:cc|h|py)$")


_GUARD = re.compile(r"^#ifndef (\w+)\n#define (\w+)$", re.MULTILINE)


def _check_guard(path: str, text: str) -> Iterator[Finding]:
    """Two headers with one guard: the second is silently empty. A guard made of the path is nobody else's."""
    wanted = re.sub(r"\W", "_", path).upper() + "_"
    guard = _GUARD.search(text)
    if guard is None or guard.group(1) != guard.group(2) or guard.group(1) not in (wanted, "FECTL_" + wanted):
        yield Finding(path, 1, "guard", f"the include guard is not FECTL_{wanted}")


def check(tree: Tree) -> Iterator[Finding]:
    for source in tree.sources:
        for rule, pattern, advice in (
            ("mark", _MARKS, "a mark of unfinished work: finish it, or write down the decision"),
            ("machine-path", _MACHINE_PATHS, "a path of one machine"),
            ("registry-host", _REGISTRIES, "names a package registry's host"),
        ):
            for match in pattern.finditer(source.text):
                yield Finding(source.path, source.line_of(match.start()), rule, f"{match.group(0)}: {advice}")
        if source.name.endswith(".h"):
            yield from _check_guard(source.path, source.text)
        if source.is_cpp or source.is_python:
            for match in _VAGUE_CLASS.finditer(source.code):
                text = f"{match.group(0).strip()}: a name without a job"
                yield Finding(source.path, source.line_of(match.end()), "name", text)
            if _VAGUE_FILE.search(source.name):
                yield Finding(source.path, 1, "name", f"{source.name}: a name without a job")
        if source.is_code or source.name.endswith((".md", ".toml")):
            yield from _check_text(source.path, source.text)


def _check_text(path: str, text: str) -> Iterator[Finding]:
    if text and not text.endswith("\n"):
        yield Finding(path, text.count("\n") + 1, "text", "no newline at the end")
    if text.endswith("\n\n"):
        yield Finding(path, text.count("\n"), "text", "an empty line at the end")
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield Finding(path, number, "text", "blanks at the end of the line")
        if "\t" in line:
            yield Finding(path, number, "text", "a tab")
