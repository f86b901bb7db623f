"""The directory's listings and the two copies of them."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlmodel import Session, col

from deploy.reconciling.drift import Databases, Drift
from services.notifications.channels.registry import BY_MEANS
from services.notifications.domain import Source
from services.notifications.handlers.directory import listed_contact, reached_by
from services.notifications.tables import Contact, ListingSeen
from services.providers import documents, listing
from services.providers.rows import table
from services.referrals.tables import ListedProvider, ListedService
from shared.messaging.events import Sequence as Place

OF_THE_MOMENT = ("version", "capacity", "assurance")
"""Parts of a listing that change without its copies: they are no part of what is compared."""

READ_TOGETHER = 200


@dataclass(frozen=True)
class Listed:
    """One listing as the directory has it.

    Attributes:
        subject: as its events name it.
        provider: whose it is.
        service: which service; None for the provider itself.
        version: the directory's.
        listed: False once withdrawn.
        listing: the public listing.
        settled: whether it has stood long enough for every copy to have it.
    """

    subject: str
    provider: UUID
    service: UUID | None
    version: int
    listed: bool
    listing: Mapping[str, Any]
    settled: bool

    @property
    def key(self) -> UUID:
        """The id of what is listed."""
        return self.service or self.provider


def owned(databases: Databases) -> list[Listed]:
    """Every listing of the directory."""
    return [
        *_read(databases, "organization", listing.organization_listings),
        *_read(databases, "service", _service_listings),
    ]


def _read(databases: Databases, name: str, listings: Any) -> Iterator[Listed]:
    source = table(name)
    with Session(databases["providers"]) as session:
        rows = session.connection().execute(select(source).order_by(source.c.id)).mappings().all()
        for start in range(0, len(rows), READ_TOGETHER):
            some = rows[start : start + READ_TOGETHER]
            found = listings(session, [row["id"] for row in some])
            for row in some:
                service = name == "service"
                yield Listed(
                    subject=f"{'service' if service else 'provider'}/{row['id']}",
                    provider=row["organization_id"] if service else row["id"],
                    service=row["id"] if service else None,
                    version=row["version"],
                    listed=not service or row["withdrawn"] is None,
                    listing=found[row["id"]],
                    settled=row["last_modified"] < databases.before,
                )


def _service_listings(session: Session, keys: Sequence[UUID]) -> Mapping[UUID, Any]:
    return listing.listings(session, keys, datetime.now(UTC))


def compared(databases: Databases) -> Iterator[Drift]:
    """What is wrong with either copy. They are read before the directory, which is ahead of them.

    Parameters:
        databases: what to compare.
    """
    copies = _copies(databases)
    seen, contacts = _contacts(databases)
    known = owned(databases)
    yield from _in_referrals(copies, known)
    yield from _in_notifications(seen, contacts, known)


def gathered(databases: Databases) -> Iterator[Drift]:
    """Documents of the directory that are not what its tables say.

    Parameters:
        databases: what to compare.
    """
    for key in documents.differing(databases["providers"]):
        kind = "providers.service_document: a document is not what its listing says"
        yield Drift(kind, f"service/{key}", "`kersey reindex`")


Copies = dict[UUID, ListedProvider | ListedService]


def _copies(databases: Databases) -> Copies:
    with Session(databases["referrals"]) as session:
        kinds = (ListedProvider, ListedService)
        return {row.id: row for each in kinds for row in session.execute(select(each)).scalars()}


def _contacts(databases: Databases) -> tuple[Mapping[str, str], Mapping[UUID, Contact]]:
    """How far notifications has read of each listing, and the contacts that nobody corrected."""
    subjects = select(col(ListingSeen.subject), col(ListingSeen.sequence))
    by_listing = select(Contact).where(col(Contact.source) == Source.LISTING.value)
    with Session(databases["notifications"]) as session:
        seen = {row.subject: row.sequence for row in session.execute(subjects)}
        return seen, {row.id: row for row in session.execute(by_listing).scalars()}


def _in_referrals(copies: Copies, known: Sequence[Listed]) -> Iterator[Drift]:
    """The copy that says whom a link worker may ask."""
    to = "referrals.listings"
    for each in known:
        copy = copies.pop(each.key, None)
        if not each.settled:
            continue
        if copy is None:
            yield _lacks(to, each)
        elif _is_ahead(copy.sequence, each):
            yield _ahead(to, each)
        elif digest(copy.listing) != digest(each.listing):
            mend = f"`kersey republish providers --to {to}`"
            yield Drift(f"{to}: a listing is not the directory's", each.subject, mend)
    for key in sorted(copies):
        mend = "the directory does not list it: list it there again, or restore the directory"
        yield Drift(f"{to}: a listing that the directory does not know", str(key), mend)


def _in_notifications(
    seen: Mapping[str, str], contacts: Mapping[UUID, Contact], known: Sequence[Listed]
) -> Iterator[Drift]:
    """The copy that says how providers are reached, as far as their listings alone say so."""
    to = "notifications.directory"
    for each in known:
        if not each.settled:
            continue
        contact = contacts.get(listed_contact(each.provider, each.service))
        if each.subject not in seen:
            yield _lacks(to, each)
        elif _is_ahead(seen[each.subject], each):
            yield _ahead(to, each)
        elif contact and _reached(contact) not in _says(each):
            mend = f"`kersey republish providers --to {to}`"
            yield Drift(f"{to}: a contact is not the listing's", each.subject, mend)


def _reached(contact: Contact) -> tuple[str, str] | None:
    return (contact.means, contact.address) if contact.active else None


def _says(each: Listed) -> Collection[tuple[str, str] | None]:
    """How a listing may have been taken: with what is set up now, or was when it was taken."""
    if not each.listed:
        return [None]
    ways = [reached_by(each.service, each.listing, usable) for usable in ((), BY_MEANS)]
    return [(means, address) if address else None for means, address in ways]


def digest(content: Mapping[str, Any]) -> str:
    """A fingerprint of a listing's lasting content: capacity, in either form, is of the moment."""
    lasting = {
        name: content[name] for name in content if name not in ("last_modified", "capacities")
    }
    own = lasting.get("kersey")
    if isinstance(own, Mapping):
        lasting["kersey"] = {n: value for n, value in own.items() if n not in OF_THE_MOMENT}
    plain = orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(plain).hexdigest()


def _is_ahead(sequence: str, each: Listed) -> bool:
    return Place.parse(sequence).version > each.version


def _lacks(to: str, each: Listed) -> Drift:
    mend = f"`kersey republish providers --to {to}`"
    return Drift(f"{to}: a listing is missing", each.subject, mend)


def _ahead(to: str, each: Listed) -> Drift:
    mend = f"`kersey republish providers --to {to} --restored`, if the directory is right"
    return Drift(f"{to}: a listing is newer than the directory's", each.subject, mend)
