"""Somebody is worried about a person: a worry is raised, given to somebody, decided on and closed.

It may be raised, and is worked on, whatever becomes of the case: an ended one has a person too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid5

from sqlmodel import col, select

from services.referrals import worries
from services.referrals.casefile import CaseFile, NoSuchCase, refuse_unless, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Refused
from services.referrals.standing import standing
from services.referrals.tables import Worklist, Worry, WorryNote
from services.referrals.worries import Act
from shared.auth import Principal
from shared.repeating import repeating

FIRST: dict[Act, str] = {
    Act.DECISION: "Say first who looks at it.",
    Act.OUTCOME: "Say first who looks at it, and what was decided.",
}


@repeating
def raise_by_team(
    desk: Desk, principal: Principal, case: UUID, *, key: UUID, words: str, lead: str | None
) -> None:
    """A link worker is worried.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        key: of this writing; the same one again changes nothing.
        words: what worries them.
        lead: the `sub` of who of the team looks at it; None where that is still to be said.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: somebody else asks, or the key is another worry's.
    """
    with _by_team(desk, principal, case) as file:
        worry = _raise(file, principal, key=key, words=words, task=None)
        if worry is not None and lead:
            _note(file, principal, worry, Act.LEAD, lead=lead)


@repeating
def raise_by_provider(
    desk: Desk, principal: Principal, task_id: str, *, key: UUID, words: str
) -> None:
    """Somebody of a provider is worried about whom they were asked for.

    Args:
        desk: what every use case works with.
        principal: an account of the provider; an answer link answers, nothing else (care 6).
        task_id: of its request.
        key: of this writing; the same one again changes nothing.
        words: what worries them.

    Raises:
        NoSuchCase: it is another provider's, or there is none.
        Refused: no link worker hears of the person, or the key is another worry's.
    """
    with working_on(desk, principal, task=task_id) as file:
        check_provider(file, principal, task_id)
        refuse_unless(
            file.case.team is not None and not file.apart,
            "conflict",
            "No link worker hears of this person. Follow your own safeguarding rules.",
            "task",
        )
        _raise(file, principal, key=key, words=words, task=task_id)


def check_provider(file: CaseFile, principal: Principal, task_id: str) -> None:
    """That an account of the provider asks, whose request it is.

    Raises:
        NoSuchCase: it is another provider's, or somebody else asks.
    """
    task = file.provider_task(task_id)
    of_provider = "provider" in principal.roles and principal.organisation == str(task.owner)
    if not of_provider:
        raise NoSuchCase


@repeating
def give(desk: Desk, principal: Principal, case: UUID, worry: UUID, lead: str) -> None:
    """Say who of the team looks at it.

    Raises:
        NoSuchCase: not a case of this link-worker service, or it has no such worry.
        Refused: somebody else asks, or the worry is closed.
    """
    with _on_open(desk, principal, case, worry) as (file, row):
        _note(file, principal, row, Act.LEAD, lead=lead)


@repeating
def decide(desk: Desk, principal: Principal, case: UUID, worry: UUID, words: str) -> None:
    """Say what is done; what was said before stays.

    Raises:
        NoSuchCase: see `give`.
        Refused: see `give`; or nobody looks at it yet.
    """
    with _on_open(desk, principal, case, worry) as (file, row):
        refuse_unless(row.lead is not None, "conflict", FIRST[Act.DECISION], "words")
        _note(file, principal, row, Act.DECISION, words)


@repeating
def close(desk: Desk, principal: Principal, case: UUID, worry: UUID, words: str) -> None:
    """Say what came of it, which closes it.

    Raises:
        NoSuchCase: see `give`.
        Refused: see `give`; or nobody looks at it yet, or nothing was decided.
    """
    with _on_open(desk, principal, case, worry) as (file, row):
        decided = select(WorryNote).where(
            WorryNote.case == case, WorryNote.worry == worry, WorryNote.kind == Act.DECISION
        )
        found = file.uow.session.exec(decided.limit(1)).first()
        ready = row.lead is not None and found is not None
        refuse_unless(ready, "conflict", FIRST[Act.OUTCOME], "words")
        _note(file, principal, row, Act.OUTCOME, words)
        row.closed = file.now
        file.uow.session.flush()
        _list(file)


def lead_nobody(file: CaseFile) -> None:
    """Another team has the case: who of the last one looked at its open worries does not now."""
    for each in worries.known(file.uow.session, file.case.id):
        each.lead = None
        file.uow.session.add(each)


def _raise(
    file: CaseFile, principal: Principal, *, key: UUID, words: str, task: str | None
) -> Worry | None:
    """A new worry; None where it was raised before."""
    session, case = file.uow.session, file.case.id
    own = uuid5(case, str(key))
    before = session.get(Worry, own)
    if before is not None:
        if (before.words, before.task, before.raised_by) != (words, task, principal.subject):
            raise Refused("conflict", "This key is another worry's.", "key")
        return None
    worry = Worry(
        id=own, case=case, task=task, words=words, raised_by=principal.subject, raised=file.now
    )
    session.add(worry)
    session.flush()
    file.audit("worry-raised", f"case/{case}")
    _list(file)
    return worry


def _note(
    file: CaseFile,
    principal: Principal,
    worry: Worry,
    act: Act,
    words: str = "",
    *,
    lead: str | None = None,
) -> None:
    session = file.uow.session
    note = WorryNote(
        worry=worry.id, case=worry.case, kind=act.value, words=words, lead=lead,
        made_by=principal.subject, made=file.now,
    )  # fmt: skip
    session.add(note)
    if act is Act.LEAD:
        worry.lead = lead
    session.add(worry)
    file.audit(f"worry-{act}", f"case/{worry.case}")


def _list(file: CaseFile) -> None:
    session, case = file.uow.session, file.case.id
    session.get_one(Worklist, case).worried = bool(worries.known(session, case))


@contextmanager
def _by_team(desk: Desk, principal: Principal, case: UUID) -> Iterator[CaseFile]:
    with working_on(desk, principal, case=case) as file:
        actor = standing(file, principal, file.triage)
        words = "Only the link worker records this."
        refuse_unless(actor is Actor.LINK_WORKER, "forbidden", words, "case")
        yield file


@contextmanager
def _on_open(
    desk: Desk, principal: Principal, case: UUID, worry: UUID
) -> Iterator[tuple[CaseFile, Worry]]:
    with _by_team(desk, principal, case) as file:
        wanted = select(Worry).where(col(Worry.id) == worry, Worry.case == case)
        row = file.uow.session.exec(wanted).one_or_none()
        if row is None:
            raise NoSuchCase
        words = "An outcome is written: this worry is closed. Raise another if need be."
        refuse_unless(row.closed is None, "conflict", words, "worry")
        yield file, row
