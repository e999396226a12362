"""The documents at the top name files and targets that exist."""

import re
from collections.abc import Iterator

from tools.house_rules.tree import FOLDERS, Finding, Source, Tree

_CHECKED = ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")
_FENCED_OR_CODE = re.compile(r"```.*?```|`[^`\n]+`|\]\([^)\s]+\)", re.DOTALL)
_LABEL = re.compile(r"//([\w/.-]*)(?::([\w.+-]+|\.\.\.))?")
_PATH = re.compile(r"(?<![\w/.:@-])((?:" + "|".join(re.escape(f) for f in FOLDERS) + r")/[\w./+*-]*\w[\w/*]*)")


def check(tree: Tree) -> Iterator[Finding]:
    names = _target_names(tree)
    folders = {folder for source in tree.sources for folder in _ancestors(source)}
    for source in tree.sources:
        if source.path not in _CHECKED:
            continue
        for quoted in _FENCED_OR_CODE.finditer(source.text):
            for where, text in _broken(quoted.group(0), names, folders, tree):
                yield Finding(source.path, source.line_of(quoted.start() + where), "documents", text)


def _broken(text: str, names: dict[str, set[str]], folders: set[str], tree: Tree) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"(?<![\w:/.])" + _LABEL.pattern, text):
        package, name = match.group(1).rstrip("."), match.group(2)
        if not match.group(1) and not name:
            continue  # a comment in an example
        if match.group(0).endswith("..."):
            if package.rstrip("/") and package.rstrip("/") not in folders:
                yield match.start(), f"{match.group(0)}: there is no such folder"
        elif (name or package.rsplit("/", 1)[-1]) not in names.get(package, set()):
            yield match.start(), f"{match.group(0)}: there is no such target"
    for match in _PATH.finditer(re.sub(r"//[\w/.:-]*", lambda m: " " * len(m.group(0)), text)):
        path = match.group(1).rstrip("/")
        if "*" in path:
            pattern = re.compile(re.escape(path).replace(r"\*", r"[^/]*"))
            exists = any(pattern.fullmatch(p) for p in tree.by_path)
        else:
            exists = path in tree.by_path or path in folders
        if not exists:
            yield match.start(1), f"{path}: there is no such file or folder"


def _target_names(tree: Tree) -> dict[str, set[str]]:
    return {
        source.folder: set(re.findall(r'\bname\s*=\s*"([^"]+)"', source.text))
        for source in tree.sources
        if source.is_build
    }


def _ancestors(source: Source) -> list[str]:
    parts = source.path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
