"""The host's C++ libraries and Python, as Bazel targets.

pkg-config knows in which order the static archives of a library follow one another, so it is asked instead of
keeping that list here.
"""

# Abseil libraries by the name that pkg-config gives them, without the "absl_" in front.
_ABSL = [
    "base",
    "flat_hash_map",
    "span",
    "status",
    "statusor",
    "str_format",
    "strings",
    "time",
]

_MISSING = "%s is not installed (%s). Run tools/setup, which installs everything that the build needs."

def _pkg_config(ctx, package):
    result = ctx.execute(["pkg-config", "--static", "--libs", package])
    if result.return_code != 0:
        fail(_MISSING % (package, result.stderr.strip()))
    return [f for f in result.stdout.replace("\n", " ").split(" ") if f]

def _static(ctx, flags):
    """Names the archive of a -lNAME where the host has one, so that binaries start without a chain of .so files."""
    out = []
    for flag in flags:
        archive = "/usr/lib/%s/lib%s.a" % (ctx.attr.multiarch or _multiarch(ctx), flag[2:])
        system = flag[2:] in ["rt", "atomic", "pthread", "m", "dl"]
        if flag.startswith("-l") and not system and ctx.path(archive).exists:
            out.append(archive)
        else:
            out.append(flag)
    return out

def _multiarch(ctx):
    return ctx.execute(["gcc", "-print-multiarch"]).stdout.strip()

_LIBRARY = """
cc_library(
    name = "{name}",
    linkopts = {linkopts},
    deps = {deps},
)
"""

# Headers alone; without Boost.
_ASIO = """
cc_library(
    name = "asio",
    defines = ["ASIO_STANDALONE"],
    linkopts = ["-lpthread"],
)
"""

# The host's archives are not position-independent, so what becomes a shared library itself (the Python module)
# must be linked with the host's shared ones.
_LIBRARY_EITHER_WAY = """
cc_library(
    name = "{name}",
    linkopts = select({{
        "@fectl//tools/build:links_into_shared_library": {shared},
        "//conditions:default": {static},
    }}),
)
"""

def _need(ctx, path, package):
    if not ctx.path(path).exists:
        fail(_MISSING % (package, path + " is missing"))

def _host_libraries_impl(ctx):
    build = ['package(default_visibility = ["//visibility:public"])']
    for name in _ABSL:
        flags = _pkg_config(ctx, "absl_" + name)
        build.append(_LIBRARY_EITHER_WAY.format(name = "absl_" + name, shared = flags, static = _static(ctx, flags)))
    for name in ["gtest", "gmock", "benchmark"]:
        flags = _static(ctx, _pkg_config(ctx, name)) + ["-lpthread"]
        build.append(_LIBRARY.format(name = name, linkopts = flags, deps = []))
    build.append(_LIBRARY.format(
        name = "gtest_main",
        linkopts = _static(ctx, ["-lgmock_main", "-lgmock", "-lgtest"]) + ["-lpthread"],
        deps = [],
    ))

    # glog's .pc file does not name what libunwind itself needs.
    build.append(_LIBRARY.format(name = "gflags", linkopts = _static(ctx, ["-lgflags"]) + ["-lpthread"], deps = []))
    build.append(_LIBRARY.format(
        name = "glog",
        linkopts = _static(ctx, ["-lglog"]) + ["-lunwind"],
        deps = [":gflags"],
    ))
    for name, package, extra in [("re2", "re2", []), ("zstd", "libzstd", [])]:
        flags = _static(ctx, _pkg_config(ctx, package)) + ["-lpthread"]
        build.append(_LIBRARY.format(name = name, linkopts = flags, deps = extra))
    _need(ctx, "/usr/include/elfutils/libdwfl.h", "libdw-dev")
    build.append(_LIBRARY.format(name = "libdw", linkopts = _static(ctx, _pkg_config(ctx, "libdw")), deps = []))
    for name, header, package in [
        ("cpptoml", "/usr/include/cpptoml.h", "libcpptoml-dev"),
        ("rapidjson", "/usr/include/rapidjson/document.h", "rapidjson-dev"),
        ("boost", "/usr/include/boost/beast/http/parser.hpp", "libboost-dev"),
    ]:
        _need(ctx, header, package)
        build.append(_LIBRARY.format(name = name, linkopts = [], deps = []))
    _need(ctx, "/usr/include/asio.hpp", "libasio-dev")
    build.append(_ASIO)
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", "\n".join(build))

host_libraries = repository_rule(
    implementation = _host_libraries_impl,
    attrs = {"multiarch": attr.string(doc = "the host's library folder below /usr/lib; empty: ask gcc")},
    environ = ["PATH"],
    configure = True,
)

_PYTHON_BUILD = """
load("@bazel_tools//tools/python:toolchain.bzl", "py_runtime_pair")

package(default_visibility = ["//visibility:public"])

py_runtime(
    name = "runtime",
    interpreter_path = "{python}",
    stub_shebang = "#!{python}",
    python_version = "PY3",
)

py_runtime_pair(name = "pair", py3_runtime = ":runtime")

toolchain(
    name = "toolchain",
    toolchain = ":pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)

# Headers of the same interpreter that runs the module, and pybind11's.
cc_library(
    name = "pybind11",
    hdrs = glob(["include/**"]),
    includes = ["include/python"],
)
"""

def _host_python_impl(ctx):
    python = ctx.os.environ.get("FECTL_PYTHON", "/usr/bin/python3")
    probe = ctx.execute([python, "-c", "; ".join([
        "import sysconfig",
        "print(sysconfig.get_paths()['include'])",
        "print(sysconfig.get_config_var('EXT_SUFFIX'))",
    ])])
    if probe.return_code != 0:
        fail(_MISSING % (python, probe.stderr.strip()))
    include, suffix = probe.stdout.strip().split("\n")
    _need(ctx, include + "/Python.h", "python3-dev")
    _need(ctx, "/usr/include/pybind11/pybind11.h", "pybind11-dev")
    ctx.symlink(include, "include/python")
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", _PYTHON_BUILD.format(python = python))
    ctx.file("defs.bzl", 'PYTHON = "%s"\nEXT_SUFFIX = "%s"\n' % (python, suffix))

# Not the first python3 on the PATH: the distribution's aiohttp, gevent and pytest belong to /usr/bin/python3.
# FECTL_PYTHON names another one.
host_python = repository_rule(
    implementation = _host_python_impl,
    environ = ["FECTL_PYTHON", "PATH"],
    configure = True,
)
