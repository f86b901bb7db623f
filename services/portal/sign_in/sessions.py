"""Sessions of browsers: a secret in a cookie, everything else in the portal's database."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Connection, Engine, Row, delete, insert, or_, select, update

from services.portal.form_key import form_key, is_form_key
from services.portal.sign_in.half_typed import as_kept, forms_in
from services.portal.sign_in.issuer import Granted, Issuer, IssuerUnreachable, SignInRefused
from services.portal.sign_in.whose import Whose
from services.portal.tables import web_session

RENEWED_BEFORE = timedelta(seconds=60)
"""How long before an access token ends it is renewed."""

RENEWING = timedelta(seconds=15)
"""After which another request takes over a renewal that nobody finished."""

MOST_KEPT = 4
"""Forms of which a session keeps what was typed."""

LOOKED_AT = timedelta(minutes=1)
"""How often it is written down that a session is used."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class SignedIn:
    """Who uses a browser.

    Attributes:
        secret: of the browser's cookie.
        granted: what the issuer gave.
        mark: of the account, in each form; see `whose`.
        left: how long it lasts at most, however much it is used.
    """

    secret: str
    granted: Granted
    mark: str = ""
    left: timedelta | None = None

    @property
    def fingerprint(self) -> bytes:
        """By which the portal's database knows the session."""
        return _fingerprint(self.secret)

    @property
    def key(self) -> str:
        """Goes with every form: see `form_key`, and `whose` for the mark of the account."""
        return f"{form_key(self.secret)}.{self.mark}"

    @property
    def number(self) -> str:
        """Of a form, another one each time that it is shown; see `once`."""
        return secrets.token_urlsafe(12)

    @property
    def works_here(self) -> bool:
        """Whether there are pages for what they are."""
        return not {"provider", "coordinator", "link-worker"}.isdisjoint(self.granted.roles)

    def sent(self, key: object) -> bool:
        """Whether a form with this key was on one of this session's pages."""
        return isinstance(key, str) and is_form_key(key.partition(".")[0], self.secret)


