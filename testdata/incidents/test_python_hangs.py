"""Python workers that hang: the function is named, whatever keeps it, with and without the right to trace it.

FECTL_ROUNDS=20 (--test_env) repeats each.
"""

import os
import pathlib
import re
import shutil
from typing import Any

import pytest

from testdata.e2e.harness import Place, built, tcp
from testdata.e2e.http_requests import HttpRequest, free_port
from testdata.e2e.processes import alive, command_line, started_by, wait_until
from testdata.incidents.kept import functions, incidents, only_incident, python_service, python_stacks

ROUNDS = range(int(os.environ.get("FECTL_ROUNDS", "1")))
HOWS = ("lock", "sleep", "search", "count", "write", "ask")
# Where the interpreter cannot be had nothing but threads is told.
WITHOUT_INTERPRETER = "count"


@pytest.mark.parametrize("_round", ROUNDS)
@pytest.mark.parametrize("traced", [True, False], ids=["traced", "untraced"])
@pytest.mark.parametrize("how", HOWS)
def test_the_function_is_named(place: Place, how: str, traced: bool, _round: int) -> None:
    if not traced:
        place.forbid("ptrace=EPERM")
    master = place.start(python_service(place, f"-m shop.worker {how}", timeout=1.5))
    (pid,) = master.wait_running("web")
    place.write("hang", "")
    master.wait_replaced("web", pid)
    incident = only_incident(master)
    name = "shop.db._answer" if how == "ask" else f"shop.db.{how}"
    where = rf"hung in `{re.escape(name)}` db\.py:\d+"
    assert re.fullmatch(where, incident["summary"]["where"]), incident["summary"]
    told = where + r" \(incident 1\)"
    assert re.search("sent no heartbeat for 1.5 s: " + told, master.fectl_ok("status", "web"))
    assert re.search(told, " ".join(master.fectl_ok("why", "web/1").split()))
    assert re.search(r"worker\.examined web/1 pid \d+: " + told, master.fectl_ok("events"))
    assert re.search(where, master.fectl_ok("incident"))
    assert name in master.fectl_ok("incident", "show", "1")
    _expect_threads_and_tasks(incident, how, pid)
    natively = any("frames" in thread for thread in incident["threads"])
    missing = " ".join(incident.get("missing", []))
    assert natively == traced and ("its native stacks" in missing) != traced, missing
    wait_until(lambda: not alive(pid), "it is killed")


def _expect_threads_and_tasks(incident: dict[str, Any], how: str, pid: int) -> None:
    threads, tasks = python_stacks(incident, "thread"), python_stacks(incident, "task")
    (serving,) = [thread for thread in threads if thread.get("serves")]
    if how == "ask":
        assert serving.get("idle"), serving
        (beats,) = [task for task in tasks if task.get("serves")]
        assert functions(beats)[:3] == ["asyncio.locks.Event.wait", "shop.db._answer", "shop.db.ask"]
        assert beats["awaits"] == "Future" and len(tasks) == 4, tasks
        return
    own = f"shop.db.{how}"
    assert own in functions(serving) and "idle" not in serving and tasks == [], incident["python"]
    interpreter = [text for text in incident.get("missing", []) if text.startswith("asyncio tasks")]
    assert len(interpreter) == (1 if how == WITHOUT_INTERPRETER else 0), incident["missing"]
    if how != WITHOUT_INTERPRETER:
        assert serving["id"] == pid and serving["name"] == "MainThread"


WEB = {
    "aiohttp": ("asyncio", "aiohttp", "shop.web:make_aiohttp"),
    "asgi": ("asyncio", "asgi", "shop.web:asgi"),
    "wsgi": ("gevent", "wsgi", "shop.web:wsgi"),
}


