"""One attempt: what the message needs is read, the link is made, the channel is called."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Engine, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.channels import Channel, Letter, Worded
from services.notifications.channels.declaring import Format
from services.notifications.channels.registry import BY_MEANS, SYSTEMS
from services.notifications.channels.webhook import WEBHOOK
from services.notifications.domain import ASKS, LAST_WORDS, NOBODY, NUDGES, Kind, Source
from services.notifications.escalation import answers_hoped_for
from services.notifications.handlers.ahead import Ahead, reading_ahead
from services.notifications.handlers.cases import stopped
from services.notifications.handlers.telling import locked, locked_all
from services.notifications.handlers.waiting import FOUND, tell_somebody
from services.notifications.keys import Keys, MuteLinks, fingerprint
from services.notifications.leading import leads
from services.notifications.notice import Notice, notice_of
from services.notifications.reach.endpoints import refuse_if_off
from services.notifications.reach.unusable import is_unusable
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import (
    OUT_OF_HOURS,
    AnswerLink,
    Contact,
    Endpoint,
    IdentityCode,
)
from services.notifications.tables import delivery as deliveries
from services.notifications.wishes.keeping import not_before
from services.notifications.wishes.rules import wishes_of
from services.notifications.wording import worded
from shared.database import UnitOfWork
from shared.delivery import Delivery, Held, Permanent, Receipt, Superseded, Undelivered


class Sender:
    """Sends one delivery: what a `DeliveryWorker` calls.

    Args:
        engine: read from, in a short transaction that ends before the channel is called.
        channels: by means.
        keys: make links and codes.
        settings: how long a link works, and where it leads.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        keys: Keys,
        settings: NotificationsSettings,
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._keys = keys
        self._settings = settings
        self._mutes = MuteLinks(keys, settings.public_url)
        self._hold = timedelta(days=settings.endpoint_hold_days)
        self._zone = ZoneInfo(settings.timezone)

    def __call__(self, delivery: Delivery) -> Receipt:
        """Send it, or raise one of the kinds of `Undelivered`."""
        if delivery.channel == NOBODY:
            self._look_again(delivery)
        return self._sends([delivery])[delivery.id]()

    def prepared(self, deliveries: Sequence[Delivery]) -> Mapping[UUID, Callable[[], Receipt]]:
        """See `Prepares`."""
        return self._sends([each for each in deliveries if each.channel != NOBODY])

    def rest(self) -> None:
        """Nothing more is due for now."""
        for channel in self._channels.values():
            channel.rest()

    def _look_again(self, delivery: Delivery) -> None:
        """See whether there is a contact at the end of the grace period. One that came at the same
        moment as the event that needed it was seen by neither."""
        with UnitOfWork(self._engine) as uow:
            locked(uow, notice_of(delivery.payload).case)
            this = select(deliveries).where(deliveries.c.id == delivery.id).with_for_update()
            found = tell_somebody(uow, uow.session.connection().execute(this).one())
            uow.commit()
        raise Superseded(FOUND) if found else Permanent("no-contact")

    def _sends(self, sent: Sequence[Delivery]) -> Mapping[UUID, Callable[[], Receipt]]:
        """What sends each, having read and made in one transaction what its message needs."""
        sends: dict[UUID, Callable[[], Receipt]] = {}
        with UnitOfWork(self._engine) as uow, reading_ahead(uow) as ahead:
            notices = {each.id: notice_of(each.payload) for each in sent}
            receivers = _receivers(uow, notices.values())
            _read_ahead(uow, ahead, [(each.channel, notices[each.id]) for each in sent])
            hoped = answers_hoped_for(uow, self._zone, _requests(sent, notices), datetime.now(UTC))
            for each in sent:
                try:
                    channel = self._channels.get(each.channel)
                    if channel is None:
                        raise Permanent("no-channel")
                    of = receivers.get(notices[each.id].contact, _NOBODY)
                    letter = self._letter(uow, each, notices[each.id], of, hoped.get(each.id))
                    sends[each.id] = partial(channel.send, letter)
                except Undelivered as undelivered:
                    sends[each.id] = partial(_raise, undelivered)
            uow.commit()
        return sends

    def _letter(
        self,
        uow: UnitOfWork,
        delivery: Delivery,
        notice: Notice,
        receiver: "_Receiver",
        by: date | None,
    ) -> Letter:
        contact = receiver.contact
        if contact is None or not reachable(contact, notice.kind):
            if notice.kind in NUDGES:
                raise Superseded("contact-inactive")  # whoever is asked now is nudged
            raise Permanent("contact-inactive")
        if receiver.off:
            refuse_if_off(uow, delivery.id, self._hold)
        if receiver.unusable:
            raise Permanent("address-unusable")
        _not_in_quiet_hours(uow, contact, notice.kind)
        letter = Letter(delivery, contact.address, notice=notice, party=contact.party)
        declared = BY_MEANS[delivery.channel]
        url = code = ""
        if notice.kind in _LEADING:
            url = self._url(uow, delivery, notice)
        elif notice.kind is Kind.IDENTITY_CODE:
            if not declared.takes_codes:
                raise Permanent("no-code-this-way")
            code = self._code(uow, notice, contact)
        if declared.format is Format.WORDS:
            url = url or leads(self._settings.public_url, notice)
            words = self._words(delivery.id, notice, contact, url=url, code=code, by=by)
            letter = replace(letter, words=words)
        return self._with_secrets(letter, contact)

    def _with_secrets(self, letter: Letter, contact: Contact) -> Letter:
        if contact.sealed_secret:
            letter = replace(letter, secret=self._keys.open(contact.sealed_secret))
        if contact.former_sealed_secret and _holds_until(contact.former_secret_until):
            former = self._keys.open(contact.former_sealed_secret)
            letter = replace(letter, former_secret=former)
        return letter

    def _words(
        self,
        delivery: UUID,
        notice: Notice,
        contact: Contact,
        *,
        url: str,
        code: str,
        by: date | None,
    ) -> Worded:
        return worded(
            notice,
            wishes_of(contact),
            url=url,
            code=code,
            minutes=self._settings.code_minutes,
            mute=self._mutes.of(delivery),
            by=by,
        )

    def _url(self, uow: UnitOfWork, delivery: Delivery, notice: Notice) -> str:
        """Where a message leads that is about the request of an answer link; empty where it has no
        link. What was written about a request that has ended is read by an account alone."""
        reason = stopped(uow, notice.case, notice.task)
        if reason and notice.kind in ASKS:
            raise Superseded(reason)
        if reason or not _is_linked(delivery.channel, notice):
            return ""
        return self._link(uow, delivery.id, notice)

    def _link(self, uow: UnitOfWork, delivery: UUID, notice: Notice) -> str:
        """Make the delivery's link, or find the one that an earlier attempt made."""
        token = self._keys.answer_token(delivery)
        link = {
            "hash": fingerprint(token),
            "task": notice.task,
            "case": notice.case,
            "provider": notice.provider,
            "delivery": delivery,
            "contact": notice.contact,
            "expires": func.now() + timedelta(days=self._settings.answer_link_days),
            "wrong_codes": 0,
        }
        uow.session.execute(insert(AnswerLink).values(link).on_conflict_do_nothing())
        made = select(col(AnswerLink.revoked_for)).where(col(AnswerLink.hash) == link["hash"])
        revoked_for = uow.session.scalars(made).one()
        if revoked_for:
            raise Superseded(revoked_for)
        return f"{self._settings.public_url}/answer/{token}"

    def _code(self, uow: UnitOfWork, notice: Notice, contact: Contact) -> str:
        """The one-time code, if it still works and its contact is still the verified one."""
        wanted = select(col(IdentityCode.id)).where(
            col(IdentityCode.id) == notice.code,
            col(IdentityCode.expires) > func.now(),
            col(IdentityCode.used).is_(None),
        )
        row = uow.session.scalars(wanted).first()
        if row is None or not contact.verified_by_hub:
            raise Superseded("expired")
        return self._keys.code(row)


