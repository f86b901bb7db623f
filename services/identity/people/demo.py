"""Accounts of the demo, whose passwords are public; production refuses to run with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, func
from sqlmodel import col, select

from services.identity.people.accounts import Place, note
from services.identity.people.passwords import hash_password
from services.identity.people.secret_keys import SecretKeys
from services.identity.settings import IdentitySettings
from services.identity.tables import Membership, PersonAccount
from shared.database import UnitOfWork
from shared.settings import DEMO_MARK


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who is made up.

    Attributes:
        id: of the account.
        email: with which one signs in.
        name: theirs.
        password: public, and says so by its beginning.
        secret: of the second factor; public too.
        place: the organisation.
        role: what they are to it.
    """

    id: UUID
    email: str
    name: str
    password: str
    secret: str
    place: Place
    role: str


def load_demo_people(
    engine: Engine, settings: IdentitySettings, people: Sequence[DemoPerson]
) -> None:
    """Make the accounts that are not there yet; the others are left alone.

    Args:
        engine: the issuer's database.
        settings: hold the key under which second factors are kept.
        people: who.

    Raises:
        ValueError: in production; or a password does not say that it is public.
    """
    if settings.environment == "production":
        raise ValueError("production has no demo accounts")
    keys = SecretKeys(settings)
    with UnitOfWork(engine) as uow:
        for each in people:
            if not each.password.startswith(DEMO_MARK):
                message = f"the passwords of demo accounts start with {DEMO_MARK}"
                raise ValueError(message)
            same = func.lower(col(PersonAccount.email)) == each.email.lower()
            if uow.session.exec(select(PersonAccount.id).where(same)).first() is not None:
                continue
            uow.session.add(
                PersonAccount(
                    id=each.id,
                    email=each.email,
                    name=each.name,
                    state="active",
                    password_hash=hash_password(each.password),
                    totp_secret=keys.encrypted(each.secret),
                    demo=True,
                )
            )
            uow.session.flush()
            uow.session.add(
                Membership(
                    account=each.id,
                    organisation=each.place.organisation,
                    organisation_name=each.place.name,
                    role=each.role,
                )
            )
            note(uow, each.id, "demo", by="demo")
        uow.commit()
