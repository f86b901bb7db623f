"""What happens to a case, from the referral's arrival to its closing. Ids and codes only."""

from datetime import date
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from shared.messaging.events.base import CaseEvent, Code, Priority


class ReferralEvent(CaseEvent):
    """A step of a referral.

    `team` is the link-worker team that holds the case, if one does yet; `priority` is the
    sender's. Both travel with every step because they decide who is told and how fast.
    """

    team: UUID | None = None
    priority: Priority = "routine"


class TriageEvent(ReferralEvent):
    """A step of the triage Task, the link worker's own."""

    task: UUID


class ProviderTaskEvent(ReferralEvent):
    """A step of the Task that asks one provider's service."""

    task: UUID
    service: UUID
    provider: UUID


class ReferralReceived(ReferralEvent):
    """A referral was stored, its case opened and its triage Task made (care 1)."""

    type: ClassVar[str] = "kersey.referral.received.v1"

    service_request: UUID
    task: UUID
    practice: UUID | None = None
    hub: Code


class ReferralUnrouted(ReferralEvent):
    """No team covers the referral, or its code is unknown: a hub's staff must route it (care 1)."""

    type: ClassVar[str] = "kersey.referral.unrouted.v1"

    service_request: UUID
    hub: Code
    reason: Code


class ReferralUrgent(ReferralEvent):
    """A referral says asap or stat: the duty role is alerted at once (care 11)."""

    type: ClassVar[str] = "kersey.referral.urgent.v1"

    service_request: UUID
    hub: Code
    priority: Literal["asap", "stat"]


class ReferralRouted(ReferralEvent):
    """A hub's staff gave an unrouted referral to a team (care 1)."""

    type: ClassVar[str] = "kersey.referral.routed.v1"

    task: UUID
    hub: Code


class ReferralHandedOver(ReferralEvent):
    """Another link-worker team holds the case from now on; `team` is the new one."""

    type: ClassVar[str] = "kersey.referral.handed-over.v1"

    team: UUID
    previous_team: UUID
    hub: Code
    reason: Code


class ReferralReturned(TriageEvent):
    """The link-worker service sent the referral back to its sender."""

    type: ClassVar[str] = "kersey.referral.returned.v1"

    reason: Code


class TriageStarted(TriageEvent):
    """A link worker took the referral on; the person has not been asked yet."""

    type: ClassVar[str] = "kersey.referral.triage.started.v1"


class TriageHeld(TriageEvent):
    """Nothing fits yet; the person stays on the link worker's list (care 3)."""

    type: ClassVar[str] = "kersey.referral.triage.held.v1"


class TriageAccepted(TriageEvent):
    """The person accepted social prescribing with a link worker (care 21)."""

    type: ClassVar[str] = "kersey.referral.triage.accepted.v1"


class TriageNotReached(TriageEvent):
    """The link worker could not reach the person after the agreed tries (care 2, 20)."""

    type: ClassVar[str] = "kersey.referral.triage.not-reached.v1"


class TriageDeclined(TriageEvent):
    """The person declined social prescribing: their refusal, not a provider's (care 20, 21)."""

    type: ClassVar[str] = "kersey.referral.triage.declined.v1"


class TriageWaits(TriageEvent):
    """A team has not done in its time what is next: `waits_for` says what, `unseen`,
    `first-contact`, or `not-reached` after several tries (care 2). The team is told."""

    type: ClassVar[str] = "kersey.referral.triage.waits.v1"

    waits_for: Code


class TriageOverdue(TriageEvent):
    """It still has not, after a further time: the hub is told, which sees to cover (care 2)."""

    type: ClassVar[str] = "kersey.referral.triage.overdue.v1"

    waits_for: Code
    hub: Code


class PersonKeptWaiting(TriageEvent):
    """Whoever asked for help themselves waits longer than the hub's limits allow: they are told so
    by a way known to be safe (care 2, 12)."""

    type: ClassVar[str] = "kersey.referral.triage.person-kept-waiting.v1"


class ReferrerKeptWaiting(TriageEvent):
    """Likewise of a person whom another referred, who agreed that whoever referred them hears: that
    one is told (care 2, 22)."""

    type: ClassVar[str] = "kersey.referral.triage.referrer-kept-waiting.v1"


class ReferralRequested(ProviderTaskEvent):
    """A provider was asked, with an onward request made for it alone (care 5)."""

    type: ClassVar[str] = "kersey.referral.requested.v1"

    service_request: UUID


class ReferralAccepted(ProviderTaskEvent):
    """The provider accepted."""

    type: ClassVar[str] = "kersey.referral.accepted.v1"


class ReferralVisitSet(ProviderTaskEvent):
    """The first visit has a day and a time, or another than before; the person is told of it."""

    type: ClassVar[str] = "kersey.referral.visit-set.v1"

    starts: AwareDatetime


class ReferralVisitCalledOff(ProviderTaskEvent):
    """The person cannot come on one day; their place stays (care 16). The provider is told."""

    type: ClassVar[str] = "kersey.referral.visit-called-off.v1"

    day: date


