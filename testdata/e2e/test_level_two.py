"""Level 2, byte by byte with the independent codec: what a client sees of it, and what a worker of it brings."""

import json
import socket
import struct
import time
from typing import Any

import pytest

from testdata.e2e.harness import Master, Place, tcp, unix
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import DEADLINE_SECONDS, alive, wait_until
from testdata.wire import wire_codec


class LevelTwoClient:
    """One connection, after Hello."""

    def __init__(self, master: Master, hello: bool = True, level: int = 2) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(master.sock)
        self.socket.settimeout(DEADLINE_SECONDS)
        self._reader = wire_codec.FrameReader(wire_codec.ANSWER_BYTES_MAX, long_frames=True)
        if hello:
            self.greeting = self.ask({"kind": "Hello", "version": level})

    def __enter__(self) -> "LevelTwoClient":
        return self

    def __exit__(self, *unused: object) -> None:
        self.socket.close()

    def payload(self) -> bytes:
        """The next payload that is no Pong; nothing at the end of the connection."""
        while True:
            payload = self._reader.next()
            if payload is None:
                part = self.socket.recv(65536)
                if not part:
                    return b""
                self._reader.append(part)
            elif wire_codec.envelope(payload)[0] != "Pong":
                return payload

    def send(self, request: wire_codec.Message) -> None:
        self.socket.sendall(wire_codec.frame(wire_codec.encode_request(request)))

    def ask(self, request: wire_codec.Message) -> wire_codec.Message:
        self.send(request)
        payload = self.payload()
        assert payload, f"the master hung up on {request}"
        return wire_codec.decode_response(payload)

    def inspect(self, name: str) -> dict[str, Any]:
        return self.ask({"kind": "Inspect", "service": name})["inspect"]


