"""Links by which a provider says how much room it has: each for one service and one answer.

A link is no row: it names the delivery that it was in, the service's place there and the answer,
signed with the link key (see `keys`). It ends with its time, with the contact's address, and once
it was used. Looking changes nothing: mail scanners follow links.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.directory import Directory
from services.notifications.handlers.answering import Refused
from services.notifications.handlers.directory import name_of
from services.notifications.keys import Keys
from services.notifications.listings.answers import ANSWERS, CODES
from services.notifications.listings.notice import ListingNotice
from services.notifications.tables import CapacityAnswer, Contact, listing_deliveries
from shared.database import UnitOfWork
from shared.problems import Problem


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Asked:
    """What a link would say.

    Attributes:
        service: of which service.
        provider: whose.
        contact: to whom the link was sent.
        name: what the service is called.
        state: the answer.
    """

    service: UUID
    provider: UUID
    contact: UUID
    name: str
    state: str

    @property
    def words(self) -> str:
        """The answer in words."""
        return ANSWERS[self.state]


class CapacityLinks:
    """The use cases of a capacity link.

    Args:
        engine: the service's database.
        keys: know a link.
        directory: takes the answer.
        days: for how long a link works.
        clock: the time of day, UTC.
    """

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        directory: Directory,
        *,
        days: int,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._directory = directory
        self._lasts = timedelta(days=days)
        self._clock = clock

    def look(self, token: str) -> Asked:
        """What a link would say; nothing is changed.

        Raises:
            Refused: `unknown-link`, `old-answer`, `closed-answer` or `used-answer`.
        """
        delivery, number, code = self._named(token)
        row = listing_deliveries.delivery.c
        with UnitOfWork(self._engine) as uow:
            found = select(row.payload, row.address, row.created).where(row.id == delivery)
            sent = uow.session.connection().execute(found).first()
            if sent is None:
                raise Refused("old-answer")  # kept no more
            notice = ListingNotice.model_validate_json(sent.payload)
            if number >= len(notice.services):
                raise Refused("unknown-link")
            if sent.created + self._lasts <= self._clock():
                raise Refused("old-answer")
            contact = uow.session.get(Contact, notice.contact)
            if contact is None or not contact.active or contact.address != sent.address:
                raise Refused("closed-answer")
            if uow.session.get(CapacityAnswer, (delivery, number, code)) is not None:
                raise Refused("used-answer")
            service = notice.services[number]
            name = name_of(uow, service) or "your group or service"
            return Asked(service, notice.provider, contact.id, name, CODES[code])

    def answer(self, token: str) -> Asked:
        """Say it. The directory is asked with no transaction open; saying it twice is saying it
        once.

        Raises:
            Refused: as `look`; `closed-answer` too where the service is not listed any more.
            Problem: 503, the directory cannot be reached; the link works still.
        """
        asked = self.look(token)
        try:
            self._directory.say(asked.service, asked.provider, asked.state, asked.contact)
        except Problem as problem:
            if problem.status in (404, 410):
                raise Refused("closed-answer") from problem
            raise
        delivery, number, code = self._named(token)
        with UnitOfWork(self._engine) as uow:
            used = insert(CapacityAnswer).values(delivery=delivery, number=number, answer=code)
            uow.session.execute(used.on_conflict_do_nothing())
            # An answer may be put right by another link of the mail, and that one back again.
            others = col(CapacityAnswer.answer) != code
            uow.session.execute(
                CapacityAnswer.__table__.delete().where(  # type: ignore[attr-defined]
                    col(CapacityAnswer.delivery) == delivery,
                    col(CapacityAnswer.number) == number,
                    others,
                )
            )
            uow.commit()
        return asked

    def _named(self, token: str) -> tuple[UUID, int, int]:
        named = self._keys.read_capacity(token)
        if named is None or named[2] >= len(CODES):
            raise Refused("unknown-link")
        return named


def links_of(keys: Keys, public_url: str, delivery: UUID, number: int) -> list[tuple[str, str]]:
    """The four answers about one service of a mail, in words, with their links."""
    at = f"{public_url}/capacity"
    return [
        (words, f"{at}/{keys.capacity_token(delivery, number, code)}")
        for code, words in enumerate(ANSWERS.values())
    ]
