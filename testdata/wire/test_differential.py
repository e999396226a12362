"""C++ and Python must agree on random messages, most of them slightly wrong: refused by both, or understood alike.

The seed is fixed, so a run is the same everywhere; FECTL_WIRE_SEED and FECTL_WIRE_ROUNDS take it further by hand.
"""

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from testdata.wire import wire_codec
from testdata.wire.test_vectors import CODECS, load

SEED = int(os.environ.get("FECTL_WIRE_SEED", "20250101"))
ROUNDS = int(os.environ.get("FECTL_WIRE_ROUNDS", "3000"))

KINDS = {"worker_messages": "worker", "master_commands": "command", "requests": "request", "responses": "response"}


class Echo:
    """The C++ library behind a pipe."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["proto_spec/testing/wire_echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask(self, kind: str, hexes: str) -> tuple[str, str]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{kind} {hexes}\n")
        self.process.stdin.flush()
        verdict, _, rest = self.process.stdout.readline().rstrip("\n").partition(" ")
        assert verdict, f"the library did not survive {kind} {hexes}"
        return verdict, rest

    def close(self) -> None:
        self.process.communicate(timeout=30)
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    process = Echo()
    yield process
    process.close()


SCALARS = [
    "null", "true", "false", "0", "-0", "1", "2", "-1", "1.5", "-2.25e-3", "1e308", "1e309", "99999e304", "1e-400",
    "0.1", "123456789012345678", "18446744073709551616", "9223372036854775807", "2147483648", "1.0", "5e-324",
    "0.30000000000000004", "1e22", "1E+2", "0E84", "-0.0", "0.00e99", "01", "1.", "+1", "NaN",
    '""', '"web"', '"123"', '"running"', '"Running"',
    '"None"', '"worker(1)"', r'"\ud83d\ude00"', r'"\ud800"', r'"\udc00"', r'"\u0000"', '"é€😀"', r'"\/"', '"\x7f"',
    '"\x01"', '{"Signal":9}', '{"ExitCode":-56}', '{"proto":2}', '{"version":2}', '{"reason":"x"}', '{"message":"x"}',
    "[]", "{}", '["1","2"]', '["running",[]]', '["running",[["worker(1)",[]]]]',
]  # fmt: skip
NAMES = [
    "cmd", "data", "x", "state", "reason", "timestamp", "pid", "name", "workers", "events", "gauges", "num", "proto",
    "version", "server", "message", "services", "sockets", "uptime_s", "leaving", "", "é",
    "id", "file", "revert", "wait", "service", "to", "by", "reset", "changes", "untouched", "labels", "file_num",
    "seconds", "why", "progress", "busy", "busy_left_s",
    "lines", "lines_of", "last_lines",
]  # fmt: skip


def value(rng: random.Random, depth: int = 0) -> str:
    kind = rng.random()
    if kind < 0.6 or depth > 4:
        return rng.choice(SCALARS)
    space = rng.choice(["", "", " ", "\n"])
    if kind < 0.75:
        return "[" + f",{space}".join(value(rng, depth + 1) for _ in range(rng.randrange(4))) + space + "]"
    members = (json.dumps(rng.choice(NAMES)) + space + ":" + value(rng, depth + 1) for _ in range(rng.randrange(4)))
    return "{" + f"{space},".join(members) + "}"


def invented(rng: random.Random, area: str) -> bytes:
    """A message of this protocol with data of any kind."""
    known = sorted({v["meaning"]["kind"] for v in load(area) if "meaning" in v})
    members = ['"cmd":' + json.dumps(rng.choice(known))]
    if rng.random() < 0.9:
        members.append('"data":' + value(rng))
    if rng.random() < 0.2:
        members.append(json.dumps(rng.choice(NAMES)) + ":" + value(rng))
    rng.shuffle(members)
    return ("{" + ",".join(members) + "}").encode()


def mutated(rng: random.Random, payloads: list[bytes]) -> bytes:
    """A golden payload with a few bytes changed, or a value of it replaced."""
    payload = bytearray(rng.choice(payloads))
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(payload) + 1)
        action = rng.randrange(6)
        if action == 0:
            payload[at : at + 1] = b""
        elif action == 1:
            payload[at:at] = bytes([rng.randrange(256)])
        elif action == 2:
            payload[at : at + 1] = rng.choice(b'{}[]",:\\0123456789eE+-.nul \n\0\xc3\xed\xff').to_bytes(1, "big")
        elif action == 3:
            payload[at:at] = value(rng).encode()
        elif action == 4:
            other = rng.choice(payloads)
            payload[at:] = other[rng.randrange(len(other) + 1) :]
        else:
            begin = payload.rfind(b":", 0, at) + 1
            end = payload.find(b",", begin)
            payload[begin : end if end > 0 else begin] = value(rng).encode()
    return bytes(payload)


def verdict_of(decode: Callable[[bytes], Any], payload: bytes) -> tuple[str, Any]:
    try:
        return "ok", decode(payload)
    except wire_codec.UnknownCommand:
        return "unknown", None
    except wire_codec.WireError:
        return "error", None


@pytest.mark.parametrize("area", sorted(KINDS))
def test_random_messages(echo: Echo, area: str) -> None:
    rng = random.Random(f"{SEED} {area}")
    decode, encode = CODECS[area]
    payloads = [bytes.fromhex(v["bytes"])[2:] for v in load(area)]
    payloads = [payload for payload in payloads if 0 < len(payload) < 2000]
    verdicts = {"ok": 0, "unknown": 0, "error": 0}
    for _ in range(ROUNDS):
        payload = invented(rng, area) if rng.random() < 0.4 else mutated(rng, payloads)
        ours, meaning = verdict_of(decode, payload)
        theirs, hexes = echo.ask(KINDS[area], payload.hex())
        assert (theirs, payload) == (ours, payload)
        verdicts[ours] += 1
        if ours == "ok":
            # What C++ understood, written by C++, read by Python.
            again = decode(bytes.fromhex(hexes))
            assert again == decode(encode(meaning)), payload
    assert min(verdicts.values()) > ROUNDS // 100, f"the random messages are too much alike: {verdicts}"


@pytest.mark.parametrize("area", sorted(KINDS))
def test_canonical_bytes(echo: Echo, area: str) -> None:
    """Both write every message of the vectors alike, byte for byte."""
    decode, encode = CODECS[area]
    for vector in load(area):
        if "meaning" in vector:
            payload = encode(vector["meaning"])
            verdict, hexes = echo.ask(KINDS[area], payload.hex())
            assert (verdict, bytes.fromhex(hexes)) == ("ok", encode(decode(payload))), vector["name"]


def test_numbers_have_one_spelling(echo: Echo) -> None:
    rng = random.Random(f"{SEED} numbers")
    for round_number in range(ROUNDS):
        if round_number % 2:
            number = rng.choice([-1, 1]) * rng.randrange(10 ** rng.randrange(1, 18)) / 10 ** rng.randrange(18)
        else:
            number = rng.choice([-1, 1]) * rng.random() * 10.0 ** rng.randrange(-320, 308)
        payload = wire_codec.encode_worker_message({"kind": "hb", "gauges": [["g", number]]})
        assert echo.ask("worker", payload.hex()) == ("ok", payload.hex()), payload


@pytest.mark.parametrize("long_frames", [False, True])
def test_random_streams(echo: Echo, long_frames: bool) -> None:
    rng = random.Random(f"{SEED} {long_frames}")
    payload_bytes_max = wire_codec.REQUEST_BYTES_MAX if long_frames else 1000
    given_up = 0
    for _ in range(ROUNDS // 3):
        stream = b"".join(
            len(payload).to_bytes(2, "big") + payload
            if not long_frames or rng.random() < 0.5
            else b"\0\0" + len(payload).to_bytes(4, "big") + payload
            for payload in (rng.randbytes(rng.choice([0, 1, 2, 20, 300])) for _ in range(rng.randrange(6)))
        )
        if rng.random() < 0.3:
            stream += rng.randbytes(rng.randrange(8))
        cuts = sorted(rng.randrange(len(stream) + 1) for _ in range(rng.randrange(8)))
        pieces = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)])]
        reader = wire_codec.FrameReader(payload_bytes_max, long_frames)
        expected = ""
        try:
            for piece in pieces:
                reader.append(piece)
                while (payload := reader.next()) is not None:
                    expected += payload.hex() + ","
        except wire_codec.WireError:
            expected += "error"
            given_up += 1
        asked = echo.ask("longframes" if long_frames else "frames", ",".join(piece.hex() for piece in pieces))
        assert asked == ("ok", expected)
    assert given_up > 10
