"""How Bazel compiles each source, as flags that clang understands."""

import json
from collections.abc import Iterable

# GCC's own, or about output that clang-tidy does not make. (Flag, arguments that follow it.)
_DROPPED = {"-c": 1, "-o": 1, "-MF": 1, "-MD": 0, "-fno-canonical-system-headers": 0, "-Wno-free-nonheap-object": 0}
_DROPPED_PREFIXES = ("-frandom-seed=",)


def commands(aquery_json: str) -> dict[str, list[str]]:
    """Source file -> compiler flags, from `bazel aquery --output=jsonproto`."""
    found: dict[str, list[str]] = {}
    for action in json.loads(aquery_json).get("actions", []):
        arguments = action.get("arguments", [])
        if "-c" in arguments:
            source = arguments[arguments.index("-c") + 1]
            if not source.startswith(("external/", "bazel-out/", "/")):
                found[source] = clang_flags(arguments[1:])
    return found


def clang_flags(arguments: Iterable[str]) -> list[str]:
    kept = []
    rest = iter(arguments)
    for argument in rest:
        if argument in _DROPPED:
            for _ in range(_DROPPED[argument]):
                next(rest, None)
        elif not argument.startswith(_DROPPED_PREFIXES):
            kept.append(argument)
    return kept + ["-Wno-unknown-warning-option"]
