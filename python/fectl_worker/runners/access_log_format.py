"""The argument `access_log_format`: one language for every kind of application, compiled once into a function.

    log = open_access_log(worker, settings)
    ...
    if log is not None:  # at the end of each answer
        log.write(Record("GET", "/cart?id=7", "HTTP/1.1", 200, 512, 0.0031, "192.0.2.7", headers, response_headers))
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import logging
import operator
import os
import re
import time
from typing import Any, Callable, Iterable, Mapping, Optional, Protocol

from fectl_worker.errors import ConfigError
from fectl_worker.runners.access_log import Lines, open_lines
from fectl_worker.worker import Worker

__all__ = ["DEFAULT_FORMAT", "AccessLog", "EnvironHeaders", "PairHeaders", "Record", "compiled", "open_access_log"]

_log = logging.getLogger("fectl_worker")

#: Apache's "combined", then the microseconds that the answer took and the worker, like web(2).
DEFAULT_FORMAT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(D)s %(W)s'

# %(h)s or %({x}i)s as gunicorn spells it; %% is a percent sign; any other % is a mistake.
_GUNICORN = re.compile(r"%\((?:\{([^{}]*)\}([A-Za-z]+)|([^(){}]*))\)(.?)|%(.?)", re.DOTALL)
# %h or %{x}i as aiohttp spells it, for formats without "%(".
_AIOHTTP = re.compile(r"%(?:\{([^{}]*)\}(.?)|(Tf|.?))", re.DOTALL)
_AIOHTTP_LETTERS = {"a": "h", "t": "t", "P": "p", "r": "r", "s": "s", "b": "b", "O": "b", "T": "T", "Tf": "L", "D": "D"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSAFE = re.compile(rb'[^\x20-\x7e]|["\\]')


class Headers(Protocol):
    """Headers by name in lower case; of aiohttp's and other dictionaries that ignore case, nothing else is needed."""

    def get(self, name: str) -> Optional[str]: ...


class PairHeaders:
    """The headers of ASGI: pairs of bytes, the names in lower case or not."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = pairs

    def get(self, name: str) -> Optional[str]:
        wanted = name.encode("latin-1", "replace")
        for key, value in self._pairs:
            if key == wanted or key.lower() == wanted:
                return value.decode("latin-1")
        return None


class EnvironHeaders:
    """The headers of a request in a WSGI environment."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def get(self, name: str) -> Optional[str]:
        return self._environ.get(_environ_name(name))


