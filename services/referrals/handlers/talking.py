"""A provider and a link worker write to each other on a request, and say what they think of it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from services.referrals.casefile import CaseFile, NoSuchCase, refuse_unless, state_of
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Refused
from services.referrals.handlers.sharing import (
    agreed_items,
    may_identify,
    person_of_case,
    taken_back,
    unsafe_of,
)
from services.referrals.standing import standing
from services.referrals.tables import CaseTask, RequestFeedback, RequestMessage
from services.referrals.talk import GOOD, POINTS, Side, View, talk_of
from services.referrals.unnamed.reading import read_around
from services.referrals.unnamed.refusing import note_confirmed, refuse_telling
from shared.auth import Principal
from shared.messaging.events import ProviderWritten, TeamWritten
from shared.repeating import repeating

UNSAFE = "This tells the service a way to the person that was noted as not safe. Take it out."

SIDES = {Actor.LINK_WORKER: Side.TEAM, Actor.PROVIDER: Side.PROVIDER}


def read(desk: Desk, principal: Principal, task_id: str) -> View:
    """What was written about a request; to a provider, nothing that the person took back.

    Raises:
        NoSuchCase: it is another team's and another provider's, or there is none.
    """
    with desk.look() as uow:
        file = CaseFile.peek(desk, uow, task_id, principal)
        side = _side(file, principal, file.provider_task(task_id), by_link=True)
        kept_back = None
        if side is Side.PROVIDER:
            kept_back = taken_back(file.agreement(task_id), person_of_case(file), file.now)
        return talk_of(uow.session, task_id, side, kept_back=kept_back)


@repeating
def write(
    desk: Desk,
    principal: Principal,
    task_id: str,
    text: str,
    key: UUID,
    may_stay: Collection[str] = (),
) -> None:
    """Write to the other side, which is told that there is something, and not what.

    Args:
        desk: what every use case works with.
        principal: the provider, who passes on what the holder of its link wrote, or the team that
            holds the case.
        task_id: the provider's Task.
        text: a few words.
        key: of this writing; the same one again changes nothing.
        may_stay: words in it of which the team says that they tell nobody who the person is.

    Raises:
        NoSuchCase: see `read`.
        Refused: the case is closed, the key is another message's, or the team's words say a way to
            the person that is not safe.
        TellsWho: the team's words would tell a provider who the person is that may not know.
    """
    with _talking(desk, principal, task_id, by_link=True) as (file, task, side):
        known = file.uow.session.get(RequestMessage, key)
        if known is not None:
            if (known.task, known.side, known.text) != (task.id, side, text):
                raise Refused("conflict", "This key is another message's.", "key")
            return
        if side is Side.TEAM and unsafe_of(file, {"text": text}):
            raise Refused("business-rule", UNSAFE, "text")
        if side is Side.TEAM and not _knows(file, task):
            around = read_around(file.uow.session, file.case, task.service)
            if refuse_telling(file, {"text": text}, around, may_stay):
                note_confirmed(file, task)
        file.uow.session.add(
            RequestMessage(
                key=key,
                task=task.id,
                case=file.case.id,
                side=side.value,
                text=text,
                written_by=principal.subject,
                written=file.now,
            )
        )
        file.audit("message-written", f"Task/{task.id}")
        event = ProviderWritten if side is Side.PROVIDER else TeamWritten
        file.announce(event(**file.about(task)))
        file.finish()
        file.uow.commit()


@repeating
def think(desk: Desk, principal: Principal, task_id: str, good: str, points: Sequence[str]) -> None:
    """Say what one thinks of the other side's part; saying it again replaces it.

    Args:
        desk: what every use case works with.
        principal: the provider, or the team that holds the case.
        task_id: the provider's Task.
        good: one of `talk.GOOD`.
        points: of `talk.POINTS` of one's own side.

    Raises:
        NoSuchCase: see `read`.
        Refused: it is none of the declared codes, or the case is closed.
    """
    refuse_unless(good in GOOD, "business-rule", f"Say one of: {', '.join(GOOD)}.", "good")
    with _talking(desk, principal, task_id) as (file, task, side):
        unknown = sorted(set(points) - set(POINTS[side]))
        words = f"The points are: {', '.join(POINTS[side])}."
        refuse_unless(not unknown, "business-rule", words, "points")
        session = file.uow.session
        row = session.get(RequestFeedback, (task.id, side.value)) or RequestFeedback(
            task=task.id, side=side.value, case=file.case.id, good=good, points=[],
            given_by="", given=file.now,
        )  # fmt: skip
        row.good, row.points = good, sorted(set(points))
        row.given_by, row.given = principal.subject, file.now
        session.add(row)
        file.audit("feedback-given", f"Task/{task.id}")
        file.finish()
        file.uow.commit()


def _knows(file: CaseFile, task: CaseTask) -> bool:
    """Whether the provider may know who the person is, and is told something of them."""
    agreement, person = file.agreement(task.id), person_of_case(file)
    return (
        agreement is not None
        and may_identify(state_of(task), agreement, person, file.now)
        and bool(agreed_items(file, agreement))
    )


@contextmanager
def _talking(
    desk: Desk, principal: Principal, task_id: str, *, by_link: bool = False
) -> Iterator[tuple[CaseFile, CaseTask, Side]]:
    with desk.work() as uow:
        file = CaseFile.of_task(desk, uow, task_id, principal)
        task = file.provider_task(task_id)
        side = _side(file, principal, task, by_link=by_link)
        words = "The case is closed. Ring the other side if there is something to say."
        refuse_unless(not state_of(file.triage).ended, "conflict", words, "task")
        yield file, task, side


def _side(file: CaseFile, principal: Principal, task: CaseTask, *, by_link: bool = False) -> Side:
    """Which side somebody is on; the sender and the hub have no part in it.

    Args:
        file: the case.
        principal: who asks.
        task: the provider's Task.
        by_link: whether it may be done by an answer link, through the service that checked it.

    Raises:
        NoSuchCase: on neither.
    """
    actor = standing(file, principal, task)
    if actor not in SIDES or ("service" in principal.roles and not by_link):
        raise NoSuchCase
    return SIDES[actor]
