"""Where a message leads whose reader signs in: a link worker to the case, a hub to its desk.

A provider's link opens one request by itself and is made with the delivery (`sending`); these are
plain addresses of the portal, which show nothing to whoever may not see it.
"""

from services.notifications.domain import TO_THE_TEAM, Kind
from services.notifications.notice import Notice

TO_THE_CASE = TO_THE_TEAM | {Kind.OPENED_IN_EMERGENCY}
TO_THE_HUB = frozenset(
    [
        Kind.UNROUTED,
        Kind.TRIAGE_OVERDUE,
        Kind.HELP_CALL,
        Kind.NOT_ARRIVED_THERE,
    ]
)


def leads(portal: str, notice: Notice) -> str:
    """The page where its reader can do something about it; empty where there is none.

    Args:
        portal: the address under which the portal is reached, without a slash at its end.
        notice: what the message is about.
    """
    if notice.kind in TO_THE_CASE:
        return f"{portal}/cases/{notice.case}"
    if notice.kind is Kind.RING_REFERRER:
        return f"{portal}/hub/calls"
    return f"{portal}/hub" if notice.kind in TO_THE_HUB else ""
