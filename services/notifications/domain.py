"""Who is told of what, and what makes a message needless: declared rules, no I/O."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID, uuid5

from shared.messaging.events import (
    AgreementWithdrawn,
    CaseEvent,
    GpMessageFailed,
    PersonDied,
    PersonNotToContact,
    PersonRestricted,
    PersonSaid,
    PersonStop,
    PersonStopLifted,
    ProviderWritten,
    ReferralAccepted,
    ReferralCancelled,
    ReferralChosen,
    ReferralClosed,
    ReferralDeclined,
    ReferralHandedOver,
    ReferralNoResponse,
    ReferralOffered,
    ReferralOpenedInEmergency,
    ReferralReceived,
    ReferralRequested,
    ReferralReturned,
    ReferralRouted,
    ReferralServiceWithdrawn,
    ReferralUnrouted,
    ReferralUrgent,
    ReferralVisitCalledOff,
    ReferralWaitlisted,
    ReferralWithdrawn,
    TeamWritten,
    TriageAccepted,
    TriageOverdue,
    TriageStarted,
    TriageWaits,
    WithdrawalAsked,
)


class Kind(StrEnum):
    """What a message says."""

    REQUEST = "request"
    """A provider: a new referral waits."""
    NO_LONGER_NEEDED = "no-longer-needed"
    """A provider that was asked: the request was taken back."""
    SHARING_ENDED = "sharing-ended"
    """A provider that was asked: the person no longer agrees to share (care 7)."""
    UNROUTED = "unrouted"
    """A hub's coordinator: a referral that no team covers (care 1)."""
    URGENT = "urgent"
    """The duty role: a referral says asap or stat (care 11)."""
    DECLINED = "declined"
    """The link-worker team: a provider said no."""
    NO_RESPONSE = "no-response"
    """The link-worker team: a provider did not answer (care 4)."""
    WITHDRAWAL_ASKED = "withdrawal-asked"
    """The link-worker team: the sender withdrew what runs already; somebody must decide."""
    TRIAGE_WAITS = "triage-waits"
    """The link-worker team: a referral waits that nobody has looked at, or a person whom nobody has
    tried to reach (care 2)."""
    TRIAGE_OVERDUE = "triage-overdue"
    """The hub: a team has still not done it, and may need cover (care 2)."""
    HANDED_OVER = "handed-over"
    """The link-worker team: it holds a case that another team had."""
    OPENED_IN_EMERGENCY = "opened-in-emergency"
    """The link-worker team: somebody of the hub opened one of its cases in an emergency."""
    GP_MESSAGE_FAILED = "gp-message-failed"
    """The link-worker team: a letter to a GP did not arrive and is to be posted (care 21)."""
    SERVICE_WITHDRAWN = "service-withdrawn"
    """The link-worker team: a service that it asked is no longer listed."""
    SOMEBODY_COUNTS_ON_YOU = "somebody-counts-on-you"
    """A provider whose service is no longer listed: a request to it is open still."""
    CHOSEN = "chosen"
    """A provider that offered a place: the person chose it (care 15)."""
    NOT_THIS_TIME = "not-this-time"
    """A provider: somebody who has a place does not come on one day (care 16)."""
    PERSON_SAID = "person-said"
    """The link-worker team: the person said something by the link in a message (care 16)."""
    TELL_PERSON = "tell-person"
    """The link-worker team: no program may tell the person, or it could not: somebody does."""
    ASK_PERSON = "ask-person"
    """The link-worker team: no way to the person is known to be safe; it is asked (care 12)."""
    RING_REFERRER = "ring-referrer"
    """The hub: whoever referred somebody is to hear that it takes longer, and no message can go to
    them (care 2, 22)."""
    WORDS_FOR_PROVIDER = "words-for-provider"
    """A provider: the link worker wrote something about a request."""
    WORDS_FOR_TEAM = "words-for-team"
    """The link-worker team: a provider wrote something about a request."""
    NUDGE = "nudge"
    """A provider: the request still waits for its answer (care 4)."""
    SECOND_NUDGE = "second-nudge"
    """A provider: likewise, for the last time."""
    HELP_CALL = "help-call"
    """The provider's hub: nobody answers a request, and a call may help (care 4)."""
    NOT_ARRIVED = "not-arrived"
    """The link-worker team: a message to a provider will not arrive."""
    NOT_ARRIVED_THERE = "not-arrived-there"
    """The hub: a message to one of its groups or teams will not arrive."""
    IDENTITY_CODE = "identity-code"
    """A provider's verified contact: a one-time code that it asked for (care 6)."""
    ANNOUNCEMENT = "announcement"
    """A provider: its hub announces something; about no case, and never to a person."""


