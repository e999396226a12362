"""JSON as strict as the two protocols are, and the envelope of their messages. Part of wire_codec."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

NESTING_MAX = 64
NUMBER_BYTES_MAX = 100


class WireError(Exception):
    """The peer sent something that is not a message."""


class UnknownCommand(WireError):
    """Well-formed, but its "cmd" means nothing to us."""


_NUMBER = re.compile(r"-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?\Z")


def _number(text: str) -> int | float:
    if len(text) > NUMBER_BYTES_MAX:
        raise WireError("a number is too long")
    match = _NUMBER.match(text)
    assert match is not None
    whole, fraction, exponent = match[1], match[2] or "", int(match[3] or 0)
    if exponent > 308 + len(fraction):
        raise WireError("a number is out of range")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise WireError("a number is out of range")
    if value == 0 and (whole + fraction).strip("0"):
        raise WireError("a number is too small")
    return int(text) if match[2] is None and match[3] is None else value


def _no_constant(text: str) -> None:
    raise WireError(f"{text} is not JSON")


class Pairs(list):  # type: ignore[type-arg]
    """An object as its members in order, duplicates included."""


_STRICT = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_int=_number, parse_float=_number, parse_constant=_no_constant, strict=True
)


def _check_nesting(text: str) -> None:
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > NESTING_MAX:
                raise WireError("nested too deeply")
        elif character in "]}":
            depth -= 1


def _check_strings(value: Any) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise WireError("an unpaired surrogate") from error
    elif isinstance(value, Pairs):
        for name, member in value:
            _check_strings(name)
            _check_strings(member)
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)


class Object(dict):  # type: ignore[type-arg]
    """Members by name: the last of two with one name counts, in the place of the first."""

    # All of them, also those that do not count.
    members: list[tuple[str, Any]]


def _plain(value: Any) -> Any:
    if isinstance(value, Pairs):
        plain = Object((name, _plain(member)) for name, member in value)
        plain.members = list(value)
        return plain
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


_SPACE = " \t\r\n"


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _raw_members(text: str) -> list[tuple[str, str]]:
    """The members of an object that is known to be well-formed: name and raw text of the value."""
    members = []
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _STRICT.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        _, end = _STRICT.raw_decode(text, at)
        members.append((name, text[at:end]))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


def parse(payload: bytes) -> Any:
    """A JSON value under the protocols' rules; objects as dicts."""
    try:
        text = payload.decode("utf-8")
        _check_nesting(text)
        value = _STRICT.decode(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    _check_strings(value)
    return value


ABSENT = object()


def envelope(payload: bytes) -> tuple[str, Any, str]:
    """cmd, data as a Python value (None when absent or null), and data as raw text ("" when absent or null)."""
    value = parse(payload)
    if not isinstance(value, Pairs):
        raise WireError("not an object")
    names = [name for name, _ in value]
    if names.count("cmd") != 1 or names.count("data") > 1:
        raise WireError("cmd or data is missing or comes twice")
    members = dict(value)
    if not isinstance(members["cmd"], str):
        raise WireError("cmd is not a string")
    raw = ""
    if members.get("data") is not None:
        raw = dict(_raw_members(payload.decode()))["data"]
    return members["cmd"], _plain(members.get("data")), raw


def _float_text(value: float) -> str:
    """The shortest text that reads back as the value; without an exponent where that is not longer."""
    exact = Decimal(repr(value))
    fixed = str(int(value)) if value.is_integer() else f"{exact:f}"
    mantissa, exponent = f"{exact:e}".split("e")
    scientific = f"{mantissa}e{exponent[0]}{exponent[1:]:0>2}"
    return fixed if len(fixed) <= len(scientific) or abs(value) < 1e15 and value.is_integer() else scientific


def _text(value: Any) -> str:
    """Canonical JSON: no spaces, UTF-8 as it is, numbers as short as they can be."""
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(name)}:{_text(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def encode(cmd: str, data: Any = ABSENT, raw: str = "") -> bytes:
    if data is not ABSENT:
        raw = _text(data)
    text = '{"cmd":' + _text(cmd) + (f',"data":{raw}' if raw else "") + "}"
    return text.encode()


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_object_of_numbers(value: Any) -> bool:
    return isinstance(value, Object) and all(is_number(member) for _, member in value.members)


def is_whole(value: Any, bits: int = 64) -> bool:
    in_range = is_number(value) and -(1 << (bits - 1)) <= value < 1 << (bits - 1)
    return in_range and isinstance(value, int)


def expect(right: bool, what: str) -> None:
    if not right:
        raise WireError(what)
