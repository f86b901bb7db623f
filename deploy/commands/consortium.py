"""`kersey consortium`: who makes up the consortium."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(help="Place hubs, link-worker services and practices.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep the command a subcommand."""


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="TOML; docs/consortium.example.toml shows it.")],
    notifications: Annotated[
        str,
        typer.Option(
            "--notifications-database-url",
            help="Notifications' database, which must know whose hub is whose.",
            envvar="KERSEY_NOTIFICATIONS_DATABASE_URL",
            show_default=False,
        ),
    ] = "",
    providers: Annotated[
        str,
        typer.Option(
            "--providers-database-url",
            help="The directory's database, which must know whose hub is whose.",
            envvar="KERSEY_PROVIDERS_DATABASE_URL",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Declare hubs, link-worker services, practices, and their codes.

    Needs the referrals service's settings, and where the databases of notifications and of the
    directory are: without them no coordinator sees a contact or a message, or keeps a listing. Safe
    to repeat: what changed in the file is changed.
    """
    import tomllib

    from pydantic import ValidationError

    from deploy.refusal import Refusal
    from services.notifications.handlers import hubs as told
    from services.providers import hubs as directory
    from services.providers.app import SOURCE
    from services.providers.moving_hubs import move_providers
    from services.providers.taxonomies import declare_taxonomies
    from services.referrals.app import desk_of
    from services.referrals.handlers.consortium import Consortium, load_consortium
    from services.referrals.settings import ReferralsSettings
    from shared.messaging.outbox import Outbox
    from shared.worker import Wake

    try:
        declared = Consortium(**tomllib.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as error:
        if isinstance(error, ValidationError):
            faults = [
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
            ]
            message = "\n  ".join([f"{file} does not hang together:", *faults])
        else:
            message = f"{file} cannot be read as TOML: {error}"
        raise Refusal(message) from error
    settings = ReferralsSettings()
    with _engine(settings.database_url.get_secret_value()) as engine:
        load_consortium(desk_of(settings, engine, Wake()), declared)
    if notifications:
        with _engine(notifications) as engine:
            told.declare_hubs(
                engine,
                {hub.code: hub.organisation for hub in declared.hubs},
                {team.organisation: team.hub for team in declared.teams}
                | {moved.organisation: moved.hub for moved in declared.providers},
            )
    else:
        typer.echo(
            "KERSEY_NOTIFICATIONS_DATABASE_URL is not set: notifications was told of no hub, and "
            "no coordinator can see contacts or messages until it is.",
            err=True,
        )
    if providers:
        with _engine(providers) as engine:
            left = directory.declare_hubs(
                engine,
                [
                    directory.DeclaredHub(hub.code, hub.name, hub.organisation, hub.covers)
                    for hub in declared.hubs
                ],
            )
            declare_taxonomies(engine)
            moving = {moved.organisation: moved.hub for moved in declared.providers}
            unlisted = move_providers(engine, Outbox(SOURCE), moving)
        for key in sorted(unlisted, key=str):
            typer.echo(f"The directory lists no provider {key}: it was not moved.", err=True)
        if left:
            typer.echo(
                f"{file} does not name hubs that are there: {', '.join(left)}. They stay, with what"
                " is theirs. To end one, name it with `covers = []` and move its teams, practices"
                " and providers to others.",
                err=True,
            )
    else:
        typer.echo(
            "KERSEY_PROVIDERS_DATABASE_URL is not set: the directory was told of no hub, and no "
            "coordinator can keep a listing until it is.",
            err=True,
        )
    typer.echo(
        f"{len(declared.hubs)} hubs, {len(declared.teams)} link-worker services, "
        f"{len(declared.practices)} practices, {len(declared.codes)} codes that start a referral, "
        f"{len(declared.gp_codes)} codes of letters to GPs"
    )


@contextmanager
def _engine(url: str) -> "Iterator[Engine]":
    """One connection to a service's database."""
    from shared.database import create_engine

    engine = create_engine(url, pool_size=1, application_name="kersey consortium")
    try:
        yield engine
    finally:
        engine.dispose()
