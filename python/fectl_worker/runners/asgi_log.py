"""The access log of an ASGI socket."""

from __future__ import annotations

import re
import time
from typing import Any, Optional

from fectl_worker.runners.access_log import AccessLog
from fectl_worker.runners.asgi_config import Asgi3

__all__ = ["log_answer", "logged"]

# What could end a line of the log, or the quoted part of it, is written as \xNN.
_UNSAFE = re.compile(r'[\x00-\x1f"\\\x7f-\xff]')


def log_answer(
    lines: AccessLog, *, peer: str, method: str, target: str, version: str, status: int, size: int, seconds: float
) -> None:
    """Called at the end of each answer. size: bytes of its body. seconds: since the request's head had come."""
    date = time.strftime("%d/%b/%Y:%H:%M:%S %z")
    lines.write(f'{peer} - - [{date}] "{method} {target} HTTP/{version}" {status} {size} {seconds:.6f}')


def logged(application: Asgi3, lines: AccessLog) -> Asgi3:
    """The same application, with a line for each request; a websocket has one when it ends."""

    async def with_log(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await application(scope, receive, send)
            return
        answer = _Answer(lines, scope, send)
        try:
            await application(scope, receive, answer.send)
        finally:
            answer.end()

    return with_log


class _Answer:
    def __init__(self, lines: AccessLog, scope: Any, send: Any) -> None:
        self._lines = lines
        self._scope = scope
        self._send = send
        self._began = time.monotonic()
        # What uvicorn says for an application which does not answer, or which does not accept a websocket.
        self._status = 500 if scope["type"] == "http" else 403
        self._size = 0
        self._is_logged = False

    async def send(self, message: Any) -> None:
        await self._send(message)
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
        elif kind == "http.response.body":
            if self._scope.get("method") != "HEAD":
                self._size += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.end()
        elif kind == "websocket.accept":
            self._status = 101

    def end(self) -> None:
        if self._is_logged:
            return
        self._is_logged = True
        scope = self._scope
        client: Optional[Any] = scope.get("client")
        log_answer(
            self._lines,
            peer=str(client[0]) if client else "-",
            method=scope.get("method", "GET"),
            target=_target(scope),
            version=scope.get("http_version", "1.1"),
            status=self._status,
            size=self._size,
            seconds=time.monotonic() - self._began,
        )


def _target(scope: Any) -> str:
    path = scope.get("raw_path") or scope["path"].encode()
    # For websockets old versions of uvicorn have it as text.
    text = path.decode("latin-1") if isinstance(path, bytes) else path
    query = scope.get("query_string", b"").decode("latin-1")
    whole = f"{text}?{query}" if query else text
    return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", whole)
