"""A target depends on what its files include, all of it and nothing else."""

from collections.abc import Iterator

from tools.house_rules.build_files import Target, targets
from tools.house_rules.tree import Finding, Tree

# Headers from outside -> the targets that stand for them; the first fitting line decides.
_OUTSIDE = [
    ("absl/base/", ("absl_base",)),
    ("absl/container/flat_hash_map.h", ("absl_flat_hash_map",)),
    ("absl/status/statusor.h", ("absl_statusor",)),
    ("absl/status/", ("absl_status",)),
    ("absl/strings/str_format.h", ("absl_str_format",)),
    ("absl/strings/", ("absl_strings",)),
    ("absl/time/", ("absl_time",)),
    ("absl/types/span.h", ("absl_span",)),
    ("benchmark/", ("benchmark",)),
    ("asio.hpp", ("asio",)),
    ("boost/beast/", ("boost",)),
    ("cpptoml.h", ("cpptoml",)),
    ("gflags/", ("gflags",)),
    ("glog/", ("glog",)),
    ("gmock/", ("gtest_main", "gmock")),
    ("gtest/", ("gtest_main", "gtest", "gmock")),
    ("rapidjson/", ("rapidjson",)),
    ("re2/", ("re2",)),
    ("zstd.h", ("zstd",)),
    ("elfutils/", ("libdw",)),
]
_PYBIND = "@host_python//:pybind11"
# Linked for its main(), whether or not a file includes it.
_NEVER_UNUSED = {"@host//:gtest_main"}


def check(tree: Tree) -> Iterator[Finding]:
    known, unreadable = targets(tree)
    for path, line, text in unreadable:
        yield Finding(path, line, "deps", text)
    owners: dict[str, set[str]] = {}
    for target in known.values():
        for path in target.headers + target.sources:
            owners.setdefault(path, set()).add(target.label)
    for target in known.values():
        yield from _check_target(tree, target, known, owners)
    yield from _check_orphans(tree, owners)


def _check_target(
    tree: Tree, target: Target, known: dict[str, Target], owners: dict[str, set[str]]
) -> Iterator[Finding]:
    reachable = _with_what_they_export(target.deps, known)
    used: set[str] = set()
    for path in target.headers + target.sources:
        source = tree.by_path.get(path)
        for line, name, _ in source.includes if source else []:
            providers = _providers(name, owners)
            used |= providers
            if name.startswith("absl/") and not providers:
                yield Finding(path, line, "deps", f"{name}: no target of @host stands for it")
            elif providers and target.label not in providers and not providers & reachable:
                text = f"{target.label} includes {name} but does not depend on {' or '.join(sorted(providers))}"
                yield Finding(path, line, "deps", text)
    if not target.headers and not target.sources:
        return  # A target that only gathers others.
    for dep in target.deps:
        exported = _with_what_they_export((dep,), known)
        has_headers = dep not in known or any(known[e].headers for e in exported if e in known)
        if has_headers and dep not in _NEVER_UNUSED and not exported & used and dep.startswith(("//", "@host")):
            if dep.startswith("@") or dep in known:
                text = f"{target.label} depends on {dep} but includes none of its headers"
                yield Finding(target.path, target.line, "deps", text)


def _with_what_they_export(deps: tuple[str, ...], known: dict[str, Target]) -> set[str]:
    """The deps, and what those of them gather that have no files of their own."""
    found: set[str] = set()
    waiting = list(deps)
    while waiting:
        label = waiting.pop()
        if label in found:
            continue
        found.add(label)
        target = known.get(label)
        if target and not target.headers and not target.sources:
            waiting += target.deps
    return found


def _providers(name: str, owners: dict[str, set[str]]) -> set[str]:
    if name in owners:
        return owners[name]
    if name.startswith(("pybind11/", "Python.h")):
        return {_PYBIND}
    for prefix, libraries in _OUTSIDE:
        if name.startswith(prefix):
            return {f"@host//:{library}" for library in libraries}
    return set()


def _check_orphans(tree: Tree, owners: dict[str, set[str]]) -> Iterator[Finding]:
    for source in tree.sources:
        if source.is_cpp and source.path not in owners:
            yield Finding(source.path, 1, "deps", "belongs to no target, so nothing builds it")
