"""Asking a provider: the onward request, taking it back, and choosing among offers."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from dateutil.relativedelta import relativedelta

from services.referrals import capacities, deadlines, resources
from services.referrals.casefile import CaseFile, refuse_unless, working_on
from services.referrals.desk import Desk
from services.referrals.domain import AWAITING_ANSWER, SHAREABLE, Actor, Kind, Refused, State
from services.referrals.handlers.following import follow
from services.referrals.handlers.sharing import (
    has_died,
    is_hidden,
    person_of_case,
    share_identity,
    unsafe_of,
)
from services.referrals.handlers.triage import note_acceptance
from services.referrals.standing import standing
from services.referrals.tables import Agreement, CaseTask, ListedService, OnwardRequest
from services.referrals.unnamed.reading import read_around
from services.referrals.unnamed.refusing import note_confirmed, refuse_telling
from shared.auth import Principal
from shared.messaging.events import ReferralCancelled, ReferralChosen, ReferralRequested
from shared.repeating import repeating

SIGNPOST_ONLY = 1
"""Tier of a listing that may be told to people but gets no personal data (care 25)."""

_EMAIL = re.compile(r"[^@\s:/<>]+@[^@\s:/<>]+\.[^@\s:/<>]+")
"""What is shared as an e-mail address leads to nothing else, such as a page."""

LONGEST = relativedelta(years=5)
"""For how long an agreement may be recorded: nobody knows today what they will want later."""

UNSAFE = (
    "This leads to a way to the person that was noted as not safe, so it is not shared. Ask them"
    " which way is safe, and note that first."
)


@dataclass(frozen=True)
class Ask:
    """What a link worker, with the person, asks of a service.

    Attributes:
        service: the directory's id of the service.
        needs: codes of what the person wants help with, as `{code, system?, display?}`.
        text: for the provider, in the link worker's words; nothing clinical or identifying.
        when: which times suit the person.
        where: which place suits the person.
        access_needs: what the person needs to take part (care 18).
        share: what the person agreed to share after acceptance, item by item (care 7b).
        how: how they agreed: `verbal` or `written`.
        expires: when the agreement ends: after now, and within `LONGEST`.
        several_because: why more than one provider is asked at once (care 15).
        full_because: why a service that is full, with no waiting list, is asked all the same; the
            provider reads it.
        overrides: what matching had against the service, each as `{criterion, reason}` with why it
            is asked all the same (care 26); the team reads it, and the provider does not.
        may_stay: words in these of which the link worker says that they tell nobody who it is.
    """

    service: UUID
    needs: list[dict[str, str]]
    text: str = ""
    when: str = ""
    where: str = ""
    access_needs: list[str] = field(default_factory=list)
    share: dict[str, str] = field(default_factory=dict)
    how: str = "verbal"
    expires: datetime | None = None
    several_because: str | None = None
    full_because: str | None = None
    overrides: list[dict[str, str]] = field(default_factory=list)
    may_stay: Collection[str] = ()

    @property
    def read_before(self) -> dict[str, str]:
        """The texts that the provider reads before it accepts, by element."""
        texts = {
            "text": self.text,
            "when": self.when,
            "where": self.where,
            "full_because": self.full_because or "",
        }
        texts |= {f"access_needs.{n}": each for n, each in enumerate(self.access_needs)}
        texts |= {
            f"needs.{n}.display": each.get("display", "") for n, each in enumerate(self.needs)
        }
        return {element: text for element, text in texts.items() if text}


@repeating
def ask(desk: Desk, principal: Principal, case: UUID, wanted: Ask) -> CaseTask:
    """Make the onward request and the provider's Task.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: the service is unknown, withdrawn or signpost-only; it is full, or another
            provider is being asked, and no reason is given; what is shared, or the end of it,
            cannot be, or is a way that is not safe; the person has died; the state of the case
            does not allow it.
        TellsWho: a text would tell the provider who the person is.
    """
    with working_on(desk, principal, case=case) as file:
        return ask_provider(file, standing(file, principal, file.triage), wanted)


def ask_provider(file: CaseFile, actor: Actor, wanted: Ask) -> CaseTask:
    """Make them on an open case."""
    triage = file.triage
    _check_alive(file)
    service = _listed(file, wanted)
    _check_several(file, wanted)
    _check_room(file, wanted)
    _check_share(wanted, file.now)
    _check_safe(file, wanted)
    check_agreed(wanted.how, wanted.expires, file.now)
    confirmed = _check_unnamed(file, wanted)
    if triage.status == "accepted":
        note_acceptance(file, actor)
    file.step(triage, "ask", actor)
    task = add_request(file, wanted, service, show_place=not is_hidden(person_of_case(file)))
    if confirmed:
        note_confirmed(file, task)
    follow(file, actor)  # a place that was found before stays found
    file.announce(ReferralRequested(**file.about(task), service_request=UUID(task.service_request)))
    return task


@repeating
def take_back(desk: Desk, principal: Principal, task_id: str, reason: str | None) -> None:
    """Take a request to a provider back, before its activity starts."""
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        cancel(file, task, standing(file, principal, task), reason)


def cancel(file: CaseFile, task: CaseTask, actor: Actor, reason: str | None) -> None:
    """Take the request back, on an open case."""
    file.step(task, "cancel", actor, reason)
    file.announce(ReferralCancelled(**file.about(task), reason=str(reason)))
    follow(file, actor)
    share_identity(file, task)


@repeating
def choose(desk: Desk, principal: Principal, task_id: str) -> None:
    """The person chooses one offer (care 15)."""
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        select_offer(file, task, standing(file, principal, task))


def select_offer(file: CaseFile, task: CaseTask, actor: Actor) -> None:
    """Choose one offer on an open case; the others are cancelled with thanks."""
    file.step(task, "choose", actor)
    file.announce(ReferralChosen(**file.about(task)))
    for other in file.open_provider_tasks():
        if other.id != task.id and other.status != "in-progress":
            file.step(other, "not-chosen", actor)
            file.announce(ReferralCancelled(**file.about(other), reason="not-chosen"))
            share_identity(file, other)
    share_identity(file, task)


def _listed(file: CaseFile, wanted: Ask) -> ListedService:
    service = file.uow.session.get(ListedService, wanted.service)
    if service is None:
        raise Refused("business-rule", "The directory has no such service.", "service")
    refuse_unless(service.listed, "conflict", "This service is closed to referrals now.", "service")
    refuse_unless(
        service.tier > SIGNPOST_ONLY or not wanted.share,
        "business-rule",
        "This service is for signposting only: tell the person about it instead.",
        "service",
    )
    return service


def _check_alive(file: CaseFile) -> None:
    refuse_unless(
        not has_died(person_of_case(file)),
        "conflict",
        "The person has died: nobody is asked for a place any more.",
        "case",
    )


def _check_several(file: CaseFile, wanted: Ask) -> None:
    being_asked = file.open_provider_tasks()
    refuse_unless(
        not being_asked or bool(wanted.several_because),
        "conflict",
        "A provider is being asked already. To ask several at once, say why.",
        "several_because",
    )
    refuse_unless(
        all(task.service != wanted.service for task in being_asked),
        "conflict",
        "This service is being asked already.",
        "service",
    )


def _check_room(file: CaseFile, wanted: Ask) -> None:
    """A service that says it is full is asked for a reason only: else the person waits for a no."""
    refuse_unless(
        bool(wanted.full_because)
        or not capacities.turns_away(capacities.of(file.uow.session, wanted.service), file.now),
        "conflict",
        "This service is full and has no waiting list. Choose another with the person, or say what"
        " the case waits for, to hear first when there is room. To ask all the same, say why:"
        " the service reads it.",
        "full_because",
    )


def _check_share(wanted: Ask, now: datetime) -> None:
    unknown = sorted(set(wanted.share) - set(SHAREABLE))
    refuse_unless(
        not unknown,
        "business-rule",
        f"These can be shared: {', '.join(SHAREABLE)}.",
        "share",
    )
    email = wanted.share.get("email")
    refuse_unless(
        email is None or _EMAIL.fullmatch(email) is not None,
        "business-rule",
        "An e-mail address is written name@place.example.",
        "share.email",
    )
    born = wanted.share.get("birth-date")
    refuse_unless(
        born is None or _is_birth_date(born, now),
        "business-rule",
        "A date of birth is written YYYY-MM-DD and is not ahead.",
        "share.birth-date",
    )


def _check_safe(file: CaseFile, wanted: Ask) -> None:
    """A way that is not safe is no way for a provider either (care 12); which it is, is not said
    again."""
    for item in sorted(unsafe_of(file, wanted.share)):
        raise Refused("business-rule", UNSAFE, f"share.{item}")


def _is_birth_date(value: str, now: datetime) -> bool:
    try:
        born = date.fromisoformat(value)
    except ValueError:
        return False
    return born.isoformat() == value and born <= now.date()


def check_agreed(how: str, expires: datetime | None, now: datetime) -> None:
    """Refuse an agreement that nobody can have given so.

    Args:
        how: how they agreed.
        expires: when it ends; None for no end.
        now: the moment.

    Raises:
        Refused: it was neither said nor written, or its end is no time within five years.
    """
    refuse_unless(
        how in {"verbal", "written"},
        "business-rule",
        "Say how the person agreed: verbal or written.",
        "how",
    )
    refuse_unless(
        expires is None or now < expires <= now + LONGEST,
        "business-rule",
        "An agreement ends after now and within five years.",
        "expires",
    )


def _check_unnamed(file: CaseFile, wanted: Ask) -> bool:
    """A request is asked without a name (care 5): whether words in it were confirmed."""
    texts = wanted.read_before
    if not texts:
        return False
    around = read_around(file.uow.session, file.case, wanted.service)
    around.known.take_shared(wanted.share)
    return refuse_telling(file, texts, around, wanted.may_stay)


def add_request(
    file: CaseFile,
    wanted: Ask,
    service: ListedService,
    state: State = AWAITING_ANSWER,
    *,
    show_place: bool,
) -> CaseTask:
    """The provider's Task and all that belongs to it, on an open case.

    Args:
        file: the case.
        wanted: what is asked, and what of the person may be shared.
        service: of whom.
        state: where it begins; past the question, it was answered as it began.
        show_place: whether the provider reads where the person lives before it accepts.
    """
    session, now = file.uow.session, file.now
    asked = state == AWAITING_ANSWER
    silent_from, closes = (
        deadlines.of_new(session, file.desk, file.case, service.provider, now)
        if asked
        else (None, None)
    )
    task = CaseTask(
        id=str(uuid4()),
        case=file.case.id,
        kind=Kind.PROVIDER,
        part_of=file.triage.id,
        service_request=str(uuid4()),
        owner=service.provider,
        service=service.id,
        status=state.status,
        business=state.business,
        answered=None if asked else now,
        silent_from=silent_from,
        closes=closes,
        created=now,
        updated=now,
    )
    file.add_task(task)
    onward = OnwardRequest(
        task=task.id,
        patient=str(uuid4()),
        needs=wanted.needs,
        text=wanted.text,
        when=wanted.when,
        where=wanted.where,
        access_needs=wanted.access_needs,
        several_because=wanted.several_because,
        full_because=wanted.full_because,
        overrides=wanted.overrides,
    )
    file.onward[task.id] = onward
    session.add(onward)
    file.agreements[task.id] = agreement = Agreement(
        task=task.id,
        person=file.case.person,
        provider=service.provider,
        items=sorted(wanted.share),
        shared=wanted.share,
        how=wanted.how,
        recorded_by=file.by.subject if file.by else "",
        given=now,
        expires=wanted.expires,
    )
    session.add(agreement)
    file.add_document(resources.anonymous_patient(onward.patient))
    file.add_document(
        resources.onward_service_request(
            task.service_request,
            file.case,
            onward,
            service.id,
            service.name,
            now,
            show_place=show_place,
        )
    )
    return task
