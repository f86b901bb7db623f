"""A page of a case as one answer, over HTTP."""

from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Response

from services.referrals.accesses import seeing
from services.referrals.case_page import page_of
from services.referrals.desk import Desk
from services.referrals.disclosure import access_of
from services.referrals.scopes import CASES
from shared.auth import Principal, requires
from shared.fhir.permitting import Permitting


def case_page_routes(desk: Desk) -> APIRouter:
    """What whoever works on a case looks at all day."""
    router = APIRouter(prefix="/referrals", tags=["cases"])
    permitting = Permitting(types=desk.types, access=access_of, on_refusal=desk.accesses.refused)

    @router.get("/cases/{case}/page")
    def page(case: UUID, principal: Principal = Depends(requires(CASES))) -> Response:
        """What a page of a case shows: `case`, `request`, `patient`, `record` and `plan`.

        Each is as `/cases/{case}`, `/fhir/ServiceRequest/{id}`, `/fhir/Patient/{id}`,
        `/cases/{case}/person` and `/cases/{case}/plan` have it, and null where you may not read it.
        """
        with seeing(desk.accesses, principal, case):
            found = page_of(desk, permitting, principal, case)
        return Response(orjson.dumps(found), media_type="application/json")

    return router
