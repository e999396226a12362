"""What a source's clang-tidy result hangs on, as one hash."""

import hashlib
from pathlib import Path

from tools.house_rules.stripping import cpp_includes


def sources_of(path: str, root: Path, includes: dict[str, list[str]]) -> list[str]:
    """The file and all files of ours that it includes, directly or not, in a fixed order. `includes` remembers."""
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current not in includes:
            text = (root / current).read_text(encoding="utf-8")
            includes[current] = [name for _, name, _ in cpp_includes(text) if (root / name).is_file()]
        waiting += includes[current]
    return sorted(seen)


def fingerprint(path: str, flags: list[str], settings: str, root: Path, includes: dict[str, list[str]]) -> str:
    """Settings are those of clang-tidy with its version."""
    digest = hashlib.sha256("\0".join([path, settings, *flags]).encode())
    for name in sources_of(path, root, includes):
        digest.update(name.encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return digest.hexdigest()
