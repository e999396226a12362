"""What the tests of attacks share: hostile workers, and doing something as another user."""

import json
import os
import pathlib
import pickle
import shutil
import signal
from typing import Any, Callable, TypeVar

import pytest

from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import wait_until

# Users and groups that nobody has.
MALLORY, ALICE, BOB = 54321, 54322, 54323
DEPLOY, MONITORING = 54331, 54332
WORKER = pathlib.Path(__file__).with_name("hostile_worker.py")

IS_ROOT = os.geteuid() == 0 and not os.environ.get("FECTL_E2E_UNPRIVILEGED")
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can be several users")

T = TypeVar("T")


def hostile(place: Place, statements: str, name: str = "web", **values: Any) -> str:
    """The section of a service whose first worker executes these statements."""
    program = place.directory / WORKER.name
    if not program.exists():
        place.write(WORKER.name, WORKER.read_text(encoding="utf-8"), 0o755)
    return place.service(name, ["/usr/bin/python3", str(program), statements], **values)


def found(place: Place) -> Any:
    """What the statements left."""
    file = place.directory / "found"
    wait_until(file.exists, "the hostile worker is done")
    return json.loads(file.read_text(encoding="utf-8"))


def open_to_all(place: Place) -> None:
    """Every user gets through the test's directory, as through /run."""
    place.directory.chmod(0o755)


def as_user(uid: int, action: Callable[[], T], gid: int = MALLORY, groups: tuple[int, ...] = ()) -> T:
    """What `action` gives, done by another user in a process of its own; what it raises is raised here."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read_end)
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            try:
                result: tuple[bool, Any] = (True, action())
            except BaseException as problem:  # pylint: disable=broad-except
                result = (False, problem)
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(pickle.dumps(result))
        finally:
            os._exit(0)
    os.close(write_end)
    try:
        with os.fdopen(read_end, "rb") as pipe:
            fine, value = pickle.loads(pipe.read())
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.waitpid(pid, 0)
    if fine:
        return value
    raise value


def start_with_grants(place: Place, *allow: str, **options: Any) -> Master:
    """A master with one service and these grants."""
    open_to_all(place)
    config = place.service("web", place.guest("steady"))
    master_section = f'[master]\nsock = "fectld.sock"\npid = "fectld.pid"\nallow = {json.dumps(allow)}\n'
    place.write("mine.toml", master_section + config)
    master = place.launch("", arguments=["-c", "mine.toml"], **options).wait_until_up()
    master.wait_running("web")
    return master


def fectl_for_all(place: Place) -> str:
    """The command line, where every user can execute it."""
    target = place.directory / "fectl"
    if not target.exists():
        shutil.copy(place.fectl_program, target)
        target.chmod(0o755)
    return str(target)
