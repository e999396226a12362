"""`fectl serve` and `fectl watch` as somebody at a terminal uses them."""

import os
import re
import signal
import subprocess
from typing import Any, Optional

from testdata.e2e.harness import Place
from testdata.e2e.http_requests import HttpRequest
from testdata.e2e.processes import DEADLINE_SECONDS, wait_until

# By kind: an application whose answer to / is ANSWER, and which has /slow as Place.slow_request() wants it.
APPLICATIONS = {
    "aiohttp": '''
import asyncio, os
from aiohttp import web

async def hello(request):
    return web.Response(text=ANSWER)

async def slow(request):
    open("entered", "w").close()
    while not os.path.exists("release"):
        await asyncio.sleep(0.01)
    return web.Response(text="slow")

app = web.Application()
app.router.add_get("/", hello)
app.router.add_get("/slow", slow)
''',
    "asgi": '''
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    text = ANSWER
    if scope["path"] == "/slow":
        open("entered", "w").close()
        while not os.path.exists("release"):
            await asyncio.sleep(0.01)
        text = "slow"
    body = text.encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
''',
    "wsgi": '''
import os, time

def app(environ, start_response):
    text = ANSWER
    if environ["PATH_INFO"] == "/slow":
        open("entered", "w").close()
        while not os.path.exists("release"):
            time.sleep(0.01)
        text = "slow"
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text.encode()]
''',
}


def application(kind: str, answer: str) -> str:
    return f"ANSWER = {answer!r}\n" + APPLICATIONS[kind]


class Foreground:
    """One fectl that goes on until it is ended, as the leader of a process group, as a shell starts it."""

    def __init__(self, place: Place, *arguments: str, environment: Optional[dict[str, str]] = None,
                 **popen: Any) -> None:
        self._out = place.directory / "fectl.out"
        self._err = place.directory / "fectl.err"
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self.process = subprocess.Popen(
                [*place.wrapper, str(place.fectl_program), *arguments], stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, process_group=0, **{"cwd": place.directory, **popen},
                env={**place.environment, "TMPDIR": str(place.directory), **(environment or {})})

    def out(self) -> str:
        return self._out.read_text(encoding="utf-8", errors="replace")

    def err(self) -> str:
        return self._err.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> "Foreground":
        return self

    def __exit__(self, *unused: object) -> None:
        print(f"--- fectl {self.process.args} said ---\n{self.out()}--- and on standard error ---\n{self.err()}")
        if self.process.poll() is None:
            self.ctrl_c()
            self.ctrl_c()
            self.process.wait(DEADLINE_SECONDS)

    def ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def wait_exit(self) -> int:
        wait_until(lambda: self.process.poll() is not None, "fectl ends")
        return self.process.returncode

    def wait_said(self, words: str, times: int = 1) -> str:
        """Until standard error has the words so often; all of it."""

        def said() -> bool:
            assert self.err().count(words) >= times or self.process.poll() is None, self.err()
            return self.err().count(words) >= times

        wait_until(said, f"fectl says {words!r}")
        return self.err()

    def port(self) -> int:
        """Of what it serves, once it has said so."""

        def announced() -> Optional[re.Match[str]]:
            found = re.search(r"\nServing http://127\.0\.0\.1:(\d+) ", self.out())
            assert found or self.process.poll() is None, self.out() + self.err()
            return found

        return int(wait_until(announced, "fectl says that it serves")[1])  # type: ignore[index]

    def sock(self) -> str:
        found = re.search(r"fectl -m (\S+) status", self.out())
        assert found is not None, self.out()
        return found[1]


def answer(port: int) -> str:
    with HttpRequest(port) as request:
        return request.body()
