"""What belongs to a referral: the documents it refers to, its practice, its Patient."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.referrals import codes
from services.referrals.membership import members_of
from shared.fhir.json import parse
from shared.fhir.nhs import identifier_value
from shared.fhir.search.targets import target_of
from shared.fhir.store import Access, FhirStore, Stored

Document = tuple[str, str]
DEPTH = 3
"""ServiceRequest, PractitionerRole, Organization: no chain that matters is longer."""

_PERSONAL = ("subject", "patient", "for", "beneficiary", "individual")
"""Elements by which a resource says whom it is about."""


class Attachments:
    """Follows references from a request to documents of the same sender.

    Args:
        store: within the transaction.
        access: the sender's.
        owner: the sender's organisation; what others own is never drawn into its case.
        fresh: resources written in this transaction, by (type, id).
        found: documents that were read in it already.
    """

    def __init__(
        self,
        store: FhirStore,
        access: Access,
        owner: str,
        fresh: Mapping[Document, dict[str, Any]],
        found: Iterable[Stored] = (),
    ) -> None:
        self._store = store
        self._access = access
        self._owner = owner
        self._known: dict[Document, dict[str, Any] | None] = {
            (each.type, each.id): self._content(each) for each in found
        }
        self._known |= fresh

    def of(self, request: dict[str, Any], beside: Iterable[Document]) -> dict[Document, Any]:
        """The documents of a referral: those sent beside it, and what any of them refers to.

        What is about another Patient is none of this case's, though it came in one Bundle or is
        referred to: whoever reads the case would read that person's record.
        """
        subject = patient_of(request)
        start = ("ServiceRequest", str(request["id"]))
        self._known[start] = request
        found: dict[Document, Any] = {}
        edge = {start, *beside}
        for _ in range(DEPTH + 1):
            self._learn(edge)
            for document in edge:
                content = self._known[document]
                if content is None or members_of(content) - {subject}:
                    continue
                if patient_of(content) in {None, subject}:
                    found[document] = content
            edge = {each for body in found.values() for each in references(body)} - set(found)
        return found

    def _learn(self, documents: set[Document]) -> None:
        """Read those that are not known, all at once."""
        unknown = documents - self._known.keys()
        read = self._store.find_all(unknown, self._access)
        for document in unknown:
            stored = read.get(document)
            self._known[document] = None if stored is None else self._content(stored)

    def _content(self, stored: Stored) -> dict[str, Any] | None:
        if stored.deleted or stored.owner != self._owner:
            return None
        return parse(stored.body.encode())


def references(value: object) -> Iterator[Document]:
    """Every relative reference in a resource, as (type, id)."""
    if isinstance(value, dict):
        literal = value.get("reference")
        if isinstance(literal, str):
            document = local(literal)
            if document:
                yield document
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def local(literal: str) -> Document | None:
    """A relative reference `Type/id` as (type, id); None for every other kind.

    One by this server's own address was made relative before it was stored.
    """
    target = target_of(literal, base_url="")
    if target is None or not target.local or target.type is None or target.id is None:
        return None
    return target.type, target.id


def subject_of(request: Mapping[str, Any]) -> object:
    """Whom a request is about, however its sender words that."""
    subject = request.get("subject")
    if not isinstance(subject, dict):
        return subject
    document = local(str(subject.get("reference", "")))
    return document or (subject.get("reference"), subject.get("identifier"))


def patient_of(resource: dict[str, Any]) -> str | None:
    """The id of the local Patient that a resource is about."""
    if resource["resourceType"] == "Patient":
        return str(resource["id"]) if "id" in resource else None
    holders = [resource.get(element) for element in _PERSONAL]
    if resource["resourceType"] == "Appointment":  # names whom it is about among who takes part
        holders += [each.get("actor") for each in resource.get("participant", [])]
    for holder in holders:
        literal = holder.get("reference") if isinstance(holder, dict) else None
        document = local(literal) if isinstance(literal, str) else None
        if document and document[0] == "Patient":
            return document[1]
    return None


def practices_of(request: dict[str, Any], documents: dict[Document, Any]) -> tuple[str, ...]:
    """The ODS codes of the organisations on whose behalf a request is made, likeliest first."""
    requester = request.get("requester", {})
    holders = [requester]
    role = _referred_to(requester, request, documents)
    if role is not None and role["resourceType"] == "PractitionerRole":
        holders.append(role.get("organization", {}))
    named = [code for holder in holders if (code := _code_of(holder, request, documents))]
    others = [
        code
        for (kind, _), body in sorted(documents.items())
        if kind == "Organization" and (code := identifier_value(body, codes.ODS_ORGANISATION))
    ]
    return tuple(dict.fromkeys(named or others))


def _code_of(
    holder: dict[str, Any], request: dict[str, Any], documents: dict[Document, Any]
) -> str | None:
    identifier = holder.get("identifier")
    if isinstance(identifier, dict):
        found = identifier_value({"identifier": [identifier]}, codes.ODS_ORGANISATION)
        if found:
            return found
    body = _referred_to(holder, request, documents)
    if body is not None and body["resourceType"] == "Organization":
        return identifier_value(body, codes.ODS_ORGANISATION)
    return None


def _referred_to(
    holder: dict[str, Any], request: dict[str, Any], documents: dict[Document, Any]
) -> dict[str, Any] | None:
    """What a reference leads to: a document that came along, or one inside the request."""
    literal = str(holder.get("reference", ""))
    if literal.startswith("#"):
        inside = (each for each in request.get("contained", []) if f"#{each.get('id')}" == literal)
        return next(inside, None)
    return documents.get(local(literal) or ("", ""))
