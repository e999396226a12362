"""The messages of the worker protocol: a part of wire_codec, which says what there is to know of it."""

from __future__ import annotations

from typing import Any

from testdata.wire.wire_json import (
    Object,
    UnknownCommand,
    encode,
    envelope,
    expect,
    is_number,
    is_object_of_numbers,
    is_whole,
)

GAUGES_MAX = 64
GAUGE_NAME_BYTES_MAX = 64
TEXT_BYTES_MAX = 8192
WORKER_LEVEL = 3

Message = dict[str, Any]


def decode_worker_message(payload: bytes) -> Message:
    """forked, reload, restart; loaded (level); hb (gauges: list of [name, number]); cfgerror, status, stopping (text);
    msg (json: raw text); lease (seconds, text: the `why`, progress)."""
    cmd, data, raw = envelope(payload)
    if cmd in ("forked", "reload", "restart"):
        expect(data is None, "no data expected")
        return {"kind": cmd}
    if cmd == "loaded":
        if data is None:
            return {"kind": cmd, "level": 1}
        expect(is_object_of_numbers(data), "loaded takes numbers")
        return {"kind": cmd, "level": int(max(1, min(data.get("proto", 1), WORKER_LEVEL)))}
    if cmd == "hb":
        if data is None or data == {}:
            return {"kind": cmd}
        expect(is_object_of_numbers(data), "hb takes numbers")
        expect(len(data) <= GAUGES_MAX, "too many gauges")
        expect(all(len(name.encode()) <= GAUGE_NAME_BYTES_MAX for name in data), "a long name")
        return {"kind": cmd, "gauges": [[name, float(number)] for name, number in data.items()]}
    if cmd in ("cfgerror", "status", "stopping"):
        expect(isinstance(data, str), "a string expected")
        return {"kind": cmd, "text": data}
    if cmd == "msg":
        return {"kind": cmd, "json": raw or "null"}
    if cmd == "lease":
        return _decode_lease(data)
    raise UnknownCommand(cmd)


def _decode_lease(data: Any) -> Message:
    expect(isinstance(data, Object), "lease takes an object")
    seconds, why, progress = data.get("seconds"), data.get("why"), data.get("progress")
    expect(is_number(seconds) and seconds >= 0, "seconds is a number that is not negative")
    expect(why is None or isinstance(why, str), "why is a string")
    expect(progress is None or (is_whole(progress) and progress >= 0), "progress is a whole number, 0 or more")
    return {"kind": "lease", "seconds": float(seconds), "text": why or "", "progress": progress or 0}


def encode_worker_message(message: Message) -> bytes:
    kind = message["kind"]
    if kind == "loaded" and message.get("level", 1) >= 2:
        return encode(kind, {"proto": min(message["level"], WORKER_LEVEL)})
    if kind == "hb" and message.get("gauges"):
        return encode(kind, {name: float(number) for name, number in message["gauges"]})
    if kind in ("cfgerror", "status", "stopping"):
        text = message["text"].encode()[:TEXT_BYTES_MAX].decode(errors="ignore")
        return encode(kind, text)
    if kind == "msg":
        return encode(kind, raw=message["json"])
    if kind == "lease":
        why = message["text"].encode()[:TEXT_BYTES_MAX].decode(errors="ignore")
        return encode(kind, {"seconds": float(message["seconds"]), "why": why, "progress": message["progress"]})
    return encode(kind)


def decode_master_command(payload: bytes) -> Message:
    """prepare, start, pause, resume, stop, hb, dump; msg (json: raw text)."""
    cmd, data, raw = envelope(payload)
    if cmd in ("prepare", "start", "pause", "resume", "stop", "hb", "dump"):
        expect(data is None, "no data expected")
        return {"kind": cmd}
    if cmd == "msg":
        return {"kind": cmd, "json": raw or "null"}
    raise UnknownCommand(cmd)


def encode_master_command(message: Message) -> bytes:
    return encode(message["kind"], raw=message.get("json", ""))
