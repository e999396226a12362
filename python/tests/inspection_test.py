"""What kind of application a name stands for, and what is said where it stands for none."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest
from fectl_worker.errors import ConfigError
from fectl_worker.inspection import application_of, kind_of
from python.tests.support import environment


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    pass


def decorated_asgi(scope: Any, receive: Any, send: Any) -> Any:
    return asgi(scope, receive, send)


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pass


class AsgiMiddleware:
    async def __call__(self, *arguments: Any) -> None:
        pass


class AsgiEndpoint:
    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        pass

    def __await__(self) -> Any:
        pass


def wsgi(environ: Any, start_response: Any, more: Any = None) -> Any:
    return []


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any) -> Any:
        return []


class WsgiIterator:
    def __init__(self, environ: Any, start_response: Any) -> None:
        pass

    def __iter__(self) -> Any:
        return iter([])


class TwoThings:
    def __init__(self, one: Any, two: Any) -> None:
        pass


def factory(argv: Optional[list[str]] = None, *, debug: bool = False) -> Any:
    return wsgi


async def async_factory() -> Any:
    return None


async def handler(request: Any) -> Any:
    pass


async def two(one: Any, other: Any) -> Any:
    pass


def anything(*arguments: Any, **more: Any) -> Any:
    pass


def keyword_only(*, name: str) -> Any:
    pass


@pytest.mark.parametrize(("found", "kind"), [
    (asgi, "asgi"),
    (decorated_asgi, "asgi"),
    (AsgiObject(), "asgi"),
    (AsgiObject().__call__, "asgi"),
    (AsgiMiddleware(), "asgi"),
    (AsgiEndpoint, "asgi"),
    (functools.partial(asgi), "asgi"),
    (functools.partial(lambda more, s, r, t: asgi(s, r, t), 1), "asgi"),
    (wsgi, "wsgi"),
    (WsgiObject(), "wsgi"),
    (WsgiIterator, "wsgi"),
    (functools.partial(wsgi, more=1), "wsgi"),
    (factory, "factory"),
    (async_factory, "factory"),
    (WsgiObject, "factory"),
    (handler, None),
    (two, None),
    (TwoThings, None),
    (anything, None),
    (keyword_only, None),
    (lambda one: one, None),
    (lambda a, b, c, d: a, None),
    (dict, None),
    (5, None),
    (None, None),
])
def test_what_is_told_from_the_parameters(found: Any, kind: Optional[str]) -> None:
    assert kind_of(found) == kind


_MODULES = {
    "aiohttp": "from aiohttp import web\napp = web.Application()\n",
    "aiohttp_factory": "from aiohttp import web\ndef app(argv=None):\n    return web.Application()\n",
    "aiohttp_async": "from aiohttp import web\nasync def app():\n    return web.Application()\n",
    "flask": "from flask import Flask\napp = Flask('shop')\n",
    "flask_factory": "from flask import Flask\ndef app(config=None):\n    return Flask('shop')\n",
    "fastapi": "from fastapi import FastAPI\napp = FastAPI()\n",
    "starlette": "from starlette.applications import Starlette\nmake = lambda: Starlette()\napp = make\n",
    "django_wsgi": "from django.conf import settings\nsettings.configure()\n"
                   "from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()\n",
    "django_asgi": "from django.conf import settings\nsettings.configure()\n"
                   "from django.core.asgi import get_asgi_application\napp = get_asgi_application()\n",
    "nested": "class Shop:\n    def app(environ, start_response): pass\napp = Shop\n",
    "prints": "print('on standard output')\nimport os\nos.write(1, b'on descriptor 1')\n"
              "def app(environ, start_response): pass\n",
    "leaves_a_thread": "import threading\nthreading.Thread(target=threading.Event().wait).start()\n"
                       "def app(environ, start_response): pass\n",
}


def _inspect(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "fectl_worker", "inspect", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.mark.parametrize(("module", "answer"), [
    ("aiohttp", "aiohttp app=aiohttp_:app"),
    ("aiohttp_factory", "aiohttp app=aiohttp_factory_:app"),
    ("aiohttp_async", "aiohttp app=aiohttp_async_:app"),
    ("flask", "wsgi app=flask_:app"),
    ("flask_factory", "wsgi factory=flask_factory_:app"),
    ("fastapi", "asgi app=fastapi_:app"),
    ("starlette", "asgi factory=starlette_:app"),
    ("django_wsgi", "wsgi app=django_wsgi_:app"),
    ("django_asgi", "asgi app=django_asgi_:app"),
    ("prints", "wsgi app=prints_:app"),
    ("leaves_a_thread", "wsgi app=leaves_a_thread_:app"),
])
def test_applications_of_the_frameworks(tmp_path: Path, module: str, answer: str) -> None:
    (tmp_path / f"{module}_.py").write_text(_MODULES[module], encoding="utf-8")
    done = _inspect(tmp_path, f"{module}_:app")
    assert (done.returncode, done.stdout) == (0, answer + "\n"), done.stderr


def test_an_attribute_of_an_attribute(tmp_path: Path) -> None:
    (tmp_path / "nested.py").write_text(_MODULES["nested"], encoding="utf-8")
    assert _inspect(tmp_path, "nested:app.app").stdout == "wsgi app=nested:app.app\n"


def test_the_user_may_say_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("def app(*arguments): pass\ndef make(): return app\n", encoding="utf-8")
    assert _inspect(tmp_path, "shop:app").returncode == 3
    assert _inspect(tmp_path, "--kind", "wsgi", "shop:app").stdout == "wsgi app=shop:app\n"
    assert _inspect(tmp_path, "--kind", "asgi", "shop:make").stdout == "asgi factory=shop:make\n"


@pytest.mark.parametrize(("text", "name", "sentence", "traced"), [
    ("", "other:app", 'there is no module "other" in {folder} and the other folders of {python}', False),
    ("", "shop.web:app", 'there is no module "shop.web" in {folder} and the other folders of {python}', False),
    ("import no_such_module\n", "shop:app", "\"shop:app\" cannot be loaded: ModuleNotFoundError: No module named "
     "'no_such_module'", True),
    ("def app(:\n", "shop:app", '"shop:app" cannot be loaded: SyntaxError: ', True),
    ("1 / 0\n", "shop:app", '"shop:app" cannot be loaded: ZeroDivisionError: division by zero', True),
    ("import sys\nsys.exit(3)\n", "shop:app", '"shop:app" cannot be loaded: SystemExit: 3', True),
    ("def apq(e, s): pass\n", "shop:app", '"shop:app": module shop has no "app" (did you mean "apq"?)', False),
    ("app = 5\n", "shop:app", '"shop:app" is of type int: neither an ASGI application (takes scope,', False),
    ("async def app(request): pass\n", "shop:app", '"shop:app" is a function with the parameters (request): neither',
     False),
    ("def app(): return 5\n", "shop:app",
     '"shop:app" was called, as it takes no arguments; what it made is of type int:', False),
    ("def app(): return lambda: 5\n", "shop:app", "what it made is a function with the parameters (): neither", False),
    ("async def app():\n    def shop(environ, start_response): pass\n    return shop\n", "shop:app",
     '"shop:app" is a coroutine function that makes a WSGI application; the worker calls it without an event loop',
     False),
    ("def app(): raise OSError('no database')\n", "shop:app", '"shop:app" cannot be loaded: OSError: no database',
     True),
])
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, name: str, sentence: str, traced: bool) -> None:
    (tmp_path / "shop.py").write_text(text, encoding="utf-8")
    done = _inspect(tmp_path, name)
    assert (done.returncode, done.stdout) == (3, "")
    *trace, last = done.stderr.splitlines()
    assert last.startswith("fectl_worker: ")
    assert sentence.format(folder=tmp_path, python=sys.executable) in last
    assert bool(trace) == traced, done.stderr
    assert "importlib" not in done.stderr and "inspection.py" not in done.stderr


def test_the_traceback_shows_the_line(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("import stock\n", encoding="utf-8")
    (tmp_path / "stock.py").write_text("count = 5\nshelves = count / 0\n", encoding="utf-8")
    told = _inspect(tmp_path, "shop:app").stderr
    assert 'stock.py", line 2' in told and "shelves = count / 0" in told and 'shop.py", line 1' in told


def test_a_name_of_another_form() -> None:
    with pytest.raises(ConfigError, match='"shop" is not of the form "module:name"'):
        application_of("shop")
