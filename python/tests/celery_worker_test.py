"""`python3 -m fectl_worker celery` with real brokers: kombu's transport of files, and redis-server if it is there.

FECTL_CELERY_STOPS=20 (--test_env) is how often a task ends with the stop.
"""

from __future__ import annotations

import os
import pathlib
import re
import signal
import socket
from typing import Any, Iterator

import kombu
import pytest

from fectl_worker.runners import celery_link
from python.tests.celery_support import Jobs, Redis, jobs_on
from python.tests.support import environment, ready_made

STOPS = int(os.environ.get("FECTL_CELERY_STOPS", "2"))
# Brokers and pools. The transport of files is served by a loop without a hub, Redis by one with a hub unless the pool
# is gevent.
WAYS = [("filesystem", "prefork"), ("redis", "prefork"), ("redis", "gevent"), ("redis", "threads")]


@pytest.fixture(params=WAYS, ids=["-".join(way) for way in WAYS])
def way(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[tuple[Jobs, str]]:
    broker, pool = request.param
    with jobs_on(tmp_path, broker) as jobs:
        yield jobs, pool


def gauges(**expected: float) -> Any:
    wanted = {name.replace("_", "."): value for name, value in expected.items()}
    return lambda data: data is not None and wanted.items() <= data.items()


def test_tasks_are_run_from_the_start_to_the_stop(way: tuple[Jobs, str]) -> None:
    jobs, pool = way
    jobs.queue("one")
    with jobs.worker("--pool", pool, options={"service": "jobs", "index": 3}, mingle=True) as master:
        master.expect("loaded")
        # A heartbeat later it would have begun; but the master may still take a reload back.
        master.expect("hb")
        assert jobs.lines() == []
        master.send("start")
        line = jobs.wait_for("begin one")
        assert line.startswith(f"begin one jobs-3-{master.process.pid}@")
        master.expect("hb", where=gauges(tasks_total=1, tasks_active=0, tasks_waiting=0))
        end = jobs.folder / "end"
        jobs.queue("long", str(end))
        jobs.wait_for("begin long")
        master.expect("hb", where=gauges(tasks_total=2, tasks_active=1))
        master.stop()
        end.touch()
        assert master.wait() == 0
    assert [line.split()[:2] for line in jobs.lines()] == [
        *(["begin", "one"], ["end", "one"], ["begin", "long"], ["end", "long"])
    ]


def test_what_was_finished_during_the_stop_is_not_run_again(way: tuple[Jobs, str]) -> None:
    jobs, pool = way
    end = jobs.folder / "end"
    jobs.queue("late", str(end))
    with jobs.worker("--pool", pool) as master:
        master.expect("loaded")
        master.send("start")
        jobs.wait_for("begin late")
        master.stop()
        end.touch()
        assert master.wait() == 0
    with jobs.worker("--pool", pool) as master:
        master.expect("loaded")
        master.send("start")
        jobs.queue("next")
        jobs.wait_for("end next")
        master.stop()
        assert master.wait() == 0
    assert sum(line.startswith("begin late") for line in jobs.lines()) == 1


def test_a_task_that_ends_with_the_stop_is_not_run_again(way: tuple[Jobs, str]) -> None:
    """Not one of several, whatever the moment is."""
    jobs, pool = way
    for number in range(STOPS):
        with jobs.worker("--pool", pool) as master:
            master.expect("loaded")
            master.send("start")
            jobs.queue(f"task{number}")
            jobs.wait_for(f"end task{number}")
            master.stop()
            assert master.wait() == 0
            assert "Restoring" not in master.log
    assert len(jobs.lines()) == 2 * STOPS


def test_a_stop_waits_for_a_task_whose_process_has_not_begun_it(tmp_path: pathlib.Path) -> None:
    """As on a machine that is so busy that the processes of the pool do not get their turn."""
    with jobs_on(tmp_path, "redis") as jobs:
        with jobs.worker() as master:
            master.expect("loaded")
            master.send("start")
            jobs.queue("first")
            jobs.wait_for("end first")
            children = pathlib.Path(f"/proc/{master.process.pid}/task/{master.process.pid}/children")
            pool = [int(pid) for pid in children.read_text(encoding="ascii").split()]
            for pid in pool:
                os.kill(pid, signal.SIGSTOP)
            jobs.queue("late")
            master.expect("hb", where=gauges(tasks_waiting=1, tasks_active=0))
            master.stop()
            # Its loop goes on: heartbeats come several times a second with this timeout.
            for _ in range(8):
                master.expect("hb", seconds=30)
            for pid in pool:
                os.kill(pid, signal.SIGCONT)
            jobs.wait_for("end late")
            assert master.wait() == 0
            assert "Restoring" not in master.log
        with jobs.worker() as master:
            master.expect("loaded")
            master.send("start")
            jobs.queue("next")
            jobs.wait_for("end next")
            master.stop()
            assert master.wait() == 0
    assert sum(line.startswith("begin late") for line in jobs.lines()) == 1


def test_a_message_that_redis_gives_after_the_stop_is_not_lost(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        # Instead of a second. (Without Celery's questions to other nodes, whose answers would be waited for as long.)
        "import kombu.transport.redis\nkombu.transport.redis.Channel._brpop_start.__defaults__ = (600,)\n"
    )
    with jobs_on(tmp_path, "redis") as jobs:
        path = environment()["PYTHONPATH"]
        with jobs.worker("--without-gossip", variables={"PYTHONPATH": f"{tmp_path}:{path}"}) as master:
            master.expect("loaded")
            master.send("start")
            jobs.queue("first")
            jobs.wait_for("end first")
            master.stop()
            for _ in range(8):
                master.expect("hb", seconds=30)
            jobs.queue("late")
            assert master.wait() == 0
        assert len(jobs.lines()) == 2
        with jobs.worker() as master:
            master.expect("loaded")
            master.send("start")
            jobs.wait_for("end late")
            master.stop()
            assert master.wait() == 0


def test_a_message_that_two_workers_give_back_is_not_lost() -> None:
    redis = Redis()
    try:
        redis.start()
        with kombu.Connection(redis.url) as one, kombu.Connection(redis.url) as other:
            first, second = one.channel(), other.channel()
            queue = kombu.Queue("jobs", kombu.Exchange("jobs"), "jobs")
            queue(first).declare()
            kombu.Producer(first).publish("message", exchange="jobs", routing_key="jobs")
            celery_link.mend_giving_back(first)
            restore = first.qos.restore_by_tag
            taken = []

            def restore_and_be_overtaken(*arguments: Any, **more: Any) -> None:
                restore(*arguments, **more)
                taken.append(queue(second).get())

            first.qos.restore_by_tag = restore_and_be_overtaken
            queue(first).get().reject(requeue=True)
            taken[0].reject(requeue=True)
            assert queue(first).get().payload == "message"
    finally:
        redis.close()


def test_a_task_that_takes_too_long_is_given_back(tmp_path: pathlib.Path) -> None:
    with jobs_on(tmp_path, "redis") as jobs:
        end = tmp_path / "end"
        jobs.queue("long", str(end))
        with jobs.worker(options={"shutdown_timeout": 3}) as master:
            master.expect("loaded")
            master.send("start")
            jobs.wait_for("begin long")
            master.stop()
            assert master.wait() == 0
            assert "1 task was cut off: shutdown_timeout is over" in master.log
        end.touch()
        with jobs.worker() as master:
            master.expect("loaded")
            master.send("start")
            jobs.wait_for("end long")
            master.stop()
            assert master.wait() == 0
    assert sum(line.startswith("begin long") for line in jobs.lines()) == 2


def test_a_paused_worker_takes_no_task(way: tuple[Jobs, str]) -> None:
    jobs, pool = way
    with jobs.worker("--pool", pool) as master:
        master.expect("loaded")
        master.send("start")
        jobs.queue("first")
        jobs.wait_for("end first")
        master.send("pause")
        # What it says next it says after the pause; another turn of its loop later nothing has come.
        master.expect("hb")
        master.expect("hb")
        jobs.queue("second")
        master.expect("hb")
        master.expect("hb")
        assert not any("second" in line for line in jobs.lines())
        master.send("resume")
        jobs.wait_for("end second")
        master.stop()
        assert master.wait() == 0


def test_a_worker_may_be_paused_before_it_starts(tmp_path: pathlib.Path) -> None:
    with jobs_on(tmp_path, "filesystem") as jobs, jobs.worker() as master:
        master.expect("loaded")
        master.send("pause")
        master.send("start")
        jobs.queue("one")
        master.expect("hb")
        master.expect("hb")
        assert jobs.lines() == []
        master.send("resume")
        jobs.wait_for("end one")
        master.stop()
        assert master.wait() == 0


@pytest.mark.parametrize("moment", ["loaded", "serving"])
def test_sigterm_alone_is_a_stop(tmp_path: pathlib.Path, moment: str) -> None:
    with jobs_on(tmp_path, "filesystem") as jobs, jobs.worker() as master:
        master.expect("loaded")
        if moment == "serving":
            master.send("start")
            jobs.queue("one")
            jobs.wait_for("end one")
        master.signal(signal.SIGTERM)
        assert master.wait() == 0


def test_a_lost_master_is_a_stop(tmp_path: pathlib.Path) -> None:
    with jobs_on(tmp_path, "filesystem") as jobs, jobs.worker() as master:
        master.expect("loaded")
        master.send("start")
        jobs.queue("one")
        jobs.wait_for("end one")
        master.vanish()
        assert master.wait() == 0


def test_a_consumer_that_hangs_falls_silent(tmp_path: pathlib.Path) -> None:
    with jobs_on(tmp_path, "filesystem") as jobs, jobs.worker(options={"timeout": 1}) as master:
        master.expect("loaded")
        master.send("start")
        master.expect("hb")
        jobs.queue("hang")
        # Heartbeats come several times a second with this timeout.
        with pytest.raises(AssertionError, match="did not say"):
            while True:
                master.expect("hb", seconds=5)
        assert jobs.lines() == []
        # As the master does it: the processes of the pool as well.
        os.killpg(master.process.pid, signal.SIGKILL)
        assert master.wait() == -signal.SIGKILL


# --- the broker ---


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_broker_that_is_not_there_is_told(tmp_path: pathlib.Path) -> None:
    port = closed_port()
    jobs = Jobs(tmp_path, f"amqp://guest:secret@127.0.0.1:{port}//")
    with jobs.worker(own=("--broker-timeout", "0.5")) as master:
        status = master.expect("status")
        assert status.startswith(f"no connection to the broker amqp://guest:**@127.0.0.1:{port}//: ")
        told = master.expect("cfgerror")
        assert told == f"--app celery_jobs:app: {status} (tried for 0.5 s, see --broker-timeout)"
        assert "secret" not in told
        assert master.wait() == 99


def test_a_broker_that_comes_late_is_awaited() -> None:
    redis = Redis()
    try:
        folder = pathlib.Path(redis.path).parent
        jobs = Jobs(folder, redis.url)
        with jobs.worker() as master:
            master.expect("status", where=lambda text: text.startswith("no connection to the broker redis"))
            redis.start()
            master.expect("loaded")
            master.stop()
            assert master.wait() == 0
    finally:
        redis.close()


def test_a_lost_broker_is_survived_and_then_a_successor_is_asked_for() -> None:
    redis = Redis()
    try:
        redis.start()
        jobs = Jobs(pathlib.Path(redis.path).parent, redis.url)
        end = jobs.folder / "end"
        with jobs.worker(options={"timeout": 3}) as master:
            master.expect("loaded")
            master.send("start")
            jobs.queue("one", str(end))
            jobs.wait_for("begin one")
            redis.stop()
            master.expect("status", where=lambda text: text.startswith("no connection to the broker redis"))
            # It beats on, at the pace that the master needs, and hears commands.
            for _ in range(4):
                master.expect("hb", seconds=3)
            master.send("pause")
            redis.start()
            master.expect("status", where=lambda text: text == "")
            assert master.expect("stopping") == "the connection to the broker was lost and made again"
            end.touch()
            jobs.wait_for("end one")
            jobs.queue("two")
            master.expect("hb")
            master.expect("hb")
            assert not any("two" in line for line in jobs.lines())
            master.stop()
            assert master.wait() == 0
        with jobs.worker() as master:
            master.expect("loaded")
            master.send("start")
            jobs.wait_for("end two")
            redis.stop()
            master.expect("status", where=lambda text: text.startswith("no connection to the broker redis"))
            # Also without a broker.
            master.stop()
            assert master.wait() == 0
    finally:
        redis.close()


# --- what is wrong ---


def told_by(*arguments: str) -> str:
    with ready_made("celery", *arguments) as master:
        told: str = master.expect("cfgerror")
        assert master.wait() == 99
        return told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--hostname", "x"], "arguments after --: -n/--hostname cannot be used here: the worker names its node"),
        (["-nx"], "arguments after --: -n/--hostname cannot be used here: "),
        (["-EB"], "arguments after --: -B/--beat cannot be used here: old and new workers overlap in a reload"),
        (["--detach"], "arguments after --: -D/--detach cannot be used here: the master must be able to see"),
        (["--pidfile=x"], "arguments after --: --pidfile cannot be used here: "),
        (["--uid", "1"], "arguments after --: --uid cannot be used here: set uid of the service"),
        (["--help"], "arguments after --: cannot be used here: run `celery worker --help`"),
        (["--concurency", "2"], "arguments after --: No such option"),
        (["--concurrency", "two"], "--app celery_jobs:app: arguments after --: Invalid value for '-c'"),
        (["worker_nothing=1"], "--app celery_jobs:app: arguments after --: Unable to parse extra configuration"),
    ],
)
def test_arguments_are_checked(arguments: list[str], told: str) -> None:
    assert told_by("--app", "celery_jobs:app", "--", *arguments).startswith(told)