@pytest.mark.parametrize("_round", ROUNDS)
@pytest.mark.parametrize("how", ["lock", "count"])
@pytest.mark.parametrize("app", WEB)
def test_a_request_in_which_a_ready_made_worker_hangs_is_named(place: Place, app: str, how: str,
                                                              _round: int) -> None:
    if (app, how) == ("wsgi", "lock"):
        how = "search"  # gevent's locks give way to other greenlets
    worker, word, name = WEB[app]
    port = free_port()
    master = place.start(tcp("http", port, service=["web"], app=word, arguments=[f"app={name}"]) +
                         python_service(place, f"-m fectl_worker {worker}", timeout=1.5))
    (pid,) = master.wait_running("web")
    with HttpRequest(port, f"/{how}"):
        place.write("hang", "")
        master.wait_replaced("web", pid)
        incident = only_incident(master)
    assert re.fullmatch(rf"hung in `shop\.db\.{how}` db\.py:\d+", incident["summary"]["where"]), incident
    if how != WITHOUT_INTERPRETER and app != "wsgi":
        assert any("fectl_worker.runners.asyncio_worker._AsyncioWorker.run" in functions(task)
                   for task in python_stacks(incident, "task")), incident["python"]


@pytest.mark.parametrize("_round", ROUNDS)
def test_a_thread_that_keeps_the_interpreter_from_the_loop_is_named(place: Place, _round: int) -> None:
    port = free_port()
    master = place.start(tcp("http", port, service=["web"], app="wsgi", arguments=["app=shop.web:wsgi"]) +
                         python_service(place, "-m fectl_worker asyncio", timeout=1.5))
    (pid,) = master.wait_running("web")
    with HttpRequest(port, "/count"):
        place.write("hang", "")
        master.wait_replaced("web", pid)
        incident = only_incident(master)
    assert re.fullmatch(r"hung in `shop\.db\.count` db\.py:\d+", incident["summary"]["where"]), incident


@pytest.mark.parametrize("_round", ROUNDS)
@pytest.mark.parametrize("app", ["aiohttp", "asgi"])
def test_a_start_that_waits_for_what_never_comes_is_named(place: Place, app: str, _round: int) -> None:
    port = free_port()
    name = "shop.web:make_stuck_aiohttp" if app == "aiohttp" else "shop.web:asgi"
    master = place.start(tcp("http", port, service=["web"], app=app, arguments=[f"app={name}"]) +
                         python_service(place, "-m fectl_worker asyncio", startup_timeout=2.5, restarts=1,
                                        environ=["STUCK=1"]))
    incident = only_incident(master)
    assert re.fullmatch(r"hung in `shop\.db\._answer` db\.py:\d+", incident["summary"]["where"]), incident
    assert incident["summary"]["why"].startswith("did not say `loaded` within 2.5 s")
    assert any("shop.db.ask" in functions(task) for task in python_stacks(incident, "task"))
    place.write("hang", "")
    assert re.search(r"hung in `shop\.db\._answer` db\.py:\d+ \(incident 1\)", master.fectl_ok("status", "web"))


def test_a_worker_of_another_user_is_examined_as_that_user(place: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a worker another user")
    site = shutil.copytree(built("python/site"), place.directory / "site")
    place.directory.chmod(0o755)
    shutil.copytree(os.path.join(os.path.dirname(__file__), "shop"), place.directory / "shop")
    master = place.start(place.service(
        "web", "/usr/bin/python3 -m shop.worker count", timeout=1.5, uid="nobody",
        environ=[f"PYTHONPATH={site}:{place.directory}"]))
    (pid,) = master.wait_running("web")
    place.write("hang", "")
    master.wait_replaced("web", pid)
    assert only_incident(master)["summary"]["where"].startswith("hung in `shop.db.count` db.py:")


def test_the_successor_is_started_before_anything_else(place: Place) -> None:
    master = place.start(python_service(place, "-m shop.worker count", timeout=1.5))
    (pid,) = master.wait_running("web")
    place.write("hang", "")
    # It takes half a second at least, since Python does not answer.
    examines = wait_until(lambda: [one for one in started_by(master.pid)
                                   if command_line(one).startswith("fectl-evidence")], "it is examined")[0]
    (successor,) = master.wait_replaced("web", pid)
    pids = int(pathlib.Path("/proc/sys/kernel/pid_max").read_text(encoding="ascii"))
    assert (examines - successor) % pids < pids // 2, "numbers are given in turn"


def test_what_has_no_trouble_is_never_asked(place: Place) -> None:
    master = place.start(python_service(place, "-m shop.worker lock", num=2))
    pids = master.wait_running("web", 2)
    master.fectl_ok("reload", "web")
    wait_until(lambda: not any(alive(pid) for pid in pids), "the old ones leave")
    assert incidents(master) == []
    assert "was killed" not in master.fectl_ok("events")
