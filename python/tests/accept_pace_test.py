"""How often a worker leaves connections to the others."""

from __future__ import annotations

import pytest

from fectl_worker.accept_pace import AcceptPace


def turns_of(pace: AcceptPace, connections: int) -> int:
    """How many of so many connections send the worker to the end of the order."""
    return sum(pace.accepted() for _ in range(connections))


def test_few_change_the_order_each_and_many_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [5000.0]
    monkeypatch.setattr("fectl_worker.accept_pace.monotonic", lambda: now[0])
    pace = AcceptPace()
    assert (turns_of(pace, 64), pace.burst) == (64, 1)
    now[0] += 0.999
    assert (turns_of(pace, 160), pace.burst) == (10, 4)
    now[0] += 0.001
    assert (turns_of(pace, 64), pace.burst) == (64, 1)
