"""A sender's number for a referral means one referral, whichever way it is written.

Rows say so, and not a search: of two requests at once, the second waits for the first one's row.
"""

from collections.abc import Iterator, Mapping
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
  SELECT %(organisation)s::uuid, named.system, named.value, %(request)s::text,
         %(submission)s::uuid
  FROM unnest(%(systems)s::text[], %(values)s::text[]) AS named(system, value)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) FROM held
"""


def hold(
    session: Session,
    organisation: UUID,
    request: str,
    identifiers: Mapping[Identifier, str],
    submission: UUID | None,
) -> None:
    """Have identifiers mean this request from now on, within the transaction that writes it.

    Args:
        session: the caller's.
        organisation: the client organisation whose numbers they are.
        request: the id of its ServiceRequest.
        identifiers: with the element that holds each.
        submission: what a repeat of them is answered with; None where they came by an update.

    Raises:
        FhirError: 409 naming the element whose identifier means another request already.
    """
    if not identifiers:
        return
    pairs = sorted(identifiers)
    parameters = {
        "organisation": organisation,
        "systems": [system for system, _ in pairs],
        "values": [value for _, value in pairs],
        "request": request,
        "submission": submission,
    }
    held = session.connection().exec_driver_sql(_HOLD, parameters).scalar_one()
    if held == len(pairs):
        return
    key = tuple_(col(ReferralIdentifier.system), col(ReferralIdentifier.value))
    taken = session.exec(
        select(ReferralIdentifier).where(
            ReferralIdentifier.organisation == organisation,
            key.in_(list(identifiers)),
            ReferralIdentifier.service_request != request,
        )
    ).first()
    if taken is not None:
        words = "Another referral has this identifier: each referral has one of its own."
        raise conflict(words, identifiers[taken.system, taken.value], duplicate=True)


def release(session: Session, request: str) -> None:
    """Let the numbers of a request that was deleted before it started a case be used again."""
    session.connection().execute(
        delete(ReferralIdentifier).where(col(ReferralIdentifier.service_request) == request)
    )
