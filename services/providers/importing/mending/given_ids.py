"""The ids that a source gave its entities, and those that they have here.

A UUID is kept. Any other id is mapped to one that follows from the source and the id, so that the
same entity is the same tomorrow; what it was given is kept beside it. An id that stands here for
something else already, or twice in one listing, gets one that follows from its place.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID, uuid5

from sqlalchemy import Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from services.providers.importing.mending.tidying import storable
from services.providers.importing.reading.records import Said
from services.providers.rows import table

NAMESPACE = UUID("6f6d7f0a-3f0b-5c1e-9d6a-5b1f3f7c2a11")
"""Of ids that are made for what came without one."""
LONGEST = 300

NESTED: dict[str, dict[str, str]] = {
    "organization": {
        "organization_identifiers": "organization_identifier",
        "attributes": "attribute",
    },
    "service": {
        "schedules": "schedule",
        "service_areas": "service_area",
        "service_at_locations": "service_at_location",
        "languages": "language",
        "funding": "funding",
        "cost_options": "cost_option",
        "contacts": "contact",
        "attributes": "attribute",
    },
    "service_at_location": {"location": "location", "schedules": "schedule"},
    "location": {
        "addresses": "address",
        "accessibility": "accessibility",
        "attributes": "attribute",
    },
    "contact": {"phones": "phone", "attributes": "attribute"},
    "phone": {"languages": "language"},
}
"""Which member of an entity holds entities of which table."""

OWNED_BY: dict[str, tuple[str, ...]] = {
    "organization_identifier": ("organization_id",),
    "schedule": ("service_at_location_id", "service_id"),
    "service_area": ("service_id",),
    "service_at_location": ("service_id",),
    "language": ("phone_id", "service_id"),
    "funding": ("service_id",),
    "cost_option": ("service_id",),
    "contact": ("service_id",),
    "attribute": ("link_id",),
    "location": ("organization_id",),
    "address": ("location_id",),
    "accessibility": ("location_id",),
    "phone": ("contact_id",),
}
"""The columns that say whose an entity is, the nearest first."""

Taken = Mapping[tuple[str, UUID], UUID | None]
"""Whose the ids are that stand in the directory already, by table and id."""


def given_id(said: Said) -> str | None:
    """The id that an entity came with, as text; None where it has none that could be one."""
    given = said.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int):
        return None
    text = storable(str(given)).strip()
    return text if 0 < len(text) <= LONGEST else None


@lru_cache(maxsize=16_384)  # each id of a batch is asked for several times
def as_uuid(given: str) -> UUID | None:
    """A given id that is a UUID, in any way of writing that Python reads without dropping signs."""
    try:
        found = UUID(given)
    except ValueError:
        return None
    return found if str(found) == given.lower() else None


def key_of(source: UUID, entity: str, given: str) -> UUID:
    """The id that a source's entity has here, unless that is somebody else's."""
    return as_uuid(given) or uuid5(source, f"{entity}/{given}")


def nested(entity: str, said: Said) -> Iterator[tuple[str, Said]]:
    """Each entity directly below one, with its table."""
    for member, child in NESTED.get(entity, {}).items():
        value = said.get(member)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield child, each


def all_below(entity: str, said: Said) -> Iterator[tuple[str, Said]]:
    """Each entity below one, at every level."""
    for child, each in nested(entity, said):
        yield child, each
        if child in NESTED:
            yield from all_below(child, each)


def taken_by(session: Session, source: UUID, listings: Collection[tuple[str, Said]]) -> Taken:
    """Whose the nested ids of listings are, where they stand in the directory.

    Args:
        session: where to read.
        source: who gave the ids.
        listings: (organization or service, the record).
    """
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for entity, said in listings:
        for child, each in all_below(entity, said):
            given = given_id(each)
            if given is not None:
                wanted[child].add(key_of(source, child, given))
    found: dict[tuple[str, UUID], UUID | None] = {}
    for name, keys in wanted.items():
        rows = table(name)
        owner = [rows.c[column] for column in OWNED_BY[name]]
        # One array: as a list of its own for each number of ids, each text would be read anew.
        every = literal(list(keys), ARRAY(Uuid))
        for key, *owners in session.connection().execute(
            select(rows.c.id, *owner).where(rows.c.id == any_(every))
        ):
            found[name, key] = next((each for each in owners if each is not None), None)
    for name in ("organization", "service"):
        column = table(name).c.id
        every = literal(list(wanted.get("location", ())), ARRAY(Uuid))
        for key in session.scalars(select(column).where(column == any_(every))):
            found["location", key] = None  # elsewhere one of them may be known by its id alone
    return found


@dataclass
class Keys:
    """Gives the entities of a batch their ids.

    Attributes:
        source: who gave the ids.
        taken: whose ids stand in the directory; ids that this batch uses are added.
        mapped: (entity, given, key) of what was no UUID.
    """

    source: UUID
    taken: dict[tuple[str, UUID], UUID | None]
    mapped: list[tuple[str, str, UUID]] = field(default_factory=list)
    _used: set[tuple[str, UUID]] = field(default_factory=set)

    def give(self, entity: str, said: Said, key: UUID, owner: UUID) -> None:
        """Give everything below a listing its id, in place.

        Args:
            entity: organization or service.
            said: the listing.
            key: its id here.
            owner: the organisation, to which locations belong.
        """
        self._used.clear()  # two listings may have one room, with all that is said of it
        for each in (key, owner):
            self.taken["location", each] = None
        self._below(entity, said, key, owner)

    def _below(self, entity: str, said: Said, key: UUID, owner: UUID) -> None:
        places: dict[str, int] = defaultdict(int)
        for child, each in nested(entity, said):
            above = owner if child == "location" else key
            given = given_id(each)
            number = places[child]
            places[child] += 1
            here = (
                uuid5(key, f"{child}/{number}") if given is None else self._key(child, given, above)
            )
            each["id"] = str(here)
            if child in NESTED:
                self._below(child, each, here, owner)

    def _key(self, entity: str, given: str, owner: UUID) -> UUID:
        key = key_of(self.source, entity, given)
        if as_uuid(given) is None:
            self.mapped.append((entity, given, key))
        shared = entity == "location"
        while (entity, key) in self.taken:
            whose = self.taken[entity, key]
            if whose == owner and (shared or (entity, key) not in self._used):
                break
            key = uuid5(owner, f"{entity}/{key}")
        self.taken[entity, key] = owner
        self._used.add((entity, key))
        return key
