"""As with a version of uvicorn that has renamed something."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http import h11_impl, httptools_impl

for module in (h11_impl, httptools_impl):
    module.RequestResponseCycle.response_complete = property(lambda _: None, lambda _, __: None)


def nothing(worker: Any, socket: Any, arguments: Any) -> object:
    return object()
