"""A letter on paper, printed and posted by GOV.UK Notify.

Its template there has the fields `((subject))` and `((body))`.
"""

import re
from collections.abc import Sequence

from sqlalchemy import Engine

from services.notifications.channels import Letter
from services.notifications.channels.declaring import Declaration, Format
from services.notifications.channels.govuk_notify import Notify, notify
from services.notifications.settings import NotificationsSettings
from shared.delivery import Permanent, Receipt, Schedule, minutes

LEAST_LINES, MOST_LINES = 3, 7
"""Of an address, as Notify takes them."""
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}", re.ASCII | re.IGNORECASE)


class LetterChannel:
    """Writes a letter and hands it over.

    Args:
        notify: prints and posts it.
        template: the id of the template at Notify.
    """

    def __init__(self, notify: Notify, *, template: str) -> None:
        self._notify = notify
        self._template = template

    def send(self, letter: Letter) -> Receipt:
        """See `Channel`."""
        lines = postal_address(letter.address)
        if lines is None:
            raise Permanent("postal-address")
        delivery, words = letter.delivery, letter.words
        link = [f"{words.link}: {words.url}"] if words.url else []  # printed, to be typed
        said = {"subject": words.subject, "body": "\n\n".join([*words.paragraphs, *link])}
        to = {f"address_line_{number}": line for number, line in enumerate(lines, 1)}
        return self._notify.send(
            delivery.id,
            delivery.attempt,
            lambda client: client.send_letter_notification(
                self._template, {**to, **said}, reference=str(delivery.id)
            ),
        )

    def fault(self, address: str) -> str | None:
        """See `Channel`."""
        return None if postal_address(address) else "postal-address"

    def rest(self) -> None:
        """See `Channel`."""


def postal_address(address: str) -> Sequence[str] | None:
    """The lines of an address, by its lines or its commas; None where Notify would take none."""
    parts = address.splitlines() if "\n" in address.strip() else address.split(",")
    lines = [" ".join(each.split()) for each in parts]
    lines = [each for each in lines if each]
    fits = LEAST_LINES <= len(lines) <= MOST_LINES and all(len(each) <= 200 for each in lines)
    return lines if fits and _POSTCODE.fullmatch(lines[-1]) else None


def made(settings: NotificationsSettings, _engine: Engine | None = None) -> LetterChannel | None:
    """The channel, if the settings have a key and a template."""
    through = notify(settings)
    if through is None or not settings.notify_letter_template:
        return None
    return LetterChannel(through, template=settings.notify_letter_template)


POST = Declaration(
    means="letter",
    address="a postal address in lines, or in parts between commas; the postcode last",
    example="Clay on Canal Street, 12 Canal Street, Sowerby Bridge, HX6 2AB",
    format=Format.WORDS,
    make=made,
    schedule=Schedule(delays=minutes(1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60), resends=3),
    faults={
        "postal-address": "It needs three to seven lines, or parts between commas, and the"
        " postcode last."
    },
    person="post",
)
