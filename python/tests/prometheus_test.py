"""Worker.slot as prometheus_client's process identifier: README.md's snippet, with processes that overlap."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import Iterator

import fectl_worker
from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.support import Client, ready_made


@contextlib.contextmanager
def counted(folder: pathlib.Path, lane: int) -> Iterator[FakeMaster]:
    """Worker 2 of the service, as the process with this lane."""
    sockets = {"web": FakeSocket("aiohttp", ["app=counted:make_app"])}
    variables = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with ready_made("asyncio", sockets=sockets, index=2, lane=lane, environment=variables) as master:
        master.expect("loaded")
        master.send("start")
        yield master
        master.stop()
        assert master.wait() == 0


def ask(master: FakeMaster, path: str = "/") -> list[str]:
    client = Client(master.address("web"))
    answer = client.get(path)
    client.close()
    assert answer.status == 200
    return answer.body.decode().splitlines()


def test_counters_go_on_and_files_are_used_again(tmp_path: pathlib.Path) -> None:
    with counted(tmp_path, 0) as old:
        ask(old)
        with counted(tmp_path, 1) as new:
            ask(new)
            ask(new)
            lines = ask(new, "/metrics")
            assert "asked_total 3.0" in lines
            assert "up_now 2.0" in lines
    names = {"counter_2-0.db", "counter_2-1.db", "gauge_livesum_2-0.db", "gauge_livesum_2-1.db"}
    assert set(os.listdir(tmp_path)) == names
    for lane in (0, 1, 0):
        with counted(tmp_path, lane) as next_one:
            ask(next_one)
    with counted(tmp_path, 0) as last:
        assert "asked_total 6.0" in ask(last, "/metrics")
    assert set(os.listdir(tmp_path)) == names


def variables(**more: str) -> dict[str, str]:
    reads, writes = os.pipe()
    return {"FECTL_FD": f"{reads}:{writes}", "FECTL_SRV_NAME": "shop", "FECTL_PROC_IDX": "2", **more}


def test_an_old_master_gives_no_lane() -> None:
    assert fectl_worker.Worker.from_variables(variables(FECTL_PROC_LANE="1")).slot == "2-1"
    assert fectl_worker.Worker.from_variables(variables()).slot == f"2-{os.getpid()}"
    assert fectl_worker.Worker.from_variables({}).slot == f"0-{os.getpid()}"
