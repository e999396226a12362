"""Both wire protocols in plain Python, written from the prose in proto_spec/ and from nothing else.

It shares no line with the C++ library, so that the golden vectors beside it and the differential test compare two
readings of the same text. Tests use it to speak to the master and to workers byte by byte.

A message is a dict with "kind" (the word on the wire) and the members named in the functions below; members that a
message does not have are absent. Bytes in, dicts out; everything that is not a message raises WireError.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from testdata.wire import wire_details
from testdata.wire.wire_json import (
    Object,
    Pairs,
    UnknownCommand,
    WireError,
    encode,
    envelope,
    expect,
    is_number,
    is_object_of_numbers,
    is_whole,
    parse,
)
from testdata.wire.wire_worker import (
    decode_master_command as decode_master_command,
    decode_worker_message as decode_worker_message,
    encode_master_command as encode_master_command,
    encode_worker_message as encode_worker_message,
)

BASE_FRAME_BYTES_MAX = 65535
REQUEST_BYTES_MAX = 1 << 20
ANSWER_BYTES_MAX = 64 << 20

Message = dict[str, Any]


# ---- frames


def frame(payload: bytes, level: int = 1) -> bytes:
    """One frame. At level 2, a payload that does not fit a 16-bit length becomes a long frame."""
    if not payload:
        raise WireError("an empty message")
    if len(payload) <= BASE_FRAME_BYTES_MAX:
        return struct.pack(">H", len(payload)) + payload
    if level < 2 or len(payload) > ANSWER_BYTES_MAX:
        raise WireError("too long")
    return struct.pack(">HI", 0, len(payload)) + payload


class FrameReader:
    """Cuts a byte stream into payloads."""

    def __init__(self, payload_bytes_max: int = BASE_FRAME_BYTES_MAX, long_frames: bool = False) -> None:
        self.payload_bytes_max = payload_bytes_max
        self.long_frames = long_frames
        self.buffer = b""

    def append(self, data: bytes) -> None:
        self.buffer += data

    def next(self) -> bytes | None:
        """The next payload, or None when more bytes are needed."""
        if len(self.buffer) < 2:
            return None
        header, length = 2, int.from_bytes(self.buffer[:2], "big")
        if length == 0 and self.long_frames:
            if len(self.buffer) < 6:
                return None
            header, length = 6, int.from_bytes(self.buffer[2:6], "big")
        if length > self.payload_bytes_max:
            raise WireError(f"a frame of {length} bytes")
        if len(self.buffer) < header + length:
            return None
        payload = self.buffer[header : header + length]
        self.buffer = self.buffer[header + length :]
        return payload


# ---- control protocol


_PLAIN_REQUESTS = ("Ping", "Pid", "Version", "Quit", "Overview")
_SERVICE_REQUESTS = ("Status", "SPid", "Start", "Stop", "Reload", "Restart", "Pause", "Resume", "Inspect")
HELLO_BYTES_MAX = wire_details.HELLO_BYTES_MAX


def _hello(data: Any, raw: str) -> Message:
    expect(isinstance(data, dict) and len(raw.encode()) <= HELLO_BYTES_MAX, "an object expected")
    version = data.get("version")
    expect(is_whole(version, 32) and version >= 1, "a version expected")
    server = data.get("server")
    expect(server is None or isinstance(server, str), "server is a string")
    pid = data.get("pid", 0)
    expect(is_whole(pid), "pid is a number")
    return {"kind": "Hello", "version": version, "server": server or "", "pid": pid}


def decode_request(payload: bytes, level: int = 3) -> Message:
    """With a service: service. Hello: version. Level 3: Reload, Restart: leave_wait_s, where it is not 0, and worker;
    Send: service, worker (where it is for one alone), json (text); Listen: id, service; Unsubscribe: id; Plan, Apply:
    those of id, file, revert, wait and service that are set; Scale: service, and to, by or reset; Why: service,
    worker; Steer: service, order."""
    cmd, data, raw = envelope(payload)
    known = (*_PLAIN_REQUESTS, *_SERVICE_REQUESTS, "Rollout", *wire_details.REQUESTS)
    if level >= 3 and isinstance(data, dict) and cmd in known:
        expect(len(raw.encode()) <= wire_details.BYTES_MAX.get(cmd, HELLO_BYTES_MAX), "too many bytes")
    if cmd in _PLAIN_REQUESTS or (level >= 3 and cmd == "Workers"):
        expect(data is None, "no data expected")
        return {"kind": cmd}
    if cmd in _SERVICE_REQUESTS or (level >= 3 and cmd == "Rollout"):
        if level >= 3 and isinstance(data, dict):
            return wire_details.decode_service_request(cmd, data)
        expect(isinstance(data, str), "a service's name expected")
        return {"kind": cmd, "service": data}
    if cmd == "Hello":
        return {"kind": cmd, "version": _hello(data, raw)["version"]}
    if level >= 3 and cmd in wire_details.REQUESTS:
        return wire_details.decode_request(cmd, data)
    raise UnknownCommand(cmd)


def encode_request(message: Message) -> bytes:
    members = {name: value for name, value in message.items() if name != "kind"}
    if not members and message["kind"] not in wire_details.PLAN_REQUESTS:
        return encode(message["kind"])
    bare = list(members) == ["service"] and message["kind"] not in wire_details.REQUESTS
    return encode(message["kind"], message["service"] if bare else members)


SERVICE_STATES = ("running", "paused", "failed", "stopped", "starting", "reloading", "stopping")
STATES = (
    "Starting", "Reloading", "Restarting", "Running", "StoppingOld", "Stopping", "Failed", "Stopped", "Paused",
    "RestartFailed", "ReloadFailed",
)  # fmt: skip
BARE_REASONS = (
    "None", "Initial", "Exit", "ConsoleRequest", "WorkerRequest", "SomeWorkersFailed", "HeartbeatFailed",
    "StartupTimeout", "StopTimeout", "InitFailed", "BootFailed", "NewProcessDied", "RestartFailedStartingWorker",
    "RestartFailedRunningWorker", "RestoreAftreFailed", "ReloadAftreTimeout",
)  # fmt: skip

_OPERATION_ANSWERS = (
    "Done", "ServiceStarted", "ServiceStopped", "ServiceFailed", "ErrorNotReady", "ErrorUnknownService",
    "ErrorServiceStarting", "ErrorServiceRunning", "ErrorServiceReloading", "ErrorServiceStopping",
    "ErrorServiceStopped", "ErrorServiceFailed", "ErrorNotPermitted",
)  # fmt: skip


def _decode_reason(reason: Any) -> Message:
    if isinstance(reason, str):
        return {"kind": reason} if reason in BARE_REASONS else {"kind": "", "text": reason}
    expect(isinstance(reason, Object) and len(reason.members) == 1, "a reason is a word or an object with one member")
    (name, content), *_ = reason.items()
    if name == "Signal" and is_whole(content) and content >= 0:
        return {"kind": name, "number": content}
    if name == "ExitCode" and is_whole(content):
        return {"kind": name, "number": content & 0xFF}
    if name == "WorkerError" and isinstance(content, str):
        return {"kind": name, "text": content}
    if name == "FailedToStart" and (content is None or isinstance(content, str)):
        return {"kind": name, "text": content or ""}
    other = name
    if isinstance(content, str):
        other += f": {content}"
    elif is_whole(content):
        other += f" {content}"
    return {"kind": "", "text": other}


def _encode_reason(reason: Message) -> Any:
    kind = reason["kind"]
    if kind == "":
        return reason["text"]
    if kind == "Signal":
        return {kind: reason["number"]}
    if kind == "ExitCode":
        code = reason["number"] & 0xFF
        return {kind: code - 256 if code > 127 else code}
    if kind == "WorkerError":
        return {kind: reason["text"]}
    if kind == "FailedToStart":
        return {kind: reason["text"] or None}
    return kind


def _decode_event(event: Any) -> Message:
    expect(isinstance(event, dict) and "reason" in event, "an event is an object with a reason")
    expect(event.get("state") in STATES, "an unknown state")
    expect(is_whole(event.get("timestamp")) and event["timestamp"] >= 0, "a timestamp expected")
    pid = event.get("pid")
    expect(pid is None or (isinstance(pid, str) and re.fullmatch("[0-9]{1,18}", pid) is not None), "a pid expected")
    return {
        "state": event["state"],
        "reason": _decode_reason(event["reason"]),
        "timestamp": event["timestamp"],
        "pid": int(pid or 0),
    }


def _decode_worker(worker: Any) -> Message:
    right = isinstance(worker, list) and len(worker) == 2 and isinstance(worker[0], str) and isinstance(worker[1], list)
    expect(right, "a worker is a name and a list")
    match = re.fullmatch(r"worker\(([0-9]{1,9})\)", worker[0])
    expect(match is not None, "worker(NUMBER) expected")
    assert match is not None
    return {"index": int(match[1]), "events": [_decode_event(event) for event in worker[1]]}


def _decode_status(data: Any) -> Message:
    right = isinstance(data, list) and len(data) == 2 and data[0] in SERVICE_STATES and isinstance(data[1], list)
    expect(right, "a state and a list of workers expected")
    return {"state": data[0], "workers": [_decode_worker(worker) for worker in data[1]]}


def _encode_status(status: Message) -> Any:
    def event(of: Message) -> Message:
        pid = str(of["pid"]) if of["pid"] else None
        return {
            "state": of["state"],
            "reason": _encode_reason(of["reason"]),
            "timestamp": of["timestamp"],
            "pid": pid,
        }

    workers = [[f"worker({w['index']})", [event(e) for e in w["events"]]] for w in status["workers"]]
    return [status["state"], workers]


# Members of the views and their defaults, in the order in which they are written. A type is its default.
_SOCKET: Message = {"name": "", "address": ""}
_EVENT: Message = {"worker": 1, "timestamp": 0, "pid": 0, "state": "", "reason": ""}
_LEAVING: Message = {"pid": 0, "uptime_s": 0.0, "leaving_s": 0.0, "time_left_s": 0.0}
_WORKER: Message = {
    "index": 1, "state": "", "pid": 0, "uptime_s": 0.0, "restarts": 0, "cause": "", "note": "", "retry_in_s": 0.0,
    "leaving": [0], "gauges": {}, "leaving_processes": [_LEAVING],
    "last_lines": "", "busy": "", "busy_left_s": 0.0, "beat_age_s": 0.0,
}  # fmt: skip
_SERVICE: Message = {
    "name": "", "state": "", "num": 0, "ready": 0, "uptime_s": 0.0, "restarts": 0, "cause": "",
    "sockets": [_SOCKET], "still_leaving": 0, "undrained": 0, "undrained_sigterm": 0,
    "config_version": 0, "not_taken": "", "file_num": 0, "scaled_by": "", "scaled_at": 0, "labels": [""],
    "type": "",
    "workers": [_WORKER], "events": [_EVENT],
}  # fmt: skip
_MASTER: Message = {
    "pid": 0, "version": "", "uptime_s": 0.0, "services": [_SERVICE],
    "config_version": 0, "config_loaded_at_ns": 0, "config_files": [""], "config_applying": 0,
}  # fmt: skip
# Absent where they say nothing.
_OPTIONAL = (
    "config_version", "not_taken", "file_num", "scaled_by", "scaled_at", "labels", "type", "config_loaded_at_ns",
    "config_files", "last_lines", "busy", "busy_left_s", "beat_age_s", "config_applying",
)  # fmt: skip

# Whole numbers of 32 bits; the others have 64.
_NARROW = ("worker", "index", "num", "ready", "still_leaving", "undrained", "undrained_sigterm", "file_num")


def _decode_view(value: Any, shape: Message) -> Message:
    expect(isinstance(value, dict), "an object expected")
    view: Message = {}
    for name, default in shape.items():
        given = value.get(name)
        if given is None:
            view[name] = type(default)() if isinstance(default, (list, dict)) else default
        elif isinstance(default, str):
            expect(isinstance(given, str), f"{name}: a string expected")
            view[name] = given
        elif isinstance(default, float):
            expect(is_number(given), f"{name}: a number expected")
            view[name] = float(given)
        elif isinstance(default, int):
            expect(is_whole(given, 32 if name in _NARROW else 64), f"{name}: a whole number expected")
            view[name] = given
        elif isinstance(default, dict):
            expect(is_object_of_numbers(given), f"{name}: numbers expected")
            view[name] = {key: float(number) for key, number in given.items()}
        elif isinstance(default[0], dict):
            expect(isinstance(given, list), f"{name}: a list expected")
            view[name] = [_decode_view(item, default[0]) for item in given]
        elif isinstance(default[0], str):
            strings = isinstance(given, list) and all(isinstance(item, str) for item in given)
            expect(strings, f"{name}: strings expected")
            view[name] = given
        else:
            expect(isinstance(given, list) and all(map(is_whole, given)), f"{name}: whole numbers expected")
            view[name] = given
        if name in _OPTIONAL and not view[name]:
            del view[name]
    return view


def _encode_overview(view: Message) -> Message:
    services = [{k: v for k, v in s.items() if k != "events" and (k != "workers" or v)} for s in view["services"]]
    return {**view, "services": services}


def decode_response(payload: bytes) -> Message:
    """Answers to operations: reason (level 2), outcome (level 3, where there is one). Error: message. Pid, Version:
    text. ServiceStatus: status. ServiceWorkerPids: pids. Hello: version, server, pid. Overview: overview. Inspect:
    inspect. Level 3: Sent: taken, refused. Subscribed, Message, Gap, Ended: id, and service, worker, pid, json; lost;
    reason. Plan, Applied: plan."""
    cmd, data, raw = envelope(payload)
    if cmd == "Pong":
        expect(data is None, "no data expected")
        return {"kind": cmd}
    if cmd in wire_details.ANSWERS:
        return wire_details.decode_answer(cmd, data)
    if cmd in _OPERATION_ANSWERS or cmd == "Error":
        member = "message" if cmd == "Error" else "reason"
        if data is None:
            return {"kind": cmd, member: ""}
        expect(isinstance(data, dict), "an object expected")
        message = {"kind": cmd, member: wire_details.words(data, member)}
        return message if cmd == "Error" else message | wire_details.outcome(data)
    if cmd in ("Pid", "Version"):
        expect(isinstance(data, str), "a string expected")
        return {"kind": cmd, "text": data}
    if cmd == "ServiceStatus":
        return {"kind": cmd, "status": _decode_status(data)}
    if cmd == "ServiceWorkerPids":
        expect(isinstance(data, list) and all(isinstance(pid, str) for pid in data), "strings expected")
        return {"kind": cmd, "pids": data}
    if cmd == "Hello":
        return _hello(data, raw)
    if cmd == "Overview":
        return {"kind": cmd, "overview": _decode_view(data, _MASTER)}
    if cmd == "Inspect":
        return {"kind": cmd, "inspect": _decode_view(data, _SERVICE)}
    raise UnknownCommand(cmd)


def encode_response(message: Message, level: int = 3) -> bytes:
    """Without the shortening of long answers, which is the master's own business."""
    kind = message["kind"]
    if kind in _OPERATION_ANSWERS:
        members = {"reason": message["reason"]} if level > 1 and message.get("reason") else {}
        members |= message.get("outcome", {}) if level > 2 else {}
        return encode(kind, members) if members else encode(kind)
    if kind in wire_details.ANSWERS:
        return encode(kind, wire_details.answer_members(message))
    if kind == "Error":
        return encode(kind, {"message": message["message"]})
    if kind in ("Pid", "Version"):
        return encode(kind, message["text"])
    if kind == "ServiceStatus":
        return encode(kind, _encode_status(message["status"]))
    if kind == "ServiceWorkerPids":
        return encode(kind, message["pids"])
    if kind == "Hello":
        return encode(kind, {name: message[name] for name in ("version", "server", "pid")})
    if kind == "Overview":
        return encode(kind, _encode_overview(message["overview"]))
    if kind == "Inspect":
        return encode(kind, message["inspect"])
    return encode(kind)


