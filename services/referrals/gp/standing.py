"""What messages there are, where one can stand, and what somebody then has to do. Pure rules."""

from enum import StrEnum

from services.referrals.tables.case import RECORD_SYSTEM

MESH_REPORTS = {
    "epl-150": "MESH found several mailboxes for the practice.",
    "epl-151": "MESH found no mailbox for the practice.",
    "epl-152": "MESH says that the NHS number is not valid.",
    "epl-153": "MESH does not know the NHS number.",
    "epl-154": "The NHS number does not belong to this name and date of birth.",
}
"""By the code of an error report (MESH guidance hub, endpoint lookup service), what it says."""

ITK3_REFUSALS = {
    "itk-20001": "The practice's system does not know whom the message is for.",
    "itk-20002": "The practice's system does not know the practice.",
    "itk-20003": "The practice's system does not know who sent it.",
    "itk-20004": "The practice's system does not take files of this kind.",
    "itk-20005": "The practice's system does not take files of this kind.",
    "itk-20006": "The practice's system could not read the message.",
    "itk-20009": "The practice's system could not read the message.",
    "itk-20012": "The practice's system does not take messages from this sender.",
    "itk-30002": "The practice does not know this person.",
    "itk-30003": "The person is no longer registered with this practice.",
}
"""By code of an ITK3 response (ITK3 Message Distribution, response codes), what it says."""


class Kind(StrEnum):
    """What a message tells (care 21)."""

    FIRST_OUTCOME = "first-outcome"
    """One coded line, when the person said yes or no."""
    CLOSURE = "closure"
    """One summary, when the case is closed."""
    SAFETY = "safety"
    """A worry about the person, at once."""
    DELAY = "delay"
    """That the person still waits for the link workers (care 2)."""


class Route(StrEnum):
    """How a message reaches a practice."""

    FHIR = "fhir"
    """The practice's own client reads it; a Subscription tells it when."""
    MESH = "mesh"
    """As a letter into its record system, by GP Connect: Send Document."""
    PRINT = "print"
    """On paper."""


def channel_of(kind: Kind, route: Route) -> str:
    """What a delivery goes by: its route, and whether it is a worry, which has its own schedule."""
    return f"{route}-{kind}" if kind is Kind.SAFETY else route.value


OF_A_PRACTICE = frozenset({RECORD_SYSTEM, "practice"})
"""Sources of cases whose request has the practice's own reference; another's receipt has not."""


class State(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    HELD = "held"
    """Nothing automatic goes out about this person: somebody decides (care 12)."""
    SENT = "sent"
    RECEIVED = "received"
    """The practice's system took it: the acknowledgement of the infrastructure."""
    ACCEPTED = "accepted"
    """The practice knows the person: the acknowledgement of the business."""
    FAILED = "failed"
    TO_PRINT = "to-print"
    POSTED = "posted"
    STOPPED = "stopped"


TO_DO = frozenset({State.HELD, State.FAILED, State.TO_PRINT})
"""Where a person has something to do; the case is marked until it is done."""
UNSENT = frozenset({State.WAITING, State.HELD, State.FAILED, State.TO_PRINT})
"""Where it can still be called back: it did not reach the practice, on paper neither."""
PRINTABLE = frozenset({State.FAILED, State.TO_PRINT, State.SENT, State.RECEIVED})
"""From where somebody may say that it was posted."""

SHAREABLE = ("needs", "activities", "measures", "next-step")
"""What a person may agree to have told to their GP; the referral and its outcome always are."""

OUTCOMES = {
    "completed": "Support came to its end as planned",
    "not-reached": "The person could not be reached",
    "person-declined": "The person declined social prescribing",
    "person-ended-early": "The person ended the support early",
    "nothing-fits": "Nothing was found that fits",
    "died-or-moved": "The person died or moved away",
}
"""How a case ended (care 20), in words for the practice."""

WHY = {
    "restricted": "Nothing automatic goes out about a restricted record.",
    "do-not-contact": "Nothing automatic goes out about somebody who is not to be contacted.",
    "died-or-moved": "It is not said whether the person died or moved away.",
    "died": "The person has died.",
    "withdrawn": "The referral was taken back by its sender.",
    "not-agreed": "The person does not want their GP to hear more.",
    "no-acknowledgement": "The practice's system did not acknowledge it in time.",
    "not-read": "Nobody at the practice has read it yet.",
    "no-identity": "MESH needs a verified NHS number, a date of birth and a surname.",
    "no-mesh": "This Kersey has no MESH mailbox.",
    "no-mailbox": "The practice has no mailbox for such messages.",
    "waits-no-more": "The person does not wait any more.",
    "wanted-on-paper": "The practice wants it on paper.",
    **MESH_REPORTS,
    **ITK3_REFUSALS,
}
"""Why a message stands where it stands, by code."""

_DO = {
    State.HELD: "Decide whether the practice should hear this: release it, or leave it.",
    State.FAILED: "Print the letter, post it, and record the day; or try to send it again.",
    State.TO_PRINT: "Print the letter, post it, and record the day.",
}
_RING = (
    "Ring the practice now: nobody there is known to have read this. Then post the letter, and"
    " record the day."
)
"""Of a worry that did not arrive."""


def what_to_do(kind: str, state: str) -> str | None:
    """What somebody has to do about a message; None where there is nothing.

    Args:
        kind: what the message tells.
        state: where it stands.
    """
    if kind == Kind.SAFETY and state in {State.FAILED, State.TO_PRINT}:
        return _RING
    return _DO.get(State(state))


def why(reason: str | None) -> str | None:
    """What a reason's code means to a link worker."""
    if reason is None:
        return None
    return WHY.get(reason, f"It could not be sent ({reason}).")
