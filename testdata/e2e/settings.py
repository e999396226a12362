"""Masters with configurations of the test's own, for what the harness's own sections would hide.

The configuration is the file mine.toml of the test's directory, exactly as the test wrote it. The control socket has
to be `fectld.sock` of that directory, whether by default or in another way of writing it.
"""

import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional

import pytest

from testdata.e2e.harness import NOBODY, Master, Place, built
from testdata.e2e.processes import DEADLINE_SECONDS, alive, wait_until
from testdata.guests import base_client

CONFIG = "mine.toml"
# Masters are started by root.
PRIVILEGED = os.geteuid() == 0 and not os.environ.get("FECTL_E2E_UNPRIVILEGED")
WORKER = pathlib.Path(__file__).with_name("settings_worker.py")

needs_root = pytest.mark.skipif(not PRIVILEGED, reason="only root switches users")


def user_and_group() -> tuple[int, int]:
    """Of the masters that are not told otherwise."""
    unprivileged = os.geteuid() == 0 and not PRIVILEGED
    return (NOBODY, NOBODY) if unprivileged else (os.geteuid(), os.getegid())


def given(path: pathlib.Path) -> pathlib.Path:
    """What the test made there, made the masters' own."""
    os.chown(path, *user_and_group())
    return path


def made(place: Place) -> set[str]:
    """What is in the directory besides that which the test brought there."""
    brought = {CONFIG, WORKER.name, "programs", "fectld.toml", "fectld.log"}
    return {path.name for path in place.directory.iterdir()} - brought


def folder(place: Place, name: str) -> pathlib.Path:
    """A folder that the masters may write to."""
    path = place.directory
    for part in pathlib.PurePath(name).parts:
        path /= part
        if not path.exists():
            path.mkdir()
            given(path)
    return path


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


def run(place: Place, config: Optional[str], *arguments: str, program: Iterable[str] = (),
        **options: Any) -> "subprocess.CompletedProcess[str]":
    """A fectld that comes to an end by itself, started by a program that becomes it where one is given."""
    if config is not None:
        place.write(CONFIG, config)
    return subprocess.run([*program, str(place.fectld), *([] if config is None else ["-c", CONFIG]), *arguments],
                          **{"cwd": place.directory, "env": place.environment, "stdin": subprocess.DEVNULL,
                             "capture_output": True, "text": True, "timeout": 2 * DEADLINE_SECONDS, "check": False,
                             **place.popen, **options})


def reports(found_in: pathlib.Path, name: str = "web", index: int = 0) -> list[dict[str, Any]]:
    """What the workers found that started in this place of the service, one after the other, in this directory."""
    file = found_in / f"found-{name}-{index}"
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1] == "\n"]


def report(found_in: pathlib.Path, name: str = "web", index: int = 0) -> dict[str, Any]:
    """What the first of them found."""
    return wait_until(lambda: reports(found_in, name, index), f"worker {index} of {name} tells what it found")[0]


def check_link(pid: int, path: str, target: str) -> None:
    """What /proc says of a master. An ordinary user may not look into one, as it does not let itself be inspected: then
    what its workers find, who inherit it, has to do."""
    try:
        assert os.readlink(f"/proc/{pid}/{path}") == target
    except PermissionError:
        assert os.geteuid() != 0


def process_ids(pid: int) -> Mapping[str, list[int]]:
    """The lines Uid, Gid and Groups of a process."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        name, _, values = line.partition(":")
        if name in ("Uid", "Gid", "Groups"):
            found[name] = [int(value) for value in values.split()]
    return found


_NEW_MOUNTS, _BIND, _BELOW, _PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000


def _mounted(*mounts: tuple[str, str]) -> Callable[[], None]:
    """For a program's start by root: it sees the first of each as the second, and nobody else does."""

    def own_namespace() -> None:
        system = ctypes.CDLL(None, use_errno=True)
        steps = [(b"none", b"/", _PRIVATE | _BELOW)]
        steps += [(what.encode(), where.encode(), _BIND | _BELOW) for what, where in mounts]
        if system.unshare(_NEW_MOUNTS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        for what, where, flags in steps:
            if system.mount(what, where, None, flags, None) != 0:
                raise OSError(ctypes.get_errno(), f"mount {what!r} {where!r}")

    return own_namespace


def with_groups(place: Place, groups: str) -> Callable[[], None]:
    """For a program's start by root: it sees this text as /etc/group."""
    return _mounted((place.write("group", groups), "/etc/group"))


def with_devices(devices: pathlib.Path) -> Callable[[], None]:
    """For a program's start by root: it sees this folder as /dev, with those of the real one that programs need."""
    needed = ["null", "random", "urandom", "zero"]
    for name in needed:
        (devices / name).touch()
    return _mounted(*((f"/dev/{name}", str(devices / name)) for name in needed), (str(devices), "/dev"))


def may_mount() -> bool:
    """Masters may have a file system tree of their own."""
    if not PRIVILEGED:
        return False
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

    def wait_running(self, name: str) -> None:
        wait_until(lambda: base_client.ask(self.sock, "Status", name)[1][0] == "running", f"{name} runs")


@contextmanager
def daemon(place: Place, config: str, *arguments: str, **options: Any) -> Iterator[Daemon]:
    """Runs `fectld -d`, which must succeed and say no more than where output goes and what is lost; ends the master
    afterwards."""
    done = run(place, config, "-d", *arguments, **options)
    assert done.returncode == 0, done
    assert re.fullmatch(r"(fectld: the output of workers goes to files in \S+\n)?", done.stdout), done.stdout
    assert all(" thrown away, as a daemon has no terminal" in line for line in done.stderr.splitlines()), done.stderr
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
