"""Writing listings: a coordinator's are published, a provider's wait for its hub.

What a provider may change by itself is declared in the settings; whatever else it writes is a draft
beside the version that stands, which everybody goes on reading.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy import RowMapping, select
from sqlalchemy.exc import IntegrityError, OperationalError

from services.providers import domain, hsds, hubs, listing, publishing
from services.providers.handlers import Directory, service_row
from services.providers.life import acts, versions, views
from services.providers.life.states import Act, Writing, needs_approval
from services.providers.life.unsaid import completed
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import ListingSubmitted
from shared.outages import is_beyond
from shared.problems import Problem
from shared.repeating import repeating

Json = dict[str, Any]
Listing = hsds.Service | hsds.Organization


@dataclass(frozen=True)
class Written:
    """What became of a listing that somebody wrote.

    Attributes:
        body: the public listing, or the version that waits.
        new: whether nothing stood there before.
        waits: whether the hub decides first.
    """

    body: Json
    new: bool
    waits: bool


@repeating
def write_organization(
    directory: Directory,
    principal: Principal,
    key: UUID | None,
    model: hsds.Organization,
    why: str | None = None,
) -> Written:
    """List an organisation, or change its listing.

    Args:
        directory: what to work with.
        principal: a coordinator of its hub, or the organisation itself.
        key: its id; None for a new one.
        model: the listing.
        why: in the writer's words, for the history.

    Raises:
        Problem: 403; 409 where an id belongs to another; 422 that names what does not fit.
    """
    wanted = _id(key, model.id)
    with UnitOfWork(directory.engine) as uow, in_words():
        new = not _listed(uow, wanted)
        placed = hubs.placed(uow, principal, wanted, model, new=new)
        owner = (wanted, placed.kersey.hub)
        waits = _waits(uow, directory, principal, owner, wanted, placed)
        writing = Writing(principal.subject, why)
        publish_organization(directory, uow, wanted, placed, writing, rehearsed=waits)
        if waits:
            body = _submit(uow, directory, "organization", wanted, placed, owner, writing)
        else:
            body = listing.organization_listings(uow.session, [wanted])[wanted]
        uow.commit()
    return Written(body, new, waits)


@repeating
def write_service(
    directory: Directory,
    principal: Principal,
    key: UUID | None,
    model: hsds.Service,
    why: str | None = None,
    *,
    draft: bool = False,
) -> Written:
    """List a service, change its listing, or list a withdrawn one again.

    Args:
        directory: what to work with.
        principal: a coordinator of its hub, or the organisation that offers it.
        key: its id; None for a new one.
        model: the listing. What it leaves out of `kersey` stays as it is.
        why: in the writer's words, for the history.
        draft: whether a coordinator's waits too, as a provider's does, until its hub says yes.

    Raises:
        Problem: 403; 409 where an id belongs to another; 422 that names what does not fit.
    """
    wanted = _id(key, model.id)
    with UnitOfWork(directory.engine) as uow, in_words():
        publishing.hold_organizations(uow, {model.organization_id})
        hubs.must_keep(uow, principal, model.organization_id)
        known = service_row(uow, wanted)
        if known is not None:
            hubs.must_keep(uow, principal, known["organization_id"])
        assured = _assured(uow, principal, known, model)
        owner = (model.organization_id, hubs.hub_of(uow, model.organization_id))
        published = hubs.coordinates(uow, principal, owner[1]) and not draft
        assured = completed(uow, wanted, assured, on_what_waits=not published)
        withdrawn = known is not None and known["withdrawn"] is not None
        waits = draft or _waits(uow, directory, principal, owner, wanted, assured, again=withdrawn)
        writing = Writing(principal.subject, why)
        publish_service(directory, uow, wanted, assured, writing, rehearsed=waits)
        if waits and hubs.coordinates(uow, principal, owner[1]):
            now = directory.clock()
            body = keep_as_draft(uow, "service", wanted, assured, owner, now, writing)
        elif waits:
            body = _submit(uow, directory, "service", wanted, assured, owner, writing)
        else:
            if withdrawn:
                now = directory.clock()
                acts.note(uow, wanted, Act.RELISTED, now, by=principal.subject, why=why)
            body = listing.listings(uow.session, [wanted], directory.clock())[wanted]
        uow.commit()
    return Written(body, known is None, waits)


def publish_organization(
    directory: Directory,
    uow: UnitOfWork,
    key: UUID,
    model: hsds.Organization,
    writing: Writing,
    *,
    rehearsed: bool = False,
) -> set[UUID]:
    """Publish one organisation; `rehearsed`, only to see whether it could be."""
    with _rehearsal(uow) if rehearsed else _in_earnest():
        return publishing.organizations(
            uow, directory.outbox, {key: model}, directory.clock(), writing
        )


def publish_service(
    directory: Directory,
    uow: UnitOfWork,
    key: UUID,
    model: hsds.Service,
    writing: Writing,
    *,
    rehearsed: bool = False,
) -> set[UUID]:
    """Publish one service; `rehearsed`, only to see whether it could be."""
    with _rehearsal(uow) if rehearsed else _in_earnest():
        return publishing.services(
            uow,
            directory.outbox,
            {key: model},
            directory.clock(),
            capacity_lasts=directory.capacity_lasts,
            again=True,
            writing=writing,
        )


@contextmanager
def _rehearsal(uow: UnitOfWork) -> Iterator[None]:
    """Do it and undo it: what publishing would refuse is told to its writer, not to its hub."""
    savepoint = uow.session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


@contextmanager
def _in_earnest() -> Iterator[None]:
    yield


def _waits(
    uow: UnitOfWork,
    directory: Directory,
    principal: Principal,
    owner: tuple[UUID, str | None],
    key: UUID,
    model: Listing,
    *,
    again: bool = False,
) -> bool:
    """Whether the hub decides first: of what its own coordinators write, never."""
    if hubs.coordinates(uow, principal, owner[1]):
        return False
    stands = versions.public(uow, key)
    said = versions.content(model)
    free = directory.changed_freely
    return stands is None or again or needs_approval(stands["listing"], said, free)


def _submit(
    uow: UnitOfWork,
    directory: Directory,
    kind: str,
    key: UUID,
    model: Listing,
    owner: tuple[UUID, str | None],
    writing: Writing,
) -> Json:
    """Keep what waits, and tell the hub.

    Raises:
        Problem: 409 where no hub acts that could decide.
    """
    organisation, hub = owner
    if hub is None or not hubs.acts(uow, hub):
        raise Problem(
            409,
            "Nobody could approve this",
            "A hub approves what a provider lists, and none acts for this organisation: ask the"
            " operator of Kersey.",
            element="kersey.hub",
        )
    now = directory.clock()
    body = keep_as_draft(uow, kind, key, model, (organisation, hub), now, writing)
    version = acts.note(uow, key, Act.SUBMITTED, now, by=writing.by, why=writing.why)
    event = ListingSubmitted(listing=key, provider=organisation, hub=hub, number=body["number"])
    directory.outbox.add(uow, event, version=version)
    return body


def keep_as_draft(
    uow: UnitOfWork,
    kind: str,
    key: UUID,
    model: Listing,
    owner: tuple[UUID, str | None],
    now: datetime,
    writing: Writing,
) -> Json:
    """Keep what waits in the place of what waited, and tell nobody: its own hub writes it."""
    return views.version(versions.draft(uow, kind, key, versions.whole(model), owner, now, writing))


# --- who, what, and in which words -----------------------------------------------------------

ASSURED = frozenset({"tier", "evidence", "assured_by"})
ASSURED_ON = frozenset({"assured_date", "assurer_email"})
"""What only a coordinator says of a listing (care 25): a provider does not vouch for itself."""


def _assured(
    uow: UnitOfWork, principal: Principal, known: RowMapping | None, model: hsds.Service
) -> hsds.Service:
    """The listing with what a coordinator vouched for kept, when its provider writes it.

    Raises:
        Problem: 403 when a provider sets it.
    """
    if "coordinator" in principal.roles:
        return model
    ours: dict[str, Any] = {}
    dated: dict[str, Any] = {}
    if known is not None:
        ours = {
            "tier": domain.Tier(known["tier"]),
            "evidence": _evidence(uow, known["id"]),
            "assured_by": known["assured_by"],
        }
        dated = {name: known[name] for name in ("assured_date", "assurer_email")}
    named = sorted(
        {f"kersey.{name}" for name in _set(model.kersey, ASSURED, ours)}
        | _set(model, ASSURED_ON, dated)
    )
    if named:
        raise Problem(403, "Not allowed", "Only a coordinator sets this.", element=named[0])
    if known is None:
        return model
    return model.model_copy(
        update={"kersey": model.kersey.model_copy(update=ours), **dated},
    )


def _evidence(uow: UnitOfWork, service: UUID) -> tuple[hsds.EvidenceSeen, ...]:
    evidence = table("tier_evidence")
    seen = uow.session.connection().execute(
        select(evidence.c.kind, evidence.c.seen, evidence.c.expires)
        .where(evidence.c.service_id == service)
        .order_by(evidence.c.id)
    )
    return tuple(hsds.EvidenceSeen(**row) for row in seen.mappings())


def _set(model: BaseModel, names: frozenset[str], stands: Mapping[str, Any]) -> set[str]:
    """Which of the members are said and are not what stands: what was read may be sent back."""
    return {
        name
        for name in model.model_fields_set & names
        if name not in stands or getattr(model, name) != stands[name]
    }


def _id(key: UUID | None, given: UUID | None) -> UUID:
    if key is not None and given is not None and key != given:
        raise Problem(
            422, "The listing does not fit", "The id is not that of the address.", element="id"
        )
    return key or given or uuid4()


def _listed(uow: UnitOfWork, key: UUID) -> bool:
    source = table("organization")
    wanted = select(source.c.id).where(source.c.id == key).with_for_update(key_share=True)
    return uow.session.connection().execute(wanted).one_or_none() is not None


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what the tables refuse into an answer."""
    try:
        yield
    except publishing.Misfit as error:
        raise Problem(422, "The listing does not fit", error.words, element=error.element) from None
    except IntegrityError:
        raise Problem(
            409,
            "The listing conflicts with another",
            "An id in it belongs to something else in the directory, or somebody else wrote it at"
            " the same moment. Leave out the ids of nested entities, or try again.",
            element="id",
        ) from None
    except OperationalError as error:
        if not is_beyond(error):
            raise
        words = "It says more in one place than can be stored: fewer places, or shorter texts."
        raise Problem(422, "The listing does not fit", words) from None
