"""What a coordinator decides of two organisations that may be one: accepted, refused, undone.

Accepted, one of them is kept with what the other has beside it; the other's services are the kept
one's from then on, and what its source says of it is said of the kept one. All of it is noted, so
that undoing restores both.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, or_, select, tuple_, update

from services.providers import hsds, listing, publishing, search_texts
from services.providers.claims.keepers import keeper_of
from services.providers.handlers import Directory
from services.providers.importing.merging import standing_organizations
from services.providers.life import acts
from services.providers.life.states import Act, Writing
from services.providers.matches.proposals import (
    NotOpen,
    decide,
    held,
    must_be,
)
from services.providers.matches.proposing import merged_away
from services.providers.matches.said_since import said_by_sources, take_since
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.events import ServiceChanged

_MATCH, _RECORD = table("organization_match"), table("source_record")
_SERVICE, _LOCATION = table("service"), table("location")
_LISTS = ("organization_identifiers", "attributes")
_NO_FIELDS = frozenset({"id", "kersey"})


def match_of(uow: UnitOfWork, key: UUID) -> RowMapping:
    """A proposal, locked.

    Raises:
        NoSuchMatch: see there.
    """
    return held(uow, _MATCH, key)


def conflicts(one: hsds.Organization, other: hsds.Organization) -> list[dict[str, Any]]:
    """The fields in which two organisations say different things, with what each says."""
    said = [each.model_dump(mode="json", exclude_defaults=True) for each in (one, other)]
    names = sorted(said[0].keys() & said[1].keys() - _NO_FIELDS - set(_LISTS))
    return [
        {"field": name, "one": said[0][name], "other": said[1][name]}
        for name in names
        if said[0][name] != said[1][name]
    ]


def refuse(uow: UnitOfWork, directory: Directory, match: RowMapping, by: str) -> None:
    """They are two: they are not proposed again.

    Raises:
        NotOpen: see there.
    """
    must_be(match, "open")
    decide(uow, directory, _MATCH, match, by, state="refused")


def accept(
    uow: UnitOfWork,
    directory: Directory,
    match: RowMapping,
    by: str,
    *,
    keep: UUID | None = None,
    fields: Mapping[str, UUID] | None = None,
) -> UUID:
    """They are one.

    Args:
        uow: the caller's transaction.
        directory: what to work with.
        match: the proposal, locked.
        by: who decides.
        keep: which of the two stays; by default one that was claimed, or has more services.
        fields: for a field in which they differ, whose value counts; by default the kept one's.

    Returns:
        The id that stays.

    Raises:
        NotOpen: it was decided before, or one of the two stands in another already.
        publishing.Misfit: `keep` or `fields` names none of the two, or somebody's staff keep the
            listings of the one that does not stay.
    """
    must_be(match, "open")
    pair = (match["one"], match["other"])
    chosen = dict(fields or {})
    for element, key in [
        ("keep", keep),
        *((f"fields.{name}", key) for name, key in chosen.items()),
    ]:
        if key is not None and key not in pair:
            raise publishing.Misfit(element, "This is none of the two.")
    _lock(uow, pair)
    if set(uow.session.scalars(merged_away())) & set(pair):
        raise NotOpen("One of the two stands in another organisation already.")
    kept = keep or _to_be_kept(uow, pair)
    gone = pair[1] if kept == pair[0] else pair[0]
    if keeper_of(uow, gone) is not None:
        raise publishing.Misfit(
            "keep", "Somebody claimed the other one: keep it, or end that first."
        )
    standing = standing_organizations(uow.session, pair)
    before = standing[kept]
    after = _together(before, standing[gone], {name for name, key in chosen.items() if key == gone})
    now = directory.clock()
    words = f"'{standing[gone].name}' stands in '{after.name}'."
    publishing.organizations(uow, directory.outbox, {kept: after}, now, Writing(by, words))
    services = _ids(uow, _SERVICE, gone)
    places = _ids(uow, _LOCATION, gone)
    _move(uow, directory, services, places, kept)
    for subject in (*pair, *services):
        acts.note(uow, subject, Act.MERGED, now, by=by, why=words)
    said = said_by_sources(uow, "organization", gone)
    records = [each[:2] for each in said]
    _rename_records(uow, records, kept)
    undo = {
        "before": before.model_dump(mode="json"),
        "after": after.model_dump(mode="json"),
        "services": [str(each) for each in services],
        "locations": [str(each) for each in places],
        "records": records,
        "said": said,
    }
    decide(uow, directory, _MATCH, match, by, state="accepted", kept=kept, undo=undo)
    return UUID(str(kept))


def undo(uow: UnitOfWork, directory: Directory, match: RowMapping, by: str) -> None:
    """They are two after all: both as they were, but for what was written since. What the other's
    sources brought since is the other's: they never said anything else; and so is what they said
    of it meanwhile (`said_since`).

    Raises:
        NotOpen: it is not accepted, or services of both were made one since.
    """
    must_be(match, "accepted")
    pair, kept, was = (match["one"], match["other"]), match["kept"], match["undo"]
    since = _brought_since(uow, kept, was)
    if _services_are_one(uow, [*map(UUID, was["services"]), *since]):
        raise NotOpen("Services of both were made one since: undo those first.")
    gone = pair[1] if kept == pair[0] else pair[0]
    _lock(uow, pair)
    standing = standing_organizations(uow.session, pair)
    before = hsds.Organization.model_validate(was["before"])
    after = hsds.Organization.model_validate(was["after"])
    now_there = standing[kept]
    restored = {
        name: getattr(before, name)
        for name in type(before).model_fields.keys() - _NO_FIELDS
        if _same(name, now_there, after)
    }
    model = now_there.model_copy(update=restored)
    now, words = directory.clock(), f"'{standing[gone].name}' stands by itself again."
    publishing.organizations(uow, directory.outbox, {kept: model}, now, Writing(by, words))
    there = set(_ids(uow, _SERVICE, kept))
    services = [each for each in (*map(UUID, was["services"]), *since) if each in there]
    places = [*map(UUID, was["locations"]), *_rooms_of(uow, kept, since)]
    _move(uow, directory, services, places, gone)
    for subject in (*pair, *services):
        acts.note(uow, subject, Act.PARTED, now, by=by, why=words)
    _rename_records(uow, was["records"], gone)
    decide(uow, directory, _MATCH, match, by, state="undone", kept=None, undo=None)
    take_since(uow, directory, "organization", was.get("said", ()))


# --- how it is done --------------------------------------------------------------------------


def _brought_since(uow: UnitOfWork, kept: UUID, was: Mapping[str, Any]) -> list[UUID]:
    """Services that came to the kept one since, and that nobody but the other's sources tell: left
    where they are, the next word of their source would be of another organisation's service.
    """
    before = [UUID(each) for each in was["services"]]
    theirs = {UUID(source) for source, _ in was["records"]}
    renamed = [(UUID(source), given) for source, given in was["records"]]
    told = select(_RECORD.c.source_id).where(
        _RECORD.c.entity == "organization",
        _RECORD.c.key == kept,
        tuple_(_RECORD.c.source_id, _RECORD.c.given).not_in(renamed),
    )
    theirs -= set(uow.session.scalars(told))
    wanted = (
        select(_SERVICE.c.id)
        .join(_RECORD, and_(_RECORD.c.key == _SERVICE.c.id, _RECORD.c.entity == "service"))
        .where(_SERVICE.c.organization_id == kept, _SERVICE.c.id.not_in(before))
        .group_by(_SERVICE.c.id)
        .having(func.bool_and(_RECORD.c.source_id.in_(theirs)))
        .order_by(_SERVICE.c.id)
    )
    return list(uow.session.scalars(wanted))


def _rooms_of(uow: UnitOfWork, kept: UUID, services: Sequence[UUID]) -> list[UUID]:
    """Rooms of the kept one in which nothing but these services is."""
    at = table("service_at_location").c
    wanted = (
        select(at.location_id)
        .join(_LOCATION, _LOCATION.c.id == at.location_id)
        .where(_LOCATION.c.organization_id == kept)
        .group_by(at.location_id)
        .having(func.bool_and(at.service_id.in_(services)))
    )
    return list(uow.session.scalars(wanted))


def _services_are_one(uow: UnitOfWork, moved: Sequence[UUID]) -> bool:
    """Whether a service that would go back stands in one that would stay, or the other way."""
    one = table("service_match").c
    wanted = select(one.id).where(
        one.state == "accepted",
        or_(
            and_(one.one.in_(moved), one.other.not_in(moved)),
            and_(one.other.in_(moved), one.one.not_in(moved)),
        ),
    )
    return uow.session.scalars(wanted.limit(1)).first() is not None


def _lock(uow: UnitOfWork, keys: Sequence[UUID]) -> None:
    organization = table("organization").c.id
    wanted = select(organization).where(organization.in_(keys)).order_by(organization)
    uow.session.connection().execute(wanted.with_for_update(key_share=True)).all()


def _to_be_kept(uow: UnitOfWork, pair: Sequence[UUID]) -> UUID:
    """The one whose listings somebody claimed, or the one with more services."""
    order = {key: (keeper_of(uow, key) is not None, len(_ids(uow, _SERVICE, key))) for key in pair}
    return max(pair, key=lambda key: order[key])


def _ids(uow: UnitOfWork, rows: Any, owner: UUID) -> list[UUID]:
    wanted = select(rows.c.id).where(rows.c.organization_id == owner).order_by(rows.c.id)
    return list(uow.session.connection().execute(wanted).scalars())


def _together(
    kept: hsds.Organization, gone: hsds.Organization, chosen: set[str]
) -> hsds.Organization:
    """The kept one, with what it lacks and the other has."""
    update: dict[str, Any] = {}
    for name in type(kept).model_fields.keys() - _NO_FIELDS:
        theirs = getattr(gone, name)
        if name in _LISTS:
            known = {_bare(each) for each in getattr(kept, name)}
            more = [each.model_copy(update={"id": None}) for each in theirs]
            update[name] = (
                *getattr(kept, name),
                *(each for each in more if _bare(each) not in known),
            )
        elif name in chosen or getattr(kept, name) in (None, ()):
            update[name] = theirs
    if update.get("parent_organization_id") in (kept.id, gone.id):
        update["parent_organization_id"] = None
    if kept.parent_organization_id == gone.id:
        update["parent_organization_id"] = None
    return kept.model_copy(update=update)


def _bare(entity: Any) -> Any:
    return entity.model_copy(update={"id": None})


def _same(name: str, one: hsds.Organization, other: hsds.Organization) -> bool:
    mine, theirs = getattr(one, name), getattr(other, name)
    if name in _LISTS:
        return {_bare(each) for each in mine} == {_bare(each) for each in theirs}
    return bool(mine == theirs)


def _move(
    uow: UnitOfWork,
    directory: Directory,
    services: Sequence[UUID],
    places: Sequence[UUID],
    owner: UUID,
) -> None:
    """Services and their rooms to another organisation, each told."""
    run = uow.session.connection().execute
    now = directory.clock()
    run(update(_LOCATION).where(_LOCATION.c.id.in_(places)).values(organization_id=owner))
    run(select(_SERVICE.c.id).where(_SERVICE.c.id.in_(services)).order_by(_SERVICE.c.id)
        .with_for_update(key_share=True))  # fmt: skip
    moved = run(
        update(_SERVICE)
        .where(_SERVICE.c.id.in_(services))
        .values(
            organization_id=owner,
            version=_SERVICE.c.version + 1,
            last_modified=now,
        )
        .returning(_SERVICE.c.id, _SERVICE.c.version, _SERVICE.c.withdrawn)
    ).all()
    listings = listing.listings(uow.session, [row.id for row in moved], now)
    search_texts.renew(uow.session, listings)
    listed = [row for row in moved if row.withdrawn is None]
    publishing.tell(
        uow,
        directory.outbox,
        [
            (ServiceChanged(service=row.id, provider=owner, listing=listings[row.id]), row.version)
            for row in listed
        ],
    )


def _rename_records(uow: UnitOfWork, records: Sequence[Sequence[str]], key: UUID) -> None:
    for source, given in records:
        uow.session.connection().execute(
            update(_RECORD)
            .where(
                _RECORD.c.source_id == UUID(source),
                _RECORD.c.entity == "organization",
                _RECORD.c.given == given,
            )
            .values(key=key)
        )
