"""`make bench`: measure, print one table, and write it to docs/benchmarks.md."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import typer
from rich.console import Console

from bench import (
    arriving,
    creating,
    directory,
    machine,
    million,
    provision,
    reading,
    searching,
    standing,
    table,
    wrk,
)
from bench.house import House, Size, running
from deploy.web_server import ended_by_signals

PAGE = machine.ROOT / "docs" / "benchmarks.md"
PARTS: Mapping[str, Callable[[House], Iterator[table.Figure]]] = {
    "creating": creating.measure,
    "reading": reading.measure,
    "arriving": arriving.measure,
    "searching": searching.measure,
    "million": million.measure,
    "directory": directory.measure,
}
"""In this order: what comes later leaves more behind in the database."""
ALONE = "standing"
"""The part that needs nothing else running."""

INTRODUCTION = """\
# Benchmarks

What `make bench` printed last. Each figure stands beside a limit of the same run, because a machine
is quicker or slower and a share of its limit is not: *388 per s of 2,100 = 0.18*. Web processes,
workers, PostgreSQL and RabbitMQ are processes of their own on this one machine, and so is the load.
`make bench RUNS=2` shows how far two runs lie apart, `PARTS="reading"` measures a part.
"""


def main(
    runs: Annotated[int, typer.Option(help="How often everything is measured.", min=1)] = 1,
    seconds: Annotated[float, typer.Option(help="How long one load lasts.", min=4)] = 10.0,
    resources: Annotated[
        int, typer.Option(help="How many are searched among, in the part million.", min=1_000)
    ] = 1_000_000,
    services: Annotated[
        int, typer.Option(help="How many the directory has, in the part directory.", min=1_000)
    ] = provision.SERVICES,
    parts: Annotated[str, typer.Option(help="Which, with spaces; nothing is written then.")] = "",
) -> None:
    """Measure Kersey on this machine."""
    screen = Console(highlight=False)
    chosen = parts.split() or [ALONE, *PARTS]
    wrk.find()
    head = machine.describe()
    average, warning = machine.load()
    head.append(f"Load average before: {average:.1f}")
    with ended_by_signals():  # what was started is stopped, however this ends
        made = [
            _run(screen, chosen, Size(seconds, resources, services), head, n + 1)
            for n in range(runs)
        ]
    screen.print(*head, sep="\n")
    if warning:
        screen.print(f"[bold yellow]{warning}[/bold yellow]")
        head.append(f"**Warning: {warning}.**")
    screen.print(table.screen(made))
    if not parts:
        text = "\n".join(f"- {line}" for line in head)
        PAGE.write_text(f"{INTRODUCTION}\n{text}\n\n{table.markdown(made)}\n")
        screen.print(f"written to {PAGE.relative_to(machine.ROOT)}")


def _run(screen: Console, chosen: list[str], size: Size, head: list[str], number: int) -> table.Run:
    figures: list[table.Figure] = []
    with screen.status("") as status:

        def tell(what: str) -> None:
            status.update(f"run {number}: {what}")

        def keep(what: str, measured: Iterator[table.Figure]) -> None:
            tell(what)
            try:
                for each in measured:
                    screen.print(f"{each.what}: {each}")
                    figures.append(each)
            except wrk.Refused as refused:  # the other parts can still be measured
                screen.print(f"[bold red]{what} was broken off: {refused}[/bold red]")

        if ALONE in chosen:
            keep(ALONE, standing.measure(size.seconds))
        if set(chosen) - {ALONE}:
            tell("starting the processes")
            with running(size, tell) as house:
                if house.durability not in head:
                    head += [house.durability, f"RabbitMQ: {house.processes.rabbit.how}"]
                for name, measure in PARTS.items():
                    if name in chosen:
                        keep(name, measure(house))
    return table.run_of(figures)


if __name__ == "__main__":
    typer.run(main)