def test_hello_tells_who_serves(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    with LevelTwoClient(master) as client:
        version = master.fectl_ok("version").strip()
        assert client.greeting["version"] == 2 and client.greeting["pid"] == master.pid
        assert client.greeting["server"].startswith("fectl ") and client.greeting["server"].split()[1] in version


@pytest.mark.parametrize(("wanted", "agreed"), [(1, 1), (2, 2), (3, 3), (4, 3), (1000, 3)])
def test_hello_of_a_later_client_is_answered_with_the_lower_version(place: Place, wanted: int, agreed: int) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    with LevelTwoClient(master, hello=False) as client:
        assert client.ask({"kind": "Hello", "version": wanted})["version"] == agreed


def test_the_overview_and_the_view_of_one_service(place: Place) -> None:
    port, path = free_port(), str(place.directory / "web.sock")
    steady = place.guest("steady")
    master = place.start(tcp("http", port, service=["web"]) + unix("local", path, service=["web"]) +
                         place.service("web", steady, num=3) + place.service("jobs", steady))
    master.wait_running("jobs")
    pids = master.wait_running("web", 3)
    with LevelTwoClient(master) as client:
        overview = client.ask({"kind": "Overview"})["overview"]
        assert overview["pid"] == master.pid and overview["uptime_s"] >= 0
        assert [one["name"] for one in overview["services"]] == ["web", "jobs"]
        web, jobs = overview["services"]
        assert (web["state"], web["num"], web["ready"], jobs["num"]) == ("running", 3, 3, 1)
        assert web["workers"] == [] and web["events"] == []
        assert sorted(one["address"] for one in web["sockets"]) == sorted([path, f"127.0.0.1:{port}"])
        assert jobs["sockets"] == []
        view = client.inspect("web")
        assert [worker["index"] for worker in view["workers"]] == [1, 2, 3]
        assert [worker["pid"] for worker in view["workers"]] == pids
        assert {worker["state"] for worker in view["workers"]} == {"running"}
        assert all(event["pid"] in pids and 1 <= event["worker"] <= 3 for event in view["events"])
        assert all(abs(event["timestamp"] - time.time()) < 600 for event in view["events"])


def test_refusals_come_with_words(place: Place) -> None:
    path = place.link("current", place.guest("steady"))
    master = place.start(place.service("web", path))
    master.wait_running("web")
    with LevelTwoClient(master) as client:
        for verb in ("Status", "SPid", "Start", "Stop", "Reload", "Restart", "Pause", "Resume", "Inspect"):
            answer = client.ask({"kind": verb, "service": "nobody"})
            assert answer["kind"] == "ErrorUnknownService" and "nobody" in answer["reason"], verb
        answer = client.ask({"kind": "Start", "service": "web"})
        assert answer["kind"] == "ErrorServiceRunning" and "web" in answer["reason"]
        place.link("current", None)
        answer = client.ask({"kind": "Reload", "service": "web"})
        assert answer["kind"] == "ServiceFailed" and "No such file or directory" in answer["reason"]
        # The same refusal at the base level has no words: master.ask() checks the frame.
        assert master.ask("Start", "web") == ("ErrorServiceRunning", None)


_BAD_REQUESTS = {
    "an array": b"[1]",
    "no JSON": b"{",
    "a number as command": b'{"cmd":1}',
    "an unknown command": b'{"cmd":"Dance"}',
    "a number as service": b'{"cmd":"Stop","data":7}',
    "data where none belongs": b'{"cmd":"Pid","data":"x"}',
    "not UTF-8": b"\xff",
    "deep": b'{"cmd":"Ping","x":' + b"[" * 30000 + b"]" * 30000 + b"}",
}


@pytest.mark.parametrize("kind", list(_BAD_REQUESTS))
def test_bad_requests_get_an_error_and_the_connection_goes_on(place: Place, kind: str) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    (pid,) = master.wait_running("web")
    with LevelTwoClient(master) as client:
        client.socket.sendall(wire_codec.frame(_BAD_REQUESTS[kind], level=2))
        answer = wire_codec.decode_response(client.payload())
        assert answer["kind"] == "Error" and answer["message"]
        assert client.ask({"kind": "SPid", "service": "web"})["pids"] == [str(pid)]


def test_a_long_request_is_a_long_frame(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    with LevelTwoClient(master) as client:
        client.socket.sendall(wire_codec.frame(b'{"cmd":"Pid"' + b" " * 70000 + b"}", level=2))
        assert wire_codec.decode_response(client.payload())["text"] == str(master.pid)


def test_a_request_beyond_the_limit_is_refused_before_it_is_read(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    with LevelTwoClient(master) as client:
        client.socket.sendall(struct.pack(">HI", 0, wire_codec.REQUEST_BYTES_MAX + 1))
        payload = client.payload()
        assert payload == b"" or wire_codec.decode_response(payload)["kind"] == "Error"
        assert client.payload() == b""
    assert master.ask("Pid") == ("Pid", str(master.pid))


def test_a_long_answer_is_a_long_frame_with_everything(place: Place) -> None:
    num = 60
    master = place.start(place.service("web", place.guest("steady"), num=num))
    master.wait_running("web", num)
    for _ in range(6):
        assert master.ask("Reload", "web")[0] == "ServiceStarted"
    with LevelTwoClient(master) as client:
        client.send({"kind": "Inspect", "service": "web"})
        payload = client.payload()
        assert len(payload) > wire_codec.BASE_FRAME_BYTES_MAX
        view = wire_codec.decode_response(payload)["inspect"]
        assert len(view["workers"]) == num and len(view["events"]) >= 6 * num
    done = master.fectl_ok("--json", "status", "web")
    assert len(json.loads(done)["workers"]) == num


def test_what_a_worker_reports_is_shown(place: Place) -> None:
    master = place.start(place.service("web", place.guest("level_two")))
    master.wait_running("web")
    with LevelTwoClient(master) as client:
        def reported() -> bool:
            (worker,) = client.inspect("web")["workers"]
            return worker["note"] == "warming cache 40 %" and worker["gauges"] == {"requests": 42.0}

        wait_until(reported, "status line and gauge are shown")
    words = master.fectl_ok("status", "web")
    assert "warming cache 40 %" in words and "requests" in words and "42" in words


def test_a_departure_on_purpose_is_no_failure(place: Place) -> None:
    master = place.start(place.service("web", f"{place.guest('level_two')} leaves", restarts=1))
    wait_until((place.directory / "left").exists, "the first worker said that it leaves")
    with LevelTwoClient(master) as client:
        def replaced() -> bool:
            return any("served 1000 requests" in event["reason"] for event in client.inspect("web")["events"])

        wait_until(replaced, "it is replaced with its words as the reason")
        old = [event["pid"] for event in client.inspect("web")["events"]][0]
        wait_until(lambda: not alive(old), "it is gone")
    master.wait_running("web")


def test_progress_of_a_failing_service_is_told_as_it_stands(place: Place) -> None:
    master = place.start(place.service("web", f"{place.guest('exits')} 3", restarts=1000))
    with LevelTwoClient(master) as client:
        def waits() -> bool:
            (worker,) = client.inspect("web")["workers"]
            return worker["state"] == "waiting" and worker["retry_in_s"] > 0 and "code 3" in worker["cause"]

        wait_until(waits, "the worker waits for its next try and says why")
