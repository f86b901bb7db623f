"""What a provider may know about the person, written into its own Patient and taken out again."""

from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from services.referrals import resources
from services.referrals.casefile import (
    CaseFile,
    content_of,
    refuse_unless,
    state_of,
    working_on,
)
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Refused, State
from services.referrals.record import CONTACT_ITEMS
from services.referrals.record_views import reaching_view
from services.referrals.standing import standing
from services.referrals.tables import Agreement, CaseTask, IdentityView, Person
from services.referrals.unsafe import unsafe_items
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import AgreementWithdrawn
from shared.repeating import repeating

IDENTIFIED = frozenset({"selected", "started", "attended", "completed"})
"""The businessStatus values of a provider's Task in which it may know whom it expects (care 6)."""


def may_identify(
    state: State, agreement: Agreement | None, person: Person | None, now: datetime
) -> bool:
    """Whether the provider may know who the person is.

    Not before acceptance, not without an agreement that stands, and never where the person has
    died or the record is restricted (care 12, 13). An agreement that expired stops new sharing
    only (care 7b): what was shared before stays shared.
    """
    hidden = has_died(person) or (person is not None and person.restricted)
    if agreement is None or agreement.withdrawn is not None or hidden:
        return False
    in_time = agreement.used or agreement.expires is None or agreement.expires > now
    return state.business in IDENTIFIED and bool(in_time)


def taken_back(
    agreement: Agreement | None, person: Person | None, now: datetime
) -> datetime | None:
    """Until when what the team wrote is no longer the provider's to read; None where all is.

    Words may tell who somebody is, as the agreed items do, so what was written before an agreement
    was withdrawn goes with them (care 7b), and all of it where the person has died or the record
    is restricted.
    """
    if has_died(person) or (person is not None and person.restricted):
        return now
    return agreement.withdrawn if agreement is not None else None


def is_hidden(person: Person | None) -> bool:
    """Whether providers are not to learn where the person is and how they are reached (care 12)."""
    return person is not None and (person.restricted or person.do_not_contact)


def has_died(person: Person | None) -> bool:
    """Whether it was said that the person died: no place is looked for or taken any more."""
    return person is not None and person.died


def agreed_items(file: CaseFile, agreement: Agreement) -> dict[str, str]:
    """What a provider that may identify the person is told, item by item.

    No way to them that was noted as not safe since they agreed is among it (care 12).
    """
    agreed = {item: agreement.shared[item] for item in agreement.items if item in agreement.shared}
    kept_back = CONTACT_ITEMS if is_hidden(person_of_case(file)) else frozenset()
    kept_back |= unsafe_of(file, agreed)
    return {item: value for item, value in agreed.items() if value and item not in kept_back}


def unsafe_of(file: CaseFile, shared: Mapping[str, str]) -> frozenset[str]:
    """Of what is or would be shared in a case, what leads to a way that is not safe."""
    if not shared or file.case.person is None:
        return frozenset()
    contacts, _ = reaching_view(file.uow.session, file.case.person)
    return unsafe_items(shared, contacts)


def show_again(file: CaseFile) -> None:
    """Have a case's providers see what may be seen, after something was said of its person."""
    person = person_of_case(file)
    for task in file.provider_tasks():
        share_identity(file, task)
        request = content_of(file.store.lock("ServiceRequest", task.service_request))
        onward = file.onward[task.id]
        file.rewrite(resources.with_details(request, onward, show_place=not is_hidden(person)))


def show_agreed_again(file: CaseFile) -> None:
    """Have a case's providers see what may be seen, after a way to its person was said to be safe
    or not; nothing else of the case changes."""
    for task in file.provider_tasks():
        agreement = file.agreement(task.id)
        if agreement is not None and agreement.items:
            share_identity(file, task)


def person_of_case(file: CaseFile) -> Person | None:
    """The person whom a case is about, where that is known."""
    return file.uow.session.get(Person, file.case.person) if file.case.person else None


def share_identity(file: CaseFile, task: CaseTask) -> None:
    """Write the provider's Patient as the state and the agreement now allow."""
    agreement = file.agreement(task.id)
    person = person_of_case(file)
    key = file.onward[task.id].patient
    if agreement is None or not may_identify(state_of(task), agreement, person, file.now):
        file.rewrite(resources.anonymous_patient(key))
        return
    agreement.used = agreement.used or file.now
    file.uow.session.add(agreement)
    file.rewrite(resources.agreed_patient(key, agreed_items(file, agreement)))


