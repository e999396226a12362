"""New versions that have to prove themselves: bad ones send everything back to the same processes, and no request is
lost in either direction."""

import os
import signal
import subprocess

import pytest

from testdata.e2e.harness import Place
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.load import Load
from testdata.e2e.processes import alive, wait_until
from testdata.rollouts.deploys import KINDS, Deploys


def _waiting(deploys: Deploys, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([str(deploys.place.fectl_program), "--sock", deploys.master.sock, *arguments],
                            cwd=deploys.place.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _serves(deploys: Deploys, version: str) -> None:
    # A worker that was told to leave a moment ago may still take a connection.
    wait_until(lambda: http_get(deploys.port).startswith(f"version {version} "), f"version {version} serves")


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_that_aborts_behind_its_start_is_sent_back(place: Place, kind: str) -> None:
    deploys = Deploys(place, kind, free_port(), 2, {"bake_time": 600})
    old = deploys.pids()
    with Load(deploys.port) as load:
        wait_until(lambda: load.tally.answered > 50, "the load runs")
        done = deploys.deploy(VERSION="2", CRASH_AFTER="2")
        assert done.returncode == 1 and "; the old workers serve again" in done.stderr, done
        assert deploys.pids() == old
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 50, "requests are answered")
    # A process that aborts takes with it what it had accepted, and nobody else's: no connection is refused.
    assert load.tally.failed <= 2 * 8 and not any("efused" in words for words in load.tally.failures), load.tally
    told = deploys.rollout()
    assert told["outcome"] == "rolled back" and told["kept"] and told["back_s"] < 1, told
    assert sorted(worker["old_pid"] for worker in told["workers"]) == sorted(old)
    assert any("served_s" in worker and "end" in worker for worker in told["workers"]), told
    assert "the old workers serve again" in deploys.master.fectl_ok("events", "--type", "rollout.rolled_back")


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
def test_a_good_version_stays_and_the_old_one_leaves_at_the_end_of_the_bake(place: Place, kind: str) -> None:
    deploys = Deploys(place, kind, free_port(), 2, {"bake_time": 1})
    old = deploys.pids()
    with Load(deploys.port) as load:
        wait_until(lambda: load.tally.answered > 50, "the load runs")
        done = deploys.deploy(VERSION="2")
        assert done.returncode == 0, done
        wait_until(lambda: not any(alive(pid) for pid in old), "the old workers are gone")
    assert load.tally.failed == 0, load.tally
    assert not set(old) & set(deploys.pids())
    told = deploys.rollout()
    assert told["outcome"] == "done"
    assert all(worker["load_s"] > 0 and worker["rss"] > 0 and worker["old_rss"] > 0 for worker in told["workers"])


def test_a_hang_sends_everything_back(place: Place) -> None:
    deploys = Deploys(place, "aiohttp", free_port(), 2, {"bake_time": 600}, timeout=2)
    old = deploys.pids()
    deploys.configure(VERSION="2")
    with Load(deploys.port) as load:
        with _waiting(deploys, "apply", "--wait") as waiting:
            wait_until(lambda: deploys.rollout().get("stage") == "baking", "the new version serves")
            os.kill(deploys.rollout()["workers"][0]["pid"], signal.SIGSTOP)
            _, words = waiting.communicate()
        assert waiting.returncode == 1 and "sent no heartbeat for 2 s" in words, words
        assert deploys.pids() == old
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 50, "requests are answered")


def test_a_worker_that_is_above_a_bound_sends_everything_back(place: Place) -> None:
    deploys = Deploys(place, "aiohttp", free_port(), 2, {"bake_time": 600, "bounds": {"http.requests": 20}}, timeout=2)
    old = deploys.pids()
    # No kept connections, which would go on being answered by the old workers.
    with Load(deploys.port, busy=0, thinking=0) as load:
        done = deploys.deploy(VERSION="2")
        assert done.returncode == 1 and "above the bound 20 (the old workers: " in done.stderr, done
        assert deploys.pids() == old
    assert load.tally.failed == 0, load.tally
    _serves(deploys, "1")