class ReferralOffered(ProviderTaskEvent):
    """One of several providers asked offers a place; the person chooses (care 15)."""

    type: ClassVar[str] = "kersey.referral.offered.v1"


class ReferralChosen(ProviderTaskEvent):
    """The person chose this provider's offer; identity may go to it alone (care 15)."""

    type: ClassVar[str] = "kersey.referral.chosen.v1"


class ReferralWaitlisted(ProviderTaskEvent):
    """The provider put the person on its waiting list."""

    type: ClassVar[str] = "kersey.referral.waitlisted.v1"


class ReferralDeclined(ProviderTaskEvent):
    """The provider declined, for a reason of the declared list."""

    type: ClassVar[str] = "kersey.referral.declined.v1"

    reason: Code


class ReferralNoResponse(ProviderTaskEvent):
    """The provider's time to answer ran out: a call for help first, a decline last (care 4)."""

    type: ClassVar[str] = "kersey.referral.no-response.v1"


class ReferralStarted(ProviderTaskEvent):
    """The person started with the service."""

    type: ClassVar[str] = "kersey.referral.started.v1"


class ReferralAttended(ProviderTaskEvent):
    """The person came to a session."""

    type: ClassVar[str] = "kersey.referral.attended.v1"


class ReferralNotAttended(ProviderTaskEvent):
    """The person was expected and did not come."""

    type: ClassVar[str] = "kersey.referral.not-attended.v1"


class ReferralCompleted(ProviderTaskEvent):
    """The person completed what the service offered."""

    type: ClassVar[str] = "kersey.referral.completed.v1"


class ReferralEndedEarly(ProviderTaskEvent):
    """The person ended before completion; not the same as not coming or declining (care 20)."""

    type: ClassVar[str] = "kersey.referral.ended-early.v1"


class ReferralCancelled(ProviderTaskEvent):
    """The request to this provider was cancelled: its messages stop, its place goes back."""

    type: ClassVar[str] = "kersey.referral.cancelled.v1"

    reason: Code


class ReferralServiceWithdrawn(ProviderTaskEvent):
    """The service went off the list while it is asked for a place or somebody has one there: both
    sides are to talk. Published once for as long as it stays off."""

    type: ClassVar[str] = "kersey.referral.service-withdrawn.v1"


class WithdrawalAsked(ReferralEvent):
    """The sender withdrew a referral whose activity runs already; a link worker decides."""

    type: ClassVar[str] = "kersey.referral.withdrawal-asked.v1"

    by: Code


class ReferralWithdrawn(ReferralEvent):
    """The referral as a whole was withdrawn, by whom; every message about it stops (care 13)."""

    type: ClassVar[str] = "kersey.referral.withdrawn.v1"

    by: Code


class ReferralClosed(ReferralEvent):
    """The link worker closed the case with an outcome."""

    type: ClassVar[str] = "kersey.referral.closed.v1"

    outcome: Code


class ProviderWritten(ProviderTaskEvent):
    """A provider wrote to the link worker about a request; the event has none of the words."""

    type: ClassVar[str] = "kersey.referral.provider-written.v1"


class TeamWritten(ProviderTaskEvent):
    """The link-worker team wrote to the provider that it asked; the event has none of the words."""

    type: ClassVar[str] = "kersey.referral.team-written.v1"


class GpMessageFailed(ReferralEvent):
    """A message to the GP did not arrive: the team has to print and post it (care 21)."""

    type: ClassVar[str] = "kersey.referral.gp-message-failed.v1"

    message: UUID
    reason: Code


class PersonSaid(ReferralEvent):
    """The person said something by the link in a message to them: that they do not come, would
    like a call, or want less or nothing of them shared. A link worker gets in touch (care 16)."""

    type: ClassVar[str] = "kersey.person.said.v1"

    task: UUID
    said: Code


class ReferralOpenedInEmergency(ReferralEvent):
    """Somebody of the hub opened the team's case in an emergency, to read it for a while: the team
    is told at once. Why in their words, and who it is about, is in no event."""

    type: ClassVar[str] = "kersey.referral.opened-in-emergency.v1"

    hub: Code
    opening: UUID
    reason: Code


class CaseMerged(CaseEvent):
    """One case went up into another. Published once for each of the two, in each one's order."""

    type: ClassVar[str] = "kersey.case.merged.v1"

    from_case: UUID = Field(alias="from")
    to_case: UUID = Field(alias="to")

    @model_validator(mode="after")
    def _is_about_one_of_the_two(self) -> Self:
        if self.from_case == self.to_case or self.case not in {self.from_case, self.to_case}:
            raise ValueError("a merge is of two cases, and its subject is one of them")
        return self


class AgreementWithdrawn(CaseEvent):
    """The person's agreement to share with this provider ended; new sharing stops (care 7)."""

    type: ClassVar[str] = "kersey.agreement.withdrawn.v1"

    task: UUID
    provider: UUID
