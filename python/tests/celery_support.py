"""Brokers for the tests of the celery worker, none of which needs a server that runs already."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
from typing import Any, Iterator, Mapping, Optional

import pytest

from fectl_worker.testing import FakeMaster
from python.tests.support import APPS, ready_made, wait_until


class Redis:
    """A redis-server of the test's own, on a UNIX socket."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None or importlib.util.find_spec("redis") is None:
            pytest.skip("redis-server or Python's redis is not installed (packages redis-server, python3-redis)")
        self._program = program
        self._folder = tempfile.mkdtemp(prefix="fectl-redis-", dir="/tmp")
        self.path = os.path.join(self._folder, "s")
        self._process: Optional[subprocess.Popen[bytes]] = None

    @property
    def url(self) -> str:
        return f"redis+socket://{self.path}"

    def start(self) -> None:
        place = ["--unixsocket", self.path, "--dir", self._folder]
        command = [self._program, "--port", "0", "--appendonly", "yes", *place]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until(self._answers, "redis-server answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(self.path)
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


class Jobs:
    """The tasks of apps/celery_jobs.py, seen from a client that queues them."""

    def __init__(self, folder: pathlib.Path, broker: str) -> None:
        self.folder = folder
        self.notes = folder / "notes"
        self.variables = {"JOBS_BROKER": broker, "JOBS_NOTES": str(self.notes)}
        if broker.startswith("filesystem"):
            (folder / "spool").mkdir()
            self.variables["JOBS_SPOOL"] = str(folder / "spool")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.syspath_prepend(APPS)
            sys.modules.pop("celery_jobs", None)
            self._module = importlib.import_module("celery_jobs")

    def queue(self, *arguments: Any) -> None:
        self._module.work.apply_async(arguments, retry=False)

    def lines(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def wait_for(self, start: str) -> str:
        """Until there is a line that starts so; the line."""
        wait_until(lambda: any(line.startswith(start) for line in self.lines()), f"a line that starts with {start}")
        return next(line for line in self.lines() if line.startswith(start))

    def worker(
        self,
        *arguments: str,
        options: Optional[Mapping[str, Any]] = None,
        own: tuple[str, ...] = (),
        variables: Optional[Mapping[str, str]] = None,
        mingle: bool = False,
    ) -> FakeMaster:
        """`fectl_worker celery OWN -- ARGUMENTS` below a master. mingle: as celery does it by default, with a second
        at the start in which other nodes are asked what they have."""
        quiet = () if mingle else ("--without-mingle",)
        return ready_made(
            *("celery", "--app", "celery_jobs:app", *own, "--", "--concurrency", "2", *quiet, *arguments),
            environment={**self.variables, **(variables or {})},
            # Heartbeats come more often with a short one.
            **{"timeout": 2, **(options or {})},
        )

    def close(self) -> None:
        self._module.app.close()


@contextlib.contextmanager
def jobs_on(folder: pathlib.Path, broker: str) -> Iterator[Jobs]:
    """broker: "filesystem" or "redis"."""
    redis = Redis() if broker == "redis" else None
    try:
        if redis is not None:
            redis.start()
        jobs = Jobs(folder, redis.url if redis is not None else "filesystem://")
        yield jobs
        jobs.close()
    finally:
        if redis is not None:
            redis.close()
