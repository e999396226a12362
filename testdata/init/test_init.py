"""`fectl init`: from a folder with an application to a configuration that serves it."""

import json
import pathlib
import shutil
import socket
import subprocess
from typing import Optional

import pytest

from testdata.e2e.harness import Place, built
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import wait_until
from testdata.e2e.serving import answer, application

# What the file says, and what init calls it. Each answers "hello".
_APPLICATIONS = {
    "fastapi": ("main.py", '''from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/", response_class=PlainTextResponse)
def hello():
    return "hello"
''', "the FastAPI application (ASGI) main:app in main.py"),
    "starlette": ("src/shop/web.py", '''from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

site = Starlette(routes=[Route("/", lambda request: PlainTextResponse("hello"))])
''', "the Starlette application (ASGI) shop.web:site in src/shop/web.py"),
    "flask": ("shop/__init__.py", '''from flask import Flask


def create_app():
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "hello")
    return app
''', "the WSGI application shop:create_app in shop/__init__.py"),
    "aiohttp": ("app.py", application("aiohttp", "hello"), "the aiohttp application app:app in app.py"),
    "asgi": ("server.py", application("asgi", "hello"), "the ASGI application server:app in server.py"),
    "wsgi": ("web.py", application("wsgi", "hello"), "the WSGI application web:app in web.py"),
    "django": ("shop/wsgi.py", '''from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("hello", headers={"Content-Length": "5"}))]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")

application = get_wsgi_application()
''', "the Django application (WSGI) shop.wsgi:application in shop/wsgi.py"),
}


def _write(place: Place, name: str, text: str) -> None:
    (place.directory / name).parent.mkdir(parents=True, exist_ok=True)
    place.write(name, text)


def _init(place: Place, *arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
    done = place.fectl("init", *arguments)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def _serves(place: Place, port: Optional[int]) -> None:
    """What is written is right as it stands, and is a service."""
    checked = subprocess.run([place.fectld, "--check", "--strict"], cwd=place.directory, env=place.environment,
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    config = (place.directory / "fectld.toml").read_text(encoding="utf-8")
    master = place.start(config)
    master.wait_running("web")
    if port is not None:
        assert answer(port) == "hello"


@pytest.mark.parametrize("kind", list(_APPLICATIONS))
def test_an_application_is_found_and_served(place: Place, kind: str) -> None:
    file, text, found = _APPLICATIONS[kind]
    _write(place, file, text)
    _write(place, "tests/main.py", "from fastapi import FastAPI\napp = FastAPI()\n")
    port = free_port()
    said = _init(place, "--port", str(port)).stdout
    assert said.startswith(f"Found {found}, run by /usr/bin/python3.\nWrote fectld.toml: service web, 1 worker, "
                           f"http on 127.0.0.1:{port}.\nNext: "), said
    assert "then, in another terminal: fectl status" in said
    _serves(place, port)


def test_a_virtual_environment_is_used_and_can_be_moved(place: Place) -> None:
    _write(place, "main.py", application("asgi", "hello"))
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", "--system-site-packages",
                    place.directory / ".venv"], check=True)
    port = free_port()
    assert "run by .venv/bin/python3." in _init(place, "--port", str(port)).stdout
    assert '\ncommand = [".venv/bin/python3", "-m",' in (place.directory / "fectld.toml").read_text(encoding="utf-8")
    _serves(place, port)


def test_a_worker_program_is_found_with_its_sockets(place: Place) -> None:
    _write(place, "hello.cc", 'server.Listen((*worker)->FindSocket("http")->fd);\n')
    done = _init(place, code=1)
    assert "no program of theirs is built yet" in done.stderr
    (place.directory / "build").mkdir()
    shutil.copy(built("testdata/demo/hello_cpp"), place.directory / "build/hello")
    port = free_port()
    said = _init(place, "--port", str(port)).stdout
    assert said.startswith("Found the worker program ./build/hello.\nWrote fectld.toml: service web, 1 worker, http ")
    config = (place.directory / "fectld.toml").read_text(encoding="utf-8")
    assert 'command = ["./build/hello"]\n' in config and "\nready" not in config
    _serves(place, None)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_another_program_is_run_by_fectl_run(place: Place) -> None:
    path = place.write("tick.sh", "#!/bin/sh\nexec sleep 1000\n")
    pathlib.Path(path).chmod(0o755)
    assert _init(place).stdout.startswith("Found the program ./tick.sh.\nWrote fectld.toml: service web, 1 worker.\n")
    _serves(place, None)


def test_what_is_named_is_taken(place: Place) -> None:
    _write(place, "main.py", application("asgi", "main"))
    _write(place, "shop/other.py", application("wsgi", "hello"))
    said = _init(place).stdout
    assert "Also here: shop.other:app; fectl init NAME takes one of them instead.\n" in said
    port = free_port()
    _init(place, "--force", "--port", str(port), "shop.other:app", "threads=3")
    config = (place.directory / "fectld.toml").read_text(encoding="utf-8")
    assert 'app = "wsgi"\narguments = ["app=shop.other:app", "threads=3"]\n' in config
    _serves(place, port)
    done = _init(place, "--print", "sleep", "--", "--", "1000")
    assert 'command = ["/usr/bin/sleep", "--", "1000"]\nready =' in "\n".join(
        line for line in done.stdout.splitlines() if not line.startswith("#"))


def test_a_file_that_is_there_stays(place: Place) -> None:
    _write(place, "main.py", application("asgi", "hello"))
    place.write("fectld.toml", "# mine\n")
    done = _init(place, code=1)
    assert done.stderr == ("fectl: fectld.toml is there already; --force replaces it, and --print only shows what "
                           "would be written\n")
    printed = _init(place, "--print").stdout
    assert (place.directory / "fectld.toml").read_text(encoding="utf-8") == "# mine\n"
    _init(place, "--force")
    assert (place.directory / "fectld.toml").read_text(encoding="utf-8") == printed
    assert (place.directory / "fectld.toml").stat().st_mode & 0o022 == 0


def test_what_cannot_be_found_or_loaded_is_said(place: Place) -> None:
    done = _init(place, code=1)
    assert "neither a Python application nor a program" in done.stderr and "fectl init MODULE:NAME" in done.stderr
    for name in ("one.sh", "two.sh"):
        pathlib.Path(place.write(name, "#!/bin/sh\n")).chmod(0o755)
    assert "several programs here: ./one.sh, ./two.sh; name one" in _init(place, code=1).stderr
    assert "there is no program three in PATH" in _init(place, "three", code=1).stderr
    _write(place, "main.py", "import gone\nfrom fastapi import FastAPI\napp = FastAPI()\n")
    done = _init(place, code=1)
    assert "ModuleNotFoundError: No module named 'gone'" in done.stderr and "main:app cannot be loaded" in done.stderr
    assert not (place.directory / "fectld.toml").exists()


def test_json_says_what_was_found(place: Place) -> None:
    _write(place, "main.py", application("asgi", "hello"))
    done = json.loads(_init(place, "--json").stdout)
    assert done == {"ok": True, "file": "fectld.toml", "others": [],
                    "found": "the ASGI application main:app in main.py, run by /usr/bin/python3"}
    assert json.loads(_init(place, "--json", code=1).stdout)["ok"] is False
    assert _init(place, "--json", "--print", code=2).stdout.startswith('{"ok":false')
