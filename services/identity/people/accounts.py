"""Accounts as an administrator keeps them. The caller commits.

Whatever narrows what somebody may do raises the account's generation: sessions, refresh tokens and
access tokens that were given before hold no longer (see `issued`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, delete, exists, false, func, update
from sqlmodel import Session, col, select

from services.identity.people import roles
from services.identity.people.secret_keys import hash_token, new_token
from services.identity.people.sight import Sight
from services.identity.tables import AccountAct, Invitation, Membership, PersonAccount, SignIn
from shared.database import UnitOfWork
from shared.mail import mail_address

MOST_NAME = 120


class NoSuchAccount(LookupError):
    """There is no such account."""


class AccountRefused(ValueError):
    """What cannot be done with an account; the message says what to change.

    Args:
        words: the message.
        element: the member at fault.
    """

    def __init__(self, words: str, element: str) -> None:
        super().__init__(words)
        self.element = element


@dataclass(frozen=True)
class Place:
    """An organisation for which somebody acts.

    Attributes:
        organisation: its id; the party of access rows.
        name: by which its people know it.
    """

    organisation: UUID
    name: str


@dataclass(frozen=True)
class Newcomer:
    """Somebody to be invited.

    Attributes:
        email: where the invitation goes, and with what they sign in.
        name: as others know them.
        place: the organisation.
        roles: what they are to it.
    """

    email: str
    name: str
    place: Place
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Invited:
    """An invitation that is to be sent.

    Attributes:
        account: whose.
        email: where to.
        token: the link's; nobody can read it again.
    """

    account: UUID
    email: str
    token: str


def invite(uow: UnitOfWork, newcomer: Newcomer, *, by: str, hours: int) -> Invited:
    """Make an account, which can do nothing until its person has taken up the invitation.

    Args:
        uow: the transaction.
        newcomer: who it is.
        by: who decided it.
        hours: for which the link works.

    Raises:
        AccountRefused: the address is none, or has an account; a role that cannot be held.
    """
    email = mail_address(newcomer.email)
    if email is None:
        raise AccountRefused("this is no e-mail address", "email")
    if _by_email(uow, email) is not None:
        raise AccountRefused("there is an account with this address already", "email")
    account = PersonAccount(email=email, name=_named(newcomer.name, "name"))
    uow.session.add(account)
    uow.session.flush()
    _place(uow, account, newcomer.place, newcomer.roles)
    note(uow, account.id, "invited", by=by, detail=" ".join(newcomer.roles))
    return _inviting(uow, account, hours)


def invite_again(uow: UnitOfWork, account: UUID, *, by: str, hours: int) -> Invited:
    """A new link, by which a password and second factor are set anew; links before it end.

    Until it is taken up, the account goes on as it is: else anybody's request could lock it.

    Raises:
        NoSuchAccount: there is none.
        AccountRefused: it is disabled.
    """
    row = locked(uow, account)
    if row.state == "disabled":
        raise AccountRefused("the account is disabled: enable it first", "state")
    if row.demo:
        raise AccountRefused("this is a demo account, whose password is public", "demo")
    note(uow, row.id, "invited-again", by=by)
    return _inviting(uow, row, hours)


def change_roles(
    uow: UnitOfWork, account: UUID, place: Place, names: Iterable[str], *, by: str
) -> None:
    """What somebody is to one organisation from now on; nothing, if no role is named.

    Where they are locked for it, they stay so.

    Raises:
        NoSuchAccount: there is none.
        AccountRefused: a role that cannot be held.
    """
    row = locked(uow, account)
    given = tuple(dict.fromkeys(names))
    there = (
        col(Membership.account) == account,
        col(Membership.organisation) == place.organisation,
    )
    shut = uow.session.exec(select(Membership.locked).where(*there)).first() or False
    uow.session.connection().execute(delete(Membership).where(*there))
    uow.session.expire_all()
    _place(uow, row, place, given, shut=shut)
    row.generation += 1
    uow.session.flush()
    note(uow, account, "roles", by=by, detail=at(place.organisation) + (" ".join(given) or "none"))


def disable(uow: UnitOfWork, account: UUID, *, by: str) -> None:
    """Let somebody sign in no more, and end all that they are signed in to.

    Raises:
        NoSuchAccount: there is none.
    """
    row = locked(uow, account)
    if row.state != "disabled":
        row.state = "disabled"
        row.generation += 1
        _withdraw_invitations(uow, account)
        uow.session.flush()
        note(uow, account, "disabled", by=by)


def enable(uow: UnitOfWork, account: UUID, *, by: str) -> None:
    """Let somebody sign in again, with the password and second factor that they had.

    They act for all their organisations then, also for one that had locked them.

    Raises:
        NoSuchAccount: there is none.
    """
    row = locked(uow, account)
    shut = uow.session.connection().execute(
        update(Membership)
        .where(col(Membership.account) == account, col(Membership.locked))
        .values(locked=False)
    )
    if row.state == "disabled" or shut.rowcount:
        if row.state == "disabled":
            row.state = "active" if row.totp_secret else "invited"
        uow.session.flush()
        note(uow, account, "enabled", by=by)


def sign_out(uow: UnitOfWork, account: UUID, *, by: str) -> None:
    """End all that somebody is signed in to, in every browser and client.

    Raises:
        NoSuchAccount: there is none.
    """
    row = locked(uow, account)
    row.generation += 1
    uow.session.flush()
    note(uow, account, "signed-out", by=by)


def listed(engine: Engine, *, after: str = "", count: int, sight: Sight) -> Sequence[PersonAccount]:
    """The accounts by e-mail address.

    Args:
        engine: the issuer's database.
        after: the address after which to begin.
        count: how many at most.
        sight: whose are seen.
    """
    key = func.lower(col(PersonAccount.email))
    wanted = select(PersonAccount).where(key > after.lower(), sight.seen())
    wanted = wanted.order_by(key).limit(count)
    with Session(engine) as session:
        return session.exec(wanted).all()


def one(engine: Engine, account: UUID, sight: Sight) -> PersonAccount:
    """One account.

    Raises:
        NoSuchAccount: there is none that is seen.
    """
    wanted = select(PersonAccount).where(PersonAccount.id == account, sight.seen())
    with Session(engine) as session:
        row = session.exec(wanted).first()
    if row is None:
        raise NoSuchAccount
    return row


def found(engine: Engine, email: str) -> PersonAccount:
    """The account with that e-mail address.

    Raises:
        NoSuchAccount: there is none.
    """
    address = mail_address(email)
    with UnitOfWork(engine) as uow:
        row = _by_email(uow, address) if address else None
    if row is None:
        raise NoSuchAccount
    return row


def names(engine: Engine, wanted: Sequence[UUID]) -> dict[UUID, str]:
    """The names of people by the ids of their accounts; disabled ones too, since records stay."""
    found = select(PersonAccount.id, PersonAccount.name).where(col(PersonAccount.id).in_(wanted))
    with Session(engine) as session:
        return dict(session.exec(found).all())


def colleagues(engine: Engine, organisation: UUID) -> dict[UUID, tuple[str, list[str]]]:
    """Those who may act for an organisation now: by account their name and roles there."""
    found = (
        select(PersonAccount.id, PersonAccount.name, Membership.role)
        .join(Membership, col(Membership.account) == col(PersonAccount.id))
        .where(
            Membership.organisation == organisation,
            col(Membership.locked) == false(),
            PersonAccount.state == "active",
        )
        .order_by(col(PersonAccount.name), col(PersonAccount.id), col(Membership.role))
    )
    told: dict[UUID, tuple[str, list[str]]] = {}
    with Session(engine) as session:
        for account, name, role in session.exec(found):
            told.setdefault(account, (name, []))[1].append(role)
    return told


@dataclass(frozen=True)
class Staff:
    """How many can sign in for an organisation.

    Attributes:
        active: who have set up their sign-in.
        invited: who have not yet.
        since: when the first of them was invited.
    """

    active: int
    invited: int
    since: datetime | None


def staff_of(engine: Engine, organisation: UUID) -> Staff:
    """How many can sign in for an organisation, without who they are."""
    those = exists().where(
        col(Membership.account) == col(PersonAccount.id),
        col(Membership.organisation) == organisation,
        col(Membership.locked) == false(),
    )
    counted = select(
        func.count().filter(col(PersonAccount.state) == "active"),
        func.count().filter(col(PersonAccount.state) == "invited"),
        func.min(col(PersonAccount.created)).filter(col(PersonAccount.state) != "disabled"),
    ).where(those)
    with Session(engine) as session:
        return Staff(*session.exec(counted).one())


def memberships(engine: Engine, accounts: Sequence[UUID]) -> dict[UUID, list[Membership]]:
    """What people are to which organisations."""
    wanted = (
        select(Membership)
        .where(col(Membership.account).in_(accounts))
        .order_by(col(Membership.organisation_name), col(Membership.role))
    )
    told: dict[UUID, list[Membership]] = {each: [] for each in accounts}
    with Session(engine) as session:
        for row in session.exec(wanted):
            told[row.account].append(row)
    return told


def sign_ins(engine: Engine, account: UUID, *, count: int = 50) -> Sequence[SignIn]:
    """The latest sign-ins and tries, newest first."""
    wanted = (
        select(SignIn)
        .where(col(SignIn.account) == account)
        .order_by(col(SignIn.id).desc())
        .limit(count)
    )
    with Session(engine) as session:
        return session.exec(wanted).all()


def acts(engine: Engine, account: UUID, *, count: int = 50) -> Sequence[AccountAct]:
    """What was done with an account, newest first."""
    wanted = (
        select(AccountAct)
        .where(col(AccountAct.account) == account)
        .order_by(col(AccountAct.id).desc())
        .limit(count)
    )
    with Session(engine) as session:
        return session.exec(wanted).all()


def active_demo_accounts(engine: Engine) -> Sequence[str]:
    """The demo accounts that could sign in, by address."""
    wanted = (
        select(PersonAccount.email)
        .where(col(PersonAccount.demo), col(PersonAccount.state) != "disabled")
        .order_by(PersonAccount.email)
    )
    with Session(engine) as session:
        return session.exec(wanted).all()


def locked(uow: UnitOfWork, account: UUID) -> PersonAccount:
    """An account, held until the transaction ends.

    Raises:
        NoSuchAccount: there is none.
    """
    row = uow.session.get(PersonAccount, account, with_for_update=True)
    if row is None:
        raise NoSuchAccount
    return row


def note(uow: UnitOfWork, account: UUID, act: str, *, by: str, detail: str = "") -> None:
    """Keep what was done with an account, and by whom."""
    uow.session.add(AccountAct(account=account, act=act, by=by, detail=detail))


def at(organisation: UUID) -> str:
    """How the detail of an act begins that is about one organisation."""
    return f"{organisation}: "


def _by_email(uow: UnitOfWork, email: str) -> PersonAccount | None:
    wanted = select(PersonAccount).where(func.lower(col(PersonAccount.email)) == email.lower())
    return uow.session.exec(wanted).first()


def _named(name: str, element: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > MOST_NAME or not plain.isprintable():
        raise AccountRefused(f"a name has 1 to {MOST_NAME} letters", element)
    return plain


def _place(
    uow: UnitOfWork,
    account: PersonAccount,
    place: Place,
    names: Sequence[str],
    *,
    shut: bool = False,
) -> None:
    name = _named(place.name, "organisation_name") if names else ""
    for role in dict.fromkeys(names):
        uow.session.add(
            Membership(
                account=account.id,
                organisation=place.organisation,
                organisation_name=name,
                role=role,
                locked=shut,
            )
        )
    held = select(Membership.role).where(col(Membership.account) == account.id)
    try:
        roles.check([*uow.session.exec(held), *names])
    except roles.NoSuchRole as error:
        raise AccountRefused(str(error), "roles") from error


def _inviting(uow: UnitOfWork, account: PersonAccount, hours: int) -> Invited:
    _withdraw_invitations(uow, account.id)
    token = new_token()
    uow.session.add(
        Invitation(
            token_hash=hash_token(token),
            account=account.id,
            expires=datetime.now(UTC) + timedelta(hours=hours),
        )
    )
    uow.session.flush()
    return Invited(account.id, account.email, token)


def _withdraw_invitations(uow: UnitOfWork, account: UUID) -> None:
    uow.session.connection().execute(delete(Invitation).where(col(Invitation.account) == account))
