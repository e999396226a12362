"""Local stand-ins for repositories that Bazel 4 asks for before it builds anything."""

# Debian's own rules_cc is newer than Debian's Bazel and does not load in it, so the names are mapped to the
# native rules here.
_CC_RULES = [
    "cc_binary",
    "cc_import",
    "cc_library",
    "cc_proto_library",
    "cc_test",
    "cc_toolchain",
    "cc_toolchain_suite",
    "fdo_prefetch_hints",
    "fdo_profile",
    "objc_library",
]

def _rules_cc_shim_impl(ctx):
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", "")
    ctx.file("cc/BUILD.bazel", "")
    ctx.file("cc/defs.bzl", "\n".join(["%s = native.%s" % (r, r) for r in _CC_RULES]) + "\n")

rules_cc_shim = repository_rule(implementation = _rules_cc_shim_impl, local = True)

def _stub_coverage_tools_impl(ctx):
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", """
sh_binary(
    name = "coverage_report_generator",
    srcs = ["none.sh"],
    visibility = ["//visibility:public"],
)
""")
    ctx.file("none.sh", "#!/bin/sh\necho 'coverage reports are not built here' >&2\nexit 1\n")

stub_coverage_tools = repository_rule(implementation = _stub_coverage_tools_impl, local = True)
