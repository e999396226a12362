"""What a worker says of long work."""

from __future__ import annotations

from typing import Any

import pytest

from python.tests.pipes_support import pipes


def test_a_lease_is_taken_renewed_and_ended() -> None:
    def lease(seconds: float, why: str, progress: int) -> Any:
        return ("lease", {"seconds": seconds, "why": why, "progress": progress})

    with pipes() as master:
        worker = master.worker
        with worker.lease(41.5, "model load"):
            assert master.said() == [lease(41.5, "model load", 0)]
            worker.lease(1e300, "caf\udc80", progress=7)
            assert master.said() == [lease(1e9, "caf\\udc80", 7)]
        assert master.said() == [lease(0, "", 0)]
        with pytest.raises(LookupError), worker.lease(0.0001):
            raise LookupError
        assert master.said() == [lease(0.001, "", 0), lease(0, "", 0)]
        for seconds in (0, -1, float("inf"), float("nan")):
            with pytest.raises(ValueError):
                worker.lease(seconds)
        with pytest.raises(ValueError):
            worker.lease(1, progress=-1)
        assert master.said() == []


def test_a_master_of_level_2_hears_of_no_lease() -> None:
    with pipes(level=2) as master:
        with master.worker.lease(5, "model load"):
            pass
        assert (master.worker.level, master.said()) == (2, [])
