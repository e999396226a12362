"""Exceptions: they work, they need a reason, and they go when nothing needs them."""

from pathlib import Path

from tools.house_rules import check
from tools.house_rules.tree import Tree

BUILD = 'package(default_visibility = ["//visibility:private"])\ncc_library(name = "x", srcs = ["x.cc"])\n'
TREE = Tree.of(**{"master/platform/x.cc": "int a = fork();\n", "master/platform/BUILD.bazel": BUILD})
CLEAN = Tree.of(**{"master/platform/x.cc": "int a;\n", "master/platform/BUILD.bazel": BUILD})


def entry(path: str, reason: str = "the launcher") -> str:
    return f'[[allow]]\nrule = "fork"\npath = "{path}"\nreason = "{reason}"\n'


def rules(tree: Tree, allowed: str) -> list[str]:
    return [finding.rule for finding in check.findings(tree, allowed)]


def test_without_an_exception() -> None:
    assert rules(TREE, "") == ["fork"]


def test_with_one() -> None:
    assert rules(TREE, entry("master/platform/x.cc")) == []
    assert rules(TREE, entry("master/platform/*.cc")) == []


def test_of_another_file_or_rule() -> None:
    assert rules(TREE, entry("master/platform/y.cc")) == ["fork", "allowed"]
    assert rules(TREE, entry("master/platform/x.cc").replace("fork", "kill")) == ["fork", "allowed"]


def test_without_a_reason() -> None:
    assert rules(TREE, entry("master/platform/x.cc", " ")) == ["allowed"]


def test_that_nothing_needs() -> None:
    assert rules(CLEAN, entry("master/platform/x.cc")) == ["allowed"]


def test_what_git_keeps_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("Words.\n", encoding="utf-8")
    assert [source.path for source in Tree.load(tmp_path).sources] == ["README.md"]
