"""Attacks by way of files, each named after its row of testdata/attack_table.md."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from testdata.attacks.hostile import ALICE, MALLORY, as_user, needs_root, open_to_all
from testdata.e2e.harness import Place, unix
from testdata.e2e.processes import wait_until

_SECRET = "root:x:0:0\n"


def _run(place: Place, config: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    place.write("mine.toml", config)
    return _run_file(place, "mine.toml", *arguments)


def _run_file(place: Place, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A fectld that comes to an end by itself."""
    return subprocess.run([str(place.fectld), "-c", name, *arguments], cwd=place.directory, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False, env=place.environment)


def _secret(place: Place) -> pathlib.Path:
    place.write("secret", _SECRET, 0o600)
    return place.directory / "secret"


@pytest.mark.parametrize("kind", ["fectld.sock", "fectld.sock.lock", "fectld.pid", "fectld.out", "fectld.log2"])
def test_K3_ALinkInTheWayIsNotFollowed(place: Place, kind: str) -> None:
    secret = _secret(place)
    (place.directory / kind).symlink_to(secret)
    config = '[master]\nsock = "fectld.sock"\npid = "fectld.pid"\nstdout = "fectld.out"\n'
    config += '[logging]\nservice = "file"\nname = "fectld.log2"\n' + place.service("web", place.guest("steady"))
    done = _run(place, config)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert kind in done.stderr, done.stderr
    assert secret.read_text(encoding="utf-8") == _SECRET
    assert os.stat(secret).st_mode & 0o777 == 0o600
    (place.directory / kind).unlink()


@pytest.mark.parametrize("target", ["secret", "nowhere"])
def test_K3_NorAreThoseOfAServicesFiles(place: Place, target: str) -> None:
    secret = _secret(place)
    for name in ("web.sock", "web.out", "web.err"):
        (place.directory / name).symlink_to(target)
    done = _run(place, unix("local", str(place.directory / "web.sock")) + place.service("web", place.guest("steady")))
    assert done.returncode == 1 and "web.sock: a symbolic link is in the way" in done.stderr, done.stderr
    master = place.start("".join(place.service(stream, place.guest("steady"), restarts=1,
                                               **{stream: str(place.directory / f"web.{stream[3:]}")})
                                 for stream in ("stdout", "stderr")))
    for stream in ("stdout", "stderr"):
        master.wait_state(stream, "failed")
        assert f"web.{stream[3:]}: it is a symbolic link" in master.fectl_ok("status", stream)
    assert secret.read_text(encoding="utf-8") == _SECRET and not (place.directory / "nowhere").exists()


def test_K4_AFolderThatIsExchangedUnderTheMasterKeepsItsFiles(place: Place) -> None:
    own, strange = place.directory / "run", place.directory / "strange"
    own.mkdir()
    strange.mkdir()
    names = ("fectld.sock", "fectld.sock.lock", "fectld.sock.logs", "fectld.pid", "web.sock")
    for name in names:
        (strange / name).write_text("1\n", encoding="utf-8")
    place.write("mine.toml", f'[master]\nsock = "{own}/fectld.sock"\npid = "{own}/fectld.pid"\n' +
                unix("local", str(own / "web.sock")) + place.service("web", place.guest("steady")))
    master = place.launch("", arguments=["-c", "mine.toml"])
    wait_until(lambda: (own / "fectld.sock").exists() and "web worker(1)" in master.log(), "it serves")
    wait_until(lambda: sorted(os.listdir(own)) == sorted(names), "its logger serves")
    own.rename(place.directory / "moved")
    own.symlink_to(strange)
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0
    assert os.listdir(place.directory / "moved") == []
    assert {(strange / name).read_text(encoding="utf-8") for name in names} == {"1\n"}


_OUTPUTS = ["[master]\nstdout = \"%s\"\n", "[master]\nstderr = \"%s\"\n",
            "[logging]\nservice = \"file\"\nname = \"%s\"\n"]


@pytest.mark.parametrize("where", _OUTPUTS)
def test_K5_OutputGoesToFilesAndNothingWaitsForAPipe(place: Place, where: str) -> None:
    path = place.directory / "output"
    config = where % path + place.service("web", place.guest("steady"))
    refused = f"cannot write to {path}: it is "
    path.mkdir()
    assert _refusal(place, config) == refused + "a directory"
    path.rmdir()
    os.mkfifo(path)
    assert _refusal(place, config) == refused + "a pipe, a socket or a device, not a file"
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert _refusal(place, config) == refused + "not a regular file"
    finally:
        os.close(reader)


def _refusal(place: Place, config: str) -> str:
    done = _run(place, config)
    assert done.returncode == 1 and done.stdout == "", (done.returncode, done.stderr)
    return done.stderr.strip().removeprefix("fectld: ")


