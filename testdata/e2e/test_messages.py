"""Messages of the applications' own: fectl send, fectl listen, and level 3 of the control protocol behind them."""

import json
import signal
import subprocess
from typing import Any

import pytest

from testdata.e2e.harness import Master, Place, built
from testdata.e2e.processes import DEADLINE_SECONDS, wait_until
from testdata.e2e.test_level_two import LevelTwoClient
from testdata.wire import wire_codec

_PYTHON_WORKER = """
import fectl_worker

worker = fectl_worker.Worker.from_environment()
worker.on_message = lambda message: worker.send_message({"python": message})
worker.loaded()
worker.run()
"""


class Listener:
    """A fectl listen whose lines are read from a file."""

    def __init__(self, master: Master, service: str, **popen: Any) -> None:
        self._out = master.directory / f"heard-{service}"
        self._err = master.directory / f"listens-{service}"
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self.process = subprocess.Popen(
                [str(master.place.fectl_program), "--sock", master.sock, "listen", service], stdin=subprocess.DEVNULL,
                **{"stdout": out, "stderr": err, **popen})
        wait_until(lambda: "listening to" in self.errors(), "fectl listens")

    def errors(self) -> str:
        return self._err.read_text()

    def records(self) -> list[dict[str, Any]]:
        lines = self._out.read_text().split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def wait(self, count: int) -> list[dict[str, Any]]:
        wait_until(lambda: self._out.read_bytes().count(b"\n") >= count, f"{count} records")
        return self.records()

    def end(self) -> int:
        return self.process.wait(DEADLINE_SECONDS)


def python_service(place: Place, name: str, **values: Any) -> str:
    (place.directory / "talks.py").write_text(_PYTHON_WORKER)
    return place.service(name, f"/usr/bin/python3 {place.directory}/talks.py",
                         environ=[f"PYTHONPATH={built('python/site')}"], **values)


def level_three(master: Master) -> LevelTwoClient:
    return LevelTwoClient(master, level=3)


def test_messages_reach_workers_in_both_languages_and_come_back(place: Place) -> None:
    master = place.start(place.service("cpp", place.guest("echoes"), num=2) + python_service(place, "python"))
    pids = master.wait_running("cpp", 2)
    python_pids = master.wait_running("python")
    cpp, python = Listener(master, "cpp"), Listener(master, "python")

    assert master.fectl_ok("send", "cpp", '{"a": [1, "\u20ac"]}') == "cpp: 2 workers took it\n"
    heard = cpp.wait(2)
    assert sorted(record["worker"] for record in heard) == [1, 2]
    assert sorted(record["pid"] for record in heard) == sorted(pids)
    assert all(record["service"] == "cpp" and record["message"] == {"a": [1, "\u20ac"]} for record in heard)

    assert master.fectl_ok("send", "cpp/2", '"only\\nyou"') == "cpp: 1 worker took it\n"
    assert cpp.wait(3)[2] == {"service": "cpp", "worker": 2, "pid": pids[1], "message": "only\nyou"}

    done = json.loads(master.fectl_ok("--json", "send", "python", "[\n1]"))
    assert done == {"service": "python", "ok": True, "taken": 1, "refused": 0}
    assert python.wait(1) == [{"service": "python", "worker": 1, "pid": python_pids[0], "message": {"python": [1]}}]
    assert len(cpp.records()) == 3

    for listener in (cpp, python):
        listener.process.send_signal(signal.SIGINT)
        assert listener.end() == 0, listener.errors()


def test_listening_ends_with_the_master(place: Place) -> None:
    master = place.start(place.service("web", place.guest("echoes")))
    master.wait_running("web")
    listener = Listener(master, "web")
    master.fectl_ok("quit")
    assert listener.end() == 3
    assert listener.errors().endswith("fectl: fectld ends\n"), listener.errors()


def test_listening_ends_when_nobody_reads(place: Place) -> None:
    master = place.start(place.service("web", place.guest("echoes")))
    listener = Listener(master, "web", stdout=subprocess.PIPE)
    assert listener.process.stdout is not None
    listener.process.stdout.close()
    assert listener.end() == 0


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["send", "web", "{"], 2, "the message is not JSON"),
    (["send", "web", '"' + "x" * 61440 + '"'], 2, "a message of 61442 bytes; at most 61440 can be sent"),
    (["send", "web/0", "1"], 2, "neither SERVICE nor SERVICE/N"),
    (["send", "web/3", "1"], 1, "there is no worker 3 of web: it has 2"),
    (["send", "wep", "1"], 1, "there is no such service"),
    (["listen", "wep"], 1, "there is no such service"),
    (["send", "web"], 2, "needs the name of a service and a message"),
])
def test_what_cannot_be_done_is_said(place: Place, arguments: list[str], code: int, words: str) -> None:
    master = place.start(place.service("web", place.guest("echoes"), num=2))
    done = master.fectl(*arguments)
    assert done.returncode == code and words in done.stderr, done


