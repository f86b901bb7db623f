"""From a case's event to deliveries: who is told, and what need not be said any more."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.channels.phone import PHONE
from services.notifications.channels.registry import BY_A_PERSON, SYSTEMS
from services.notifications.digests.gathering import GATHERED, gather, is_gathered
from services.notifications.domain import (
    ANSWERS,
    NOBODY,
    NOTED,
    PLACES,
    RULES,
    SHARING_STOPS,
    STOPS,
    Kind,
    Role,
    Rule,
    of_person,
    to_tell,
)
from services.notifications.handlers.ahead import ahead_of, known_contacts, reading_ahead, settle
from services.notifications.handlers.erasing import is_erased
from services.notifications.handlers.hubs import place, place_all, team_of
from services.notifications.handlers.telling import locked, locked_all
from services.notifications.notice import Notice
from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import (
    CONTACT_CHANGED,
    Answered,
    AnswerLink,
    AnswerSession,
    Contact,
    Stopped,
    deliveries,
    delivery,
)
from services.notifications.wishes.keeping import not_before, silent
from services.notifications.wishes.rules import AT_ONCE, MUTED, on_duty
from shared.database import UnitOfWork
from shared.delivery import State
from shared.messaging.events import CaseEvent, Envelope, PersonStop, PersonStopLifted
from shared.worker import Wake

TYPES = frozenset(event.type for event in (*RULES, *PLACES, *NOTED))


class CaseEvents:
    """Acts on the events of cases, within the transaction that consumes them.

    Args:
        wake: of the delivery worker.
        grace: how long a message that has nobody to go to waits for a contact.
    """

    def __init__(self, wake: Wake, *, grace: timedelta) -> None:
        self._wake = wake
        self._grace = grace

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Apply the rule of the event's type. A replay tells nobody anything."""
        event = envelope.data
        if not isinstance(event, CaseEvent):
            return
        rule = RULES.get(type(event))
        if _changes(event, rule):
            settle(uow)
        if not _taken_up(uow, event, envelope):
            return
        if type(event) in ANSWERS:
            taken = insert(Answered).values({"task": getattr(event, "task", None)})
            uow.session.execute(taken.on_conflict_do_nothing())
        if isinstance(event, PersonStop):
            _note_stop(uow, event)
        if type(event) in SHARING_STOPS and not envelope.replay:
            _end_identified_sessions(uow, event)
        if envelope.replay or rule is None:
            return
        about = _about(event)
        if rule.ends:
            deliveries.supersede(
                uow.session,
                about & delivery.c.kind.in_([kind.value for kind in rule.ends]),
                rule.ended,
            )
        if rule.closes_links:
            _close(uow, event, rule.ended)
        self._apply(uow, envelope, rule, about)
        if rule.also is not None:
            self._apply(uow, envelope, rule.also, about)
        uow.on_commit(self._wake.set)

    @contextmanager
    def ahead(self, uow: UnitOfWork, envelopes: Collection[Envelope]) -> Iterator[None]:
        """See `LooksAhead`. Whom an event tells is read ahead, as far as the event says it."""
        about = {each: each.data for each in envelopes if isinstance(each.data, CaseEvent)}
        if not about:
            yield
            return
        events = about.values()
        times = Counter(event.case for event in events)
        with reading_ahead(uow) as ahead:
            locked_all(uow, times.keys())
            ahead.locked = times.keys()
            tasks = {task for event in events if (task := getattr(event, "task", None))}
            ahead.read_stops(uow, tasks | set(times))
            ahead.read_parties(uow, {party for event in events if (party := _party_of(event))})
            ahead.placed = {
                case for case, n in times.items() if n == 1 and not is_erased(uow, case)
            }
            place_all(uow, [each for each, event in about.items() if event.case in ahead.placed])
            yield

    def _apply(
        self, uow: UnitOfWork, envelope: Envelope, rule: Rule, about: ColumnElement[bool]
    ) -> None:
        told = _told(uow, about) if rule.tell_the_told else []
        for party, contact, notice in told:
            self._tell(uow, envelope, rule, party, [contact], notice)
        if rule.tell and rule.to and not told:
            self._ask(uow, envelope, rule)

    def _ask(self, uow: UnitOfWork, envelope: Envelope, rule: Rule) -> None:
        event = envelope.data
        assert isinstance(event, CaseEvent)
        party = str(getattr(event, rule.party) or "")
        if rule.party == "team":  # it may have been handed over since
            party = team_of(uow, event.case) or party
        contacts = contacts_for(uow, rule, party, getattr(event, "service", None))
        self._tell(uow, envelope, rule, party, contacts, None)

    def _tell(
        self,
        uow: UnitOfWork,
        envelope: Envelope,
        rule: Rule,
        party: str,
        contacts: Iterable[Contact],
        asked: Notice | None,
    ) -> None:
        """Add one delivery for each contact, or one that waits if there is none."""
        event = envelope.data
        assert isinstance(event, CaseEvent)
        assert rule.tell
        notice = Notice(
            kind=rule.tell,
            event=envelope.id,
            type=envelope.type,
            time=envelope.time,
            case=event.case,
            task=asked.task if asked else getattr(event, "task", None),
            service=asked.service if asked else getattr(event, "service", None),
            provider=asked.provider if asked else getattr(event, "provider", None),
            priority=getattr(event, "priority", None) if rule.tell is Kind.REQUEST else None,
            said=getattr(event, "said", None),
            day=getattr(event, "day", None),
        )
        late = stopped(uow, event.case, notice.task) if rule.tell is Kind.REQUEST else None
        told = list(contacts)
        unwished = silent(uow, told, rule.tell)
        for contact in told:
            # The id is the same however often the event comes, so that it makes one delivery.
            key = uuid5(envelope.id, f"{notice.task}/{contact.id}/{contact.means}")
            reason = late or (MUTED if contact in unwished else None)
            end = {"ended": State.SUPERSEDED, "reason": reason} if reason else {}
            add(uow, key, notice.model_copy(update={"contact": contact.id}), contact, **end)
        if not told:
            name = f"{NOBODY}/{rule.tell}" if rule.tell_the_told else NOBODY
            add_waiting(uow, uuid5(envelope.id, name), notice, party, self._grace)


