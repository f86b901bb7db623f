"""What the record of a person takes; see `record` for the codes."""

from pydantic import Field, StrictBool

from services.referrals.api.bodies import Body, Line, Said, Slug, Words
from services.referrals.record import (
    PREFERS_NOT_TO_SAY,
    Authority,
    DecidedBy,
    Purpose,
    Relation,
    Safe,
    Source,
)


class StopBody(Body):
    """Whether a stop stands, and who said so."""

    stands: StrictBool
    told_by: Line = ""


class SafeContactBody(Body):
    """Whether and how a channel may be used; `unknown` means ask before a first message."""

    value: Line = ""
    safe: Safe = "unknown"
    times: Line = ""
    voicemail: StrictBool = False
    words: Words = ""
    keep_from: Line = ""


class AccessNeedBody(Body):
    """What the person needs to take part."""

    code: Slug
    detail: Line = ""
    source: Source = "self-stated"


class AroundBody(Body):
    """Somebody around the person."""

    name: Said
    relation: Relation
    carer: StrictBool = False
    authority: Authority = "none"
    evidence: Line = ""
    may_hear: Words = ""
    phone: Line = ""


class DecisionBody(Body):
    """A decision, and whether the person could make it."""

    decision: Said
    under_16: StrictBool = False
    able: StrictBool
    seen: Said
    decided_by: DecidedBy
    who: Line = ""


class EqualityBody(Body):
    """What the person says of one characteristic, as a code; null where nobody asked."""

    value: Slug | None = Field(
        description=f"A code; `{PREFERS_NOT_TO_SAY}` is an answer, null means nobody asked."
    )


class ConsentBody(Body):
    """A wider consent: to research, stories or publication."""

    purpose: Purpose
    given: StrictBool
    how: Line = ""
