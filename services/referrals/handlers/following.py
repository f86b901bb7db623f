"""The triage Task follows what its providers say, so that the sender can read it in one place."""

from services.referrals.casefile import CaseFile, state_of
from services.referrals.domain import Actor

_FOLLOWS = frozenset({"person-accepted", "provider-asked", "place-found"})


def follow(file: CaseFile, actor: Actor) -> None:
    """Bring the triage Task's businessStatus in line with the providers' Tasks.

    A case that stays with its provider ends with what the person came for.

    Args:
        file: the open case, in which a provider's Task was just moved.
        actor: whoever moved it.
    """
    triage = file.triage
    if file.apart:
        if not file.open_provider_tasks():
            file.step(triage, "end-with-provider", actor)
        return
    if triage.business not in _FOLLOWS:
        return
    action = _action(triage.business, _standing_of_providers(file))
    if action:
        file.step(triage, action, actor)


def _standing_of_providers(file: CaseFile) -> str:
    states = [state_of(task) for task in file.provider_tasks()]
    if any(state.status in {"accepted", "in-progress", "completed"} for state in states):
        return "place-found"
    if any(not state.ended for state in states):
        return "provider-asked"
    return "person-accepted"


def _action(now: str, then: str) -> str | None:
    if now == then:
        return None
    return {
        "place-found": "place-found",
        "provider-asked": "still-asking",
        "person-accepted": "look-again",
    }[then]
