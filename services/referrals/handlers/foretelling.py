"""What closing a case would do and tell, before it is done (care 20, 21).

The case is closed as it would be, what follows is read, and nothing of it is kept: so no second set
of rules says what a message would hold, and what is shown is what goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.referrals.casefile import CaseFile
from services.referrals.desk import Desk
from services.referrals.gp.summary import Summary
from services.referrals.gp.writing import summary_in
from services.referrals.handlers.triage import end_with_words
from services.referrals.tables import CaseTask, CodeReturned, GpMessage
from shared.auth import Principal
from shared.repeating import repeating


@dataclass(frozen=True)
class Foretold:
    """What would follow.

    Attributes:
        ended: requests that would end with the case.
        codes: national codes that would go back to the sender.
        messages: to the practice, with what each would say.
    """

    ended: list[CaseTask]
    codes: list[CodeReturned]
    messages: list[tuple[GpMessage, Summary]]


@repeating
def foretell(
    desk: Desk,
    principal: Principal,
    case: UUID,
    outcome: str,
    *,
    for_practice: Mapping[str, Any] | None = None,
) -> Foretold:
    """What would follow if the case were closed now; see `triage.close`.

    Raises:
        NoSuchCase: as closing it would.
        Refused: as closing it would.
    """
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        before = {each.id for each in file.open_provider_tasks()}
        told = select(GpMessage.id).where(GpMessage.case == case)
        made = set(uow.session.exec(told).all())
        coded = select(CodeReturned.code).where(CodeReturned.case == case)
        returned = set(uow.session.exec(coded).all())
        end_with_words(file, principal, outcome, for_practice)
        file.finish()
        messages = uow.session.exec(
            select(GpMessage)
            .where(GpMessage.case == case, col(GpMessage.id).not_in(made))
            .order_by(col(GpMessage.kind))
        ).all()
        codes = uow.session.exec(select(CodeReturned).where(CodeReturned.case == case)).all()
        return Foretold(
            [each for each in file.provider_tasks() if each.id in before],
            [each for each in codes if each.code not in returned],
            [(each, summary_in(file, each)) for each in messages],
        )  # the transaction ends here, without a commit
