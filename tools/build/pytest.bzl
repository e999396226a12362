"""pytest_test: a Bazel test whose cases are pytest's."""

_MAIN = "//tools/build:pytest_main.py"

def pytest_test(name, srcs, args = [], size = "small", **kwargs):
    """Runs pytest over the files of srcs, with the Python of the @host_python toolchain.

    Every test function becomes one case of the target's test.xml. A run that collects no case fails.

    Args:
      name: the target.
      srcs: the test files, and only these; what they import belongs into deps (importable by the path from the
        workspace's root: `from testdata.wire import wire_codec`).
      args: more arguments for pytest.
      size: as of any Bazel test.
      **kwargs: deps, data, tags, timeout, env and what else py_test takes.
    """
    native.py_test(
        name = name,
        srcs = srcs + [_MAIN],
        main = _MAIN,
        args = ["$(rootpath %s)" % s for s in srcs] + args,
        python_version = "PY3",
        size = size,
        srcs_version = "PY3",
        **kwargs
    )
