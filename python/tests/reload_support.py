"""What the tests of workers under a real fectld share: transports and their loads, reloads, and kills of workers."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
from pathlib import Path
from typing import Any, Iterable, Sequence

import pytest

from python.tests.support import APPS, Client
from python.tests.support import Load as StrictLoad
from testdata.e2e.harness import Master, Place, built, tcp, unix
from testdata.e2e.http_requests import free_port
from testdata.e2e.load import Load
from testdata.e2e.processes import alive, wait_until

TRANSPORTS = ["tcp", "unix", "tls"]


def configured(
    found: Place, app: str, address: int | str, arguments: Iterable[str], loop: str = "asyncio", **values: Any
) -> str:
    """The sections of the service `web` and of its socket, which is a TCP port or the path of a UNIX socket."""
    of_socket = {"service": ["web"], "app": app, "arguments": list(arguments)}
    kind = tcp("http", address, **of_socket) if isinstance(address, int) else unix("http", address, **of_socket)
    path = os.pathsep.join([str(built("python/site")), APPS, str(found.directory)])
    command = f"/usr/bin/python3 -m fectl_worker asyncio --loop {loop}"
    environ = [f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1", *values.pop("environ", [])]
    return kind + found.service("web", command, **{"num": 2, "environ": environ, **values})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem and key.pem."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


class _UnixLoad(Load):
    def __init__(self, file: str, **options: Any) -> None:
        super().__init__(0, **options)
        self._file = file

    async def open(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self._file)


class _TlsLoad(Load):
    def __init__(self, port: int, certificate: Path, **options: Any) -> None:
        super().__init__(port, **options)
        self._tls_port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.load_verify_locations(f"{certificate}/cert.pem")

    async def open(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", self._tls_port, local_addr=(address, 0), ssl=self._context, server_hostname="localhost"
        )


class Transport:
    """Where the workers listen, what the socket's arguments say of it, and a load for it."""

    def __init__(self, name: str, place: Place, certificate: Path) -> None:
        self.address: int | str = str(place.directory / "s") if name == "unix" else free_port()
        self.arguments: list[str] = []
        self._certificate = certificate
        if name == "tls":
            self.arguments = [f"certfile={certificate}/cert.pem", f"keyfile={certificate}/key.pem"]

    def load(self, **options: Any) -> Load:
        if isinstance(self.address, str):
            return _UnixLoad(self.address, **options)
        if self.arguments:
            return _TlsLoad(self.address, self._certificate, **options)
        return Load(self.address, **options)


def nothing_is_lost_in_reloads(master: Master, loads: Sequence[Load], reloads: int) -> None:
    """The loads run already, and are stopped here."""
    for _ in range(reloads):
        seen = [one.tally.answered for one in loads]
        wait_until(lambda: all(one.tally.answered > before + 20 for one, before in zip(loads, seen)), "answers")
        old = master.pids("web")
        master.fectl_ok("reload", "web")
        assert not set(master.pids("web")) & set(old)
    wait_until(lambda: not any(alive(pid) for pid in old), "the old workers are gone")
    for one in loads:
        print(one.stop())
        assert one.tally.failed == 0, one.tally
        assert one.tally.announced_ends > 0, "kept connections were told to come again"


def nothing_is_lost_when_idle_workers_are_killed(master: Master, address: Any, num: int, kills: int) -> None:
    """Idle are those that no kept connection of the load is at. Each kill is followed by a new connection at once."""
    with StrictLoad(address, keep_alive=2, one_shot=0) as load:
        load.wait_for_more()
        busy = {int(body.split()[-1]) for body in load.answered_by}
        assert len(busy) < num
        killed: set[int] = set()
        for number in range(kills):
            # A dead one is running in the status until the master has seen its end.
            wait_until(lambda: not killed & set(master.wait_running("web", num)), "the successor runs")
            idle = sorted(set(master.pids("web")) - busy)
            killed.add(idle[number % len(idle)])
            os.kill(idle[number % len(idle)], signal.SIGKILL)
            assert Client(address).get().status == 200
            load.wait_for_more()
        assert {int(body.split()[-1]) for body in load.answered_by} == busy
        print(f"{kills} idle workers killed, {load.total} answers on kept connections")
    assert not load.failures
    wait_until(lambda: master.log().count("lost: was killed by SIGKILL") == kills, "each kill is in the log")
