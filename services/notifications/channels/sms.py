"""A text message, through GOV.UK Notify.

Its template there has one field, `((message))`, so that the words are Kersey's.
"""

import re

from sqlalchemy import Engine

from services.notifications.channels import Letter
from services.notifications.channels.declaring import Declaration, Format, text
from services.notifications.channels.govuk_notify import Notify, notify
from services.notifications.settings import NotificationsSettings
from shared.delivery import Permanent, Receipt, Schedule, minutes

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
        """See `Channel`. Each part of 153 signs costs."""
        delivery, message = letter.delivery, f"{letter.words.brief} {self._brand}"
        number = phone_number(letter.address)
        if number is None:
            raise Permanent("number-malformed")
        return self._notify.send(
            delivery.id,
            delivery.attempt,
            lambda client: client.send_sms_notification(
                number,
                self._template,
                personalisation={"message": message},
                reference=str(delivery.id),
            ),
        )

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


def made(settings: NotificationsSettings, _engine: Engine | None = None) -> SmsChannel | None:
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
    asked_by=("text",),
    listed=lambda asks, _listing: text(asks, "phone"),
    person="text",
)
