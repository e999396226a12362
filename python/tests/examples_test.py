"""The examples of the guide do what the guide says."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.support import environment, ready_made, wait_until

EXAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "examples")


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
