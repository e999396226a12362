"""Masters with configurations of the test's own, for what the harness's own sections would hide.

The configuration is the file mine.toml of the test's directory, exactly as the test wrote it. The control socket has
to be `fectld.sock` of that directory, whether by default or in another way of writing it.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
from typing import Any, Callable, Iterator, Mapping, Optional

from contextlib import contextmanager

from testdata.e2e.harness import Master, Place, built
from testdata.e2e.processes import DEADLINE_SECONDS, alive, wait_until
from testdata.guests import base_client

CONFIG = "mine.toml"
WORKER = pathlib.Path(__file__).with_name("settings_worker.py")


def section(heading: str, /, **values: Any) -> str:
    """A section of a configuration."""
    return "\n".join([heading, *(f"{key} = {json.dumps(value)}" for key, value in values.items()), "", ""])


def service(place: Place, **values: Any) -> str:
    """The section of a service `web` with nothing in it but what it must have: one worker of ours."""
    return section("[[service]]", **{"name": "web", "num": 1, "command": worker(place), **values})


def worker(place: Place) -> str:
    """The path of the worker that tells what it finds, where every user can execute it."""
    path = place.directory / WORKER.name
    if not path.exists():
        place.write(WORKER.name, WORKER.read_text(encoding="utf-8"), 0o755)
    return str(path)


def program(place: Place, path: str) -> str:
    """A built program, copied to where every user can execute it."""
    # Under a name that is in nobody's way: guests leave files that are named after them.
    target = place.directory / f"{pathlib.Path(path).name}.program"
    if not target.exists():
        shutil.copy(built(path), target)
        target.chmod(0o755)
    return str(target)


def guest(place: Place, name: str) -> str:
    return program(place, f"testdata/guests/{name}")


def launch(place: Place, config: str, *arguments: str, **options: Any) -> Master:
    place.write(CONFIG, config)
    return place.launch("", arguments=["-c", CONFIG, *arguments], **options)


def start(place: Place, config: str, *arguments: str, **options: Any) -> Master:
    return launch(place, config, *arguments, **options).wait_until_up()


def run(place: Place, config: Optional[str], *arguments: str,
        **options: Any) -> "subprocess.CompletedProcess[str]":
    """A fectld that comes to an end by itself."""
    if config is not None:
        place.write(CONFIG, config)
    return subprocess.run([str(place.fectld), *([] if config is None else ["-c", CONFIG]), *arguments],
                          **{"cwd": place.directory, "env": place.environment, "stdin": subprocess.DEVNULL,
                             "capture_output": True, "text": True, "timeout": 2 * DEADLINE_SECONDS, "check": False,
                             **place.popen, **options})


def reports(folder: pathlib.Path, name: str = "web", index: int = 0) -> list[dict[str, Any]]:
    """What the workers found that started in this place of the service, one after the other. `folder`: theirs."""
    file = folder / f"found-{name}-{index}"
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1] == "\n"]


def report(folder: pathlib.Path, name: str = "web", index: int = 0) -> dict[str, Any]:
    """What the first of them found."""
    return wait_until(lambda: reports(folder, name, index), f"worker {index} of {name} tells what it found")[0]


def process_ids(pid: int) -> Mapping[str, list[int]]:
    """The lines Uid, Gid and Groups of a process."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        name, _, values = line.partition(":")
        if name in ("Uid", "Gid", "Groups"):
            found[name] = [int(value) for value in values.split()]
    return found


def with_groups(place: Place, groups: str) -> Callable[[], None]:
    """For a program's start by root: it sees this text as /etc/group, and nobody else does."""
    file = place.write("group", groups)

    def own_namespace() -> None:
        system = ctypes.CDLL(None, use_errno=True)
        new_mounts, bind, private_below = 0x20000, 0x1000, 0x4000 | 0x40000
        for done in (system.unshare(new_mounts), system.mount(b"none", b"/", None, private_below, None),
                     system.mount(file.encode(), b"/etc/group", None, bind, None)):
            if done != 0:
                raise OSError(ctypes.get_errno(), "a mount namespace")

    return own_namespace


def may_mount() -> bool:
    """This process may have a file system tree of its own."""
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


def free_port(low: int, high: int, family: int = socket.AF_INET) -> int:
    """A port in this range which nobody listens on at present."""
    for port in range(high, low, -1):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("", port))
                return port
            except OSError:
                continue
    raise AssertionError(f"no port from {low} to {high} is free")


def inspect(master: Master, name: str) -> dict[str, Any]:
    """What `fectl status --json` says of one service."""
    return json.loads(master.fectl_ok("status", name, "--json"))


class Daemon:
    """A master in the background."""

    def __init__(self, place: Place, pid: int) -> None:
        self.place = place
        self.pid = pid
        self.sock = str(place.directory / "fectld.sock")

    def link(self, path: str) -> str:
        return os.readlink(f"/proc/{self.pid}/{path}")

    def descriptors(self) -> dict[int, str]:
        return {int(fd): self.link(f"fd/{fd}") for fd in os.listdir(f"/proc/{self.pid}/fd")}

    def wait_running(self, name: str) -> None:
        wait_until(lambda: base_client.ask(self.sock, "Status", name)[1][0] == "running", f"{name} runs")


@contextmanager
def daemon(place: Place, config: str, *arguments: str, **options: Any) -> Iterator[Daemon]:
    """Runs `fectld -d`, which must succeed in silence; ends the master afterwards."""
    done = run(place, config, "-d", *arguments, **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # At once: the command has returned, so the master serves.
    command, pid = base_client.ask(str(place.directory / "fectld.sock"), "Pid")
    assert command == "Pid"
    found = Daemon(place, int(pid))
    try:
        yield found
    finally:
        if alive(found.pid):
            os.kill(found.pid, signal.SIGTERM)
        wait_until(lambda: not alive(found.pid), f"daemon {found.pid} ends")
