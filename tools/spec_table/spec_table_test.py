"""The table is complete and true; and what is wrong with one is seen."""

from pathlib import Path

from tools.spec_table import spec_table

ROOT = Path(spec_table.__file__).resolve().parents[2]
TEXT = """# Title
| Statement | Proof |
|---|---|
| one | `//a/b:c_test` `test_one` `test_two`, `//d:e_test` `Suite.Name` |
| two | `//d:e_test` `Suite.Other` |
"""


def _tree(root: Path) -> Path:
    for path, text in {"a/b/BUILD.bazel": '"c"', "a/b/test_c.py": "def test_one() -> None:\n    pass\n",
                       "d/BUILD.bazel": 'name = "e_test"', "d/e_test.cc": "TEST_F(Suite, Name) {\n}\n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_every_named_test_exists() -> None:
    text = (ROOT / spec_table.PATH).read_text(encoding="utf-8")
    found = list(spec_table.missing(text, ROOT))
    assert not found, "\n" + "\n".join(found)


def test_the_table_speaks_of_every_key_of_the_specification() -> None:
    text = (ROOT / spec_table.PATH).read_text(encoding="utf-8")
    keys = {"[master]": ["sock", "directory", "pid", "gid", "uid", "stdout", "stderr"],
            "[[socket]]": ["name", "port", "host", "backlog", "proto", "service", "app", "arguments"],
            "[[service]]": ["name", "num", "command", "directory", "restarts", "gid", "uid", "timeout",
                            "startup_timeout", "shutdown_timeout"]}
    for heading, names in keys.items():
        part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
        for name in names:
            assert f"| {name}: " in part, (heading, name)


def test_what_does_not_exist_is_seen(tmp_path: Path) -> None:
    root = _tree(tmp_path)
    assert list(spec_table.missing(TEXT, root)) == [
        "testdata/spec_table.md:4: //a/b:c_test test_two: there is no such test in a/b/test_c.py",
        "testdata/spec_table.md:5: //d:e_test Suite.Other: there is no such test in d/e_test.cc",
    ]
    other = TEXT.replace("//a/b:c_test", "//a/b:x_test")
    assert "//a/b:x_test test_one: there is no such target" in "\n".join(spec_table.missing(other, root))


def test_a_statement_without_a_proof_is_seen(tmp_path: Path) -> None:
    for cell in ("", "obvious", "`//d:e_test`", "`Suite.Name`"):
        text = f"| three | {cell} |\n"
        assert '"three" has no proof' in "\n".join(spec_table.missing(text, _tree(tmp_path)))


def test_what_did_not_run_is_seen() -> None:
    cases = {"//a/b:c_test": ["a.b.test_c.test_one[x/y.z]", "a.b.test_c.test_twofold"],
             "//d:e_test": ["All/Suite.Name/0", "Suite.Other"]}
    assert list(spec_table.not_run(TEXT, cases)) == ["testdata/spec_table.md:4: //a/b:c_test test_two: did not run"]
    # Of a run of some targets only those are spoken of.
    assert not list(spec_table.not_run(TEXT, {"//d:e_test": ["Suite.Name", "Suite.Other"]}))
