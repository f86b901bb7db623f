"""A referral that is sent again: the same starts nothing, other content is refused.

Only referrals are told apart like this; a repeat of anything else is plain FHIR (design, Events).
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.referrals.domain import ENDINGS, Kind
from services.referrals.pad import Pad
from services.referrals.tables import CaseTask, Submission
from services.referrals.writing.identifiers import Identifier, identifiers_of
from services.referrals.writing.starting import placed
from shared.fhir.bundle import WriteEntry, WriteResult
from shared.fhir.outcome import Issue, conflict
from shared.fhir.store import Access, FhirStore

_ENDED = (
    "The case of this referral has ended, and nothing was started now: to refer again, send a new "
    "one under an identifier of its own."
)


_KNOWN = """
SELECT r.system, r.value, r.submission
FROM referral_identifier r
JOIN unnest(%(systems)s::text[], %(values)s::text[]) AS named(system, value)
  ON named.system = r.system AND named.value = r.value
WHERE r.organisation = %(organisation)s::uuid AND r.submission IS NOT NULL
"""


class Received:
    """What one sender sends in one request, seen as a referral.

    Args:
        organisation: the client organisation.
        entries: the writes of the request.
    """

    def __init__(self, organisation: UUID, entries: Sequence[WriteEntry]) -> None:
        self.organisation = organisation
        self.entries = entries
        requests = [each for each in entries if each.type == "ServiceRequest" and each.resource]
        self._every = {key for each in requests for key in _identified(each)}
        created = [each for each in requests if each.method == "POST"]
        self._identifiers = {key: at for each in created for key, at in _identified(each).items()}

    def answer_again(
        self, session: Session, store: FhirStore, access: Access
    ) -> list[WriteResult] | None:
        """The first answer with its warnings, if the same was received before; None if it is new.

        Whatever names the same identifier at the same time takes turns here, so that only one of
        them finds it new.

        Raises:
            FhirError: 409 where an identifier was used for other content.
        """
        known = _received_before([self], session, store)
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
        results = [
            _again(entry, each, store, access)
            for entry, each in zip(self.entries, first.results, strict=True)
        ]
        self._tell_of_endings(session, results)
        return results

    def _tell_of_endings(self, session: Session, results: Sequence[WriteResult]) -> None:
        """Nobody works on a case that has ended, and its sender may wait for it (care 1)."""
        referrals = {
            each.stored.id: (entry, each)
            for entry, each in zip(self.entries, results, strict=True)
            if each.stored is not None and entry.type == "ServiceRequest"
        }
        ended = session.exec(
            select(CaseTask.service_request).where(
                col(CaseTask.service_request).in_(referrals),
                CaseTask.kind == Kind.TRIAGE,
                col(CaseTask.status).in_(ENDINGS),
            )
        )
        for request in ended:
            entry, result = referrals[request]
            place = f"{entry.path or entry.type}.identifier"
            result.issues.append(Issue("warning", "business-rule", _ENDED, (place,)))

    @property
    def numbers(self) -> Iterator[str]:
        """What stands for each identifier that the request names, new or not."""
        return (f"referral/{self.organisation}/{system}|{value}" for system, value in self._every)

    @property
    def identifiers(self) -> Collection[Identifier]:
        """Those by which it is known whether it was received before."""
        return self._identifiers.keys()

    def remember(
        self, pad: Pad, ids: Mapping[int, str], results: Mapping[int, WriteResult], now: datetime
    ) -> UUID | None:
        """Keep the digest and the answer, within the transaction that stores the referral.

        Args:
            pad: takes what is kept.
            ids: what each entry is about, by the entry's identity; "" where it is about nothing.
            results: what became of each, alike.
            now: the time of this write.

        Returns:
            What the identifiers of the requests created must lead to; None where none has any.
        """
        if not self._identifiers:
            return None
        submission = Submission(
            organisation=self.organisation,
            digest=self._digest(),
            results=[
                _kept(entry, ids[id(entry)], results[id(entry)].issues) for entry in self.entries
            ],
            received=now,
        )
        pad.rows.add(submission)
        return submission.id

    def _digest(self) -> str:
        """Of the content, whatever ids a sender's software made up for this attempt."""
        names = {
            entry.full_url: f"entry[{n}]" for n, entry in enumerate(self.entries) if entry.full_url
        }
        canonical = [[*entry.asked, _renamed(_content(entry), names)] for entry in self.entries]
        text = json.dumps(canonical, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def all_new(received: Sequence[Received], session: Session, store: FhirStore) -> bool:
    """Whether nothing of what one sender sends at once was received before, in other requests.

    Whatever names one of the same identifiers at the same time takes turns here.
    """
    return not _received_before(received, session, store)


def _received_before(
    received: Sequence[Received], session: Session, store: FhirStore
) -> Sequence[Any]:
    store.serialise(*(number for each in received for number in each.numbers))
    named = [key for each in received for key in each.identifiers]
    if not named:
        return []
    parameters = {
        "organisation": received[0].organisation,
        "systems": [system for system, _ in named],
        "values": [value for _, value in named],
    }
    return session.connection().exec_driver_sql(_KNOWN, parameters).all()


def _identified(entry: WriteEntry) -> dict[Identifier, str]:
    return dict(identifiers_of(entry.resource or {}, entry.path or entry.type))


def _content(entry: WriteEntry) -> object:
    return {key: value for key, value in (entry.resource or {}).items() if key != "id"}


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _renamed(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_renamed(member, names) for member in value]
    return names.get(value, value) if isinstance(value, str) else value


def _kept(entry: WriteEntry, key: str, told: Iterable[Issue]) -> dict[str, Any]:
    """An answer as a row keeps it: its elements do not depend on where the entry stood."""
    named = {"type": entry.type, "id": key} if key else {}
    path = entry.path or entry.type
    issues = [placed(each, entry.type, before=path).as_dict() for each in told]
    return named | ({"issues": issues} if issues else {})


def _again(
    entry: WriteEntry, kept: Mapping[str, Any], store: FhirStore, access: Access
) -> WriteResult:
    stored = store.find(kept["type"], kept["id"], access) if "id" in kept else None
    issues = [
        Issue(each["severity"], each["code"], each["diagnostics"], tuple(each["expression"]))
        for each in kept.get("issues", [])
    ]
    path = entry.path or entry.type
    return WriteResult(200, stored, [placed(each, path, before=entry.type) for each in issues])