class Role(StrEnum):
    """What a contact is for."""

    REQUESTS = "requests"
    COORDINATOR = "coordinator"
    DUTY = "duty"
    TEAM = "team"


NOBODY = "none"
"""The channel of a message for which there is no contact: after a grace period a failure that is
told."""


@dataclass(frozen=True)
class Rule:
    """What follows from one type of event.

    Attributes:
        tell: what is said, if anything is.
        to: whose contacts get it, in this order until one role has a contact.
        party: the event's field that names whose contacts these are.
        ends: kinds of message that this event makes needless, about the same Task (or case).
        ended: the code that such messages then carry.
        tell_the_told: whoever was or may have been told of the request; `to` only if nobody was.
        closes_links: the answer links of the Task (or case) stop working.
        also: what is said to somebody else about the same event.
    """

    tell: Kind | None = None
    to: tuple[Role, ...] = ()
    party: str = ""
    ends: frozenset[Kind] = frozenset()
    ended: str = ""
    tell_the_told: bool = False
    closes_links: bool = False
    also: "Rule | None" = None


NUDGES = frozenset([Kind.NUDGE, Kind.SECOND_NUDGE])
ASKS = NUDGES | {Kind.REQUEST}
"""By which a provider learns that it is asked."""
ASKING = NUDGES | {Kind.REQUEST, Kind.HELP_CALL}
TO_PROVIDERS = NUDGES | {
    Kind.REQUEST,
    Kind.NO_LONGER_NEEDED,
    Kind.SHARING_ENDED,
    Kind.SOMEBODY_COUNTS_ON_YOU,
    Kind.CHOSEN,
    Kind.NOT_THIS_TIME,
    Kind.WORDS_FOR_PROVIDER,
}
EVERYTHING = frozenset(Kind) - {Kind.OPENED_IN_EMERGENCY}
"""What a referral that was taken back makes needless. Who read it is told all the same."""
TO_THE_TEAM = frozenset(
    [
        Kind.DECLINED,
        Kind.NO_RESPONSE,
        Kind.WITHDRAWAL_ASKED,
        Kind.TRIAGE_WAITS,
        Kind.HANDED_OVER,
        Kind.GP_MESSAGE_FAILED,
        Kind.SERVICE_WITHDRAWN,
        Kind.PERSON_SAID,
        Kind.TELL_PERSON,
        Kind.ASK_PERSON,
        Kind.WORDS_FOR_TEAM,
        Kind.NOT_ARRIVED,
    ]
)
ABOUT_TELLING = frozenset([Kind.TELL_PERSON, Kind.ASK_PERSON, Kind.RING_REFERRER])
ABOUT_TRIAGE = frozenset([Kind.TRIAGE_WAITS, Kind.TRIAGE_OVERDUE])
OF_THE_SERVICE = frozenset(
    [Kind.SERVICE_WITHDRAWN, Kind.SOMEBODY_COUNTS_ON_YOU, Kind.NOT_THIS_TIME]
)

