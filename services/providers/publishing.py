"""Publishing: listings into the tables, their events into the outbox, in one transaction.

What is already there, unchanged, is left alone and tells nobody. Rows are locked in the order of
their ids from before the decision until the commit, as the outbox's order needs.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import RowMapping, delete, select, update

from services.providers import documents, hsds, listing, many, retelling, rows, search_texts
from services.providers.assurance import looks
from services.providers.life import versions
from services.providers.life.states import LOADED, Writing
from services.providers.matching.flattening import flatten
from services.providers.nested import Json
from services.providers.rows import Rows, among, child_id, table
from services.providers.taxonomies import term_id
from shared.database import UnitOfWork
from shared.messaging.events import (
    Event,
    ProviderChanged,
    ProviderPublished,
    ServiceChanged,
    ServicePublished,
    ServiceWithdrawn,
)
from shared.messaging.outbox import Outbox


class Misfit(Exception):
    """A listing that cannot be published as it is.

    Args:
        element: the member at fault.
        words: why, and what to do.
    """

    def __init__(self, element: str, words: str) -> None:
        super().__init__(words)
        self.element = element
        self.words = words


def digest(model: BaseModel, *, leave_out: Any = None) -> str:
    """A fingerprint of a listing's content."""
    content = model.model_dump(mode="json", exclude=leave_out)
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def tell(uow: UnitOfWork, outbox: Outbox, events: Iterable[tuple[Event, int]]) -> None:
    """Put events, each with its subject's version, into the outbox in one statement."""
    outbox.add_rows(uow, [outbox.row(event, version=version) for event, version in events])


# --- organisations ---------------------------------------------------------------------------


def organizations(
    uow: UnitOfWork,
    outbox: Outbox,
    models: Mapping[UUID, hsds.Organization],
    now: datetime,
    writing: Writing = LOADED,
) -> set[UUID]:
    """Publish organisations.

    Args:
        uow: the caller's transaction.
        outbox: where the events go.
        models: listings by id.
        now: the instant of the change.
        writing: who wrote them, and who agreed.

    Returns:
        The ids of those that were new or had changed.

    Raises:
        Misfit: a listing names a hub, a term or a parent that does not exist.
    """
    known = _locked(uow, "organization", models)
    prints = {key: digest(model) for key, model in models.items()}
    changed = {
        key: model
        for key, model in models.items()
        if key not in known or known[key]["digest"] != prints[key]
    }
    if not changed:
        return set()
    documents.hold_taxonomies(uow.session)
    _known_hubs(uow, {model.kersey.hub for model in changed.values()})
    _known_terms(uow, (each for model in changed.values() for each in model.attributes))
    _unlike(uow, changed.keys() - known.keys(), "service", "location")
    if any(model.parent_organization_id == key for key, model in changed.items()):
        raise Misfit("parent_organization_id", "An organisation is not a part of itself.")
    parents = {
        model.parent_organization_id for model in changed.values() if model.parent_organization_id
    }
    hold_organizations(uow, parents - changed.keys(), "parent_organization_id")
    rows.clear_organizations(uow.session, [key for key in changed if key in known])
    raised = {key: known[key]["version"] + 1 if key in known else 1 for key in changed}
    merged: Rows = defaultdict(list)
    for key, model in changed.items():
        for name, built in rows.of_organization(model, key).items():
            merged[name] += built
    for row in merged["organization"]:
        key = row["id"]
        row |= {"digest": prints[key], "version": raised[key], "last_modified": now}
    rows.store(uow.session, merged, new=changed.keys() - known.keys())
    owners = {key: (key, model.kersey.hub) for key, model in changed.items()}
    versions.published(uow, "organization", changed, owners, now, writing)
    tell(uow, outbox, _organization_events(uow, known, raised))
    stood = [key for key in changed if key in known]
    tell(uow, outbox, retelling.of_organizations(uow.session, stood, now))
    return set(changed)


def _organization_events(
    uow: UnitOfWork, known: Collection[UUID], versions: Mapping[UUID, int]
) -> Iterable[tuple[Event, int]]:
    listings = listing.organization_listings(uow.session, list(versions))
    for key, version in versions.items():
        happened = ProviderChanged if key in known else ProviderPublished
        yield happened(provider=key, listing=listings[key]), version


