"""Statistics, bars and the table: what is said about samples. (Nothing is timed here.)"""

import io
from pathlib import Path

import pytest

from tools.bench import bars, budgets, table
from tools.bench.bars import BARS, Bar, Quantity, Verdict
from tools.bench.budgets import Count, Finding
from tools.bench.hot_paths import HOT_PATHS, total_instructions
from tools.bench.metrics import growth
from tools.bench.metrics.known import NAMES
from tools.bench.progress import Progress
from tools.bench.results import LARGEST, NO_SIZE, Results, Series, quantile


def test_a_quantile_is_one_of_the_samples() -> None:
    samples = [float(value) for value in range(100, 0, -1)]
    assert quantile(samples, 0.99) == 99
    assert quantile(samples, 1.0) == 100
    assert quantile([7.0], 0.99) == 7
    assert quantile([1.0, 2.0], 0.5) == 1


def test_statistics_of_a_series() -> None:
    series = Series("ms", [3.0, 1.0, 2.0])
    assert [series.statistic(name) for name in ("median", "p99", "min", "max", "total")] == [2, 3, 1, 3, 6]


def test_the_largest_size_of_a_metric() -> None:
    results = Results()
    for size, value in ((100, 1.0), (6000, 2.0), (10, 3.0)):
        results.add("growth: a", size, "fectld", "ms", value)
    results.add("growth: b", 9000, "fectld", "ms", 4.0)
    assert results.statistic("growth: a", LARGEST, "fectld", "median") == 2
    assert results.statistic("growth: c", LARGEST, "fectld", "median") is None


def test_as_many_workers_as_there_are_descriptors_for() -> None:
    assert growth.sizes(1_000_000) == [10, 100, 1000, 10_000]
    assert growth.sizes(20_000) == [10, 100, 1000, 6633]
    assert growth.sizes(1024) == [10, 100, 308]
    assert growth.sizes(256) == [10, 52]


def some_results() -> Results:
    results = Results()
    results.add("start", 1000, "fectld", "ms", 110, 130, 120)
    results.add("start", 1000, "floor", "ms", 100)
    results.add("start", 1000, "s6", "ms", 500)
    results.add("start", 1000, "runit", "ms", 240)
    results.add("respawn", NO_SIZE, "fectld", "ms", 1.5)
    results.say_absent("idle CPU", 5000, "runit", "at most 1000")
    return results


START = Quantity("start", 1000, ("fectld",))


@pytest.mark.parametrize(
    ("bar", "value", "verdict"),
    [
        (Bar("a", START, 120, "ms"), 120, Verdict.OK),
        (Bar("a", START, 119, "ms"), 120, Verdict.OVER),
        (Bar("a", START, 119, "ms", at_least=True), 120, Verdict.OK),
        (Bar("a", START, 121, "ms", at_least=True), 120, Verdict.OVER),
        (Bar("a", START, 1.2, "x", over=Quantity("start", 1000, ("floor",))), 1.2, Verdict.OK),
        # The best of the others; who was not measured does not count.
        (Bar("a", START, 1, "x", over=Quantity("start", 1000, bars.OTHERS)), 0.5, Verdict.OK),
        (Bar("a", START, 1, "x", over=Quantity("stop", 1000, ("floor",))), None, Verdict.NOT_MEASURED),
        (Bar("a", Quantity("stop", 1000, ("fectld",)), 1, "x"), None, Verdict.NOT_MEASURED),
        # Over nothing there is no ratio.
        (Bar("a", START, 1, "x", over=Quantity("zero", 1, ("floor",))), None, Verdict.NOT_MEASURED),
    ],
)
def test_verdicts(bar: Bar, value: float | None, verdict: Verdict) -> None:
    results = some_results()
    results.add("zero", 1, "floor", "ms", 0)
    assert bar.value(results) == (None if value is None else pytest.approx(value))
    assert bar.verdict(results) is verdict


