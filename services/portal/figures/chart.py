"""A table as bars: drawn on the server, so that it needs no script and no inline style."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 300
ROW = 36
"""Of the drawing: units across, and down for each row with its words above its bar."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        words: what is counted.
        count: how many; None where it is not shown.
    """

    words: str
    count: int | None


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        row: that it shows.
        top: where its words begin.
        length: of the bar; 0 for none, and for what is not shown.
    """

    row: Row
    top: int
    length: int


@dataclass(frozen=True)
class Chart:
    """Bars under each other.

    Attributes:
        bars: in the order of the table.
        height: of the drawing.
    """

    bars: Sequence[Bar]
    height: int


def chart_of(rows: Sequence[Row]) -> Chart | None:
    """The chart of a table; None where nothing in it is to be seen."""
    most = max((row.count or 0 for row in rows), default=0)
    if not most:
        return None
    bars = [
        Bar(row, number * ROW, round(WIDTH * (row.count or 0) / most))
        for number, row in enumerate(rows)
    ]
    return Chart(bars, len(bars) * ROW)