def test_the_old_workers_may_be_as_bad(place: Place) -> None:
    deploys = Deploys(place, "aiohttp", free_port(), 1, {"bake_time": 3, "bounds": {"http.requests": 2}}, timeout=2)
    for _ in range(100):
        http_get(deploys.port)
    deploys.configure(VERSION="2")
    with _waiting(deploys, "apply", "--wait") as waiting:
        wait_until(lambda: deploys.rollout().get("stage") == "baking", "the new version serves")
        for _ in range(9):
            http_get(deploys.port)
        waiting.communicate()
    assert waiting.returncode == 0
    _serves(deploys, "2")


def test_a_canary_waits_for_its_promotion_or_its_end(place: Place) -> None:
    deploys = Deploys(place, "cpp", free_port(), 3, {"canary": 1})
    old = deploys.pids()
    with Load(deploys.port) as load:
        wait_until(lambda: load.tally.answered > 50, "the load runs")
        with _waiting(deploys, "reload", "web") as waiting:
            wait_until(lambda: deploys.rollout().get("stage") == "held", "the canary serves")
            assert len(set(deploys.pids()) & set(old)) == 2
            refused = deploys.master.fectl("reload", "web")
            assert refused.returncode == 1 and "fectl rollout promote" in refused.stderr, refused
            assert "waits to be promoted" in deploys.master.fectl_ok("rollout", "status", "web")
            deploys.master.fectl_ok("rollout", "abort", "web")
            _, words = waiting.communicate()
        assert waiting.returncode == 1 and "an operator aborted it; the old workers serve again" in words
        assert deploys.pids() == old
        with _waiting(deploys, "reload", "web") as waiting:
            wait_until(lambda: deploys.rollout().get("stage") == "held", "the canary serves")
            deploys.master.fectl_ok("rollout", "promote", "web")
            out, _ = waiting.communicate()
        assert waiting.returncode == 0 and "reloaded (3 workers" in out and "loaded in" in out, out
        assert not set(old) & set(deploys.pids())
    assert load.tally.failed == 0, load.tally


def test_rollback_goes_there_and_back(place: Place) -> None:
    deploys = Deploys(place, "aiohttp", free_port(), 1, {})
    nothing = deploys.master.fectl("rollback", "web")
    assert nothing.returncode == 1 and "nothing was applied" in nothing.stderr, nothing
    assert deploys.deploy(VERSION="2").returncode == 0
    deploys.master.fectl_ok("rollback", "web")
    _serves(deploys, "1")
    assert "is newer than what runs" in deploys.master.fectl_ok("status")
    deploys.master.fectl_ok("rollback", "web")
    _serves(deploys, "2")


def test_rollback_during_a_rollout_aborts_it(place: Place) -> None:
    deploys = Deploys(place, "cpp", free_port(), 2, {"bake_time": 600})
    old = deploys.pids()
    with _waiting(deploys, "reload", "web") as waiting:
        wait_until(lambda: deploys.rollout().get("stage") == "baking", "the new version serves")
        assert "the old workers serve" in deploys.master.fectl_ok("rollback", "web")
        waiting.communicate()
    assert waiting.returncode == 1 and deploys.pids() == old


def test_fifty_rollouts_there_and_back(place: Place) -> None:
    deploys = Deploys(place, "cpp", free_port(), 2, {"bake_time": 600})
    old = deploys.pids()
    with Load(deploys.port) as load:
        wait_until(lambda: load.tally.answered > 50, "the load runs")
        for _ in range(50):
            with _waiting(deploys, "reload", "web") as waiting:
                wait_until(lambda: deploys.rollout().get("stage") == "baking", "the new version serves")
                deploys.master.fectl_ok("rollout", "abort", "web")
                waiting.communicate()
            assert waiting.returncode == 1 and deploys.pids() == old
    assert load.tally.failed == 0, load.tally


def test_who_may_only_look_may_not_steer(place: Place) -> None:
    deploys = Deploys(place, "cpp", free_port(), 1, {})
    assert "no rollout" in deploys.master.fectl_ok("rollout", "status", "web")
    for words in ("promote", "pause", "abort"):
        refused = deploys.master.fectl("rollout", words, "web")
        assert refused.returncode == 1 and "web has no rollout under way" in refused.stderr, refused