# --- services --------------------------------------------------------------------------------


def services(
    uow: UnitOfWork,
    outbox: Outbox,
    models: Mapping[UUID, hsds.Service],
    now: datetime,
    *,
    capacity_lasts: timedelta,
    again: bool = False,
    writing: Writing = LOADED,
) -> set[UUID]:
    """Publish services. Their capacity is taken from the listing only at the first time; after
    that it is the provider's to say.

    Args:
        uow: the caller's transaction.
        outbox: where the events go.
        models: listings by id.
        now: the instant of the change.
        capacity_lasts: after which a capacity counts as unknown unless it says when itself.
        again: whether a withdrawn service is listed again.
        writing: who wrote them, and who agreed.

    Returns:
        The ids of those that were new or had changed.

    Raises:
        Misfit: a listing names a hub, term or organisation that does not exist, moves a service
            to another organisation, or describes another organisation's location.
    """
    hold_organizations(uow, {model.organization_id for model in models.values()})
    beside = retelling.meeting(uow.session, _places(models))
    held = _locked(uow, "service", beside.union(models))
    known = {key: row for key, row in held.items() if key in models}
    prints = {
        key: digest(model, leave_out={"kersey": {"capacity"}}) for key, model in models.items()
    }
    changed = {
        key: model
        for key, model in models.items()
        if key not in known
        or known[key]["digest"] != prints[key]
        or (again and known[key]["withdrawn"])
    }
    if not changed:
        return set()
    documents.hold_taxonomies(uow.session)
    _check(uow, changed, known)
    _unlike(uow, changed.keys() - known.keys(), "organization", "location")
    described = _own_locations(uow, changed)
    listed = {key for key, row in known.items() if row["withdrawn"] is None}
    before = {
        key: retelling.meets(read.said)
        for key, read in documents.read(uow.session, listed & changed.keys()).items()
    }
    shared = retelling.rooms(uow.session, changed.keys(), described)
    stale = [key for key in changed if key in known]
    left = _locations_of(uow, stale)
    rows.clear_services(uow.session, stale)
    merged: Rows = defaultdict(list)
    for key, model in changed.items():
        for name, built in rows.of_service(model, key).items():
            merged[name] += built
    texts = search_texts.of_models(uow.session, changed)
    raised = {key: known[key]["version"] + 1 if key in known else 1 for key in changed}
    for row in merged["service"]:
        key = row["id"]
        row |= {
            "search_text": texts[key],
            "digest": prints[key],
            "version": raised[key],
            "last_modified": now,
            "withdrawn": None,
            "withdrawn_reason": None,
        }
    rows.clear_locations(uow.session, list(described))
    places = {row["id"] for row in merged["location"]}
    _unlike(uow, places - described, "organization", "service")
    new = (changed.keys() - known.keys()) | (places - described)
    rows.store(uow.session, merged, new=new)
    _drop_unused(uow, left - places)
    _first_capacity(uow, changed, now, capacity_lasts)
    flatten(uow.session, changed, places)
    documents.keep(uow.session, list(changed), merged)
    looks.begin(uow, changed, known.keys() - listed, now)
    versions.published(uow, "service", changed, _owners(uow, changed), now, writing)
    stood = {key: known[key]["status"] for key in listed}
    tell(uow, outbox, _service_events(uow, changed, stood, before, raised, now))
    tell(uow, outbox, shared.told_again(uow.session, now))
    return set(changed)


def _owners(
    uow: UnitOfWork, changed: Mapping[UUID, hsds.Service]
) -> dict[UUID, tuple[UUID, str | None]]:
    """The organisation of each service, and the hub that decides about it."""
    organization = table("organization").c
    offering = {model.organization_id for model in changed.values()}
    found = uow.session.connection().execute(
        select(organization.id, organization.hub).where(among(organization.id, offering))
    )
    hubs: dict[UUID, str | None] = {row.id: row.hub for row in found}
    return {
        key: (model.organization_id, hubs[model.organization_id]) for key, model in changed.items()
    }