@repeating
def withdraw_agreement(desk: Desk, principal: Principal, task_id: str) -> None:
    """The person no longer agrees: the provider's Patient is emptied at once (care 7b).

    Raises:
        NoSuchCase: not a Task of this link-worker service.
        Refused: somebody else asks, or the agreement was withdrawn before.
    """
    with working_on(desk, principal, task=task_id) as file:
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        refuse_unless(
            actor is Actor.LINK_WORKER, "forbidden", "Only the link worker records this.", "task"
        )
        end_agreement(file, task)


def end_agreement(file: CaseFile, task: CaseTask) -> None:
    """The end of an agreement to share, on an open case.

    Raises:
        Refused: there is none that stands.
    """
    agreement = file.agreement(task.id)
    if agreement is None or agreement.withdrawn is not None:
        raise Refused("conflict", "There is no agreement to withdraw.", "task")
    agreement.withdrawn = file.now
    file.uow.session.add(agreement)
    share_identity(file, task)
    file.announce(
        AgreementWithdrawn(case=file.case.id, task=UUID(task.id), provider=agreement.provider)
    )


@repeating
def view_identity(
    desk: Desk, principal: Principal, task_id: str, viewer: str, step: str
) -> dict[str, object]:
    """Tell a provider who the person is, and write down that it was told (care 6).

    Args:
        desk: what every use case works with.
        principal: the provider's account, or the service that checked a one-time code.
        task_id: the provider's Task.
        viewer: the account, or the verified contact's id.
        step: how they proved themselves: `account` or `one-time-code`.

    Returns:
        `name`, `contact` (a list of `{system, value}`), `agreed_items` and `other` (item: value).

    Raises:
        NoSuchCase: the Task was not given to this provider.
        Refused: not accepted yet, ended, or no agreement.
    """
    with desk.work() as uow:
        file = CaseFile.of_task(desk, uow, task_id, principal)
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        refuse_unless(
            actor is Actor.PROVIDER, "forbidden", "Only the provider is told this.", "task"
        )
        agreement = file.agreement(task_id)
        person = person_of_case(file)
        if agreement is None or not may_identify(state_of(task), agreement, person, file.now):
            words = "Who the person is can be seen after acceptance, and while they agree."
            raise Refused("conflict", words, "task")
        record_view(file, task, viewer, step)
        shared, unsafe = agreed_items(file, agreement), unsafe_of(file, agreement.shared)
        uow.commit()
        return {
            "name": shared.pop("name", ""),
            "contact": [
                {"system": system, "value": shared.pop(system)}
                for system in ("phone", "email")
                if shared.get(system)
            ],
            "agreed_items": [each for each in agreement.items if each not in unsafe],
            "other": shared,
        }


def check_asked(desk: Desk, uow: UnitOfWork, principal: Principal, task_id: str) -> None:
    """Let nobody read a request but those with a part in it.

    Raises:
        NoSuchCase: it was not given to this provider, or is another team's.
    """
    file = CaseFile.peek(desk, uow, task_id, principal)
    standing(file, principal, file.provider_task(task_id))


def is_noted_today(file: CaseFile, task: CaseTask, viewer: str) -> bool:
    """Whether it stands already that this viewer saw today who the person is."""
    zone = ZoneInfo(file.desk.settings.timezone)
    midnight = datetime.combine(file.now.astimezone(zone).date(), time(), zone)
    seen = select(IdentityView.id).where(
        IdentityView.task == task.id,
        IdentityView.viewer == viewer,
        col(IdentityView.viewed) >= midnight,
    )
    return file.uow.session.exec(seen.limit(1)).first() is not None


def record_view(file: CaseFile, task: CaseTask, viewer: str, step: str) -> None:
    """Write one view of identity, for the link worker to see."""
    assert task.owner is not None
    file.uow.session.add(
        IdentityView(
            task=task.id,
            case=file.case.id,
            provider=task.owner,
            viewer=viewer,
            step=step,
            viewed=file.now,
        )
    )
    file.audit("identity-viewed", f"Task/{task.id}")
    file.uow.session.flush()
