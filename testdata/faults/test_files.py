"""Files, logs and sockets that fail, fill up or go away (F85 to F97)."""

import os
import pathlib
import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from typing import Any, Optional

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import Master, Place, tcp, unix
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import alive, wait_until
from testdata.faults.surroundings import (inside, kill_and_replace, log_to, loopback, needs_mounts,
                                          needs_namespace, own_namespaces, shown, tmpfs)

def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _seen_by(master: Master, path: pathlib.Path) -> pathlib.Path:
    """The file as a master with mounts of its own sees it."""
    return pathlib.Path(f"/proc/{master.pid}/root") / path.relative_to("/")


# --- disks and pipes that take nothing more ---


@needs_mounts
def test_F85_AFullDiskLosesLinesAndNothingElse(place: Place) -> None:
    disk = place.directory / "disk"
    disk.mkdir()
    master = place.start(place.service("web", place.guest("steady"), stdout="disk/web.out") + log_to("disk/my.log"),
                         preexec_fn=own_namespaces("mount", steps=[tmpfs(disk, "size=64k")]))
    master.wait_running("web")
    filler, log = _seen_by(master, disk) / "filler", _seen_by(master, disk) / "my.log"
    _fill(filler)
    # Lines until the last page of the log is full, too, and then some that are lost.
    while log.stat().st_size % 4096 or os.statvfs(filler).f_bavail:
        for _ in range(20):
            assert master.ask("Pause", "web")[0] == master.ask("Resume", "web")[0] == "Done"
    kill_and_replace(master)
    assert "lines were lost" not in _text(log)
    filler.unlink()
    kill_and_replace(master)
    lines = wait_until(lambda: [line for line in _text(log).splitlines() if "lines were lost" in line], "the summary")
    assert len(lines) == 1 and " log lines were lost before this one" in lines[0]
    assert int(lines[0].split(" W ")[1].split()[0]) >= 3
    # Each line stands alone, also the one that found no more room in the middle.
    assert all(line[:2] == "20" for line in _text(log).splitlines())


def _fill(path: pathlib.Path) -> None:
    with open(path, "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


@needs_mounts
def test_F85_OnAFullDiskThePidFileIsRefusedAndTheOldOneStays(place: Place) -> None:
    disk = place.directory / "disk"
    disk.mkdir()
    config = '[master]\npid = "disk/my.pid"\n\n' + place.service("web", place.guest("reports_contract"))

    def fill() -> None:
        (disk / "my.pid").write_text("1\n", encoding="ascii")  # a stranger's, or of long ago
        _fill(disk / "filler")

    place.write("mine.toml", config)
    keeper = subprocess.Popen(["/bin/sleep", "1000"], preexec_fn=own_namespaces(
        "mount", steps=[tmpfs(disk, "size=8k"), fill]))
    try:
        inside = pathlib.Path(f"/proc/{keeper.pid}/root") / disk.relative_to("/")
        place.wrapper = ["/usr/bin/nsenter", f"--target={keeper.pid}", "--mount", f"--wdns={place.directory}"]
        master = place.launch("", arguments=["-c", "mine.toml"])
        assert master.wait_exit() == 1
        assert master.log() == "fectld: cannot create disk/my.pid: No space left on device\n"
        assert _text(inside / "my.pid") == "1\n" and sorted(os.listdir(inside)) == ["filler", "my.pid"]
        assert not (place.directory / "contract-0.json").exists()
    finally:
        keeper.kill()
        keeper.wait()


def test_F85_AWorkersOutputOnAFullDeviceIsTheWorkersBusiness(place: Place) -> None:
    with open("/dev/full", "wb") as full:
        master = place.launch(place.service("web", place.guest("steady")), stdout=full, stderr=full)
    master.wait_until_up()
    master.wait_running("web")
    kill_and_replace(master)


def test_F86_ALogThatCannotBeOpenedAnewIsKept(place: Place) -> None:
    folder = place.directory / "logs"
    folder.mkdir()
    master = place.start(place.service("web", place.guest("steady")) + log_to("logs/my.log"))
    master.wait_running("web")
    moved = place.directory / "moved"
    folder.rename(moved)
    master.signal(signal.SIGUSR1)
    words = "could not be opened anew: cannot write to logs/my.log: No such file"
    wait_until(lambda: words in _text(moved / "my.log"), "the old log says why")
    kill_and_replace(master)
    folder.mkdir()
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "log files were opened anew" in _text(folder / "my.log"), "the new log")


