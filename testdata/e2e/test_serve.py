"""`fectl serve`: one command from an application to a service, and from Ctrl-C to nothing."""

import json
import os
import pty
import signal
import socket

import pytest

from testdata.e2e.harness import Place
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import command_line, descendants, wait_until
from testdata.e2e.serving import APPLICATIONS, Foreground, answer, application

_KINDS = list(APPLICATIONS)


def _nothing_is_left(place: Place) -> None:
    wait_until(lambda: not descendants(), "no process is left")
    assert not list(place.directory.glob("fectl-serve-*"))


def _serve(place: Place, *arguments: str, **options: object) -> Foreground:
    return Foreground(place, "serve", "shop:app", "--port=0", *arguments, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", _KINDS)
def test_serves_until_ctrl_c(place: Place, kind: str) -> None:
    place.write("shop.py", application(kind, "hello"))
    with _serve(place, "--workers=2") as served:
        assert answer(served.port()) == "hello"
        status = json.loads(place.fectl("-m", served.sock(), "status", "--json").stdout)["services"]
        assert [(s["name"], s["state"], s["ready"]) for s in status] == [("web", "running", 2)]
        wait_until(lambda: "GET / HTTP/1.1" in served.out(), "the access log is on the terminal")
        served.ctrl_c()
        assert served.wait_exit() == 0
        _nothing_is_left(place)


@pytest.mark.parametrize("kind", _KINDS)
def test_an_edit_is_served_and_a_broken_one_is_not(place: Place, kind: str) -> None:
    place.write("shop.py", application(kind, "one"))
    with _serve(place, "--watch") as served:
        port = served.port()
        assert answer(port) == "one"
        place.write("shop.py", application(kind, "two"))
        wait_until(lambda: answer(port) == "two", "the edit is served")
        served.wait_said("fectl: shop.py changed\n")
        wait_until(lambda: "web: reloaded (1 worker" in served.out(), "the reload is over")

        place.write("shop.py", application(kind, "three") + "tills = {}\ntills['first']\n")
        told = served.wait_said("fectl: the next change is tried again")
        # What a worker writes comes another way than what fectld says, and may come later.
        wait_until(lambda: "tills['first']" in served.err(), "the traceback")
        assert "Traceback (most recent call last)" in served.err()
        assert "fectl: web: reload failed: worker(1) configuration error: socket http: KeyError: 'first'" in told
        assert answer(port) == "two"

        place.write("shop.py", "def app(:\n")
        served.wait_said("fectl: the next change is tried again", 2)
        wait_until(lambda: "SyntaxError" in served.err(), "the error")
        assert answer(port) == "two"

        # As many editors do it.
        place.write("shop.py~", application(kind, "four"))
        (place.directory / "shop.py~").replace(place.directory / "shop.py")
        wait_until(lambda: answer(port) == "four", "the repaired one is served")
        served.ctrl_c()
        assert served.wait_exit() == 0
        _nothing_is_left(place)


def test_a_new_folder_is_seen(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "one"))
    with _serve(place, "--watch") as served:
        port = served.port()
        (place.directory / "stock").mkdir()
        place.write("stock/shelf.py", "COUNT = 'five'\n")
        place.write("shop.py", application("aiohttp", "") + "import stock.shelf\nANSWER = stock.shelf.COUNT\n")
        wait_until(lambda: answer(port) == "five", "the first module of the new folder is served")
        place.write("stock/shelf.py", "COUNT = 'six'\n")
        wait_until(lambda: answer(port) == "six", "so is its change")


def test_ctrl_c_at_a_terminal(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place.directory)
        os.execve(place.fectl_program, ["fectl", "serve", "--port=0", "shop:app"],
                  {**place.environment, "TMPDIR": str(place.directory), "TERM": "xterm"})
    shown = b""
    while b"Ctrl-C ends it" not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, b"\x03")
    try:
        while part := os.read(terminal, 4096):
            shown += part
    except OSError:  # EIO: the last writer has closed it
        pass
    os.close(terminal)
    print(shown.decode(errors="replace"))
    assert os.waitpid(pid, 0)[1] == 0
    assert b"fectl: open requests are finished first; Ctrl-C again ends at once" in shown
    assert b"got SIGTERM: every service is to stop" in shown
    _nothing_is_left(place)


