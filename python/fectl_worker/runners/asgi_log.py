"""The access log of an ASGI socket."""

from __future__ import annotations

import time
from typing import Any, Iterable, Optional

from fectl_worker.runners.access_log_format import AccessLog, PairHeaders, Record
from fectl_worker.runners.asgi_config import ENVIRON, Asgi3

__all__ = ["logged"]


def logged(application: Asgi3, log: AccessLog) -> Asgi3:
    """The same application, with a line for each request; a websocket has one when it ends."""

    async def with_log(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await application(scope, receive, send)
            return
        answer = _Answer(log, scope, send)
        try:
            await application(scope, receive, answer.send)
        finally:
            answer.end()

    return with_log


class _Answer:
    def __init__(self, log: AccessLog, scope: Any, send: Any) -> None:
        self._log = log
        self._scope = scope
        self._send = send
        self._began = time.monotonic()
        # What uvicorn says for an application which does not answer, or which does not accept a websocket.
        self._status = 500 if scope["type"] == "http" else 403
        self._headers: Iterable[tuple[bytes, bytes]] = ()
        self._size = 0
        self._is_logged = False

    async def send(self, message: Any) -> None:
        await self._send(message)
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            self._headers = message.get("headers", ())
        elif kind == "http.response.body":
            if self._scope.get("method") != "HEAD":
                self._size += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.end()
        elif kind == "websocket.accept":
            self._status = 101
        elif kind == "websocket.http.response.start":
            # The application refuses the handshake in words of its own.
            self._status = message["status"]
            self._headers = message.get("headers", ())

    def end(self) -> None:
        if self._is_logged:
            return
        self._is_logged = True
        scope = self._scope
        client: Optional[Any] = scope.get("client")
        self._log.write(
            Record(
                method=scope.get("method", "GET"),
                target=_target(scope),
                protocol=f"HTTP/{scope.get('http_version', '1.1')}",
                status=self._status,
                bytes=self._size,
                seconds=time.monotonic() - self._began,
                peer=str(client[0]) if client else "",
                request_headers=PairHeaders(scope["headers"]),
                response_headers=PairHeaders(self._headers),
                environ=scope.get(ENVIRON),
            )
        )


def _target(scope: Any) -> str:
    path = scope.get("raw_path") or scope["path"].encode()
    # For websockets old versions of uvicorn have it as text.
    text = path.decode("latin-1") if isinstance(path, bytes) else path
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{text}?{query}" if query else text
