"""The results as Markdown."""

import itertools
from collections.abc import Iterable, Sequence

from tools.bench.bars import Bar, Verdict
from tools.bench.results import NO_SIZE, Results, Series


def number(value: float) -> str:
    """Three digits that count."""
    if value == 0:
        return "0"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def spread(series: Series) -> str:
    median = number(series.statistic("median"))
    if len(series.samples) < 2:
        return median
    return f"{median} ({number(series.statistic('min'))}..{number(series.statistic('max'))})"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _row(results: Results, metric: str, size: int, managers: Sequence[str]) -> list[str]:
    found = {manager: results.get(metric, size, manager) for manager in managers}
    unit = next((series.unit for series in found.values() if series is not None), "")
    name = metric if size == NO_SIZE else f"{metric}, {size}"
    cells = [
        spread(series) if series is not None and series.samples else results.why_absent(metric, size, manager) or "-"
        for manager, series in found.items()
    ]
    return [f"{name} [{unit}]" if unit else name, *cells]


def measured(results: Results, order: Sequence[str]) -> list[str]:
    """Medians, and the least and the most. Rows about the same managers share a table."""

    def managers(row: tuple[str, int]) -> list[str]:
        return [name for name in order if name in results.managers(*row)]

    lines: list[str] = []
    for columns, rows in itertools.groupby(results.rows(), managers):
        lines += ["", *_markdown(["median (min..max)", *columns], [_row(results, *row, columns) for row in rows])]
    return lines[1:]


def verdicts(results: Results, bars: Iterable[Bar]) -> list[str]:
    rows = []
    for bar in bars:
        value = bar.value(results)
        limit = f"{'at least' if bar.at_least else 'at most'} {number(bar.limit)} {bar.unit}".rstrip()
        shown = "-" if value is None else f"{number(value)} {bar.unit}".rstrip()
        verdict = bar.verdict(results)
        rows.append([bar.name, shown, limit, f"**{verdict.value}**" if verdict is Verdict.OVER else verdict.value])
    return _markdown(["bar", "measured", "limit", "verdict"], rows)
