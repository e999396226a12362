"""The benchmark's own parts: its programs work and its verdicts are right. (Nothing is timed here.)"""

import json
import os
import signal
import struct
import subprocess
from pathlib import Path

import pytest

from tools.bench import figures, measure

PROGRAMS = Path.cwd()


def test_the_floor_measures_every_round(tmp_path: Path) -> None:
    found = measure.floor_ns(tmp_path, PROGRAMS, 3)
    assert len(found) == 3
    assert all(ns > 0 for ns in found)


def test_the_guest_is_a_worker(tmp_path: Path) -> None:
    births = measure.Births(tmp_path / "births")
    to_guest, from_guest = os.pipe(), os.pipe()
    guest = subprocess.Popen(
        [PROGRAMS / "tools/bench/guest", tmp_path / "births"],
        env={"FECTL_FD": f"{to_guest[0]}:{from_guest[1]}"},
        pass_fds=(to_guest[0], from_guest[1]),
    )
    try:
        assert births.next("the guest")[0] == guest.pid
        for expected in ("loaded", "hb"):
            (length,) = struct.unpack(">H", os.read(from_guest[0], 2))
            assert json.loads(os.read(from_guest[0], length)) == {"cmd": expected}
        for command in ("start", "stop"):
            payload = json.dumps({"cmd": command}).encode()
            os.write(to_guest[1], struct.pack(">H", len(payload)) + payload)
        assert guest.wait(measure.DEADLINE_SECONDS) == 0
    finally:
        if guest.poll() is None:
            guest.send_signal(signal.SIGKILL)
            guest.wait()
        births.close()
        for fd in to_guest + from_guest:
            os.close(fd)


def test_verdicts() -> None:
    respawn, multiple = figures.respawn_figures([1_000_000, 1_400_000, 9_000_000], [1_000_000])
    assert respawn.holds and respawn.measured == pytest.approx(1.4)
    assert not multiple.holds and multiple.measured == pytest.approx(1.4)
    cpu, memory = figures.rest_figures(20_000_000, 1_000_000_000, 6 * 1024 + 400, 200)
    assert not cpu.holds and cpu.measured == pytest.approx(2.0)
    assert memory.holds
    assert not figures.rest_figures(0, 1, 6 * 1024 + 401, 200)[1].holds
    assert figures.status_figure([9_000_000], 200).holds
    assert not figures.no_op_build_figure(2_100_000_000).holds
    assert "OVER" in str(figures.no_op_build_figure(2_100_000_000))


def test_the_clocks_of_guest_and_driver_are_one(tmp_path: Path) -> None:
    births = measure.Births(tmp_path / "births")
    before = measure.time.monotonic_ns()
    guest = subprocess.Popen([PROGRAMS / "tools/bench/guest", tmp_path / "births"], env={})
    try:
        assert before < births.next("the guest")[1] < measure.time.monotonic_ns()
    finally:
        guest.kill()
        guest.wait()
        births.close()
