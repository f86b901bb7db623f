"""The people around a person: that somebody is not any more. Who is, is a step of the case."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.staff.place import Here, back_to

router = APIRouter(include_in_schema=False)


@router.post("/cases/{case}/around/{somebody}/end")
async def end(case: UUID, somebody: UUID, here: Here) -> Response:
    """They are not around the person any more."""
    await here.form()
    await here.send("POST", f"/referrals/cases/{case}/person/around/{somebody}/end")
    return back_to(f"/cases/{case}?done=around")
