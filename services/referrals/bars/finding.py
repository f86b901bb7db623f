"""Which referral a later message means, and whether its sender knows it as it is now.

BaRS Core, Cancellation: a sender reads before it cancels, and the receiver must not process a
cancellation of what is not current any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from services.referrals import codes
from services.referrals.bars.entries import identifiers
from services.referrals.bars.errors import refusal
from services.referrals.bars.message import Message
from services.referrals.casefile import state_of
from services.referrals.domain import Kind
from services.referrals.tables import BarsMessage, CaseTask, ReferralIdentifier
from services.referrals.writing.attachments import local
from shared.fhir.json import parse
from shared.fhir.nhs import identifier_value
from shared.fhir.search.values import is_id
from shared.fhir.store import Access, FhirStore, Stored

_CURRENT = frozenset({"active", "on-hold"})


@dataclass(frozen=True)
class Referral:
    """A referral that is here.

    Attributes:
        request: its ServiceRequest, as it is now.
        known: by the fullUrls of its earlier messages, the `Type/id` of their resources.
        sent: when its sender last changed it, by the sender's own clock where that is known.
    """

    request: Stored
    known: Mapping[str, str]
    sent: datetime | None


def find(
    session: Session,
    store: FhirStore,
    access: Access,
    organisation: UUID,
    message: Message,
    base_url: str,
) -> Referral:
    """The referral that an update or a cancellation is about, if it may be changed by it.

    Found by the id that it has here (which an answer or a search told), by its business identifier,
    or, where it has none, by the fullUrl or id under which it was sent.

    Raises:
        FhirError: 404 where there is none of this sender; 409 where it may be several, is not
            current any more, has other identifiers, is about somebody else, or was changed since
            the sender read it.
    """
    key = _key(session, store, access, organisation, message)
    request = store.find("ServiceRequest", key, access) if key else None
    if request is None or request.deleted:
        words = "No referral of yours is here under this id, identifier or fullUrl."
        raise refusal(404, "not-found", words, message.focus.path)
    earlier = session.exec(
        select(BarsMessage)
        .where(BarsMessage.service_request == request.id, BarsMessage.organisation == organisation)
        .order_by(col(BarsMessage.received))
    ).all()
    known = {url: here for each in earlier for url, here in each.documents.items()}
    known |= _by_our_addresses(store, access, message, base_url)
    known |= {message.focus.full_url: request.reference}
    last = earlier[-1] if earlier else None
    by_message = last is not None and last.version == request.version
    referral = Referral(request, known, last.sent if last and by_message else request.last_updated)
    _refuse_ended(session, referral, message)
    _refuse_another(referral, message)
    _refuse_stale(referral, message)
    return _about_the_same(store, access, referral, message)


def _key(
    session: Session, store: FhirStore, access: Access, organisation: UUID, message: Message
) -> str | None:
    focus = message.focus
    sent_as = focus.resource.get("id")
    bare = focus.full_url.removeprefix("urn:uuid:").rpartition("/")[2]
    for key in (sent_as, bare):
        if key and is_id(key) and store.seen({("ServiceRequest", key)}, access):
            return str(key)
    numbers = list(identifiers(focus.resource))
    if numbers:
        # Who names a business identifier means that one: its fullUrl may be a template's.
        named = tuple_(col(ReferralIdentifier.system), col(ReferralIdentifier.value))
        of_number = select(ReferralIdentifier.service_request).where(
            ReferralIdentifier.organisation == organisation, named.in_(numbers)
        )
        return _only(session.exec(of_number.distinct().limit(2)).all(), f"{focus.path}.identifier")
    urls = [focus.full_url, *([f"urn:uuid:{sent_as}"] if sent_as else [])]
    of_message = select(BarsMessage.service_request).where(
        BarsMessage.organisation == organisation, col(BarsMessage.focus).in_(urls)
    )
    place = focus.path.replace(".resource", ".fullUrl")
    return _only(session.exec(of_message.distinct().limit(2)).all(), place)


def _only(found: Sequence[str], place: str) -> str | None:
    if len(found) > 1:
        words = "Several referrals of yours go by this: name the one by its id here."
        raise refusal(409, "conflict", words, place)
    return found[0] if found else None


def _by_our_addresses(
    store: FhirStore, access: Access, message: Message, base_url: str
) -> dict[str, str]:
    """What a sender that read a resource here sends back under the address that it has here."""
    here = {
        each.full_url: (each.type, each.full_url.removeprefix(f"{base_url}/{each.type}/"))
        for each in message.entries
        if each.full_url.startswith(f"{base_url}/{each.type}/")
    }
    seen = store.seen((pair for pair in here.values() if is_id(pair[1])), access)
    return {url: "/".join(pair) for url, pair in here.items() if pair in seen}


def _refuse_ended(session: Session, referral: Referral, message: Message) -> None:
    status = parse(referral.request.body.encode()).get("status")
    triage = session.exec(
        select(CaseTask).where(
            CaseTask.service_request == referral.request.id, CaseTask.kind == Kind.TRIAGE
        )
    ).one_or_none()
    if status not in _CURRENT:
        words = "This referral is not current any more: it was taken back or has ended. Read it."
        raise refusal(409, "conflict", words, f"{message.focus.path}.status")
    if triage is not None and state_of(triage).ended:
        words = "The case of this referral has ended: read its Task to see how."
        raise refusal(409, "conflict", words, f"{message.focus.path}.status")


def _refuse_another(referral: Referral, message: Message) -> None:
    """Whatever it was found by, business identifiers that have nothing in common say no."""
    held = set(identifiers(parse(referral.request.body.encode())))
    named = set(identifiers(message.focus.resource))
    if held and named and not held & named:
        words = "The referral that is here under this id has another business identifier."
        raise refusal(409, "conflict", words, f"{message.focus.path}.identifier")


def _refuse_stale(referral: Referral, message: Message) -> None:
    meta = message.focus.resource.get("meta", {})
    version, updated = meta.get("versionId"), moment(meta.get("lastUpdated"))
    words = "This referral was changed since you read it: read it again, then decide."
    if version and str(version).isdigit():
        if int(version) != referral.request.version:
            raise refusal(409, "conflict", words, f"{message.focus.path}.meta.versionId")
    elif updated and referral.sent and updated < referral.sent:
        raise refusal(409, "conflict", words, f"{message.focus.path}.meta.lastUpdated")


def _about_the_same(
    store: FhirStore, access: Access, referral: Referral, message: Message
) -> Referral:
    """The referral, its Patient known by the entry that this message has for it.

    BaRS Core, Cancellation: demographics are compared with those that are held.
    """
    entry = message.find(message.focus.resource.get("subject"))
    subject = parse(referral.request.body.encode()).get("subject", {})
    here = local(str(subject.get("reference", "")))
    stored = store.find(*here, access) if here and here[0] == "Patient" else None
    if entry is None or entry.type != "Patient" or stored is None or stored.deleted:
        return referral
    held = parse(stored.body.encode())
    pairs = {
        "identifier": [identifier_value(each, codes.NHS_NUMBER) for each in (held, entry.resource)],
        "birthDate": [each.get("birthDate") for each in (held, entry.resource)],
    }
    same = {element: pair[0] == pair[1] for element, pair in pairs.items() if all(pair)}
    before, now = _families(held), _families(entry.resource)
    if not same and before and now:  # then a name is all that tells one person from another
        same["name"] = bool(before & now)
    for element, agreed in same.items():
        if not agreed:
            words = "This is another person than the one whom the referral is about."
            raise refusal(409, "conflict", words, f"{entry.path}.{element}")
    known = {**referral.known, entry.full_url: stored.reference}
    return Referral(referral.request, known, referral.sent)


def _families(patient: Mapping[str, Any]) -> frozenset[str]:
    names = (str(each.get("family") or each.get("text") or "") for each in patient.get("name", ()))
    return frozenset(name.casefold().strip() for name in names if name)


def moment(text: Any) -> datetime | None:
    """A FHIR instant as a moment; None where it is none with a zone."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
