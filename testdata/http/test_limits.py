"""What nobody can do to fectl-http, nor by it to fectld."""

import json
import os
import signal
import socket
import stat
import subprocess

import pytest

from testdata.e2e.harness import Place, tcp
from testdata.http.lookers import (SERVICE, ByHand, Events, ask, can, copied, cpu_seconds, looker, program,
                                   resident_bytes, start, wait_until_followed, wait_until_ready)
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import DEADLINE_SECONDS, alive, wait_until

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start workers as another user")


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)


def test_only_looking_and_only_for_this_host(place: Place) -> None:
    port = free_port()
    start(place, place.service("web", place.guest("steady")), port, "--host=ops.example")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"):
        assert ask(port, "/metrics", method)[0] == 405
    assert ask(port, "/metrics", Host="evil.example")[0] == 421
    assert ask(port, "/api/v1/status", Host=f"evil.example:{port}")[0] == 421
    assert ask(port, "/api/v1/events", Host="localhost.evil.example")[0] == 421
    assert ask(port, "/", Host="127.0.0.1.evil.example")[0] == 421
    for host in ("localhost", "127.0.0.1", f"LOCALHOST:{port}", "ops.example"):
        assert ask(port, "/metrics", Host=host)[0] == 200, host
    assert ask(port, "/../../etc/passwd")[0] == 404
    assert ask(port, "/metrics", Content_Length="5")[0] == 413


def test_halves_of_requests_keep_nobody_out(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady")), port)
    pid, = master.wait_running(SERVICE)
    memory, spent = resident_bytes(pid), cpu_seconds(master.pid)
    halves = []
    try:
        for i in range(300):
            half = _connect(port)
            half.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * (i % 5000))
            halves.append(half)
            if i % 50 == 0:
                assert ask(port, "/healthz")[0] == 200
        assert ask(port, "/metrics")[0] == 200
        assert len(os.listdir(f"/proc/{pid}/fd")) < 64 + 32
        assert resident_bytes(pid) < memory + (4 << 20)
        assert cpu_seconds(master.pid) < spent + 1
    finally:
        for half in halves:
            half.close()


def test_a_head_without_end_costs_its_connection(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady")), port)
    pid, = master.wait_running(SERVICE)
    memory = resident_bytes(pid)
    with _connect(port) as endless:
        endless.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ")
        sent = 0
        with pytest.raises(OSError):
            while sent < 1 << 30:
                sent += endless.send(b"x" * 65536)
        assert sent < 64 << 20
    with _connect(port) as large:
        large.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000 + b"\r\n\r\n")
        assert large.recv(4096).startswith(b"HTTP/1.1 431 ")
    assert resident_bytes(pid) < memory + (4 << 20)
    assert master.pids(SERVICE) == [pid]