@needs_root
def test_K5_ADeviceIsNoFileForOutput(place: Place) -> None:
    path = place.directory / "output"
    config = f'[master]\nstdout = "{path}"\n' + place.service("web", place.guest("steady"))
    for kind, number in ((0o060000, os.makedev(7, 99)), (0o020000, os.makedev(1, 5))):  # a disk; /dev/zero's twin
        try:
            os.mknod(path, 0o600 | kind, number)
        except PermissionError:
            pytest.skip("making a device is not permitted here")
        assert _refusal(place, config).startswith(f"cannot write to {path}: it is ")
        path.unlink()


def test_K6_AHardLinkToASecretIsNeverWrittenInto(place: Place) -> None:
    secret = _secret(place)
    os.link(secret, place.directory / "fectld.pid")
    master = place.launch(place.service("web", place.guest("steady")))
    assert master.wait_exit() == 1 and "fectld.pid" in master.log()
    assert secret.read_text(encoding="utf-8") == _SECRET
    os.unlink(place.directory / "fectld.pid")
    # Also one that looks like a pid file is replaced, and not written into.
    secret.write_text("123\n", encoding="utf-8")
    os.link(secret, place.directory / "fectld.pid")
    place.start(place.service("web", place.guest("steady")), log="second.log")
    assert secret.read_text(encoding="utf-8") == "123\n"


# --- K29: the configuration ---


def _good(place: Place) -> pathlib.Path:
    place.write("mine.toml", place.service("web", place.guest("steady")), 0o600)
    return place.directory / "mine.toml"


def _refused(place: Place, words: str, name: str = "mine.toml") -> None:
    for arguments in (["--check"], ["--print-config"], []):
        done = _run_file(place, name, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), (arguments, done.stderr)
        assert re.fullmatch(re.escape(name) + ": " + words + "\n", done.stderr), done.stderr
    assert not (place.directory / "fectld.sock").exists()


@pytest.mark.parametrize("mode,who", [(0o664, "its group"), (0o620, "its group"), (0o646, "everybody"),
                                      (0o666, "everybody"), (0o777, "everybody")])
def test_K29_WhatOthersMayWriteIsNoConfiguration(place: Place, mode: int, who: str) -> None:
    if who == "its group" and os.geteuid() != 0:
        pytest.skip("the group may be this user's private one, which is trusted where fectld is not root")
    _good(place).chmod(mode)
    change = {0o020: "g-w", 0o002: "o-w"}.get(mode & 0o022, "go-w")
    _refused(place, rf"can be written by {who} \(mode 0{mode:o}\): only its owner may be able to; "
                    rf"chmod {change} mine.toml")
    (place.directory / "mine.toml").chmod(mode & ~0o022)
    assert _run_file(place, "mine.toml", "--check").returncode == 0


@needs_root
def test_K29_WhatBelongsToAnotherIsNoConfiguration(place: Place) -> None:
    os.chown(_good(place), MALLORY, MALLORY)
    _refused(place, f"belongs to user {MALLORY}: it must belong to root")


@needs_root
def test_K29_AnOrdinaryMasterTrustsRootAndItselfAlone(place: Place) -> None:
    open_to_all(place)
    programs = place.directory / "programs"
    programs.mkdir()
    fectld = programs / "fectld"
    fectld.write_bytes(place.fectld.read_bytes())
    fectld.chmod(0o755)
    file = place.directory / "mine.toml"
    place.write("mine.toml", place.service("web", "/bin/true"), 0o644)

    def check() -> tuple[int, str]:
        done = subprocess.run([str(fectld), "--check", "-c", str(file)], capture_output=True, text=True, check=False,
                              cwd="/")
        return done.returncode, done.stderr

    for owner, expected in ((0, 0), (ALICE, 0), (MALLORY, 2)):
        os.chown(file, owner, owner)
        code, said = as_user(ALICE, check)
        assert code == expected, said
    assert said == f"{file}: belongs to user {MALLORY}: it must belong to root or to the user who runs fectld\n"


def test_K29_APipeIsNoConfigurationAndNobodyWaitsForIt(place: Place) -> None:
    os.mkfifo(place.directory / "mine.toml", 0o600)
    _refused(place, "is a pipe, not a file")


@needs_root
def test_K29_AnothersLinkIsNotFollowed(place: Place) -> None:
    _good(place)
    link = place.directory / "link.toml"
    link.symlink_to("mine.toml")
    assert _run_file(place, "link.toml", "--check").returncode == 0
    os.chown(link, MALLORY, MALLORY, follow_symlinks=False)
    _refused(place, f"is a symbolic link of user {MALLORY}: it must belong to root", "link.toml")


def test_K29_ARunningMasterIsNotTouched(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    file = place.directory / "fectld.toml"
    file.unlink()
    os.mkfifo(file)
    master.signal(signal.SIGHUP)
    wait_until(lambda: "not valid, nothing was changed" in master.log(), "it was asked to read it again")
    assert "is a pipe, not a file" in master.log()
    assert master.pids("web") == [pid]
    os.kill(pid, signal.SIGKILL)
    master.wait_replaced("web", pid)
