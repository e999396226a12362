"""The independent codec against the golden vectors. (The C++ library meets the same files in //proto_spec.)"""

import json
from pathlib import Path
from typing import Any

import pytest

from testdata.wire import wire_codec

HERE = Path(__file__).parent

CODECS = {
    "worker_messages": (wire_codec.decode_worker_message, wire_codec.encode_worker_message),
    "master_commands": (wire_codec.decode_master_command, wire_codec.encode_master_command),
    "requests": (wire_codec.decode_request, wire_codec.encode_request),
    "responses": (wire_codec.decode_response, wire_codec.encode_response),
}


def load(name: str) -> list[dict[str, Any]]:
    vectors = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
    assert len({vector["name"] for vector in vectors}) == len(vectors), "two vectors have one name"
    return vectors


def named(name: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in load(name)]


def messages() -> list[Any]:
    return [pytest.param(area, v, id=f"{area}-{v['name']}") for area in CODECS for v in load(area)]


def payload_of(vector: dict[str, Any]) -> bytes:
    reader = wire_codec.FrameReader()
    reader.append(bytes.fromhex(vector["bytes"]))
    payload = reader.next()
    assert payload is not None
    assert reader.next() is None and not reader.buffer
    return payload


@pytest.mark.parametrize(("area", "vector"), messages())
def test_message(area: str, vector: dict[str, Any]) -> None:
    decode, encode = CODECS[area]
    payload = payload_of(vector)
    if "payload" in vector:
        assert payload == vector["payload"].encode()
    if "error" in vector:
        with pytest.raises(wire_codec.WireError) as caught:
            decode(payload)
        assert isinstance(caught.value, wire_codec.UnknownCommand) == (vector["error"] == "unknown")
        return
    assert decode(payload) == vector["meaning"]
    encoded = encode(vector["meaning"])
    assert decode(encoded) == vector["meaning"]
    if vector["canonical"]:
        assert wire_codec.frame(encoded) == bytes.fromhex(vector["bytes"])


def repeated(piece: str | list[Any]) -> str:
    return piece if isinstance(piece, str) else piece[0] * piece[1]


@pytest.mark.parametrize("vector", named("frames"))
def test_stream(vector: dict[str, Any]) -> None:
    reader = wire_codec.FrameReader(vector["payload_bytes_max"], vector["long_frames"])
    payloads, end = [], ""
    try:
        for piece in vector["pieces"]:
            reader.append(bytes.fromhex(repeated(piece)))
            while (payload := reader.next()) is not None:
                payloads.append(payload.decode())
        end = "waiting" if reader.buffer else ""
    except wire_codec.WireError:
        end = "error"
    assert payloads == [repeated(payload) for payload in vector["payloads"]]
    assert end == vector["end"]


@pytest.mark.parametrize("vector", named("environment"))
def test_environment(vector: dict[str, Any]) -> None:
    parse = {"FECTL_FD": wire_codec.parse_channel, "FECTL_SOCKETS": wire_codec.parse_names}.get(
        vector["variable"], wire_codec.parse_socket)
    if vector["variable"].startswith("FECTL_ARGS_"):
        parse = wire_codec.parse_arguments
    if "error" in vector:
        with pytest.raises(wire_codec.WireError):
            parse(vector["text"])
        return
    assert parse(vector["text"]) == vector["meaning"]


def test_every_kind_of_message_has_a_vector() -> None:
    kinds = {area: {v["meaning"]["kind"] for v in load(area) if "meaning" in v} for area in CODECS}
    assert kinds["worker_messages"] == set("forked loaded hb reload restart cfgerror status stopping msg lease".split())
    assert kinds["master_commands"] == set("prepare start pause resume stop hb msg dump".split())
    assert len(kinds["requests"]) == 23
    assert len(kinds["responses"]) == 30


def test_ten_times_ten_thousand_levels() -> None:
    for opening in (b"[", b'{"a":', b'[{"a":'):
        with pytest.raises(wire_codec.WireError):
            wire_codec.decode_request(b'{"cmd":"Ping","x":' + opening * 100_000)
