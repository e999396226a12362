"""The argument `access_log`."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from typing import Optional

__all__ = ["open_access_log"]


def open_access_log(target: str) -> Optional[logging.Logger]:
    """"off": None; "-", "on" or "stdout", "stderr"; or the path of a file, which may be rotated by renaming it."""
    if target == "off":
        return None
    handler: logging.Handler
    if target in ("-", "on", "stdout"):
        handler = logging.StreamHandler(sys.stdout)
    elif target == "stderr":
        handler = logging.StreamHandler(sys.stderr)
    else:
        handler = logging.handlers.WatchedFileHandler(target)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.Logger("fectl_worker.access", logging.INFO)
    log.addHandler(handler)
    return log
