"""A referral that is sent again: the same starts nothing, other content is refused.

Only referrals are told apart like this; a repeat of anything else is plain FHIR (design, Events).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from services.referrals.tables import ReferralIdentifier, Submission
from shared.fhir.bundle import WriteEntry, WriteResult
from shared.fhir.outcome import conflict
from shared.fhir.store import Access, FhirStore

Identifier = tuple[str, str]


class Received:
    """What one sender sends in one request, seen as a referral.

    Args:
        organisation: the client organisation.
        entries: the writes of the request.
    """

    def __init__(self, organisation: UUID, entries: Sequence[WriteEntry]) -> None:
        self._organisation = organisation
        self._entries = entries
        self._identifiers = dict(_identifiers(entries))

    def answer_again(
        self, session: Session, store: FhirStore, access: Access
    ) -> list[WriteResult] | None:
        """The first answer, if the same was received before; None if it is new.

        Parallel repeats take turns here, so that only one of them finds it new.

        Raises:
            FhirError: 409 where an identifier was used for other content.
        """
        if not self._identifiers:
            return None
        keys = [f"{system}|{value}" for system, value in self._identifiers]
        store.serialise(*(f"referral/{self._organisation}/{key}" for key in keys))
        known = session.exec(
            select(ReferralIdentifier).where(
                ReferralIdentifier.organisation == self._organisation,
                tuple_(col(ReferralIdentifier.system), col(ReferralIdentifier.value)).in_(
                    list(self._identifiers)
                ),
            )
        ).all()
        if not known:
            return None
        first = session.get_one(Submission, known[0].submission)
        if first.digest != self._digest():
            words = (
                "A referral with this identifier was received before with other content. Update "
                "that one, or give the new referral an identifier of its own."
            )
            element = self._identifiers[known[0].system, known[0].value]
            raise conflict(words, element, duplicate=True)
        return [
            WriteResult(200, store.find(each["type"], each["id"], access) if each else None)
            for each in first.results
        ]

    def remember(self, session: Session, results: Sequence[WriteResult], now: datetime) -> None:
        """Keep the digest and the answer, within the transaction that stores the referral."""
        if not self._identifiers:
            return
        submission = Submission(
            organisation=self._organisation,
            digest=self._digest(),
            results=[_named(result) for result in results],
            received=now,
        )
        session.add(submission)
        session.flush()
        session.add_all(
            ReferralIdentifier(
                organisation=self._organisation,
                system=system,
                value=value,
                submission=submission.id,
            )
            for system, value in self._identifiers
        )

    def _digest(self) -> str:
        """Of the content, whatever ids a sender's software made up for this attempt."""
        names = {
            entry.full_url: f"entry[{n}]" for n, entry in enumerate(self._entries) if entry.full_url
        }
        canonical = [
            [entry.method, entry.type, entry.if_none_exist, _renamed(_content(entry), names)]
            for entry in self._entries
        ]
        text = json.dumps(canonical, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _identifiers(entries: Sequence[WriteEntry]) -> Iterator[tuple[Identifier, str]]:
    """Business identifiers of the requests in it, with the element that holds each."""
    for entry in entries:
        if entry.method != "POST" or entry.type != "ServiceRequest" or entry.resource is None:
            continue
        for n, each in enumerate(entry.resource.get("identifier", [])):
            if each.get("system") and each.get("value"):
                yield (each["system"], each["value"]), f"{entry.path}.identifier[{n}]"


def _content(entry: WriteEntry) -> object:
    return {key: value for key, value in (entry.resource or {}).items() if key != "id"}


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _renamed(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_renamed(member, names) for member in value]
    return names.get(value, value) if isinstance(value, str) else value


def _named(result: WriteResult) -> dict[str, str]:
    return {"type": result.stored.type, "id": result.stored.id} if result.stored else {}
