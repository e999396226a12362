"""What level 3 of the control protocol adds, read from its prose like the rest of wire_codec.py."""

from __future__ import annotations

from typing import Any

from testdata.wire.wire_json import expect, is_number, is_whole

PLAN_REQUESTS = ("Plan", "Apply")
REQUESTS = ("Send", "Listen", "Unsubscribe", "Scale", "Why", "Steer", *PLAN_REQUESTS)
PLAN_ANSWERS = ("Plan", "Applied")
ANSWERS = ("Sent", "Subscribed", "Message", "Gap", "Ended", "Why", "Rollout", *PLAN_ANSWERS)
LEAVE_WAIT_MAX_S = 60
HELLO_BYTES_MAX = 4096
SCALE_MAX = 10_000
# What an object in a request may have; others than these HELLO_BYTES_MAX.
BYTES_MAX = {"Send": 2 * 61440 + HELLO_BYTES_MAX, "Plan": 28672, "Apply": 28672}

Message = dict[str, Any]


def whole(data: Any, name: str, least: int, bits: int = 32, default: int | None = None) -> int:
    """A whole number among the members; without a default it is needed."""
    value = data.get(name)
    if value is None and default is not None:
        return default
    expect(is_whole(value, bits) and value >= least, f"{name}: a whole number of at least {least} expected")
    return value


def words(data: Any, name: str, needed: bool = False) -> str:
    value = data.get(name)
    expect(isinstance(value, str) or (value is None and not needed), f"{name}: a string expected")
    return value or ""


def seconds(data: Any, name: str, most: float = float("inf")) -> float:
    value = data.get(name)
    expect(value is None or (is_number(value) and 0 <= value <= most), f"{name}: a number up to {most} expected")
    return float(value or 0)


def flag(data: Any, name: str) -> bool:
    value = data.get(name)
    expect(value is None or isinstance(value, bool), f"{name}: true or false expected")
    return bool(value)


def array(data: Any, name: str) -> list[Any]:
    value = data.get(name)
    expect(value is None or isinstance(value, list), f"{name}: an array expected")
    return value or []


def outcome(data: Any) -> Message:
    """What an operation has led to (level 3); nothing where no state is told."""
    told: Message = {"state": words(data, "state"), "cause": words(data, "cause")}
    for name in ("num", "ready", "replaced", "still_leaving", "undrained", "undrained_sigterm"):
        told[name] = whole(data, name, 0, default=0)
    told["took_s"] = seconds(data, "took_s")
    if (exit_code := whole(data, "exit_code", 0, default=-1)) >= 0:
        told["exit_code"] = exit_code
    if data.get("rollout") is not None:
        told |= {"rollout": rollout} if (rollout := _rollout(data["rollout"]))["outcome"] else {}
    lines, lines_of = words(data, "lines"), whole(data, "lines_of", 1, default=0)
    if lines:
        told |= {"lines": lines, "lines_of": lines_of}
    return {"outcome": told} if told["state"] else {}


def _rolled_worker(data: Any) -> Message:
    expect(isinstance(data, dict), "a worker of a rollout is an object")
    worker: Message = {name: whole(data, name, 0, default=0) for name in ("worker",)}
    worker |= {name: whole(data, name, 0, 64, default=0) for name in ("pid", "old_pid")}
    worker["load_s"] = seconds(data, "load_s")
    worker |= {name: whole(data, name, 0, 64, default=0) for name in ("rss", "old_rss")}
    worker |= {"served_s": seconds(data, "served_s"), "end": words(data, "end")}
    return {name: value for name, value in worker.items() if value}


def _rollout(data: Any) -> Message:
    expect(isinstance(data, dict), "a rollout is an object")
    told: Message = {"stage": words(data, "stage")}
    told |= {name: seconds(data, name) for name in ("left_s", "took_s", "back_s")}
    told |= {"words": words(data, "words"), "kept": flag(data, "kept")}
    told |= {name: whole(data, name, 0, default=0) for name in ("num", "new_workers")}
    workers = [_rolled_worker(worker) for worker in array(data, "workers")]
    told = {name: value for name, value in told.items() if value}
    return {"outcome": words(data, "outcome"), **told, "workers": workers}


def _change(data: Any) -> Message:
    expect(isinstance(data, dict), "a change is an object")
    change: Message = {name: words(data, name) for name in ("section", "name", "kind", "words")}
    keys, rolls = array(data, "keys"), array(data, "rolls")
    expect(all(isinstance(key, dict) for key in keys), "a key is an object")
    expect(all(isinstance(service, str) for service in rolls), "rolls: strings expected")
    change["keys"] = [{name: words(key, name) for name in ("key", "before", "after")} for key in keys]
    return change | {"rolls": rolls}


