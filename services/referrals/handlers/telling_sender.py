"""What somebody does where the sender of a message could not be told what came of its referral."""

from uuid import UUID

from services.referrals.casefile import refuse_unless, working_on
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.standing import standing
from services.referrals.tables.bars import bars_deliveries
from shared.auth import Principal
from shared.repeating import repeating


@repeating
def again(desk: Desk, principal: Principal, case: UUID) -> None:
    """Try once more to tell a sender what it could not be told, in the order in which it happened.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team, or a coordinator of the hub.
        case: the case.

    Raises:
        NoSuchCase: not a case of this team or hub.
        Refused: somebody else asks, or no answer has failed.
    """
    with working_on(desk, principal, case=case) as file:
        refuse_unless(
            standing(file, principal, file.triage) in {Actor.LINK_WORKER, Actor.COORDINATOR},
            "forbidden",
            "Only the link worker or the hub does this.",
            "case",
        )
        of_referral = bars_deliveries.delivery.c.order_key == file.case.service_request
        refuse_unless(
            bool(bars_deliveries.retry(file.uow.session, of_referral)),
            "conflict",
            "No answer to the sender has failed.",
            "case",
        )
        file.audit("sender-told-again", f"case/{case}")
        file.uow.on_commit(desk.answering.set)
