"""`python3 -m fectl_worker asyncio`: start-up, its mistakes in words, and applications of the service's own."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys

import pytest

from fectl_worker.testing import FakeMaster, FakeSocket, open_listener
from python.tests.support import Client, environment, ready_made, wait_until

INIT_FAILED = 99


def notes_in(path: object) -> list[str]:
    with open(f"{path}/notes", encoding="utf-8") as file:
        return file.read().splitlines()


def noting(path: object, *arguments: str, **options: object) -> FakeMaster:
    open(f"{path}/notes", "w", encoding="utf-8").close()
    return ready_made("asyncio", *arguments, environment={"NOTES": f"{path}/notes"}, **options)


@pytest.mark.parametrize(
    ("app", "arguments", "text"),
    [
        ("aiohtp", [], 'app = "aiohtp" is nothing that the asyncio worker knows (did you mean "aiohttp"?)'),
        ("flask", [], 'app = "flask" is nothing that the asyncio worker knows'),
        ("aiohttp", [], 'arguments: app="module:name" is missing'),
        ("aiohttp", ["app=shop"], '"shop" is not of the form "module:name"'),
        ("aiohttp", ["app=no_shop:make_app"], "ModuleNotFoundError: No module named 'no_shop'"),
        ("aiohttp", ["app=broken_import:make_app"], "ModuleNotFoundError: No module named 'there_is_no_such_module'"),
        ("aiohttp", ["app=shop:make_ap"], 'module shop has no "make_ap" (did you mean "make_app"?)'),
        ("aiohttp", ["app=shop:not_an_app"], "app=shop:not_an_app is (or makes) a int, not an aiohttp.web.Application"),
        ("aiohttp", ["app=shop:make_broken_app"], "ConnectionError: no database at db:5432"),
        ("aiohttp", ["app=exits_on_import:make_app"], "SystemExit: 3"),
        ("aiohttp", ["app=shop:make_app", "keepalve=3"], '"keepalve" is not an argument (did you mean "keepalive"?)'),
        ("aiohttp", ["app=shop:make_app", "keepalive=soon"], 'keepalive: "soon" is not a number of seconds'),
        ("aiohttp", ["app=shop:make_app", "certfile=/no/such.pem"], "No such file or directory"),
        ("custom:not_callable", [], '"custom:not_callable" is not callable'),
        ("custom:raises", [], "ValueError: no such region"),
    ],
)
def test_what_is_wrong_reaches_the_operator(app: str, arguments: list[str], text: str) -> None:
    with ready_made("asyncio", sockets={"web": FakeSocket(app, arguments)}) as master:
        said = master.expect("cfgerror")
        assert said.startswith("socket web: ")
        assert text in said
        assert "\n" not in said
        assert master.wait() == INIT_FAILED


def test_a_service_with_nothing_to_run_is_a_mistake() -> None:
    with ready_made("asyncio", sockets={"web": FakeSocket()}) as master:
        assert "nothing to run" in master.expect("cfgerror")
        assert master.wait() == INIT_FAILED


def test_one_application_on_two_sockets_is_a_mistake() -> None:
    sockets = {name: FakeSocket("aiohttp", ["app=shop:the_only_one"]) for name in ("one", "two")}
    with ready_made("asyncio", sockets=sockets) as master:
        assert "name a function that makes one for each" in master.expect("cfgerror")
        assert master.wait() == INIT_FAILED


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [(["asyncio", "--loop", "uvloop"], "uvloop"), (["gevent"], "gevent"), (["asyncio"], "aiohttp")],
)
def test_a_package_that_is_not_installed_is_named(tmp_path: object, arguments: list[str], missing: str) -> None:
    with open(f"{tmp_path}/{missing}.py", "w", encoding="utf-8") as file:
        file.write(f"raise ImportError(\"No module named '{missing}'\")\n")
    path = environment()["PYTHONPATH"]
    with ready_made(
        *arguments,
        sockets={"web": FakeSocket("aiohttp", ["app=shop:make_app"])},
        environment={"PYTHONPATH": f"{tmp_path}:{path}"},
    ) as master:
        assert f"No module named '{missing}'" in master.expect("cfgerror")
        assert master.wait() == INIT_FAILED


def test_gauges_that_make_no_sense_do_not_silence_the_worker(tmp_path: object) -> None:
    with noting(tmp_path, "--app", "custom:BadGauges", timeout=0.4) as master:
        master.expect("loaded")
        for _ in range(3):
            master.expect("hb")
        master.stop()
        assert master.wait() == 0


def test_the_log_shows_where_an_import_failed() -> None:
    with ready_made("asyncio", sockets={"web": FakeSocket("aiohttp", ["app=broken_import:make_app"])}) as master:
        assert master.wait() == INIT_FAILED
        assert "Traceback" in master.log
        assert "broken_import.py" in master.log


@pytest.mark.parametrize("factory", ["Full", "make_async"])
def test_an_application_of_its_own_is_called_in_order(tmp_path: object, factory: str) -> None:
    socket = FakeSocket(f"custom:{factory}", ["x=1", "y"])
    with noting(tmp_path, sockets={"raw": socket}, service="shop") as master:
        master.expect("loaded")
        for command in ("start", "pause", "resume"):
            master.send(command)
        assert master.expect("status") == "resumed"
        master.stop()
        assert master.wait() == 0
    assert notes_in(tmp_path) == ["made shop raw ['x=1', 'y']", "start", "pause", "resume", "stop True"]


def test_app_of_the_command_line_has_no_socket(tmp_path: object) -> None:
    with noting(tmp_path, "--app", "custom:Full", service="queue") as master:
        master.expect("loaded")
        master.send("start")
        wait_until(lambda: "start" in notes_in(tmp_path), "start")
        master.stop()
        assert master.wait() == 0
    assert notes_in(tmp_path) == ["made queue None []", "start", "stop True"]


def test_all_four_methods_are_optional(tmp_path: object) -> None:
    with noting(tmp_path, "--app", "custom:make_nothing") as master:
        master.expect("loaded")
        for command in ("start", "pause", "resume"):
            master.send(command)
        master.stop()
        assert master.wait() == 0


def test_a_start_that_fails_is_told(tmp_path: object) -> None:
    with noting(tmp_path, "--app", "custom:StartFails") as master:
        master.expect("loaded")
        master.send("start")
        assert master.expect("cfgerror") == "--app custom:StartFails: OSError: the disk is full"
        assert master.wait() == INIT_FAILED


def test_a_stop_that_hangs_ends_in_time(tmp_path: object) -> None:
    with noting(tmp_path, "--app", "custom:StopHangs", shutdown_timeout=0.5) as master:
        master.expect("loaded")
        master.send("start")
        master.stop()
        assert master.wait() == 0
        assert "did not stop in time" in master.log


def test_messages_gauges_and_purpose_reach_the_master(tmp_path: object) -> None:
    with noting(tmp_path, "--app", "custom:Leaves") as master:
        master.expect("loaded")
        master.send("start")
        assert master.expect("stopping") == "after 10000 requests"
        master.send("msg", {"a": [1, None]})
        assert master.expect("msg") == {"echo": {"a": [1, None]}}
        assert master.expect("hb", where=bool) == {"depth": 2.5}
        master.stop()
        assert master.wait() == 0


def test_a_loop_that_hangs_falls_silent(tmp_path: object) -> None:
    with noting(tmp_path, "--app", "custom:Blocks", timeout=0.4) as master:
        master.expect("loaded")
        master.expect("hb")
        master.send("start")
        wait_until(lambda: "start" in notes_in(tmp_path), "start")
        master.said("hb")
        master.messages.clear()
        with pytest.raises(AssertionError):
            master.expect("hb", seconds=1.0)


def test_stop_during_start_up_exits_at_once() -> None:
    with ready_made("asyncio", sockets={"web": FakeSocket("aiohttp", ["app=shop:make_hanging_app"])}) as master:
        assert master.expect("status") == "connecting to nowhere"
        master.stop()
        assert master.wait() == 0
        assert not master.said("loaded")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_sigterm_alone_means_finish_and_exit(loop: str) -> None:
    with ready_made(
        "asyncio", "--loop", loop, sockets={"web": FakeSocket("aiohttp", ["app=shop:make_app"])}
    ) as master:
        master.expect("loaded")
        master.send("start")
        client = Client(master.address("web"))
        assert client.get().status == 200
        client.close()
        master.signal(signal.SIGTERM)
        assert master.wait() == 0


def test_debug_mode_is_asyncios() -> None:
    with ready_made(
        "asyncio", "--debug", sockets={"web": FakeSocket("aiohttp", ["app=shop:make_app"])}
    ) as master:
        master.expect("loaded")
        master.stop()
        assert master.wait() == 0
        assert "DEBUG asyncio" in master.log


def test_a_base_level_master_is_understood() -> None:
    with ready_made("asyncio", level=1, sockets={"web": FakeSocket("aiohttp", ["app=shop:make_app"])}) as master:
        assert master.expect("loaded") is None
        master.send("start")
        assert Client(master.address("web")).get().status == 200
        assert master.expect("hb") is None
        master.send("hb")
        master.stop()
        assert master.wait() == 0


def test_an_application_knows_its_worker() -> None:
    socket = FakeSocket("aiohttp", ["app=shop:make_app"])
    with ready_made("asyncio", sockets={"web": socket}, service="shop", index=3) as master:
        master.expect("loaded")
        master.send("start")
        answer = Client(master.address("web")).get("/me")
        assert json.loads(answer.body) == {"service": "shop", "index": 3, "scheme": "http"}


def test_two_sockets_have_an_application_each() -> None:
    def one_each(gauges: dict[str, float]) -> bool:
        return gauges["socket.one.requests"] == gauges["socket.two.requests"] == 1

    sockets = {name: FakeSocket("aiohttp", ["app=shop:make_app"]) for name in ("one", "two")}
    with ready_made("asyncio", sockets=sockets) as master:
        master.expect("loaded")
        master.send("start")
        for name in sockets:
            assert Client(master.address(name)).get().status == 200
        master.expect("hb", where=lambda data: data and data.get("http.requests") == 2 and one_each(data))
        master.stop()
        assert master.wait() == 0


def test_an_access_log_is_written_where_it_was_asked_for(tmp_path: object) -> None:
    log = f"{tmp_path}/access.log"
    arguments = ["app=shop:make_app", f"access_log={log}", "--access-log-format=%r %s"]
    with ready_made("asyncio", sockets={"web": FakeSocket("aiohttp", arguments)}) as master:
        master.expect("loaded")
        master.send("start")
        assert Client(master.address("web")).get("/me").status == 200
        master.stop()
        assert master.wait() == 0
    with open(log, encoding="utf-8") as file:
        assert file.read() == "GET /me HTTP/1.1 200\n"


def test_keepalive_0_closes_after_each_answer() -> None:
    with ready_made("asyncio", sockets={"web": FakeSocket("aiohttp", ["app=shop:make_app", "keepalive=0"])}) as master:
        master.expect("loaded")
        master.send("start")
        client = Client(master.address("web"))
        assert client.get().closes
        assert client.at_end()


def test_a_certificate_makes_it_https(tmp_path: object) -> None:
    certificate, key = f"{tmp_path}/cert.pem", f"{tmp_path}/key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(cafile=certificate)
    arguments = ["app=shop:make_app", f"certfile={certificate}", f"keyfile={key}"]
    with ready_made("asyncio", sockets={"web": FakeSocket("aiohttp", arguments)}) as master:
        master.expect("loaded")
        master.send("start")
        plain = Client(master.address("web"))
        plain.send()
        client = Client(master.address("web"), lambda s: context.wrap_socket(s, server_hostname="localhost"))
        assert json.loads(client.get("/me").body)["scheme"] == "https"
        master.stop()
        while not client.get().closes:
            pass
        assert client.at_end()
        client.close()
        assert master.wait() == 0


def test_a_unix_socket_is_served(tmp_path_factory: pytest.TempPathFactory) -> None:
    import socket
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(directory + "/s")
        listener.listen()
        with ready_made(
            "asyncio", sockets={"web": FakeSocket("aiohttp", ["app=shop:make_app"], listener=listener)}
        ) as master:
            master.expect("loaded")
            master.send("start")
            assert Client(directory + "/s").get().status == 200
            master.stop()
            assert master.wait() == 0


def test_an_ipv6_socket_is_served() -> None:
    import socket

    try:
        listener = open_listener(socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with ready_made(
        "asyncio", sockets={"web": FakeSocket("aiohttp", ["app=shop:make_app"], listener=listener)}
    ) as master:
        master.expect("loaded")
        master.send("start")
        with socket.create_connection(listener.getsockname()[:2]) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.0 200"


# --- the command line ---


def command_line(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fectl_worker", *arguments],
        env={"PATH": "/usr/bin:/bin", **environment()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_both_kinds_and_shows_an_example() -> None:
    done = command_line("--help")
    assert done.returncode == 0
    for word in ("asyncio", "gevent", "[[socket]]", 'app = "asgi"', "exit codes"):
        assert word in done.stdout


@pytest.mark.parametrize("arguments", [[], ["twisted"], ["asyncio", "--loop", "trio"], ["asyncio", "--ap"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    done = command_line(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_started_by_hand_it_says_what_is_missing() -> None:
    done = command_line("asyncio")
    assert done.returncode == 2
    assert "not started by fectld: FECTL_FD is not in its environment" in done.stderr


def test_a_broken_environment_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fectl_worker", "asyncio"],
        env={**environment(), "FECTL_FD": "here", "FECTL_SRV_NAME": "x", "FECTL_PROC_IDX": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "FECTL_FD" in done.stderr
