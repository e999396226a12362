"""`python3 -m fectl_worker inspect MODULE:NAME`: what kind of application a name stands for.

The answer is one line for fectl: the kind, which is the `app` of a socket in fectld.toml, and the argument that names
the application, like "wsgi factory=shop:make_app". What is decided here stands in fectl(1), under serve.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import os
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, NoReturn, Optional

from fectl_worker.errors import ConfigError
from fectl_worker.runners.objects import load, reason

__all__ = ["KINDS", "application_of", "kind_of", "run"]

KINDS = ("asgi", "wsgi", "aiohttp")

# A function without parameters which is no factory but the program itself does not come back.
_SLOW_FACTORY_S = 10.0

# Python itself exits with 1 where it cannot run this module.
_EXIT_REFUSED = 3
_EXIT_INTERRUPTED = 130

# Whose frames of a traceback say nothing about the application.
_ON_THE_WAY_THERE = tuple(os.path.dirname(str(m.__file__)) for m in (importlib, asyncio)) + (
    os.path.dirname(__file__),
    "<frozen importlib",
)

_NEITHER = (
    "neither an ASGI application (takes scope, receive and send), nor a WSGI application (takes environ and "
    "start_response), nor an aiohttp.web.Application, nor a function that makes one of them without arguments"
)


def kind_of(found: Any) -> Optional[str]:
    """One of KINDS, "factory" for what makes an application when it is called without arguments, or None."""
    if _is_aiohttp(found):
        return "aiohttp"
    if not callable(found):
        return None
    needed, any_number = _positional(found)
    if needed is None:
        return None
    if inspect.isclass(found):
        # Such a class is made anew for each request: what it is made with are the request's parameters.
        if needed == 3:
            return "asgi" if hasattr(found, "__await__") else None
        if needed == 2:
            return "wsgi" if hasattr(found, "__iter__") else None
    is_coroutine_function = _is_coroutine_function(found)
    if needed == 3 or (any_number and needed < 3 and is_coroutine_function):
        return "asgi"
    if needed == 2:
        return None if is_coroutine_function else "wsgi"
    return "factory" if needed == 0 and not any_number else None


def application_of(name: str, kind: Optional[str] = None) -> tuple[str, str]:
    """The kind and the argument of what "module:name" stands for. `kind`: the user says what it is.

    ConfigError: it is none of them. Exceptions of the import, and of a factory, come out as they are.
    """
    found = load(name)
    seen = kind_of(found)
    if seen != "factory":
        if kind is None and seen is None:
            raise ConfigError(f'"{name}" is {_described(found)}: {_NEITHER}')
        return kind or str(seen), f"app={name}"
    made = _made_by(found, name)
    seen = kind_of(made)
    if kind is None and seen not in KINDS:
        raise ConfigError(
            f'"{name}" was called, as it takes no arguments; what it made is {_described(made)}: {_NEITHER}'
        )
    told = kind or str(seen)
    if told == "wsgi" and _is_coroutine_function(found):
        raise ConfigError(
            f'"{name}" is a coroutine function that makes a WSGI application; the worker calls it without an event '
            "loop: make it an ordinary function"
        )
    return told, f"{'app' if told == 'aiohttp' else 'factory'}={name}"


def run(name: str, kind: Optional[str]) -> NoReturn:
    """Writes the answer to standard output, or the reason to standard error, and ends the process."""
    # What the application prints while it is imported is for people, not for the program that reads the answer.
    answer_fd = os.dup(1)
    os.dup2(2, 1)
    code = _answer(name, kind, answer_fd)
    sys.stdout.flush()
    sys.stderr.flush()
    # Python's own end would wait for the threads that the application has started.
    os._exit(code)


def _answer(name: str, kind: Optional[str], answer_fd: int) -> int:
    try:
        answer = " ".join(application_of(name, kind))
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except BaseException as error:  # a module that calls sys.exit() while it is imported, too
        _explain(name, error)
        return _EXIT_REFUSED
    os.write(answer_fd, answer.encode(errors="surrogateescape") + b"\n")
    return 0


def _is_aiohttp(found: Any) -> bool:
    # An application of a library that nobody has imported does not exist.
    web = sys.modules.get("aiohttp.web")
    return web is not None and isinstance(found, web.Application)


def _positional(found: Any) -> tuple[Optional[int], bool]:
    """How many arguments it needs by position, and whether it takes any number. None: unknown, or not by position."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return None, False
    required = [p for p in parameters if p.default is p.empty]
    if any(p.kind is p.KEYWORD_ONLY for p in required):
        return None, False
    needed = [p for p in required if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(needed), any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _is_coroutine_function(found: Any) -> bool:
    while isinstance(found, functools.partial):
        found = found.func
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(getattr(found, "__call__", None))


def _made_by(factory: Any, name: str) -> Any:
    timer = threading.Timer(_SLOW_FACTORY_S, _say_slow, [name])
    timer.daemon = True
    timer.start()
    try:
        made = factory()
        return asyncio.run(_awaited(made)) if inspect.isawaitable(made) else made
    finally:
        timer.cancel()


async def _awaited(made: Any) -> Any:
    return await made


def _say_slow(name: str) -> None:
    print(
        f'fectl_worker: "{name}" takes no arguments, so it was called to make the application; it has not returned for '
        f"{_SLOW_FACTORY_S:.0f} s; if it runs a server of its own, name the application instead",
        file=sys.stderr,
        flush=True,
    )


def _described(found: Any) -> str:
    kind = type(found).__name__
    if not callable(found):
        return f"of type {kind}"
    try:
        return f"a {kind} with the parameters {inspect.signature(found)}"
    except (TypeError, ValueError):
        return f"a {kind} with unknown parameters"


def _explain(name: str, error: BaseException) -> None:
    """The traceback from the application's own code on, and then one sentence."""
    module = name.partition(":")[0]
    missing = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
    if missing:
        sentence = f'there is no module "{module}" in {os.getcwd()} and the other folders of {sys.executable}'
    elif isinstance(error, ConfigError):
        sentence = reason(error)
    else:
        error.__traceback__ = _from_the_application_on(error.__traceback__)
        traceback.print_exception(type(error), error, error.__traceback__)
        sentence = f'"{name}" cannot be loaded: {reason(error)}'
    print(f"fectl_worker: {sentence}", file=sys.stderr, flush=True)


def _from_the_application_on(trace: Optional[TracebackType]) -> Optional[TracebackType]:
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_ON_THE_WAY_THERE):
        trace = trace.tb_next
    return trace
