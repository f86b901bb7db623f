"""Every event there is, by name. Routes, bindings, checks and documentation derive from it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import get_args, get_origin

from shared.messaging.events import case, client, delivery, directory, hub, listing, person
from shared.messaging.events.base import Event

_EVENTS: tuple[type[Event], ...] = (
    case.ReferralReceived,
    case.ReferralUnrouted,
    case.ReferralUrgent,
    case.ReferralRouted,
    case.ReferralHandedOver,
    case.ReferralReturned,
    case.TriageStarted,
    case.TriageHeld,
    case.TriageAccepted,
    case.TriageNotReached,
    case.TriageDeclined,
    case.TriageWaits,
    case.TriageOverdue,
    case.PersonKeptWaiting,
    case.ReferrerKeptWaiting,
    case.ReferralRequested,
    case.ReferralAccepted,
    case.ReferralOffered,
    case.ReferralChosen,
    case.ReferralVisitSet,
    case.ReferralVisitCalledOff,
    case.ReferralWaitlisted,
    case.ReferralDeclined,
    case.ReferralNoResponse,
    case.ReferralStarted,
    case.ReferralAttended,
    case.ReferralNotAttended,
    case.ReferralCompleted,
    case.ReferralEndedEarly,
    case.ReferralCancelled,
    case.ReferralServiceWithdrawn,
    case.WithdrawalAsked,
    case.ReferralWithdrawn,
    case.ReferralClosed,
    case.ProviderWritten,
    case.TeamWritten,
    case.GpMessageFailed,
    case.PersonSaid,
    case.ReferralOpenedInEmergency,
    case.CaseMerged,
    case.AgreementWithdrawn,
    directory.ProviderPublished,
    directory.ProviderChanged,
    directory.ProviderWithdrawn,
    directory.ServicePublished,
    directory.ServiceChanged,
    directory.ServiceWithdrawn,
    directory.CapacityChanged,
    listing.ListingSubmitted,
    listing.ListingSentBack,
    listing.ListingApproved,
    listing.ListingClaimed,
    listing.ListingClaimDecided,
    listing.VerificationDue,
    listing.TierEnding,
    listing.TierChanged,
    listing.CapacityAsked,
    delivery.NotificationDelivered,
    delivery.NotificationFailed,
    listing.ListingNoticeDelivered,
    listing.ListingNoticeBounced,
    person.PersonDied,
    person.PersonRestricted,
    person.PersonNotToContact,
    person.PersonStopLifted,
    person.PersonMerged,
    person.PersonUnmerged,
    person.PersonErased,
    person.ErasureConfirmed,
    client.ClientChanged,
    hub.HubLimitsChanged,
)

CATALOGUE: Mapping[str, type[Event]] = MappingProxyType({event.type: event for event in _EVENTS})
"""Event class by type name, in the order in which a reader would meet them."""


def catalogue_markdown() -> str:
    """The catalogue as a Markdown table, for the documentation.

    Returns:
        One row per event: its type, its subject, what it carries and what it means. An optional
        field is marked `?`.
    """
    rows = ["| type | subject | data | meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{event.type}` | `{event.about}` | {', '.join(_fields(event))} | {_meaning(event)} |"
        for event in CATALOGUE.values()
    ]
    return "\n".join(rows) + "\n"


def _fields(event: type[Event]) -> Iterator[str]:
    for name, field in event.model_fields.items():
        optional = "" if field.is_required() else "?"
        yield f"`{field.alias or name}`{optional} {_kind(field.annotation)}"


def _kind(annotation: object) -> str:
    """How the documentation names a field's type."""
    alternatives = get_args(annotation)
    if get_origin(annotation) is dict:
        return "listing"
    if get_origin(annotation) is tuple:
        return f"{_kind(alternatives[0])}s"
    if get_origin(annotation) is not None and alternatives and isinstance(alternatives[0], str):
        return " / ".join(map(str, alternatives))
    if type(None) in alternatives:
        return _kind(next(kind for kind in alternatives if kind is not type(None)))
    if isinstance(annotation, type):
        return {
            "UUID": "id",
            "str": "code",
            "int": "number",
            "AwareDatetime": "instant",
            "date": "day",
        }.get(annotation.__name__, annotation.__name__)
    return _kind(alternatives[0]) if alternatives else str(annotation)


def _meaning(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").split()).replace("|", "\\|")
