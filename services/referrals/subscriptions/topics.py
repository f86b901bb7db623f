"""What can be subscribed to: the topics, and the type of resource whose changes each one tells.

In R4 a topic is known by its canonical alone, which /metadata names (Backport, "Topic-based
Subscriptions in FHIR R4"). A plain R4 `criteria` names a type, and through it the topic.
"""

from collections.abc import Mapping

from services.referrals import codes

TOPICS: Mapping[str, str] = {
    codes.TASK_TOPIC: "Task",
    codes.REFERRAL_TOPIC: "ServiceRequest",
}
"""By canonical, the type of resource that is its focus."""

WATCHED: Mapping[str, str] = {focus: topic for topic, focus in TOPICS.items()}
"""By type of resource, the topic of its changes."""
