"""Figures and the table that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured figure of one run, beside its limit.

    Attributes:
        part: under which heading it stands.
        what: was measured.
        value: the figure.
        unit: such as `per s`, `ms` or `MB`.
        beside: what the limit is; empty where there is none.
        limit: the limit's own figure of the same run.
        at_least: which share of the limit is aimed at.
        at_most: which figure is aimed at, for times and sizes.
    """

    part: str
    what: str
    value: float
    unit: str
    beside: str = ""
    limit: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def share(self) -> float | None:
        """Of the limit."""
        return None if not self.limit else self.value / self.limit

    @property
    def reached(self) -> bool | None:
        """Whether the aim was reached; None where there is none."""
        if self.at_least is not None and self.share is not None:
            return round(self.share, 2) >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def aim(self) -> str:
        """The aim in words."""
        if self.at_least is not None:
            return f"{self.at_least:g} of it"
        return "" if self.at_most is None else f"under {self.at_most:g} {self.unit}"

    def __str__(self) -> str:
        text = f"{_number(self.value)} {self.unit}"
        if self.limit is not None:
            text += f" of {_number(self.limit)}"
        if self.share is not None:
            text += f" = {self.share:.2f}"
        return text


Run = Mapping[str, Figure]
"""The figures of one run by what they measure."""


def run_of(figures: Sequence[Figure]) -> dict[str, Figure]:
    """A run, by `what`."""
    return {each.what: each for each in figures}


def part_of(times: Sequence[float], part: float) -> float:
    """Within which time a part of all were done.

    Args:
        times: in order.
        part: of them, from 0 to 1.
    """
    return times[min(len(times) - 1, int(len(times) * part))]


def screen(runs: Sequence[Run]) -> Table:
    """The table for a terminal."""
    table = Table(*_heads(runs), title="Kersey, measured", show_lines=False)
    for part, rows in _parts(runs):
        table.add_section()
        table.add_row(f"[bold]{part}[/bold]")
        for row in rows:
            table.add_row(*_cells(row, runs))
    return table


def tables(runs: Sequence[Run]) -> dict[str, str]:
    """By part, its rows for `docs/benchmarks.md`."""
    heads = _heads(runs)
    top = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return {
        part: "\n".join([*top, *(f"| {' | '.join(_cells(row, runs))} |" for row in rows)])
        for part, rows in _parts(runs)
    }


def _parts(runs: Sequence[Run]) -> list[tuple[str, list[Figure]]]:
    every = [*{name: each for run in reversed(runs) for name, each in run.items()}.values()]
    return [(part, list(rows)) for part, rows in groupby(every, lambda each: each.part)]


def _heads(runs: Sequence[Run]) -> list[str]:
    return ["what", "limit", "aim", *(f"run {n + 1}" for n in range(len(runs)))]


def _cells(row: Figure, runs: Sequence[Run]) -> list[str]:
    marks = {True: "reached", False: "**missed**", None: ""}
    cells = [row.what, row.beside, row.aim]
    for run in runs:
        figure = run.get(row.what)
        cells.append(f"{figure} {marks[figure.reached]}".strip() if figure else "not measured")
    return cells


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
