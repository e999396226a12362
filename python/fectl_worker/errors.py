"""What can go wrong, as exceptions."""

from __future__ import annotations

import difflib
from typing import Iterable

from fectl_worker._native import WorkerError

__all__ = ["ConfigError", "EnvironmentInvalid", "NotManaged", "WorkerError", "did_you_mean"]


class ConfigError(Exception):
    """The application's configuration is wrong.

    Raised while a worker starts, its text reaches the operator word for word: `fectl status` shows it, and
    `fectl start` or `fectl reload` fail with it.
    """


class EnvironmentInvalid(WorkerError):
    """A FECTL_* variable is missing or makes no sense; the text names it."""


class NotManaged(WorkerError):
    """This was started by hand: there is no master to talk to."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""
