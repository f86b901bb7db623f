"""Cases that a request opens: what came with each referral, whom it is about, who reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.referrals.desk import Desk
from services.referrals.handlers.opening import Sent, open_case
from services.referrals.handlers.routing import Route, routes
from services.referrals.handlers.urgency import nobody_alerted
from services.referrals.pad import Pad
from services.referrals.persons import Subject
from services.referrals.readers import Label, Readers, label_of
from services.referrals.writing.attachments import (
    Attachments,
    Document,
    patient_of,
    practices_of,
)
from services.referrals.writing.starting import not_started, placed
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.bundle import WriteResult
from shared.fhir.json import parse
from shared.fhir.outcome import Issue
from shared.fhir.resolver import Step
from shared.fhir.store import FhirStore, Stored


class Opened:
    """Opens the cases of one request, within its transaction.

    Args:
        desk: what every use case works with.
        uow: the transaction; the caller commits it.
        store: the documents within it.
        pad: takes all that is made; the caller writes it.
        principal: the sender.
        links: whom the Patients of the request are about, held by this transaction.
    """

    def __init__(
        self,
        desk: Desk,
        uow: UnitOfWork,
        store: FhirStore,
        pad: Pad,
        principal: Principal,
        links: Mapping[str, Subject],
    ) -> None:
        self._desk = desk
        self._uow = uow
        self._store = store
        self._pad = pad
        self._principal = principal
        self._links = links

    def open(
        self,
        steps: Sequence[Step],
        requests: Mapping[str, dict[str, Any]],
        beside: set[Document],
        attachments: Attachments,
        results: Mapping[int, WriteResult],
    ) -> None:
        """Open a case for each step whose request starts a referral; tell its sender.

        Args:
            steps: that write a ServiceRequest which has no case.
            requests: as they are stored, by id.
            beside: documents that came in the same request.
            attachments: finds what belongs to each.
            results: of the steps, by the identity of their entries.
        """
        starting: dict[str, dict[Document, Any]] = {}
        for step in steps:
            request, path = requests[step.id], step.entry.path or "ServiceRequest"
            nothing = not_started(request, path)
            if nothing is None:
                starting[step.id] = attachments.of(request, beside)
            else:
                alerted = (placed(issue, path) for issue in nobody_alerted(request))
                results[id(step.entry)].issues += [nothing, *alerted]
        held = self._hold(starting, requests)
        sent = {
            key: self._sent(requests[key], documents, held) for key, documents in starting.items()
        }
        ways = self._ways(sent)
        readers: Readers = {}
        for step in steps:
            if step.id in sent:
                came = replace(sent[step.id], way=ways[step.id])
                issues = step.entry.within(self._open, came, readers)
                path = step.entry.path or "ServiceRequest"
                results[id(step.entry)].issues += [placed(issue, path) for issue in issues]
        self._share(readers, held)

    def _ways(self, sent: Mapping[str, Sent]) -> Mapping[str, Route]:
        """Where each goes, by its request."""
        if not sent:
            return {}
        owner, sought = UUID(self._principal.organisation), [each.sought for each in sent.values()]
        return dict(zip(sent, routes(self._uow.session, owner, sought), strict=True))

    def _hold(
        self, starting: Mapping[str, Mapping[Document, Any]], requests: Mapping[str, dict[str, Any]]
    ) -> Mapping[Document, Stored]:
        """Lock what was here before: cases that share a document take turns, each must see who
        reads it for the other's sake. And nobody deletes a Patient whose case is being opened."""
        named = {document for documents in starting.values() for document in documents}
        patients = (patient_of(requests[key]) for key in starting)
        named |= {("Patient", key) for key in patients if key is not None and key in self._links}
        return self._store.lock_all(named - set(self._pad.documents))

    def _sent(
        self,
        request: dict[str, Any],
        documents: Mapping[Document, Any],
        held: Mapping[Document, Stored],
    ) -> Sent:
        """What came with a referral and is not deleted."""
        found = {each: body for each, body in documents.items() if _lives(each, held)}
        key = patient_of(request)
        if key is None or key not in self._links or not _lives(("Patient", key), held):
            key = None
        subject = self._links[key] if key is not None else None
        return Sent(
            request=request,
            patient=key,
            person=subject.person if subject else None,
            documents={
                document: label_of(body) if document not in held else _label(held[document])
                for document, body in found.items()
            },
            practices=practices_of(request, found),
            stands=subject.stands if subject else None,
        )

    def _open(self, sent: Sent, readers: Readers) -> list[Issue]:
        more, issues = open_case(self._desk, self._uow, self._pad, self._principal, sent)
        for document, grants in more.items():
            readers.setdefault(document, set()).update(grants)
        return issues

    def _share(self, readers: Readers, held: Mapping[Document, Stored]) -> None:
        """Let in who cares now; who reads a document for another case's sake goes on reading it."""
        self._pad.admit(readers)
        here = readers.keys() & held.keys()
        self._store.admit({held[document]: readers[document] for document in here})


def _label(stored: Stored) -> Label:
    return label_of(parse(stored.body.encode())) if '"security"' in stored.body else ""


def _lives(document: Document, held: Mapping[Document, Stored]) -> bool:
    """Whether it was not deleted before it was held."""
    return document not in held or not held[document].deleted
