"""The asyncio worker's ASGI sockets: the application, its lifespan, the arguments, and what is wrong with them."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

import pytest
import uvicorn

from fectl_worker.testing import FakeSocket
from python.tests.asgi_process_support import Chat, serving
from python.tests.asgi_support import HTTP
from python.tests.support import Client, environment, ready_made, wait_until

INIT_FAILED = 99


def refusal(*arguments: str, **options: object) -> str:
    given = FakeSocket("asgi", list(arguments))
    with ready_made("asyncio", sockets={"http": given}, **options) as master:
        text = master.expect("cfgerror")
        assert master.wait() == INIT_FAILED
        assert f"fectl_worker: {text}" in master.log
    assert text.startswith("socket http: ")
    return str(text.removeprefix("socket http: "))


# --- the application ---

_EITHER = (
    'arguments: either app="module:name" (the ASGI application; with factory=on, what makes it) '
    'or factory="module:name" (what makes it) is needed'
)


@pytest.mark.parametrize(
    "arguments", [["app=asgi_shop:make_app", "factory=on"], ["factory=asgi_shop:make_app_later"]]
)
def test_a_factory_makes_the_application(arguments: list[str]) -> None:
    with ready_made("asyncio", sockets={"http": FakeSocket("asgi", arguments)}) as master:
        master.expect("loaded")
        master.send("start")
        assert Client(master.address("http")).get().status == 200


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], _EITHER),
        (["app=asgi_shop:app", "factory=asgi_shop:make_app"], _EITHER),
        (["app=asgi_shop:ap"], '"asgi_shop:ap": module asgi_shop has no "ap" (did you mean "app"?)'),
        (["app=asgi_shop:not_an_app"], "asgi_shop:not_an_app is (or makes) a int, not an ASGI application"),
        (
            ["app=asgi_shop:make_nothing", "factory=on"],
            "asgi_shop:make_nothing is (or makes) a int, not an ASGI application",
        ),
        (
            ["app=asgi_shop:make_app"],
            "asgi_shop:make_app cannot be called with (scope, receive, send), as an ASGI 3 application is; "
            "if it makes the application, add the argument factory=on",
        ),
        (
            ["app=asgi_shop:not_an_app", "factory=on"],
            "asgi_shop:not_an_app is a int, not a function that makes an application",
        ),
        (["app=asgi_shop:app", "http=h12"], 'arguments: http: "h12" is none of auto, h11, httptools'),
        (["app=asgi_shop:app", "lifespan=maybe"], 'arguments: lifespan: "maybe" is none of auto, on, off'),
    ],
)
def test_what_is_wrong_is_refused_in_one_sentence(arguments: list[str], text: str) -> None:
    assert refusal(*arguments) == text


def test_without_uvicorn_the_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ImportError('there is none')\n", encoding="utf-8")
    text = refusal("app=asgi_shop:app", environment={"PYTHONPATH": f"{tmp_path}:{environment()['PYTHONPATH']}"})
    assert text == "uvicorn cannot be imported: there is none; on Debian it is the package python3-uvicorn"


def test_a_uvicorn_that_cannot_be_used_is_refused_by_its_version() -> None:
    given = FakeSocket("asgi", ["app=asgi_shop:app"])
    # The module of --app is imported first, and changes uvicorn.
    with ready_made("asyncio", "--app", "other_uvicorn:nothing", sockets={"http": given}) as master:
        text = master.expect("cfgerror")
        assert text.startswith(f"socket http: uvicorn {uvicorn.__version__} does not work with this worker: ")
        assert master.wait() == INIT_FAILED


# --- the lifespan ---


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raises", "ConnectionError: no database at db:5432"),
        ("says_failed", "no licence for today"),
        ("says_failed_with_a_traceback", "ConnectionError: no database at db:5432"),
    ],
)
def test_a_start_up_that_fails_is_a_failed_start(name: str, text: str) -> None:
    lifespan = "on" if name == "raises" else "auto"
    assert refusal(f"app=asgi_shop:{name}", f"lifespan={lifespan}") == f"lifespan startup failed: {text}"


@pytest.mark.parametrize("lifespan", ["auto", "off"])
def test_an_application_without_a_lifespan_is_served(lifespan: str) -> None:
    with serving(f"lifespan={lifespan}", app="asgi_shop:http_only") as master:
        assert Client(master.address("http")).get().status == 200
        master.stop()
        assert master.wait() == 0


def test_a_start_up_that_hangs_is_seen_and_can_be_stopped() -> None:
    given = FakeSocket("asgi", ["app=asgi_shop:hangs"])
    with ready_made("asyncio", sockets={"http": given}) as master:
        assert master.expect("status") == "connecting to nowhere"
        assert not master.said("loaded")
        master.stop()
        assert master.wait() == 0


def test_a_shutdown_that_fails_is_an_error_and_no_success() -> None:
    with serving(app="asgi_shop:fails_at_the_end", *["lifespan=on"]) as master:
        assert Client(master.address("http")).get().status == 200
        master.stop()
        assert master.wait() == 1
        assert "socket http: the stop failed" in master.log
        assert "lifespan shutdown failed: ConnectionError: the database is gone" in master.log


def test_two_sockets_with_one_application_have_one_lifespan(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    sockets = {name: FakeSocket("asgi", ["app=asgi_shop:app"]) for name in ("http", "more")}
    with ready_made("asyncio", sockets=sockets, environment={"SHOP_MARKS_FILE": str(marks)}) as master:
        master.expect("loaded")
        master.send("start")
        for name in sockets:
            assert Client(master.address(name)).get().status == 200
        assert marks.read_text(encoding="utf-8") == "started\n"
        master.stop()
        assert master.wait() == 0
        assert marks.read_text(encoding="utf-8") == "started\nstopped\n"


# --- arguments ---


def seen(client: Client, headers: str = "") -> dict[str, object]:
    answer = client.get("/about", headers=headers)
    assert answer.status == 200
    found: dict[str, object] = json.loads(answer.body)
    return found


def test_root_path_and_the_worker() -> None:
    with serving("root_path=/shop", "http=h11") as master:
        # Since 0.26 uvicorn puts root_path before the path.
        answer = Client(master.address("http")).get("/about")
        if answer.body.startswith(b"hello"):
            pytest.skip("this uvicorn has root_path in the path")
        about = json.loads(answer.body)
        assert (about["root_path"], about["service"]) == ("/shop", "test")


FORWARDED = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"


@pytest.mark.parametrize(
    ("arguments", "is_believed"),
    [([], True), (["forwarded_allow_ips=192.0.2.1"], False), (["forwarded_allow_ips=*"], True)],
)
def test_headers_of_a_proxy_are_believed_from_this_machine_or_from_where_the_argument_says(
    arguments: list[str], is_believed: bool
) -> None:
    with serving(*arguments) as master:
        about = seen(Client(master.address("http")), FORWARDED)
        assert about["scheme"] == ("https" if is_believed else "http")
        client = about["client"]
        assert isinstance(client, list) and client[0] == ("192.0.2.7" if is_believed else "127.0.0.1")


def test_a_unix_socket_believes_its_proxy() -> None:
    # Not tmp_path: the path of a UNIX socket must be short.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()
        with serving(listener=FakeSocket(listener=listener)) as master:
            assert master.process.poll() is None
            about = seen(Client(f"{folder}/s"), FORWARDED)
            assert (about["scheme"], about["client"]) == ("https", ["192.0.2.7", 0])


@pytest.mark.parametrize("http", HTTP)
def test_the_access_log_has_a_line_for_each_request(http: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with serving(f"access_log={log}", f"http={http}") as master:
        client = Client(master.address("http"))
        client.get("/echo?a=%22b", method="POST", body=b"four")
        client.send("/late", method="HEAD")
        assert client.receive_head().status == 200
        chat = Chat(master.address("http"))
        chat.say("hi")
        assert chat.hear() == "hi"
        chat.close()
        failing = Client(master.address("http"))
        assert failing.get("/fails").status == 500
        client.close()
        master.stop()
        assert master.wait() == 0
        assert "this request always fails" in master.log
    lines = log.read_text(encoding="utf-8").splitlines()
    found = sorted(line.partition('"')[2].partition(' "')[0] for line in lines)
    assert found == [
        'GET /chat HTTP/1.1" 101 -',
        'GET /fails HTTP/1.1" 500 -',
        'HEAD /late HTTP/1.1" 200 -',
        'POST /echo?a=%22b HTTP/1.1" 200 4',
    ]
    for line in lines:
        assert line.startswith("127.0.0.1 - - [")
    (late,) = [line for line in lines if "/late" in line]
    assert int(late.split()[-2]) >= 50_000


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_tls(loop: str, tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "key.pem"]
        + ["-out", "cert.pem", "-days", "2"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(f"{tmp_path}/cert.pem")
    with serving(f"certfile={tmp_path}/cert.pem", f"keyfile={tmp_path}/key.pem", "linger=0.1", loop=loop) as master:
        client = Client(master.address("http"), context.wrap_socket)
        assert seen(client)["scheme"] == "https"
        master.stop()
        assert client.at_end()
        assert master.wait() == 0


@pytest.mark.parametrize("http", HTTP)
def test_max_requests_asks_for_a_successor_and_serves_on(http: str) -> None:
    with serving("max_requests=5", f"http={http}") as master:
        client = Client(master.address("http"))
        for _ in range(4):
            client.get()
        assert not master.said("stopping")
        chat = Chat(master.address("http"))
        assert master.expect("stopping") == "served 5 requests"
        assert client.get().status == 200
        chat.close()
        assert master.expect("hb", where=lambda data: data and data["http.requests"] == 6)
        master.stop()
        assert master.wait() == 0


def test_gauges() -> None:
    with serving(timeout=1) as master:
        clients = [Client(master.address("http")) for _ in range(2)]
        for client in clients:
            client.get()
        assert master.expect("hb", where=lambda data: data == {"http.open": 2, "http.requests": 2, "http.active": 0})
        for client in clients:
            client.close()
        assert master.expect("hb", where=lambda data: data == {"http.open": 0, "http.requests": 2, "http.active": 0})


def test_a_date_of_long_ago_is_never_sent() -> None:
    """Also on connections that are kept; old versions of uvicorn repeat the date of the connection's beginning."""
    with serving() as master:
        client = Client(master.address("http"))
        first = client.get().headers["date"]
        wait_until(lambda: client.get().headers["date"] != first, "another second")
