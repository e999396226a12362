"""Attacks by what is said, who says it and where, each named after its row of testdata/attack_table.md."""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
from typing import Any, Callable, Iterator

import pytest

from testdata.attacks.hostile import (ALICE, MALLORY, as_user, fectl_for_all, hostile, needs_root, open_to_all,
                                      start_with_grants)
from testdata.e2e.harness import Place
from testdata.e2e.processes import resident_kib, wait_until
from testdata.guests import base_client
from testdata.wire import wire_codec

_IN_OPEN = 0x20

# --- K11: bytes that are no request ---

_TEXTS = {
    "not UTF-8": b'{"cmd": "Status", "data": "\xff\xfe"}',
    "a NUL": b'{"cmd": "Status\0", "data": "web"}',
    "too deep": b'{"cmd": "Status", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge number": b'{"cmd": "Hello", "data": {"version": 1e400}}',
    "half a character": b'{"cmd": "Status", "data": "\\ud800"}',
    "a huge string": b'{"cmd": "Status", "data": "' + b"\\u0041" * 50_000 + b'"}',
    "a wide object": b'{"cmd": "Status", "data": {' + b", ".join(b'"%d": 1' % i for i in range(80_000)) + b"}}",
}


@pytest.mark.parametrize("kind", list(_TEXTS))
def test_K11_TextThatIsNoRequestIsAnsweredWithAnErrorAndHarmsNobody(place: Place, kind: str) -> None:
    master = start_with_grants(place)
    before = resident_kib(master.pid)
    with master.client() as client:
        client.send_bytes(wire_codec.frame(wire_codec.encode_request({"kind": "Hello", "version": 2})))
        assert client.answer()[0] == "Hello"
        for _ in range(10):
            client.send_bytes(wire_codec.frame(_TEXTS[kind], level=2))
            command, data = client.answer()
            assert command == "Error" or (kind, command) == ("a huge string", "ErrorUnknownService"), (command, data)
        # The connection is as good as before.
        client.send_bytes(wire_codec.frame(wire_codec.encode_request({"kind": "Pid"})))
        assert client.answer() == ("Pid", str(master.pid))
    # At level 1 the connection ends.
    with master.client() as client:
        client.send_bytes(wire_codec.frame(_TEXTS[kind][:60_000]))
        with pytest.raises((base_client.Closed, ConnectionError)):
            client.answer()
    assert resident_kib(master.pid) - before < 16 * 1024
    assert master.state("web") == "running"


# --- K27, K28, K31: what is said and who says it ---

_HOSTILE_NAMES = ["../../etc/passwd", "web\nI1125 all services are stopped", "\x1b[2J\x1b]0;owned\x07", "web\0x",
                  "a" * 60_000, "", " ", "%s%n", "$(reboot)", "web;reboot", "\u202e\ud7ff"]


@pytest.mark.parametrize("name", _HOSTILE_NAMES, ids=range(len(_HOSTILE_NAMES)))
def test_K27_NamesInRequestsAreNothingButNames(place: Place, name: str) -> None:
    master = start_with_grants(place)
    lines = len(master.log().splitlines())
    for command in ("Status", "Stop", "Reload", "SPid"):
        assert master.ask(command, name) == ("ErrorUnknownService", None)
    assert len(master.log().splitlines()) == lines
    if "\0" not in name and name:
        for arguments in (["status", "--", name], ["stop", "--", name]):
            said = master.fectl(*arguments)
            assert said.returncode in (1, 2) and "\x1b" not in said.stderr and "\x07" not in said.stderr
            assert len(said.stderr.splitlines()) == 1 and len(said.stderr) < 70_000


