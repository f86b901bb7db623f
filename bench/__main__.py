"""`make bench`: measure, print one table, and write it to docs/benchmarks.md."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import typer
from rich.console import Console

from bench import (
    arriving,
    creating,
    delivering,
    directory,
    machine,
    million,
    page,
    pages,
    provision,
    reading,
    searching,
    standing,
    table,
    wrk,
)
from bench.house import House, Size, running
from deploy.web_server import ended_by_signals

PARTS: Mapping[str, Callable[[House], Iterator[table.Figure]]] = {
    "creating": creating.measure,
    "reading": reading.measure,
    "arriving": arriving.measure,
    "delivering": delivering.measure,
    "searching": searching.measure,
    "million": million.measure,
    "directory": directory.measure,
}
"""In this order: what comes later leaves more behind in the database."""
USUAL = Size(
    seconds=10.0,
    resources=1_000_000,
    services=provision.SERVICES,
    deliveries=100_000,
    referrals=5_000,
)
"""What is measured with other sizes is only printed."""
ALONE: Mapping[str, Callable[[Size], Iterator[table.Figure]]] = {
    "standing": standing.measure,
    "pages": pages.measure,
}
"""The parts that start what they measure themselves."""


def main(
    runs: Annotated[int, typer.Option(help="How often everything is measured.", min=1)] = 1,
    seconds: Annotated[float, typer.Option(help="How long one load lasts.", min=4)] = USUAL.seconds,
    resources: Annotated[
        int, typer.Option(help="How many are searched among, in the part million.", min=1_000)
    ] = USUAL.resources,
    services: Annotated[
        int, typer.Option(help="How many the directory has, in the part directory.", min=1_000)
    ] = USUAL.services,
    deliveries: Annotated[
        int, typer.Option(help="How many are delivered in a row, in the part delivering.", min=100)
    ] = USUAL.deliveries,
    referrals: Annotated[
        int, typer.Option(help="How many the team of the part pages has.", min=100)
    ] = USUAL.referrals,
    parts: Annotated[str, typer.Option(help="Which, with spaces; none for all.")] = "",
) -> None:
    """Measure Kersey on this machine."""
    screen = Console(highlight=False)
    chosen = parts.split() or [*ALONE, *PARTS]
    size = Size(seconds, resources, services, deliveries, referrals)
    wrk.find()
    head = machine.describe()
    average, warning = machine.load()
    head.append(f"Load average before: {average:.1f}")
    with ended_by_signals():  # what was started is stopped, however this ends
        made = [_run(screen, chosen, size, head, n + 1) for n in range(runs)]
    screen.print(*head, sep="\n")
    if warning:
        screen.print(f"[bold yellow]{warning}[/bold yellow]")
        head.append(f"**Warning: {warning}.**")
    screen.print(table.screen(made))
    if size == USUAL:
        page.write(head, table.tables(made))
        screen.print(f"written to {page.PAGE.relative_to(machine.ROOT)}")


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

        for name, alone in ALONE.items():
            if name in chosen:
                keep(name, alone(size))
        if set(chosen) - set(ALONE):
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
