"""`kersey people`: who may sign in, and as what."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.identity.people.inviting import Inviter
    from services.identity.settings import IdentitySettings
    from services.identity.tables import PersonAccount

app = typer.Typer(
    help="Who signs in to Kersey's own issuer, and as what. Not needed with another one.",
    no_args_is_help=True,
)

OPERATOR = "operator"
"""By whom it was done, in what is kept of an account: whoever may run this command."""

Email = Annotated[str, typer.Argument(help="Their e-mail address.")]
Organisation = Annotated[UUID, typer.Option(help="The organisation for which they act.")]


@app.command()
def invite(
    email: Email,
    name: Annotated[str | None, typer.Option(help="Their name, as colleagues see it.")] = None,
    organisation: Annotated[
        UUID | None, typer.Option(help="The organisation for which they act.")
    ] = None,
    organisation_name: Annotated[
        str | None, typer.Option(help="Its name, by which they choose it.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="What they are to it; repeat as needed. `kersey people roles` has all."),
    ] = None,
) -> None:
    """Invite somebody by a mail with a link.

    The link lets them set a password and a second factor. For somebody who has an account, without
    the options: a new link, to set both anew. That is how a forgotten password or a lost phone is
    replaced.
    """
    from deploy.newcomers import warn_of_new
    from deploy.refusal import Refusal
    from services.identity.people import accounts
    from services.identity.people.accounts import Newcomer, Place
    from services.identity.people.inviting import NotSent
    from shared.database import UnitOfWork

    given = (name, organisation, organisation_name, role)
    with _issuer() as (engine, settings, inviter), UnitOfWork(engine) as uow:
        hours = settings.invitation_hours
        if not any(given):
            account = _found(engine, email).id
            invited = accounts.invite_again(uow, account, by=OPERATOR, hours=hours)
        elif name and organisation and organisation_name and role:
            warn_of_new(engine, organisation)
            place = Place(organisation, organisation_name)
            newcomer = Newcomer(email, name, place, tuple(role))
            invited = accounts.invite(uow, newcomer, by=OPERATOR, hours=hours)
        else:
            raise Refusal(
                "somebody new needs --name, --organisation, --organisation-name and --role"
            )
        uow.commit()
        try:
            inviter.send(invited)
        except NotSent as error:
            raise Refusal(str(error)) from error
    typer.echo(f"{invited.email}: invited, for {hours} hours")


@app.command("list")
def list_people() -> None:
    """Who has an account, in which state and with which roles. Changes nothing."""
    from deploy.shown_table import show_table
    from services.identity.people import accounts
    from services.identity.people.sight import EVERYBODY

    rows: list[tuple[str, ...]] = []
    with _issuer() as (engine, _, _):
        while page := accounts.listed(
            engine, after=rows[-1][0] if rows else "", count=100, sight=EVERYBODY
        ):
            held = accounts.memberships(engine, [each.id for each in page])
            rows += [
                (
                    each.email,
                    each.name,
                    each.state,
                    "; ".join(
                        f"{one.role} at {one.organisation_name}" + (" (locked)" * one.locked)
                        for one in held[each.id]
                    ),
                )
                for each in page
            ]
    show_table(("e-mail", "name", "state", "roles"), rows)


@app.command()
def show(email: Email) -> None:
    """One account and its latest sign-ins. Changes nothing."""
    from deploy.shown_table import show_table
    from services.identity.people import accounts

    with _issuer() as (engine, _, _):
        row = _found(engine, email)
        held = accounts.memberships(engine, [row.id])[row.id]
        signed, done = accounts.sign_ins(engine, row.id), accounts.acts(engine, row.id)
    typer.echo(f"{row.name}, {row.email}: {row.state}, id {row.id}")
    show_table(
        ("organisation", "name", "role"),
        [
            (str(each.organisation), each.organisation_name, each.role + " (locked)" * each.locked)
            for each in held
        ],
    )
    show_table(
        ("at", "sign-in", "from", "browser"),
        [
            (f"{each.at:%Y-%m-%d %H:%M}", each.outcome, each.address, each.browser)
            for each in signed
        ],
    )
    show_table(
        ("at", "act", "by", "detail"),
        [(f"{each.at:%Y-%m-%d %H:%M}", each.act, each.by, each.detail) for each in done],
    )


@app.command()
def disable(email: Email) -> None:
    """Let somebody sign in no more.

    What they are signed in to ends within five minutes.
    """
    _do("disable", email)
    typer.echo(f"{email}: may not sign in")


@app.command()
def enable(email: Email) -> None:
    """Let somebody sign in again, with what they had."""
    _do("enable", email)
    typer.echo(f"{email}: may sign in")


@app.command("sign-out")
def sign_out(email: Email) -> None:
    """End all that somebody is signed in to."""
    _do("sign_out", email)
    typer.echo(f"{email}: signed out everywhere")


@app.command()
def roles(
    email: Annotated[
        str | None, typer.Argument(help="Their e-mail address; none: which roles there are.")
    ] = None,
    organisation: Annotated[UUID | None, typer.Option(help="The organisation.")] = None,
    organisation_name: Annotated[str, typer.Option(help="Its name.")] = "",
    role: Annotated[
        list[str] | None,
        typer.Option(help="What they are to it from now on; none: nothing any more."),
    ] = None,
) -> None:
    """Which roles there are, or set somebody's.

    They are set for one organisation. The person is signed out by it everywhere, and signs in
    again as what they are now.
    """
    from deploy.refusal import Refusal
    from deploy.shown_table import show_table
    from services.identity.people import accounts
    from services.identity.people.accounts import Place
    from services.identity.people.roles import ROLES
    from shared.database import UnitOfWork

    if email is None:
        show_table(
            ("role", "who that is", "scopes"),
            [
                (each.name, f"{each.title}: {each.about}", " ".join(each.scopes) or "none")
                for each in ROLES.values()
            ],
            ruled=True,
        )
        return
    if organisation is None:
        raise Refusal("name the organisation: --organisation")
    with _issuer() as (engine, _, _), UnitOfWork(engine) as uow:
        account = _found(engine, email)
        place = Place(organisation, organisation_name)
        accounts.change_roles(uow, account.id, place, role or (), by=OPERATOR)
        uow.commit()
    typer.echo(f"{email}: {', '.join(role or ()) or 'nothing'} to {organisation}")


def _do(act: str, email: str) -> None:
    from services.identity.people import accounts
    from shared.database import UnitOfWork

    with _issuer() as (engine, _, _), UnitOfWork(engine) as uow:
        getattr(accounts, act)(uow, _found(engine, email).id, by=OPERATOR)
        uow.commit()


def _found(engine: "Engine", email: str) -> "PersonAccount":
    from deploy.refusal import Refusal
    from services.identity.people import accounts
    from services.identity.people.accounts import NoSuchAccount

    try:
        return accounts.found(engine, email)
    except NoSuchAccount as error:
        message = f"nobody has an account with {email}; `kersey people list` shows those"
        raise Refusal(message) from error


@contextmanager
def _issuer() -> "Iterator[tuple[Engine, IdentitySettings, Inviter]]":
    """The issuer's database, its settings and its mails; what it refuses is told in words."""
    from deploy.engines import opened_for
    from deploy.issuer_settings import issuer_settings
    from deploy.refusal import Refusal
    from services.identity.people.accounts import AccountRefused
    from services.identity.people.inviting import Inviter
    from shared import logging

    logging.configure("WARNING")  # the answer says what was done
    settings = issuer_settings("people")
    with opened_for(settings, "people") as engine:
        try:
            yield engine, settings, Inviter(settings)
        except AccountRefused as refused:
            raise Refusal(str(refused)) from refused
