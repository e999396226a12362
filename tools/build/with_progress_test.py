"""What takes long says that it goes on, also where no terminal is."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WITH_PROGRESS = "tools/build/with_progress"
# How the programs that a tool calls are stood in for: one waits until the test has seen enough, the others do nothing.
WAITS = '#!/bin/sh\necho begun >&2\nread -r line <"$0.go"\n'
INSTALLED = '#!/bin/sh\nshift 2\nfor name; do echo "installed $name"; done\n'
NOTHING_INSTALLED = "#!/bin/sh\nexit 1\n"
AS_ROOT = '#!/bin/sh\n[ "$1" != -n ] || shift\nexec "$@"\n'


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run([WITH_PROGRESS, "it", *command], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)


def test_ends_as_the_command_does() -> None:
    assert run("true").returncode == 0
    assert run("sh", "-c", "exit 7").returncode == 7


def test_what_the_command_writes_stays_as_and_where_it_is() -> None:
    done = run("sh", "-c", r"printf 'a\n b\\n\n\n'; printf 'to err\n\n  half' >&2")
    assert done.stdout == "a\n b\\n\n\n"
    assert done.stderr == "to err\n\n  half"


@contextmanager
def running(tmp_path: Path, waiting: str, programs: dict[str, str], command: list[str]) -> Iterator[subprocess.Popen]:
    """The command, while the program `waiting` waits; that one goes on at the end."""
    for name, text in (programs | {waiting: WAITS}).items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    os.mkfifo(tmp_path / f"{waiting}.go")
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FECTL_PROGRESS_SECONDS": "0.1"}
    process = subprocess.Popen(command, env=environment, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        (tmp_path / f"{waiting}.go").write_text("go\n")
        process.communicate(timeout=60)


@pytest.mark.parametrize(
    "tool, waiting, others",
    [
        # It installs with `env DEBIAN_FRONTEND=... apt-get`: only the update is to wait.
        ("tools/setup", "apt-get", {"dpkg-query": NOTHING_INSTALLED, "sudo": AS_ROOT, "env": "#!/bin/sh\nexit 0\n"}),
        ("tools/test", "bazel", {"dpkg-query": INSTALLED}),
        ("tools/demo", "bazel", {"dpkg-query": INSTALLED}),
    ],
)
def test_tools_say_that_they_go_on(tmp_path: Path, tool: str, waiting: str, others: dict[str, str]) -> None:
    with running(tmp_path, waiting, others, [tool]) as process:
        said = 0
        for line in process.stderr:
            said += line.startswith(f"{tool}: still at work after ")
            if said == 2:
                break
        assert said == 2


def test_the_demonstration_wants_no_servers(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    (tmp_path / "dpkg-query").write_text(f'{INSTALLED}echo "$@" >{asked}\n')
    (tmp_path / "dpkg-query").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    lists = []
    for options in ([], ["--demo"]):
        subprocess.run(["tools/setup", *options], env=environment, check=True, stdin=subprocess.DEVNULL)
        lists.append(set(asked.read_text().split()))
    whole, small = lists
    assert {"g++", "python3-aiohttp", "python3-fastapi", "python3-uvicorn"} <= small < whole
    assert {"redis-server", "nginx", "gunicorn"} <= whole - small
