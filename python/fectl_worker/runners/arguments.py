"""A socket's `arguments`: ["app=shop.web:make_app", "keepalive=30", ...]."""

from __future__ import annotations

import math
from typing import Any, Callable, Mapping, Sequence

from fectl_worker.errors import ConfigError, did_you_mean

__all__ = ["choice", "count", "parse", "seconds", "text", "truth"]

Reader = Callable[[str], Any]


def text(value: str) -> str:
    if not value:
        raise ConfigError("a value is missing")
    return value


def seconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (0 <= number < math.inf):
        raise ConfigError(f'"{value}" is not a number of seconds, 0 or more')
    return number


def count(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise ConfigError(f'"{value}" is not a whole number, 0 or more')
    return int(value)


def truth(value: str) -> bool:
    word = value.lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ConfigError(f'"{value}" is neither "on" nor "off"')


def choice(*words: str) -> Reader:
    def read(value: str) -> str:
        if value not in words:
            raise ConfigError(f'"{value}" is none of {", ".join(words)}')
        return value

    return read


def parse(arguments: Sequence[str], known: Mapping[str, Reader]) -> dict[str, Any]:
    """The arguments that are there, by name, read by their readers.

    "--graceful-timeout=5" means "graceful_timeout=5". ConfigError names the argument that is wrong; all wrong ones
    are named at once.
    """
    found: dict[str, Any] = {}
    mistakes: list[str] = []
    for argument in arguments:
        spelt, equals, value = argument.strip().partition("=")
        name = spelt.strip().removeprefix("--").replace("-", "_")
        try:
            if name not in known:
                allowed = ", ".join(sorted(known))
                hint = did_you_mean(name, known)
                raise ConfigError(f'"{spelt}" is not an argument{hint}; allowed are {allowed}')
            if not equals:
                raise ConfigError(f'write "{name}=..."')
            if name in found:
                raise ConfigError("is given twice")
            found[name] = known[name](value.strip())
        except ConfigError as error:
            mistakes.append(f"{spelt}: {error}" if name in known else str(error))
    if mistakes:
        raise ConfigError("arguments: " + "; ".join(mistakes))
    return found
