"""What a source says and what stands here already, brought together field by field.

A source changes what it said itself, and what nobody said. A field that somebody changed here, or
that another source said first, stays as it is and is told as a difference.
"""

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from services.providers import gathering, hsds, listing
from services.providers.importing.reading.records import Said
from services.providers.rows import among, table

Listing = TypeVar("Listing", hsds.Organization, hsds.Service)

_OURS = {"id", "organization_id", "kersey"}
_ASSURED = ("assured_date", "assurer_email")
_ADDRESS = dict.fromkeys(("address_1", "city", "state_province", "postal_code"), "")


def said_of(model: hsds.Organization | hsds.Service) -> Said:
    """What a source said, as it is kept: what it left open is absent."""
    return model.model_dump(mode="json", exclude_defaults=True, exclude={"kersey"})


def merged(theirs: Listing, ours: Listing, base: Said) -> tuple[Listing, list[str]]:
    """A listing with what its source said now.

    Args:
        theirs: what the source says.
        ours: what stands here.
        base: what the source said before; empty if it did not.

    Returns:
        The listing, and the fields in which the source says otherwise.
    """
    new, old = _comparable(said_of(theirs)), _comparable(said_of(ours))
    before = _comparable(base)
    update: dict[str, Any] = {"kersey": ours.kersey}
    differing = []
    for name in type(theirs).model_fields.keys() - _OURS:
        if new.get(name) == old.get(name) or old.get(name) in (None, before.get(name)):
            continue
        update[name] = getattr(ours, name)
        if name in new:
            differing.append(name)
    return theirs.model_copy(update=update), sorted(differing)


def replaced(theirs: Listing, ours: Listing) -> Listing:
    """A listing that only its source wrote, as it says now; what Kersey alone says stays."""
    return theirs.model_copy(update={"kersey": ours.kersey} | _later(theirs, ours))


def same_but_for_ids(theirs: Listing, before: Said) -> bool:
    """Whether a source says what it said before. Some make the ids of what is below a listing anew
    each time that they are asked: nothing changed by that, and nobody is told.
    """
    said, stood = (_comparable(_without_ids(each)) for each in (said_of(theirs), before))
    return bool(said == stood)


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(each) for name, each in value.items() if name != "id"}
    return [_without_ids(each) for each in value] if isinstance(value, list) else value


def _later(theirs: Any, ours: Any) -> dict[str, Any]:
    """Of two assurances of a service, the later one counts."""
    if not isinstance(ours, hsds.Service) or ours.assured_date is None:
        return {}
    if theirs.assured_date is not None and theirs.assured_date >= ours.assured_date:
        return {}
    return {name: getattr(ours, name) for name in _ASSURED}


def _comparable(value: Any) -> Any:
    """Nested entities in an order that does not depend on how they came."""
    if isinstance(value, dict):
        return {name: _comparable(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted(map(_comparable, value), key=str)
    return value


# --- what stands here ------------------------------------------------------------------------


def standing_organizations(
    session: Session, keys: Collection[UUID]
) -> dict[UUID, hsds.Organization]:
    """Organisations in the shape in which they are written."""
    rows = _rows(session, "organization", keys)
    found = gathering.organizations(session, list(keys), full=True)
    return {
        key: hsds.Organization.model_validate(said | {"kersey": {"hub": rows[key]["hub"]}})
        for key, said in found.items()
    }


def standing_services(session: Session, keys: Collection[UUID]) -> dict[UUID, hsds.Service]:
    """Services in the shape in which they are written, with what is not published of them."""
    rows = _rows(session, "service", keys)
    kept = {
        name: _rows(session, name, keys, by="service_id")
        for name in ("funding", "service_area", "tier_evidence")
    }
    evidence: dict[UUID, list[dict[str, Any]]] = {}
    for row in kept["tier_evidence"].values():
        seen = {name: row[name] for name in ("kind", "seen", "expires")}
        evidence.setdefault(row["service_id"], []).append(seen)
    found = listing.services(session, list(keys), full=True)
    for key, said in found.items():
        row = rows[key]
        for each in said.get("funding", ()):
            paid = kept["funding"][UUID(each["id"])]
            each |= {name: paid[name] for name in ("amount", "valid_from", "valid_to")}
        for each in said.get("service_areas", ()):
            each["hub"] = kept["service_area"][UUID(each["id"])]["hub"]
        for at in said.get("service_at_locations", ()):
            places = at["location"].get("addresses", [])
            at["location"]["addresses"] = [_ADDRESS | place for place in places]
        said["status"] = row["status"]
        own = ("hub", "tier", "ask_by", "referral_email", "referral_phone", "assured_by")
        said["kersey"] = {name: row[name] for name in own} | {"evidence": evidence.get(key, [])}
    return {key: hsds.Service.model_validate(said) for key, said in found.items()}


def _rows(
    session: Session, name: str, keys: Collection[UUID], by: str = "id"
) -> dict[UUID, dict[str, Any]]:
    source = table(name)
    found = session.connection().execute(select(source).where(among(source.c[by], keys))).mappings()
    return {row["id"]: dict(row) for row in found}
