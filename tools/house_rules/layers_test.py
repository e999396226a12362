"""Directions between the folders, and pure folders."""

import pytest

from tools.house_rules import layers
from tools.house_rules.tree import Tree

PRIVATE = 'package(default_visibility = ["//visibility:private"])\n'


def rules(path: str, text: str) -> list[str]:
    return [finding.rule for finding in layers.check(Tree.of(**{path: text}))]


@pytest.mark.parametrize(
    ("path", "included"),
    [
        ("master/runtime/x.cc", "client/x.h"),
        ("master/runtime/x.cc", "worker_sdk/x.h"),
        ("master/main.cc", "worker_sdk/x.h"),
        ("client/x.cc", "master/core/x.h"),
        ("client/x.h", "worker_sdk/x.h"),
        ("worker_sdk/x.cc", "master/platform/x.h"),
        ("worker_sdk/x.cc", "client/x.h"),
        ("proto_spec/x.cc", "master/core/x.h"),
        ("python/x.cc", "proto_spec/x.h"),
        ("master/core/x.h", "proto_spec/x.h"),
        ("master/core/x.h", "master/platform/x.h"),
        ("master/platform/x.cc", "master/core/x.h"),
        ("master/config/system/load_file.cc", "master/runtime/x.h"),
        ("master/sim/x.cc", "master/platform/x.h"),
        ("master/runtime/x.cc", "testdata/x.h"),
    ],
)
def test_wrong_directions(path: str, included: str) -> None:
    assert "direction" in rules(path, f'#include "{included}"\n')


@pytest.mark.parametrize(
    ("path", "included"),
    [
        ("master/runtime/x.cc", "master/core/x.h"),
        ("master/runtime/x.cc", "proto_spec/x.h"),
        ("master/main.cc", "master/runtime/x.h"),
        ("client/x.cc", "proto_spec/x.h"),
        ("worker_sdk/x_test.cc", "testdata/wire/x.h"),
        ("python/x.cc", "worker_sdk/x.h"),
        ("testdata/guests/x.cc", "worker_sdk/x.h"),
    ],
)
def test_right_directions(path: str, included: str) -> None:
    assert rules(path, f'#include "{included}"\n') == []


def test_dependencies_in_build_files_too() -> None:
    text = PRIVATE + 'cc_library(name = "x", deps = [\n    ":y",\n    "//worker_sdk",\n])\n'
    assert [str(f) for f in layers.check(Tree.of(**{"client/BUILD.bazel": text}))] == [
        "client/BUILD.bazel:4: client uses worker_sdk; it may use proto_spec/base, proto_spec [direction]"
    ]
    assert rules("proto_spec/BUILD.bazel", PRIVATE + 'cc_library(name = "x", visibility = ["//master:__pkg__"])') == []


def test_everybody_uses_the_base() -> None:
    for path in ("master/core/x.cc", "master/platform/x.cc", "proto_spec/x.cc", "client/x.cc"):
        assert rules(path, '#include "proto_spec/base/signal_name.h"\n') == []
    assert rules("proto_spec/base/x.cc", '#include "proto_spec/frame.h"\n') == ["direction"]
    assert rules("master/core/x.cc", '#include "proto_spec/base/unique_fd.h"\n') == ["pure"]


def test_visibility() -> None:
    assert rules("client/BUILD.bazel", 'cc_library(name = "x")\n') == ["visibility"]
    assert rules("client/BUILD.bazel", PRIVATE + 'exports_files(["x"], visibility = ["//visibility:public"])\n') == [
        "visibility"
    ]


@pytest.mark.parametrize(
    "header",
    [
        "unistd.h",
        "sys/types.h",
        "thread",
        "mutex",
        "atomic",
        "chrono",
        "ctime",
        "fstream",
        "filesystem",
        "iostream",
        "cstdio",
        "cstdlib",
        "absl/time/clock.h",
        "absl/synchronization/mutex.h",
        "glog/logging.h",
    ],
)
@pytest.mark.parametrize("path", ["proto_spec/x.cc", "master/core/x.h", "master/config/check.cc"])
def test_impure_headers(path: str, header: str) -> None:
    assert rules(path, f"#include <{header}>\n") == ["pure"]


def test_pure_files_include_pure_files_only() -> None:
    assert rules("master/config/check.cc", '#include "master/platform/loop/clock.h"\n') == ["pure"]
    assert rules("master/config/check.cc", '#include "master/config/system/load_file.h"\n') == ["pure"]
    text = '#include "master/platform/loop/clock.h"\n#include <fcntl.h>\n'
    assert rules("master/config/system/load_file.cc", text) == []


def test_pure_headers() -> None:
    headers = ["<vector>", '"absl/status/status.h"', '"rapidjson/reader.h"', '"proto_spec/y.h"']
    text = "".join(f"#include {header}\n" for header in headers)
    assert rules("proto_spec/x.cc", text) == []
    assert rules("proto_spec/x_test.cc", "#include <fstream>\n") == []
    assert rules("master/platform/x.cc", "#include <unistd.h>\n") == []


def test_what_only_tests_may_use_need_not_be_pure() -> None:
    files = {"proto_spec/x.cc": "#include <fstream>\n"}
    build = PRIVATE + 'cc_library(name = "x", srcs = ["x.cc"], testonly = True)\n'
    assert list(layers.check(Tree.of(**files, **{"proto_spec/BUILD.bazel": build}))) == []
    build = build.replace("True", "False")
    assert [f.rule for f in layers.check(Tree.of(**files, **{"proto_spec/BUILD.bazel": build}))] == ["pure"]


def test_python_sees_only_the_sdk() -> None:
    assert rules("python/fectl_worker/x.py", "from testdata.wire import wire_codec\n") == ["direction"]
    assert rules("python/fectl_worker/x_test.py", "from testdata.wire import wire_codec\n") == []
    assert rules("python/fectl_worker/x.py", "import asyncio\nfrom fectl_worker import _native\n") == []
