"""Real masters in directories of their own, for the end-to-end tests.

A test takes the fixture `place` and starts what it needs there. When the test is over, everything must be gone: the
master ends on SIGTERM within a deadline, no process that descends from this one is left, and neither are the control
socket and the pid file. The test fails otherwise. Only processes that descend from this one are ever killed.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
from typing import Any, Iterable, Mapping, Optional

from testdata.e2e.http_requests import HttpRequest
from testdata.e2e.processes import (DEADLINE_SECONDS, alive, command_line, descendants, kill_descendants,
                                    wait_until)
from testdata.guests import base_client

_ROOT = pathlib.Path(__file__).absolute().parents[2]
NOBODY = 65534  # uid and gid of the user who owns nothing


def built(path: str) -> pathlib.Path:
    """A built program or folder, below the test's runfiles or, outside of Bazel, below bazel-bin."""
    for folder in (_ROOT, _ROOT / "bazel-bin"):
        if (folder / path).exists():
            return folder / path
    raise FileNotFoundError(f"{path} is neither below {_ROOT} nor below {_ROOT}/bazel-bin")


# --- configuration ---


def _section(name: str, values: Mapping[str, Any]) -> str:
    # JSON's strings, numbers, booleans and arrays of them are TOML's.
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([name, *lines, "", ""])


def tcp(name: str, port: int, **values: Any) -> str:
    return _section("[[socket]]", {"name": name, "port": port, "host": "127.0.0.1", **values})


def unix(name: str, path: str, **values: Any) -> str:
    return _section("[[socket]]", {"name": name, "proto": "unix", "path": path, **values})


# --- masters ---


