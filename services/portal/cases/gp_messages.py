"""Messages to the GP practice that wait for somebody: read, send, print, note as posted."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.staff.place import Here, back_to

router = APIRouter(prefix="/cases/{case}/gp-messages/{message}", include_in_schema=False)


@router.get("/letter")
async def letter(case: UUID, message: UUID, here: Here) -> Response:
    """The letter as a PDF, to be read or printed; that it was read is noted by referrals."""
    found = await here.apis.file(
        here.who, f"/referrals/cases/{case}/gp-messages/{message}/letter.pdf"
    )
    headers = {
        "cache-control": "no-store",
        "content-disposition": 'inline; filename="letter.pdf"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(found, media_type="application/pdf", headers=headers)


@router.post("/{deed}")
async def do(
    case: UUID, message: UUID, deed: Literal["release", "again", "posted"], here: Here
) -> Response:
    """Let it go on its way, try again, or note that the letter was posted today."""
    await here.form()
    body = {"on": here.times.today.isoformat()} if deed == "posted" else None
    await here.send("POST", f"/referrals/cases/{case}/gp-messages/{message}/{deed}", body)
    return back_to(f"/cases/{case}?done=gp-messages")