class Sessions:
    """Begins, finds, renews and ends sessions.

    Args:
        engine: of the portal's database.
        issuer: renews the tokens.
        cipher: of the tokens at rest.
        whose: marks the forms of an account.
        idle: after which a session that nobody used has ended.
        longest: after which it has ended in any case.
        clock: tells the time.
    """

    def __init__(
        self,
        engine: Engine,
        issuer: Issuer,
        cipher: MultiFernet,
        whose: Whose,
        *,
        idle: timedelta,
        longest: timedelta,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._issuer = issuer
        self._cipher = cipher
        self._whose = whose
        self._idle = idle
        self._longest = longest
        self._clock = clock

    def begin(self, granted: Granted, before: str = "") -> str:
        """A new session in place of what the browser had before; the secret for its cookie."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        with self._engine.begin() as connection:
            connection.execute(
                delete(web_session).where(web_session.c.fingerprint == _fingerprint(before))
            )
            connection.execute(
                insert(web_session).values(
                    fingerprint=_fingerprint(secret),
                    account=granted.account,
                    tokens=self._sealed(granted),
                    good_until=granted.good_until,
                    began=now,
                    seen=now,
                    ends=now + self._longest,
                )
            )
        return secret

    def of(self, secret: str, *, used: bool = True) -> SignedIn | None:
        """Who is signed in in the browser with this cookie; None when nobody is any more.

        Args:
            secret: of the cookie.
            used: whether somebody uses the session now, and it goes on for that.

        Raises:
            IssuerUnreachable: the access token has ended and cannot be renewed just now.
        """
        fingerprint = _fingerprint(secret)
        row = self._found(fingerprint, used=used)
        if row is None:
            return None
        try:
            granted = self._opened(row.tokens)
        except InvalidToken:  # its key was taken out of the settings
            return None
        if row.good_until - self._clock() <= RENEWED_BEFORE:
            renewed = self._renewed(fingerprint, granted)
            if renewed is None:
                return None
            granted = renewed
        left = row.ends - self._clock()
        return SignedIn(secret, granted, self._whose.mark(granted.account), left)

    def keep(self, secret: str, page: str, typed: Mapping[str, Any]) -> None:
        """Keep what was typed into a form, for the pages that follow it.

        Args:
            secret: of the browser's cookie.
            page: the form's address; what was typed there before is replaced.
            typed: what was typed.
        """
        this = web_session.c.fingerprint == _fingerprint(secret)
        sealed = self._cipher.encrypt(orjson.dumps(dict(typed))).decode()
        with self._engine.begin() as connection:
            asked = select(web_session.c.kept).where(this).with_for_update()
            before = forms_in(connection.execute(asked).scalar())
            before.pop(page, None)
            newest = dict([*before.items(), (page, sealed)][-MOST_KEPT:])
            connection.execute(update(web_session).where(this).values(kept=as_kept(newest)))

    def kept(self, secret: str, page: str) -> dict[str, Any] | None:
        """What was typed into a form last; None when nothing is kept of it any more."""
        this = web_session.c.fingerprint == _fingerprint(secret)
        with self._engine.connect() as connection:
            forms = forms_in(connection.execute(select(web_session.c.kept).where(this)).scalar())
        if page not in forms:
            return None
        try:
            found: dict[str, Any] = orjson.loads(self._cipher.decrypt(forms[page]))
        except InvalidToken:
            return None
        return found

    def end(self, secret: str) -> Granted | None:
        """End a session; what was granted to it, so that it can be ended at the issuer too."""
        ended = delete(web_session).where(web_session.c.fingerprint == _fingerprint(secret))
        with self._engine.begin() as connection:
            tokens = connection.execute(ended.returning(web_session.c.tokens)).scalar()
        return None if tokens is None else self._opened(tokens)

    def ask_anew(self, account: str) -> None:
        """Have each session of an account ask the issuer before it goes on.

        Whoever signs out everywhere, because a phone was stolen, is out of every browser at its
        next click, and not once an access token ends. A session that was not ended goes on.

        Args:
            account: the `sub` of whose they are.
        """
        now = self._clock()
        mine = update(web_session).where(web_session.c.account == account)
        with self._engine.begin() as connection:
            connection.execute(mine.where(web_session.c.good_until > now).values(good_until=now))

    def ask_anew_of(self, secret: str) -> None:
        """The same for whoever has the session of this cookie."""
        this = select(web_session.c.account).where(
            web_session.c.fingerprint == _fingerprint(secret)
        )
        with self._engine.connect() as connection:
            account = connection.execute(this).scalar()
        if account is not None:
            self.ask_anew(account)

    def _found(self, fingerprint: bytes, *, used: bool = True) -> Row[Any, Any, Any, Any] | None:
        """The session, with its use noted."""
        now = self._clock()
        holds = (
            web_session.c.fingerprint == fingerprint,
            web_session.c.ends > now,
            web_session.c.seen > now - self._idle,
        )
        columns = (
            web_session.c.tokens,
            web_session.c.good_until,
            web_session.c.seen,
            web_session.c.ends,
        )
        with self._engine.begin() as connection:
            row = connection.execute(select(*columns).where(*holds)).one_or_none()
            if used and row is not None and row.seen < now - LOOKED_AT:
                connection.execute(update(web_session).where(*holds).values(seen=now))
        return row

    def _renewed(self, fingerprint: bytes, granted: Granted) -> Granted | None:
        """The session's tokens after their renewal, whoever of several requests makes it.

        A refresh token is good once, and a second use ends the sign-in, so one request asks and
        the others go on with the tokens they have, or wait where those have ended.
        """
        deadline = time.monotonic() + RENEWING.total_seconds()
        while True:
            if self._may_renew(fingerprint):
                return self._renew(fingerprint, granted)
            if granted.good_until > self._clock():
                return granted
            row = self._found(fingerprint)
            if row is None:
                return None
            granted = self._opened(row.tokens)
            if granted.good_until > self._clock():
                return granted
            if time.monotonic() > deadline:
                raise IssuerUnreachable
            time.sleep(0.05)

    def _may_renew(self, fingerprint: bytes) -> bool:
        now = self._clock()
        mine = (
            update(web_session)
            .where(
                web_session.c.fingerprint == fingerprint,
                web_session.c.good_until <= now + RENEWED_BEFORE,
                or_(web_session.c.renewing.is_(None), web_session.c.renewing < now - RENEWING),
            )
            .values(renewing=now)
        )
        with self._engine.begin() as connection:
            return connection.execute(mine).rowcount == 1

    def _renew(self, fingerprint: bytes, granted: Granted) -> Granted | None:
        this = web_session.c.fingerprint == fingerprint
        try:
            renewed = self._issuer.renew(granted)
        except SignInRefused:
            with self._engine.begin() as connection:
                connection.execute(delete(web_session).where(this))
            return None
        except IssuerUnreachable:
            if granted.good_until > self._clock():
                return granted
            with self._engine.begin() as connection:
                connection.execute(update(web_session).where(this).values(renewing=None))
            raise
        with self._engine.begin() as connection:
            self._keep(connection, fingerprint, renewed)
        return renewed

    def _keep(self, connection: Connection, fingerprint: bytes, granted: Granted) -> None:
        connection.execute(
            update(web_session)
            .where(web_session.c.fingerprint == fingerprint)
            .values(tokens=self._sealed(granted), good_until=granted.good_until, renewing=None)
        )

    def _sealed(self, granted: Granted) -> str:
        return self._cipher.encrypt(orjson.dumps(asdict(granted))).decode()

    def _opened(self, tokens: str) -> Granted:
        told = orjson.loads(self._cipher.decrypt(tokens))
        return Granted(
            **told
            | {
                "roles": tuple(told["roles"]),
                "good_until": datetime.fromisoformat(told["good_until"]),
            }
        )


def _fingerprint(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
