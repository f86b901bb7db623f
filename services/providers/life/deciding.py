"""A hub decides about what its providers wrote: approved, or sent back with words."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select

from services.providers import hsds, hubs
from services.providers.handlers import Directory
from services.providers.life import acts, versions, views
from services.providers.life.states import WAITING, Act, Collision, State, Writing, joined
from services.providers.life.writing import in_words, publish_organization, publish_service
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import ListingApproved, ListingSentBack
from shared.problems import Problem
from shared.repeating import repeating

Json = dict[str, Any]


@repeating
def approve(
    directory: Directory,
    principal: Principal,
    subject: UUID,
    number: int,
    *,
    words: str | None = None,
    publish_from: date | None = None,
) -> Json:
    """A coordinator agrees to a version that waits; it is published now, or on its day.

    Args:
        directory: what to work with.
        principal: a coordinator of the listing's hub.
        subject: the service or organisation.
        number: of the version.
        words: for its writer, and for the history.
        publish_from: the first day on which it is public; None or today for now.

    Raises:
        Problem: 404; 403; 409 where it does not wait, or collides with what was published since;
            422 where it does not fit any more.
    """
    with UnitOfWork(directory.engine) as uow, in_words():
        row = _theirs(uow, principal, subject, number)
        now = directory.clock()
        position = acts.note(uow, subject, Act.APPROVED, now, by=principal.subject, why=words)
        event = ListingApproved(
            listing=subject, provider=row["owner"], hub=row["hub"], number=number
        )
        if publish_from is not None and publish_from > now.date():
            agreed: Json = {"decided_by": principal.subject, "words": words}
            agreed["publish_from"] = publish_from
            versions.decide(uow, row["id"], State.APPROVED, now, **agreed)
        else:
            publish(directory, uow, row, decided_by=principal.subject, words=words)
        directory.outbox.add(uow, event, version=position)
        found = versions.numbered(uow, subject, number)
        assert found is not None
        shown = views.version(found)
        uow.commit()
    return shown


def send_back(
    directory: Directory, principal: Principal, subject: UUID, number: int, words: str
) -> Json:
    """A coordinator asks for a change; what stood stays public.

    Raises:
        Problem: 404; 403; 409 where the version does not wait.
    """
    with UnitOfWork(directory.engine) as uow:
        row = _theirs(uow, principal, subject, number)
        now = directory.clock()
        decided = {"decided_by": principal.subject, "words": words, "publish_from": None}
        versions.decide(uow, row["id"], State.SENT_BACK, now, **decided)
        version = acts.note(uow, subject, Act.SENT_BACK, now, by=principal.subject, why=words)
        event = ListingSentBack(
            listing=subject, provider=row["owner"], hub=row["hub"], number=number
        )
        directory.outbox.add(uow, event, version=version)
        found = versions.numbered(uow, subject, number)
        assert found is not None
        uow.commit()
    return views.version(found)


def publish_due(directory: Directory, today: date) -> int:
    """Publish what was agreed for a day that has come; each in its own transaction.

    What cannot be published any more goes back to its writer in words: it has been agreed, and
    must not wait where nobody looks.

    Returns:
        How many were published.
    """
    version = table("listing_version")
    with UnitOfWork(directory.engine) as uow:
        due = select(version.c.subject, version.c.number).where(
            version.c.state == State.APPROVED, version.c.publish_from <= today
        )
        waiting = uow.session.connection().execute(due.order_by(version.c.publish_from)).all()
    return sum(_publish_one(directory, subject, number) for subject, number in waiting)


@repeating
def _publish_one(directory: Directory, subject: UUID, number: int) -> bool:
    try:
        with UnitOfWork(directory.engine) as uow, in_words():
            _lock(uow, subject)
            row = versions.numbered(uow, subject, number)
            if row is None or row["state"] != State.APPROVED:
                return False
            publish(directory, uow, row, decided_by=row["decided_by"], words=row["words"])
            uow.commit()
        return True
    except Problem as problem:
        with UnitOfWork(directory.engine) as uow:
            row = versions.numbered(uow, subject, number)
            if row is not None and row["state"] == State.APPROVED:
                now = directory.clock()
                versions.decide(uow, row["id"], State.SENT_BACK, now, words=problem.detail)
                version = acts.note(
                    uow, subject, Act.SENT_BACK, now, by="publishing", why=problem.detail
                )
                event = ListingSentBack(
                    listing=subject, provider=row["owner"], hub=row["hub"], number=number
                )
                directory.outbox.add(uow, event, version=version)
            uow.commit()
        return False


def publish(
    directory: Directory,
    uow: UnitOfWork,
    row: RowMapping,
    *,
    decided_by: str,
    words: str | None,
) -> None:
    """Put a version that waits in the place of the one that stands; the caller commits.

    Raises:
        Problem: 409 where both it and the public listing changed a member since it was written, or
            the listing left the list since.
        publishing.Misfit: it does not fit any more.
    """
    _refuse_withdrawn_since(uow, row)
    writing = Writing(row["written_by"], row["why"], decided_by, words, row["id"])
    said = _on_what_stands(uow, row)
    key: UUID = row["subject"]
    if row["kind"] == "service":
        service = hsds.Service.model_validate(said)
        changed = publish_service(directory, uow, key, service, writing)
        _end_if_same(uow, directory, row, service, changed, writing)
    else:
        organization = hsds.Organization.model_validate(said)
        changed = publish_organization(directory, uow, key, organization, writing)
        _end_if_same(uow, directory, row, organization, changed, writing)


def _refuse_withdrawn_since(uow: UnitOfWork, row: RowMapping) -> None:
    """An edit of what stood then does not list again what was taken off the list meanwhile: who
    wrote it did not say that it goes on.

    Raises:
        Problem: 409.
    """
    service = table("service").c
    withdrawn = uow.session.scalar(select(service.withdrawn).where(service.id == row["subject"]))
    if withdrawn is not None and row["written"] < withdrawn:
        raise Problem(
            409,
            "It has left the list since",
            "This was written before the service was taken off the list. List it again first, or"
            " send this back, so that its provider says whether it goes on.",
            element="number",
        )


def _end_if_same(
    uow: UnitOfWork,
    directory: Directory,
    row: RowMapping,
    model: hsds.Service | hsds.Organization,
    changed: set[UUID],
    writing: Writing,
) -> None:
    """Where the public listing says it all already, nothing is told; but it is agreed."""
    if not changed:
        owners = {row["subject"]: (row["owner"], row["hub"])}
        now = directory.clock()
        versions.published(uow, row["kind"], {row["subject"]: model}, owners, now, writing)


def _on_what_stands(uow: UnitOfWork, row: RowMapping) -> Json:
    stands = versions.public(uow, row["subject"])
    based_on = row["based_on"]
    base = None if based_on is None else versions.numbered(uow, row["subject"], based_on)
    said: Json = row["listing"]
    if stands is None or base is None or stands["number"] == base["number"]:
        return said
    try:
        return joined(base["listing"], said, stands["listing"])
    except Collision as collision:
        raise Problem(
            409,
            "The public listing has changed since",
            f"Both changed {', '.join(collision.members)}. Send it back, so that it is written on"
            " what stands now.",
            element=collision.members[0],
        ) from None


def _theirs(uow: UnitOfWork, principal: Principal, subject: UUID, number: int) -> RowMapping:
    """A version that waits for this coordinator.

    Raises:
        Problem: 404, 403 or 409.
    """
    _lock(uow, subject)
    row = versions.numbered(uow, subject, number)
    if row is None:
        raise _unknown()
    if not hubs.coordinates(uow, principal, row["hub"]):
        if not hubs.keeps(uow, principal, row["owner"]):
            raise _unknown()
        raise Problem(403, "Not allowed", "A coordinator of its hub decides.", element="id")
    if row["state"] not in WAITING:
        raise Problem(
            409,
            "This version does not wait",
            f"It is {row['state']}.",
            element="number",
        )
    return row


def _unknown() -> Problem:
    """There is no such version, or it is for others to read and decide."""
    words = "There is no such version of this listing."
    return Problem(404, "Not found", words, element="id")


def _lock(uow: UnitOfWork, subject: UUID) -> None:
    """Lock what stands first, as every writer of a listing does."""
    for name in ("organization", "service"):
        key = table(name).c.id
        stands = select(key).where(key == subject).with_for_update(key_share=True)
        uow.session.connection().execute(stands)
