"""One attempt to tell a person something: all that it needs is asked now, and kept nowhere.

Nothing goes out after a death, a withdrawal or do-not-contact, whenever it was queued: who knows is
asked first, and what this service heard itself is looked at with the case locked (care 13).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.channels import Channel, Letter, Worded
from services.notifications.channels.registry import CHANNELS
from services.notifications.handlers.cases import stopped
from services.notifications.handlers.telling import locked
from services.notifications.hours import Hours
from services.notifications.keys import Keys, fingerprint
from services.notifications.person.asking import Persons, Told, Way
from services.notifications.person.notice import PersonNotice
from services.notifications.person.rules import CHANNEL, DELAYS, Kind
from services.notifications.person.team import BY_TEAM
from services.notifications.person.words import Facts, PersonWords, chosen, written
from services.notifications.tables import OUT_OF_HOURS, PersonLink, person_delivery
from shared.database import UnitOfWork
from shared.delivery import Delivery, Held, Receipt, Superseded, Temporary
from shared.problems import Problem

BY_POST = "post"
POST_TAKES = timedelta(days=7)
"""A letter that would come after the visit is none."""


def _now() -> datetime:
    return datetime.now(UTC)


class PersonSender:
    """Sends one delivery: what a `DeliveryWorker` calls.

    Args:
        engine: read from and written to in short transactions, none while anybody is asked.
        channels: by means.
        keys: make links.
        persons: knows who and where the person is.
        hours: in which people are written to.
        public_url: where links lead.
        days: for how long a link works.
        clock: the time of day, UTC.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        keys: Keys,
        persons: Persons,
        hours: Hours,
        *,
        public_url: str,
        days: int,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._persons = persons
        self._hours = hours
        self._at = f"{public_url}/visit"
        self._lasts = timedelta(days=days)
        self._clock = clock
        self._made = tuple(channels.values())
        self._channels = reaching_persons(channels)

    def __call__(self, delivery: Delivery) -> Receipt:
        """Send it, or raise one of the kinds of `Undelivered`."""
        try:
            channel, letter = self._begun(delivery)
        except Superseded as over:
            # By what it goes is noted before anything is sent (`_begin`): not noted, not sent.
            never = delivery.channel == CHANNEL
            raise Superseded(over.reason, never_left=never) from over
        return channel.send(letter)

    def _begun(self, delivery: Delivery) -> tuple[Channel, Letter]:
        """What is to be sent, and that it is noted."""
        notice = PersonNotice.model_validate_json(delivery.payload)
        now = self._clock()
        if notice.starts is not None and notice.starts <= now:
            raise Superseded("too-late")
        if (then := self._hours.next(now)) > now:
            raise Held(OUT_OF_HOURS, then - now)
        told = self._told(notice, now)
        if told.stops:
            raise Superseded(told.stops[0])
        if told.ended:
            raise Superseded("ended")
        if told.way is None:
            raise Superseded(told.instead or BY_TEAM)
        means, channel = self._channels[told.way.channel]
        leads = notice.kind not in DELAYS
        url = f"{self._at}/{self._keys.person_token(delivery.id)}" if leads else ""
        words = self._words(notice, told, url)
        self._begin(delivery, notice, means, words.edition)
        worded = Worded(
            words.subject,
            words.paragraphs,
            words.brief,
            words.link or None,
            url or None,
            lang=words.lang,
            english=words.english,
        )
        return channel, Letter(delivery, _addressed(told.way, told.given), worded)

    def rest(self) -> None:
        """Nothing more is due for now."""
        for channel in self._made:
            channel.rest()

    def _told(self, notice: PersonNotice, now: datetime) -> Told:
        by = [each for each in self._channels if each != BY_POST or _in_time_by_post(notice, now)]
        whom = DELAYS.get(notice.kind)
        try:
            if whom:
                return self._persons.delay(notice.task, whom, by)
            return self._persons.needed(notice.task, by)
        except Problem as problem:
            if problem.status == 404:
                raise Superseded("not-there") from problem
            raise Temporary(f"referrals-{problem.status}") from problem

    def _words(self, notice: PersonNotice, told: Told, url: str) -> PersonWords:
        facts = Facts(
            given=told.given,
            service=told.service.name,
            place=told.places[0] if len(told.places) == 1 else "",
            starts=local(notice.starts, self._hours.zone),
            team=told.link_worker.name if told.link_worker else "",
            phone=told.link_worker.phone if told.link_worker else "",
            reference=told.reference,
        )
        return written(chosen(told.language, easy_read=told.easy_read), notice.kind, facts, url)

    def _begin(self, delivery: Delivery, notice: PersonNotice, means: str, edition: str) -> None:
        """Note by what it goes, and make the link or find the one that an earlier attempt made.

        The lock lets either an end that is handled at this moment see the link, or us see the end.
        """
        with UnitOfWork(self._engine) as uow:
            locked(uow, notice.case)
            ended = stopped(uow, notice.case, notice.task)
            if ended or _unwanted(uow, delivery):
                raise Superseded(ended or "no-longer-wanted")
            if notice.kind not in DELAYS:
                self._link(uow, delivery, notice)
            uow.session.connection().execute(
                update(person_delivery)
                .where(person_delivery.c.id == delivery.id)
                .values(channel=means, template=edition)
            )
            uow.commit()

    def _link(self, uow: UnitOfWork, delivery: Delivery, notice: PersonNotice) -> None:
        """Make the link, unless an earlier attempt did.

        Raises:
            Superseded: it was revoked since.
        """
        link = {
            "hash": fingerprint(self._keys.person_token(delivery.id)),
            "task": notice.task,
            "case": notice.case,
            "delivery": delivery.id,
            "expires": func.now() + self._lasts,
        }
        uow.session.execute(insert(PersonLink).values(link).on_conflict_do_nothing())
        made = select(col(PersonLink.revoked_for)).where(col(PersonLink.hash) == link["hash"])
        revoked_for = uow.session.scalars(made).one()
        if revoked_for:
            raise Superseded(revoked_for)


def reaching_persons(channels: Mapping[str, Channel]) -> dict[str, tuple[str, Channel]]:
    """The channels by which persons are told: by what their record calls them, with our means."""
    return {
        each.person: (each.means, channels[each.means])
        for each in CHANNELS
        if each.person and each.means in channels
    }


def _unwanted(uow: UnitOfWork, delivery: Delivery) -> bool:
    """Whether it was stopped since it was taken up to be sent, or is another worker's by now: who
    took it up later may have found that nothing is to be sent, and that nothing was."""
    row = person_delivery.c
    mine = (row.id == delivery.id, row.attempts == delivery.attempt)
    found = uow.session.connection().execute(select(row.unwanted).where(*mine))
    return found.scalar_one_or_none() is not False


def _in_time_by_post(notice: PersonNotice, now: datetime) -> bool:
    if notice.kind is Kind.REMINDER:
        return False
    return notice.starts is None or notice.starts > now + POST_TAKES


def _addressed(way: Way, given: str) -> str:
    """Where it goes; a letter has a name above the address."""
    if way.channel != BY_POST or not given:
        return way.address
    return f"{given}, {way.address}" if "\n" not in way.address else f"{given}\n{way.address}"


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A moment as the clocks of the place show it."""
    return moment.astimezone(zone) if moment else None
