"""A sender's number for a referral means one referral, whichever way it is written.

Rows say so, and not a search: of two requests at once, the second waits for the first one's row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlmodel import Session, col, select

from services.referrals.tables import ReferralIdentifier
from shared.fhir.outcome import conflict, rule_broken

Identifier = tuple[str, str]
"""System and value of a business identifier; without a system it tells nothing."""

LONGEST = 255
"""Characters of a system, and of a value: what is longer is no number that a human could read out,
and an index of the database holds no more than some 2,700 bytes."""


def identifiers_of(request: Mapping[str, Any], path: str) -> Iterator[tuple[Identifier, str]]:
    """The business identifiers of a ServiceRequest, with the element that holds each.

    Raises:
        FhirError: 422 naming the system or value that is too long to be one.
    """
    for n, each in enumerate(request.get("identifier", [])):
        if each.get("system") and each.get("value"):
            for name in ("system", "value"):
                if len(each[name]) > LONGEST:
                    words = f"A referral's identifier has {LONGEST} characters at most."
                    raise rule_broken(words, f"{path}.identifier[{n}].{name}", code="too-long")
            yield (each["system"], each["value"]), f"{path}.identifier[{n}]"


_HOLD = """
WITH held AS (
  INSERT INTO referral_identifier (organisation, system, value, service_request, submission)
  SELECT %(organisation)s::uuid, named.*
  FROM unnest(%(systems)s::text[], %(values)s::text[], %(requests)s::text[],
              %(submissions)s::uuid[]) AS named(system, value, request, submission)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) FROM held
"""


@dataclass(frozen=True)
class Meaning:
    """What identifiers mean from now on.

    Attributes:
        request: the id of the ServiceRequest.
        identifiers: with the element that holds each.
        submission: what a repeat of them is answered with; None where they came by an update.
    """

    request: str
    identifiers: Mapping[Identifier, str]
    submission: UUID | None


def hold(session: Session, organisation: UUID, meanings: Sequence[Meaning]) -> None:
    """Have identifiers mean requests, within the transaction that writes these.

    Args:
        session: the caller's.
        organisation: the client organisation whose numbers they are.
        meanings: of its ServiceRequests.

    Raises:
        FhirError: 409 naming the element whose identifier means another request already.
    """
    # In one order for everybody; of two that name the same, the first has it.
    named = sorted((*key, n) for n, each in enumerate(meanings) for key in each.identifiers)
    if not named:
        return
    parameters = {
        "organisation": organisation,
        "systems": [system for system, _, _ in named],
        "values": [value for _, value, _ in named],
        "requests": [meanings[n].request for _, _, n in named],
        "submissions": [meanings[n].submission for _, _, n in named],
    }
    held = session.connection().exec_driver_sql(_HOLD, parameters).scalar_one()
    if held < len(named):
        for each in meanings:
            _refuse_taken(session, organisation, each)


def _refuse_taken(session: Session, organisation: UUID, meaning: Meaning) -> None:
    key = tuple_(col(ReferralIdentifier.system), col(ReferralIdentifier.value))
    taken = session.exec(
        select(ReferralIdentifier).where(
            ReferralIdentifier.organisation == organisation,
            key.in_(list(meaning.identifiers)),
            ReferralIdentifier.service_request != meaning.request,
        )
    ).first()
    if taken is not None:
        words = "Another referral has this identifier: each referral has one of its own."
        raise conflict(words, meaning.identifiers[taken.system, taken.value], duplicate=True)


def release(session: Session, request: str) -> None:
    """Let the numbers of a request that was deleted before it started a case be used again."""
    session.connection().execute(
        delete(ReferralIdentifier).where(col(ReferralIdentifier.service_request) == request)
    )
