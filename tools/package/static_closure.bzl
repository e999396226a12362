"""static_closure: a cc_library and what it needs of this repository as one static library."""

def _static_closure_impl(ctx):
    archives = []
    for one in ctx.attr.library[CcInfo].linking_context.linker_inputs.to_list():
        for library in one.libraries:
            archive = library.pic_static_library or library.static_library
            if archive:
                archives.append(archive)
    out = ctx.actions.declare_file("lib%s.a" % ctx.label.name)
    script = "create %s\n%s\nsave\nend\n" % (out.path, "\n".join(["addlib " + a.path for a in archives]))
    ctx.actions.run_shell(
        inputs = archives,
        outputs = [out],
        # What is only for a debugger names paths of the build.
        command = 'printf "%s" "$1" | ar -M && strip --strip-debug -D "$2" && ranlib -D "$2"',
        arguments = [script, out.path],
        mnemonic = "StaticClosure",
    )
    return [DefaultInfo(files = depset([out]))]

static_closure = rule(
    implementation = _static_closure_impl,
    doc = "lib<name>.a, for builds other than Bazel's. The host's libraries are not in it.",
    attrs = {"library": attr.label(mandatory = True, providers = [CcInfo])},
)
