"""A note that a member of staff sends or brings; where people just turn up, they note the answer
(care 24)."""

from services.notifications.channels.declaring import Declaration, Format, text

PAPER = Declaration(
    means="paper",
    address="where to send or bring it",
    example="The desk in the hall",
    format=Format.SPOKEN,
    asked_by=("sheet", "turn-up"),
    listed=lambda asks, listing: (
        text(asks, "phone") or text(listing, "email") or "at the next visit"
    ),
)