@dataclass(frozen=True)
class _Receiver:
    """Who gets it, whether that is a webhook that is switched off, and whether mails come back."""

    contact: Contact | None
    off: bool
    unusable: bool


_NOBODY = _Receiver(None, off=False, unusable=False)

_RECEIVERS = (
    select(Contact, col(Endpoint.off_since), is_unusable(col(Contact.id)))
    .outerjoin(Endpoint, col(Endpoint.contact) == col(Contact.id))
    .where(col(Contact.id) == func.any(bindparam("of", type_=ARRAY(Uuid))))
)


def _receivers(uow: UnitOfWork, notices: Iterable[Notice]) -> Mapping[UUID | None, _Receiver]:
    contacts = {each.contact for each in notices if each.contact}
    return {
        contact.id: _Receiver(contact, contact.means == WEBHOOK.means and off is not None, unusable)
        for contact, off, unusable in uow.session.execute(_RECEIVERS, {"of": list(contacts)})
    }


def _read_ahead(uow: UnitOfWork, ahead: Ahead, sent: Sequence[tuple[str, Notice]]) -> None:
    """Read what is stopped of what is asked for.

    The lock of a case lets either a cancellation that is handled at this moment see the link that
    we make, or us see the cancellation. Where no link is made none is needed: whoever cancels sees
    that this is being sent, and tells its receiver.
    """
    asked = [(channel, notice) for channel, notice in sent if notice.kind in _LEADING]
    linked = {notice.case for channel, notice in asked if _is_linked(channel, notice)}
    if linked:
        locked_all(uow, linked)
    about = {each for _, notice in asked for each in (notice.case, notice.task) if each}
    if about:
        ahead.read_stops(uow, about)


_LEADING = ASKS | {Kind.WORDS_FOR_PROVIDER}
"""What leads to the page of the request."""


def _is_linked(channel: str, notice: Notice) -> bool:
    """Whether a message has the link by which the request is answered."""
    declared = BY_MEANS.get(channel)
    return notice.kind in _LEADING and declared is not None and declared.format is Format.WORDS


def _requests(sent: Iterable[Delivery], notices: Mapping[UUID, Notice]) -> dict[UUID, Notice]:
    """What is asked in words, by delivery."""
    return {
        each.id: notices[each.id]
        for each in sent
        if notices[each.id].kind is Kind.REQUEST and _is_linked(each.channel, notices[each.id])
    }


def _raise(undelivered: Undelivered) -> NoReturn:
    raise undelivered


def _not_in_quiet_hours(uow: UnitOfWork, contact: Contact, kind: Kind) -> None:
    """Let what can wait wait, though it was put off before: quiet hours may be new."""
    now = datetime.now(UTC)
    due = None if contact.means in SYSTEMS else not_before(uow, contact, kind, now)
    if due is not None:
        raise Held(OUT_OF_HOURS, due - now)


def _holds_until(end: datetime | None) -> bool:
    return end is not None and datetime.now(UTC) < end


def reachable(contact: Contact, kind: str | None) -> bool:
    """Whether a contact may be written to; a listing that is gone took its own with it.

    Args:
        contact: to whom it goes.
        kind: what is said; the last words go there all the same.
    """
    return contact.active or (kind in LAST_WORDS and contact.source == Source.LISTING)
