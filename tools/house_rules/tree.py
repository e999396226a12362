"""The repository's files as the rules see them."""

import dataclasses
import functools
import os
from collections.abc import Iterator
from pathlib import Path

from tools.house_rules import stripping

# The folders at the top. Others there (Bazel's links, somebody's virtual environment) are none of our business.
FOLDERS = (".ci", "client", "master", "proto_spec", "python", "testdata", "tools", "worker_sdk")
_CPP = (".cc", ".h", ".c")
_PYTHON = (".py", ".pyi")
_STARLARK = (".bzl", ".bazel")


@dataclasses.dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text} [{self.rule}]"


@dataclasses.dataclass(frozen=True)
class Source:
    """One text file; path is from the root of the workspace."""

    path: str
    text: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        return self.path.rsplit("/", 1)[0] if "/" in self.path else ""

    @property
    def is_cpp(self) -> bool:
        return self.path.endswith(_CPP)

    @property
    def is_python(self) -> bool:
        return self.path.endswith(_PYTHON)

    @property
    def is_build(self) -> bool:
        return self.name in ("BUILD.bazel", "BUILD")

    @property
    def is_code(self) -> bool:
        return self.is_cpp or self.is_python or self.path.endswith(_STARLARK) or self.text.startswith("#!")

    @property
    def is_test(self) -> bool:
        """Tests, and what exists for tests only."""
        stem = self.name.rsplit(".", 1)[0]
        return (
            stem.endswith("_test")
            or stem.startswith(("test_", "conftest", "testing"))
            or (self.path.startswith("testdata/") and not self.path.startswith("testdata/demo/"))
            or "/testing/" in self.path
            or "/tests/" in self.path
        )

    @property
    def is_product(self) -> bool:
        return not self.is_test and not self.path.startswith(("testdata/", "tools/", ".ci/")) and "/" in self.path

    @functools.cached_property
    def code(self) -> str:
        """The text without comments and literals."""
        if self.is_cpp:
            return stripping.cpp_code(self.text)
        return stripping.python_code(self.text) if self.is_python else self.text

    @functools.cached_property
    def includes(self) -> list[tuple[int, str, bool]]:
        return stripping.cpp_includes(self.text) if self.is_cpp else []

    def line_of(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


@dataclasses.dataclass(frozen=True)
class Tree:
    sources: list[Source]

    @classmethod
    def of(cls, **files: str) -> "Tree":
        """A tree given in place, for tests: Tree.of(**{"master/core/x.h": "text"})."""
        return cls([Source(path, text) for path, text in files.items()])

    @classmethod
    def load(cls, root: Path) -> "Tree":
        sources = []
        for path in _paths(root):
            try:
                sources.append(Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")))
            except UnicodeDecodeError:
                continue  # Test data in bytes; the rules are about text.
        return cls(sources)

    @functools.cached_property
    def by_path(self) -> dict[str, Source]:
        return {source.path: source for source in self.sources}


def _paths(root: Path) -> Iterator[Path]:
    # In a linked working tree .git is a file: Git's own, like the folder of that name.
    yield from sorted(p for p in root.iterdir() if p.is_file() and not p.is_symlink() and p.name != ".git")
    for folder in FOLDERS:
        for where, folders, files in os.walk(root / folder):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            for name in sorted(files):
                path = Path(where, name)
                if not path.is_symlink() and path.suffix != ".pyc":
                    yield path
