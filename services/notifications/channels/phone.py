"""A call that a member of staff makes (care 24)."""

from services.notifications.channels.declaring import Declaration, Format, text

PHONE = Declaration(
    means="phone",
    address="a telephone number",
    example="01632 960123",
    format=Format.SPOKEN,
    # Where text messages have no settings, a member of staff rings.
    asked_by=("phone", "text"),
    listed=lambda asks, _listing: text(asks, "phone"),
)
