"""The link in a message to a person: what was agreed about one place, and what they say of it.

As with an answer link the token is random, stored as a hash and exchanged for a session; it opens
this one purpose. Nobody's name stands behind it, and what it shows is asked for at that moment.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from services.notifications.handlers.answering import Opened, Refused
from services.notifications.keys import fingerprint
from services.notifications.person.asking import Persons, Told
from services.notifications.tables import FirstMeeting, PersonLink, PersonSession
from shared.database import UnitOfWork
from shared.problems import Problem


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Visit:
    """What a link shows.

    Attributes:
        told: what referrals says of the place now.
        starts: when the first visit is; None where nobody has said.
    """

    told: Told
    starts: datetime | None


class Visits:
    """The use cases of such a link.

    Args:
        engine: the service's database.
        persons: says what was agreed, and takes what the person says.
        hours: for how long a session lasts.
        clock: the time of day, UTC.
    """

    def __init__(
        self,
        engine: Engine,
        persons: Persons,
        *,
        hours: int,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._engine = engine
        self._persons = persons
        self._lasts = timedelta(hours=hours)
        self._clock = clock

    def exchange(self, token: str) -> Opened:
        """Open a link. It may be opened again, on another device too.

        Raises:
            Refused: `unknown-link`, `old-visit` or `closed-visit`.
        """
        secret = secrets.token_urlsafe(32)
        with UnitOfWork(self._engine) as uow:
            link = uow.session.get(PersonLink, fingerprint(token))
            if link is None:
                raise Refused("unknown-link")
            expires = min(self._check(link) + self._lasts, link.expires)
            uow.session.add(
                PersonSession(hash=fingerprint(secret), link=link.hash, expires=expires)
            )
            uow.commit()
        return Opened(secret, expires)

    def see(self, secret: str) -> Visit:
        """What was agreed; looking changes nothing.

        Raises:
            Refused: `no-session`, `old-visit` or `closed-visit`.
            Problem: referrals cannot be asked.
        """
        task, starts = self._task(secret)
        try:
            told = self._persons.needed(task)
        except Problem as problem:
            if problem.status == 404:
                raise Refused("closed-visit") from problem
            raise
        if told.stops or told.ended:
            raise Refused("closed-visit")
        return Visit(told, starts)

    def say(self, secret: str, said: str, day: date | None = None) -> None:
        """Pass on what the person says.

        Args:
            secret: of the session.
            said: what they say.
            day: on which they do not come, where that is what they say.

        Raises:
            Refused: as `see`.
            Problem: 409, it cannot be done any more; 503, referrals cannot be asked.
        """
        task, _ = self._task(secret)
        self._persons.say(task, said, day)

    def _task(self, secret: str) -> tuple[UUID, datetime | None]:
        with UnitOfWork(self._engine) as uow:
            session = uow.session.get(PersonSession, fingerprint(secret))
            if session is None or session.expires <= self._clock():
                raise Refused("no-session")
            link = uow.session.get_one(PersonLink, session.link)
            self._check(link)
            meeting = uow.session.get(FirstMeeting, link.task)
            comes = meeting is not None and not meeting.called_off
            return link.task, meeting.starts if meeting and comes else None

    def _check(self, link: PersonLink) -> datetime:
        """The time now, if the link still works."""
        now = self._clock()
        if link.revoked:
            raise Refused("closed-visit")
        if link.expires <= now:
            raise Refused("old-visit")
        return now
