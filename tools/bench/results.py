"""What was measured: for each metric, size and manager a series of samples."""

import dataclasses
import math
import statistics
from collections.abc import Iterator, Sequence

# Of a metric that has only one size.
NO_SIZE = 0
# The largest size that a metric was measured with.
LARGEST = -1


def quantile(samples: Sequence[float], part: float) -> float:
    """The smallest sample that at least `part` of them do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


STATISTICS = {
    "median": statistics.median,
    "p99": lambda samples: quantile(samples, 0.99),
    "min": min,
    "max": max,
    "total": sum,
}


@dataclasses.dataclass(frozen=True)
class Key:
    metric: str
    size: int
    manager: str


@dataclasses.dataclass
class Series:
    unit: str
    samples: list[float] = dataclasses.field(default_factory=list)

    def statistic(self, name: str) -> float:
        return float(STATISTICS[name](self.samples))


class Results:
    def __init__(self) -> None:
        self._series: dict[Key, Series] = {}
        self._absent: dict[Key, str] = {}

    def add(self, metric: str, size: int, manager: str, unit: str, *samples: float) -> None:
        self._series.setdefault(Key(metric, size, manager), Series(unit)).samples.extend(samples)

    def say_absent(self, metric: str, size: int, manager: str, why: str) -> None:
        """Where a sample would be: why there is none."""
        self._absent[Key(metric, size, manager)] = why

    def get(self, metric: str, size: int, manager: str) -> Series | None:
        return self._series.get(Key(metric, size, manager))

    def why_absent(self, metric: str, size: int, manager: str) -> str:
        return self._absent.get(Key(metric, size, manager), "")

    def statistic(self, metric: str, size: int, manager: str, statistic: str) -> float | None:
        if size == LARGEST:
            size = max((key.size for key in self._series if key.metric == metric), default=NO_SIZE)
        series = self.get(metric, size, manager)
        return None if series is None or not series.samples else series.statistic(statistic)

    def rows(self) -> Iterator[tuple[str, int]]:
        """(metric, size) in the order in which they were first measured."""
        yield from dict.fromkeys((key.metric, key.size) for key in [*self._series, *self._absent])

    def managers(self, metric: str, size: int) -> set[str]:
        """Of whom there is something to say about this row."""
        known = [*self._series, *self._absent]
        return {key.manager for key in known if (key.metric, key.size) == (metric, size)}

    def as_json(self) -> list[dict[str, object]]:
        return [
            {
                **dataclasses.asdict(key),
                "unit": series.unit,
                **{name: series.statistic(name) for name in STATISTICS if series.samples},
                "samples": series.samples,
            }
            for key, series in self._series.items()
        ]
