"""The four answers to how much room there is, in the words of the mail and of its pages."""

from collections.abc import Mapping

ANSWERS: Mapping[str, str] = {
    "taking": "Yes, new people can come",
    "waiting-list": "There is a waiting list",
    "full": "No, we are full",
    "ask-first": "Please ask us first",
}
"""By the directory's code; a link holds the place in this order, so that new ones go last."""
CODES = tuple(ANSWERS)
