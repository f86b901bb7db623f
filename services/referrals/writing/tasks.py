"""An update of a Task that Kersey keeps: understood as a step, or refused in words."""

from typing import Any

from services.referrals import codes, domain
from services.referrals.casefile import CaseFile, content_of, state_of
from services.referrals.domain import Actor, Kind, Refused
from services.referrals.handlers import answers, onward, triage
from services.referrals.handlers.withdrawal import withdraw
from services.referrals.standing import standing
from services.referrals.tables import CaseTask
from shared.auth import Principal
from shared.fhir.store import Stored

CHANGEABLE = frozenset(
    {"status", "businessStatus", "statusReason", "note", "lastModified", "meta", "text"}
)
"""What a client may change; everything else of a Task follows from the case."""


def update_task(
    file: CaseFile, principal: Principal, wanted: dict[str, Any], current: Stored
) -> None:
    """Make the step that leads to the wanted status, on an open case.

    Raises:
        NoSuchCase: the client has no part in this Task.
        Refused: the state, the role or a rule does not allow it, or something else was changed.
    """
    task = file.task(current.id)
    actor = standing(file, principal, task)
    _refuse_other_changes(content_of(current), wanted)
    status, business = wanted["status"], _code(wanted.get("businessStatus"), codes.BUSINESS_STATUS)
    if business and not domain.leads_to(Kind(task.kind), status, business):
        business = None  # sent back as it was read once; the status is what the client changed
    action = domain.move(Kind(task.kind), state_of(task), status, business, actor)
    reason = _reason(wanted)
    if task.kind == Kind.TRIAGE:
        _move_triage(file, action, actor, reason)
    else:
        note = _note(wanted, task)
        _move_provider(file, task, action, actor, reason=reason, note=note)


def _move_triage(file: CaseFile, action: str, actor: Actor, reason: str | None) -> None:
    if action in {"withdraw", "withdraw-started"}:
        withdraw(file)
    elif action in triage.STEPS:
        triage.STEPS[action](file, actor, reason)
    else:
        raise Refused("business-rule", f"'{action}' is a step of the case API, not of the Task.")


def _move_provider(
    file: CaseFile,
    task: CaseTask,
    action: str,
    actor: Actor,
    *,
    reason: str | None,
    note: str | None,
) -> None:
    if action in {"accept", "offer", "waiting-list", "decline"}:
        decision = "accept" if action == "offer" else action
        answers.give_answer(file, task, actor, decision, reason=reason, note=note)
        task.task_note = note or task.task_note
    elif action in answers.PROGRESS:
        answers.record_progress(file, task, actor, action, day=None, note=note)
        task.task_note = note or task.task_note
    elif action == "cancel":
        onward.cancel(file, task, actor, reason)
    elif action == "choose":
        onward.select_offer(file, task, actor)
    else:
        raise Refused("business-rule", "Withdraw the referral by revoking its ServiceRequest.")


def _refuse_other_changes(before: dict[str, Any], wanted: dict[str, Any]) -> None:
    for element in sorted(before.keys() | wanted.keys()):
        if element not in CHANGEABLE and before.get(element) != wanted.get(element):
            words = "Kersey keeps this element; send it as you read it."
            raise Refused("business-rule", words, f"Task.{element}")


def _code(concept: Any, system: str) -> str | None:
    for coding in (concept or {}).get("coding", []):
        if coding.get("system") == system:
            return str(coding.get("code"))
    return None


def _reason(wanted: dict[str, Any]) -> str | None:
    """The reason's code; another's code or mere words count as 'other', never as none."""
    given = wanted.get("statusReason")
    return (_code(given, codes.STATUS_REASON) or "other") if given else None


def _note(wanted: dict[str, Any], task: CaseTask) -> str | None:
    """What is new in the Task's notes, and the words of its reason."""
    notes = [str(each.get("text", "")) for each in wanted.get("note", [])]
    reason = (wanted.get("statusReason") or {}).get("text")
    words = [each for each in [*notes, reason] if each and each != task.task_note]
    return "\n".join(words) or None
