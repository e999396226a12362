"""What every HTTP server that can be reloaded looks like to the metrics. All answer with the same words."""

import abc
import contextlib
import os
import shutil
import signal
import socket
from pathlib import Path

from tools.bench import processes

WORKERS = 2
BODY = "hello from a server: worker 1 of hello-cpp, pid 12345, version 1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server(abc.ABC):
    """One server at work, from start() to stop(), in a folder of its own. A subclass says how."""

    name: str
    program = ""
    reload_signal = signal.SIGHUP

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.port = free_port()
        self.pid = 0

    @classmethod
    def installed(cls) -> bool:
        return not cls.program or shutil.which(cls.program) is not None

    @abc.abstractmethod
    def prepare(self) -> None:
        """Writes its configuration."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """How it is started; the first word is an absolute path."""

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        self.prepare()
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        self.pid = processes.spawn(self.command(), environment, self.log)
        deadline = processes.Deadline(f"{self.name} answers")
        while not self._answers():
            if processes.has_ended(self.pid):
                raise RuntimeError(f"{self.name} has ended")
            deadline.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                return probe.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False

    def reload(self) -> None:
        """New workers in place of the old ones. May return before that is done."""
        os.kill(self.pid, self.reload_signal)

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        processes.await_child(self.pid, f"the end of {self.name}")
        self.pid = 0

    def close(self) -> None:
        """Kills what was not stopped."""
        if self.pid == 0:
            return
        for pid in [self.pid, *processes.descendants(self.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
