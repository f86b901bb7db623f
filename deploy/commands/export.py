"""`kersey export`: what is public, as a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What is public, as a file.", no_args_is_help=True)


class Format(StrEnum):
    """The forms of `GET /directory/export`."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


@app.callback()
def _group() -> None:
    """Keep the command a subcommand."""


@app.command()
def directory(
    file: Annotated[Path, typer.Argument(help="Where to. A file that is there is replaced.")],
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="An array of services, a service a line, or the tabular data package as ZIP.",
        ),
    ] = Format.JSON,
) -> None:
    """Write every listed service with all that is below it. `GET /directory/export` gives the same.

    On your server, or beside a running `kersey run`, whose data folder it finds. The file is there
    once it is whole.
    """
    from datetime import UTC, datetime

    from deploy.every_database import every_database
    from deploy.refusal import Refusal
    from deploy.settings import OperatorSettings
    from services.providers.exporting import documents, package

    unfinished = file.with_name(f"{file.name}.part")
    with every_database(OperatorSettings(), "export directory") as engines:
        engine, now = engines["providers"], datetime.now(UTC)
        try:
            with unfinished.open("wb") as target:
                if form is Format.CSV:
                    package.write(engine, target, now)
                else:
                    lined = form is Format.NDJSON
                    target.writelines(documents.document(engine, now, lined=lined))
            unfinished.replace(file)
        except OSError as error:
            message = f"{file} cannot be written: {error.strerror}"
            raise Refusal(message) from error
        finally:
            unfinished.unlink(missing_ok=True)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")
