"""Documents name what exists."""

from tools.house_rules import documents
from tools.house_rules.tree import Tree

FILES = {
    "master/core/step.h": "",
    "master/BUILD.bazel": 'cc_binary(\n    name = "fectld",\n)\n',
    "worker_sdk/BUILD.bazel": 'cc_library(name = "worker_sdk")\n',
}


def findings(text: str) -> list[str]:
    tree = Tree.of(**(FILES | {"ARCHITECTURE.md": text}))
    return [str(finding) for finding in documents.check(tree)]


def test_what_exists() -> None:
    text = "`master/core/step.h`, `master/core`, `master/`, `//master:fectld`, `//worker_sdk`, `//...`\n"
    text += "`//master/...` `master/core/*.h` [x](master/core/step.h) `bazel-bin/client/x` `http://127.0.0.1:80/`\n"
    assert findings(text) == []


def test_what_does_not() -> None:
    assert findings("\n`master/core/gone.h`\n") == [
        "ARCHITECTURE.md:2: master/core/gone.h: there is no such file or folder [documents]"
    ]
    assert len(findings("`//master:gone`, `//gone`, `//gone/...`, `master/gone/*.h`, [x](master/gone.md)\n")) == 5
    assert len(findings("```\nbazel run //master:gone\n```\n")) == 1


def test_words_outside_of_code_are_just_words() -> None:
    assert findings("the master/worker pair, and/or others\n") == []


def test_comments_in_examples_are_no_labels() -> None:
    assert findings("```cpp\n// then poll\nint a;  // and so on\n```\n") == []


def test_other_documents_are_not_looked_at() -> None:
    tree = Tree.of(**(FILES | {"CHANGELOG.md": "`master/gone.h`\n"}))
    assert list(documents.check(tree)) == []
