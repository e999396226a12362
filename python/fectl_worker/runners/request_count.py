"""The arguments `max_requests` and `max_requests_jitter`: a worker that leaves after a number of requests."""

from __future__ import annotations

import random

from fectl_worker.worker import Worker

__all__ = ["RequestCount"]


class RequestCount:
    """Counts the requests of one socket, and asks the master for a successor after `max_requests` of them.

    The worker serves on until the master's stop, so nothing is lost.
    """

    def __init__(self, worker: Worker, max_requests: int = 0, jitter: int = 0) -> None:
        """max_requests: 0 means that the worker never leaves for this reason.

        jitter: up to this many more, chosen at random, so that the workers of a service do not all leave at once.
        """
        self._worker = worker
        self._last = max_requests + random.randint(0, jitter) if max_requests else 0
        #: Requests so far.
        self.total = 0

    def add(self) -> None:
        """One more request (call it when its answer is complete, or when it begins)."""
        self.count_to(self.total + 1)

    def count_to(self, total: int) -> None:
        """There were so many requests in all; for a server that counts them itself."""
        before, self.total = self.total, total
        if before < self._last <= total:
            self._worker.stopping(f"served {total} requests")
