"""Looking through the accounts, as an administrator does: in pages, by what they are, by words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, and_, exists, func, or_
from sqlmodel import Session, col, select

from services.identity.people.accounts import NoSuchAccount
from services.identity.people.sight import Sight
from services.identity.tables import Invitation, Membership, PersonAccount

State = Literal["invited", "active", "disabled"]

_BY_ADDRESS = func.lower(col(PersonAccount.email))


def looked_through(
    engine: Engine,
    *,
    state: State | None = None,
    organisation: UUID | None = None,
    behind: UUID | None = None,
    count: int,
    sight: Sight,
) -> Sequence[PersonAccount]:
    """One page of the accounts, by e-mail address.

    Args:
        engine: the issuer's database.
        state: those in this state alone.
        organisation: those that are something to it.
        behind: the account after which to begin; its address need stand nowhere.
        count: how many at most.
        sight: whose are seen.

    Raises:
        NoSuchAccount: there is none to begin behind.
    """
    wanted = select(PersonAccount).where(sight.seen()).order_by(_BY_ADDRESS).limit(count)
    if state is not None:
        wanted = wanted.where(_stands(state, sight))
    if organisation is not None:
        wanted = wanted.where(
            exists().where(
                col(Membership.account) == col(PersonAccount.id),
                col(Membership.organisation) == organisation,
            )
        )
    with Session(engine) as session:
        if behind is not None:
            known = select(PersonAccount).where(PersonAccount.id == behind, sight.seen())
            last = session.exec(known).first()
            if last is None:
                raise NoSuchAccount
            wanted = wanted.where(last.email.lower() < _BY_ADDRESS)
        return session.exec(wanted).all()


def found_by(engine: Engine, words: str, *, count: int, sight: Sight) -> Sequence[PersonAccount]:
    """The accounts in whose name or address all of some words stand, by e-mail address.

    Args:
        engine: the issuer's database.
        words: with spaces between; capitals are as small letters.
        count: how many at most.
        sight: whose are seen.
    """
    wanted = select(PersonAccount).where(sight.seen()).order_by(_BY_ADDRESS).limit(count)
    for word in words.lower().split():
        wanted = wanted.where(
            or_(
                _BY_ADDRESS.contains(word, autoescape=True),
                func.lower(col(PersonAccount.name)).contains(word, autoescape=True),
            )
        )
    with Session(engine) as session:
        return session.exec(wanted).all()


def organisations(engine: Engine, sight: Sight) -> Mapping[UUID, str]:
    """The organisations for which anybody acts, by name; of two names the later in the alphabet."""
    named = (
        select(Membership.organisation, func.max(Membership.organisation_name).label("name"))
        .group_by(col(Membership.organisation))
        .order_by(func.max(Membership.organisation_name), col(Membership.organisation))
    )
    if sight.organisation is not None:
        named = named.where(Membership.organisation == sight.organisation)
    with Session(engine) as session:
        return dict(session.exec(named).all())


def invitations(engine: Engine, accounts: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """Until when the link holds that somebody was sent and has not taken up, by account."""
    waiting = select(Invitation.account, Invitation.expires).where(
        col(Invitation.account).in_(accounts)
    )
    with Session(engine) as session:
        return dict(session.exec(waiting).all())


def _stands(state: State, sight: Sight) -> ColumnElement[bool]:
    """Whether an account is in a state.

    To an organisation's administrator whoever is locked there alone is `disabled` too.
    """
    in_state = col(PersonAccount.state) == state
    if sight.organisation is None:
        return in_state
    shut = exists().where(
        col(Membership.account) == col(PersonAccount.id),
        col(Membership.organisation) == sight.organisation,
        col(Membership.locked),
    )
    return or_(in_state, shut) if state == "disabled" else and_(in_state, ~shut)
