"""What commands list: a table for people at a terminal, whole lines for everything else.

A pipe, a file or a mail has no width. A table drawn for one is drawn for 80 columns, and cuts the
ids and commands for which somebody wanted it.
"""

import sys
from collections.abc import Iterable, Sequence

import typer


def at_a_terminal() -> bool:
    """Whether a person reads along, on a screen that has a width."""
    return sys.stdout.isatty()


def show_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, ruled: bool = False
) -> None:
    """Draw a table at a terminal; elsewhere print a line for each row, with tabs between the cells.

    Parameters:
        headings: the first line, in both forms.
        rows: as many cells each as there are headings.
        ruled: at a terminal, draw a line between rows; for cells that hold sentences.
    """
    if at_a_terminal():
        _draw(headings, rows, ruled=ruled)
        return
    for row in (headings, *rows):
        typer.echo("\t".join(" ".join(cell.split()) for cell in row))


def _draw(headings: Sequence[str], rows: Iterable[Sequence[str]], *, ruled: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=ruled)
    for heading in headings:
        table.add_column(heading, overflow="fold")  # a narrow screen breaks an id; it cuts none
    for row in rows:
        table.add_row(*map(Text, row))  # what somebody typed is no markup
    Console(highlight=False).print(table)