RULES: Mapping[type[CaseEvent], Rule] = {
    ReferralRequested: Rule(Kind.REQUEST, (Role.REQUESTS,), "provider"),
    ReferralUnrouted: Rule(Kind.UNROUTED, (Role.COORDINATOR,), "hub"),
    ReferralUrgent: Rule(Kind.URGENT, (Role.DUTY, Role.COORDINATOR), "hub"),
    ReferralHandedOver: Rule(
        Kind.HANDED_OVER, (Role.TEAM,), "team", ends=TO_THE_TEAM | ABOUT_TRIAGE,
        ended="handed-over",
    ),
    ReferralOpenedInEmergency: Rule(Kind.OPENED_IN_EMERGENCY, (Role.TEAM,), "team"),
    ReferralReturned: Rule(ends=ABOUT_TRIAGE | {Kind.RING_REFERRER}, ended="returned"),
    TriageWaits: Rule(Kind.TRIAGE_WAITS, (Role.TEAM,), "team"),
    TriageOverdue: Rule(Kind.TRIAGE_OVERDUE, (Role.COORDINATOR,), "hub"),
    TriageStarted: Rule(ends=ABOUT_TRIAGE, ended="taken-on"),
    TriageAccepted: Rule(ends=ABOUT_TRIAGE | {Kind.RING_REFERRER}, ended="reached"),
    ReferralAccepted: Rule(ends=ASKING, ended="answered"),
    ReferralOffered: Rule(ends=ASKING, ended="answered"),
    ReferralChosen: Rule(Kind.CHOSEN, (Role.REQUESTS,), "provider"),
    WithdrawalAsked: Rule(Kind.WITHDRAWAL_ASKED, (Role.TEAM,), "team"),
    ReferralVisitCalledOff: Rule(Kind.NOT_THIS_TIME, (Role.REQUESTS,), "provider"),
    PersonSaid: Rule(Kind.PERSON_SAID, (Role.TEAM,), "team"),
    ProviderWritten: Rule(
        Kind.WORDS_FOR_TEAM, (Role.TEAM,), "team",
        ends=frozenset([Kind.WORDS_FOR_TEAM]), ended="written-again",
    ),
    TeamWritten: Rule(
        Kind.WORDS_FOR_PROVIDER, (Role.REQUESTS,), "provider",
        ends=frozenset([Kind.WORDS_FOR_PROVIDER]), ended="written-again",
    ),
    GpMessageFailed: Rule(Kind.GP_MESSAGE_FAILED, (Role.TEAM,), "team"),
    ReferralWaitlisted: Rule(ends=ASKING, ended="answered"),
    ReferralDeclined: Rule(Kind.DECLINED, (Role.TEAM,), "team", ends=ASKING, ended="answered"),
    ReferralNoResponse: Rule(
        Kind.NO_RESPONSE, (Role.TEAM,), "team", ends=ASKING, ended="no-response", closes_links=True
    ),
    ReferralCancelled: Rule(
        Kind.NO_LONGER_NEEDED, ends=ASKING | OF_THE_SERVICE | {Kind.IDENTITY_CODE},
        ended="cancelled",
        tell_the_told=True, closes_links=True,
    ),
    ReferralWithdrawn: Rule(
        Kind.NO_LONGER_NEEDED, ends=EVERYTHING, ended="withdrawn",
        tell_the_told=True, closes_links=True,
    ),
    AgreementWithdrawn: Rule(
        Kind.SHARING_ENDED, ends=frozenset([Kind.IDENTITY_CODE]), ended="sharing-ended",
        tell_the_told=True,
    ),
    ReferralServiceWithdrawn: Rule(
        Kind.SERVICE_WITHDRAWN, (Role.TEAM,), "team",
        also=Rule(
            Kind.SOMEBODY_COUNTS_ON_YOU, (Role.REQUESTS,), "provider", tell_the_told=True
        ),
    ),
    PersonDied: Rule(
        ends=ASKING | OF_THE_SERVICE | ABOUT_TELLING | {Kind.IDENTITY_CODE, Kind.PERSON_SAID},
        ended="person-died",
    ),
    PersonRestricted: Rule(
        ends=ABOUT_TELLING | {Kind.IDENTITY_CODE}, ended="person-restricted"
    ),
    PersonNotToContact: Rule(ends=ABOUT_TELLING, ended="do-not-contact"),
    ReferralClosed: Rule(
        ends=ASKING | OF_THE_SERVICE | ABOUT_TELLING | ABOUT_TRIAGE
        | {Kind.IDENTITY_CODE, Kind.DECLINED, Kind.NO_RESPONSE, Kind.HANDED_OVER},
        ended="closed", closes_links=True,
    ),
}  # fmt: skip
"""Every event that notifications acts on, and what it does."""

