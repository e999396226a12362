"""One worker of each kind that fectl has, and beside it what a user would run instead, with the same application.

Compared in pairs: all servers of a pair answer with the same body, have one worker and write no access log.
"""

import dataclasses
import importlib.util
import shutil

from tools.bench.adapters.fectld import toml_section
from tools.bench.adapters.server import BODY, Server

_PYTHON = "/usr/bin/python3"

_AIOHTTP_APPLICATION = f"""
import sys

from aiohttp import web

BODY = {BODY.encode()!r}


async def hello(request):
    return web.Response(body=BODY, content_type="text/plain")


def make_app():
    app = web.Application()
    app.router.add_get("/", hello)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""

_WSGI_APPLICATION = f"""
BODY = {BODY.encode()!r}


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]
"""

_ASGI_APPLICATION = f"""
BODY = {BODY.encode()!r}
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(BODY))]


async def application(scope, receive, send):
    await send({{"type": "http.response.start", "status": 200, "headers": HEADERS}})
    await send({{"type": "http.response.body", "body": BODY}})
"""

_MODULE = "bench_hello"
# Both of the pair that has a pool of threads.
_THREADS = 8


class UnderFectld(Server):
    """A service of one worker with one socket."""

    name = "fectld"

    def worker(self) -> list[str]:
        raise NotImplementedError

    def socket(self) -> dict[str, object]:
        return {}

    def application(self) -> str:
        return ""

    def prepare(self) -> None:
        (self.folder / f"{_MODULE}.py").write_text(self.application(), encoding="utf-8")
        path = f"PYTHONPATH={self.programs / 'python/site'}:{self.folder}"
        service = {"name": "web", "num": 1, "command": self.worker(), "environ": [path]}
        http = {"name": "http", "host": "127.0.0.1", "port": self.port, "service": ["web"], **self.socket()}
        config = self.folder / "fectld.toml"
        config.write_text(
            toml_section("[master]", {"sock": str(self.folder / "sock")})
            + toml_section("[[socket]]", http)
            + toml_section("[[service]]", service),
            encoding="utf-8",
        )
        config.chmod(0o644)

    def command(self) -> list[str]:
        return [str(self.programs / "master/fectld"), "-c", str(self.folder / "fectld.toml")]


class AiohttpWorker(UnderFectld):
    def worker(self) -> list[str]:
        return [_PYTHON, "-m", "fectl_worker", "asyncio"]

    def socket(self) -> dict[str, object]:
        return {"app": "aiohttp", "arguments": [f"app={_MODULE}:make_app"]}

    def application(self) -> str:
        return _AIOHTTP_APPLICATION


class RunApp(Server):
    """aiohttp's own `web.run_app`."""

    name = "web.run_app"

    @classmethod
    def installed(cls) -> bool:
        return importlib.util.find_spec("aiohttp") is not None

    def prepare(self) -> None:
        (self.folder / f"{_MODULE}.py").write_text(_AIOHTTP_APPLICATION, encoding="utf-8")

    def command(self) -> list[str]:
        return [_PYTHON, str(self.folder / f"{_MODULE}.py"), str(self.port)]


class GeventWorker(UnderFectld):
    def worker(self) -> list[str]:
        return [_PYTHON, "-m", "fectl_worker", "gevent"]

    def socket(self) -> dict[str, object]:
        return {"app": "wsgi", "arguments": [f"app={_MODULE}:application"]}

    def application(self) -> str:
        return _WSGI_APPLICATION


class GunicornGevent(Server):
    """gunicorn's gevent worker."""

    name = "gunicorn gevent"
    program = "gunicorn"
    kind: tuple[str, ...] = ("gevent",)

    def prepare(self) -> None:
        (self.folder / f"{_MODULE}.py").write_text(_WSGI_APPLICATION, encoding="utf-8")

    def command(self) -> list[str]:
        worker = ["--worker-class", *self.kind, "--workers", "1", "--keep-alive", "75"]
        place = ["--chdir", str(self.folder), "--bind", f"127.0.0.1:{self.port}"]
        return [shutil.which("gunicorn") or "", *worker, *place, f"{_MODULE}:application"]


class AsgiWorker(UnderFectld):
    def worker(self) -> list[str]:
        return [_PYTHON, "-m", "fectl_worker", "asyncio", "--loop", "uvloop"]

    def socket(self) -> dict[str, object]:
        return {"app": "asgi", "arguments": [f"app={_MODULE}:application", "http=httptools", "lifespan=off"]}

    def application(self) -> str:
        return _ASGI_APPLICATION


class UvicornAlone(Server):
    """uvicorn as a developer starts it, with the same loop and the same reader of HTTP."""

    name = "uvicorn"

    @classmethod
    def installed(cls) -> bool:
        return all(importlib.util.find_spec(name) is not None for name in ("uvicorn", "uvloop", "httptools"))

    def prepare(self) -> None:
        (self.folder / f"{_MODULE}.py").write_text(_ASGI_APPLICATION, encoding="utf-8")

    def command(self) -> list[str]:
        kind = ["--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--interface", "asgi3"]
        place = ["--app-dir", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        quiet = ["--no-access-log", "--timeout-keep-alive", "75"]
        return [_PYTHON, "-m", "uvicorn", *kind, *place, *quiet, f"{_MODULE}:application"]


class ThreadsWorker(UnderFectld):
    def worker(self) -> list[str]:
        return [_PYTHON, "-m", "fectl_worker", "asyncio", "--loop", "uvloop"]

    def socket(self) -> dict[str, object]:
        return {"app": "wsgi", "arguments": [f"app={_MODULE}:application", f"threads={_THREADS}"]}

    def application(self) -> str:
        return _WSGI_APPLICATION


class GunicornThreads(GunicornGevent):
    """gunicorn's threaded worker."""

    name = "gunicorn gthread"
    kind = ("gthread", "--threads", str(_THREADS))


class CppWorker(UnderFectld):
    def worker(self) -> list[str]:
        return [str(self.programs / "testdata/demo/hello_cpp")]


class BareEpoll(Server):
    """A server in C that does the least: accept, read, write."""

    name = "bare epoll"

    def prepare(self) -> None:
        pass

    def command(self) -> list[str]:
        return [str(self.programs / "tools/bench/bare_server"), str(self.port), BODY]


@dataclasses.dataclass(frozen=True)
class Pair:
    """A worker of ours and its peer, and what is promised of the rate and of the processor time per request."""

    name: str
    ours: type[UnderFectld]
    peer: type[Server]
    # Ours over the peer's.
    rate_min: float = 0.97
    # Likewise; the second one on a single connection, where each request wakes two threads whatever the server does.
    cpu_max: float = 1 / 0.97
    cpu_max_single: float | None = None

    @property
    def both(self) -> tuple[type[Server], type[Server]]:
        return (self.ours, self.peer)


PAIRS = [
    Pair("aiohttp", AiohttpWorker, RunApp),
    Pair("gevent", GeventWorker, GunicornGevent),
    Pair("ASGI", AsgiWorker, UvicornAlone, rate_min=1.0, cpu_max=1.03),
    Pair("threaded WSGI", ThreadsWorker, GunicornThreads, rate_min=1.0, cpu_max=0.6, cpu_max_single=1.0),
    Pair("C++", CppWorker, BareEpoll),
]
