"""Where a message leads whose reader signs in: a link worker to the case, a hub to its desk.

A provider's link opens one request by itself and is made with the delivery (`sending`); these are
plain addresses of the portal, which show nothing to whoever may not see it.
"""

from collections.abc import Mapping

from services.notifications.domain import TO_THE_TEAM, Kind
from services.notifications.notice import Notice

TO_THE_CASE = TO_THE_TEAM | {Kind.OPENED_IN_EMERGENCY}
TO_THE_HUB: Mapping[Kind, str] = {
    Kind.UNROUTED: "/hub",
    Kind.TRIAGE_OVERDUE: "/hub",
    Kind.HELP_CALL: "/hub/silent",
    Kind.RING_REFERRER: "/hub/calls",
    Kind.NOT_ARRIVED_THERE: "/hub/messages",
}
"""The list of the hub on which each stands; its first page where that leads on."""


def leads(portal: str, notice: Notice) -> str:
    """The page where its reader can do something about it; empty where there is none.

    Args:
        portal: the address under which the portal is reached, without a slash at its end.
        notice: what the message is about.
    """
    if notice.kind in TO_THE_CASE:
        return f"{portal}/cases/{notice.case}"
    at = TO_THE_HUB.get(notice.kind)
    return f"{portal}{at}" if at else ""
