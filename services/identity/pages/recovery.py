"""The pages for recovery codes: look at those that were made, keep them, make new ones."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.identity.body import bounded
from services.identity.pages.authorizing import go_on
from services.identity.pages.front import AT, asked_of, front_of
from services.identity.pages.signing_in import waiting
from services.identity.people.locking import Locked
from services.identity.people.signing_in import Wrong
from shared.languages import _

Body = Annotated[bytes, Depends(bounded)]

_NOT_THE_CODE = _("That is not the code, or it was used already. Wait for the next one")

router = APIRouter(include_in_schema=False)


@router.get(f"{AT}/account/recovery-codes")
def look(request: Request) -> Response:
    """The codes that are to be kept; or how many are left, and new ones for a code of the app."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    codes = front.recovery.to_keep(present)
    if codes:
        return front.page(request, "recovery", asked=asked_of(present), codes=codes)
    return _left(request)


@router.post(f"{AT}/account/recovery-codes/kept")
def keep(request: Request, body: Body) -> Response:
    """Their person has kept the codes; go on to where the sign-in was to lead."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    front.form(request, body)
    front.recovery.kept(present)
    present.account.codes_to_keep = None
    if asked_of(present) is None:
        return RedirectResponse("/home", 303, headers={"Cache-Control": "no-store"})
    return go_on(front, request, present)


@router.post(f"{AT}/account/recovery-codes")
def make_anew(request: Request, body: Body) -> Response:
    """New codes in place of all before."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    code = front.form(request, body).get("code", "").strip()[:40]
    try:
        front.recovery.make_anew(present, code)
    except Wrong:
        return _left(request, _NOT_THE_CODE if code else _("Type the code of your app"), 422)
    except Locked as locked:
        return _left(request, waiting(locked), 429)
    return front.to("/account/recovery-codes")


def _left(request: Request, fault: str = "", status: int = 200) -> Response:
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    left = front.recovery.left(present.account.id)
    return front.page(request, "recovery-left", status, left=left, fault=fault)
