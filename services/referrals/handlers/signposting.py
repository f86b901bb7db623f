"""A person is told of a service and goes by themself: counted, and no referral."""

from uuid import UUID

from services.referrals.casefile import refuse_unless
from services.referrals.desk import Desk
from services.referrals.standing import by_link_worker
from services.referrals.tables import ListedService, Signpost
from shared.auth import Principal
from shared.repeating import repeating


@repeating
def signpost(desk: Desk, principal: Principal, case: UUID, service: UUID) -> None:
    """Note that the person was told of a service.

    Nothing is shared, so every tier of listing may be told of, and the service hears nothing.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or the service is not listed.
    """
    with by_link_worker(desk, principal, case) as file:
        session = file.uow.session
        listed = session.get(ListedService, service)
        refuse_unless(
            listed is not None and listed.listed,
            "business-rule",
            "This service is not listed.",
            "service",
        )
        session.add(Signpost(case=case, service=service, made_by=principal.subject, made=file.now))
        file.audit("signpost", f"case/{case}")
