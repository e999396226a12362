"""fectl as people start it: on terminals and in pipes, from shells and from `bazel run`."""

import json
import os
import pty
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

FECTL = Path("client/fectl").resolve()

_SERVICE = {"name": "web", "state": "running", "num": 2, "ready": 2, "uptime_s": 5, "restarts": 0, "cause": "",
            "sockets": []}
_ANSWERS = {
    "Hello": ("Hello", {"version": 2, "server": "fectl 1.0.0", "pid": 1}),
    "Overview": ("Overview", {"pid": 1, "version": "1.0.0", "uptime_s": 9, "services": [_SERVICE] * 50}),
    "Ping": ("Pong", None),
}


class SmallMaster:
    """Answers a few requests on a UNIX socket, knowing of the protocol no more than that; never answers others."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "fectld.sock"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while head := stream.read(2):
                request = json.loads(stream.read(*struct.unpack(">H", head)))
                if request["cmd"] not in _ANSWERS:
                    continue
                cmd, data = _ANSWERS[request["cmd"]]
                payload = json.dumps({"cmd": cmd, "data": data}).encode()
                connection.sendall(struct.pack(">H", len(payload)) + payload)


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fectl-", dir="/tmp") as directory:
        master = SmallMaster(Path(directory))
        yield Path(directory)
        master.close()


def _run(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FECTL, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60,
                          check=False)


def _on_a_terminal(*arguments: str, cwd: Path, **environment: str) -> tuple[int, str]:
    """The exit code, and what a terminal as standard output and standard error got."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([FECTL, *arguments], cwd=cwd, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # EIO: the last writer has closed it
            pass
        os.close(ours)
        return process.wait(timeout=60), shown.decode()


def test_the_socket_is_looked_for_here(place: Path) -> None:
    assert _run("ping", cwd=place).stdout == "pong\n"
    assert _run("ping", cwd=Path("/"), FECTL_SOCK=str(place / "fectld.sock")).stdout == "pong\n"
    assert _run("ping", cwd=Path("/")).returncode == 3


def test_bazel_run_takes_paths_from_the_callers_directory(place: Path) -> None:
    assert _run("ping", cwd=Path("/"), BUILD_WORKING_DIRECTORY=str(place)).stdout == "pong\n"
    assert _run("ping", "-m", "fectld.sock", cwd=Path("/"), BUILD_WORKING_DIRECTORY=str(place)).returncode == 0


def test_colours_on_a_terminal(place: Path) -> None:
    code, shown = _on_a_terminal("status", cwd=place, TERM="xterm")
    assert code == 0 and "\x1b[32mrunning\x1b[0m" in shown


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
def test_no_colours_where_they_are_not_wanted(place: Path, environment: dict[str, str]) -> None:
    code, shown = _on_a_terminal("status", cwd=place, **environment)
    assert code == 0 and "running" in shown and "\x1b" not in shown


def test_no_colours_in_a_pipe(place: Path) -> None:
    assert "\x1b" not in _run("status", cwd=place, TERM="xterm").stdout


def test_progress_on_a_terminal_is_taken_away(place: Path) -> None:
    code, shown = _on_a_terminal("reload", "web", "--timeout", "0.7", cwd=place, TERM="xterm")
    assert code == 1 and "web: reload (0 s)" in shown
    assert shown.rpartition("\x1b[K")[2] == (
        "fectl: web: reload failed: no answer within 700 ms; what was begun goes on in fectld\r\n")


def test_no_progress_in_a_pipe(place: Path) -> None:
    done = _run("reload", "web", "--timeout", "0.7", cwd=place, TERM="xterm")
    assert done.stderr == "fectl: web: reload failed: no answer within 700 ms; what was begun goes on in fectld\n"


def test_a_reader_that_has_gone_is_no_failure(place: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([FECTL, "status"], cwd=place, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert done.returncode == 0 and done.stderr == b""


def test_a_full_disk_is_one(place: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([FECTL, "status"], cwd=place, stdout=full, stderr=subprocess.PIPE, timeout=60,
                              check=False)
    assert done.returncode == 1 and b"No space left on device" in done.stderr


_COMPLETE = """eval "$("$1" completion {shell})"
{options}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_fectl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# How zsh's bashcompinit calls a function of bash, and the folders that zsh itself would call insecure in a container.
_SHELLS = {"bash": ("bash", ""), "zsh": ("zsh", "setopt ksharrays")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: zsh reads the definitions of its completion for a second, and keeps them there."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("shell", _SHELLS)
@pytest.mark.parametrize(("words", "completed"), [
    (["rel"], ["reload"]),
    (["--js"], ["--json"]),
    (["reload", "w"], ["web"]),
    (["stop", "a"], ["all"]),
    (["-m", "fectld.sock", "spid", ""], ["web"]),
    (["--sock", "=", "fectld.sock", "spid", ""], ["web"]),
    (["-m", "nothing.sock", "spid", ""], []),
    (["watch", "w"], ["web"]),
    (["watch", "web", ""], []),
    (["reload", "--wat"], []),
    (["serve", "--wat"], ["--watch"]),
    (["serve", "--kind", "w"], ["wsgi"]),
    (["serve", "--kind", "=", "a"], ["aiohttp", "asgi"]),
    (["help", "comp"], ["completion"]),
    (["completion", ""], ["bash", "zsh"]),
])
def test_shells_complete_the_words(place: Path, home: Path, shell: str, words: list[str],
                                   completed: list[str]) -> None:
    program, options = _SHELLS[shell]
    script = _COMPLETE.format(shell=shell, options=options)
    done = subprocess.run([program, "-c", script, shell, str(FECTL), *words], cwd=place, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(home)}, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == ""
    assert sorted(set(done.stdout.split())) == completed


def test_help_is_ours_and_short() -> None:
    for arguments in (["--help"], ["help", "reload"]):
        done = _run(*arguments)
        assert done.returncode == 0 and done.stderr == ""
        assert len(done.stdout.splitlines()) < 50 and "gflags" not in done.stdout
    for arguments in (["--helpfull"], ["--helpxml"], ["--flagfile=/dev/null", "ping"]):
        assert _run(*arguments).returncode == 2
