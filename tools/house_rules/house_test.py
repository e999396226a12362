"""The tree obeys the house rules."""

import pytest

from tools.house_rules import check
from tools.house_rules.tree import Tree


@pytest.fixture(scope="module")
def tree() -> Tree:
    # check.py is a link to the real file, so this is the workspace and not a test's copy of some of it.
    return Tree.load(check.ROOT)


def test_this_is_the_workspace(tree: Tree) -> None:
    assert {"WORKSPACE", "README.md", "tools/house_rules/house_test.py"} <= tree.by_path.keys()


def test_the_house_rules_hold(tree: Tree) -> None:
    found = [str(finding) for finding in check.findings(tree, tree.by_path[check.ALLOWED].text)]
    assert not found, "\n" + "\n".join(found)
