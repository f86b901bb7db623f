"""A call that a member of staff makes (care 24)."""

import re

from services.notifications.channels.declaring import Declaration, Format, text

_NUMBER = re.compile(r"(?:[0-9][ ().+-]*){6,}", re.ASCII)


def _fault(address: str) -> str | None:
    """People read what stands beside a number; but there must be one, or nobody can ring."""
    return None if _NUMBER.search(address) else "number-malformed"


PHONE = Declaration(
    means="phone",
    address="a telephone number",
    example="01632 960123",
    format=Format.SPOKEN,
    faults={"number-malformed": "It is not a telephone number."},
    fault=_fault,
    # Where text messages have no settings, a member of staff rings.
    asked_by=("phone", "text"),
    listed=lambda asks, _listing: text(asks, "phone"),
)
