"""A word of warning where an organisation is named for the first time, as a slip would be."""

from uuid import UUID

import typer
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.identity.tables import Membership, OAuthClient


def warn_of_new(engine: Engine, organisation: UUID) -> None:
    """Say, on standard error, that nobody acts for an organisation yet.

    The issuer does not know the consortium: those who act for others are all that it can ask.

    Parameters:
        engine: the issuer's database.
        organisation: for whom somebody is to act.
    """
    with Session(engine) as session:
        of_client = select(OAuthClient.client_id).where(
            col(OAuthClient.organisation) == organisation
        )
        of_person = select(Membership.organisation).where(
            col(Membership.organisation) == organisation
        )
        known = session.exec(of_client).first() or session.exec(of_person).first()
    if not known:
        typer.echo(
            f"note: nobody acts for the organisation {organisation} yet. If it is not new, compare"
            " it with your consortium file, or for a provider with GET /directory/organizations.",
            err=True,
        )
