"""Celery's workers below a real master: reloads under load, a consumer that hangs, a broker that is not there.

With FECTL_CELERY_TASKS=1000 and FECTL_CELERY_RELOADS=10 the load is that of the acceptance test.
"""

import collections
import importlib
import os
import pathlib
import sys
import threading
from typing import Any, Iterator

import pytest

from python.tests.celery_support import Redis
from testdata.e2e.applications import python_environment
from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import wait_until

TASKS = int(os.environ.get("FECTL_CELERY_TASKS", "200"))
RELOADS = int(os.environ.get("FECTL_CELERY_RELOADS", "2"))

APP = '''
import os, threading, time
import celery

HERE = os.path.dirname(os.path.abspath(__file__))
app = celery.Celery("jobs", broker=open(HERE + "/broker").read())
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 2
if app.conf.broker_url.startswith("filesystem"):
    spool = HERE + "/spool"
    folders = {"data_folder_in": spool, "data_folder_out": spool, "control_folder": HERE + "/control"}
    app.conf.broker_transport_options = {**folders, "polling_interval": 0.05}


@app.task
def note(number):
    fd = os.open(HERE + "/notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(fd, f"{number} {os.getppid()}\\n".encode())
    os.close(fd)
    time.sleep(0.02)


@celery.signals.task_received.connect
def block(request, **_):
    if "hang" in request.argsrepr:
        threading.Event().wait()
'''


class Jobs:
    """The service `jobs`, and a client of it."""

    def __init__(self, place: Place, broker: str) -> None:
        self.place = place
        place.write("jobs.py", APP)
        (place.directory / "spool").mkdir()
        self.set_broker(broker)
        sys.modules.pop("jobs", None)
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(place.directory))
            self._module: Any = importlib.import_module("jobs")

    def set_broker(self, url: str) -> None:
        self.place.write("broker", url)

    def queue(self, argument: object) -> None:
        self._module.note.apply_async((argument,), retry=False)

    def answers(self) -> bool:
        return bool(self._module.app.control.ping(timeout=0.5))

    def start(self, **values: Any) -> Master:
        command = "/usr/bin/python3 -m fectl_worker celery --app jobs:app --broker-timeout 1 -- --concurrency 2"
        master = self.place.start(
            self.place.service("jobs", command, environ=python_environment(self.place.directory), **values))
        master.wait_running("jobs", values.get("num", 1))
        return master

    def numbers(self) -> list[str]:
        return [line.split()[0] for line in self.place.lines("notes")]

    def workers(self) -> set[str]:
        """Those that have executed a task."""
        return {line.split()[1] for line in self.place.lines("notes")}


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def redis_jobs(place: Place, redis: Redis) -> Jobs:
    return Jobs(place, redis.url)


@pytest.fixture(params=["filesystem", "redis"])
def jobs(request: pytest.FixtureRequest, place: Place) -> Jobs:
    """For tests with one consumer at a time: kombu's transport of files has races between several."""
    if request.param == "filesystem":
        return Jobs(place, "filesystem://")
    return Jobs(place, request.getfixturevalue("redis").url)


class Load:
    """Queues tasks, so that some are always waiting, until the `with` block ends and there were enough of them."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.queued = 0

    def _run(self) -> None:
        while self.queued < TASKS or not self._end.is_set():
            if self.queued - len(self._jobs.numbers()) < 40:
                self._jobs.queue(self.queued)
                self.queued += 1
            else:
                self._end.wait(0.01)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def test_each_task_is_executed_once_through_reloads(redis_jobs: Jobs) -> None:
    master = redis_jobs.start(num=2, max_surge=2)
    with Load(redis_jobs) as load:
        for _ in range(RELOADS):
            # The workers of the reload before are at work.
            goal = len(redis_jobs.numbers()) + 20
            wait_until(lambda count=goal: len(redis_jobs.numbers()) >= count, "tasks are executed", 120)
            master.fectl_ok("reload", "jobs")
    wait_until(lambda: len(set(redis_jobs.numbers())) == load.queued, "all tasks are executed", 120)
    # Whatever would be executed twice is executed before the last stop ends, or left for the next start.
    master.fectl_ok("stop", "jobs")
    wait_until(lambda: not master.pids("jobs"), "no worker is left")
    master.fectl_ok("start", "jobs")
    redis_jobs.queue("last")
    wait_until(lambda: "last" in redis_jobs.numbers(), "the last task is executed")
    assert {number: count for number, count in collections.Counter(redis_jobs.numbers()).items() if count != 1} == {}
    assert len(redis_jobs.workers()) > RELOADS
    print(f"{load.queued} tasks, {RELOADS} reloads, {len(redis_jobs.workers())} workers")


def test_a_lost_broker_replaces_the_workers(redis_jobs: Jobs, redis: Redis) -> None:
    master = redis_jobs.start()
    (old,) = master.pids("jobs")
    redis.stop()
    wait_until(lambda: "no connection to the broker" in master.fectl_ok("status", "jobs"), "the status tells of it")
    redis.start()
    master.wait_replaced("jobs", old)
    redis_jobs.queue("after")
    wait_until(lambda: "after" in redis_jobs.numbers(), "a new worker executes tasks")


def test_a_consumer_that_hangs_is_replaced(jobs: Jobs) -> None:
    master = jobs.start(timeout=3)
    (old,) = master.pids("jobs")
    jobs.queue("hang")
    master.wait_replaced("jobs", old)
    assert "HeartbeatFailed" in master.reasons("jobs"), master.reasons("jobs")
    jobs.queue("next")
    wait_until(lambda: "next" in jobs.numbers(), "the next task is executed")
    assert "hang" not in jobs.numbers()


def test_a_reload_without_its_broker_fails_with_words(jobs: Jobs) -> None:
    master = jobs.start()
    (old,) = master.pids("jobs")
    jobs.set_broker("amqp://guest:secret@127.0.0.1:1//")
    done = master.fectl("reload", "jobs")
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert "--app jobs:app: no connection to the broker amqp://guest:**@127.0.0.1:1//: " in told, told
    assert "secret" not in told
    assert master.pids("jobs") == [old]
    jobs.queue("still")
    wait_until(lambda: "still" in jobs.numbers(), "the old worker works on")


def test_a_paused_service_executes_nothing(redis_jobs: Jobs) -> None:
    jobs = redis_jobs
    master = jobs.start()
    master.fectl_ok("pause", "jobs")
    master.wait_state("jobs", "paused")
    jobs.queue("paused")
    # The loop that would take the task goes round: it answers.
    for _ in range(2):
        wait_until(jobs.answers, "the worker answers a ping")
    assert not pathlib.Path(jobs.place.directory / "notes").exists()
    master.fectl_ok("resume", "jobs")
    wait_until(lambda: "paused" in jobs.numbers(), "the task is executed")