def _service_events(
    uow: UnitOfWork,
    changed: Mapping[UUID, hsds.Service],
    stood: Mapping[UUID, str],
    before: Mapping[UUID, Json],
    versions: Mapping[UUID, int],
    now: datetime,
) -> Iterable[tuple[Event, int]]:
    """What is told of services, given the status of those that were listed before and whom they
    met, where: somebody may wait for what an edit adds (care 3)."""
    listings = listing.listings(uow.session, list(changed), now)
    for key, model in changed.items():
        # Made of what stands in the tables: that it is JSON need not be looked for in every value.
        said: dict[str, Any] = {
            "service": key, "provider": model.organization_id, "listing": listings[key],
        }  # fmt: skip
        event: Event
        if key not in stood:
            event = ServicePublished.model_construct(**said)
        else:
            was = None if stood[key] == model.status else stood[key]
            same = before[key] == retelling.meets(listings[key])
            event = ServiceChanged.model_construct(
                **said, was=was, before=None if same else before[key]
            )
        yield event, versions[key]


def withdraw(uow: UnitOfWork, outbox: Outbox, key: UUID, reason: str, now: datetime) -> None:
    """Take a service off the list; the caller holds its lock. Its row stays, as defunct."""
    service = table("service")
    row = (
        uow.session.connection()
        .execute(
            update(service)
            .where(service.c.id == key)
            .values(
                withdrawn=now,
                withdrawn_reason=reason,
                last_modified=now,
                version=service.c.version + 1,
            )
            .returning(service.c.organization_id, service.c.version)
        )
        .one()
    )
    flatten(uow.session, [key])
    gone = listing.listings(uow.session, [key], now)[key]
    event = ServiceWithdrawn(service=key, provider=row.organization_id, listing=gone)
    tell(uow, outbox, [(event, row.version)])


def _check(
    uow: UnitOfWork, changed: Mapping[UUID, hsds.Service], known: Mapping[UUID, RowMapping]
) -> None:
    for key, model in changed.items():
        if key in known and known[key]["organization_id"] != model.organization_id:
            raise Misfit("organization_id", "A service stays with the organisation that lists it.")
    hubs = {model.kersey.hub for model in changed.values()}
    areas = {area.hub for model in changed.values() for area in model.service_areas}
    _known_hubs(uow, hubs | areas)
    _known_terms(uow, (each for model in changed.values() for each in _attributes(model)))
    for model in changed.values():
        said = {each.taxonomy_term_id for each in model.attributes if each.value != "no"}
        if len(said & ONE_OF) > 1:
            words = "A group is for women only, for men only, or mixed: say one of these."
            raise Misfit("attributes.taxonomy_term_id", words)


ONE_OF = frozenset(term_id("company", code) for code in ("women", "men", "mixed"))
"""Of these terms a service has one: closed to men and closed to women it would be open to nobody
(Equality Act 2010, schedule 3, part 7)."""


def _attributes(model: hsds.Service) -> Iterable[hsds.Attribute]:
    yield from model.attributes
    for contact in model.contacts:
        yield from contact.attributes
    for at in model.service_at_locations:
        yield from at.location.attributes


def _places(models: Mapping[UUID, hsds.Service]) -> set[UUID]:
    return {place for key, model in models.items() for place in _location_ids(key, model)}


def _location_ids(key: UUID, model: hsds.Service) -> list[UUID]:
    return [
        child_id(key, "location", number, at.location.id)
        for number, at in enumerate(model.service_at_locations)
    ]


def _own_locations(uow: UnitOfWork, changed: Mapping[UUID, hsds.Service]) -> set[UUID]:
    """The locations of the listings that are described already, locked.

    Raises:
        Misfit: one of them is another organisation's.
    """
    location = table("location")
    owners = {
        place: model.organization_id
        for key, model in changed.items()
        for place in _location_ids(key, model)
    }
    wanted = select(location.c.id, location.c.organization_id).where(among(location.c.id, owners))
    wanted = wanted.order_by(location.c.id).with_for_update(key_share=True)
    found = uow.session.connection().execute(wanted).all()
    for row in found:
        if row.organization_id != owners[row.id]:
            raise Misfit(
                "service_at_locations",
                f"Location {row.id} is described by another organisation: give yours an id of its"
                " own.",
            )
    return {row.id for row in found}


