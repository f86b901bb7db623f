"""`kersey subscriptions`: what is told to clients by itself, and its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.referrals.desk import Desk

app = typer.Typer(
    help="Subscriptions by the client that registered them.",
    no_args_is_help=True,
)


@app.command("list")
def show(
    client: Annotated[str | None, typer.Argument(help="Its id at the issuer; all if none.")] = None,
) -> None:
    """Say which Subscriptions there are, whose, and how they stand. Changes nothing."""
    from deploy.shown_table import show_table
    from services.referrals.subscriptions.stopping import of_client

    with _desk("subscriptions list") as desk:
        found = of_client(desk, client)
    headings = ("subscription", "client", "organisation", "status", "why", "topic", "events")
    rows = [
        (
            each.id,
            each.client or "not known",
            str(each.organisation),
            each.status,
            each.error or "",
            each.topic,
            str(each.number),
        )
        for each in found
    ]
    show_table(headings, rows)


@app.command()
def stop(
    client: Annotated[str, typer.Argument(help="Its id at the issuer.")],
    by: Annotated[str, typer.Option("--by", help="Your name or role, for the audit trail.")],
) -> None:
    """Turn all Subscriptions of a client off. Nothing more is sent, not even what is queued.

    For a client of another issuer, once that gives it no more tokens: with one it could begin
    again. Clients of Kersey's own issuer need only `kersey clients deactivate`.
    """
    from services.referrals.subscriptions.stopping import stop_client

    with _desk("subscriptions stop") as desk:
        stopped = stop_client(desk, client, by)
    typer.echo(f"{client}: {stopped} Subscriptions turned off")


@contextmanager
def _desk(command: str) -> "Iterator[Desk]":
    from deploy.every_database import every_database
    from deploy.settings import OperatorSettings
    from deploy.subjects import desk

    settings = OperatorSettings()
    with every_database(settings, command) as engines:
        yield desk(settings, engines)
