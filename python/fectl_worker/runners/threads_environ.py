"""The environ of a WSGI request (PEP 3333), from the scope of the same request in ASGI."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any, BinaryIO, Mapping
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

__all__ = ["EnvironMaker"]

# What a proxy sends to a proxy: http://host/path. Only the path is of interest.
_ABSOLUTE = re.compile(rb"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?]*")


class EnvironMaker:
    """Makes the environ of each request of one application.

    Texts are as PEP 3333 wants them: each character stands for one byte, as decoded by latin-1.
    """

    def __init__(self, *, root_path: str = "", multithread: bool) -> None:
        """root_path: where the application is mounted, like "/shop"; it becomes SCRIPT_NAME.

        PATH_INFO is the rest of the path, whether the proxy in front has taken the mount off the path or not.
        """
        self._root = root_path.rstrip("/").encode()
        self._same_for_all: dict[str, Any] = {
            "SCRIPT_NAME": self._root.decode("latin-1"),
            "SERVER_SOFTWARE": "fectl",
            "wsgi.version": (1, 0),
            "wsgi.multithread": multithread,
            # A service has several workers, or is to have them tomorrow.
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            # The end of wsgi.input is the end of the body, also of one that was sent in chunks.
            "wsgi.input_terminated": True,
        }

    def make(self, scope: Mapping[str, Any], body: BinaryIO, size: int) -> dict[str, Any]:
        """body: the complete body of the request. size: how many bytes it has."""
        environ = self._same_for_all.copy()
        query = scope["query_string"].decode("latin-1")
        raw_path = scope.get("raw_path") or scope["path"].encode()
        environ["REQUEST_METHOD"] = scope["method"]
        environ["PATH_INFO"] = self._path_info(raw_path)
        environ["QUERY_STRING"] = query
        # As it was sent: not promised by PEP 3333, but known to Werkzeug and others under this name.
        environ["REQUEST_URI"] = raw_path.decode("latin-1") + ("?" + query if query else "")
        environ["SERVER_PROTOCOL"] = "HTTP/" + scope["http_version"]
        environ["wsgi.url_scheme"] = scope["scheme"]
        environ["wsgi.input"] = body
        environ["wsgi.errors"] = sys.stderr
        client = scope.get("client")
        environ["REMOTE_ADDR"] = client[0] if client else ""
        if client and client[1]:
            environ["REMOTE_PORT"] = str(client[1])
        _add_headers(environ, scope["headers"], size)
        environ["SERVER_NAME"], environ["SERVER_PORT"] = _server(environ, scope)
        return environ

    def _path_info(self, raw_path: bytes) -> str:
        if not raw_path.startswith(b"/"):
            raw_path = _ABSOLUTE.sub(b"", raw_path, count=1) or b"/"
        path = unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path
        root = self._root
        if root and path.startswith(root) and path[len(root) : len(root) + 1] in (b"", b"/"):
            path = path[len(root) :]
        return path.decode("latin-1")


def _add_headers(environ: dict[str, Any], headers: list[tuple[bytes, bytes]], size: int) -> None:
    for name, value in headers:
        key = _variable(name)
        if key == "CONTENT_LENGTH":
            # Of what was received: a body that was sent in chunks has a length as well now.
            environ[key] = str(size)
        elif key == "CONTENT_TYPE" or key not in environ:
            environ[key] = value.decode("latin-1")
        elif key == "HTTP_COOKIE":
            environ[key] += "; " + value.decode("latin-1")
        elif key:
            environ[key] += "," + value.decode("latin-1")
    environ.pop("", None)


# The names that clients invent are many: a bound.
@functools.lru_cache(maxsize=512)
def _variable(name: bytes) -> str:
    """The environ's key for a header; empty: the application does not get it."""
    name = name.lower()
    if b"_" in name:
        # X_User would have the same key as X-User, which perhaps only the proxy is allowed to set.
        return ""
    if name in (b"content-length", b"transfer-encoding"):
        return "CONTENT_LENGTH"
    if name == b"content-type":
        return "CONTENT_TYPE"
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


def _server(environ: Mapping[str, Any], scope: Mapping[str, Any]) -> tuple[str, str]:
    """SERVER_NAME and SERVER_PORT. A UNIX socket has neither: then what the client calls this server."""
    server = scope.get("server")
    if server and server[1]:
        return server[0], str(server[1])
    name, colon, port = environ.get("HTTP_HOST", "").rpartition(":")
    if not colon or port.endswith("]"):
        name, port = environ.get("HTTP_HOST", ""), ""
    return name or "localhost", port or ("443" if scope["scheme"] == "https" else "80")
