"""The message back to the GP: what practices want, what may be told, and where each message is."""

from datetime import date as Date  # noqa: N812 - a field is called date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field, StrictBool

from services.referrals.accesses import seeing
from services.referrals.api.bodies import Body, Line, Said, Words
from services.referrals.case_views import case_of
from services.referrals.desk import Desk
from services.referrals.gp.standing import Route
from services.referrals.gp.wishes import Wish
from services.referrals.handlers import practices, telling_gp
from services.referrals.scopes import CASES
from services.referrals.views import View
from shared.auth import Principal, requires

Ods = Annotated[str, Path(pattern=r"^[A-Z0-9]{3,12}$")]


class WishBody(Body):
    """All that a practice wants: a PUT replaces it whole (RFC 9110, 9.3.4), and nobody's word is no
    word that letters stop or go another way."""

    first_outcome: StrictBool
    closure: StrictBool
    safety: StrictBool
    delay: StrictBool
    route: Route


class GpSharingBody(Body):
    """What the person agreed to have told to their GP."""

    items: list[Literal["needs", "activities", "measures", "next-step"]] = Field(max_length=4)
    how: Said = "verbal"


class WorryBody(Body):
    """A worry about the person, for their practice, at once."""

    id: UUID
    concern: Annotated[Words, Field(min_length=1)]
    because: Line | None = None


class PostedBody(Body):
    """When the letter was posted."""

    on: Date


def gp_routes(desk: Desk) -> APIRouter:
    """What coordinators and link workers do about practices."""
    router = APIRouter(prefix="/referrals", tags=["message back to the GP"])
    works = Depends(requires(CASES))

    @router.get("/practices")
    def wanted(principal: Principal = works) -> list[View]:
        """The practices of the coordinator's hub, and what each wants to hear."""
        return practices.wishes(desk, principal)

    @router.put("/practices/{practice}/wish")
    def wish(practice: Ods, body: WishBody, principal: Principal = works) -> View:
        """What a practice wants to hear from now on, and by which route."""
        return practices.set_wish(desk, principal, practice, Wish(**body.model_dump()))

    @router.put("/cases/{case}/gp-sharing")
    def agree(case: UUID, body: GpSharingBody, principal: Principal = works) -> View:
        """What the person agrees to have told to their GP."""
        telling_gp.agree(desk, principal, case, list(body.items), body.how)
        return _case(desk, principal, case)

    @router.post("/cases/{case}/gp-sharing/withdraw")
    def withdraw(case: UUID, principal: Principal = works) -> View:
        """The person wants their GP to hear nothing more."""
        telling_gp.withdraw(desk, principal, case)
        return _case(desk, principal, case)

    @router.post("/cases/{case}/gp-worries", status_code=201)
    def worry(case: UUID, body: WorryBody, principal: Principal = works) -> View:
        """Tell the practice at once of a worry about the person."""
        telling_gp.worry(
            desk, principal, case, key=body.id, concern=body.concern, because=body.because
        )
        return _case(desk, principal, case)

    @router.post("/cases/{case}/gp-messages/{message}/release")
    def release(case: UUID, message: UUID, principal: Principal = works) -> View:
        """Have a message that is held go on its way."""
        telling_gp.release(desk, principal, case, message)
        return _case(desk, principal, case)

    @router.post("/cases/{case}/gp-messages/{message}/again")
    def again(case: UUID, message: UUID, principal: Principal = works) -> View:
        """Try once more to send what failed."""
        telling_gp.again(desk, principal, case, message)
        return _case(desk, principal, case)

    @router.post("/cases/{case}/gp-messages/{message}/posted")
    def posted(case: UUID, message: UUID, body: PostedBody, principal: Principal = works) -> View:
        """The printed letter was posted."""
        telling_gp.posted(desk, principal, case, message, body.on)
        return _case(desk, principal, case)

    @router.get(
        "/cases/{case}/gp-messages/{message}/letter.{form}",
        response_class=Response,
        responses={200: {"content": {"application/pdf": {}, "text/html": {}}}},
    )
    def letter(
        case: UUID, message: UUID, form: Literal["pdf", "html"], principal: Principal = works
    ) -> Response:
        """The letter, to be printed; that it was read is recorded."""
        found = telling_gp.letter(desk, principal, case, message, form)
        headers = {
            "cache-control": "no-store",
            "content-disposition": f'inline; filename="letter.{form}"',
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        }
        return Response(found, media_type=telling_gp.MEDIA_TYPES[form], headers=headers)

    return router


def _case(desk: Desk, principal: Principal, case: UUID) -> View:
    with seeing(desk.accesses, principal, case), desk.look() as uow:
        return case_of(uow.session, principal, case, desk.clock())
