"""Below /fhir, beside the REST interactions: discovery of sign-in, a Subscription's state.

Included before the FHIR router, whose last route answers everything that is left there.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.referrals.desk import Desk
from services.referrals.disclosure import access_of
from services.referrals.subscriptions.notifying import subscription_status
from services.referrals.tables.subscription import SubscriptionState
from shared.auth import may, principal_of
from shared.fhir.http import DESCRIBED, FhirAnswer, FhirRoute, answer, answer_format
from shared.fhir.json import dumps
from shared.fhir.outcome import forbidden, not_found
from shared.fhir.search.values import is_id


def beside_routes(desk: Desk) -> APIRouter:
    """Those routes.

    Args:
        desk: what every use case works with.
    """
    router = APIRouter(
        prefix="/fhir",
        route_class=FhirRoute,
        tags=["FHIR R4"],
        default_response_class=FhirAnswer,
        responses=DESCRIBED,
    )

    @router.get(
        "/.well-known/smart-configuration",
        status_code=307,
        responses={307: {"description": "Where the issuer has it"}},
    )
    def smart_configuration() -> Response:
        """Where SMART clients look for how to get a token; public (SMART App Launch 2.2)."""
        address = f"{desk.settings.issuer}/.well-known/smart-configuration"
        return RedirectResponse(address, status_code=307)

    @router.get("/Subscription/{key}/$status")
    @router.post("/Subscription/{key}/$status")
    def status(request: Request, key: str) -> Response:
        """How a Subscription stands, and how many events it has had (Backport, $status)."""
        principal = principal_of(request)
        if not may(principal, "Subscription", "r"):
            raise forbidden("The token's scopes do not reach this: it needs system/Subscription.r.")
        media_type = answer_format(request)
        if not is_id(key):
            raise not_found()
        with desk.work() as uow:
            desk.store(uow).read("Subscription", key, access_of(principal))
            state = uow.session.get(SubscriptionState, key)
            if state is None:
                raise not_found()
            body = dumps(subscription_status(desk, state))
        return answer(body, media_type)

    return router
