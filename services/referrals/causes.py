"""What each event of a case comes from: one cause, so that hearing of it tells what was done.

`docs/states.md` shows this list. The tests hold it against the handlers: every event that any
sequence of steps announces has exactly one cause here, and that step was made.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.referrals.domain import CANCEL_REASONS, CLOSINGS, Kind
from shared.messaging.events import (
    AgreementWithdrawn,
    CaseEvent,
    GpMessageFailed,
    PersonDied,
    PersonKeptWaiting,
    PersonNotToContact,
    PersonRestricted,
    PersonSaid,
    PersonStopLifted,
    ProviderWritten,
    ReferralAccepted,
    ReferralAttended,
    ReferralCancelled,
    ReferralChosen,
    ReferralClosed,
    ReferralCompleted,
    ReferralDeclined,
    ReferralEndedEarly,
    ReferralHandedOver,
    ReferralNoResponse,
    ReferralNotAttended,
    ReferralOffered,
    ReferralOpenedInEmergency,
    ReferralReceived,
    ReferralRequested,
    ReferralReturned,
    ReferralRouted,
    ReferralServiceWithdrawn,
    ReferralStarted,
    ReferralUnrouted,
    ReferralUrgent,
    ReferralVisitCalledOff,
    ReferralVisitSet,
    ReferralWaitlisted,
    ReferralWithdrawn,
    ReferrerKeptWaiting,
    TeamWritten,
    TriageAccepted,
    TriageDeclined,
    TriageHeld,
    TriageNotReached,
    TriageOverdue,
    TriageStarted,
    TriageWaits,
    WithdrawalAsked,
)

Step = tuple[Kind, str]
"""A kind of Task and an action of the table in `domain`."""


@dataclass(frozen=True)
class Cause:
    """What one event comes from.

    Attributes:
        event: its type.
        steps: the step of the table that announces it; two where one act has two names, because it
            leads to another `Task.status` once work has begun. None for what no step announces.
        rule: in words, what does, where not every time a step of the table does.
        field: the event's field that tells its causes apart, where the type has several.
        codes: the values of that field which this cause gives.
    """

    event: type[CaseEvent]
    steps: tuple[Step, ...] = ()
    rule: str = ""
    field: str = ""
    codes: tuple[str, ...] = ()

    def made(self, event: CaseEvent) -> bool:
        """Whether an event comes from this."""
        if type(event) is not self.event:
            return False
        return not self.field or getattr(event, self.field) in self.codes

    @property
    def told(self) -> str:
        """The event as the documentation names it."""
        codes = f" ({self.field}: {', '.join(self.codes)})" if self.field else ""
        return f"`{self.event.type}`{codes}"

    @property
    def words(self) -> str:
        """The cause as the documentation names it."""
        steps = [f"{action} ({kind})" for kind, action in self.steps]
        return self.rule or " or ".join(steps)


def _triage(event: type[CaseEvent], *actions: str, outcome: str = "") -> Cause:
    steps = tuple((Kind.TRIAGE, action) for action in actions)
    return Cause(event, steps, field="outcome" if outcome else "", codes=(outcome,) * bool(outcome))


def _provider(event: type[CaseEvent], action: str, reasons: Iterable[str] = ()) -> Cause:
    codes = tuple(reasons)
    return Cause(event, ((Kind.PROVIDER, action),), field="reason" if codes else "", codes=codes)


CAUSES: tuple[Cause, ...] = (
    Cause(
        ReferralReceived,
        ((Kind.TRIAGE, "tell-team"), (Kind.TRIAGE, "tell-hub")),
        rule="a request starts a case, or who came to a provider agrees that a team hears of it",
    ),
    Cause(
        ReferralUnrouted,
        ((Kind.TRIAGE, "tell-hub"),),
        rule="the case that it starts, or that a team may hear of, has no team to go to",
    ),
    Cause(ReferralUrgent, rule="a case is given the priority asap or stat, at its start or later"),
    _triage(ReferralRouted, "route"),
    _triage(ReferralHandedOver, "hand-over"),
    _triage(ReferralReturned, "return"),
    _triage(TriageStarted, "accept"),
    _triage(TriageAccepted, "person-accepts"),
    _triage(TriageHeld, "hold"),
    _triage(TriageNotReached, "not-reached"),
    _triage(TriageDeclined, "person-declines"),
    _triage(ReferralRequested, "ask"),
    _triage(WithdrawalAsked, "ask-withdrawal"),
    _triage(ReferralWithdrawn, "withdraw", "withdraw-started"),
    *(_triage(ReferralClosed, action, outcome=outcome) for outcome, action in CLOSINGS.items()),
    _provider(ReferralAccepted, "accept"),
    _provider(ReferralOffered, "offer"),
    _provider(ReferralChosen, "choose"),
    _provider(ReferralWaitlisted, "waiting-list"),
    _provider(ReferralDeclined, "decline"),
    _provider(ReferralNoResponse, "expire"),
    _provider(ReferralCancelled, "cancel", CANCEL_REASONS),
    _provider(ReferralCancelled, "withdraw", ["withdrawn"]),
    _provider(ReferralCancelled, "not-chosen", ["not-chosen"]),
    _provider(ReferralStarted, "start"),
    _provider(ReferralAttended, "attend"),
    _provider(ReferralNotAttended, "not-attended"),
    _provider(ReferralCompleted, "complete"),
    _provider(ReferralEndedEarly, "end-early"),
    Cause(
        ReferralServiceWithdrawn,
        rule="a service goes off the list, or closes, while a request to it is open",
    ),
    Cause(TriageWaits, rule="a team lets a referral or a first contact wait"),
    Cause(TriageOverdue, rule="it was told so, and still does"),
    Cause(PersonKeptWaiting, rule="so does its hub, and the person asked for help themselves"),
    Cause(ReferrerKeptWaiting, rule="so does its hub, and whoever referred agreed to hear of it"),
    Cause(ReferralVisitSet, rule="it is said when a person is expected for the first time"),
    Cause(
        ReferralVisitCalledOff,
        rule="the person, or the team for them, says that they cannot come on one day",
    ),
    Cause(ProviderWritten, rule="a provider writes to the team about a request"),
    Cause(TeamWritten, rule="the team writes to a provider about a request"),
    Cause(GpMessageFailed, rule="a message to the GP's practice did not arrive"),
    Cause(PersonSaid, rule="the person said something by the link in a message to them"),
    Cause(
        ReferralOpenedInEmergency,
        rule="somebody of the hub opens the case in an emergency, to read it for a while",
    ),
    Cause(AgreementWithdrawn, rule="the person no longer agrees to share with a provider"),
    Cause(PersonDied, rule="it is said that the person has died, or stands said as the case opens"),
    Cause(PersonRestricted, rule="the same of a restricted record"),
    Cause(PersonNotToContact, rule="the same of do not contact"),
    Cause(PersonStopLifted, rule="one of these three does not stand any more"),
)

SILENT = frozenset({"place-found", "still-asking", "look-again", "end-with-provider"})
"""Steps of the triage Task that announce nothing: they follow a provider's, whose event tells; or
nobody is to hear of the case."""


def cause_of(event: CaseEvent) -> Cause:
    """The one cause of an event.

    Raises:
        LookupError: it has none, or several.
    """
    found = [cause for cause in CAUSES if cause.made(event)]
    if len(found) != 1:
        raise LookupError(f"{event.type} has {len(found)} causes")
    return found[0]
