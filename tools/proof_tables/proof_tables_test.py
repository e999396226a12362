"""The tables are complete and true; and what is wrong with one is seen."""

from pathlib import Path

from tools.proof_tables import proof_tables
from tools.proof_tables.proof_tables import Table

ROOT = Path(proof_tables.__file__).resolve().parents[2]
TABLE = Table("some/table.md", """# Title
| Statement | Proof |
|---|---|
| one | `//a/b:c_test` `test_one` `test_two`, `//d:e_test` `Suite.Name` |
| two | `//d:e_test` `Suite.Other` |
| three | none: it needs a kernel that nobody has |
""")


def _tree(root: Path) -> Path:
    for path, text in {"a/b/BUILD.bazel": '"c"', "a/b/test_c.py": "def test_one() -> None:\n    pass\n",
                       "d/BUILD.bazel": 'name = "e_test"', "d/e_test.cc": "TEST_F(Suite, Name) {\n}\n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_every_named_test_exists() -> None:
    found = [problem for table in proof_tables.read(ROOT) for problem in proof_tables.missing(table, ROOT)]
    assert not found, "\n" + "\n".join(found)


def test_the_table_speaks_of_every_key_of_the_specification() -> None:
    text = (ROOT / proof_tables.SPECIFICATION).read_text(encoding="utf-8")
    keys = {"[master]": ["sock", "directory", "pid", "gid", "uid", "stdout", "stderr"],
            "[[socket]]": ["name", "port", "host", "backlog", "proto", "service", "app", "arguments"],
            "[[service]]": ["name", "num", "command", "directory", "restarts", "gid", "uid", "timeout",
                            "startup_timeout", "shutdown_timeout"]}
    for heading, names in keys.items():
        part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
        for name in names:
            assert f"| {name}: " in part, (heading, name)


def test_every_fault_and_every_attack_has_its_row() -> None:
    for path, letter, count in ((proof_tables.FAULTS, "F", 105), (proof_tables.ATTACKS, "K", 36)):
        table = Table(path, (ROOT / path).read_text(encoding="utf-8"))
        names = [statement.split()[0] for _, statement, _ in proof_tables.rows(table)]
        assert names == [f"{letter}{number}" for number in range(1, count + 1)], path


def test_what_does_not_exist_is_seen(tmp_path: Path) -> None:
    root = _tree(tmp_path)
    assert list(proof_tables.missing(TABLE, root)) == [
        "some/table.md:4: //a/b:c_test test_two: there is no such test in a/b/test_c.py",
        "some/table.md:5: //d:e_test Suite.Other: there is no such test in d/e_test.cc",
    ]
    other = Table(TABLE.path, TABLE.text.replace("//a/b:c_test", "//a/b:x_test"))
    assert "//a/b:x_test test_one: there is no such target" in "\n".join(proof_tables.missing(other, root))


def test_a_statement_with_neither_proof_nor_reason_is_seen(tmp_path: Path) -> None:
    root = _tree(tmp_path)
    for cell in ("", "obvious", "none", "none: later", "`//d:e_test`", "`Suite.Name`"):
        table = Table("t.md", f"| three | {cell} |\n")
        assert '"three" has no proof' in "\n".join(proof_tables.missing(table, root))


def test_what_did_not_run_is_seen() -> None:
    cases = {"//a/b:c_test": ["a.b.test_c.test_one[x/y.z]", "a.b.test_c.test_twofold"],
             "//d:e_test": ["All/Suite.Name/0", "Suite.Other"]}
    assert list(proof_tables.not_run(TABLE, cases)) == ["some/table.md:4: //a/b:c_test test_two: did not run"]
    # Of a run of some targets only those are spoken of.
    assert not list(proof_tables.not_run(TABLE, {"//d:e_test": ["Suite.Name", "Suite.Other"]}))
