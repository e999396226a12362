"""What level 3 of the control protocol adds, read from its prose like the rest of wire_codec.py."""

from __future__ import annotations

from typing import Any

from testdata.wire.wire_json import expect, is_number, is_whole

REQUESTS = ("Send", "Listen", "Unsubscribe")
ANSWERS = ("Sent", "Subscribed", "Message", "Gap", "Ended")
LEAVE_WAIT_MAX_S = 60

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


def outcome(data: Any) -> Message:
    """What an operation has led to (level 3); nothing where no state is told."""
    told: Message = {"state": words(data, "state"), "cause": words(data, "cause")}
    for name in ("num", "ready", "replaced", "still_leaving", "undrained", "undrained_sigterm"):
        told[name] = whole(data, name, 0, default=0)
    told["took_s"] = seconds(data, "took_s")
    return {"outcome": told} if told["state"] else {}


def decode_answer(cmd: str, data: Any) -> Message:
    expect(isinstance(data, dict), "an object expected")
    reason = words(data, "reason")
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
    message: Message = {"kind": cmd, "service": words(data, "service", True)}
    return message | ({"leave_wait_s": wait} if wait else {})


def decode_request(cmd: str, data: Any) -> Message:
    expect(isinstance(data, dict), "an object expected")
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
    members = {name: value for name, value in message.items() if name != "kind"}
    if not members.get("reason"):
        members.pop("reason", None)
    return members