@needs_mounts
def test_F86_WhereNothingCanBeWrittenAnyMoreTheMasterGoesOn(place: Place) -> None:
    disk = place.directory / "disk"
    disk.mkdir()
    web = place.service("web", place.guest("steady"), stdout="disk/web.out", restarts=1)
    master = place.start(web + log_to("disk/my.log"), preexec_fn=own_namespaces("mount"))
    master.wait_running("web")
    # The files that are open stay what they are; the path leads to a disk that takes nothing.
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "none", str(disk)]
    subprocess.run(["nsenter", f"--target={master.pid}", "--mount", *mount], check=True)
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "cannot write to disk/my.log: Read-only file system" in _text(disk / "my.log"), "the reason")
    kill_and_replace(master)
    master.fectl_ok("reload", "web")


@pytest.mark.parametrize("stream", ["stderr", "syslog"])
def test_F87_ALogThatNobodyReadsIsNotWaitedFor(place: Place, stream: str) -> None:
    with ExitStack() as stack:
        if stream == "stderr":
            master, drain = _logging_to_a_pipe(place, stack)
        else:
            master, drain = _logging_to_a_daemon(place, stack)
        (pid,) = master.wait_running("web")
        with master.client() as client:
            for _ in range(2000):
                assert client.ask("Pause", "web")[0] == client.ask("Resume", "web")[0] == "Done"
        drain()
        os.kill(pid, signal.SIGKILL)
        master.wait_replaced("web", pid)
        lines = drain().splitlines()
    lost = [line for line in lines if "log lines were lost before this one" in line]
    assert len(lost) == 1, lines[-10:]
    assert any("was killed by SIGKILL" in line for line in lines[lines.index(lost[0]):])


def _logging_to_a_pipe(place: Place, stack: ExitStack) -> Any:
    reader, writer = os.pipe()
    stack.callback(os.close, reader)
    os.set_blocking(reader, False)
    # The worker has an output of its own: one that writes into a full pipe waits, and that is its own affair.
    master = place.start(place.service("web", place.guest("steady"), stdout="/dev/null", stderr="/dev/null"),
                         stderr=writer)
    os.close(writer)

    def drain() -> str:
        found = b""
        while True:
            try:
                found += os.read(reader, 1 << 20)
            except BlockingIOError:
                return found.decode()

    return master, drain


def _logging_to_a_daemon(place: Place, stack: ExitStack) -> Any:
    if not settings.may_mount():
        pytest.skip("a /dev/log of the test's own needs a mount namespace")
    devices = settings.folder(place, "dev")
    daemon = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    daemon.bind(str(devices / "log"))
    daemon.setblocking(False)
    master = place.start(place.service("web", place.guest("steady")) + '[logging]\nservice = "syslog"\n\n',
                         preexec_fn=settings.with_devices(devices))

    def drain() -> str:
        found = []
        while True:
            try:
                found.append(daemon.recv(65536).decode())
            except BlockingIOError:
                return "\n".join(found)

    return master, drain


# --- files that are there, or are not what they seem ---


@pytest.mark.parametrize("kind,words", [("empty", None), ("foreign pid", None), ("garbage", "holds no pid"),
                                        ("symbolic link", "a symbolic link"), ("directory", "not a regular file")])
def test_F88_WhateverThePidFileIsNoStrangerIsHarmed(place: Place, kind: str, words: Optional[str]) -> None:
    path = place.directory / "fectld.pid"
    with subprocess.Popen(["/bin/sleep", "1000"]) as stranger:
        text = {"empty": "", "foreign pid": f"{stranger.pid}\n"}.get(kind, "precious\n")
        target = place.directory / "target"
        if kind == "directory":
            path.mkdir()
        elif kind == "symbolic link":
            target.write_text(text, encoding="ascii")
            path.symlink_to(target)
        else:
            path.write_text(text, encoding="ascii")
        master = place.launch(place.service("web", place.guest("steady")))
        if words is None:
            master.wait_until_up().wait_running("web")
            assert path.read_text(encoding="ascii") == f"{master.pid}\n"
        else:
            assert master.wait_exit() == 1 and words in master.log()
            assert kind == "directory" or path.read_text(encoding="ascii") == text
            path.rmdir() if kind == "directory" else path.unlink()
        assert alive(stranger.pid)
        stranger.kill()


