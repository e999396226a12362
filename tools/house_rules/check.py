#!/usr/bin/python3 -B
"""Checks the house rules over the whole tree: `tools/house_rules/check.py`. Prints what breaks them; exits 1 then.

Exceptions stand in allowed.toml, each with its reason.
"""

import fnmatch
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

# Imports are written from the workspace's root, and this may be run as a script.
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.house_rules import calls, dependencies, documents, layers, sizes, words  # noqa: E402
from tools.house_rules.tree import Finding, Tree  # noqa: E402

ALLOWED = "tools/house_rules/allowed.toml"
_RULES = (calls, dependencies, documents, layers, sizes, words)


def findings(tree: Tree, allowed_text: str) -> Iterator[Finding]:
    """What breaks a rule and is not allowed, and allowances that are wrong or that nothing needs any more."""
    allowances = tomllib.loads(allowed_text).get("allow", [])
    needed = [False] * len(allowances)
    for rule in _RULES:
        for finding in rule.check(tree):
            fitting = [i for i, entry in enumerate(allowances) if _fits(entry, finding)]
            for i in fitting:
                needed[i] = True
            if not fitting:
                yield finding
    for entry, is_needed in zip(allowances, needed, strict=True):
        if not entry.get("reason", "").strip():
            yield Finding(ALLOWED, 1, "allowed", f"{entry}: no reason is given")
        elif not is_needed:
            yield Finding(ALLOWED, 1, "allowed", f"{entry['rule']} in {entry['path']}: nothing needs this any more")


def _fits(entry: dict, finding: Finding) -> bool:
    return entry.get("rule") == finding.rule and fnmatch.fnmatch(finding.path, entry.get("path", ""))


def main() -> int:
    found = list(findings(Tree.load(ROOT), (ROOT / ALLOWED).read_text(encoding="utf-8")))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
