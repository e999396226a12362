"""Who may include whom, and what the pure folders may include at all."""

import re
from collections.abc import Iterator

from tools.house_rules.build_files import testonly_sources
from tools.house_rules.tree import Finding, Source, Tree

# A folder's own headers and these, with the folders below them; the longest folder that fits decides. Folders
# that are not named may use all.
_MAY_INCLUDE = {
    "proto_spec": (),
    "proto_spec/base": (),
    "worker_sdk": ("proto_spec",),
    "python": ("worker_sdk",),
    "client": ("proto_spec",),
    "client/http": ("client", "proto_spec", "worker_sdk"),
    "master": ("proto_spec",),
    "master/core": (),
    "master/core/archive": (),
    "master/core/basis": ("master/core/archive",),
    "master/core/boundary": ("master/core/archive", "master/core/basis"),
    "master/core/slot": ("master/core/archive", "master/core/basis", "master/core/boundary"),
    "master/core/service": (
        "master/core/archive",
        "master/core/basis",
        "master/core/boundary",
        "master/core/slot",
    ),
    "master/core/testing": ("master/core",),
    "master/config": ("master/platform", "proto_spec"),
    "master/driver": ("master/core", "proto_spec"),
    "master/platform": (),
    "master/events": ("master/core", "proto_spec"),
    "master/evidence": ("proto_spec",),
    "master/explain": ("master/core", "proto_spec"),
    "master/apply": ("master/config", "proto_spec"),
    "master/logger": ("master/platform", "proto_spec"),
    "master/runtime": (
        "master/apply",
        "master/logger",
        "master/core",
        "master/driver",
        "master/events",
        "master/evidence",
        "master/explain",
        "master/config",
        "master/platform",
        "proto_spec",
    ),
    "master/sim": ("master/core", "master/driver", "proto_spec"),
}
# For everybody.
_BASE = "proto_spec/base"
# For tests, and for BUILD files, which name what tests use.
_FOR_TESTS = ("testdata", "tools", "master/core/testing")
_AREAS = ("client", "master", "proto_spec", "python", "testdata", "tools", "worker_sdk")

# Decisions live here: no system call, thread, clock or file can be reached from what these may include.
_PURE_FOLDERS = (
    "proto_spec/",
    "master/core/",
    "master/config/",
    "master/driver/",
    "master/apply/",
    "master/explain/",
    "master/events/",
)
_IMPURE_FILES = ("master/config/system/", "proto_spec/base/unique_fd", "proto_spec/base/unix_address")
_PURE_STANDARD = set(
    """algorithm array bit cctype charconv climits cmath compare concepts cstddef cstdint cstring deque
    exception functional initializer_list iosfwd iterator limits list map memory new numeric optional
    ostream queue random set span sstream string string_view system_error tuple type_traits unordered_map
    unordered_set utility variant vector""".split()
)
_PURE_LIBRARIES = ("absl/", "rapidjson/", "cpptoml.h")
_IMPURE_LIBRARIES = ("absl/time/clock.h", "absl/synchronization/", "absl/debugging/", "absl/random/")
_LABEL = re.compile(r'"(//[\w/.-]+)(?::[\w.+-]+)?"')


def check(tree: Tree) -> Iterator[Finding]:
    for_tests = testonly_sources(tree)
    for source in tree.sources:
        if source.is_cpp:
            yield from _check_directions(source, [(line, name) for line, name, _ in source.includes])
            if _is_pure(source.path) and not source.is_test and source.path not in for_tests:
                yield from _check_pure(source)
        elif source.is_build:
            labels = [(source.line_of(m.start()), m.group(1)[2:] + "/") for m in _deps_labels(source.text)]
            yield from _check_directions(source, labels)
            yield from _check_visibility(source)
        elif source.is_python and source.path.startswith("python/") and not source.is_test:
            yield from _check_python_imports(source)


def _check_visibility(source: Source) -> Iterator[Finding]:
    if 'default_visibility = ["//visibility:private"]' not in source.text:
        yield Finding(source.path, 1, "visibility", "the package's default is not private")
    for match in re.finditer("//visibility:public", source.text):
        text = "public: who may use it is to be named"
        yield Finding(source.path, source.line_of(match.start()), "visibility", text)


def _deps_labels(text: str) -> Iterator[re.Match[str]]:
    """Labels in deps: visibility and data name other folders rightly."""
    for block in re.finditer(r"\bdeps\s*=\s*\[[^\]]*\]", text):
        yield from _LABEL.finditer(text, block.start(), block.end())


def _owner(path: str) -> str | None:
    fitting = [folder for folder in _MAY_INCLUDE if path.startswith(folder + "/")]
    return max(fitting, key=len) if fitting else None


def _check_directions(source: Source, used: list[tuple[int, str]]) -> Iterator[Finding]:
    owner = _owner(source.path)
    if owner is None:
        return
    allowed = (owner, _BASE) + _MAY_INCLUDE[owner]
    if owner == "master":  # main.cc joins all of the master
        allowed += tuple(folder for folder in _MAY_INCLUDE if folder.startswith("master/"))
    if source.is_test or source.is_build:
        allowed += _FOR_TESTS
    for line, name in used:
        if name.split("/", 1)[0] not in _AREAS:
            continue
        target = _owner(name) or name.split("/", 1)[0]
        if not (target + "/").startswith(tuple(folder + "/" for folder in allowed)):
            words = ", ".join(a for a in allowed[1:] if a not in _FOR_TESTS) or "nothing else of ours"
            yield Finding(source.path, line, "direction", f"{owner} uses {name.rstrip('/')}; it may use {words}")


def _is_pure(path: str) -> bool:
    return path.startswith(_PURE_FOLDERS) and not path.startswith(_IMPURE_FILES)


def _check_pure(source: Source) -> Iterator[Finding]:
    for line, name, quoted in source.includes:
        if quoted and name.split("/", 1)[0] in _AREAS:
            if not _is_pure(name):
                yield Finding(source.path, line, "pure", f"{name} is not pure itself")
            continue
        library = name.startswith(_PURE_LIBRARIES) and not name.startswith(_IMPURE_LIBRARIES)
        if name not in _PURE_STANDARD and not library:
            yield Finding(source.path, line, "pure", f"<{name}> is not for a folder of pure decisions")


def _check_python_imports(source: Source) -> Iterator[Finding]:
    for match in re.finditer(r"^\s*(?:from|import)\s+([\w.]+)", source.code, re.MULTILINE):
        if match.group(1).split(".")[0] in _AREAS:
            text = f"python imports {match.group(1)}; it may use worker_sdk only"
            yield Finding(source.path, source.line_of(match.start(1)), "direction", text)