# ---- environment


def parse_channel(text: str) -> Message:
    """FECTL_FD: read_fd, write_fd."""
    match = re.fullmatch("([0-9]+):([0-9]+)", text)
    expect(match is not None, "R:W expected")
    assert match is not None
    return {"read_fd": int(match[1]), "write_fd": int(match[2])}


def parse_socket(text: str) -> Message:
    """FECTL_FD_<name>: fd, family, type, protocol."""
    match = re.fullmatch("([0-9]+),FAMILY:([0-9]+),SOCKETTYPE:([0-9]+),PROTO:([0-9]+)", text)
    expect(match is not None, "FD,FAMILY:f,SOCKETTYPE:t,PROTO:p expected")
    assert match is not None
    return dict(zip(("fd", "family", "type", "protocol"), map(int, match.groups())))


def parse_names(text: str) -> list[str]:
    """FECTL_SOCKETS: names with one blank between two."""
    names = text.split(" ") if text else []
    expect(all(re.fullmatch("[A-Za-z0-9._-]{1,64}", name) for name in names), "names expected")
    return names


def parse_arguments(text: str) -> list[str]:
    """FECTL_ARGS_<name>: a JSON array of strings."""
    arguments = parse(text.encode())
    right = isinstance(arguments, list) and not isinstance(arguments, Pairs)
    expect(right and all(isinstance(argument, str) for argument in arguments), "a list of strings expected")
    return arguments
