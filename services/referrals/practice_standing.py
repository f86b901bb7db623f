"""How a referral stands, as far as the practice that sent it may know. Pure rules, no I/O.

A practice hears that its referral came, and how it ended, unless the person wants it to hear no
more (care 7, 21). Of a record that is restricted, of somebody who is not to be contacted and of
somebody who has died nothing is told by itself (care 12, 13): the practice asks the link workers.
"""

from collections.abc import Collection, Mapping

NOT_TOLD = "not-told"
"""The person did not agree that the practice hears what came of it."""
ASK_TEAM = "ask-team"
"""Nothing is told automatically; whoever needs to know rings the link workers."""

OPEN: Mapping[str, str] = {
    "new": "received",
    "unrouted": "received",
    "triage-accepted": "with-link-worker",
    "person-accepted": "looking",
    "provider-asked": "waiting-for-answer",
    "nothing-fits": "nothing-fits-yet",
    "place-found": "place-found",
    "withdrawal-asked": "withdrawal-asked",
}
"""By the `businessStatus` of an open triage Task."""

ENDED: Mapping[str, str] = {
    "closed": "completed",
    "not-reached": "not-reached",
    "person-declined": "person-declined",
    "person-ended-early": "person-ended-early",
    "nothing-fits": "nothing-fits",
    "died-or-moved": "died-or-moved",
    "withdrawn": "withdrawn",
    "returned": "returned",
}
"""The endings, kept apart (care 20)."""


def standing(state: str, *, is_open: bool, told: bool, stops: Collection[str]) -> str:
    """How a referral stands, as a code.

    Args:
        state: the `businessStatus` of its triage Task.
        is_open: whether it goes on.
        told: whether the person lets the practice hear of it.
        stops: what stands of the person that stops messages; see `record.stops_of`.
    """
    if not told:
        return NOT_TOLD
    if stops:
        return ASK_TEAM
    return OPEN.get(state, "received") if is_open else ENDED.get(state, "ended")