_BROKEN = {
    "syntax error": ("[[service]]\nname = \n", ":2: service[1].name: has no value after the ="),
    "unknown key": ("[master]\nsokc = \"x\"\n", ':2: master.sokc: unknown key, did you mean "sock"?'),
    "wrong type": ("[[service]]\nname = 1\n", ":2: service[1].name: must be a string, not 1"),
    "empty": ("", ": service: there is none: at least one [[service]] is needed"),
    "binary": ("\x00\x01\x02\x7f" * 100, ":1: is not text: it has the control character 0x00"),
    "half written": ("[[service]]\nname = \"web\"\nnum = 1\ncomm", ":4: service.web.comm: must be followed by ="),
    "10 MB": ("# " + "x" * 80 + "\n", "is larger than"),
}


@pytest.mark.parametrize("kind", list(_BROKEN))
def test_F89_ABadConfigurationStartsNothingAndSaysWhere(place: Place, kind: str) -> None:
    text, words = _BROKEN[kind]
    done = settings.run(place, text * (125_000 if kind == "10 MB" else 1))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{settings.CONFIG}:") and words in done.stderr, done.stderr[:1000]
    assert not settings.made(place)


@pytest.mark.parametrize("kind,words", [("missing", "No such file or directory"), ("directory", "is a directory"),
                                        ("unreadable", "Permission denied")])
def test_F89_AConfigurationThatCannotBeReadSaysWhy(place_of_nobody: Place, kind: str, words: str) -> None:
    place = place_of_nobody
    if kind == "directory":
        (place.directory / settings.CONFIG).mkdir()
    elif kind == "unreadable":
        place.write(settings.CONFIG, "", 0o000)
    done = settings.run(place, None, "-c", settings.CONFIG)
    assert done.returncode == 2 and words in done.stderr, done


# --- sockets ---


def test_F94_APortInUseStartsNothing(place: Place) -> None:
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        config = tcp("http", port) + place.service("web", place.guest("reports_contract"))
        master = place.launch(config)
        assert master.wait_exit() == 1
        words = f"fectld: socket http: cannot listen on 127.0.0.1:{port}: Address already in use by pid {os.getpid()} ("
        assert master.log().startswith(words)
        assert not (place.directory / "contract-0.json").exists(), "a worker was started"
    # F95: free again, it is taken at the next start; there is no waiting for it.
    place.start(config, log="second.log").wait_running("web")


@needs_namespace("--net")
def test_F96_AnAddressThatVanishesAndComesBackIsServed(place: Place) -> None:
    master = place.start(tcp("http", 8080) + place.service("web", place.guest("steady")),
                         preexec_fn=own_namespaces("net", steps=[loopback(up=True)]))
    (pid,) = master.wait_running("web")
    for _ in range(2):
        inside(master.pid, "net", loopback(up=False))
        inside(master.pid, "net", loopback(up=True))
        done = subprocess.run(["nsenter", f"--target={master.pid}", "--net", "curl", "--silent",
                               "http://127.0.0.1:8080/"], check=True, capture_output=True, text=True)
        assert int(done.stdout.split()[0]) == pid
    assert master.pids("web") == [pid] and "listening" not in master.log()


def _ask_unix(path: pathlib.Path) -> int:
    """The pid of the worker that answers there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(60)
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = b""
        while part := client.recv(4096):
            answer += part
    return int(answer.partition(b"\r\n\r\n")[2].split()[0])


@pytest.mark.parametrize("command", ["reload", "restart", "start"])
def test_F97_AServicesSocketFileIsMadeAnewOnCommand(place: Place, command: str) -> None:
    master = place.start(unix("local", "web.sock", mode="600") + place.service("web", place.guest("steady"), num=2))
    path = place.directory / "web.sock"
    assert _ask_unix(path) in master.wait_running("web", 2)
    path.unlink()
    assert "web.sock (its file is gone)" in shown(master, "web")
    if command == "start":
        master.fectl_ok("stop", "web")
    master.fectl_ok(command, "web")
    assert _ask_unix(path) in master.wait_running("web", 2)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert "gone" not in shown(master, "web")
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0 and not path.exists()


def test_F97_WhatSomebodyPutInItsPlaceIsLeftAlone(place: Place) -> None:
    master = place.start(unix("local", "web.sock") + place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    path = place.directory / "web.sock"
    path.unlink()
    path.write_text("precious", encoding="ascii")
    assert "web.sock (its file is gone)" in shown(master, "web")
    master.fectl_ok("reload", "web")
    assert "a file that is not a socket is in the way" in master.log()
    assert pid not in master.wait_running("web")
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0 and path.read_text(encoding="ascii") == "precious"
