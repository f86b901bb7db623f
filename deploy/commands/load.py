"""`kersey load`: official files, such as the postcodes and boundaries of a place."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Official files into the directory.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep the command a subcommand."""


@app.command()
def places(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True,
            readable=True,
            help="Postcodes (ONSPD or NSPL: CSV, .gz or .zip), deprivation (IMD: CSV), boundaries"
            " of wards, local authorities or LSOAs (GeoJSON in WGS 84). Of a folder, all of them.",
        ),
    ],
) -> None:
    """Bring in where postcodes lie, their deprivation, and boundaries.

    Each file comes in whole or not at all, and one that cannot be taken keeps no other one out.
    Kersey may run meanwhile. Twice the same is no change.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from deploy.every_database import every_database
    from deploy.refusal import Refusal
    from deploy.settings import OperatorSettings
    from services.providers.official.files import NotOfficial
    from services.providers.official.load import load_file

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    screen = Console(stderr=True)
    wrong: list[str] = []
    taken = 0
    with every_database(OperatorSettings(), "load places") as engines:
        for file in (each for named in files for each in _files_of(named)):
            with Progress(*columns, console=screen, transient=True) as shown:
                task = shown.add_task(file.name)

                def told(read: int, name: str = file.name) -> None:
                    shown.update(task, description=f"{name}: {read:,} read")  # noqa: B023

                try:
                    report = load_file(engines["providers"], file, told)
                except NotOfficial as error:
                    if file in files:
                        wrong.append(str(error))
                    else:
                        typer.echo(f"left: {error}", err=True)
                    continue
            taken += 1
            typer.echo(
                f"{file.name}: {report.kind}, {report.read:,} read, {report.stored:,} stored,"
                f" {report.changed:,} of them new or changed, {report.refused:,} refused"
            )
            for reason in report.reasons:
                typer.echo(f"  {reason}", err=True)
            if report.refused > len(report.reasons):
                typer.echo(f"  and {report.refused - len(report.reasons):,} more", err=True)
    if wrong:
        raise Refusal(" ".join(wrong))
    if not taken:
        raise Refusal(
            "no file was taken: give postcodes (ONSPD or NSPL: CSV, .gz or .zip), deprivation"
            " (IMD: CSV) or boundaries (.geojson), or a folder of them"
        )


def _files_of(named: Path) -> list[Path]:
    """A file, or those of a folder that could be official, in the order of their names."""
    if not named.is_dir():
        return [named]
    return sorted(
        each
        for each in named.iterdir()
        if each.is_file() and each.suffix.lower() in (".csv", ".gz", ".zip", ".geojson")
    )
