"""Workers that are well and are replaced all the same: one at a time, the successor first."""

import json
from typing import Any

from testdata.e2e.harness import Place
from testdata.e2e.http_requests import free_port
from testdata.e2e.load import Load
from testdata.e2e.processes import wait_until
from testdata.rollouts.deploys import Deploys


def _events(deploys: Deploys) -> list[dict[str, Any]]:
    return [json.loads(line) for line in deploys.master.fectl_ok("--json", "events").splitlines()]


def _replaced(deploys: Deploys) -> list[dict[str, Any]]:
    return [event for event in _events(deploys) if event.get("type") == "worker.replacing"]


def _one_at_a_time(deploys: Deploys) -> None:
    """The order of the events: a successor is ready before the next one is begun."""
    under_way: set[int] = set()
    for event in _events(deploys):
        if event.get("type") == "worker.replacing" and "recycled" in event["data"]["why"]:
            under_way.add(event["worker"])
            assert len(under_way) == 1, event
        elif event.get("type") == "worker.ready":
            under_way.discard(event["worker"])


def test_workers_above_max_rss_are_replaced_one_by_one(place: Place) -> None:
    deploys = Deploys(place, "aiohttp", free_port(), 4, {}, {"max_rss": "100MiB", "jitter": 0}, timeout=60)
    with Load(deploys.port) as load:
        wait_until(lambda: load.tally.answered > 50, "the load runs")
        assert deploys.deploy(VERSION="2", LEAK="120").returncode == 0
        big = deploys.pids()
        wait_until(lambda: not set(big) & set(deploys.pids()), "all of them were replaced")
        # Their successors are as big, and are not replaced at once again and again.
    assert load.tally.failed == 0, load.tally
    _one_at_a_time(deploys)
    why = [event["data"]["why"] for event in _replaced(deploys) if "recycled" in event["data"]["why"]]
    assert why and all("memory 1" in words and "(max_rss 100 MiB)" in words for words in why), why


def test_workers_with_many_requests_are_replaced(place: Place) -> None:
    deploys = Deploys(place, "asgi", free_port(), 2, {}, {"max_requests": 200, "jitter": 0.5}, timeout=2)
    old = deploys.pids()
    with Load(deploys.port) as load:
        wait_until(lambda: not set(old) & set(deploys.pids()), "both were replaced")
    assert load.tally.failed == 0, load.tally
    _one_at_a_time(deploys)
    why = [event["data"]["why"] for event in _replaced(deploys)]
    assert why and all("requests (max_requests 200)" in words for words in why), why


def test_old_age_comes(place: Place) -> None:
    deploys = Deploys(place, "cpp", free_port(), 3, {}, {"max_age": 3, "jitter": 0.5})
    old = deploys.pids()
    with Load(deploys.port) as load:
        wait_until(lambda: not set(old) & set(deploys.pids()), "all of them were replaced")
    assert load.tally.failed == 0, load.tally
    _one_at_a_time(deploys)
    assert "recycled: older than max_age (3 s)" in deploys.master.fectl_ok("status", "web")