@pytest.mark.parametrize("name", ["../x", "a/b", "a\nb", "\x1b[2J", "a b", "", "x" * 65, "ä"])
def test_K27_NamesInTheConfigurationAreOfAFewLetters(place: Place, name: str) -> None:
    text = '[[service]]\nname = %s\nnum = 1\ncommand = "/bin/true"\n' % json.dumps(name)
    place.write("mine.toml", text)
    done = subprocess.run([str(place.fectld), "--check", "-c", "mine.toml"], cwd=place.directory, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 2 and ("1 to 64 letters" in done.stderr or "must not be empty" in done.stderr)
    assert "\x1b" not in done.stderr and len(done.stderr.splitlines()) == 1


# A line of its own, a colour, the same as one character, and a turned writing direction.
_HOSTILE_WORDS = "x\n2026-01-01T00:00:00Z I all is well\x1b[31m\u009b31m\u202e\u2028"


def _check_is_harmless(text: str) -> None:
    for line in text.split("\n"):
        assert line.isprintable() and not line.startswith("2026-01-01T00:00:00Z I all"), repr(text)


def test_K27_WhatAWorkerSaysForgesNoLineAndMovesNoCursor(place: Place) -> None:
    place.write("words", _HOSTILE_WORDS)
    say = ('words = open("words", newline="").read()\nsend("status", words)\nopen("said", "w").close()\n'
           'while not os.path.exists("go on"): time.sleep(0.02)\nsend("cfgerror", words)\ntime.sleep(3600)')
    master = place.start(hostile(place, say))
    wait_until((place.directory / "said").exists, "it has said so")
    wait_until(lambda: "all is well" in master.fectl_ok("status", "web"), "its note is shown")
    shown = [master.fectl_ok("status", "web"), master.fectl_ok("status", "web", "--json")]
    place.write("go on", "")
    master.wait_state("web", "failed")
    shown += [master.fectl_ok("status", "web"), master.fectl_ok("status"), master.fectl_ok("status", "--json"),
              master.fectl("start", "web").stderr, master.log()]
    for text in shown:
        _check_is_harmless(text)
    assert "all is well" in shown[2] and "all is well" in master.log()


@needs_root
def test_K28_ASetUidFectlTakesNothingFromItsCallersEnvironment(place: Place) -> None:
    open_to_all(place)
    program = pathlib.Path(fectl_for_all(place))
    os.chown(program, ALICE, ALICE)
    program.chmod(0o4755)
    own = place.directory / "own.sock"

    def call() -> str:
        done = subprocess.run([str(program), "pid"], capture_output=True, text=True, check=False, cwd="/",
                              env={"FECTL_SOCK": str(own), "LD_PRELOAD": "/nonexistent.so", "PATH": "/nonexistent"})
        return done.stderr

    said = as_user(MALLORY, call)
    # It looks for ./fectld.sock as if the variable were not there, and the loader ignores its own.
    assert str(own) not in said and "fectld.sock" in said and "LD_PRELOAD" not in said


def test_K28_FectlOpensNothingButItsSocket(place: Place) -> None:
    master = start_with_grants(place)
    hostile_folder = place.directory / "here"
    hostile_folder.mkdir()
    for name in ("fectld.toml", ".fectlrc", "fectl.toml", "python3", "libc.so.6"):
        (hostile_folder / name).write_text("hostile = true\n", encoding="utf-8")
    home = {name: str(hostile_folder) for name in ("HOME", "XDG_CONFIG_HOME", "TMPDIR")}

    def use() -> None:
        for arguments in (["pid"], ["status"], ["status", "web"], ["reload", "web"], ["no-such-command"]):
            master.fectl(*arguments, cwd=hostile_folder, environment=home)

    assert _opened_in(hostile_folder, lambda: (hostile_folder / "fectl.toml").read_text(encoding="utf-8")) == {
        "fectl.toml"}, "the watch does not work"
    assert _opened_in(hostile_folder, use) == set()


def _opened_in(folder: pathlib.Path, action: Callable[[], Any]) -> set[str]:
    """The names of the folder's files that anybody opens while this is done."""
    system = ctypes.CDLL(None, use_errno=True)
    watch = system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert watch >= 0 and system.inotify_add_watch(watch, str(folder).encode(), _IN_OPEN) >= 0
    names = set()
    try:
        action()
        while True:
            events = os.read(watch, 65536)
            while events:
                (length,) = struct.unpack_from("I", events, 12)
                names.add(events[16:16 + length].rstrip(b"\0").decode())
                events = events[16 + length:]
    except BlockingIOError:
        return names - {""}
    finally:
        os.close(watch)


def test_K28_AFalseMasterInTheCurrentFolderGetsNoControlOfTheTerminal(place: Place) -> None:
    words = _HOSTILE_WORDS
    service = {"name": words, "state": words, "num": 1, "ready": 1, "cause": words, "events": [],
               "sockets": [{"name": words, "address": words}],
               "workers": [{"index": 1, "state": words, "pid": 7, "cause": words, "note": words, "gauges": {words: 1}}]}
    answers = {"Hello": {"cmd": "Hello", "data": {"version": 2, "server": words, "pid": 1}},
               "Version": {"cmd": "Version", "data": words}, "Pid": {"cmd": "Pid", "data": words},
               "SPid": {"cmd": "ServiceWorkerPids", "data": [words]},
               "Overview": {"cmd": "Overview", "data": {"pid": 1, "version": words, "services": [service]}},
               "Inspect": {"cmd": "Inspect", "data": service},
               "Reload": {"cmd": "ServiceFailed", "data": {"reason": words}},
               "Stop": {"cmd": "Error", "data": {"message": words}}}
    with _false_master(place.directory / "fectld.sock", answers):
        for arguments in (["version"], ["pid"], ["spid", "web"], ["status"], ["status", "--json"], ["status", "web"],
                          ["status", "web", "--json"], ["reload", "web"], ["stop", "web"], ["pause", "web"]):
            done = place.fectl(*arguments)
            _check_is_harmless(done.stdout + done.stderr)
            assert "all is well" in done.stdout + done.stderr, repr(done)


@contextlib.contextmanager
def _false_master(path: pathlib.Path, answers: dict[str, Any]) -> Iterator[None]:
    """Somebody who listens there and answers each command as given, all others with nonsense."""
    def talk(one: socket.socket) -> None:
        received = b""
        with one:
            while part := one.recv(65536):
                received += part
                while len(received) >= 2 and len(received) >= 2 + int.from_bytes(received[:2], "big"):
                    size = 2 + int.from_bytes(received[:2], "big")
                    command = json.loads(received[2:size])["cmd"]
                    received = received[size:]
                    one.sendall(wire_codec.frame(json.dumps(answers.get(command, {"cmd": _HOSTILE_WORDS})).encode()))

    def serve() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                talk(one)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            path.unlink()


@needs_root
def test_K31_SignalsOfAnotherUserAreRefusedByTheKernel(place: Place) -> None:
    master = start_with_grants(place)
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        with pytest.raises(PermissionError):
            as_user(MALLORY, lambda number=number: os.kill(master.pid, number))
    assert master.running() and master.state("web") == "running"
