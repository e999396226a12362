"""Includes and deps agree."""

from tools.house_rules import dependencies
from tools.house_rules.tree import Tree

A = 'cc_library(\n    name = "a",\n    srcs = ["a.cc"],\n    hdrs = ["a.h"],\n)\n'


def findings(build: str, **files: str) -> list[str]:
    base = {"m/a.h": "", "m/a.cc": '#include "m/a.h"\n', "m/BUILD.bazel": A + build}
    return [finding.text for finding in dependencies.check(Tree.of(**(base | files)))]


def library(deps: str) -> str:
    return f'cc_library(name = "b", srcs = ["b.cc"], deps = {deps})\n'


def test_agreement() -> None:
    assert findings(library('[":a"]'), **{"m/b.cc": '#include "m/a.h"\n'}) == []


def test_include_without_dep() -> None:
    found = findings(library("[]"), **{"m/b.cc": '#include <vector>\n#include "m/a.h"\n'})
    assert found == ["//m:b includes m/a.h but does not depend on //m:a"]


def test_dep_without_include() -> None:
    assert findings(library('[":a"]'), **{"m/b.cc": ""}) == ["//m:b depends on //m:a but includes none of its headers"]


def test_outside_libraries() -> None:
    text = {"m/b.cc": '#include "absl/status/status.h"\n#include <gtest/gtest.h>\n'}
    assert findings(library('["@host//:absl_status", "@host//:gtest_main"]'), **text) == []
    assert findings(library('["@host//:gtest_main"]'), **text) == [
        "//m:b includes absl/status/status.h but does not depend on @host//:absl_status"
    ]
    unused = findings(library('["@host//:rapidjson", "@host//:gtest_main"]'), **{"m/b.cc": ""})
    assert unused == ["//m:b depends on @host//:rapidjson but includes none of its headers"]


def test_a_gathering_target_stands_for_what_it_gathers() -> None:
    gather = 'cc_library(name = "m", deps = [":a"])\n'
    assert findings(gather + library('["//m"]'), **{"m/b.cc": '#include "m/a.h"\n'}) == []


def test_files_that_nothing_builds() -> None:
    assert findings("", **{"m/lost.cc": ""}) == ["belongs to no target, so nothing builds it"]


def test_globs_constants_and_comprehensions_are_read() -> None:
    build = '_ALL = ["x", "y"]\n[cc_binary(name = n, srcs = [n + ".cc"], deps = [":a"]) for n in _ALL + ["z"]]\n'
    build += 'cc_binary(name = "g", srcs = glob(["g_*.cc"]), deps = _DEPS + [":a"])\n_DEPS = []\n'
    used = '#include "m/a.h"\n'
    files = {"m/x.cc": used, "m/y.cc": used, "m/z.cc": "", "m/g_1.cc": used}
    assert findings(build, **files) == ["//m:z depends on //m:a but includes none of its headers"]


def test_comprehensions_over_tuples_are_read() -> None:
    build = '[cc_test(name = n + "_test", srcs = [n + ".cc"], deps = ["@host//:gtest_main"] + d) for n, d in [\n'
    build += '    ("x", [":a"]),\n    ("y", []),\n]]\n'
    named = "_TESTS = " + build[build.index("n, d in ") + 8 :].removesuffix("]\n") + "\n"
    named += build[: build.index("[\n")] + "_TESTS]\n"
    for text in (build, named):
        assert findings(text, **{"m/x.cc": "", "m/y.cc": '#include "m/a.h"\n'}) == [
            "//m:x_test depends on //m:a but includes none of its headers",
            "//m:y_test includes m/a.h but does not depend on //m:a",
        ]


def test_what_cannot_be_read_is_told() -> None:
    assert findings('cc_binary(name = "c", srcs = select({}))\n')[0].startswith("names, srcs, hdrs and deps are")
    assert "this is not Starlark" in findings("cc_binary(\n")
