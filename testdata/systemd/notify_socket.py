"""A service manager's end of the notification protocol of systemd: what it is told, and what it gives to whom it
starts."""

import contextlib
import os
import pathlib
import select
import socket
import time
from typing import Any, Iterator, Optional

from testdata.e2e.harness import Place
from testdata.e2e.processes import DEADLINE_SECONDS

_TIMES = ("WATCHDOG", "EXTEND_TIMEOUT_USEC", "STATUS")


class NotifySocket:
    """`name`: a path, or "@" and an abstract name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sender = 0
        self.status = ""  # the last that was shown
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(name if name.startswith("/") else "\0" + name[1:])
        if name.startswith("/"):
            os.chmod(name, 0o777)

    def environment(self, place: Place, **more: str) -> dict[str, Any]:
        """What a master is started with that is to tell us."""
        return {"environment": {**place.environment, "NOTIFY_SOCKET": self.name, **more}}

    def take(self, seconds: float = DEADLINE_SECONDS) -> dict[str, str]:
        """The next message."""
        readable, _, _ = select.select([self.socket], [], [], seconds)
        assert readable, "the service manager is told nothing"
        message, credentials, _, _ = self.socket.recvmsg(4096, 256)
        self.sender = int.from_bytes(credentials[0][2][:4], "little")
        said = dict(line.split("=", 1) for line in message.decode().splitlines())
        self.status = said.get("STATUS", self.status)
        return said

    def wait_status(self, status: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.status != status:
            assert time.monotonic() < deadline, f"the status is {self.status}"
            self.take()

    def until(self, line: str) -> list[str]:
        """Transitions up to this line, as lines "NAME=value" without what only takes time or shows how it is going."""
        name, _, value = line.partition("=")
        seen: list[str] = []
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            message = self.take()
            for key, said in message.items():
                if key == "MONOTONIC_USEC":
                    assert 0 <= time.monotonic() - int(said) / 1e6 < 2 * DEADLINE_SECONDS
                elif key not in _TIMES:
                    seen.append(f"{key}={said}")
            if message.get(name) == value:
                return seen
        raise AssertionError(f"no {line} came, only {seen}")

    def rest(self) -> list[str]:
        """What has come up to now: transitions alone."""
        seen = []
        while select.select([self.socket], [], [], 0)[0]:
            seen += [f"{key}={value}" for key, value in self.take().items() if key not in _TIMES]
        return seen

    def close(self) -> None:
        self.socket.close()
        if self.name.startswith("/"):
            pathlib.Path(self.name).unlink(missing_ok=True)


@contextlib.contextmanager
def notify_socket(place: Place, name: Optional[str] = None) -> Iterator[NotifySocket]:
    manager = NotifySocket(name or str(place.directory / "notify"))
    try:
        yield manager
    finally:
        manager.close()
