"""`kersey clients`: who may get tokens from Kersey's own issuer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Engine

app = typer.Typer(
    help="Who may get tokens from Kersey's own issuer. Not needed with another one.",
    no_args_is_help=True,
)


Client = Annotated[str, typer.Argument(help="Its id.")]


@app.command()
def services() -> None:
    """Register services that ask others, and the pages.

    You chose their secrets. Needs the identity service's settings, its public address among them,
    and KERSEY_SERVICE_SECRET__NOTIFICATIONS and so on, of 32 characters or more. Safe to repeat; a
    changed secret is set.
    """
    from deploy.refusal import Refusal
    from deploy.service_clients import (
        SIGN_IN,
        SIGN_IN_SETTING,
        asking,
        client_id,
        service_clients,
        sign_in_client,
    )
    from deploy.settings import OperatorSettings
    from services.identity.clients import load_clients

    operator = OperatorSettings()
    secrets = operator.service_secret
    needed = [*(each.name for each in asking()), SIGN_IN_SETTING]
    missing = [each for each in needed if each not in secrets]
    if missing:
        names = ", ".join(f"KERSEY_SERVICE_SECRET__{name.upper()}" for name in missing)
        message = f"not set: {names}"
        raise Refusal(message)
    pages = sign_in_client(
        secrets[SIGN_IN_SETTING].get_secret_value(), operator.public_url.rstrip("/")
    )
    with _issuer() as engine:
        load_clients(
            engine,
            [
                *service_clients(lambda service: secrets[service.name].get_secret_value()),
                pages,
            ],
        )
    for registered in [*map(client_id, asking()), SIGN_IN]:
        typer.echo(f"{registered}: registered")


@app.command()
def register(
    client: Annotated[str, typer.Argument(help="Its id: letters, digits and ._~-")],
    name: Annotated[str, typer.Option(help="Its name, for people.")],
    organisation: Annotated[UUID, typer.Option(help="The organisation that it acts for.")],
    scope: Annotated[list[str], typer.Option(help="What it may get at most; repeat as needed.")],
    role: Annotated[list[str] | None, typer.Option(help="Such as referral-sender.")] = None,
    jwks_url: Annotated[
        str | None, typer.Option(help="Where its public keys are, as a JWK Set.")
    ] = None,
    jwks: Annotated[
        Path | None, typer.Option(help="A file with its public keys, as a JWK Set.")
    ] = None,
) -> None:
    """Register a record system or another client.

    Without keys a secret is made, which is shown once.
    """
    from deploy.grants import check
    from deploy.newcomers import warn_of_new
    from services.identity.clients import ClientSpec, register_client
    from shared.database import UnitOfWork

    check(scope, role or [])
    spec = ClientSpec(
        client_id=client,
        name=name,
        organisation=organisation,
        roles=tuple(role or ()),
        scopes=tuple(scope),
        jwks=_key_set(jwks),
        jwks_url=jwks_url,
    )
    with _issuer() as engine, UnitOfWork(engine) as uow:
        warn_of_new(engine, organisation)
        secret = register_client(uow, spec)
        uow.commit()
    typer.echo(f"{client}: registered")
    if secret is not None:
        _show(secret)


@app.command("list")
def list_clients() -> None:
    """Which clients are registered, and how each proves itself. Changes nothing."""
    from deploy.shown_table import show_table
    from services.identity.registry import registered

    headings = ("client", "name", "organisation", "roles", "scopes", "proved by", "active")
    rows: list[tuple[str, ...]] = []
    with _issuer() as engine:
        while page := registered(engine, after=rows[-1][0] if rows else "", count=100):
            rows += [
                (
                    each.client_id,
                    each.name,
                    str(each.organisation),
                    " ".join(each.roles),
                    " ".join(each.scopes),
                    "secret" if each.secret_hash else each.jwks_url or "keys",
                    "yes" if each.active else "no",
                )
                for each in page
            ]
    show_table(headings, rows)


@app.command("renew-secret")
def renew_secret(
    client: Client,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=168, help="For how long the old one is good beside it.")
    ] = 0,
) -> None:
    """Make a new secret, which is shown once. Without an overlap the old one opens nothing more."""
    from services.identity import registry
    from shared.database import UnitOfWork

    with _issuer() as engine, UnitOfWork(engine) as uow:
        overlap = timedelta(hours=overlap_hours)
        secret = registry.renew_secret(uow, client, overlap=overlap)
        uow.commit()
    typer.echo(f"{client}: has a new secret")
    _show(secret)


@app.command()
def deactivate(client: Client) -> None:
    """Give a client no more tokens. Those that it has end within five minutes."""
    _set_active(client, active=False)
    typer.echo(f"{client}: gets no tokens")


@app.command()
def activate(client: Client) -> None:
    """Give a deactivated client tokens again."""
    _set_active(client, active=True)
    typer.echo(f"{client}: gets tokens")


def _set_active(client: str, *, active: bool) -> None:
    from services.identity import registry
    from shared.database import UnitOfWork

    with _issuer() as engine, UnitOfWork(engine) as uow:
        registry.set_active(uow, client, active=active)
        uow.commit()


def _show(secret: str) -> None:
    typer.echo(f"its secret, which nobody can read again: {secret}")


def _key_set(file: Path | None) -> Any:
    from deploy.refusal import Refusal

    if file is None:
        return None
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"{file} cannot be read as a JWK Set: {type(error).__name__}"
        raise Refusal(message) from error


@contextmanager
def _issuer() -> Iterator[Engine]:
    """The issuer's database; what it refuses is told in words."""
    from deploy.engines import opened_for
    from deploy.issuer_settings import issuer_settings
    from deploy.refusal import Refusal
    from services.identity.clients import RegistrationRefused
    from services.identity.registry import NoSuchClient

    with opened_for(issuer_settings("clients"), "clients") as engine:
        try:
            yield engine
        except RegistrationRefused as refused:
            raise Refusal(str(refused)) from refused
        except NoSuchClient as unknown:
            message = f"no client {unknown} is registered; `kersey clients list` shows those"
            raise Refusal(message) from unknown
