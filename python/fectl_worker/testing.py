"""A master for tests: starts one worker process, speaks with it, holds its sockets. Needs no fectld.

    with FakeMaster([sys.executable, "my_worker.py"], sockets={"http": FakeSocket()}) as master:
        master.expect("loaded")
        master.send("start")
        ... connect to master.address("http") ...
        master.stop()
        assert master.wait() == 0
"""

from __future__ import annotations

import dataclasses
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time
from types import TracebackType
from typing import Any, Callable, Mapping, Optional, Sequence

__all__ = ["FakeMaster", "FakeSocket", "open_listener"]

# Generous: a slow machine is no failure.
DEADLINE_S = 60.0


def open_listener(family: int = socket.AF_INET, backlog: int = 256) -> socket.socket:
    """A listening socket on a free port of the loopback interface."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    listener.listen(backlog)
    return listener


@dataclasses.dataclass
class FakeSocket:
    """A [[socket]]: the listener stays open until the test closes it, whatever the workers do."""

    app: str = ""
    arguments: Sequence[str] = ()
    listener: socket.socket = dataclasses.field(default_factory=open_listener)

    def variables(self, name: str) -> dict[str, str]:
        listener = self.listener
        protocol = 0 if listener.family == socket.AF_UNIX else socket.IPPROTO_TCP
        fd = f"{listener.fileno()},FAMILY:{int(listener.family)},SOCKETTYPE:{int(listener.type)},PROTO:{protocol}"
        variables = {f"FECTL_FD_{name}": fd}
        if self.app:
            variables[f"FECTL_APP_{name}"] = self.app
        if self.arguments:
            variables[f"FECTL_ARGS_{name}"] = json.dumps(list(self.arguments))
        return variables


class FakeMaster:
    """One worker process and the channel to it. Kills the process when the `with` block ends."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        sockets: Optional[Mapping[str, FakeSocket]] = None,
        service: str = "test",
        index: int = 0,
        lane: int = 0,
        level: int = 3,
        timeout: float = 10,
        shutdown_timeout: float = 30,
        environment: Optional[Mapping[str, str]] = None,
        directory: Optional[str] = None,
    ) -> None:
        """environment: added to this process's own. directory: where the worker runs."""
        self.sockets = dict(sockets or {})
        worker_reads, self._write_fd = os.pipe()
        self._read_fd, worker_writes = os.pipe()
        self._buffer = b""
        self._ended = False
        #: Everything that the worker said and nobody expected yet.
        self.messages: list[tuple[str, Any]] = []
        variables = {k: v for k, v in os.environ.items() if not k.startswith("FECTL_")}
        variables.update(environment or {})
        variables.update(FECTL_FD=f"{worker_reads}:{worker_writes}", FECTL_SRV_NAME=service, FECTL_PROC_IDX=str(index))
        if level >= 2:
            variables.update(
                FECTL_PROTO=str(level),
                FECTL_PROC_LANE=str(lane),
                FECTL_TIMEOUT=str(timeout),
                FECTL_SHUTDOWN_TIMEOUT=str(shutdown_timeout),
            )
        inherited = [worker_reads, worker_writes]
        for name, given in self.sockets.items():
            variables.update(given.variables(name))
            inherited.append(given.listener.fileno())
        self.process = subprocess.Popen(
            list(command),
            env=variables,
            cwd=directory,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        os.close(worker_reads)
        os.close(worker_writes)
        assert self.process.stderr is not None
        self._stderr_fd = self.process.stderr.fileno()
        #: What the worker wrote to its standard error so far.
        self.log = ""

    def address(self, name: str) -> Any:
        return self.sockets[name].listener.getsockname()

    # --- commands ---

    def send(self, command: str, data: Any = None) -> None:
        """Sends one command. A worker that is gone is no error: nobody can know before."""
        message = {"cmd": command} if data is None else {"cmd": command, "data": data}
        self.send_bytes(frame(message))

    def send_bytes(self, raw: bytes) -> None:
        if self._write_fd < 0:
            return
        try:
            os.write(self._write_fd, raw)
        except BrokenPipeError:
            pass

    def stop(self) -> None:
        """As fectld does it: the command, and SIGTERM with it."""
        self.send("stop")
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def vanish(self) -> None:
        """Closes the channel, as when the master is killed."""
        for fd in (self._write_fd, self._read_fd):
            if fd >= 0:
                os.close(fd)
        self._write_fd = self._read_fd = -1
        self._ended = True

    # --- what the worker says ---

    def expect(
        self, command: str, seconds: float = DEADLINE_S, where: Callable[[Any], bool] = lambda data: True
    ) -> Any:
        """Waits for that message (with such data); its data. Earlier ones are dropped.

        AssertionError: it does not come.
        """
        deadline = time.monotonic() + seconds
        while True:
            while self.messages:
                got, data = self.messages.pop(0)
                if got == command and where(data):
                    return data
            if self._ended or not self._read_more(deadline):
                raise AssertionError(f'the worker did not say "{command}"; its log:\n{self.log}')

    def said(self, command: str) -> bool:
        """Whether that message is among those that have come and nobody took."""
        while not self._ended and self._read_more(time.monotonic()):
            pass
        return any(got == command for got, _ in self.messages)

    def wait(self, seconds: float = DEADLINE_S) -> int:
        """The exit code of the worker (negative: the signal that killed it). Reads on meanwhile."""
        deadline = time.monotonic() + seconds
        exit_fd = os.pidfd_open(self.process.pid) if self.process.poll() is None else -1
        try:
            while self.process.poll() is None:
                if time.monotonic() > deadline:
                    raise AssertionError(f"the worker did not exit; its log:\n{self.log}")
                self._read_more(deadline, exit_fd)
        finally:
            if exit_fd >= 0:
                os.close(exit_fd)
        while self._read_more(time.monotonic()):
            pass
        return self.process.returncode

    def _read_more(self, deadline: float, exit_fd: int = -1) -> bool:
        """Waits for anything from the worker and takes it in. False: nothing came before the deadline."""
        poller = select.poll()
        watched = [fd for fd in (self._stderr_fd, -1 if self._ended else self._read_fd, exit_fd) if fd >= 0]
        if not watched:
            return False
        for fd in watched:
            poller.register(fd, select.POLLIN)
        ready = poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
        for fd, _ in ready:
            if fd == self._stderr_fd:
                self._take_log()
            elif fd == self._read_fd:
                self._take_messages()
        return bool(ready)

    def _take_log(self) -> None:
        text = os.read(self._stderr_fd, 65536)
        if not text:
            self._stderr_fd = -1
        self.log += text.decode("utf-8", "replace")

    def _take_messages(self) -> None:
        chunk = os.read(self._read_fd, 65536)
        if not chunk:
            self._ended = True
        self._buffer += chunk
        while len(self._buffer) >= 2:
            (size,) = struct.unpack_from(">H", self._buffer)
            if len(self._buffer) < 2 + size:
                return
            message = json.loads(self._buffer[2 : 2 + size])
            self._buffer = self._buffer[2 + size :]
            self.messages.append((message["cmd"], message.get("data")))

    # --- the end ---

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.vanish()
        if self.process.stderr is not None:
            self.process.stderr.close()
        self._stderr_fd = -1

    def __enter__(self) -> FakeMaster:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


def frame(message: Any) -> bytes:
    """One frame of the worker protocol's base level."""
    payload = json.dumps(message).encode()
    return struct.pack(">H", len(payload)) + payload
