"""Names like "package.module:make_app" become objects, and mistakes become sentences for the operator."""

from __future__ import annotations

import contextlib
import importlib
import sys
import traceback
from typing import Any, Iterable, Iterator, Mapping

from fectl_worker import evidence
from fectl_worker._native import EXIT_INIT_FAILED
from fectl_worker.errors import ConfigError, did_you_mean
from fectl_worker.worker import Worker

__all__ = ["WORDS", "app_factory", "load", "naming", "reason", "refuse"]

#: The words that may stand in `app`, by the kind of worker: each names the other one in its errors.
WORDS: Mapping[str, tuple[str, ...]] = {"asyncio": ("aiohttp", "asgi", "wsgi"), "gevent": ("wsgi",)}


def load(name: str) -> Any:
    """The object behind "module:attribute" (or "module:attribute.attribute").

    ConfigError: not of that form, or no such attribute. An exception of the import itself comes out as it is.
    """
    module_name, colon, path = name.partition(":")
    if not colon or not module_name or not path:
        raise ConfigError(f'"{name}" is not of the form "module:name"')
    if module_name.partition(".")[0] != "fectl_worker":
        evidence.note_application(module_name)
    found = importlib.import_module(module_name)
    for step in path.split("."):
        if not hasattr(found, step):
            hint = did_you_mean(step, (n for n in dir(found) if not n.startswith("_")))
            raise ConfigError(f'"{name}": module {module_name} has no "{path}"{hint}')
        found = getattr(found, step)
    return found


def app_factory(app: str, known: Mapping[str, str], worker_kind: str) -> Any:
    """What makes the application of a socket's `app`: one of the known words, or any "module:callable"."""
    name = known.get(app, app)
    if ":" not in name:
        instead = _instead(app, known, worker_kind)
        raise ConfigError(f'app = "{app}" is nothing that the {worker_kind} worker knows{instead}')
    factory = load(name)
    if not callable(factory):
        raise ConfigError(f'"{name}" is not callable, but {type(factory).__name__}')
    return factory


def _instead(app: str, known: Mapping[str, str], worker_kind: str) -> str:
    """What may be written instead of a wrong word, in this worker and in the other one."""
    for kind, words in WORDS.items():
        if kind != worker_kind and app in words:
            return f'; the {kind} worker does: command = "python3 -m fectl_worker {kind}"'
    allowed = ", ".join(_quoted(known))
    others = "".join(
        f"; the {kind} worker knows {', '.join(_quoted(words))}" for kind, words in WORDS.items() if kind != worker_kind
    )
    return f'{did_you_mean(app, known)}: allowed are {allowed} and "module:callable"{others}'


def _quoted(words: Iterable[str]) -> list[str]:
    return [f'"{word}"' for word in words]


def reason(error: BaseException) -> str:
    """An exception as one line: the words of a ConfigError alone, the type before those of any other."""
    try:
        text = " ".join(str(error).split())
    except BaseException:  # an exception whose own __str__ fails
        text = ""
    if isinstance(error, ConfigError):
        return text
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind


@contextlib.contextmanager
def naming(label: str) -> Iterator[None]:
    """An exception in the block becomes a ConfigError which says first what it is about.

    Any exception: a module that raises SystemExit, gevent.Timeout or asyncio.CancelledError while it is imported must
    not look like a worker that ended well. The caller knows whether it cancelled the block itself.
    """
    try:
        yield
    except BaseException as error:
        raise ConfigError(f"{label}: {reason(error)}") from error


def refuse(worker: Worker, error: BaseException) -> int:
    """Tells the operator why this worker cannot start; the exit code that belongs to it."""
    cause = error.__cause__
    if cause is not None and not isinstance(cause, ConfigError):
        # The text below names what happened; where it happened is for whoever reads the log.
        traceback.print_exception(cause)
    print(f"fectl_worker: {reason(error)}", file=sys.stderr, flush=True)
    worker.config_error(reason(error))
    return EXIT_INIT_FAILED
