"""Browsers at the issuer: a random cookie, and a row that says how far its person has come."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, delete, update
from sqlmodel import col, select

from services.identity.people.secret_keys import hash_token, new_token
from services.identity.settings import IdentitySettings
from services.identity.tables import IdentitySession, PersonAccount, SignInGrant
from shared.database import UnitOfWork

HALF_WAY = timedelta(minutes=10)
"""For which a right password waits for its code."""
ENROLLING = timedelta(hours=1)
"""For which an opened invitation waits to be finished."""
_SEEN = timedelta(seconds=30)
"""How exact `seen` is, so that not every page writes."""
_MOST_COOKIE = 100


@dataclass(frozen=True)
class Present:
    """Somebody at a browser.

    Attributes:
        cookie: the session's token.
        session: as it stands.
        account: whose.
    """

    cookie: str
    session: IdentitySession
    account: PersonAccount

    @property
    def signed_in(self) -> bool:
        """Whether both factors were right."""
        return self.session.stage == "signed-in"


class Sessions:
    """Begins, finds and ends sessions.

    Args:
        engine: the issuer's database.
        settings: say for how long they last.
    """

    def __init__(self, engine: Engine, settings: IdentitySettings) -> None:
        self._engine = engine
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._longest = timedelta(hours=settings.session_hours)

    def begin(
        self, uow: UnitOfWork, account: PersonAccount, stage: str, lasts: timedelta, **values: Any
    ) -> str:
        """Begin one; the caller commits.

        Args:
            uow: the transaction.
            account: whose.
            stage: see `IdentitySession`.
            lasts: until it ends in any case.
            values: more of its columns.

        Returns:
            The cookie's value.
        """
        token, now = new_token(), datetime.now(UTC)
        uow.session.add(
            IdentitySession(
                token_hash=hash_token(token),
                account=account.id,
                generation=account.generation,
                stage=stage,
                seen=now,
                expires=now + lasts,
                **values,
            )
        )
        uow.session.flush()
        return token

    def signed_in(self, uow: UnitOfWork, before: Present, account: PersonAccount) -> str:
        """The session of somebody who has just proved both factors, in place of the one before.

        It has a new cookie, so that nobody who knew the one before gets in with it.
        """
        self._delete(uow, before.session.id)
        return self.begin(
            uow,
            account,
            "signed-in",
            self._longest,
            asked=before.session.asked,
            signed_in=datetime.now(UTC),
        )

    def find(self, cookie: str) -> Present | None:
        """Whose browser it is; None where the session is over, for whatever reason."""
        if not cookie or len(cookie) > _MOST_COOKIE:
            return None
        now = datetime.now(UTC)
        wanted = (
            select(IdentitySession, PersonAccount)
            .where(col(IdentitySession.account) == col(PersonAccount.id))
            .where(
                col(IdentitySession.token_hash) == hash_token(cookie),
                col(IdentitySession.generation) == col(PersonAccount.generation),
                col(IdentitySession.expires) > now,
                col(IdentitySession.seen) > now - self._idle,
                col(PersonAccount.state) != "disabled",
            )
        )
        with UnitOfWork(self._engine) as uow:
            row = uow.session.exec(wanted).first()
            if row is None:
                return None
            session, account = row
            if session.stage in ("password", "link", "signed-in") and account.state != "active":
                return None
            uow.session.expunge_all()
            if session.seen < now - _SEEN:
                self.change(uow, session.id, seen=now)
                uow.commit()
        return Present(cookie, session, account)

    def change(self, uow: UnitOfWork, session: UUID, **values: Any) -> None:
        """Write columns of one."""
        changed = update(IdentitySession).where(col(IdentitySession.id) == session)
        uow.session.connection().execute(changed.values(**values))

    def end(self, present: Present) -> None:
        """Sign out of this browser: its session, and all that clients got by it."""
        with UnitOfWork(self._engine) as uow:
            ended = (
                update(SignInGrant)
                .where(
                    col(SignInGrant.session) == present.session.id,
                    col(SignInGrant.ended).is_(None),
                )
                .values(ended=datetime.now(UTC))
            )
            uow.session.connection().execute(ended)
            self._delete(uow, present.session.id)
            uow.commit()

    def _delete(self, uow: UnitOfWork, session: UUID) -> None:
        gone = delete(IdentitySession).where(col(IdentitySession.id) == session)
        uow.session.connection().execute(gone)
