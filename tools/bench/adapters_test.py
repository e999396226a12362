"""How each manager is told what to do, and that ours do it."""

import configparser
import runpy
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.bench import processes
from tools.bench.adapters.adapter import Adapter, Job
from tools.bench.adapters.fectld import Fectld
from tools.bench.adapters.floor import Floor
from tools.bench.adapters.known import MANAGERS
from tools.bench.adapters.runit import Runit
from tools.bench.adapters.s6 import S6
from tools.bench.adapters.servers import Gunicorn, Haproxy, HelloUnderFectld
from tools.bench.adapters.supervisord import Supervisord

PROGRAMS = Path.cwd()


@pytest.fixture
def job() -> Iterator[Job]:
    """In a folder with a short name, as the path of a socket must be."""
    folder = tempfile.mkdtemp(prefix="fectl-bench-", dir="/tmp")
    yield Job(PROGRAMS, Path(folder), workers=3)
    processes.end_all()
    shutil.rmtree(folder)


def test_each_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in MANAGERS}) == len(MANAGERS)
    assert all(kind.program for kind in MANAGERS if kind not in (Fectld, Floor))


def test_what_is_not_in_the_path_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert [kind.name for kind in MANAGERS if kind.installed()] == ["fectld", "floor"]


def test_fectld_is_configured(job: Job) -> None:
    config = tomllib.loads(Fectld(job).config())
    (service,) = config["service"]
    assert service["num"] == 3 and service["command"] == [str(job.guest)]
    assert f"BENCH_LEDGER={job.ledger}" in service["environ"]
    assert config["master"]["sock"] == str(job.folder / "sock")


def test_workers_that_are_silent_on_purpose_do_not_count_as_dead(tmp_path: Path) -> None:
    config = tomllib.loads(Fectld(Job(PROGRAMS, tmp_path, workers=3, beat_ms=0)).config())
    assert config["service"][0]["timeout"] >= 3600


def test_supervisord_is_configured(job: Job) -> None:
    config = configparser.RawConfigParser()
    config.read_string(Supervisord(job).config())
    assert config["program:bench"]["numprocs"] == "3"
    assert config["program:bench"]["command"] == str(job.guest)
    assert int(config["supervisord"]["minfds"]) > 3 * 3


@pytest.mark.parametrize("kind", [S6, Runit])
def test_a_folder_for_each_service(job: Job, kind: type[Adapter]) -> None:
    kind(job).prepare()
    runs = sorted((job.folder / "services").glob("*/run"))
    assert [run.readlink() for run in runs] == [job.guest] * 3


def test_the_server_under_fectld_is_configured(tmp_path: Path) -> None:
    server = HelloUnderFectld(PROGRAMS, tmp_path)
    config = tomllib.loads(server.config())
    assert config["socket"][0]["port"] == server.port
    assert config["service"][0]["num"] == 2


def test_haproxy_hands_its_listeners_over(tmp_path: Path) -> None:
    server = Haproxy(PROGRAMS, tmp_path)
    assert f"stats socket {tmp_path}/admin mode 600 level admin expose-fd listeners\n" in server.config()
    assert f"  bind 127.0.0.1:{server.port}\n" in server.config()


def test_the_application_of_gunicorn_says_how_long_its_answer_is(tmp_path: Path) -> None:
    Gunicorn(PROGRAMS, tmp_path).prepare()
    module = runpy.run_path(str(tmp_path / "bench_hello.py"))
    said = []
    (body,) = module["application"]({}, lambda status, headers: said.append((status, dict(headers))))
    assert said == [("200 OK", {"Content-Type": "text/plain", "Content-Length": str(len(body))})]


@pytest.mark.parametrize("kind", [Fectld, Floor])
def test_ours_start_replace_and_stop(job: Job, kind: type[Adapter]) -> None:
    manager = kind(job)
    try:
        assert manager.start() > 0
        before = manager.worker_pids()
        assert len(before) == 3
        # fectld has its logger beside it.
        own = manager.own_pids()
        assert manager.pid in own and len(own) == (2 if kind is Fectld else 1)
        assert manager.respawn(before[0]) > 0
        after = manager.worker_pids()
        assert len(after) == 3 and before[0] not in after and set(before[1:]) <= set(after)
        assert processes.pss_kib(manager.own_pids()) > 0
        assert processes.cpu_ns(manager.own_pids()) > 0
        assert manager.stop() > 0
        assert all(processes.has_ended(pid) for pid in after)
    finally:
        manager.close()
