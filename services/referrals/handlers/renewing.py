"""An agreement to share is renewed: the person was asked again, and still agrees."""

from datetime import datetime

from services.referrals.casefile import refuse_unless, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.handlers.onward import check_agreed
from services.referrals.handlers.sharing import share_identity
from services.referrals.standing import standing
from services.referrals.tables import Agreement, AgreementGiving
from shared.auth import Principal
from shared.repeating import repeating


@repeating
def renew_agreement(
    desk: Desk, principal: Principal, task_id: str, *, how: str, expires: datetime | None
) -> None:
    """Let what the person agreed to share with a provider stand for longer (care 7b).

    How it was given before, and what was shown under that, stays beside it (UK GDPR Art. 7(1)).
    The items stay those that were agreed: to share more is another request.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        task_id: the provider's Task.
        how: how they agreed: `verbal` or `written`.
        expires: when it ends now; None for no end.

    Raises:
        NoSuchCase: not a Task of this link-worker service.
        Refused: somebody else asks, the request has ended, nothing was agreed to be shared, the
            agreement was withdrawn, or its end is no time within five years.
    """
    with working_on(desk, principal, task=task_id) as file:
        check_agreed(how, expires, file.now)
        task = file.provider_task(task_id)
        actor = standing(file, principal, task)
        refuse_unless(
            actor is Actor.LINK_WORKER, "forbidden", "Only the link worker records this.", "task"
        )
        refuse_unless(
            task in file.open_provider_tasks(), "conflict", "This request has ended.", "task"
        )
        agreement = file.agreement(task_id)
        refuse_unless(
            agreement is not None and bool(agreement.items) and agreement.withdrawn is None,
            "conflict",
            "There is no agreement to renew.",
            "task",
        )
        assert agreement is not None
        file.uow.session.add(_as_given(agreement, file.now))
        agreement.used = None  # what the provider is given from now on, it is given under this one
        agreement.how, agreement.given, agreement.expires = how, file.now, expires
        agreement.recorded_by = principal.subject
        file.uow.session.add(agreement)
        file.audit("agreement-renewed", f"Task/{task.id}")
        share_identity(file, task)


def _as_given(agreement: Agreement, ended: datetime) -> AgreementGiving:
    """The giving that ends now, as it stood."""
    return AgreementGiving(
        task=agreement.task,
        how=agreement.how,
        recorded_by=agreement.recorded_by,
        given=agreement.given,
        expires=agreement.expires,
        used=agreement.used,
        ended=ended,
    )