@pytest.mark.parametrize("kind", _KINDS)
def test_ctrl_c_lets_a_request_finish(place: Place, kind: str) -> None:
    place.write("shop.py", application(kind, "hello"))
    with _serve(place) as served:
        with place.slow_request(served.port()) as request:
            served.ctrl_c()
            served.wait_said("got SIGTERM")
            place.write("release", "")
            assert request.body() == "slow"
        assert served.wait_exit() == 0


@pytest.mark.parametrize("kind", _KINDS)
def test_a_second_ctrl_c_ends_at_once(place: Place, kind: str) -> None:
    place.write("shop.py", application(kind, "hello"))
    with _serve(place) as served:
        with place.slow_request(served.port()):
            served.ctrl_c()
            served.wait_said("got SIGTERM")
            served.ctrl_c()
            # The first one alone would end it too, after the time that the request has.
            served.wait_said("got SIGINT: every service is to stop")
            assert served.wait_exit() == 0
    _nothing_is_left(place)


@pytest.mark.parametrize("name,text", [
    ("asgi", "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\nasync def hello(): return 5\n"),
    ("wsgi", "from flask import Flask\ndef app():\n    made = Flask('shop')\n"
             "    made.add_url_rule('/', view_func=lambda: '5')\n    return made\n"),
])
def test_frameworks_and_factories(place: Place, name: str, text: str) -> None:
    place.write("shop.py", text)
    with _serve(place, *(["--threads=2"] if name == "wsgi" else [])) as served:
        assert answer(served.port()) == "5"
        assert f'app = "{name}"' in served.out() and f"({name.upper()}, 1 worker)" in served.out()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_as_well(place: Place, number: int) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    with _serve(place) as served:
        served.port()
        served.process.send_signal(number)
        assert served.wait_exit() == 0
    _nothing_is_left(place)