OWN: Mapping[Kind, Rule] = {
    Kind.TELL_PERSON: Rule(Kind.TELL_PERSON, (Role.TEAM,), "team"),
    Kind.ASK_PERSON: Rule(Kind.ASK_PERSON, (Role.TEAM,), "team"),
    Kind.RING_REFERRER: Rule(Kind.RING_REFERRER, (Role.COORDINATOR,), "hub"),
    Kind.NUDGE: Rule(Kind.NUDGE, (Role.REQUESTS,), "provider"),
    Kind.SECOND_NUDGE: Rule(Kind.SECOND_NUDGE, (Role.REQUESTS,), "provider"),
    Kind.HELP_CALL: Rule(Kind.HELP_CALL, (Role.COORDINATOR,), "hub"),
    Kind.NOT_ARRIVED: Rule(Kind.NOT_ARRIVED, (Role.TEAM,), "team"),
    Kind.NOT_ARRIVED_THERE: Rule(Kind.NOT_ARRIVED_THERE, (Role.COORDINATOR,), "hub"),
}
"""What follows from no event of somebody else's but from how a message of ours fared."""

LAST_WORDS = frozenset([Kind.SOMEBODY_COUNTS_ON_YOU, Kind.NO_LONGER_NEEDED, Kind.SHARING_ENDED])
"""What still goes to the address of a listing that is gone: whoever was asked hears of the end."""


def rule_of(event: str, kind: Kind) -> Rule:
    """The rule by which a message was made.

    Args:
        event: the type of the event.
        kind: what is said.
    """
    if kind in OWN:
        return OWN[kind]
    rule = next(rule for each, rule in RULES.items() if each.type == event)
    return rule.also if rule.also is not None and rule.also.tell is kind else rule


PLACES: frozenset[type[CaseEvent]] = frozenset([ReferralReceived, ReferralRouted])
"""Events that tell nobody, and are taken for what they say of whose case it is."""

ANSWERS: frozenset[type[CaseEvent]] = frozenset(
    [ReferralAccepted, ReferralOffered, ReferralChosen, ReferralWaitlisted, ReferralDeclined]
)
"""Events after which a request counts as answered."""

STOPS: Mapping[type[PersonStop], str] = {
    PersonDied: "died",
    PersonNotToContact: "do-not-contact",
    PersonRestricted: "restricted",
}
"""Events after which no message goes to the person of a case, and the code of each (care 12, 13);
noted, because whoever comes to write to persons must look."""

NOTED: frozenset[type[CaseEvent]] = frozenset([*STOPS, PersonStopLifted])
"""Events of which is kept what stands; that alone where no rule says more."""

SHARING_STOPS = frozenset([AgreementWithdrawn, *STOPS])
"""Events after which a reader who identified themself sees nothing more about the person."""


class Source(StrEnum):
    """Who said how a party is reached."""

    HUB = "hub"
    OWN = "own"
    LISTING = "listing"


class Reachable(Protocol):
    """What choosing among contacts looks at."""

    @property
    def means(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def service(self) -> UUID | None: ...


C = TypeVar("C", bound=Reachable)


def to_tell(contacts: Iterable[C], service: UUID | None, *, systems: Collection[str]) -> list[C]:
    """Which of a party's active contacts are told.

    Its systems always. Of the others those that the hub or the party itself set; only where there
    are none what the public listing says, and there the service's own rather than the provider's.

    Args:
        contacts: active ones of one party and role.
        service: which service is asked; contacts of its other services are left out.
        systems: means by which a party's own system is told.
    """
    fitting = [each for each in contacts if each.service in (None, service)]
    own = [each for each in fitting if each.means in systems]
    others = [each for each in fitting if each.means not in systems]
    named = [each for each in others if each.source != Source.LISTING]
    listed = [each for each in others if each.source == Source.LISTING]
    of_service = [each for each in listed if each.service is not None]
    return own + (named or of_service or listed)


CODE_DIGITS = 6
MOST_TRIES_PER_CODE = 5
MOST_CODES_PER_HOUR = 5
MOST_WRONG_CODES_PER_LINK = 15
"""After that the link never takes a code again; the link worker rings. A guesser's chance over a
link's whole life is 15 in a million."""


def plain_code(text: str) -> str:
    """A code as people type it: spaces and dashes do not matter."""
    return "".join(each for each in text if each not in " -\t\u00a0")


def is_code(text: str) -> bool:
    """Whether something could be a code at all; what could not is a slip of the fingers and no
    guess."""
    return re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", plain_code(text)) is not None


def of_person(person: UUID, stop: str) -> UUID:
    """Under which id it is noted that a stop stands of a person: each stands by itself."""
    return uuid5(person, stop)
