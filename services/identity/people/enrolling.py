"""Taking up an invitation: a password, then a second factor; only then does anything change.

Whoever may sign in by a link can do without a password.
"""

from datetime import UTC, datetime

from sqlalchemy import Engine, delete
from sqlmodel import col, select

from services.identity.people import roles
from services.identity.people.accounts import note
from services.identity.people.passwords import check_strength, hash_password
from services.identity.people.recovery import renew
from services.identity.people.second_factor import new_secret, step_of
from services.identity.people.secret_keys import SecretKeys, hash_token
from services.identity.people.sessions import ENROLLING, Present, Sessions
from services.identity.people.signing_in import Where, Wrong, record
from services.identity.tables import Invitation, Membership, PersonAccount
from shared.database import UnitOfWork


class Over(Exception):
    """The invitation was used, has expired, or was replaced by a newer one."""


class Enrolling:
    """Lets people who were invited set what they sign in with.

    Args:
        engine: the issuer's database.
        keys: encrypt second factors.
        sessions: of browsers.
        brand: may not be a password.
    """

    def __init__(self, engine: Engine, keys: SecretKeys, sessions: Sessions, *, brand: str) -> None:
        self._engine = engine
        self._keys = keys
        self._sessions = sessions
        self._brand = brand

    def opened(self, token: str) -> str:
        """A session for whoever opened an invitation's link. The invitation is not used up by it:
        scanners of mails open links too.

        Returns:
            The cookie.

        Raises:
            Over: it leads nowhere.
        """
        digest = hash_token(token)
        with UnitOfWork(self._engine) as uow:
            account = self._invited(uow, digest)
            cookie = self._sessions.begin(uow, account, "invited", ENROLLING, invitation=digest)
            uow.commit()
        return cookie

    def choose_password(self, present: Present, password: str) -> None:
        """Keep a password until the second factor is there too.

        Raises:
            Over: the invitation is.
            TooWeak: the password is.
        """
        check_strength(password, of=(present.account.email, present.account.name, self._brand))
        self._go_on(present, hash_password(password))

    def may_go_without(self, present: Present) -> bool:
        """Whether somebody may sign in by a link, and needs no password."""
        held = select(Membership.role).where(col(Membership.account) == present.account.id)
        with UnitOfWork(self._engine) as uow:
            return roles.by_link(uow.session.exec(held).all())

    def go_without(self, present: Present) -> None:
        """Keep that somebody wants no password, until the second factor is there.

        Raises:
            Over: the invitation is, or they need one.
        """
        if not self.may_go_without(present):
            raise Over
        self._go_on(present, None)

    def _go_on(self, present: Present, hashed: str | None) -> None:
        with UnitOfWork(self._engine) as uow:
            self._invited(uow, present.session.invitation or "")
            secret = present.session.totp_secret or self._keys.encrypted(new_secret())
            self._sessions.change(
                uow,
                present.session.id,
                stage="enrolling",
                password_hash=hashed,
                totp_secret=secret,
            )
            uow.commit()

    def secret(self, present: Present) -> str:
        """The secret that waits to be shared with an app."""
        return self._keys.decrypted(present.session.totp_secret or "")

    def confirm(self, present: Present, code: str, where: Where) -> str:
        """Set both factors, now that the app has shown that it knows the secret.

        All that the account was signed in to before ends, and so does the invitation. Recovery
        codes are made, to be kept by their person.

        Returns:
            The cookie of the session in which its person is signed in.

        Raises:
            Wrong: it is not the code.
            Over: the invitation is.
        """
        step = step_of(self.secret(present), code, after=None)
        if step is None:
            raise Wrong
        with UnitOfWork(self._engine) as uow:
            account = self._invited(uow, present.session.invitation or "")
            run = uow.session.connection().execute
            run(delete(Invitation).where(col(Invitation.account) == account.id))
            if present.session.password_hash is None and not self.may_go_without(present):
                raise Over
            account.password_hash = present.session.password_hash
            account.totp_secret, account.totp_step = present.session.totp_secret, step
            account.state, account.generation = "active", account.generation + 1
            renew(uow, self._keys, account)
            note(uow, account.id, "enrolled", by=str(account.id))
            record(uow, account.id, "enrolled", where)
            cookie = self._sessions.signed_in(uow, present, account)
            uow.commit()
        return cookie

    def _invited(self, uow: UnitOfWork, digest: str) -> PersonAccount:
        """The account of an invitation that can be taken up; held until the transaction ends.

        Raises:
            Over: there is none.
        """
        wanted = (
            select(PersonAccount)
            .join(Invitation, col(Invitation.account) == col(PersonAccount.id))
            .where(
                col(Invitation.token_hash) == digest,
                col(Invitation.expires) > datetime.now(UTC),
                col(PersonAccount.state) != "disabled",
            )
            .with_for_update()
        )
        account = uow.session.exec(wanted).first()
        if account is None:
            raise Over
        return account
