"""A service `web` in four kinds, and versions of it that prove bad."""

import json
import pathlib
from typing import Any

from testdata.e2e.applications import python_environment
from testdata.e2e.harness import Master, Place, built, tcp

KINDS = ("cpp", "aiohttp", "asgi", "wsgi")

# What a version does is in its environment: after CRASH_AFTER seconds it aborts; it allocates LEAK MiB when it starts.
_APPLICATIONS = """
import os, threading
from aiohttp import web

BALLAST = bytearray(int(os.environ.get("LEAK", "0")) << 20)
if "CRASH_AFTER" in os.environ:
    crash = threading.Timer(float(os.environ["CRASH_AFTER"]), os.abort)
    crash.daemon = True
    crash.start()


def make_app():
    async def hello(request):
        return web.Response(text=f"version {os.environ['VERSION']} pid {os.getpid()}\\n")

    application = web.Application()
    application.router.add_get("/", hello)
    return application


async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    body = f"version {os.environ['VERSION']} pid {os.getpid()}\\n".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ, start_response):
    body = f"version {os.environ['VERSION']} pid {os.getpid()}\\n".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


def _section(name: str, values: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{json.dumps(key)} = {one}" for key, one in value.items()) + " }"
        return json.dumps(value)

    return "\n".join([f"[service.{name}]", *(f"{key} = {text(value)}" for key, value in values.items()), ""])


class Deploys:
    """A master whose service `web` gets one version after another."""

    def __init__(self, place: Place, kind: str, port: int, num: int, rollout: dict[str, Any],
                 recycle: dict[str, Any] | None = None, **values: Any) -> None:
        self.place = place
        self.kind = kind
        self.port = port
        self.num = num
        self.sections = _section("rollout", rollout) + _section("recycle", recycle or {})
        self.values = values
        place.write("deployed.py", _APPLICATIONS)
        self.master: Master = place.start(self._config(VERSION="1"))
        self.master.wait_running("web", num)

    def _config(self, **variables: str) -> str:
        environ = [f"{name}={value}" for name, value in variables.items()]
        if self.kind == "cpp":
            program = str(built("testdata/demo/hello_cpp"))
            crash = variables.get("CRASH_AFTER")
            command = [program] if crash is None else [
                "/usr/bin/timeout", "--foreground", "--preserve-status", "-s", "ABRT", crash, program]
            return (tcp("http", self.port, service=["web"]) +
                    self.place.service("web", command, num=self.num, environ=environ, **self.values) + self.sections)
        name = {"aiohttp": "make_app", "asgi": "asgi", "wsgi": "wsgi"}[self.kind]
        environ += python_environment(self.place.directory)
        return (tcp("http", self.port, service=["web"], app=self.kind, arguments=[f"app=deployed:{name}"]) +
                self.place.service("web", "/usr/bin/python3 -m fectl_worker asyncio", num=self.num, environ=environ,
                                   **self.values) + self.sections)

    def configure(self, **variables: str) -> None:
        """Writes the configuration of another version."""
        head = '[master]\nsock = "fectld.sock"\npid = "fectld.pid"\n\n'
        path = pathlib.Path(self.place.directory) / "fectld.toml"
        self.place.write("fectld.toml.new", head + self._config(**variables))
        (path.parent / "fectld.toml.new").replace(path)

    def deploy(self, **variables: str) -> Any:
        """Applies another version, and waits for what becomes of it."""
        self.configure(**variables)
        return self.master.fectl("apply", "--wait")

    def rollout(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.master.fectl_ok("--json", "rollout", "status", "web"))
        return told

    def pids(self) -> list[int]:
        return self.master.pids("web")
