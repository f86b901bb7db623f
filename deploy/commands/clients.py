"""`kersey clients`: who may get tokens from Kersey's own issuer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Engine

app = typer.Typer(
    help="Who may get tokens from Kersey's own issuer; not needed with another one.",
    no_args_is_help=True,
)


@app.command()
def services() -> None:
    """Register the services that ask others, with the secrets that you chose for them.

    Needs the identity service's settings, and KERSEY_SERVICE_SECRET__NOTIFICATIONS and so on, of 32
    characters or more. Safe to repeat; a changed secret is set.
    """
    from deploy.refusal import Refusal
    from deploy.service_clients import asking, client_id, service_clients
    from deploy.settings import OperatorSettings
    from services.identity.clients import load_clients

    secrets = OperatorSettings().service_secret
    missing = [each.name for each in asking() if each.name not in secrets]
    if missing:
        names = ", ".join(f"KERSEY_SERVICE_SECRET__{name.upper()}" for name in missing)
        message = f"not set: {names}"
        raise Refusal(message)
    with _issuer() as engine:
        load_clients(
            engine, service_clients(lambda service: secrets[service.name].get_secret_value())
        )
    for each in asking():
        typer.echo(f"{client_id(each)}: registered")


@app.command()
def register(
    client: Annotated[str, typer.Argument(help="Its id: letters, digits and ._~-")],
    name: Annotated[str, typer.Option(help="Its name, for people.")],
    organisation: Annotated[UUID, typer.Option(help="The organisation that it acts for.")],
    scope: Annotated[list[str], typer.Option(help="What it may get at most; repeat as needed.")],
    role: Annotated[list[str] | None, typer.Option(help="Such as referral-sender.")] = None,
    jwks_url: Annotated[
        str | None, typer.Option(help="Where its public keys are; without, a secret is made.")
    ] = None,
) -> None:
    """Register a record system or another client. A secret that is made is shown once."""
    from deploy.grants import check
    from services.identity.clients import ClientSpec, register_client
    from shared.database import UnitOfWork

    check(scope, role or [])
    spec = ClientSpec(
        client_id=client,
        name=name,
        organisation=organisation,
        roles=tuple(role or ()),
        scopes=tuple(scope),
        jwks_url=jwks_url,
    )
    with _issuer() as engine, UnitOfWork(engine) as uow:
        secret = register_client(uow, spec)
        uow.commit()
    typer.echo(f"{client}: registered")
    if secret is not None:
        typer.echo(f"its secret, which nobody can read again: {secret}")


@contextmanager
def _issuer() -> Iterator[Engine]:
    """The issuer's database; what it refuses is told in words."""
    from deploy.engines import opened_for
    from deploy.refusal import Refusal
    from deploy.services import service
    from services.identity.clients import RegistrationRefused

    with opened_for(service("identity").compose().settings(), "clients") as engine:
        try:
            yield engine
        except RegistrationRefused as refused:
            raise Refusal(str(refused)) from refused
