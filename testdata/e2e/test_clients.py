"""The control socket: whose it is, several clients at once, and clients that behave badly."""

import json
import os
import random
import resource
import signal
import socket
import stat
import struct
import threading
from typing import Any

import pytest

from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import alive, resident_kib, wait_until
from testdata.guests import base_client


def _two_services(found: Place, **values: Any) -> Master:
    master = found.start(found.service("web", found.guest("steady"), num=2, **values) +
                         found.service("jobs", found.guest("steady")))
    master.wait_running("web", 2)
    master.wait_running("jobs")
    return master


# --- words that stand for services ---


def test_patterns_and_labels_stand_for_services(place: Place) -> None:
    master = place.start(
        place.service("web-1", place.guest("steady"), labels=["blue"]) + place.service("web-2", place.guest("steady"))
        + place.service("jobs", place.guest("steady"), labels=["blue", "slow"]))
    for name in ("web-1", "web-2", "jobs"):
        master.wait_running(name)
    before = {name: master.pids(name) for name in ("web-1", "web-2", "jobs")}
    assert master.fectl_ok("spid", "@slow") == f"{before['jobs'][0]}\n"
    reloaded = json.loads(master.fectl_ok("--json", "reload", "web-*"))
    assert [one["service"] for one in reloaded] == ["web-1", "web-2"]
    assert master.pids("jobs") == before["jobs"] and master.pids("web-2") != before["web-2"]
    master.fectl_ok("stop", "@blue")
    assert [one["state"] for one in json.loads(master.fectl_ok("--json", "status"))["services"]] == [
        "stopped", "running", "stopped"]
    # What was not called by its name and is stopped is left alone.
    master.fectl_ok("reload", "*")
    for words in (["stop", "db-?"], ["status", "@green"], ["spid", "web-*"]):
        refused = master.fectl(*words)
        assert refused.returncode == 1 and words[1] in refused.stderr, refused


# --- the master's socket ---


def test_the_control_socket_is_for_its_owner_alone(place: Place) -> None:
    master = _two_services(place)
    mode = os.stat(master.sock).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_many_masters_started_at_once_are_one(place: Place) -> None:
    config = place.service("web", place.guest("steady"))
    masters = [place.launch(config, log=f"{number}.log") for number in range(6)]
    wait_until(lambda: len([one for one in masters if one.running()]) == 1, "all but one gave up")
    (winner,) = [one for one in masters if one.running()]
    winner.wait_until_up()
    assert all(one.wait_exit() == 1 for one in masters if one is not winner)
    winner.wait_running("web")


def test_a_file_that_is_no_socket_is_left_alone(place: Place) -> None:
    precious = place.directory / "fectld.sock"
    precious.write_text("precious", encoding="utf-8")
    master = place.launch(place.service("web", place.guest("steady")))
    assert master.wait_exit() == 1
    assert precious.read_text(encoding="utf-8") == "precious" and "fectld.sock" in master.log()
    precious.unlink()


# --- clients at once, and bad ones ---


