"""What the guide (README.md) shows runs as it is printed: its tutorial step by step, and the rest piece by piece."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fectl_worker.testing import FakeMaster
from python.tests.support import Client, environment
from testdata.e2e.conftest import place  # noqa: F401
from testdata.e2e.harness import Master, Place, built
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import wait_until
from testdata.e2e.serving import Foreground, answer

_GUIDE = (Path(__file__).absolute().parent.parent / "README.md").read_text(encoding="utf-8")
_PYTHON = re.findall(r"```python\n(.*?)```", _GUIDE, re.DOTALL)
_TOML = re.findall(r"```toml\n(.*?)```", _GUIDE, re.DOTALL)
_SITE = "PYTHONPATH=/path/to/bazel-bin/python/site"


#: Those that a test asked for.
_used: set[str] = set()


def shown(mark: str, among: list[str]) -> str:
    (found,) = [text for text in among if mark in text]
    _used.add(found)
    return found


def as_of_guide(found: Place, mark: str, port: int) -> Master:
    """A master with a configuration that the guide shows, but for the port and the places of files."""
    configuration = shown(mark, _TOML)
    assert _SITE in configuration and "port = 8080" in configuration
    configuration = configuration.replace(_SITE, f"PYTHONPATH={built('python/site')}")
    configuration = configuration.replace("port = 8080", f"port = {port}")
    return found.start(configuration.replace('"/srv/mysite"', f'"{found.directory}/mysite"'))


# --- the tutorial ---

HELLO = shown('{"hello": "world"}', _PYTHON)
BROKEN = shown("no database", _PYTHON)
SPEAKS = shown('"/rebuild"', _PYTHON)


def step_two(found: Place, port: int) -> Master:
    """A master in a folder with hello.py, as step 2 configures it, but for the port and the place of the package."""
    master = as_of_guide(found, "app=hello:app", port)
    master.wait_running("hello", 2)
    return master


def test_steps_one_to_five(place: Place) -> None:  # noqa: F811
    port = free_port()
    place.write("hello.py", HELLO)
    master = step_two(place, port)
    asks = ["curl", "-s", "http://127.0.0.1:8080/".replace("8080", str(port))]
    said = subprocess.run(asks, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == '{"hello":"world"}' and f"$ curl http://127.0.0.1:8080/\n{said}\n$ fectl status hello\n" in _GUIDE
    # With the heartbeats.
    wait_until(lambda: master.fectl_ok("status", "hello").count("http.requests") == 2, "the requests are shown")
    assert master.fectl_ok("status", "hello").count("http.open") == 2

    assert '"world"' in HELLO
    place.write("hello.py", HELLO.replace('"world"', '"moon"'))
    master.fectl_ok("reload", "hello")
    assert http_get(port) == '{"hello":"moon"}'

    place.write("hello.py", BROKEN)
    serving = master.pids("hello")
    done = master.fectl("reload", "hello")
    told = "socket http: lifespan startup failed: RuntimeError: no database"
    assert f"`{told}`" in _GUIDE
    assert done.returncode == 1 and told in done.stderr, done
    assert master.pids("hello") == serving and http_get(port) == '{"hello":"moon"}'


def test_step_six(place: Place) -> None:  # noqa: F811
    port = free_port()
    place.write("hello.py", f"{HELLO}\n\nasync def build():\n    return 4711\n\n\n{SPEAKS}")
    master = step_two(place, port)
    assert Client(("127.0.0.1", port)).get("/rebuild", method="POST").status == 200
    wait_until(lambda: "4711" in master.fectl_ok("status", "hello"), "the gauge is shown")
    assert "index rebuilt" in master.fectl_ok("status", "hello")


def test_step_seven(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO, encoding="utf-8")
    (tmp_path / "test_hello.py").write_text(shown("def test_hello", _PYTHON), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_hello.py"]
    variables = {**os.environ, **environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout


def test_on_your_laptop(place: Place) -> None:  # noqa: F811
    assert "\n$ fectl serve hello:app\n" in _GUIDE
    place.write("hello.py", HELLO)
    with Foreground(place, "serve", "hello:app", "--port=0") as served:
        assert answer(served.port()) == '{"hello":"world"}'
        served.ctrl_c()
        assert served.wait_exit() == 0


# --- the rest ---


def test_flask_as_in_the_guide(place: Place) -> None:  # noqa: F811
    place.write("shop.py", shown("Flask(", _PYTHON))
    port = free_port()
    master = as_of_guide(place, "app=shop:app", port)
    master.wait_running("shop", 2)
    client = Client(("127.0.0.1", port))
    assert client.get().body == b"hello\n"
    assert client.get("/upload", method="POST", body=b"x" * 12).body.strip() == b'{"bytes":12}'
    client.send("/upload", method="POST", headers="Transfer-Encoding: chunked\r\n")
    client.socket.sendall(b"5\r\nhello\r\n0\r\n\r\n")
    assert client.receive().body.strip() == b'{"bytes":5}'
    master.fectl_ok("reload", "shop")


def test_django_as_in_the_guide(place: Place) -> None:  # noqa: F811
    start = "import sys; from django.core.management import execute_from_command_line as run; run(sys.argv)"
    arguments = ["startproject", "mysite"]
    subprocess.run([sys.executable, "-c", start, *arguments], cwd=place.directory, check=True)
    port = free_port()
    master = as_of_guide(place, "app=mysite.wsgi:application", port)
    master.wait_running("mysite", 2)
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def status(method: str, path: str, body: str | None = None) -> int:
        client.request(method, path, body)
        answer = client.getresponse()
        text = answer.read()
        assert path != "/" or b"The install worked successfully" in text
        return answer.status

    assert status("GET", "/") == 200
    assert status("GET", "/no-such-page") == 404
    # Django's own check that a form is of this site.
    assert status("POST", "/admin/login/", "username=x") == 403
    client.close()
    master.fectl_ok("reload", "mysite")
    wait_until(lambda: '"GET /no-such-page HTTP/1.1" 404' in master.log(), "the access log")


def test_celery(place: Place) -> None:  # noqa: F811
    pytest.importorskip("celery")
    for folder in ("shop", "spool"):
        (place.directory / folder).mkdir()
    place.write("shop/__init__.py", "")
    spool = {f"data_folder_{way}": f"{place.directory}/spool" for way in ("in", "out")}
    options = {**spool, "control_folder": f"{place.directory}/spool"}
    text = "import celery\n\napp = celery.Celery('shop', broker='filesystem://')\napp.conf.broker_transport_options = "
    place.write("shop/celery.py", f"{text}{options!r}\n")
    configuration = shown("shop.celery:app", _TOML)
    assert _SITE in configuration
    master = place.start(configuration.replace(_SITE, f"PYTHONPATH={built('python/site')}"))
    master.wait_running("jobs", 2)
    wait_until(lambda: master.fectl_ok("status", "jobs").count("tasks.total") == 2, "the gauges are shown")


def test_a_name_for_prometheus_is_in_the_application_of_its_test() -> None:
    here = Path(__file__).absolute().parent / "apps/counted.py"
    lines = here.read_text(encoding="utf-8").splitlines()
    snippet = shown("MultiProcessValue", _PYTHON)
    assert "from prometheus_client import multiprocess, values" in snippet
    for line in snippet.splitlines():
        assert line.startswith("from prometheus_client import") or line in lines, line


def test_long_work(tmp_path: Path) -> None:
    program = tmp_path / "worker.py"
    program.write_text("import fectl_worker\n"
                       "worker = fectl_worker.Worker.from_environment()\n"
                       "def load_model(): pass\n" + shown("worker.lease", _PYTHON), encoding="utf-8")
    with FakeMaster([sys.executable, str(program)], environment=environment()) as master:
        assert master.expect("lease") == {"seconds": 60, "why": "model load", "progress": 0}
        assert master.expect("lease")["seconds"] == 0
        assert master.wait() == 0


def test_a_worker_of_your_own(tmp_path: Path) -> None:
    snippet = shown("Worker.from_environment()", _PYTHON)
    (tmp_path / "own.py").write_text(f"import fectl_worker\n\n{snippet}\nworker.run()\n", encoding="utf-8")
    with FakeMaster([sys.executable, str(tmp_path / "own.py")], environment=environment()) as master:
        master.expect("loaded")
        master.send("start")
        master.stop()
        assert master.wait() == 0


def test_arq_compiles() -> None:
    """Debian has no arq."""
    compile(shown("class Jobs", _PYTHON), "arq_jobs.py", "exec")


@pytest.mark.parametrize("text", _TOML)
def test_every_configuration_is_valid(place: Place, text: str) -> None:  # noqa: F811
    path = place.write("shown.toml", text.replace('"/srv/mysite"', f'"{place.directory}"'))
    done = subprocess.run([place.fectld, "--check", "-c", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done


def test_nothing_is_shown_that_no_test_runs() -> None:
    """A new piece needs a test. (To be run with the others: they say which pieces they use.)"""
    assert [text for text in (*_PYTHON, *_TOML) if text not in _used] == []
