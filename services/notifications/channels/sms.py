"""A text message, through GOV.UK Notify.

Its template there has one field, `((message))`, so that the words are Kersey's.
"""

import re

from services.notifications.channels import Letter, Worded
from services.notifications.channels.declaring import Declaration, Format
from services.notifications.channels.govuk_notify import Notify, notify
from services.notifications.settings import NotificationsSettings
from services.notifications.words import WORDS, reference
from shared.delivery import Delivery, Permanent, Receipt, Schedule, minutes

_NUMBER = re.compile(r"(\+|00)?[1-9][0-9]{8,14}|0[1-9][0-9]{8,9}", re.ASCII)
_BETWEEN = str.maketrans("", "", " -().\u00a0")


class SmsChannel:
    """Writes a text and hands it over.

    Args:
        notify: sends it.
        template: the id of the template at Notify.
        brand: the name under it.
    """

    def __init__(self, notify: Notify, *, template: str, brand: str) -> None:
        self._notify = notify
        self._template = template
        self._brand = brand

    def send(self, letter: Letter) -> Receipt:
        """See `Channel`."""
        return self._send(letter.delivery, letter.address, self.text(letter))

    def tell(self, delivery: Delivery, address: str, worded: Worded) -> Receipt:
        """See `ReachesPersons`."""
        return self._send(delivery, address, f"{worded.brief} {self._brand}")

    def _send(self, delivery: Delivery, address: str, text: str) -> Receipt:
        number = phone_number(address)
        if number is None:
            raise Permanent("number-malformed")
        return self._notify.send(
            delivery.id,
            delivery.attempt,
            lambda client: client.send_sms_notification(
                number,
                self._template,
                personalisation={"message": text},
                reference=str(delivery.id),
            ),
        )

    def text(self, letter: Letter) -> str:
        """What it says: what happened, which request, where to go on. Each part of 153 costs."""
        notice = letter.notice
        about = f"{WORDS[notice.kind].subject}. {reference(notice.task or notice.case)}."
        return " ".join(filter(None, [about, letter.url, self._brand]))

    def fault(self, address: str) -> str | None:
        """See `Channel`."""
        return None if phone_number(address) else "number-malformed"

    def rest(self) -> None:
        """See `Channel`."""


def phone_number(address: str) -> str | None:
    """A number without what people write between digits; None where it is none. Whether it is a
    mobile one Notify knows."""
    number = address.strip().translate(_BETWEEN)
    return number if _NUMBER.fullmatch(number) else None


def made(settings: NotificationsSettings) -> SmsChannel | None:
    """The channel, if the settings have a key and a template."""
    through = notify(settings)
    if through is None or not settings.notify_sms_template:
        return None
    return SmsChannel(through, template=settings.notify_sms_template, brand=settings.brand)


SMS = Declaration(
    means="sms",
    address="a mobile number",
    example="07700 900123",
    format=Format.WORDS,
    make=made,
    schedule=Schedule(delays=minutes(1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60), resends=3),
    faults={"number-malformed": "It is not a telephone number."},
    person="text",
)
