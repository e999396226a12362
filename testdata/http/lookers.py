"""fectl-http beside a master of a test, and what clients of it do."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time
from typing import Any, Iterator, Optional

from testdata.e2e.harness import Master, Place, built, tcp
from testdata.e2e.processes import DEADLINE_SECONDS, wait_until

SERVICE = "fectl-http"


def program(place: Place) -> str:
    return place._reachable(built("client/http/fectl-http"))  # pylint: disable=protected-access


def copied(place: Place) -> str:
    """A copy that other users reach."""
    return str(place._copy(built("client/http/fectl-http")))  # pylint: disable=protected-access


def looker(place: Place, port: int, *options: str, **values: Any) -> str:
    """The sections of fectl-http as a service, on that port."""
    command = " ".join([program(place), "--sock", str(place.directory / "fectld.sock"), *options])
    return tcp("looks", port, service=[SERVICE]) + place.service(SERVICE, command, **values)


class ByHand:
    """fectl-http that no fectld has started. Its address is `port` of 127.0.0.1."""

    def __init__(self, place: Place, *options: str, listen: str = "127.0.0.1:0") -> None:
        self.log = place.directory / "fectl-http.log"
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                [program(place), "--sock", str(place.directory / "fectld.sock"), "--listen", listen, *options],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=place.environment, cwd=place.directory)
        wait_until(lambda: "serving " in self.log.read_text(), "fectl-http serves")
        address = self.log.read_text().partition("serving ")[2].partition("\n")[0]
        self.port = int(address.rstrip("/").rpartition(":")[2]) if ":" in address else 0

    def __enter__(self) -> "ByHand":
        return self

    def __exit__(self, *unused: object) -> None:
        self.process.terminate()
        assert self.process.wait(DEADLINE_SECONDS) == 0, self.log.read_text()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Status and body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def can(port: int, path: str) -> Optional[str]:
    """The body, where the answer is 200; None also while nobody answers."""
    try:
        status, body = ask(port, path)
    except (OSError, http.client.HTTPException):
        return None
    return body if status == 200 else None


def wait_until_ready(port: int, path: str = f"/readyz/{SERVICE}") -> None:
    wait_until(lambda: can(port, path) is not None, f"{path} is 200")


def wait_until_followed(port: int) -> None:
    """The logger takes readers some moments after fectld and its services have begun: until then it is 503."""
    wait_until(lambda: ask(port, "/api/v1/events", "HEAD")[0] == 200, "events can be followed")


def samples(text: str) -> dict[str, float]:
    """By name and labels, as they are written."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {series: float(value) for series, _, value in lines}


class Events:
    """A client of /api/v1/events."""

    def __init__(self, port: int, query: str = "", last: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)
        header = f"Last-Event-ID: {last}\r\n" if last else ""
        self._socket.sendall(f"GET /api/v1/events{query} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode())
        self._file = self._socket.makefile("r", encoding="utf-8", newline="\n")
        status = int(self._file.readline().split()[1])
        assert status == 200, status
        while self._file.readline().strip():
            pass
        self.last = last

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *unused: object) -> None:
        self._file.close()
        self._socket.close()

    def records(self) -> Iterator[dict[str, Any]]:
        """What comes, until the end of the connection."""
        kind = "message"
        deadline = time.monotonic() + DEADLINE_SECONDS
        for line in self._file:
            # A stream in which nothing happens is not silent.
            assert time.monotonic() < deadline, "what was waited for does not come"
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "id":
                self.last = value
            elif name == "event":
                kind = value
            elif name == "data":
                yield {"event": kind, **json.loads(value)}
                kind = "message"

    def until(self, **wanted: Any) -> list[dict[str, Any]]:
        """All records up to the first one with these members."""
        found = []
        for record in self.records():
            found.append(record)
            if wanted.items() <= record.items():
                return found
        raise AssertionError(f"the stream has ended before {wanted}: {found}")


def resident_bytes(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(place: Place, config: str, port: int, *options: str, **values: Any) -> Master:
    """A master that has fectl-http beside `config`, and shows itself."""
    master = place.start(config + looker(place, port, *options, **values))
    wait_until_ready(port)
    wait_until_followed(port)
    return master