def test_nothing_outlives_a_fectl_that_is_killed(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    with _serve(place) as served:
        served.port()
        served.process.kill()
        served.wait_exit()
    wait_until(lambda: not descendants(), "fectld and its worker have ended")


def test_a_signal_before_it_serves(place: Place) -> None:
    place.write("shop.py", "import os, time\nif 'FECTL_PROC_IDX' in os.environ or os.path.exists('inspected'):\n"
                           "    open('loading', 'w').close()\n    while True: time.sleep(0.01)\n"
                           "open('inspected', 'w').close()\n" + application("aiohttp", "hello"))
    with _serve(place, "--watch") as served:
        wait_until((place.directory / "loading").exists, "a worker loads")
        served.ctrl_c()
        served.ctrl_c()
        assert served.wait_exit() == 0
    _nothing_is_left(place)


def test_quit_from_another_terminal_ends_it(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    with _serve(place, "--sock=here.sock") as served:
        served.port()
        assert served.sock() == str(place.directory / "here.sock")
        assert place.fectl("-m", "here.sock", "quit").returncode == 0
        assert served.wait_exit() == 0
    _nothing_is_left(place)


def test_what_it_prints_is_the_same_service(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    port = free_port()
    done = place.fectl("serve", "--print", f"--port={port}", "--workers=2", "shop:app", "keepalive=5",
                       environment={"TILL_SECRET": "swordfish"})
    assert done.returncode == 0 and done.stderr == "", done
    assert '"TILL_SECRET"' in done.stdout and "swordfish" not in done.stdout
    assert 'arguments = ["app=shop:app", "keepalive=5", "access_log=-"]' in done.stdout
    environment = {**place.environment, "TILL_SECRET": "swordfish"}
    for name in ("--check", "--strict"):
        assert name not in done.stdout
    place.write("printed.toml", done.stdout)
    checked = place.launch(done.stdout, arguments=["--check", "--strict"], environment=environment, log="check.log")
    assert checked.wait_exit() == 0, checked.log()
    assert "valid\n" in checked.log()
    # Nothing was started by the printing: the port is free for the real one.
    master = place.start(done.stdout, environment=environment)
    master.wait_running("web", 2)
    assert answer(port) == "hello"


def test_the_callers_environment_reaches_the_application(place: Place) -> None:
    text = application("aiohttp", "") + "ANSWER = ' '.join(os.environ.get(n, '-') for n in ('TILL', 'TERM'))\n"
    place.write("shop.py", text)
    with _serve(place, environment={"TILL": "open", "TERM": "xterm"}) as served:
        assert answer(served.port()) == "open -"


def test_a_folder_and_a_python_of_the_users_choice(place: Place) -> None:
    (place.directory / "src").mkdir()
    (place.directory / "env/bin").mkdir(parents=True)
    (place.directory / "env/bin/python3").symlink_to("/usr/bin/python3")
    (place.directory / "env/bin/other").symlink_to("/usr/bin/python3")
    place.write("src/shop.py", application("aiohttp", "") + "import sys\nANSWER = f'{os.getcwd()} {sys.executable}'\n")
    source = place.directory / "src"
    env = place.directory / "env/bin"
    path = {"PATH": f"{env}:/usr/bin:/bin"}
    with _serve(place, "--app-dir=src", environment=path) as served:
        assert answer(served.port()) == f"{source} {env}/python3"
    with _serve(place, "--app-dir=src", "--python=env/bin/other") as served:
        assert answer(served.port()) == f"{source} {env}/other"


def test_with_json_there_is_one_line_for_programs(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    with _serve(place, "--json", "access_log=off") as served:
        line = wait_until(served.out, "it serves")
        told = json.loads(line)
        assert told["ok"] and told["application"] == "aiohttp" and "fectld" in command_line(told["pid"])
        assert answer(int(told["url"].rpartition(":")[2])) == "hello"
        assert place.fectl("-m", told["sock"], "ping").stdout == "pong\n"
    assert len(served.out().splitlines()) == 1


@pytest.mark.parametrize("text,words", [
    ("", '"shop:app": module shop has no "app"'),
    ("import nothing_like_it\n", "No module named 'nothing_like_it'"),
    ("def app(:\n", '"shop:app" cannot be loaded: SyntaxError'),
    ("app = 5\n", '"shop:app" is of type int: neither an ASGI application'),
])
def test_what_cannot_be_served_is_refused(place: Place, text: str, words: str) -> None:
    place.write("shop.py", text)
    done = place.fectl("serve", "--watch", "shop:app")
    assert done.returncode == 1 and done.stdout == ""
    assert words in done.stderr.splitlines()[-1] and done.stderr.splitlines()[-1].startswith("fectl_worker: ")
    assert json.loads(place.fectl("serve", "--json", "shop:app").stdout)["exit_code"] == 1
    _nothing_is_left(place)


def test_a_command_that_makes_no_sense(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    done = place.fectl("serve", "--threads=4", "shop:app")
    assert (done.returncode, done.stderr) == (
        2, "fectl: --threads is for a WSGI application, and shop:app is aiohttp\n")
    done = place.fectl("serve", "--python=nothing", "shop:app")
    assert (done.returncode, done.stderr) == (1, "fectl: there is no program nothing in PATH\n")
    done = place.fectl("serve", "--app-dir=nothing", "shop:app")
    assert (done.returncode, done.stderr) == (1, f"fectl: there is no folder {place.directory}/nothing\n")
    done = place.fectl("serve", "--python=/bin/false", "shop:app")
    assert done.returncode == 1 and done.stderr.startswith("fectl: /bin/false cannot run fectl_worker (it ended with ")


def test_a_port_that_is_taken_is_told_with_who_has_it(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = place.fectl("serve", f"--port={port}", "shop:app")
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr and f"{os.getpid()}" in done.stderr, done.stderr
    _nothing_is_left(place)


# It imports, and does not start.
_NOT_STARTING = '''
async def open_the_till(app):
    raise RuntimeError("the till is empty")
app.on_startup.append(open_the_till)
'''


def test_an_application_that_does_not_start_is_the_end(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello") + _NOT_STARTING)
    with _serve(place) as served:
        assert served.wait_exit() == 1
        reason = "worker(1) configuration error: socket http: RuntimeError: the till is empty"
        assert f"fectl: web: start failed: {reason}" in served.err()
    _nothing_is_left(place)


def test_while_files_are_watched_it_can_be_repaired(place: Place) -> None:
    place.write("shop.py", application("aiohttp", "hello") + _NOT_STARTING)
    with _serve(place, "--watch") as served:
        served.wait_said("fectl: the next change is tried again")
        assert "Serving" not in served.out()
        place.write("shop.py", application("aiohttp", "hello"))
        assert answer(served.port()) == "hello"


@pytest.mark.parametrize("call,words", [
    ("inotify_add_watch=ENOSPC", "fs.inotify.max_user_watches is the limit"),
    ("inotify_init1=EMFILE", "fs.inotify.max_user_instances is the limit"),
])
def test_a_limit_of_the_system_is_named(place: Place, call: str, words: str) -> None:
    place.write("shop.py", application("aiohttp", "hello"))
    place.forbid(call)
    with _serve(place, "--watch") as served:
        assert served.wait_exit() == 1
        assert words in served.err() and served.err().startswith("fectl: cannot watch ")
    _nothing_is_left(place)


def test_the_lines_of_the_manual_are_true(place: Place) -> None:
    """The module may be a package, and the application an attribute of an attribute."""
    (place.directory / "shop").mkdir()
    place.write("shop/__init__.py", "")
    place.write("shop/main.py", application("aiohttp", "hello") + "class Till:\n    web = app\n")
    with Foreground(place, "serve", "shop.main:Till.web", "--port", "0") as served:
        assert answer(served.port()) == "hello"


# --- fectl watch ---


def _watched_master(place: Place) -> int:
    program = place.link("program", place.guest("steady"))
    master = place.start(place.service("web", program))
    (pid,) = master.wait_running("web")
    return pid


def test_watch_reloads_a_service_of_a_running_master(place: Place) -> None:
    first = _watched_master(place)
    master = place.masters[0]
    with Foreground(place, "watch", "web", "program") as watching:
        watching.wait_said("fectl: watching program for web; Ctrl-C ends it")
        place.link("program", place.guest("steady"))
        second = master.wait_replaced("web", first)[0]
        assert "fectl: program changed\n" in watching.err()
        wait_until(lambda: "web: reloaded (1 worker" in watching.out(), "the reload is over")
        # Nothing to be reloaded yet.
        place.link("program", None)
        place.link("program", "/bin/false")
        watching.wait_said("fectl: the next change is tried again")
        assert master.pids("web") == [second]
        place.link("program", place.guest("steady"))
        master.wait_replaced("web", second)
        watching.ctrl_c()
        assert watching.wait_exit() == 0


def test_watch_needs_a_service_and_files(place: Place) -> None:
    done = place.fectl("watch", "web")
    assert done.returncode == 3 and "no fectld is listening on ./fectld.sock" in done.stderr
    _watched_master(place)
    done = place.fectl("watch", "wbe")
    assert done.returncode == 1 and "wbe: there is no such service; did you mean web?" in done.stderr
    done = place.fectl("watch", "web", "nothing.py")
    assert (done.returncode, done.stderr) == (1, "fectl: cannot watch nothing.py: No such file or directory\n")
