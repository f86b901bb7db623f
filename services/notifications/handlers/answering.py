"""Answer links: opened, and put to one Task's request and nothing else (design 8, care 6).

Nothing here calls another service: each function is one transaction, and what must be asked of
referrals is asked between them.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, func, select
from sqlmodel import col

from services.notifications.channels.registry import BY_MEANS
from services.notifications.domain import (
    MOST_CODES_PER_HOUR,
    MOST_TRIES_PER_CODE,
    MOST_WRONG_CODES_PER_LINK,
    RULES,
    Kind,
    is_code,
    plain_code,
)
from services.notifications.handlers.cases import add
from services.notifications.keys import Keys, fingerprint
from services.notifications.notice import Notice
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import (
    CONTACT_CHANGED,
    AnswerLink,
    AnswerSession,
    Contact,
    IdentityCode,
)
from shared.database import UnitOfWork
from shared.messaging.events import ReferralClosed
from shared.worker import Wake


class Refused(Exception):
    """A link, session or code that does not work.

    Args:
        reason: `unknown-link`, `expired-link`, `closed-link`, `moved-link`, `completed-link`,
            `no-session`, `not-identified`, `not-available`, `not-verified`, `too-many-codes`,
            `malformed-code`, `no-code`, `wrong-code` or `locked`; of a link of the weekly message
            `old-answer`, `used-answer` or `closed-answer`; of the link in a message to a person
            `old-visit` or `closed-visit`; of one that ends a kind of message `closed-mute`.
        left: tries left, where a code was wrong.
        closed: the Task whose link closed with its case, and may have ended well before.
    """

    def __init__(self, reason: str, *, left: int | None = None, closed: UUID | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.left = left
        self.closed = closed


@dataclass(frozen=True)
class Opened:
    """A session as its browser gets it: the secret is stored nowhere."""

    secret: str
    expires: datetime


@dataclass(frozen=True)
class Reader:
    """Whoever holds a session, and what it is good for.

    Attributes:
        task: the one Task whose request it shows.
        contact: to whom the link was sent.
        verified: whether a hub verified that contact, so that a code may be sent to it.
        identified: whether a code was given lately, so that the person's details may be shown.
    """

    session: str
    link: str
    task: UUID
    contact: UUID
    verified: bool
    identified: bool


class Answering:
    """The use cases of an answer link.

    Args:
        engine: the service's database.
        keys: make codes.
        settings: how long things work.
        wake: of the delivery worker, if it runs in this process.
    """

    def __init__(
        self, engine: Engine, keys: Keys, settings: NotificationsSettings, wake: Wake
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._settings = settings
        self._wake = wake

    def exchange(self, token: str) -> Opened:
        """Open a link. It may be opened again: mail scanners and second devices do so.

        Raises:
            Refused: `unknown-link`, `expired-link`, `moved-link` or `closed-link`.
        """
        secret = secrets.token_urlsafe(32)
        with UnitOfWork(self._engine) as uow:
            link = uow.session.get(AnswerLink, fingerprint(token))
            if link is None:
                raise Refused("unknown-link")
            now = _check(link)
            expires = now + timedelta(hours=self._settings.answer_session_hours)
            uow.session.add(
                AnswerSession(
                    hash=fingerprint(secret), link=link.hash, expires=min(expires, link.expires)
                )
            )
            uow.commit()
        return Opened(secret, min(expires, link.expires))

    def reader(self, secret: str) -> Reader:
        """Who holds a session.

        Raises:
            Refused: `no-session`, `expired-link`, `moved-link` or `closed-link`.
        """
        with UnitOfWork(self._engine) as uow:
            session, link, contact = self._open(uow, fingerprint(secret))
            return Reader(
                session=session.hash,
                link=link.hash,
                task=link.task,
                contact=contact.id,
                verified=_may_get_code(contact),
                identified=_identified(session),
            )

    def send_code(self, reader: Reader) -> None:
        """Add the delivery of a one-time code to the contact that the link was sent to.

        Raises:
            Refused: `not-verified`, `locked` or `too-many-codes`.
        """
        with UnitOfWork(self._engine) as uow:
            _, link, contact = self._open(uow, reader.session, lock=True)
            if not _may_get_code(contact):
                raise Refused("not-verified")
            if link.wrong_codes >= MOST_WRONG_CODES_PER_LINK:
                raise Refused("locked")
            now = datetime.now(UTC)
            lately = select(func.count()).where(
                col(IdentityCode.link) == link.hash,
                col(IdentityCode.created) > now - timedelta(hours=1),
            )
            if uow.session.scalars(lately).one() >= MOST_CODES_PER_HOUR:
                raise Refused("too-many-codes")
            code = IdentityCode(
                id=uuid4(),
                link=link.hash,
                session=reader.session,
                created=now,
                expires=now + timedelta(minutes=self._settings.code_minutes),
            )
            uow.session.add(code)
            notice = Notice(
                kind=Kind.IDENTITY_CODE,
                contact=contact.id,
                event=code.id,
                type="kersey.answer.code-asked",
                time=now,
                case=link.case,
                task=link.task,
                provider=link.provider,
                code=code.id,
            )
            uow.session.flush()
            add(uow, code.id, notice, contact, order_key=str(code.id))
            uow.on_commit(self._wake.set)
            uow.commit()

    def identify(self, reader: Reader, code: str) -> None:
        """Take a one-time code.

        Every wrong one is counted and committed before it is answered, with the link's row
        locked, so that guessing at once from many places counts as much as one after the other.

        What could be no code at all is refused before it counts.

        Raises:
            Refused: `malformed-code`, `not-verified`, `locked`, `no-code` or `wrong-code`.
        """
        if not is_code(code):
            raise Refused("malformed-code")
        with UnitOfWork(self._engine) as uow:
            session, link, contact = self._open(uow, reader.session, lock=True)
            if not _may_get_code(contact):
                raise Refused("not-verified")
            if link.wrong_codes >= MOST_WRONG_CODES_PER_LINK:
                raise Refused("locked")
            now = datetime.now(UTC)
            newest = (
                select(IdentityCode)
                .where(
                    col(IdentityCode.session) == session.hash,
                    col(IdentityCode.expires) > now,
                    col(IdentityCode.used).is_(None),
                    col(IdentityCode.tries) < MOST_TRIES_PER_CODE,
                )
                .order_by(col(IdentityCode.created).desc())
                .limit(1)
            )
            asked = uow.session.scalars(newest).first()
            if asked is None:
                raise Refused("no-code")
            right = secrets.compare_digest(
                self._keys.code(asked.id).encode(), plain_code(code).encode()
            )
            asked.tries += 1
            uow.session.add(asked)
            if right:
                asked.used = now
                minutes = timedelta(minutes=self._settings.identified_minutes)
                session.identified_until = now + minutes
                uow.session.add(session)
            else:
                link.wrong_codes += 1
                uow.session.add(link)
            uow.session.flush()
            uow.commit()
            if not right:
                raise Refused("wrong-code", left=MOST_TRIES_PER_CODE - asked.tries)

    def _open(
        self, uow: UnitOfWork, session_hash: str, *, lock: bool = False
    ) -> tuple[AnswerSession, AnswerLink, Contact]:
        session = uow.session.get(AnswerSession, session_hash)
        if session is None or session.expires <= datetime.now(UTC):
            raise Refused("no-session")
        link = uow.session.get(
            AnswerLink, session.link, with_for_update=lock or None, populate_existing=lock
        )
        assert link
        _check(link)
        contact = uow.session.get(Contact, link.contact)
        assert contact
        return session, link, contact


def _check(link: AnswerLink) -> datetime:
    """The time now, if the link still works."""
    now = datetime.now(UTC)
    if link.revoked:
        if link.revoked_for == CONTACT_CHANGED:
            raise Refused("moved-link")
        ended_with_case = link.revoked_for == RULES[ReferralClosed].ended
        raise Refused("closed-link", closed=link.task if ended_with_case else None)
    if link.expires <= now:
        raise Refused("expired-link")
    return now


def _may_get_code(contact: Contact) -> bool:
    declared = BY_MEANS.get(contact.means)
    takes = declared is not None and declared.takes_codes
    return contact.active and contact.verified_by_hub and takes


def _identified(session: AnswerSession) -> bool:
    return session.identified_until is not None and session.identified_until > datetime.now(UTC)
