"""Workers that speak with fectld through worker_sdk/c/fectl.h: one in C, and one in a language that loads it."""

import json
import pathlib
import socket
import subprocess

import pytest

from testdata.e2e.harness import Place, built, tcp
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import wait_until

_WORKER = pathlib.Path(__file__).absolute().parent / "ctypes_worker.py"


def _command(language: str) -> list[str]:
    if language == "C":
        return [str(built("worker_sdk/examples/greet"))]
    return ["/usr/bin/python3", str(_WORKER), str(built("worker_sdk/c/shared/libfectl.so"))]


def _greeting(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        return client.makefile().read()


@pytest.mark.parametrize("language", ["C", "ctypes"])
def test_it_serves_and_is_reloaded_paused_and_stopped(place: Place, language: str) -> None:
    port = free_port()
    config = tcp("greet", port) + place.service("web", _command(language), num=2)
    master = place.start(config)
    old = master.wait_running("web", 2)
    assert _greeting(port) == "hello\n"
    master.fectl_ok("reload", "web")
    wait_until(lambda: not set(old) & set(master.pids("web")), "both are replaced")
    assert _greeting(port) == "hello\n"
    master.fectl_ok("pause", "web")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        master.fectl_ok("resume", "web")
        assert client.makefile().read() == "hello\n", "who came in between was kept"
    if language == "ctypes":
        [service] = [json.loads(master.fectl_ok("status", "--json", "web"))]
        assert {worker["note"] for worker in service["workers"]} == {"from another language"}
    master.fectl_ok("stop", "web")
    assert "exited with code 0" in master.log() and "SIGKILL" not in master.log()


@pytest.mark.parametrize("language", ["C", "ctypes"])
def test_by_hand_it_says_what_is_missing(place: Place, language: str) -> None:
    done = subprocess.run(_command(language), env=place.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 99 and "start me from fectld" in done.stderr
    wrong = {**place.environment, "FECTL_FD": "nonsense"}
    done = subprocess.run(_command(language), env=wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 99 and "FECTL_SRV_NAME is missing" in done.stderr


def test_a_configuration_that_is_wrong_is_told(place: Place) -> None:
    master = place.launch(place.service("web", _command("C"), restarts=1)).wait_until_up()
    wait_until(lambda: master.state("web") == "failed", "the service has failed")
    assert "configuration error: a socket named 'greet' is needed" in master.log()