def test_without_a_running_worker_nothing_is_sent(place: Place) -> None:
    master = place.start(place.service("web", place.guest("echoes"), num=2))
    master.wait_running("web", 2)
    master.fectl_ok("stop", "web")
    done = master.fectl("send", "web", "1")
    assert done.returncode == 1 and "no worker of web runs" in done.stderr, done
    done = master.fectl("send", "web/2", "1")
    assert done.returncode == 1 and "worker 2 of web does not run" in done.stderr, done


def test_workers_of_the_base_level_refuse_messages(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady")))
    master.wait_running("web")
    done = master.fectl("send", "web", "1")
    assert done.returncode == 1 and "1 worker could not take it" in done.stderr and done.stdout == "", done


def test_a_slow_reader_gets_a_gap_and_the_subscription_goes_on(place: Place) -> None:
    master = place.start(place.service("web", place.guest("echoes")))
    pid = master.wait_running("web")[0]
    text = json.dumps("x" * 50_000)
    with level_three(master) as slow, level_three(master) as sender:
        assert slow.ask({"kind": "Listen", "id": 7, "service": "web"}) == {"kind": "Subscribed", "id": 7}
        heard = Listener(master, "web")
        for count in range(1, 61):
            # One after the other, so that the worker has room for each of its own.
            sent = sender.ask({"kind": "Send", "service": "web", "json": text})
            assert sent == {"kind": "Sent", "taken": 1, "refused": 0}
            heard.wait(count)
        records = []
        while not records or records[-1]["kind"] != "Gap":
            records.append(wire_codec.decode_response(slow.payload()))
        messages = records[:-1]
        assert all(m == {"kind": "Message", "id": 7, "service": "web", "worker": 1, "pid": pid, "json": text}
                   for m in messages)
        assert records[-1] == {"kind": "Gap", "id": 7, "lost": 60 - len(messages)}
        sender.ask({"kind": "Send", "service": "web", "json": "1"})
        assert wire_codec.decode_response(slow.payload())["json"] == "1"
        # A connection answers other requests meanwhile, and ends its subscription.
        assert slow.ask({"kind": "Pid"})["kind"] == "Pid"
        assert slow.ask({"kind": "Unsubscribe", "id": 7}) == {
            "kind": "Ended", "id": 7, "reason": "the client has ended it"}
        assert wire_codec.decode_response(slow.payload()) == {"kind": "Done", "reason": ""}
        assert slow.ask({"kind": "Unsubscribe", "id": 7})["kind"] == "Error"
        heard.process.send_signal(signal.SIGINT)
        assert heard.end() == 0


def test_a_reload_tells_its_counts_at_level_3_alone(place: Place) -> None:
    master = place.start(place.service("web", place.guest("steady"), num=2))
    master.wait_running("web", 2)
    with level_three(master) as client:
        answer = client.ask({"kind": "Reload", "service": "web", "leave_wait_s": 30.0})
        assert answer["kind"] == "ServiceStarted"
        outcome = answer["outcome"]
        assert outcome.pop("took_s") >= 0
        rollout = outcome.pop("rollout")
        assert rollout["outcome"] == "done" and [worker["worker"] for worker in rollout["workers"]] == [1, 2]
        assert outcome == {"state": "running", "cause": "", "num": 2, "ready": 2, "replaced": 2, "still_leaving": 0,
                           "undrained": 0, "undrained_sigterm": 0}
    with LevelTwoClient(master) as client:
        assert client.ask({"kind": "Reload", "service": "web"}) == {"kind": "ServiceStarted", "reason": ""}
        client.send({"kind": "Reload", "service": "web", "leave_wait_s": 30.0})
        assert "must be a service's name" in wire_codec.decode_response(client.payload())["message"]
        assert "unknown request" in client.ask({"kind": "Listen", "id": 1, "service": "web"})["message"]
    assert "reloaded (2 workers" in master.fectl_ok("reload", "web")
    assert json.loads(master.fectl_ok("--json", "reload", "web"))[0]["replaced"] == 2