@functools.lru_cache(maxsize=64)
def _environ_name(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + name


@dataclasses.dataclass(slots=True)
class Record:
    """One answer, as the access log needs it. All texts may come from the client as they are: they are escaped."""

    method: str
    #: As the client sent it: path and query.
    target: str
    #: Like "HTTP/1.1".
    protocol: str
    status: int
    #: Bytes of the body that were sent.
    bytes: int
    #: From the request's head to the end of the answer.
    seconds: float
    #: The client's address; "" when there is none, as on a UNIX socket.
    peer: str
    request_headers: Headers
    response_headers: Headers
    #: The WSGI environment, where there is one.
    environ: Optional[Mapping[str, Any]] = None
    #: How the texts were made from bytes: latin-1 with WSGI and ASGI, UTF-8 with aiohttp.
    charset: str = "latin-1"


_Getter = Callable[[Record], object]


class AccessLog:
    """Writes a line for each record. No method raises an exception: no request must fail for its log."""

    def __init__(self, lines: Lines, format_line: Callable[[Record], str]) -> None:
        """format_line: from compiled()."""
        self._lines = lines
        self._format_line = format_line

    def write(self, record: Record) -> None:
        """To be called once for each answer, at its end."""
        try:
            line = self._format_line(record)
        except Exception:
            _log.exception("a line for the access log was lost")
            return
        self._lines.write(line)

    def close(self) -> None:
        self._lines.close()


def open_access_log(worker: Worker, settings: Mapping[str, Any]) -> Optional[AccessLog]:
    """From what arguments.parse() returned; None: the socket has no access log.

    ConfigError: it can never be written, or its format is wrong.
    """
    lines = open_lines(settings.get("access_log", "off"))
    if lines is None:
        return None
    return AccessLog(lines, compiled(settings.get("access_log_format", DEFAULT_FORMAT), worker))


def valid(text: str) -> str:
    """For arguments.parse(): the format itself. ConfigError names what in it is not known."""
    _parsed(text)
    return text


def compiled(text: str, worker: Optional[Worker] = None) -> Callable[[Record], str]:
    """What makes a line of a record. ConfigError: the format is wrong. worker: for %(W)s."""
    template, wanted = _parsed(text)
    name = f"{worker.service}({worker.index + 1})" if worker is not None and worker.managed else "-"
    getters = tuple(_getter(letter, argument, name) for letter, argument in wanted)

    def format_line(record: Record) -> str:
        return template % tuple([getter(record) for getter in getters])

    return format_line


# --- the language ---


def _parsed(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A template for Python's %, and what is to be put in: letters with their argument ("" where there is none)."""
    wanted: list[tuple[str, str]] = []
    mistakes: list[str] = []
    reads_gunicorn = "%(" in text

    def replaced(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        letter, argument, is_whole = _spelt_by_gunicorn(found) if reads_gunicorn else _spelt_by_aiohttp(found)
        if not is_whole or not (letter in ("i", "o", "e") and argument if argument is not None else letter in _LETTERS):
            mistakes.append(found[0])
        wanted.append((letter, argument or ""))
        return "%s"

    template = (_GUNICORN if reads_gunicorn else _AIOHTTP).sub(replaced, text)
    if mistakes:
        known = " ".join(f"%({letter})s" for letter in _LETTERS)
        named = ", ".join(f'"{mistake}"' for mistake in mistakes)
        more = "%({header}i)s %({header}o)s %({variable}e)s %%"
        raise ConfigError(f"{named} is not known; known are {known} {more}")
    return template, wanted


def _spelt_by_gunicorn(found: re.Match[str]) -> tuple[str, Optional[str], bool]:
    """The letter, the name in braces (None: no braces), and whether it ends as it must."""
    if found[1] is not None:
        return found[2], found[1], found[4] == "s"
    letter = found[3] or ""
    return letter, None, found[4] == "s" or (found[4] == "d" and letter in "sBTMD")


def _spelt_by_aiohttp(found: re.Match[str]) -> tuple[str, Optional[str], bool]:
    if found[1] is not None:
        return found[2], found[1], True
    return _AIOHTTP_LETTERS.get(found[3], ""), None, found[3] in _AIOHTTP_LETTERS


# --- what is put in ---


def _clean(text: str, record: Record) -> str:
    """Text of the client with all that could end a quoted field or a line as \\xhh, byte by byte as it was sent."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    try:
        sent = text.encode(record.charset, "surrogateescape")
    except UnicodeEncodeError:
        sent = text.encode("utf-8", "backslashreplace")
    return _escaped(sent)


def _escaped(sent: bytes) -> str:
    return _UNSAFE.sub(lambda found: b"\\x%02x" % found[0][0], sent).decode("ascii")


def _unquoted(text: str, record: Record) -> str:
    """For fields that stand without quotes: a space would look like the next field."""
    return _clean(text, record).replace(" ", "\\x20") or "-"


def _user(record: Record) -> str:
    kind, _, given = (record.request_headers.get("authorization") or "").partition(" ")
    if kind.lower() != "basic":
        return "-"
    try:
        user = base64.b64decode(given.strip(), validate=True).partition(b":")[0]
    except ValueError:
        return "-"
    return _escaped(user).replace(" ", "\\x20") or "-"


class _Clock:
    """Times of requests as text; most requests of a second share one."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def __call__(self, record: Record) -> str:
        second = int(time.time() - record.seconds)
        if second != self._second:
            at = time.localtime(second)
            self._second = second
            self._text = (
                f"[{at.tm_mday:02}/{_MONTHS[at.tm_mon - 1]}/{at.tm_year}:"
                f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} {time.strftime('%z', at)}]"
            )
        return self._text


def _header(of: Callable[[Record], Headers], name: str) -> _Getter:
    lower = name.lower()

    def get(record: Record) -> str:
        value = of(record).get(lower)
        return _clean(value, record) if value is not None else "-"

    return get


def _variable(name: str) -> _Getter:
    """Of the WSGI environment, or else of the process."""
    of_process = os.environ.get(name, os.environ.get(name.upper(), "-"))

    def get(record: Record) -> str:
        environ = record.environ or {}
        for key in (name, name.upper(), name.lower()):
            if key in environ:
                return _clean(str(environ[key]), record)
        return _clean(of_process, record)

    return get


_request_headers = operator.attrgetter("request_headers")
_response_headers = operator.attrgetter("response_headers")
_LETTERS: Mapping[str, _Getter] = {
    "h": lambda record: _unquoted(record.peer, record),
    "l": lambda record: "-",
    "u": _user,
    "t": _Clock(),
    "r": lambda record: _clean(f"{record.method} {record.target} {record.protocol}", record),
    "m": lambda record: _unquoted(record.method, record),
    "U": lambda record: _unquoted(record.target.partition("?")[0], record),
    "q": lambda record: _unquoted(record.target.partition("?")[2], record),
    "H": lambda record: _unquoted(record.protocol, record),
    "s": operator.attrgetter("status"),
    "B": operator.attrgetter("bytes"),
    "b": lambda record: record.bytes or "-",
    "f": _header(_request_headers, "referer"),
    "a": _header(_request_headers, "user-agent"),
    "T": lambda record: int(record.seconds),
    "M": lambda record: int(record.seconds * 1e3),
    "D": lambda record: int(record.seconds * 1e6),
    "L": lambda record: f"{record.seconds:.6f}",
    # The two that are the same for all lines of a process; see _getter().
    "p": lambda record: f"<{os.getpid()}>",
    "W": lambda record: "-",
}


def _getter(letter: str, argument: str, worker: str) -> _Getter:
    if argument:
        if letter == "e":
            return _variable(argument)
        return _header(_request_headers if letter == "i" else _response_headers, argument)
    if letter == "W":
        return lambda record: worker
    if letter == "t":
        return _Clock()
    return _LETTERS[letter]
