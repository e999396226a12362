"""Build settings of this workspace."""

def _bool_setting_impl(_ctx):
    return []

bool_setting = rule(
    implementation = _bool_setting_impl,
    build_setting = config.bool(),
    doc = "A setting that a transition turns on for what lies below one target.",
)