def _taken_up(uow: UnitOfWork, event: CaseEvent, envelope: Envelope) -> bool:
    """Lock the case and keep whose it is; False where its person was erased."""
    ahead = ahead_of(uow)
    if ahead is None or event.case not in ahead.locked:
        locked(uow, event.case)
    if is_erased(uow, event.case):
        return False
    if ahead is None or event.case not in ahead.placed:
        place(uow, envelope)
    return True


def _changes(event: CaseEvent, rule: Rule | None) -> bool:
    """Whether an event does more than tell somebody something new."""
    if type(event) in ANSWERS or isinstance(event, PersonStop) or type(event) in SHARING_STOPS:
        return True
    return rule is not None and bool(
        rule.ends or rule.closes_links or rule.tell_the_told or rule.also
    )


def _party_of(event: CaseEvent) -> str | None:
    """Whom an event tells; None where it is told to nobody, or to whoever holds the case."""
    rule = RULES.get(type(event))
    return (
        str(getattr(event, rule.party) or "") if rule and rule.party not in ("", "team") else None
    )


def contacts_for(
    uow: UnitOfWork, rule: Rule, party: str, service: UUID | None
) -> Sequence[Contact]:
    """Whom a rule tells: the contacts of the first of its roles that has any."""
    for role in rule.to:
        narrowed = service if role is Role.REQUESTS else None
        named = to_tell(active(uow, party, role), narrowed, systems=SYSTEMS)
        found = on_duty(named, datetime.now(UTC), systems=SYSTEMS)
        if found:
            return found
    return ()


def add(
    uow: UnitOfWork,
    key: UUID,
    notice: Notice,
    contact: Contact,
    order_key: str | None = None,
    **end: Any,
) -> None:
    """Add a delivery to a contact; one that a member of staff makes, where the means is theirs.

    What a contact is told of one case goes in order, unless `order_key` says otherwise. What can
    wait does not go out in its quiet hours.
    """
    columns = _columns(notice, contact.party) | {"contact": contact.id}
    by_program = contact.means not in BY_A_PERSON and contact.means not in SYSTEMS
    if by_program and "ended" not in end:
        at = end.pop("due", None) or datetime.now(UTC)
        due = not_before(uow, contact, notice.kind, at) or at
        end |= {"due": due} if due > datetime.now(UTC) else {}
        if is_gathered(contact, notice.kind):
            end |= {"asleep": True, "reason": GATHERED}
            columns["digest"] = gather(uow, contact, at)
    if notice.kind in AT_ONCE:  # it does not wait for what waits
        order_key = order_key or f"{contact.id}/{notice.case}/{notice.kind}"
    added = {
        "key": key,
        "order_key": order_key or f"{contact.id}/{notice.case}",
        "channel": contact.means,
        "address": contact.address,
        "payload": notice.model_dump_json(exclude_none=True),
        "extra": columns,
        "asleep": contact.means in BY_A_PERSON,
        **end,
    }
    ahead = ahead_of(uow)
    if ahead is None:
        deliveries.add(uow.session, **added)
    else:
        ahead.added.append(added)


def add_waiting(uow: UnitOfWork, key: UUID, notice: Notice, party: str, grace: timedelta) -> None:
    """Add a delivery to nobody: it fails unless there is a contact in time (see `waiting`)."""
    deliveries.add(
        uow.session,
        key=key,
        order_key=str(key),
        channel=NOBODY,
        address="",
        payload=notice.model_dump_json(exclude_none=True),
        due=datetime.now(UTC) + grace,
        reason="no-contact",
        extra=_columns(notice, party),
    )


def add_call(uow: UnitOfWork, key: UUID, notice: Notice, party: str) -> None:
    """Add a call that a party's own staff make to somebody who is nobody's contact: whom to ring is
    asked when it is made, and stands nowhere here."""
    deliveries.add(
        uow.session,
        key=key,
        order_key=str(key),
        channel=PHONE.means,
        address="",
        payload=notice.model_dump_json(exclude_none=True),
        asleep=True,
        extra=_columns(notice, party),
    )