def test_answers_that_nobody_takes_are_held_once(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady"), num=200), port)
    master.wait_running("web", 200)
    pid, = master.wait_running(SERVICE)
    size = len(can(port, "/metrics") or "")
    memory = resident_bytes(pid)
    greedy = []
    try:
        for _ in range(40):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            greedy.append(client)
        assert ask(port, "/healthz")[0] == 200
        assert resident_bytes(pid) < memory + 10 * size + (4 << 20)
    finally:
        for client in greedy:
            client.close()


def test_streams_have_their_number(place: Place) -> None:
    port = free_port()
    start(place, place.service("web", place.guest("steady")), port)
    streams = [Events(port) for _ in range(16)]
    try:
        assert ask(port, "/api/v1/events")[0] == 503
        assert ask(port, "/metrics")[0] == 200
    finally:
        for stream in streams:
            stream.__exit__()
    wait_until(lambda: ask(port, "/api/v1/events", "HEAD")[0] == 200, "the places are free again")


def test_places_that_others_reach_must_be_wanted(place: Place) -> None:
    port = free_port()
    sections = looker(place, port).replace('"127.0.0.1"', '"0.0.0.0"')
    master = place.start(sections)
    master.wait_state(SERVICE, "failed")
    assert "the socket looks is reached from other machines" in master.fectl_ok("status", SERVICE)
    hand = subprocess.run([program(place), "--listen", "0.0.0.0:0"], capture_output=True, text=True, check=False)
    assert hand.returncode == 2 and "say --remote" in hand.stderr
    taken = [program(place), "--listen", f"127.0.0.1:{port}"]
    other = subprocess.run(taken, capture_output=True, text=True, check=False)
    assert other.returncode == 1 and "Address already in use" in other.stderr


def test_what_is_missing_is_said(place: Place) -> None:
    master = place.start(place.service(SERVICE, program(place)))
    master.wait_state(SERVICE, "failed")
    assert "there is no socket to serve on" in master.fectl_ok("status", SERVICE)
    port = free_port()
    nothing = subprocess.run([program(place)], capture_output=True, text=True, check=False)
    assert nothing.returncode == 2 and "say where to listen" in nothing.stderr
    unknown = subprocess.run([program(place), f"--port={port}"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 2 and "there is no option --port" in unknown.stderr


def test_a_unix_socket_of_its_own(place: Place) -> None:
    place.start(place.service("web", place.guest("steady")))
    path = place.directory / "looks.sock"
    with ByHand(place, listen=str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(DEADLINE_SECONDS)
            client.connect(str(path))
            client.sendall(b"GET /readyz/web HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 ")
    assert not path.exists()


@needs_root
def test_a_user_without_a_role_shows_nothing(place: Place) -> None:
    place.directory.chmod(0o755)
    port = free_port()
    mine = copied(place)
    command = f"{mine} --sock {place.directory}/fectld.sock"
    section = tcp("looks", port, service=[SERVICE]) + place.service(SERVICE, command, uid="nobody")
    master = place.start(section)
    wait_until(lambda: ask(port, "/healthz")[0] == 503, "it may not look")
    assert "cannot be used: Permission denied" in ask(port, "/healthz")[1]
    assert "Permission denied" in master.fectl_ok("status", SERVICE)


@needs_root
@pytest.mark.parametrize("role, option, shown", [("observe", "--last-lines", False), ("logs", "", False),
                                                 ("logs", "--last-lines", True)])
def test_last_lines_take_the_role_and_the_option(place: Place, role: str, option: str, shown: bool) -> None:
    place.directory.chmod(0o755)
    port = free_port()
    mine = copied(place)
    command = f"{mine} --sock {place.directory}/fectld.sock {option}"
    section = (f'allow = ["{role}:nobody"]\n\n' + tcp("looks", port, service=[SERVICE])
               + place.service(SERVICE, command, uid="nobody")
               + place.service("bad", ["/bin/sh", "-c", "echo a secret >&2; exit 3"], restarts=1))
    master = place.start(section)
    master.wait_state("bad", "failed")
    wait_until_ready(port)
    def shows() -> bool:
        return "a secret" in (can(port, "/api/v1/status/bad") or "")

    if shown:
        wait_until(shows, "the lines show")
    else:
        # They are known by now to whom it concerns.
        wait_until(lambda: "a secret" in master.fectl_ok("status", "bad"), "fectl shows them")
        view = json.loads(can(port, "/api/v1/status/bad") or "")
        assert view["state"] == "failed" and not shows()
    wait_until_followed(port)
    with Events(port, "?since=0") as events:
        events.until(type="worker.failed")


def test_it_leaves_with_its_master(place: Place) -> None:
    port = free_port()
    master = start(place, place.service("web", place.guest("steady")), port)
    pid, = master.wait_running(SERVICE)
    with Events(port) as events:
        master.signal(signal.SIGKILL)
        list(events.records())  # to the end of the stream
    wait_until(lambda: not alive(pid), "fectl-http has ended")
    master.wait_exit()
    os.unlink(master.sock)
    os.unlink(master.pid_file)