def test_many_clients_at_once(place: Place) -> None:
    master = _two_services(place)
    pids = [str(pid) for pid in master.pids("web")]
    problems: list[Any] = []

    def work() -> None:
        try:
            with master.client() as client:
                for _ in range(20):
                    assert client.ask("SPid", "web") == ("ServiceWorkerPids", pids)
                    assert client.ask("Status", "jobs")[0] == "ServiceStatus"
                    client.ping()
        except BaseException as problem:  # shown by the assertion below
            problems.append(problem)

    threads = [threading.Thread(target=work) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_requests_written_back_to_back_are_answered_in_order(place: Place) -> None:
    master = _two_services(place)
    with master.client() as client:
        for command, data in (("Pid", None), ("SPid", "web"), ("Status", "jobs"), ("Version", None)):
            client.send(command, data)
        assert [client.answer()[0] for _ in range(4)] == ["Pid", "ServiceWorkerPids", "ServiceStatus", "Version"]


def test_a_client_that_never_reads_harms_nobody(place: Place) -> None:
    master = _two_services(place)
    before = resident_kib(master.pid)
    payload = json.dumps({"cmd": "Status", "data": "web"}).encode()
    frames = (struct.pack(">H", len(payload)) + payload) * 1000
    greedy = []
    for _ in range(5):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.connect(master.sock)
        one.setblocking(False)
        greedy.append(one)
    try:
        for _ in range(200):
            for one in greedy:
                try:
                    one.send(frames)
                except (BlockingIOError, ConnectionError):
                    pass
            assert master.ask("Pid") == ("Pid", str(master.pid))
        assert resident_kib(master.pid) < before + 16 * 1024
        (victim, *_) = master.pids("web")
        os.kill(victim, signal.SIGKILL)
        master.wait_replaced("web", victim, 2)
    finally:
        for one in greedy:
            one.close()


def test_idle_and_half_open_clients(place: Place) -> None:
    master = _two_services(place)
    payload = json.dumps({"cmd": "Pid"}).encode()
    frame = struct.pack(">H", len(payload)) + payload
    clients = [master.client() for _ in range(len(frame))]
    try:
        for length, client in enumerate(clients):
            client.send_bytes(frame[:length])
        assert master.ask("Pid") == ("Pid", str(master.pid))
        for length, client in enumerate(clients):
            client.send_bytes(frame[length:])
            assert client.answer() == ("Pid", str(master.pid))
    finally:
        for client in clients:
            client.close()


def test_a_request_in_single_bytes(place: Place) -> None:
    master = _two_services(place)
    payload = json.dumps({"data": "web", "cmd": "SPid", "extra": {"a": [1, None]}}).encode()
    with master.client() as client:
        for byte in struct.pack(">H", len(payload)) + payload:
            client.send_bytes(bytes([byte]))
        assert client.answer()[0] == "ServiceWorkerPids"


_GARBAGE = {
    "another protocol": b"GET / HTTP/1.1\r\n\r\n",
    "all ones": b"\xff" * 70000,
    "an array": b"\x00\x05[1,2]",
    "no command": b"\x00\x02{}",
    "a number as command": b"\x00\x0b{\"cmd\": 77}",
    "an empty frame": b"\x00\x00",
    "no service": b"\x00\x11{\"cmd\": \"Status\"}",
    "an unknown command": b"\x00\x10{\"cmd\": \"Dance\"}",
    "not UTF-8": b"\x00\x03\xff\xfe\xfd",
    "deep": b"\x75\x30" + b"[" * 30000,
    "an array as service": b"\x00\x19{\"cmd\":\"Stop\",\"data\":[1]}",
}


@pytest.mark.parametrize("kind", list(_GARBAGE))
def test_garbage_on_the_control_socket(place: Place, kind: str) -> None:
    master = _two_services(place)
    pids = master.pids("web")
    with master.client() as client:
        client.send_bytes(_GARBAGE[kind])
        client.socket.shutdown(socket.SHUT_WR)
        with pytest.raises((base_client.Closed, ConnectionError)):
            while True:
                command, _ = client.answer()
                assert command.startswith("Error"), command
    assert master.ask("SPid", "web") == ("ServiceWorkerPids", [str(pid) for pid in pids])


def test_random_bytes_on_the_control_socket(place: Place) -> None:
    master = _two_services(place)
    pids = master.pids("web")
    source = random.Random(1)
    for _ in range(200):
        with master.client() as client:
            try:
                client.send_bytes(source.randbytes(source.randrange(1, 300)))
            except ConnectionError:
                pass
    assert master.ask("SPid", "web") == ("ServiceWorkerPids", [str(pid) for pid in pids])


def test_descriptors_pushed_at_the_master_do_not_stay(place: Place) -> None:
    master = _two_services(place)
    count = len(os.listdir(f"/proc/{master.pid}/fd"))
    payload = json.dumps({"cmd": "Pid"}).encode()
    frame = struct.pack(">H", len(payload)) + payload
    null = os.open("/dev/null", os.O_RDONLY)
    try:
        for _ in range(10):
            with master.client() as client:
                try:
                    socket.send_fds(client.socket, [frame], [null] * 253)
                except PermissionError:
                    client.send_bytes(frame)  # this kernel lets the master refuse them altogether
                assert client.answer() == ("Pid", str(master.pid))
    finally:
        os.close(null)
    # Fewer is possible: the connection of the last question before the count may have been in it.
    wait_until(lambda: len(os.listdir(f"/proc/{master.pid}/fd")) <= count, "no descriptor stays")


def test_more_clients_than_the_master_has_descriptors_for(place: Place) -> None:
    limit = 128
    master = place.start(place.service("web", place.guest("steady")),
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    (pid,) = master.wait_running("web")
    crowd = []
    try:
        for _ in range(2 * limit):
            one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            one.setblocking(False)
            crowd.append(one)
            try:
                one.connect(master.sock)
            except BlockingIOError:
                break
        # A worker that dies now is still replaced.
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not alive(pid), "the worker is gone")
    finally:
        for one in crowd:
            one.close()
    master.wait_replaced("web", pid)