def _columns(notice: Notice, party: str) -> dict[str, Any]:
    return {
        "event": notice.event,
        "kind": notice.kind.value,
        "case": notice.case,
        "task": notice.task,
        "party": party,
    }


def _about(event: CaseEvent) -> ColumnElement[bool]:
    """The deliveries that an event concerns: of its Task, or of its whole case."""
    task = getattr(event, "task", None)
    return delivery.c.task == task if task else delivery.c.case == event.case


def active(uow: UnitOfWork, party: str, role: Role) -> Sequence[Contact]:
    """A party's active contacts of one role; none whose address mails do not reach."""
    known = known_contacts(uow, party, role.value)
    if known is not None:
        return known
    return uow.session.scalars(_ACTIVE, {"of": party, "in_role": role.value}).all()


_ACTIVE = (
    select(Contact)
    .where(
        col(Contact.party) == bindparam("of"),
        col(Contact.role) == bindparam("in_role"),
        col(Contact.active),
        ~is_unusable(col(Contact.id)),
    )
    .order_by(col(Contact.id))
)
"""Built once: building it takes longer than asking."""


def _told(uow: UnitOfWork, about: ColumnElement[bool]) -> list[tuple[str, Contact, Notice]]:
    """Contacts that were, or may have been, told of a request, and what they were asked."""
    reached = [State.DELIVERED.value, State.SENDING.value, State.UNKNOWN.value]
    asked = (
        select(Contact, delivery.c.payload)
        .join(delivery, delivery.c.contact == col(Contact.id))
        .where(about, delivery.c.kind == Kind.REQUEST.value, delivery.c.state.in_(reached))
        .order_by(delivery.c.position)
    )
    rows = uow.session.execute(asked).all()
    return [
        (contact.party, contact, Notice.model_validate_json(payload)) for contact, payload in rows
    ]


def _close(uow: UnitOfWork, event: CaseEvent, reason: str) -> None:
    """Let the links of a Task (or case) stop working, and no later one come to life."""
    task = getattr(event, "task", None)
    which = col(AnswerLink.task) == task if task else col(AnswerLink.case) == event.case
    uow.session.execute(
        update(AnswerLink)
        .where(
            which,
            # One that ended with its contact says from now on that the request has ended, too.
            or_(col(AnswerLink.revoked).is_(None), col(AnswerLink.revoked_for) == CONTACT_CHANGED),
        )
        .values(revoked=func.now(), revoked_for=reason)
    )
    uow.session.execute(
        insert(Stopped)
        .values({"about": task or event.case, "reason": reason})
        .on_conflict_do_nothing()
    )


def stopped(uow: UnitOfWork, case: UUID, task: UUID | None) -> str | None:
    """Why nobody is to be asked for this any more, if the end came before the request."""
    ahead = ahead_of(uow)
    about = [each for each in (case, task) if each]
    if ahead and all(each in ahead.stops for each in about):
        return next((reason for each in about if (reason := ahead.stops[each])), None)
    return uow.session.scalars(_STOPPED, {"case": case, "task": task or case}).first()


_STOPPED = (
    select(col(Stopped.reason))
    .where(or_(col(Stopped.about) == bindparam("case"), col(Stopped.about) == bindparam("task")))
    .limit(1)
)


def answered(uow: UnitOfWork, task: UUID | None) -> bool:
    """Whether the provider has answered, so that its link may lead to who the person is."""
    ahead = ahead_of(uow)
    if ahead and task in ahead.answered:
        return ahead.answered[task]
    found = select(col(Answered.task)).where(col(Answered.task) == task)
    return uow.session.scalars(found).first() is not None


def _note_stop(uow: UnitOfWork, event: PersonStop) -> None:
    """Keep what stands of a person; told once for each case, and the same each time."""
    if isinstance(event, PersonStopLifted):
        uow.session.execute(
            delete(Stopped).where(col(Stopped.about) == of_person(event.person, event.stop))
        )
        return
    stop = STOPS[type(event)]
    noted = insert(Stopped).values({"about": of_person(event.person, stop), "reason": stop})
    uow.session.execute(noted.on_conflict_do_nothing())


def stops_of(uow: UnitOfWork, person: UUID) -> set[str]:
    """What stands of a person; where anything does, no message to them is made or sent."""
    about = [of_person(person, stop) for stop in STOPS.values()]
    return set(
        uow.session.scalars(select(col(Stopped.reason)).where(col(Stopped.about).in_(about)))
    )


def _end_identified_sessions(uow: UnitOfWork, event: CaseEvent) -> None:
    task = getattr(event, "task", None)
    which = col(AnswerLink.task) == task if task else col(AnswerLink.case) == event.case
    links = select(col(AnswerLink.hash)).where(which)
    uow.session.execute(
        update(AnswerSession)
        .where(col(AnswerSession.link).in_(links))
        .values(identified_until=None)
    )
