"""What a coordinator decides of two services that may be one: accepted, refused, undone.

Accepted, one is kept with what the other has beside it, and the other leaves the list; what its
source says next is said of the kept one. All of it is noted, so that undoing lists both again.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import RowMapping, func, select, update

from services.providers import hsds, publishing
from services.providers.handlers import Directory
from services.providers.importing.merging import standing_services
from services.providers.life import acts, versions
from services.providers.life.states import Act, Writing
from services.providers.matches.of_services.joining import parted, together
from services.providers.matches.proposals import (
    NotOpen,
    decide,
    held,
    must_be,
)
from services.providers.matches.said_since import said_by_sources, take_since
from services.providers.rows import table
from shared.database import UnitOfWork

_MATCH, _RECORD = table("service_match"), table("source_record")
_SERVICE, _TAKEN = table("service"), table("place_taken")


def match_of(uow: UnitOfWork, key: UUID) -> RowMapping:
    """A proposal, locked.

    Raises:
        NoSuchMatch: see there.
    """
    return held(uow, _MATCH, key)


def owners(uow: UnitOfWork, match: RowMapping) -> set[UUID]:
    """The organisations of both services: one, unless they were parted since."""
    pair = (match["one"], match["other"])
    wanted = select(_SERVICE.c.organization_id).where(_SERVICE.c.id.in_(pair))
    return set(uow.session.scalars(wanted))


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
        keep: which of the two stays; by default the one of the higher tier, or to which more
            people go.
        fields: for a field in which they differ, whose value counts; by default the kept one's.

    Returns:
        The id that stays.

    Raises:
        NotOpen: it was decided before, or one of the two is not listed any more.
        publishing.Misfit: `keep` or `fields` names none of the two, they are not one organisation's
            any more, or an edit of the one that goes waits for the hub.
    """
    must_be(match, "open")
    pair = (match["one"], match["other"])
    named = [("keep", keep), *((f"fields.{name}", key) for name, key in (fields or {}).items())]
    for element, key in named:
        if key is not None and key not in pair:
            raise publishing.Misfit(element, "This is none of the two.")
    rows = _lock(uow, match)
    if any(row["withdrawn"] is not None for row in rows.values()):
        raise NotOpen("One of the two is not listed any more.")
    if len({row["organization_id"] for row in rows.values()}) > 1:
        raise publishing.Misfit("id", "They are not one organisation's services any more.")
    kept = keep or _to_be_kept(uow, rows)
    gone = pair[1] if kept == pair[0] else pair[0]
    if versions.waiting(uow, gone) is not None:
        raise publishing.Misfit("keep", "An edit of the other one waits: decide about it first.")
    standing = standing_services(uow.session, pair)
    chosen = [name for name, key in (fields or {}).items() if key == gone]
    before, after = standing[kept], together(standing[kept], standing[gone], chosen)
    now = directory.clock()
    words = f"'{standing[gone].name}' is the same as '{after.name}'."
    _publish(uow, directory, {kept: after}, Writing(by, words))
    for subject in pair:
        acts.note(uow, subject, Act.MERGED, now, by=by, why=words)
    publishing.withdraw(uow, directory.outbox, gone, words, now)
    said = said_by_sources(uow, "service", gone)
    undo = {
        "before": before.model_dump(mode="json"),
        "after": after.model_dump(mode="json"),
        "gone": standing[gone].model_dump(mode="json"),
        "records": _rename_records(uow, gone, kept),
        "said": said,
    }
    decide(uow, directory, _MATCH, match, by, state="accepted", kept=kept, undo=undo)
    return kept


def undo(uow: UnitOfWork, directory: Directory, match: RowMapping, by: str) -> None:
    """They are two after all: both as they were, but for what was written since; and what the
    other's sources said of it meanwhile is the other's (`said_since`).

    Raises:
        NotOpen: it is not accepted.
        publishing.Misfit: what was does not fit any more.
    """
    must_be(match, "accepted")
    kept, was = match["kept"], match["undo"]
    gone = match["other"] if kept == match["one"] else match["one"]
    rows = _lock(uow, match)
    there = standing_services(uow.session, [kept])[kept]
    said = {name: hsds.Service.model_validate(was[name]) for name in ("before", "after", "gone")}
    now, words = directory.clock(), f"'{said['gone'].name}' is listed by itself again."
    writing = Writing(by, words)
    if rows[kept]["withdrawn"] is None:
        restored = parted(there, said["before"], said["after"])
        _publish(uow, directory, {kept: restored}, writing)
    if rows[gone]["withdrawn"] is not None:
        owner = {"organization_id": rows[gone]["organization_id"]}
        _publish(uow, directory, {gone: said["gone"].model_copy(update=owner)}, writing)
    for subject in (kept, gone):
        acts.note(uow, subject, Act.PARTED, now, by=by, why=words)
    _rename_records(uow, kept, gone, only=was["records"])
    decide(uow, directory, _MATCH, match, by, state="undone", kept=None, undo=None)
    take_since(uow, directory, "service", was.get("said", ()))


# --- how it is done --------------------------------------------------------------------------


def _lock(uow: UnitOfWork, match: RowMapping) -> dict[UUID, RowMapping]:
    """Both services, locked after what they belong to, as everywhere."""
    publishing.hold_organizations(uow, owners(uow, match))
    wanted = select(_SERVICE).where(_SERVICE.c.id.in_((match["one"], match["other"])))
    locked = wanted.order_by(_SERVICE.c.id).with_for_update(key_share=True)
    found = uow.session.connection().execute(locked).mappings()
    return {row["id"]: row for row in found}


def _to_be_kept(uow: UnitOfWork, rows: Mapping[UUID, RowMapping]) -> UUID:
    counted = select(_TAKEN.c.service_id, func.count()).where(_TAKEN.c.service_id.in_(rows))
    run = uow.session.connection().execute
    people = {row[0]: row[1] for row in run(counted.group_by(_TAKEN.c.service_id))}
    return max(rows, key=lambda key: (rows[key]["tier"], people.get(key, 0)))


def _publish(
    uow: UnitOfWork, directory: Directory, models: Mapping[UUID, hsds.Service], writing: Writing
) -> None:
    publishing.services(
        uow,
        directory.outbox,
        models,
        directory.clock(),
        capacity_lasts=directory.capacity_lasts,
        again=True,
        writing=writing,
    )


def _rename_records(
    uow: UnitOfWork, key: UUID, to: UUID, only: Sequence[Sequence[str]] | None = None
) -> list[list[str]]:
    """What sources say of one is said of the other from now on; which records these are."""
    run = uow.session.connection().execute
    mine = (_RECORD.c.key == key, _RECORD.c.entity == "service")
    found = run(select(_RECORD.c.source_id, _RECORD.c.given).where(*mine)).all()
    records = [[str(row.source_id), row.given] for row in found]
    for source, given in records:
        if only is None or [source, given] in only:
            one = (_RECORD.c.source_id == UUID(source), _RECORD.c.given == given)
            run(update(_RECORD).where(*mine, *one).values(key=to, digest=None))
    return records
