"""What the administrator of one organisation may do with its people, and no further.

An account may be of several organisations. What is done here touches what somebody is to this one;
what would reach into another (a new password and second factor) is refused. The caller commits.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine, func, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.identity.people import accounts, roles
from services.identity.people.accounts import AccountRefused, Newcomer, NoSuchAccount, Place
from services.identity.people.sight import Sight
from services.identity.tables import AccountAct, Membership, PersonAccount, SignInGrant
from shared.database import UnitOfWork
from shared.mail import mail_address


class NoSuchOrganisation(LookupError):
    """There is no such organisation, for whoever asks."""


def check_seen(uow: UnitOfWork, sight: Sight, account: UUID) -> None:
    """Hold an account until the transaction ends.

    Raises:
        NoSuchAccount: there is none that this administrator sees.
    """
    accounts.locked(uow, account)
    wanted = select(PersonAccount.id).where(PersonAccount.id == account, sight.seen())
    if uow.session.exec(wanted).first() is None:
        raise NoSuchAccount


def check_organisation(sight: Sight, organisation: UUID) -> None:
    """Hold an administrator to their own organisation.

    Raises:
        NoSuchOrganisation: it is another one.
    """
    if sight.organisation not in (None, organisation):
        raise NoSuchOrganisation


def check_newcomer(uow: UnitOfWork, sight: Sight, newcomer: Newcomer) -> Newcomer:
    """Somebody as this administrator may invite them.

    Raises:
        AccountRefused: a role that they may not give; somebody has the address whom they do not
            see, and who is not made one of their people without being asked.
        NoSuchOrganisation: it is another one.
    """
    if sight.organisation is None:
        return newcomer
    check_organisation(sight, newcomer.place.organisation)
    _check_given(uow, sight.organisation, newcomer.roles)
    address = (mail_address(newcomer.email) or "").lower()
    taken = select(PersonAccount.id).where(
        func.lower(col(PersonAccount.email)) == address, ~sight.seen()
    )
    if uow.session.exec(taken).first() is not None:
        words = "this address cannot be invited here: an administrator of all accounts can add it"
        raise AccountRefused(words, "email")
    place = _by_its_name(uow, newcomer.place)
    return Newcomer(newcomer.email, newcomer.name, place, newcomer.roles)


def check_roles(
    uow: UnitOfWork, sight: Sight, account: UUID, place: Place, names: Sequence[str]
) -> Place:
    """The place, where this administrator may make somebody `names` there.

    What somebody is already may be left to them or taken away, whoever gave it.

    Raises:
        AccountRefused: a role that they may not give.
        NoSuchAccount: there is none that they see.
        NoSuchOrganisation: it is another one.
    """
    check_seen(uow, sight, account)
    if sight.organisation is None:
        return place
    check_organisation(sight, place.organisation)
    wanted = select(Membership.role).where(
        Membership.account == account, Membership.organisation == place.organisation
    )
    held = uow.session.exec(wanted).all()
    _check_given(uow, sight.organisation, [each for each in names if each not in held])
    return _by_its_name(uow, place)


def check_new_link(uow: UnitOfWork, sight: Sight, account: UUID) -> None:
    """Refuse a link by which password and second factor are set anew, where it would open more than
    this organisation: with it, whoever reads this organisation's mailboxes would come in elsewhere.

    Raises:
        AccountRefused: the account is of another organisation too, or is locked here.
        NoSuchAccount: there is none that this administrator sees.
    """
    check_seen(uow, sight, account)
    if sight.organisation is None:
        return
    held = uow.session.exec(select(Membership).where(Membership.account == account)).all()
    if any(each.organisation != sight.organisation for each in held):
        words = "only an administrator of all accounts can send this person a new link"
        raise AccountRefused(words, "account")
    if any(each.locked for each in held):
        raise AccountRefused("the account is locked: unlock it first", "state")


def lock(uow: UnitOfWork, account: UUID, organisation: UUID, *, by: str) -> None:
    """Let somebody act for an organisation no more, and end what they are signed in to for it.

    They stay what they are to others.
    """
    if _set_locked(uow, account, organisation, locked=True):
        uow.session.connection().execute(
            update(SignInGrant)
            .where(
                col(SignInGrant.account) == account,
                col(SignInGrant.organisation) == organisation,
                col(SignInGrant.ended).is_(None),
            )
            .values(ended=datetime.now(UTC))
        )
        accounts.note(uow, account, "disabled-at", by=by, detail=accounts.at(organisation))


def unlock(uow: UnitOfWork, account: UUID, organisation: UUID, *, by: str) -> None:
    """Let somebody act for an organisation again.

    Raises:
        AccountRefused: the account is locked as a whole, which is not this administrator's to end.
    """
    if accounts.locked(uow, account).state == "disabled":
        words = "only an administrator of all accounts can unlock this account"
        raise AccountRefused(words, "state")
    if _set_locked(uow, account, organisation, locked=False):
        accounts.note(uow, account, "enabled-at", by=by, detail=accounts.at(organisation))


def may_give(engine: Engine, organisation: UUID) -> tuple[str, ...]:
    """The roles that the administrator of an organisation may give there."""
    with Session(engine) as session:
        return roles.given_within(session.exec(_held_at(organisation)))


def is_elsewhere(held: Iterable[Membership], sight: Sight) -> bool:
    """Whether somebody is something to an organisation that this administrator does not see."""
    return sight.organisation is not None and any(
        each.organisation != sight.organisation for each in held
    )


def told_of(acts: Sequence[AccountAct], sight: Sight, *, elsewhere: bool) -> list[AccountAct]:
    """What was done with an account, as far as it is this administrator's to know.

    What names an organisation is for that one alone; what names none may have been done for
    another, if the account is of one.
    """
    if sight.organisation is None:
        return list(acts)
    own = accounts.at(sight.organisation)
    return [
        each
        for each in acts
        if each.detail.startswith(own) or not (elsewhere or ":" in each.detail)
    ]


def _check_given(uow: UnitOfWork, organisation: UUID, given: Collection[str]) -> None:
    may = roles.given_within(uow.session.exec(_held_at(organisation)))
    for role in given:
        if role not in may:
            words = f"you may not give the role {role[:50]!r}; you may give: {', '.join(may)}"
            raise AccountRefused(words, "roles")


def _held_at(organisation: UUID) -> SelectOfScalar[str]:
    return select(Membership.role).where(Membership.organisation == organisation).distinct()


def _by_its_name(uow: UnitOfWork, place: Place) -> Place:
    """The place under the name that it has, so that nobody gives their organisation another's."""
    named = select(Membership.organisation_name).where(
        Membership.organisation == place.organisation
    )
    name = uow.session.exec(named.order_by(col(Membership.organisation_name).desc())).first()
    return Place(place.organisation, name or place.name)


def _set_locked(uow: UnitOfWork, account: UUID, organisation: UUID, *, locked: bool) -> bool:
    changed = uow.session.connection().execute(
        update(Membership)
        .where(
            col(Membership.account) == account,
            col(Membership.organisation) == organisation,
            col(Membership.locked).is_not(locked),
        )
        .values(locked=locked)
    )
    uow.session.expire_all()
    return bool(changed.rowcount)
