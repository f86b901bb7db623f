"""What a person may still wait for, and how the practice that sent them is told (care 2)."""

from collections.abc import Mapping

UNSEEN, FIRST_CONTACT, NOT_REACHED = "unseen", "first-contact", "not-reached"

WAITS: Mapping[str, str] = {
    UNSEEN: "The link workers have not looked at this referral yet",
    FIRST_CONTACT: "Nobody has tried to reach the person yet",
    NOT_REACHED: "The link workers have tried several times and have not reached the person",
}
"""By what is waited for; the first sentence of the message."""

_ABOUT_IT = (
    "Their hub knows and looks for cover. You need not do anything. If the person needs help"
    " sooner, or you know a better way to reach them, ring the link workers."
)


def words_of(waits_for: str) -> str:
    """What a practice reads.

    Args:
        waits_for: a key of `WAITS`.
    """
    return f"{WAITS[waits_for]}. {_ABOUT_IT}"
