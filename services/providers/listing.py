"""Listings as they go out: HSDS 3.0 / Open Referral UK JSON.

Most of a service's listing lies ready as a document (`documents.py`); what moves by itself is
worked out at each read: a capacity that expires, evidence that lapses, confidence that falls.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.providers import capacities, documents, domain, replies
from services.providers.assurance import looks
from services.providers.closing.reading import closing_days
from services.providers.documents import Read
from services.providers.gathering import LOCATION, basic, organizations
from services.providers.nested import (
    TERM,
    Children,
    Json,
    Row,
    described,
    picked,
    plain,
    with_nested,
)
from services.providers.offers import offer
from services.providers.replies import Replies

TAXONOMY = "id name description uri version"


def organization_listings(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Whole public listings of organisations by id: what their events carry."""
    rows = Children(session).by_id("organization", keys)
    found = organizations(session, keys, full=True)
    closed = closing_days(session, keys)
    return {
        key: found[key]
        | {
            "kersey": with_nested(
                {"version": row["version"]}, hub=row["hub"], closed=closed.get(key)
            )
        }
        for key, row in rows.items()
    }


def services(
    session: Session, keys: Sequence[UUID], *, full: bool, now: datetime | None = None
) -> dict[UUID, Json]:
    """Services by id.

    Args:
        session: where to read.
        keys: which services; unknown ones are left out.
        full: with everything below them, else only what there is one of (HSDS service list).
        now: the present instant: a capacity that has expired is not shown. Without it none is.
    """
    if full:
        return {key: _whole(read, now) for key, read in documents.read(session, keys).items()}
    children = Children(session)
    rows = children.by_id("service", keys)
    owners = organizations(session, [row["organization_id"] for row in rows.values()], full=False)
    return {
        key: basic(row)
        | {
            "last_modified": plain(row["last_modified"]),
            "organization": owners[row["organization_id"]],
        }
        for key, row in rows.items()
    }


def _whole(read: Read, now: datetime | None) -> Json:
    """The HSDS part of a listing."""
    said = {name: value for name, value in read.said.items() if name != "kersey"}
    said["last_modified"] = plain(read.row["last_modified"])
    room = read.capacity
    if now and room and (shown := capacities.available(room, now)) is not None:
        said["capacities"] = [shown]
    return said


def service_at_locations(
    session: Session, keys: Sequence[UUID], *, full: bool, now: datetime
) -> dict[UUID, Json]:
    """Services at locations by id, each with its service and location."""
    children = Children(session)
    rows = children.by_id("service_at_location", keys)
    offered = services(session, [row["service_id"] for row in rows.values()], full=full, now=now)
    if full:
        return {
            key: _at(key, offered[row["service_id"]]) | {"service": offered[row["service_id"]]}
            for key, row in rows.items()
        }
    sites = children.by_id("location", [row["location_id"] for row in rows.values()])
    return {
        key: picked(row, "id service_id location_id description")
        | {
            "location": picked(sites[row["location_id"]], LOCATION),
            "service": offered[row["service_id"]],
        }
        for key, row in rows.items()
    }


def _at(key: UUID, service: Json) -> Json:
    found: Json = next(each for each in service["service_at_locations"] if each["id"] == str(key))
    return found


def taxonomies(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Taxonomies by id, without their terms."""
    rows = Children(session).by_id("taxonomy", keys)
    return {key: described(row, TAXONOMY) for key, row in rows.items()}


def taxonomy_terms(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    """Terms by id, each with its taxonomy's name."""
    children = Children(session)
    rows = children.by_id("taxonomy_term", keys)
    names = children.by_id("taxonomy", {row["taxonomy_id"] for row in rows.values()})
    return {
        key: described(row, TERM)
        | {
            "taxonomy": names[row["taxonomy_id"]]["name"],
            "taxonomy_detail": described(names[row["taxonomy_id"]], TAXONOMY),
        }
        for key, row in rows.items()
    }


# --- Kersey's own part -----------------------------------------------------------------------


def listings(session: Session, keys: Collection[UUID], now: datetime) -> dict[UUID, Json]:
    """Whole public listings by id: the HSDS service and Kersey's part. What events carry."""
    return {
        key: _whole(read, now) | {"kersey": _own(read, now)}
        for key, read in documents.read(session, keys).items()
    }


def offers(
    session: Session, rows: Sequence[Row], now: datetime
) -> dict[UUID, tuple[Json, Replies | None]]:
    """What matching shows and reasons from, by id: `listings` without what it does not look at;
    each with how the service answers, where that was asked and enough is known.

    Args:
        session: where to read what is not in the rows.
        rows: of `documents.offered`.
        now: the present instant.
    """
    found = documents.reads(session, rows)
    return {key: (_offer(read, now), replies.of(read.row)) for key, read in found.items()}


def _offer(read: Read, now: datetime) -> Json:
    said = offer(read.said) if read.row["whole"] else read.said
    return said | {"kersey": _own(read, now)}


def _own(read: Read, now: datetime) -> Json:
    row = read.row
    standing = domain.standing(
        domain.Tier(row["tier"]),
        (domain.Evidence(kind, expires) for kind, expires in read.evidence),
        now.date(),
    )
    return with_nested(
        {
            "version": row["version"],
            "tier": int(standing.tier),
            "tier_asked": row["tier"],
            "capacity": capacities.known(read.capacity, now),
            "assurance": looks.shown(read.assurance, row["assured_date"], now),
        }
        | read.said["kersey"],
        tier_until=plain(standing.until),
        tier_missing=list(standing.missing),
    )
