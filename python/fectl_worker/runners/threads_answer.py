"""One answer of a WSGI application (PEP 3333): start_response, write, and the pieces of the body."""

from __future__ import annotations

import re
import types
from typing import Any, Callable, Iterable, Optional, Protocol, Union
from wsgiref.util import is_hop_by_hop

__all__ = ["Answer", "Head", "Output", "error_head"]

_STATUS = re.compile(r"[2-5][0-9][0-9]( .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_IN_VALUE = re.compile("[\x00-\x08\x0a-\x1f\x7f]")

ExcInfo = Union[
    tuple[type[BaseException], BaseException, Optional[types.TracebackType]],
    tuple[None, None, None],
]


class Head:
    """The checked status and headers of an answer."""

    __slots__ = ("status", "headers", "length")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], length: Optional[int]) -> None:
        self.status = status
        self.headers = headers
        #: What Content-Length says; None: it is not there.
        self.length = length

    @property
    def has_no_body(self) -> bool:
        """Whatever the method of the request is."""
        return self.status in (204, 304)


class Output(Protocol):
    """Where an answer goes, piece by piece."""

    def give(self, head: Optional[Head], data: bytes, is_last: bool) -> None:
        """head: only with the first piece. May wait until the client has read, and raise when there is none."""
        ...


class Answer:
    """Collects what the application says, and gives it to the output as soon as there is something to be sent."""

    __slots__ = ("_output", "_to_head", "_head", "_left", "is_sent", "is_complete")

    def __init__(self, output: Output, *, to_head: bool) -> None:
        """to_head: the request's method is HEAD, so there will be no body."""
        self._output = output
        self._to_head = to_head
        self._head: Optional[Head] = None
        # Bytes of the body that Content-Length promises and that have not been given.
        self._left: Optional[int] = None
        #: The head has been given to the output.
        self.is_sent = False
        #: So has the last piece.
        self.is_complete = False

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Optional[ExcInfo] = None
    ) -> Callable[[bytes], None]:
        """As of PEP 3333; what is wrong is raised here, while the application can still see it."""
        if exc_info is not None and exc_info[1] is not None:
            try:
                if self.is_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                # No circle of this frame and the traceback.
                exc_info = None
        elif self._head is not None:
            raise RuntimeError("start_response was called twice, the second time without exc_info")
        self._head = _checked(status, headers)
        self._left = self._head.length
        return self._write

    def send(self, pieces: Iterable[bytes]) -> None:
        """Gives all that the application returned. The caller closes it afterwards."""
        if isinstance(pieces, (list, tuple)) and not self.is_sent and self._head is not None:
            self._add_length(sum(map(len, pieces)))
        for piece in pieces:
            self._write(piece)
            if self.is_complete and (self._to_head or self._started().has_no_body):
                # The rest, which may have no end, is not for this client.
                return
        self._finish()

    def _add_length(self, size: int) -> None:
        head = self._started()
        if head.length is None and not self._to_head and not head.has_no_body:
            self._left = head.length = size
            head.headers.append((b"content-length", b"%d" % size))

    def _write(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError(f"a piece of the answer must be bytes, not {type(data).__name__}")
        if not data:
            return
        head = self._started()
        if self._to_head or head.has_no_body:
            if not self.is_complete:
                self._give(b"", is_last=True)
            return
        left = self._left
        if left is None:
            self._give(data, is_last=False)
            return
        self._left = max(0, left - len(data))
        if not self.is_complete:
            self._give(data[:left], is_last=not self._left)
        if len(data) > left:
            raise ValueError("the answer has more bytes than its Content-Length says; they were dropped")

    def _finish(self) -> None:
        if self.is_complete:
            return
        head = self._started()
        if self._left and not self._to_head and not head.has_no_body:
            raise ValueError(f"the answer has {self._left} bytes less than its Content-Length says")
        self._give(b"", is_last=True)

    def _started(self) -> Head:
        if self._head is None:
            raise RuntimeError("the application did not call start_response before it answered")
        return self._head

    def _give(self, data: bytes, *, is_last: bool) -> None:
        head = None if self.is_sent else self._head
        # First, since the output may raise an exception when the client has left.
        self.is_sent = True
        self.is_complete = is_last
        self._output.give(head, data, is_last)


def error_head(status: int, text: bytes, *, closes: bool = False) -> Head:
    """For an answer of the server's own, whose body is the text."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
    if closes:
        headers.append((b"connection", b"close"))
    return Head(status, headers, len(text))


def _checked(status: Any, headers: Any) -> Head:
    if not isinstance(status, str) or not _STATUS.fullmatch(status):
        raise ValueError(f'start_response: the status must be a text like "200 OK", from 200 to 599, not {status!r}')
    code = int(status[:3])
    if not isinstance(headers, list):
        raise TypeError(f"start_response: the headers must be a list, not {type(headers).__name__}")
    length: Optional[int] = None
    checked = []
    for header in headers:
        name, value = header
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"start_response: name and value of a header must be texts, not {header!r}")
        if not _NAME.fullmatch(name) or _BAD_IN_VALUE.search(value):
            raise ValueError(f"start_response: {header!r} cannot be a header")
        if is_hop_by_hop(name):
            raise ValueError(f"start_response: the header {name} is the server's, not the application's (PEP 3333)")
        encoded = name.lower().encode("ascii")
        if encoded == b"content-length":
            if not (value.isascii() and value.isdigit()) or length is not None:
                raise ValueError(f"start_response: {header!r} is no Content-Length, or is there twice")
            if code in (204, 304):
                # There is no body whose length this could be.
                continue
            length = int(value)
        checked.append((encoded, value.encode("latin-1")))
    return Head(code, checked, length)
