"""Workers that leave: what they started, how they are told of, and what clients see of an end."""

import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
from typing import Any, Iterator

import pytest

from testdata.e2e.harness import Master, Place, tcp, unix
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.processes import alive, wait_until


def _inspect(master: Master, name: str = "web") -> Any:
    return json.loads(master.fectl_ok("--json", "status", name))


def _leaving(master: Master) -> list[Any]:
    """The processes of the first worker that are leaving."""
    found: list[Any] = _inspect(master)["workers"][0]["leaving_processes"]
    return found


# --- what a worker started ---


def test_WRAPPER_a_program_behind_a_shell_finishes_its_requests(place: Place) -> None:
    port = free_port()
    command = ["/bin/sh", "-c", f"{place.guest('steady')}; exit $?"]
    master = place.start(tcp("http", port) + place.service("web", command))
    (shell,) = master.wait_running("web")
    with place.slow_request(port) as request:
        told = master.fectl_ok("reload", "web")
        assert "; 1 old worker is still leaving" in told, told
        wait_until(lambda: not alive(shell), "SIGTERM has ended the shell")
        (leaving,) = _leaving(master)
        assert leaving["pid"] == shell and 0 < leaving["time_left_s"] <= 40, leaving
        assert not request.answered_within(0.2)
        place.write("release", "")
        assert int(request.body().split()[0]) != shell
    wait_until(lambda: not _leaving(master), "nothing of the old worker is left")
    warning = "worker(1) pid {}: cut short: was killed by SIGTERM (processes that it had started are left, "
    wait_until(lambda: warning.format(shell) in master.log(), "the log tells of the shell")
    assert " W service web " + warning.format(shell) in master.log() and "`exec`" in master.log(), master.log()
    assert _inspect(master)["undrained"] == 0


def _lane(pid: int) -> str:
    """What the worker was given as FECTL_PROC_LANE."""
    variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    (lane,) = (v.partition(b"=")[2].decode() for v in variables if v.startswith(b"FECTL_PROC_LANE="))
    return lane


def test_LANE_living_processes_of_a_place_have_lanes_of_their_own_which_are_used_again(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), num=2))
    assert [_lane(pid) for pid in master.wait_running("web", 2)] == ["0", "0"]
    lanes = []
    with place.slow_request(port) as request:
        for _ in range(3):
            master.fectl_ok("reload", "web")
            lanes.append(sorted(_lane(pid) for pid in master.pids("web")))
        place.write("release", "")
        request.body()
    # In the place of the slow request one process stays, and the others take turns beside it.
    assert lanes[0] == ["1", "1"]
    assert set(lanes[1]) <= {"0", "1", "2"} and set(lanes[2]) <= {"0", "1", "2"}, lanes
    wait_until(lambda: not any(w["leaving_processes"] for w in _inspect(master)["workers"]), "nothing is left")
    before = [_lane(pid) for pid in master.pids("web")]
    master.fectl_ok("reload", "web")
    assert [_lane(pid) for pid in master.pids("web")] == ["1" if lane == "0" else "0" for lane in before]


def _with_helper(place: Place, helper: str) -> str:
    return place.write("with_helper", f"#!/bin/sh\n({helper}) &\nexec {place.guest('steady')}\n", 0o755)


def test_HELPER_what_a_worker_started_has_the_rest_of_the_time(place: Place) -> None:
    helper = "echo $$ >> started; while [ ! -e enough ]; do sleep 0.05; done; echo yes >> helped"
    master = place.start(place.service("web", _with_helper(place, helper)))
    (old,) = master.wait_running("web")
    wait_until(lambda: place.lines("started"), "the helper runs")
    master.fectl_ok("reload", "web")
    wait_until(lambda: not alive(old), "the worker itself has ended")
    (leaving,) = _leaving(master)
    assert leaving["pid"] == old, leaving
    assert f"     1  {old}" in master.fectl_ok("status", "web")
    assert not place.lines("helped")
    place.write("enough", "")
    wait_until(lambda: place.lines("helped"), "the helper of the old worker ends by itself")
    wait_until(lambda: not _leaving(master), "nothing of the old worker is left")
    assert _inspect(master)["undrained"] == 0


