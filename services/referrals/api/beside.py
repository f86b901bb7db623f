"""Below /fhir, beside the REST interactions: discovery of sign-in.

Included before the FHIR router, whose last route answers everything that is left there.
"""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from services.referrals.desk import Desk
from shared.fhir.http import DESCRIBED, FhirAnswer, FhirRoute


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

    return router