def test_the_table() -> None:
    results = some_results()
    results.add("stop", 1000, "fectld", "ms", 0.25)
    results.say_absent("stop", 1000, "runit", "at most 999")
    results.say_absent("idle CPU", 5000, "fectld", "-")
    assert table.measured(results, ["fectld", "floor", "supervisord", "s6", "runit"]) == [
        "| median (min..max) | fectld | floor | s6 | runit |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| start, 1000 [ms] | 120 (110..130) | 100 | 500 | 240 |",
        "",
        "| median (min..max) | fectld |",
        "| --- | ---: |",
        "| respawn [ms] | 1.50 |",
        "",
        "| median (min..max) | fectld | runit |",
        "| --- | ---: | ---: |",
        "| stop, 1000 [ms] | 0.25 | at most 999 |",
        "| idle CPU, 5000 | - | at most 1000 |",
    ]
    shown = [Bar("a", START, 119, "ms"), Bar("b", START, 2, "", over=Quantity("stop", 1, ("floor",)), at_least=True)]
    assert table.verdicts(some_results(), shown)[2:] == [
        "| a | 120 ms | at most 119 ms | **OVER** |",
        "| b | - | at least 2.00 | not measured |",
    ]


def test_numbers_have_three_digits_that_count() -> None:
    assert [table.number(value) for value in (0, 0.123, 1, 12.34, 123.4, 12345)] == [
        "0", "0.12", "1.00", "12.3", "123", "12,345",
    ]  # fmt: skip


def test_each_bar_is_of_a_metric_that_can_be_chosen() -> None:
    assert len({bar.name for bar in BARS}) == len(BARS)
    for bar in BARS:
        assert bar.name_of_metric in NAMES, bar


def test_progress_is_one_line_on_a_terminal_and_one_a_step_elsewhere() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream in (io.StringIO(), Terminal()):
        progress = Progress(stream)
        progress.step("start")
        progress.now("fectld")
        progress.end()
        assert ("\n" in stream.getvalue()) != stream.isatty()
        assert ("fectld" in stream.getvalue()) == stream.isatty()


def test_json_holds_samples_and_statistics() -> None:
    entry = some_results().as_json()[0]
    assert entry["metric"] == "start" and entry["manager"] == "fectld" and entry["unit"] == "ms"
    assert entry["samples"] == [110, 130, 120] and entry["median"] == 120 and entry["p99"] == 130


@pytest.mark.parametrize(
    ("instructions", "budget", "finding"),
    [
        (1100, 1000, Finding.WITHIN),
        (1101, 1000, Finding.OVER),
        (900, 1000, Finding.WITHIN),
        (899, 1000, Finding.FAR_BELOW),
        (5, None, Finding.NO_BUDGET),
    ],
)
def test_budgets(instructions: int, budget: int | None, finding: Finding) -> None:
    assert Count("heartbeat", instructions, budget).finding is finding


def test_recording_keeps_all_else_of_the_file() -> None:
    text = "# why\nheartbeat = 1_000  # soon less\nstatus = 5\n"
    recorded = budgets.recorded(text, {"heartbeat": 12345, "respawn": 7})
    assert recorded == "# why\nheartbeat = 12_345  # soon less\nstatus = 5\nrespawn = 7\n"
    assert budgets.read(recorded) == {"heartbeat": 12345, "status": 5, "respawn": 7}


def test_each_hot_path_has_a_budget_and_each_budget_a_path() -> None:
    text = (Path(__file__).parent / "budgets.toml").read_text()
    assert set(budgets.read(text)) == {path.name for path in HOT_PATHS}


def test_the_counts_of_all_processes_are_added(tmp_path: Path) -> None:
    (tmp_path / "callgrind.1").write_text("events: Ir\nfn=(1) a\n1 99\ntotals: 100\n")
    (tmp_path / "callgrind.2").write_text("events: Ir\nsummary: 23\n")
    assert total_instructions(tmp_path) == 123
    with pytest.raises(RuntimeError, match="no counts"):
        total_instructions(tmp_path / "nothing")