def test_HELPER_what_a_worker_started_is_killed_at_the_deadline(place: Place) -> None:
    helper = "trap '' TERM; sh -c 'echo $$ >> helpers; exec sleep 1000'"
    master = place.start(place.service("web", _with_helper(place, helper), shutdown_timeout=1))
    (old,) = master.wait_running("web")
    wait_until(lambda: place.lines("helpers"), "the helper runs")
    helper_pid = int(place.lines("helpers")[0])
    assert alive(helper_pid)
    master.fectl_ok("stop", "web")  # which waits for all of it
    assert not alive(old) and not alive(helper_pid)
    words = f"worker(1) pid {old}: stopped: the last process that it had started has ended"
    wait_until(lambda: words in master.log(), "the log tells of the end")


# --- how it is told ---

# Speaks the base level, and does nothing when it is told to stop: SIGTERM ends it by its default action.
_IGNORES_STOP = """\
import os, struct, time
read_fd, write_fd = (int(part) for part in os.environ["FECTL_FD"].split(":"))
def send(name):
    payload = b'{"cmd": "%s"}' % name
    os.write(write_fd, struct.pack(">H", len(payload)) + payload)
send(b"loaded")
while True:
    send(b"hb")
    time.sleep(0.5)
"""


def _ignoring(place: Place) -> list[str]:
    return ["/usr/bin/python3", place.write("ignores_stop.py", _IGNORES_STOP)]


@pytest.mark.parametrize("command,surge", [("reload", 0), ("reload", 1), ("restart", 0)])
def test_UNCOOPERATIVE_the_answer_counts_old_workers_that_did_not_drain(place: Place, command: str,
                                                                        surge: int) -> None:
    config = place.service("web", _ignoring(place), num=2, max_surge=surge)
    master = place.start(config + place.service("good", place.guest("steady")))
    old = master.wait_running("web", 2)
    master.wait_running("good")
    told = master.fectl_ok(command, "all")
    (line,) = [line for line in told.splitlines() if line.startswith("web:")]
    assert line.endswith("; 2 old workers ended without draining (SIGTERM)"), told
    (line,) = [line for line in told.splitlines() if line.startswith("good:")]
    assert line.endswith(")"), told
    for pid in old:
        assert f" W service web worker({old.index(pid) + 1}) pid {pid}: cut short: was killed by SIGTERM (so it " \
               "finished nothing: if its command is a shell, write `exec` before the program)" in master.log()
    (result,) = json.loads(master.fectl_ok("--json", command, "web"))
    assert (result["still_leaving"], result["undrained"], result["undrained_sigterm"]) == (0, 2, 2), result
    view = _inspect(master)
    assert (view["still_leaving"], view["undrained"], view["undrained_sigterm"]) == (0, 2, 2), view


def test_UNCOOPERATIVE_a_clean_reload_tells_nothing_more(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2))
    master.wait_running("web", 2)
    assert "; " not in master.fectl_ok("reload", "web")


def test_RESTART_TIME_a_restart_gives_what_was_promised(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady")))
    master.wait_running("web")
    with place.slow_request(port) as request:
        assert "; 1 old worker is still leaving" in master.fectl_ok("restart", "web")
        assert 10 < _leaving(master)[0]["time_left_s"] <= 40
        place.write("release", "")
        request.body()


def test_LEAVING_PILE_is_shown_and_hurried_by_a_restart(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady"), shutdown_timeout=300))
    (old,) = master.wait_running("web")
    with place.slow_request(port):
        master.fectl_ok("reload", "web")
        rows = [line.split() for line in master.fectl_ok("status", "web").splitlines()]
        (row,) = [row for row in rows if row[:3] == ["1", str(old), "leaving"]]
        assert "told to leave" in " ".join(row) and row[-1] == "left", row
        (leaving,) = _leaving(master)
        assert leaving["pid"] == old and 200 < leaving["time_left_s"] <= 300, leaving
        assert 0 <= leaving["leaving_s"] <= leaving["uptime_s"], leaving
        master.fectl_ok("restart", "web")
        assert f"worker(1) pid {old}: stopping: has 5 s left, since the service is restarted" in master.log()
        wait_until(lambda: not alive(old), "it is killed after that time")


def test_PAUSE_KEPT_a_replacement_says_that_the_service_stays_paused(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2))
    master.wait_running("web", 2)
    master.fectl_ok("pause", "web")
    for command in ("reload", "restart"):
        told = master.fectl_ok(command, "web")
        assert "ed (2 workers, " in told and told.endswith("; it stays paused until fectl resume\n"), told
        assert master.state("web") == "paused"
    master.fectl_ok("stop", "web")
    master.fectl_ok("start", "web")
    assert master.state("web") == "running", "a stop ends the pause"


def test_OPERATOR_WORDS_a_reload_that_a_stop_ends_is_no_error(place: Place) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path))
    master.wait_running("web")
    place.link("current", place.guest("never_loads"))
    with master.client() as client:
        client.send("Reload", "web")
        wait_until(lambda: place.lines("spawns"), "the reload is under way")
        master.fectl_ok("stop", "web")
    assert " I service web worker(1) " in master.log() and "reload given up: the service is to stop" in master.log()
    assert "failed" not in master.log(), master.log()


