"""What GOV.UK Notify says of messages that it took: whether they arrived."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.concurrency import run_in_threadpool

from services.notifications.api.bounces import admit
from services.notifications.bounces.taking import Outcome
from services.notifications.receipts import NotifyReceipts
from shared.problems import Problem

router = APIRouter(prefix="/notifications/receipts", tags=["receipts"])


class NotifyReceipt(BaseModel):
    """A callback of GOV.UK Notify; what else it holds, such as the number, is not looked at."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    reference: UUID | None = None
    status: Annotated[str, StringConstraints(max_length=40)]


@router.post("/notify", status_code=202)
async def take(receipt: NotifyReceipt, request: Request) -> dict[str, Any]:
    """Take a receipt. Whether such a message was ever sent is told to nobody.

    The token is that of the setting `KERSEY_NOTIFY_RECEIPT_TOKEN`.
    """
    admit(request, request.app.state.notify_receipt_token)
    receipts: NotifyReceipts = request.app.state.notify_receipts
    if receipt.reference is not None:
        outcome = await run_in_threadpool(receipts.take, receipt.reference, receipt.status)
        if outcome is Outcome.TOO_SOON:
            words = "The message is being sent still. Give it again."
            raise Problem(503, "Too soon", words, headers={"Retry-After": "60"})
    return {"taken": True}
