"""The examples of the guide do what the guide says."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from pathlib import Path

import pytest

from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.asgi_process_support import UPGRADE
from python.tests.support import Client, environment, ready_made, wait_until

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLES = os.path.join(FOLDER, "examples")


def with_examples() -> dict[str, str]:
    variables = environment()
    return {**variables, "PYTHONPATH": EXAMPLES + os.pathsep + variables["PYTHONPATH"]}


@pytest.mark.parametrize(("arguments", "answer"), [([], b"hello\n"), (["shout"], b"HELLO\n")])
def test_echo(arguments: list[str], answer: bytes) -> None:
    sockets = {"echo": FakeSocket("echo:Echo", arguments)}
    with ready_made("asyncio", sockets=sockets, environment=with_examples()) as master:
        master.expect("loaded")
        master.send("start")
        with socket.create_connection(master.address("echo")) as client:
            lines = client.makefile("rb")
            client.sendall(b"hello\n")
            assert lines.readline() == answer
            client.sendall(b"hel")
            master.stop()
            client.sendall(b"lo\n")
            assert lines.readline() == answer
            assert lines.readline() == b""
        assert master.wait() == 0


def test_echo_refuses_what_it_does_not_understand() -> None:
    sockets = {"echo": FakeSocket("echo:Echo", ["whisper"])}
    with ready_made("asyncio", sockets=sockets, environment=with_examples()) as master:
        assert master.expect("cfgerror") == "socket echo: arguments: ['whisper'] are not understood; allowed is shout"
        assert master.wait() == 99


def test_jobs(tmp_path: object) -> None:
    open(f"{tmp_path}/a.job", "w", encoding="utf-8").close()
    command = [sys.executable, os.path.join(EXAMPLES, "jobs.py"), str(tmp_path)]
    with FakeMaster(command, environment=environment()) as master:
        master.expect("loaded")
        master.expect("hb")
        assert os.path.exists(f"{tmp_path}/a.job")
        master.send("start")
        wait_until(lambda: os.path.exists(f"{tmp_path}/a.done"), "a.done")
        assert master.expect("hb", where=bool) == {"finished": 1}
        master.stop()
        assert master.wait() == 0


def test_jobs_without_a_folder() -> None:
    command = [sys.executable, os.path.join(EXAMPLES, "jobs.py"), "/no/such/folder"]
    with FakeMaster(command, environment=environment()) as master:
        assert master.expect("cfgerror") == "/no/such/folder is no folder"
        assert master.wait() == 99


def test_ticks() -> None:
    sockets = {"http": FakeSocket("asgi", ["app=ticks:app", "graceful_timeout=0.5"])}
    with ready_made("asyncio", sockets=sockets, environment=with_examples(), timeout=1) as master:
        master.expect("loaded")
        master.send("start")
        events, page, echo = [Client(master.address("http")) for _ in range(3)]
        events.send("/events")
        assert events.receive_head().headers["content-type"].startswith("text/event-stream")
        assert [events.receive_chunk() for _ in range(2)] == [b"data: 0\n\n", b"data: 1\n\n"]
        assert json.loads(page.get().body) == {"worker": 0, "listeners": 1}
        assert master.expect("hb", where=lambda data: data and data.get("listeners") == 1)
        echo.send("/echo", headers=UPGRADE)
        assert echo.receive_head().status == 101
        master.stop()
        # The close frame, with the code 1012.
        assert echo._exactly(4) == b"\x88\x02\x03\xf4"
        for client in (echo, page):
            client.close()
        assert master.wait() == 0
        assert "socket http: 1 answer was cut off" in master.log


def test_the_tutorial_of_the_guide(tmp_path: Path) -> None:
    """Its application, served as its configuration says; and what it says of a start-up that fails."""
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
        guide = file.read()
    application, *_ = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (arguments,) = re.findall(r'app = "asgi"\narguments = (\[.*?\])', guide)
    (tmp_path / "hello.py").write_text(application, encoding="utf-8")
    variables = environment()
    variables["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{variables['PYTHONPATH']}"
    sockets = {"http": FakeSocket("asgi", json.loads(arguments))}
    with ready_made("asyncio", sockets=sockets, environment=variables) as master:
        master.expect("loaded")
        master.send("start")
        assert Client(master.address("http")).get().body == b'{"hello":"world"}'
        master.stop()
        assert master.wait() == 0