@pytest.mark.parametrize(
    ("app", "told"),
    [
        ("celery_jobs", '--app celery_jobs: "celery_jobs" is not of the form "module:name"'),
        ("celery_jobs:ap", '--app celery_jobs:ap: "celery_jobs:ap": module celery_jobs has no "ap" (did you mean'),
        ("celery_jobs:no_app", "--app celery_jobs:no_app: is a str, not a celery.Celery"),
        ("nowhere:app", "--app nowhere:app: ModuleNotFoundError: No module named 'nowhere'"),
        ("broken_import:app", "--app broken_import:app: "),
        ("exits_on_import:app", "--app exits_on_import:app: SystemExit"),
        ("celery_jobs:broken_include", "--app celery_jobs:broken_include: "),
    ],
)
def test_an_application_that_cannot_be_loaded_is_told(app: str, told: str) -> None:
    assert told_by("--app", app).startswith(told)


def test_a_celery_without_what_is_needed_is_refused_by_its_version(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import celery.worker.consumer\ndel celery.worker.consumer.Consumer.cancel_task_queue\n"
    )
    variables = environment()
    variables["PYTHONPATH"] = f"{tmp_path}:{variables['PYTHONPATH']}"
    with ready_made("celery", "--app", "celery_jobs:app", environment=variables) as master:
        told = master.expect("cfgerror")
        assert re.match(r"celery \S+ does not work with this worker: Consumer has no cancel_task_queue\.", told)
        assert master.wait() == 99


def test_all_names_are_there() -> None:
    for owner, names in celery_link.CELERY_NAMES:
        assert [name for name in names if not hasattr(owner, name)] == []
    redis = pytest.importorskip("kombu.transport.redis")
    # Without them the worker is as good as celery alone.
    assert hasattr(redis.Channel, "_in_poll") and hasattr(redis.QoS, "restore_by_tag")


def test_a_set_that_changes_while_it_is_read_is_read_again() -> None:
    class Changing:
        left = 2

        def __iter__(self) -> Iterator[int]:
            self.left -= 1
            if self.left > 0:
                raise RuntimeError("Set changed size during iteration")
            return iter([1, 2])

    assert celery_link.members(Changing()) == {1, 2}


def test_other_workers_take_no_arguments_after_the_dashes() -> None:
    with ready_made("asyncio", "--", "--concurrency", "2") as master:
        assert master.wait() == 2
        assert "the asyncio worker takes no arguments after --" in master.log
