"""The arguments `app` and `factory` of a WSGI socket."""

from __future__ import annotations

from typing import Any, Mapping

from fectl_worker.errors import ConfigError
from fectl_worker.runners.objects import load

__all__ = ["wsgi_callable"]


def wsgi_callable(settings: Mapping[str, Any]) -> Any:
    """The WSGI application that the arguments name. ConfigError: there is none."""
    if ("app" in settings) == ("factory" in settings):
        raise ConfigError(
            'arguments: either app="module:name" (the WSGI callable) or factory="module:name" (what makes it) is needed'
        )
    name = settings.get("app") or settings["factory"]
    found = load(name)
    if "factory" in settings and callable(found):
        found = found()
    if not callable(found):
        raise ConfigError(f"{name} is (or makes) a {type(found).__name__}, which is not callable")
    return found
