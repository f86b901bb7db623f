"""`kersey retention`: how long what is kept, what is due, and the job that ends it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from shared.retention import Expiry, RecordClass

app = typer.Typer(
    help="How long what is kept; nothing is deleted without `run`.", no_args_is_help=True
)

Only = Annotated[
    list[str] | None,
    typer.Option("--only", help="One class, as <service>/<records>; repeat as needed."),
]


@app.command()
def preview(only: Only = None) -> None:
    """Say what is due in every service. Changes nothing."""
    from deploy.shown_table import show_table

    rows = []
    with _due(only) as (_, classes):
        for name, record, expiry in classes:
            found = expiry.due(record.before())
            oldest = found.oldest.date().isoformat() if found.oldest else "-"
            rows.append(
                (name, record.kept_for, str(found.rows), str(found.held), oldest, record.review)
            )
    show_table(("records", "kept for", "due", "stay: held or open", "oldest", "review"), rows)


@app.command()
def run(
    reviewed_by: Annotated[
        str,
        typer.Option(
            help="Who has looked at the preview, as the review of the classes asks; a name or role,"
            " for the audit trail."
        ),
    ],
    only: Only = None,
    wait: Annotated[
        float,
        typer.Option(help="Seconds to wait for other services to confirm erasures.", min=0),
    ] = 60,
) -> None:
    """End what is due. Records under a legal hold, and of persons being cared for, stay.

    Persons whose record is long unseen are erased as by `kersey subject erase`: with
    KERSEY_ERASURE_LIST set, that file has the erasures too.
    """
    from deploy.erasures import kept_up
    from deploy.settings import OperatorSettings
    from deploy.shown_table import show_table

    rows = []
    with _due(only) as (engines, classes):
        with kept_up(OperatorSettings(), engines, wait, lambda line: typer.echo(line, err=True)):
            for name, record, expiry in classes:
                ended = expiry.run(record.before(), reviewed_by)
                rows.append((name, record.kept_for, str(ended)))
        show_table(("records", "kept for", "ended"), rows)


@contextmanager
def _due(
    only: list[str] | None,
) -> "Iterator[tuple[Mapping[str, Engine], list[tuple[str, RecordClass, Expiry]]]]":
    """Every service's engine, and the classes that end, with what ends each."""
    from deploy.every_database import every_database, referrals_settings
    from deploy.refusal import Refusal
    from deploy.services import SERVICES, Service
    from deploy.settings import OperatorSettings
    from services.referrals.subject.restricting import held_cases

    settings = OperatorSettings()
    with every_database(settings, "retention") as engines:
        held = partial(held_cases, engines["referrals"])

        def ends_of(service: Service) -> "Iterator[tuple[str, RecordClass, Expiry]]":
            retention = service.compose().retention
            ends = retention.expiries(referrals_settings(settings), engines[service.name], held)
            for record in retention.records:
                if record.length is not None:
                    yield f"{service.name}/{record.name}", record, ends[record.name]

        found = [each for service in SERVICES for each in ends_of(service)]
        unknown = set(only or ()) - {name for name, _, _ in found}
        if unknown:
            message = (
                f"there is no {', '.join(sorted(unknown))}; there are: "
                f"{', '.join(name for name, _, _ in found)}"
            )
            raise Refusal(message)
        yield engines, [each for each in found if not only or each[0] in only]
