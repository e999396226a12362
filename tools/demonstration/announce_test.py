"""What the demonstration tells people, and when."""

import os
import signal
import subprocess

from tools.demonstration import announce

VIEW = {
    "pid": 7,
    "services": [
        {"name": "hello-cpp", "state": "running", "sockets": [{"name": "cpp", "address": "127.0.0.1:8081"}]},
        {"name": "hello-python", "state": "running", "sockets": [{"name": "python", "address": "127.0.0.1:8082"}]},
    ],
}


def test_addresses_and_three_commands() -> None:
    text = announce.lines(VIEW)
    assert "  hello-cpp     http://127.0.0.1:8081/" in text
    assert "  hello-python  http://127.0.0.1:8082/" in text
    at = text.index("Try in another terminal, in this folder:")
    assert text[at + 1 : at + 5] == [
        "  curl http://127.0.0.1:8081/",
        "  bazel-bin/client/fectl status",
        "  bazel-bin/client/fectl reload hello-cpp",
        "",
    ]


def test_it_waits_for_every_service_of_our_own_master() -> None:
    starting = {"pid": 7, "services": [VIEW["services"][0], {"name": "x", "state": "starting", "sockets": []}]}
    assert announce.serves(VIEW, 7)
    assert not announce.serves(VIEW, 8)
    assert not announce.serves(starting, 7)
    assert not announce.serves(None, 7)


def test_it_ends_with_fectld(capsys) -> None:
    gone = subprocess.Popen(["true"])
    os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)  # ended, and its number still its own
    try:
        assert announce.main([str(gone.pid)]) == 1
    finally:
        gone.wait()
    assert capsys.readouterr().out == ""


def test_it_tells_what_it_sees(monkeypatch, capsys) -> None:
    fectld = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    answers = iter([None, dict(VIEW, pid=1), dict(VIEW, pid=fectld.pid)])
    monkeypatch.setattr(announce, "status", lambda: next(answers))
    try:
        assert announce.main([str(fectld.pid)]) == 0
    finally:
        fectld.send_signal(signal.SIGKILL)
        fectld.communicate()
    assert "The demonstration serves:" in capsys.readouterr().out
