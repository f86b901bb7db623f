"""What a link worker does about a practice: agreement, a worry, release, another try, post."""

from base64 import b64decode
from datetime import date
from uuid import UUID, uuid4

from sqlmodel import select

from services.referrals.casefile import (
    CaseFile,
    NoSuchCase,
    content_of,
    refuse_unless,
    working_on,
)
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.gp import occasions
from services.referrals.gp.documents import attached
from services.referrals.gp.standing import PRINTABLE, SHAREABLE, Kind, Route, State
from services.referrals.gp.wishes import wish_of
from services.referrals.handlers.sharing import has_died, person_of_case
from services.referrals.standing import standing
from services.referrals.tables import GpMessage, GpSharing
from services.referrals.tables.gp import gp_deliveries
from shared.auth import Principal
from shared.delivery import State as Ended
from shared.repeating import repeating

MEDIA_TYPES = {"pdf": "application/pdf", "html": "text/html"}
"""The forms of a letter, by the ending of its address."""


@repeating
def agree(desk: Desk, principal: Principal, case: UUID, items: list[str], how: str) -> None:
    """Record what the person agrees to have told to their GP; it replaces what stood before.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: somebody else asks, or an item cannot be shared.
    """
    with working_on(desk, principal, case=case) as file:
        _only_the_worker(file, principal)
        unknown = sorted(set(items) - set(SHAREABLE))
        refuse_unless(
            not unknown, "business-rule", f"These can be shared: {', '.join(SHAREABLE)}.", "items"
        )
        file.uow.session.merge(
            GpSharing(
                case=case,
                items=[each for each in SHAREABLE if each in items],
                how=how,
                recorded_by=principal.subject,
                given=file.now,
                withdrawn=None,
            )
        )
        file.audit("gp-sharing", f"case/{case}")


@repeating
def withdraw(desk: Desk, principal: Principal, case: UUID) -> None:
    """The person wants their GP to hear nothing more: what was not sent is called back.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: somebody else asks.
    """
    with working_on(desk, principal, case=case) as file:
        _only_the_worker(file, principal)
        session = file.uow.session
        row = session.get(GpSharing, case) or GpSharing(
            case=case, items=[], how="", recorded_by=principal.subject, given=file.now
        )
        row.withdrawn = file.now
        session.add(row)
        session.flush()
        occasions.recall(session, case, State.STOPPED, "not-agreed", file.now)
        file.audit("gp-sharing-withdrawn", f"case/{case}")


@repeating
def worry(
    desk: Desk, principal: Principal, case: UUID, *, key: UUID, concern: str, because: str | None
) -> None:
    """Tell the practice at once of a worry about the person (care 11, 21).

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        key: the caller's own id of the report: the same one again tells nobody twice.
        concern: what the worry is.
        because: why it is told although the person does not want it, where they do not.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: somebody else asks; the practice is not known, or does not want such messages; the
            person does not agree and no reason is given; they have died; the id is another worry's.
    """
    with working_on(desk, principal, case=case) as file:
        _only_the_worker(file, principal)
        session, practice = file.uow.session, file.case.practice
        refuse_unless(
            practice is not None,
            "conflict",
            "It is not known which practice this person has. Ring whoever can act now.",
            "case",
        )
        assert practice is not None
        wish = wish_of(session, practice)
        refuse_unless(
            wish.safety,
            "conflict",
            "This practice takes no such messages. Ring it now.",
            "case",
        )
        _, nothing = occasions.agreed_items(session, case)
        refuse_unless(
            not nothing or bool(because),
            "conflict",
            "The person does not want their GP to hear more. If it must be told, say why.",
            "because",
        )
        refuse_unless(
            not has_died(person_of_case(file)), "conflict", "The person has died.", "case"
        )
        words = {"concern": concern} | ({"because": because} if because else {})
        before = session.get(GpMessage, occasions.key_of(case, Kind.SAFETY, str(key)))
        refuse_unless(
            before is None or before.words == words,
            "conflict",
            "Another worry was told under this id: give this one an id of its own.",
            "id",
        )
        made = occasions.make(
            session,
            file.case,
            Kind.SAFETY,
            wish,
            by=principal.subject,
            now=file.now,
            cause=str(key),
            words=words,
        )
        if made:
            file.uow.on_commit(desk.posting.set)
            file.audit("gp-worry", f"case/{case}")