def plan(data: Any) -> Message:
    return {
        "id": words(data, "id"),
        "file": words(data, "file"),
        "version": whole(data, "version", 0, 64, default=0),
        "changes": [_change(change) for change in array(data, "changes")],
        "untouched": whole(data, "untouched", 0, default=0),
        **{name: words(data, name) for name in ("refused", "warnings", "outcome", "failure")},
    }


def _why(data: Any) -> Message:
    message: Message = {"kind": "Why", "service": words(data, "service")}
    if worker := whole(data, "worker", 1, default=0):
        message["worker"] = worker
    message |= {"state": words(data, "state"), "since_at": whole(data, "since_at", 0, 64, default=0)}
    message["since_s"] = seconds(data, "since_s")
    return message | {name: words(data, name) for name in ("what", "because", "next", "change")}


def decode_answer(cmd: str, data: Any) -> Message:
    expect(isinstance(data, dict), "an object expected")
    reason = words(data, "reason")
    if cmd in PLAN_ANSWERS:
        return {"kind": cmd, "plan": plan(data)}
    if cmd == "Why":
        return _why(data)
    if cmd == "Rollout":
        return {"kind": cmd, **_rollout(data)}
    if cmd == "Sent":
        return {"kind": cmd, **{name: whole(data, name, 0, default=0) for name in ("taken", "refused")}}
    message: Message = {"kind": cmd, "id": whole(data, "id", 1)}
    if cmd == "Message":
        message["service"] = words(data, "service")
        message["worker"] = whole(data, "worker", 1, default=1)
        message["pid"] = whole(data, "pid", 0, 64, default=0)
        message["json"] = words(data, "json", True)
    if cmd == "Gap":
        message["lost"] = whole(data, "lost", 0, 64, default=0)
    return message | ({"reason": reason} if cmd == "Ended" else {})


def decode_service_request(cmd: str, data: Any) -> Message:
    """An object in place of a service's name."""
    wait = seconds(data, "leave_wait_s", LEAVE_WAIT_MAX_S) if cmd in ("Reload", "Restart") else 0
    worker = whole(data, "worker", 1, default=0) if cmd in ("Reload", "Restart") else 0
    message: Message = {"kind": cmd, "service": words(data, "service", True)}
    return message | ({"leave_wait_s": wait} if wait or worker else {}) | ({"worker": worker} if worker else {})


def _plan_request(cmd: str, data: Any) -> Message:
    members: Message = {name: words(data, name) for name in ("id", "file")}
    members |= {name: flag(data, name) for name in ("revert", "wait")}
    members |= {"service": words(data, "service")}
    return {"kind": cmd} | {name: value for name, value in members.items() if value}


def _scale_request(data: Any) -> Message:
    message: Message = {"kind": "Scale", "service": words(data, "service", True)}
    wanted = {
        "to": whole(data, "to", 1, default=0),
        "by": whole(data, "by", -SCALE_MAX, default=0),
        "reset": flag(data, "reset"),
    }
    given = {name: value for name, value in wanted.items() if value}
    expect(len(given) == 1, "one of to, by and reset expected")
    return message | given


def decode_request(cmd: str, data: Any) -> Message:
    if cmd in PLAN_REQUESTS and data is None:
        return {"kind": cmd}
    expect(isinstance(data, dict), "an object expected")
    if cmd in PLAN_REQUESTS:
        return _plan_request(cmd, data)
    if cmd == "Scale":
        return _scale_request(data)
    if cmd == "Steer":
        return {"kind": cmd, "service": words(data, "service", True), "order": words(data, "order", True)}
    if cmd == "Why":
        worker = whole(data, "worker", 1, default=0)
        return {"kind": cmd, "service": words(data, "service", True)} | ({"worker": worker} if worker else {})
    message: Message = {"kind": cmd}
    if cmd != "Send":
        message["id"] = whole(data, "id", 1)
    if cmd != "Unsubscribe":
        message["service"] = words(data, "service", True)
    if cmd == "Send":
        worker = whole(data, "worker", 1, default=0)
        message |= {"worker": worker} if worker else {}
        message["json"] = words(data, "json", True)
    return message


def answer_members(message: Message) -> Message:
    if message["kind"] in PLAN_ANSWERS:
        return message["plan"]  # type: ignore[no-any-return]
    members = {name: value for name, value in message.items() if name != "kind"}
    if not members.get("reason"):
        members.pop("reason", None)
    return members
