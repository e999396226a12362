"""The applications that the tests put under load: without our libraries, with worker_sdk, with aiohttp."""

import re
from typing import Any

from testdata.e2e.harness import Master, Place, built, tcp

KINDS = ("plain", "cpp", "aiohttp")


def python_environment(*folders: Any) -> list[str]:
    """For the `environ` of a service whose command is `/usr/bin/python3 -m fectl_worker …`."""
    path = [built("python/site"), built("testdata/demo"), *folders]
    return ["PYTHONPATH=" + ":".join(str(folder) for folder in path)]


def configured(found: Place, kind: str, port: int, app: str = "hello_aiohttp:make_app", **values: Any) -> str:
    """The sections of the service `web` and of its socket."""
    if kind == "aiohttp":
        values = {"environ": python_environment(found.directory), **values}
        return (tcp("http", port, service=["web"], app="aiohttp", arguments=[f"app={app}"]) +
                found.service("web", "/usr/bin/python3 -m fectl_worker asyncio", **values))
    command = {
        "plain": lambda: found.guest("steady"),
        "cpp": lambda: str(built("testdata/demo/hello_cpp")),
        "asio": lambda: str(built("worker_sdk/examples/asio_hello")),
        "asio_threads": lambda: str(built("worker_sdk/examples/asio_threads")),
        "perl": lambda: f"/usr/bin/perl {found.guest('http_worker.pl')}",
    }[kind]()
    return tcp("http", port, service=["web"]) + found.service("web", command, **values)


def serve(found: Place, kind: str, port: int, num: int = 2, **values: Any) -> Master:
    """A master whose service `web` runs."""
    master = found.start(configured(found, kind, port, num=num, **values))
    master.wait_running("web", num)
    return master


def pid_in(body: str) -> int:
    """The pid of the worker that gave this answer."""
    match = re.match(r"(\d+) ", body) or re.search(r"pid (\d+)", body)
    assert match is not None, body
    return int(match[1])


SLOW_AIOHTTP_APP = '''
import asyncio
import os

from aiohttp import web


async def slow(request):
    open("entered", "w").close()
    while not os.path.exists("release"):
        await asyncio.sleep(0.01)
    return web.Response(text=f"pid {os.getpid()}")


def make_app():
    app = web.Application()
    app.router.add_get("/slow", slow)
    return app
'''
