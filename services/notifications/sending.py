"""One attempt: what the message needs is read, the link is made, the channel is called."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.channels import Channel, Letter
from services.notifications.channels.declaring import Format
from services.notifications.channels.registry import BY_MEANS, SYSTEMS
from services.notifications.channels.webhook import WEBHOOK
from services.notifications.domain import LAST_WORDS, NOBODY, NUDGES, Kind, Source
from services.notifications.handlers.cases import stopped
from services.notifications.handlers.telling import locked
from services.notifications.handlers.waiting import FOUND, tell_somebody
from services.notifications.keys import Keys, fingerprint
from services.notifications.notice import Notice
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
from shared.database import UnitOfWork
from shared.delivery import Delivery, Held, Permanent, Receipt, Superseded


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
        self._hold = timedelta(days=settings.endpoint_hold_days)

    def __call__(self, delivery: Delivery) -> Receipt:
        """Send it, or raise one of the kinds of `Undelivered`."""
        if delivery.channel == NOBODY:
            self._look_again(delivery)
        channel = self._channels.get(delivery.channel)
        if channel is None:
            raise Permanent("no-channel")
        return channel.send(self._letter(delivery))

    def rest(self) -> None:
        """Nothing more is due for now."""
        for channel in self._channels.values():
            channel.rest()

    def _look_again(self, delivery: Delivery) -> None:
        """See whether there is a contact at the end of the grace period. One that came at the same
        moment as the event that needed it was seen by neither."""
        with UnitOfWork(self._engine) as uow:
            locked(uow, Notice.model_validate_json(delivery.payload).case)
            this = select(deliveries).where(deliveries.c.id == delivery.id).with_for_update()
            found = tell_somebody(uow, uow.session.connection().execute(this).one())
            uow.commit()
        raise Superseded(FOUND) if found else Permanent("no-contact")

    def _letter(self, delivery: Delivery) -> Letter:
        notice = Notice.model_validate_json(delivery.payload)
        with UnitOfWork(self._engine) as uow:
            contact, off, unusable = _receiver(uow, notice)
            reachable = contact is not None and _reachable(contact, notice.kind)
            if not reachable and notice.kind in NUDGES:
                raise Superseded("contact-inactive")  # whoever is asked now is nudged
            if contact is None or not reachable:
                raise Permanent("contact-inactive")
            if off:
                refuse_if_off(uow, delivery.id, self._hold)
            if unusable:
                raise Permanent("address-unusable")
            _not_in_quiet_hours(uow, contact, notice.kind)
            letter = Letter(delivery, notice, contact.address)
            match notice.kind:
                case Kind.REQUEST | Kind.NUDGE | Kind.SECOND_NUDGE:
                    _still_wanted(uow, notice)
                    if BY_MEANS[delivery.channel].format is Format.WORDS:
                        letter = replace(letter, url=self._link(uow, letter))
                case Kind.IDENTITY_CODE:
                    letter = replace(letter, code=self._code(uow, notice, contact))
            if contact.sealed_secret:
                letter = replace(letter, secret=self._keys.open(contact.sealed_secret))
            if contact.former_sealed_secret and _holds_until(contact.former_secret_until):
                former = self._keys.open(contact.former_sealed_secret)
                letter = replace(letter, former_secret=former)
            uow.commit()
        return letter

    def _link(self, uow: UnitOfWork, letter: Letter) -> str:
        """Make the delivery's link, or find the one that an earlier attempt made."""
        token = self._keys.answer_token(letter.delivery.id)
        notice = letter.notice
        link = {
            "hash": fingerprint(token),
            "task": notice.task,
            "case": notice.case,
            "provider": notice.provider,
            "delivery": letter.delivery.id,
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


_RECEIVER = (
    select(Contact, col(Endpoint.off_since), is_unusable(col(Contact.id)))
    .outerjoin(Endpoint, col(Endpoint.contact) == col(Contact.id))
    .where(col(Contact.id) == bindparam("of"))
)


def _receiver(uow: UnitOfWork, notice: Notice) -> tuple[Contact | None, bool, bool]:
    """Who gets it, whether that is a webhook that is switched off, and whether mails come back."""
    row = uow.session.execute(_RECEIVER, {"of": notice.contact}).first()
    if row is None:
        return None, False, False
    contact, off_since, unusable = row
    return contact, contact.means == WEBHOOK.means and off_since is not None, unusable


def _not_in_quiet_hours(uow: UnitOfWork, contact: Contact, kind: Kind) -> None:
    """Let what can wait wait, though it was put off before: quiet hours may be new."""
    now = datetime.now(UTC)
    due = None if contact.means in SYSTEMS else not_before(uow, contact.party, kind, now)
    if due is not None:
        raise Held(OUT_OF_HOURS, due - now)


def _holds_until(end: datetime | None) -> bool:
    return end is not None and datetime.now(UTC) < end


def _reachable(contact: Contact, kind: Kind) -> bool:
    """Whether a contact may be written to; a listing that is gone took its own with it."""
    return contact.active or (kind in LAST_WORDS and contact.source == Source.LISTING)


def _still_wanted(uow: UnitOfWork, notice: Notice) -> None:
    """See that nobody took the request back. The lock lets either a cancellation that is handled
    at this moment see the link that we make, or us see the cancellation."""
    locked(uow, notice.case)
    reason = stopped(uow, notice.case, notice.task)
    if reason:
        raise Superseded(reason)