class Master:
    """One fectld process in the foreground, in a directory of the test."""

    def __init__(self, place: "Place", config: str, arguments: Iterable[str], environment: Optional[dict[str, str]],
                 popen: dict[str, Any], log: str) -> None:
        self.place = place
        self.directory = place.directory
        self.sock = str(place.directory / "fectld.sock")
        self.pid_file = place.directory / "fectld.pid"
        self.log_file = place.directory / log
        # Whole at every moment: another master may be reading it.
        master = _section("[master]", {"sock": "fectld.sock", "pid": "fectld.pid"})
        place.write("fectld.toml.new", master + config)
        (place.directory / "fectld.toml.new").replace(place.directory / "fectld.toml")
        with open(self.log_file, "ab") as output:
            self.process = subprocess.Popen(
                [*place.wrapper, str(place.fectld), *arguments], stdin=subprocess.DEVNULL,
                env=place.environment if environment is None else environment,
                **{"cwd": place.directory, "stdout": output, "stderr": output, **place.popen, **popen})

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def running(self) -> bool:
        return self.process.poll() is None

    def wait_until_up(self) -> "Master":
        """Until it answers on its control socket."""

        def answers() -> bool:
            assert self.running(), f"fectld ended with {self.process.returncode}:\n{self.log()}"
            try:
                return self.ask("Pid") == ("Pid", str(self.pid))
            except (OSError, base_client.Closed):
                return False

        wait_until(answers, "the master answers")
        return self

    def wait_exit(self, seconds: float = DEADLINE_SECONDS) -> int:
        wait_until(lambda: not self.running(), f"fectld {self.pid} ends", seconds)
        return self.process.returncode

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    # The control protocol's base level, spoken by the plain client.

    def ask(self, command: str, data: Any = None) -> tuple[str, Any]:
        return base_client.ask(self.sock, command, data)

    def client(self) -> base_client.BaseClient:
        return base_client.BaseClient(self.sock)

    def state(self, name: str) -> str:
        command, data = self.ask("Status", name)
        assert command == "ServiceStatus", (command, data)
        return data[0]

    def events(self, name: str, worker: int = 1) -> list[dict[str, Any]]:
        """Of one worker (from 1), in the order in which the master gives them."""
        _, data = self.ask("Status", name)
        return dict(data[1])[f"worker({worker})"]

    def reasons(self, name: str, worker: int = 1) -> list[Any]:
        return [event["reason"] for event in self.events(name, worker)]

    def pids(self, name: str) -> list[int]:
        command, data = self.ask("SPid", name)
        assert command == "ServiceWorkerPids", (command, data)
        return [int(pid) for pid in data]

    def wait_state(self, name: str, state: str) -> None:
        wait_until(lambda: self.state(name) == state, f"service {name} is {state}")

    def wait_running(self, name: str, num: int = 1) -> list[int]:
        """Until the service runs with `num` workers; their pids."""
        wait_until(lambda: self.state(name) == "running" and len(self.pids(name)) == num,
                   f"service {name} runs with {num} workers")
        return self.pids(name)

    def wait_replaced(self, name: str, old: int, num: int = 1) -> list[int]:
        """Until the service runs without `old`; the pids."""
        wait_until(lambda: not alive(old), f"worker {old} of {name} is gone")
        wait_until(lambda: old not in self.pids(name), f"worker {old} of {name} is replaced")
        return self.wait_running(name, num)

    # The command line client.

    def fectl(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        return self.place.fectl("--sock", self.sock, *arguments, **options)

    def fectl_ok(self, *arguments: str) -> str:
        done = self.fectl(*arguments)
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout


class Place:
    """A directory for one test, and the masters that run in it. As `user`: they run as this uid and gid."""

    def __init__(self, user: Optional[int] = None) -> None:
        # The programs first: where they are missing, no folder is left behind.
        self.fectld = built("master/fectld")
        self.fectl_program = built("client/fectl")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fe2e-", dir="/tmp"))
        self.masters: list[Master] = []
        self.popen: dict[str, Any] = {}
        self.wrapper: list[str] = []  # a program, and its arguments, that executes the master
        self.environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
                            **{name: value for name, value in os.environ.items() if "SAN_OPTIONS" in name}}
        self._user = user
        if user is not None:
            os.chown(self.directory, user, user)
            self.fectld = self._copy(self.fectld)
            self.fectl_program = self._copy(self.fectl_program)
            self._copy(built("worker_sdk/run/fectl-run"))  # which fectld looks for beside itself
            self.popen = {"user": user, "group": user, "extra_groups": []}

    def _copy(self, program: pathlib.Path) -> pathlib.Path:
        """What another user cannot reach in the build's folders, it can in the test's."""
        target = self.directory / "programs" / program.name
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            shutil.copy(program, target)
            target.chmod(0o755)
        return target

    def guest(self, name: str) -> str:
        """The path of a guest program."""
        return self._reachable(built(f"testdata/guests/{name}"))

    def forbid(self, *calls: str) -> None:
        """Masters, and all that they start, live from now on where these system calls fail: "clone3=ENOSYS"."""
        self.wrapper = [self._reachable(built("testdata/faults/forbid")), *calls, "--"]

    def _reachable(self, program: pathlib.Path) -> str:
        return str(program if self._user is None else self._copy(program))

    def link(self, name: str, guest: Optional[str]) -> str:
        """Makes the path of that name in this directory be this guest from now on; with None it is not there."""
        path = self.directory / name
        if guest is None:
            path.unlink()
        else:
            fresh = self.directory / (name + ".new")
            fresh.symlink_to(guest)
            fresh.replace(path)
        return str(path)

    def write(self, name: str, text: str, mode: int = 0o644) -> str:
        path = self.directory / name
        with path.open("w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)  # not by its name: a process that waits for it may remove it at once
            file.write(text)
        return str(path)

    def lines(self, name: str) -> list[str]:
        path = self.directory / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def service(self, name: str, command: Any, **values: Any) -> str:
        """A [[service]] section; the workers run in this directory. Timeouts are long unless the test gives others:
        nothing may time out by slowness."""
        return _section("[[service]]", {"name": name, "command": command, "num": 1, "timeout": 40,
                                        "startup_timeout": 60, "shutdown_timeout": 40,
                                        "directory": str(self.directory), **values})

    def launch(self, config: str, *, arguments: Iterable[str] = (), environment: Optional[dict[str, str]] = None,
               log: str = "fectld.log", **popen: Any) -> Master:
        """Starts a master and does not wait for it."""
        master = Master(self, config, arguments, environment, popen, log)
        self.masters.append(master)
        return master

    def start(self, config: str, **options: Any) -> Master:
        return self.launch(config, **options).wait_until_up()

    def fectl(self, *arguments: str, environment: Optional[dict[str, str]] = None,
              **options: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self.fectl_program), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=2 * DEADLINE_SECONDS, check=False, env={**self.environment, **(environment or {})},
            **{"cwd": self.directory, **self.popen, **options})

    def slow_request(self, port: int) -> HttpRequest:
        """A request for /slow that a worker is busy with until the file `release` is written."""
        request = HttpRequest(port, "/slow")
        try:
            wait_until((self.directory / "entered").exists, "the slow request is being worked on")
        except BaseException:
            request.close()
            raise
        return request

    # --- the end ---

    def tear_down(self) -> None:
        problems = []
        try:
            for master in self.masters:
                if master.running():
                    master.signal(signal.SIGTERM)
                try:
                    master.wait_exit()
                except AssertionError as problem:
                    problems.append(str(problem))
            problems += self._left_behind()
        finally:
            kill_descendants()
            for master in self.masters:
                print(f"--- log of fectld {master.pid}, which ended with {master.process.returncode} ---")
                print(master.log())
            shutil.rmtree(self.directory, ignore_errors=True)
        assert not problems, problems

    def _left_behind(self) -> list[str]:
        problems = []
        try:
            wait_until(lambda: not descendants(), "no process is left", 20)
        except AssertionError:
            problems += [f"left behind: {pid} {command_line(pid)}" for pid in descendants()]
        # The lock beside the socket is no trace of a master that was killed: it is free again by itself.
        killed = any(master.process.returncode == -signal.SIGKILL for master in self.masters)
        for name in ("fectld.sock", "fectld.pid") + (() if killed else ("fectld.sock.lock",)):
            if os.path.lexists(self.directory / name):
                problems.append(f"left behind: {name}")
        for master in self.masters:
            log = master.log()
            # Of workers, which do not get the variables that say where sanitizers write.
            for mark in ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "Check failed"):
                if mark in log:
                    problems.append(f"{mark} in the log of fectld {master.pid}")
        return problems