def _locations_of(uow: UnitOfWork, keys: Sequence[UUID]) -> set[UUID]:
    at = table("service_at_location")
    wanted = select(at.c.location_id).where(among(at.c.service_id, keys))
    return set(uow.session.connection().execute(wanted).scalars())


def _drop_unused(uow: UnitOfWork, places: Collection[UUID]) -> None:
    """Locations that no service uses any more go with what is below them."""
    if not places:
        return
    at, location = table("service_at_location"), table("location")
    used = select(at.c.location_id).where(among(at.c.location_id, places))
    run = uow.session.connection().execute
    unused = set(places) - set(run(used).scalars())
    rows.clear_locations(uow.session, list(unused))
    run(delete(location).where(location.c.id.in_(unused)))


def _first_capacity(
    uow: UnitOfWork, changed: Mapping[UUID, hsds.Service], now: datetime, lasts: timedelta
) -> None:
    first = []
    for key, model in changed.items():
        said = model.kersey.capacity
        first.append(
            {
                "service_id": key,
                "state": str(said.state) if said else "unknown",
                "places": said.places if said else None,
                "waiting": said.waiting if said else None,
                "first_date": said.first_date if said else None,
                "keeps_list": bool(said and said.keeps_list),
                "counted": False,
                "over": 0,
                "updated": now,
                "updated_by": "listing",
                "expires": (said.expires or now + lasts) if said else None,
            }
        )
    many.insert(uow.session, "capacity", first, known_by=("service_id",))


# --- what listings may refer to --------------------------------------------------------------


def _locked(uow: UnitOfWork, name: str, keys: Iterable[UUID]) -> dict[UUID, RowMapping]:
    source = table(name)
    wanted = select(source).where(among(source.c.id, keys)).order_by(source.c.id)
    found = uow.session.connection().execute(wanted.with_for_update(key_share=True))
    return {row["id"]: row for row in found.mappings()}


def hold_organizations(
    uow: UnitOfWork, keys: Collection[UUID], element: str = "organization_id"
) -> None:
    """Keep organisations as they are until the commit, since listings repeat what they are.

    Organisations are locked before services, everywhere, so that nobody waits in a circle.

    Raises:
        Misfit: one of them is not there.
    """
    organization = table("organization").c
    wanted = select(organization.id).where(among(organization.id, keys)).order_by(organization.id)
    found = uow.session.connection().execute(wanted.with_for_update(read=True))
    for key in sorted(set(keys) - set(found.scalars())):
        raise Misfit(element, f"There is no organisation {key}.")


def _unlike(uow: UnitOfWork, keys: Collection[UUID], *others: str) -> None:
    """Refuse a new id that something of another kind has: whoever lists something chooses its id,
    and elsewhere a party, a contact or a document may be known by that id alone.

    Raises:
        Misfit: it is taken.
    """
    for other in others:
        there = table(other).c.id
        # No limit: planned for the first of many, all rows are looked through where there is none.
        taken = uow.session.scalars(select(there).where(among(there, keys))).first()
        if taken is not None:
            raise Misfit("id", f"{taken} is the id of something else: give this one of its own.")


def _known_hubs(uow: UnitOfWork, codes: Collection[str | None]) -> None:
    wanted = {code for code in codes if code is not None}
    hub = table("hub").c
    found = uow.session.connection().execute(select(hub.code).where(among(hub.code, wanted)))
    for code in sorted(wanted - set(found.scalars())):
        raise Misfit("kersey.hub", f"There is no place hub '{code}'.")


def _known_terms(uow: UnitOfWork, attributes: Iterable[hsds.Attribute]) -> None:
    wanted = {each.taxonomy_term_id for each in attributes}
    term = table("taxonomy_term").c
    found = uow.session.connection().execute(select(term.id).where(among(term.id, wanted)))
    for key in sorted(wanted - set(found.scalars())):
        raise Misfit("attributes.taxonomy_term_id", f"There is no taxonomy term {key}.")
