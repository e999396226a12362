"""What the project promises. Each bar compares two measured quantities of the same run, or one with a number."""

import dataclasses
import enum
import re

from tools.bench.adapters.web import PAIRS
from tools.bench.metrics.python import CPU, LOADS, RATE, name_of
from tools.bench.results import LARGEST, NO_SIZE, Results

OTHERS = ("supervisord", "s6", "runit")


@dataclasses.dataclass(frozen=True)
class Quantity:
    """One statistic of one series; with several managers the smallest one."""

    metric: str
    size: int
    managers: tuple[str, ...]
    statistic: str = "median"

    def of(self, results: Results) -> float | None:
        found = [results.statistic(self.metric, self.size, manager, self.statistic) for manager in self.managers]
        return min((value for value in found if value is not None), default=None)


class Verdict(enum.Enum):
    OK = "ok"
    OVER = "OVER"
    NOT_MEASURED = "not measured"


@dataclasses.dataclass(frozen=True)
class Bar:
    name: str
    measured: Quantity
    limit: float
    unit: str
    # The measured quantity is divided by this one.
    over: Quantity | None = None
    at_least: bool = False

    @property
    def name_of_metric(self) -> str:
        """As it is chosen by people: "idle" of "idle CPU"."""
        return re.split(r"\W", self.measured.metric)[0]

    def value(self, results: Results) -> float | None:
        value = self.measured.of(results)
        if value is None or self.over is None:
            return value
        divisor = self.over.of(results)
        return value / divisor if divisor else None

    def verdict(self, results: Results) -> Verdict:
        value = self.value(results)
        if value is None:
            return Verdict.NOT_MEASURED
        holds = value >= self.limit if self.at_least else value <= self.limit
        return Verdict.OK if holds else Verdict.OVER


def _fectld(metric: str, size: int = NO_SIZE, statistic: str = "median") -> Quantity:
    return Quantity(metric, size, ("fectld",), statistic)


def _floor(metric: str, size: int = NO_SIZE) -> Quantity:
    return Quantity(metric, size, ("floor",))


def _others(metric: str, size: int = NO_SIZE) -> Quantity:
    return Quantity(metric, size, OTHERS)


def _growth(what: str, size: int) -> Quantity:
    return Quantity(f"growth: {what}", size, ("fectld",))


def _reload_bars(name: str) -> list[Bar]:
    worst, requests = f"{name}: worst", f"{name}: requests"
    without = _fectld(f"{requests} without")
    haproxy = Quantity(worst, NO_SIZE, ("haproxy",), "max")
    return [
        Bar(f"{name}: failed", _fectld(f"{name}: failed", NO_SIZE, "total"), 0, ""),
        Bar(f"{name}: worst, over HAProxy's", _fectld(worst, NO_SIZE, "max"), 1.0, "x", over=haproxy),
        Bar(f"{name}: throughput, over that without", _fectld(requests), 0.97, "x", over=without, at_least=True),
    ]


def _web_bars() -> list[Bar]:
    """Each worker of ours beside its peer, as the pair promises."""
    bars = []
    for pair in PAIRS:
        ours, peer = (kind.name for kind in pair.both)
        for load, (connections, _) in LOADS.items():
            cpu_max = pair.cpu_max
            if connections == 1 and pair.cpu_max_single is not None:
                cpu_max = pair.cpu_max_single
            for what, limit, at_least in ((RATE, pair.rate_min, True), (CPU, cpu_max, False)):
                metric = name_of(pair, load, what)
                measured, over = (Quantity(metric, NO_SIZE, (manager,)) for manager in (ours, peer))
                name = f"{metric.removeprefix('python: ')}, over {peer}'s"
                bars.append(Bar(name, measured, limit, "x", over=over, at_least=at_least))
    return bars


BARS = [
    Bar("start of 1000, over the floor", _fectld("start", 1000), 1.2, "x", over=_floor("start", 1000)),
    Bar("start of 1000, over the best other", _fectld("start", 1000), 1.0, "x", over=_others("start", 1000)),
    Bar("respawn, over the floor", _fectld("respawn"), 1.15, "x", over=_floor("respawn")),
    Bar("respawn, p99 over its median", _fectld("respawn", NO_SIZE, "p99"), 3.0, "x", over=_fectld("respawn")),
    Bar("idle CPU, 1000 workers, over the floor", _fectld("idle CPU", 1000), 2.0, "x", over=_floor("idle CPU", 1000)),
    Bar("idle CPU, 5000 workers, over the floor", _fectld("idle CPU", 5000), 2.0, "x", over=_floor("idle CPU", 5000)),
    Bar("wake-ups when nothing is due", _fectld("idle wake-ups", 200, "total"), 0, ""),
    *(
        Bar(f"idle memory, {workers} workers", _fectld("idle PSS", workers), 2.5 * 1024 + 1.2 * workers, "KiB")
        for workers in (200, 1000, 5000)
    ),
    Bar("stop of 1000, over the floor", _fectld("stop", 1000), 1.3, "x", over=_floor("stop", 1000)),
    Bar("status of 200 workers, the client's start included", _fectld("status", 200), 2.5, "ms"),
    Bar("short status, 16 connections", _fectld("status requests", 16), 50_000, "/s", at_least=True),
    *_web_bars(),
    *(bar for load in ("keep-alive", "new connections") for bar in _reload_bars(f"reload, {load}")),
    *(
        Bar(f"growth: {what}, most over 100", _growth(what, LARGEST), 1.3, "x", over=_growth(what, 100))
        for what in (
            "start CPU per worker",
            "idle CPU per worker and second",
            "PSS per worker",
            "supervisor, start per worker",
            "supervisor, beat per worker",
            "supervisor, memory per worker",
        )
    ),
    Bar("control: status", _fectld("control: status"), 5, "ms"),
    Bar("control: CPU", _fectld("control: CPU"), 10, "ms/s"),
    Bar("control: memory per client", _fectld("control: PSS per client"), 8, "KiB"),
]
