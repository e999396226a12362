"""As with a version of uvicorn that has renamed something."""

from __future__ import annotations

from typing import Any

from fectl_worker.runners import asgi_check
from uvicorn.protocols.http import h11_impl, httptools_impl

for module in (h11_impl, httptools_impl):
    module.RequestResponseCycle.response_complete = property(lambda _: None, lambda _, __: None)


# The trial waits in vain for what was renamed.
asgi_check._SECONDS = 1.0


def nothing(worker: Any, socket: Any, arguments: Any) -> object:
    return object()
