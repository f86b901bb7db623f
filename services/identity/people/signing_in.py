"""Signing in: a password, then a code. What is wrong is said in the same words and time to all."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import Engine, delete, func
from sqlmodel import col, select

from services.identity.people.accounts import note
from services.identity.people.known_browsers import KnownBrowsers
from services.identity.people.locking import Tries
from services.identity.people.passwords import is_right
from services.identity.people.second_factor import hash_recovery_code, step_of
from services.identity.people.secret_keys import SecretKeys
from services.identity.people.sessions import HALF_WAY, Present, Sessions
from services.identity.tables import PersonAccount, RecoveryCode, SignIn
from shared.database import UnitOfWork
from shared.mail import mail_address

log = structlog.get_logger(__name__)


class Wrong(Exception):
    """What was typed opens nothing; there is no more to tell."""


@dataclass(frozen=True)
class Where:
    """From where somebody signs in.

    Attributes:
        address: of the network.
        browser: what the browser says it is.
        marks: what it bears of who signed in there before; see `known_browsers`.
    """

    address: str
    browser: str
    marks: str = ""


class SigningIn:
    """Judges passwords and codes.

    Args:
        engine: the issuer's database.
        keys: decrypt second factors.
        sessions: begins sessions.
        admit_demo: false in production, where a password that stands in a README opens nothing.
    """

    def __init__(
        self, engine: Engine, keys: SecretKeys, sessions: Sessions, *, admit_demo: bool
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._sessions = sessions
        self._tries = Tries(engine, keys)
        self._known = KnownBrowsers(keys)
        self._admit_demo = admit_demo

    def with_password(
        self, email: str, password: str, where: Where, asked: dict[str, str] | None
    ) -> str:
        """The first factor.

        Args:
            email: what was typed.
            password: what was typed.
            where: from where.
            asked: the authorization request that began it.

        Returns:
            The cookie of a session that waits for the second factor.

        Raises:
            Wrong: it opens nothing: there is no such account, it cannot sign in, or the password is
                another. The same work is done for each.
            Locked: too many tries failed.
        """
        mark = self._known.mark(where.marks, email)
        self._tries.begin(email, where.address, mark=mark)
        account = self._found(email)
        able = account is not None and account.state == "active"
        right = is_right(password, account.password_hash if account and able else None)
        with UnitOfWork(self._engine) as uow:
            if account is None or not right:
                if account is not None:
                    _record(uow, account.id, "refused", where)
                else:
                    self._tries.touch(
                        uow, email, mark=mark
                    )  # as long as a record takes to be durable
                uow.commit()
                log.info("sign_in.refused", factor="password")
                raise Wrong
            cookie = self._sessions.begin(uow, account, "password", HALF_WAY, asked=asked)
            uow.commit()
        self._tries.right_password(where.address, mark=mark)
        return cookie

    def with_code(self, present: Present, code: str, where: Where) -> str:
        """The second factor: a code of the app, or one of those for recovery.

        Returns:
            The cookie of the session in which its person is signed in.

        Raises:
            Wrong: it is not the code, or it was used before.
            Locked: too many tries failed.
        """
        email = present.account.email
        mark = self._known.mark(where.marks, email)
        self._tries.begin(email, mark=mark)
        with UnitOfWork(self._engine) as uow:
            account = uow.session.get(PersonAccount, present.account.id, with_for_update=True)
            how = self._by_code(uow, account, code) if account else None
            if how == "signed-in" and present.session.stage == "link":
                how = "by-link"
            current = account is not None and account.generation == present.session.generation
            if account is None or how is None or not current or account.state != "active":
                _record(uow, present.account.id, "wrong-code", where)
                uow.commit()
                log.info("sign_in.refused", factor="code", account=str(present.account.id))
                raise Wrong
            _record(uow, account.id, how, where)
            cookie = self._sessions.signed_in(uow, present, account)
            uow.commit()
        self._tries.succeeded(email, mark=mark)
        log.info("sign_in.done", account=str(present.account.id))
        return cookie

    def marked(self, where: Where, email: str) -> str:
        """What a browser bears from now on, in which somebody signed in; see `known_browsers`."""
        return self._known.marked(where.marks, email)

    def _by_code(self, uow: UnitOfWork, account: PersonAccount, code: str) -> str | None:
        """How the code proves who it is, and that it is used up now; None where it does not."""
        secret = self._keys.decrypted(account.totp_secret) if account.totp_secret else None
        step = step_of(secret, code, after=account.totp_step) if secret else None
        if step is not None:
            account.totp_step = step
            uow.session.flush()
            return "signed-in"
        used = delete(RecoveryCode).where(
            col(RecoveryCode.account) == account.id,
            col(RecoveryCode.code_hash) == hash_recovery_code(code),
        )
        if uow.session.connection().execute(used).rowcount:
            note(uow, account.id, "recovery-code", by=str(account.id))
            return "recovery-code"
        return None

    def _found(self, email: str) -> PersonAccount | None:
        address = mail_address(email) or ""
        wanted = select(PersonAccount).where(
            func.lower(col(PersonAccount.email)) == address.lower()
        )
        with UnitOfWork(self._engine) as uow:
            row = uow.session.exec(wanted).first()
            if row is not None:
                uow.session.expunge(row)
        return row if row is not None and (self._admit_demo or not row.demo) else None


def _record(uow: UnitOfWork, account: UUID, outcome: str, where: Where) -> None:
    browser = "".join(sign for sign in where.browser if sign.isprintable())[:200]
    uow.session.add(
        SignIn(account=account, outcome=outcome, address=where.address[:64], browser=browser)
    )
    uow.session.flush()


record = _record
"""Keeps that somebody signed in, or tried to."""