@repeating
def release(desk: Desk, principal: Principal, case: UUID, key: UUID) -> None:
    """Have a message that was held go on its way, by a person's decision (care 12).

    Raises:
        NoSuchCase: there is no such message in a case of this link-worker service.
        Refused: it is not held, or the person does not want it, or has died.
    """
    with working_on(desk, principal, case=case) as file:
        _only_the_worker(file, principal)
        message = _message(file, key)
        refuse_unless(message.state == State.HELD, "conflict", "It is not held.", "message")
        _go(desk, file, message, Route(message.route))
        file.audit("gp-release", f"case/{case}")


@repeating
def again(desk: Desk, principal: Principal, case: UUID, key: UUID) -> None:
    """Try once more to send what failed.

    Raises:
        NoSuchCase: there is no such message in a case of this link-worker service.
        Refused: it has not failed, or the person does not want it, or has died.
    """
    with working_on(desk, principal, case=case) as file:
        _only_the_worker(file, principal)
        message = _message(file, key)
        refuse_unless(message.state == State.FAILED, "conflict", "It has not failed.", "message")
        _go(desk, file, message, Route(message.route))
        file.audit("gp-again", f"case/{case}")


@repeating
def posted(desk: Desk, principal: Principal, case: UUID, key: UUID, day: date) -> None:
    """Record that the printed letter was posted: then nobody has to do anything more.

    Raises:
        NoSuchCase: there is no such message in a case of this link-worker service.
        Refused: there is nothing to post, or the day is to come.
    """
    with working_on(desk, principal, case=case) as file:
        _only_the_worker(file, principal)
        message = _message(file, key)
        refuse_unless(
            message.state in PRINTABLE and message.written,
            "conflict",
            f"It is {message.state}: there is no letter to post.",
            "message",
        )
        refuse_unless(day <= file.now.date(), "business-rule", "The day is still to come.", "on")
        message.state, message.reason = State.POSTED.value, None
        message.posted_by, message.posted_on = principal.subject, day
        message.changed = file.now
        file.uow.session.add(message)
        file.uow.session.flush()
        occasions.mark(file.uow.session, case)
        file.audit("gp-posted", f"case/{case}")


def letter(desk: Desk, principal: Principal, case: UUID, key: UUID, form: str) -> bytes:
    """A message's letter, to be printed by the team: it names the person, which nobody else sees.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        key: the message.
        form: one of `MEDIA_TYPES`.

    Raises:
        NoSuchCase: there is no such letter in a case of this link-worker service.
        Refused: a coordinator asks.
    """
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        _only_the_worker(file, principal)
        message = _message(file, key)
        if not message.written:
            raise NoSuchCase
        stored = file.store.lock("DocumentReference", str(key))
        if stored.deleted:
            raise NoSuchCase
        found = b64decode(attached(content_of(stored), MEDIA_TYPES[form]))
        file.audit("gp-letter-read", f"DocumentReference/{key}")
        uow.session.flush()
        uow.commit()
        return found


def _go(desk: Desk, file: CaseFile, message: GpMessage, route: Route) -> None:
    session = file.uow.session
    refuse_unless(not has_died(person_of_case(file)), "conflict", "The person has died.", "message")
    _, nothing = occasions.agreed_items(session, message.case)
    # A worry has its reason for going out all the same.
    refuse_unless(
        not nothing or message.kind == Kind.SAFETY,
        "conflict",
        "The person does not want their GP to hear more.",
        "message",
    )
    message.state, message.reason = State.WAITING.value, None
    if message.sent is not None:
        message.itk_id = uuid4()  # or the practice's system would take it for the one it refused
    message.changed = file.now
    session.add(message)
    session.flush()
    begun = gp_deliveries.retry(
        session,
        gp_deliveries.delivery.c.id == message.id,
        ended_as=(Ended.FAILED, Ended.SUPERSEDED, Ended.UNKNOWN, Ended.DELIVERED),
    )
    if not begun:
        occasions.queue(session, message.id, message.practice, Kind(message.kind), route)
    occasions.mark(session, message.case)
    file.uow.on_commit(desk.posting.set)


def _message(file: CaseFile, key: UUID) -> GpMessage:
    found = select(GpMessage).where(GpMessage.id == key, GpMessage.case == file.case.id)
    message = file.uow.session.exec(found.with_for_update()).one_or_none()
    if message is None:
        raise NoSuchCase
    return message


def _only_the_worker(file: CaseFile, principal: Principal) -> None:
    actor = standing(file, principal, file.triage)
    refuse_unless(
        actor is Actor.LINK_WORKER, "forbidden", "Only the link worker does this.", "case"
    )
