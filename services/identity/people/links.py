"""Signing in without a password: a link by e-mail stands for it, and the code comes after as ever.

Only for whoever works for providers and nothing else: they come seldom, and forget passwords. A
mailbox alone opens nothing. What answers whoever asks is the same for every address, and so is the
work before the answer; the mail goes after it.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.policy import SMTP as SMTP_POLICY
from uuid import uuid4

import structlog
from sqlalchemy import Engine, delete, func
from sqlmodel import col, select

from services.identity.people import roles
from services.identity.people.known_browsers import KnownBrowsers
from services.identity.people.locking import Tries
from services.identity.people.secret_keys import SecretKeys, hash_token, new_token
from services.identity.people.sessions import HALF_WAY, Sessions
from services.identity.people.signing_in import Where
from services.identity.settings import IdentitySettings
from services.identity.tables import Membership, PersonAccount, SignInLink
from shared.database import UnitOfWork
from shared.delivery import Undelivered
from shared.mail import Composer, Post, Written, mail_address, post_of

log = structlog.get_logger(__name__)

LASTS = timedelta(minutes=15)
"""For which a link works: mails of small groups' providers are slow at times."""


class LinkOver(Exception):
    """The link was used, is too old, or is none."""


class Links:
    """Sends links, and begins sessions by them.

    Args:
        engine: the issuer's database.
        settings: say how mails go, and where the issuer is.
        keys: make fingerprints.
        sessions: of browsers.
        post: where mails go; by default as the settings say.
    """

    def __init__(
        self,
        engine: Engine,
        settings: IdentitySettings,
        keys: SecretKeys,
        sessions: Sessions,
        post: Post | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._keys = keys
        self._sessions = sessions
        self._tries = Tries(engine, keys)
        self._known = KnownBrowsers(keys)
        self._post = post or post_of(settings)
        self._composer = Composer(sender=settings.mail_from, brand=settings.brand)
        self._sending = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sign-in-links")
        self.offered = bool(settings.smtp_host) or settings.environment != "production"
        """Whether a link would arrive: production without a mail server sends none."""

    def ask(self, email: str, cookie: str, where: Where, asked: Mapping[str, str] | None) -> None:
        """Send a link to whoever may sign in by one; nothing tells whether that is so.

        Args:
            email: what was typed.
            cookie: of the browser that asks: only there the client's request goes on.
            where: from where.
            asked: the authorization request that began it.

        Raises:
            Locked: too many were asked for.
        """
        self._tries.begin_link(email, where.address, mark=self._known.mark(where.marks, email))
        token, browser = new_token(), self._keys.fingerprint("link asked in", cookie)
        with UnitOfWork(self._engine) as uow:
            account = self._able(uow, email)
            to = account.email if account else ""
            if account is not None:
                row = SignInLink(
                    token_hash=hash_token(token),
                    account=account.id,
                    generation=account.generation,
                    browser=browser,
                    asked=dict(asked) if asked else None,
                    expires=datetime.now(UTC) + LASTS,
                )
                uow.session.add(row)
            else:
                self._tries.touch_link(uow, email)  # as long as a row takes to be durable
            uow.commit()
        if to and self.offered:
            self._sending.submit(self._send, to, token)

    def stands(self, token: str) -> bool:
        """Whether a link can be used; looking at it does not use it up, for scanners look too."""
        wanted = select(SignInLink.account).where(
            col(SignInLink.token_hash) == hash_token(token),
            col(SignInLink.expires) > datetime.now(UTC),
        )
        with UnitOfWork(self._engine) as uow:
            return uow.session.exec(wanted).first() is not None

    def use(self, token: str, cookie: str) -> str:
        """Use up a link, and every other one of its account.

        Args:
            token: the link's.
            cookie: of the browser in which it is used.

        Returns:
            The cookie of a session that waits for the second factor.

        Raises:
            LinkOver: it opens nothing, or no longer.
        """
        with UnitOfWork(self._engine) as uow:
            wanted = (
                select(SignInLink, PersonAccount)
                .where(col(SignInLink.account) == col(PersonAccount.id))
                .where(
                    col(SignInLink.token_hash) == hash_token(token),
                    col(SignInLink.expires) > datetime.now(UTC),
                    col(SignInLink.generation) == col(PersonAccount.generation),
                    col(PersonAccount.state) == "active",
                )
                .with_for_update()
            )
            found = uow.session.exec(wanted).first()
            if found is None or not _by_link(uow, found[1]):
                raise LinkOver
            link, account = found
            here = self._keys.is_fingerprint(link.browser, "link asked in", cookie)
            asked = link.asked if here else None
            gone = delete(SignInLink).where(col(SignInLink.account) == account.id)
            uow.session.connection().execute(gone)
            begun = self._sessions.begin(uow, account, "link", HALF_WAY, asked=asked)
            uow.commit()
        return begun

    def close(self) -> None:
        """Let what is being sent go out."""
        self._sending.shutdown(wait=True)

    def _able(self, uow: UnitOfWork, email: str) -> PersonAccount | None:
        address = mail_address(email) or ""
        same = func.lower(col(PersonAccount.email)) == address.lower()
        account = uow.session.exec(select(PersonAccount).where(same)).first()
        able = account is not None and account.state == "active"
        if account is None or not able or not _by_link(uow, account):
            return None
        barred = account.demo and self._settings.environment == "production"
        return None if barred else account

    def _send(self, email: str, token: str) -> None:
        settings, minutes = self._settings, int(LASTS.total_seconds() // 60)
        written = Written(
            subject=f"Your link to sign in to {settings.brand}",
            paragraphs=(
                (
                    f"Open the link to sign in. It works once, for {minutes} minutes. You need the"
                    " code of your app too."
                ),
                (
                    "If you did not ask for it, you need not do anything. Nobody can sign in with"
                    " this message alone. Do not send it on."
                ),
            ),
            link="Sign in",
            url=f"{settings.issuer}/sign-in/link/{token}",
        )
        message = self._composer.composed(uuid4(), written, email)
        try:
            self._post.post(settings.mail_from, email, message.as_bytes(policy=SMTP_POLICY))
            log.info("sign_in_link.sent")
        except (Undelivered, OSError) as error:
            log.warning("sign_in_link.not_sent", why=type(error).__name__)
        finally:
            self._post.rest()


def _by_link(uow: UnitOfWork, account: PersonAccount) -> bool:
    held = select(Membership.role).where(col(Membership.account) == account.id)
    return roles.by_link(uow.session.exec(held).all())
