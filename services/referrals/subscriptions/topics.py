"""What can be subscribed to: the topics, and the type of resource whose changes each one tells.

In R4 a topic is known by its canonical alone, which /metadata names (Backport, "Topic-based
Subscriptions in FHIR R4"). A plain R4 `criteria` names a type, and through it the topic, where the
type has one; R4 itself knows no topics, so that any type's changes may be asked for by a query.
"""

from collections.abc import Mapping

from services.referrals import codes
from shared.fhir.search.parameters import Types

TOPICS: Mapping[str, str] = {
    codes.TASK_TOPIC: "Task",
    codes.REFERRAL_TOPIC: "ServiceRequest",
    codes.GP_MESSAGE_TOPIC: "Communication",
}
"""By canonical, the type of resource that is its focus."""

WATCHED: Mapping[str, str] = {focus: topic for topic, focus in TOPICS.items()}
"""By type of resource, the topic of its changes."""


def of_query(type_name: str, types: Types) -> str | None:
    """What a Subscription is of whose `criteria` is a query of a type: its topic, or the type
    itself where it has none. None where changes of the type are not told.

    Those of a Subscription are not: telling one changes how it stands. A composed type is stored
    nowhere, so that nothing of it changes.

    Args:
        type_name: before the `?`.
        types: the served types.
    """
    if type_name in WATCHED:
        return WATCHED[type_name]
    served = types.get(type_name)
    told = served is not None and not served.composed and type_name != "Subscription"
    return type_name if told else None


def focus_of(topic: str) -> str:
    """The type of resource whose changes are told: of a topic, or of what `of_query` said."""
    return TOPICS.get(topic, topic)