# --- wanted ends ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_CORE_a_wanted_end_leaves_no_core(place: Place, number: signal.Signals) -> None:
    if not pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").strip():
        pytest.skip("this system writes no core files")
    master = place.start(place.service("web", place.guest("steady"), num=2))
    pids = master.wait_running("web", 2)
    for pid in pids:
        try:
            resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except PermissionError:
            pytest.skip("core files are forbidden here, and only the superuser could allow them")
    master.signal(number)
    assert master.wait_exit() == 0
    for pid in pids:
        assert f"pid {pid}: stopped: was killed by SIGQUIT\n" in master.log(), master.log()
    assert not list(place.directory.glob("core*"))


# Accepts nothing before `stop`, then all that waits, which it answers. Closes its listener, and stays until the
# file `release` is there, as one with an open request does. With the argument "closes" it accepts nothing.
_ACCEPTS_AT_THE_END = """\
import json, os, signal, socket, struct, sys, time
read_fd, write_fd = (int(part) for part in os.environ["FECTL_FD"].split(":"))
(listener,) = [socket.socket(fileno=int(value.split(",")[0])) for name, value in os.environ.items()
               if name.startswith("FECTL_FD_")]
listener.setblocking(False)
signal.signal(signal.SIGTERM, lambda *unused: None)
def send(text):
    payload = text.encode()
    os.write(write_fd, struct.pack(">H", len(payload)) + payload)
def hear():
    (size,) = struct.unpack(">H", os.read(read_fd, 2))
    return json.loads(os.read(read_fd, size))["cmd"]
send('{"cmd": "loaded", "data": {"proto": 2}}')
os.set_blocking(read_fd, False)
while True:
    send('{"cmd": "hb"}')
    try:
        if hear() == "stop":
            break
    except BlockingIOError:
        time.sleep(0.02)
while "closes" not in sys.argv:
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        break
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    connection.shutdown(socket.SHUT_WR)
    connection.recv(4096)
    connection.close()
listener.close()
open("stopped", "w").close()
while not os.path.exists("release"):
    time.sleep(0.02)
"""


def _tcp_clients(port: int) -> Iterator[socket.socket]:
    while True:
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        yield client


def _quit(master: Master) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([str(master.place.fectl_program), "--sock", master.sock, "quit"],
                            env=master.place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", ["drains", "closes"])
def test_QUIT_NEWCOMERS_are_served_or_refused_at_once(place: Place, kind: str) -> None:
    port = free_port()
    command = ["/usr/bin/python3", place.write("at_the_end.py", _ACCEPTS_AT_THE_END), kind]
    master = place.start(tcp("http", port, service=["web"]) + unix("idle", "web.sock", service=["idle"]) +
                         place.service("web", command) + place.service("idle", place.guest("steady")))
    (pid,) = master.wait_running("web")
    makes = _tcp_clients(port)
    waiting = [next(makes) for _ in range(20)]
    with _quit(master) as quitting:
        try:
            wait_until((place.directory / "stopped").exists, "the worker has closed its listener")
            assert alive(pid) and master.running()
            # Who came before is served, or learns at once that he is not; nobody waits for the end of the worker.
            for client in waiting:
                client.settimeout(10)
                try:
                    answer = client.recv(4096)
                except ConnectionResetError:
                    answer = b""
                assert answer.endswith(b"ok") == (kind == "drains"), answer
            with pytest.raises(ConnectionRefusedError):
                next(makes)
            assert not (place.directory / "web.sock").exists()
            assert alive(pid) and master.running()
        finally:
            place.write("release", "")
            for client in waiting:
                client.close()
        assert quitting.wait(60) == 0
    assert master.wait_exit() == 0


def test_QUIT_NEWCOMERS_a_stop_of_one_service_keeps_its_listener(place: Place) -> None:
    port = free_port()
    master = place.start(tcp("http", port) + place.service("web", place.guest("steady")))
    master.wait_running("web")
    master.fectl_ok("stop", "web")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        master.fectl_ok("start", "web")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert http_get(port)
    assert os.path.exists(master.sock)
