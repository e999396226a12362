"""How a worker takes its turn among the workers that accept from the same listener."""

from __future__ import annotations

from time import monotonic

__all__ = ["AcceptPace"]

# The same numbers are in worker_sdk/drain/accept_pace.h.
_EACH_UP_TO = 64
_THEN_EVERY = 16
_BURST = 4


class AcceptPace:
    """Decides when a worker leaves connections to the others.

    The turns of workers matter for connections that come now and then and are kept. Where many come in a second,
    chance spreads them, and a worker that takes several at once saves more than it takes from the others.
    """

    def __init__(self) -> None:
        self._second_began = 0.0
        self._in_second = 0

    def accepted(self) -> bool:
        """To be called for each connection. True: the worker should go to the end of the order now."""
        now = monotonic()
        if now - self._second_began >= 1:
            self._second_began = now
            self._in_second = 0
        self._in_second += 1
        return self._in_second <= _EACH_UP_TO or self._in_second % _THEN_EVERY == 0

    @property
    def burst(self) -> int:
        """How many connections to accept in one turn of the loop."""
        return _BURST if self._in_second > _EACH_UP_TO else 1
