"""python_site: the fectl_worker package as a folder that Python can import."""

_SHARED = "//tools/build:into_shared_library"
_OPTIONS = ["//command_line_option:copt", "//command_line_option:linkopt"]

def _native_module_impl(settings, _attr):
    changed = {option: [f for f in settings[option] if "sanitize" not in f] for option in _OPTIONS}
    changed[_SHARED] = True
    return changed

# How the module and all C++ below it are built.
#
# Without sanitizers: the host's python3 has none, and a sanitized module could only be loaded into it with the
# sanitizer's runtime in LD_PRELOAD, in every process that ever starts a Python worker. The C++ SDK has sanitized
# tests of its own.
_native_module = transition(
    implementation = _native_module_impl,
    inputs = _OPTIONS,
    outputs = _OPTIONS + [_SHARED],
)

def _python_site_impl(ctx):
    outs = []
    for src in ctx.files.srcs + ctx.files.native:
        path = src.short_path
        if src in ctx.files.native:
            path = ctx.attr.native_path
        else:
            path = path[len(ctx.label.package) + 1:]
        out = ctx.actions.declare_file(ctx.attr.folder + "/" + path)
        ctx.actions.run_shell(
            inputs = [src],
            outputs = [out],
            command = 'cp -f "$1" "$2"',
            arguments = [src.path, out.path],
            mnemonic = "PythonSite",
        )
        outs.append(out)
    files = depset(outs)
    runfiles = ctx.runfiles(transitive_files = files)
    imports = "/".join([ctx.workspace_name, ctx.label.package, ctx.attr.folder])
    return [
        DefaultInfo(files = files, runfiles = runfiles),
        PyInfo(
            transitive_sources = depset([f for f in outs if f.extension == "py"]),
            imports = depset([imports]),
            has_py3_only_sources = True,
        ),
    ]

python_site = rule(
    implementation = _python_site_impl,
    doc = "Copies the package and its native module into one folder below bazel-bin. Usable as a dep of py_* rules.",
    attrs = {
        "srcs": attr.label_list(allow_files = True, doc = "the package's files, paths relative to this BUILD file"),
        "native": attr.label(cfg = _native_module, doc = "the shared library"),
        "native_path": attr.string(doc = "where the shared library belongs, below the folder"),
        "folder": attr.string(default = "site"),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
