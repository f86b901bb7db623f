"""MESH as its API has it: mailboxes, a signature in each request, parts, routing, reports.

Source: NHS England's Message Exchange for Social Care and Health API, version 2.
"""

import gzip
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from deploy.demo.mesh.practice import PracticeSystem

MEDIA_TYPE = "application/vnd.mesh.v2+json"
CLOCKS_APART = timedelta(hours=2)

UNREGISTERED = ("SEND", "12", "Unregistered to address")
NO_MATCH = ("SEND", "EPL-151", "No mailbox matched")
NO_DEMOGRAPHICS = ("SEND", "EPL-154", "NHS Number supplied does not match the demographics")


@dataclass
class Message:
    """One message on its way."""

    id: str
    sender: str
    recipient: str
    headers: Mapping[str, str]
    parts: list[bytes]
    total: int
    report: tuple[str, str] | None = None
    """The code of an error report, and the message that it is about."""
    acknowledged: bool = False
    odd: Mapping[str, str] = field(default_factory=dict)
    """Headers with which it is handed over otherwise than it should be."""


@dataclass
class StandIn:
    """What the stand-in knows, and what happened in it.

    Attributes:
        shared_key: of the environment.
        mailboxes: passwords of the mailboxes of senders.
        practices: the record systems behind it.
        patients: by NHS number, the practice, day of birth (YYYYMMDD) and surname; a patient who
            is not in it is taken to be registered with the first practice.
        messages: everything that was sent, oldest first.
        fails: HTTP statuses with which the next requests are answered.
        redirects: where every request is sent on to, if anywhere.
        asked: how many requests there were.
    """

    shared_key: str
    mailboxes: Mapping[str, str]
    practices: Sequence[PracticeSystem]
    patients: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    fails: list[int] = field(default_factory=list)
    redirects: str | None = None
    asked: int = 0
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def inbox(self, mailbox: str) -> list[Message]:
        """What lies in a mailbox."""
        return [
            each
            for each in self.messages
            if each.recipient == mailbox and not each.acknowledged and len(each.parts) == each.total
        ]

    def signed(self, mailbox: str, header: str | None) -> bool:
        """Whether the Authorization header is right, new, and of this hour."""
        try:
            scheme, _, token = (header or "").partition(" ")
            named, nonce, count, stamp, given = token.split(":")
            made = datetime.strptime(stamp, "%Y%m%d%H%M").replace(tzinfo=UTC)
        except ValueError:
            return False
        password = self.mailboxes.get(mailbox)
        if scheme != "NHSMESH" or named != mailbox or password is None:
            return False
        if abs(datetime.now(UTC) - made) > CLOCKS_APART or (nonce, count) in self._seen:
            return False
        self._seen.add((nonce, count))
        words = f"{mailbox}:{nonce}:{count}:{password}:{stamp}".encode()
        right = hmac.new(self.shared_key.encode(), words, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, given)

    def found(self, to: str) -> tuple[PracticeSystem | None, tuple[str, str, str] | None]:
        """The practice that a recipient stands for, or what is wrong with it, told later."""
        if not to.startswith("GPPROVIDER_"):
            return next((each for each in self.practices if each.mailbox == to), None), None
        _, number, born, surname = to.split("_", 3)
        known = self.patients.get(number)
        if known is None:
            return self.practices[0], None
        ods_code, right_day, right_name = known
        if (born, surname.casefold()) != (right_day, right_name.casefold()):
            return None, NO_DEMOGRAPHICS
        return next(
            ((each, None) for each in self.practices if each.ods_code == ods_code),
            (None, NO_MATCH),
        )

    def settle(self, message: Message, error: tuple[str, str, str] | None) -> None:
        """A message is complete: the practice's system answers, or MESH reports why not."""
        if error:
            self._put(message.recipient, message, [b""], report=(error[1], message.id))
            return
        practice = next(
            (each for each in self.practices if each.mailbox == message.recipient), None
        )
        if practice is None:
            return
        body = b"".join(message.parts)
        for answer in practice.take(body):
            self._put(practice.mailbox, message, [answer])

    def _put(
        self,
        sender: str,
        about: Message,
        parts: list[bytes],
        *,
        report: tuple[str, str] | None = None,
    ) -> None:
        workflow = about.headers.get("mex-workflowid", "")
        headers = {"mex-workflowid": workflow if report else f"{workflow}_ACK"}
        self.messages.append(
            Message(uuid4().hex.upper(), sender, about.sender, headers, parts, 1, report)
        )


def stand_in(state: StandIn) -> FastAPI:
    """The app.

    Args:
        state: what it knows.
    """
    app = FastAPI(title="A stand-in of MESH", docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def signed_or_failing(request: Request, call_next: Any) -> Response:
        state.asked += 1
        if state.redirects:
            return Response(status_code=307, headers={"location": state.redirects})
        if state.fails:
            return Response(status_code=state.fails.pop(0), content="<html>no</html>")
        parts = request.url.path.split("/")
        if "endpointlookup" not in parts and not state.signed(
            parts[2] if len(parts) > 2 else "", request.headers.get("authorization")
        ):
            return _error(403, ("SEND", "", "Invalid Authentication Token"))
        answer: Response = await call_next(request)
        return answer

    app.include_router(_outbox(state))
    app.include_router(_inbox(state))
    app.include_router(_lookup(state))
    return app


def _outbox(state: StandIn) -> APIRouter:
    router = APIRouter(prefix="/messageexchange/{mailbox}")

    @router.post("")
    def handshake(mailbox: str) -> dict[str, str]:
        return {"mailboxId": mailbox}

    @router.post("/outbox")
    async def send(mailbox: str, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        practice, error = state.found(headers.get("mex-to", ""))
        if practice is None and error is None:
            return _error(417, UNREGISTERED)
        number, total = _range(headers)
        body = _opened(headers, await request.body())
        if number != 1 or not body:
            return _error(417, ("SEND", "InvalidHeaderChunks", "Invalid chunk values"))
        message = Message(
            uuid4().hex.upper(),
            mailbox,
            practice.mailbox if practice else "",
            headers,
            [body],
            total,
        )
        state.messages.append(message)
        if total == 1:
            state.settle(message, error)
        return JSONResponse({"message_id": message.id}, 202, media_type=MEDIA_TYPE)

    @router.post("/outbox/{key}/{number}")
    async def part(mailbox: str, key: str, number: int, request: Request) -> Response:
        message = _one(state, key)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if message is None or message.sender != mailbox:
            return Response(status_code=404)
        if number != len(message.parts) + 1 or _range(headers) != (number, message.total):
            return _error(417, ("SEND", "InvalidHeaderChunks", "Invalid chunk values"))
        message.parts.append(_opened(headers, await request.body()))
        if number == message.total:
            state.settle(message, None)
        return Response(status_code=202)

    return router


def _inbox(state: StandIn) -> APIRouter:
    router = APIRouter(prefix="/messageexchange/{mailbox}")

    @router.get("/inbox")
    def inbox(mailbox: str, max_results: int = 500, continue_from: int = 0) -> Response:
        lies, end = state.inbox(mailbox), continue_from + max_results
        at = f"/messageexchange/{mailbox}/inbox"
        more = {"next": f"{at}?max_results={max_results}&continue_from={end}"}
        body = {
            "messages": [each.id for each in lies[continue_from:end]],
            "links": {"self": at} | (more if end < len(lies) else {}),
            "approx_inbox_count": len(lies),
        }
        return JSONResponse(body, media_type=MEDIA_TYPE)

    @router.get("/inbox/{key}")
    def collect(mailbox: str, key: str) -> Response:
        message = _one(state, key)
        if message is None or message.recipient != mailbox:
            return Response(status_code=404)
        headers = {
            "mex-from": message.sender,
            "mex-to": mailbox,
            "mex-messageid": message.id,
            "mex-messagetype": "REPORT" if message.report else "DATA",
            "mex-workflowid": message.headers["mex-workflowid"],
            "mex-chunk-range": "1:1",
        }
        headers |= message.odd
        if message.report:
            headers["mex-statuscode"], headers["mex-linkedmsgid"] = message.report
            headers["mex-statussuccess"] = "ERROR"
        return Response(b"".join(message.parts), headers=headers)

    @router.put("/inbox/{key}/status/acknowledged")
    def acknowledged(mailbox: str, key: str) -> Response:
        message = _one(state, key)
        if message is None or message.recipient != mailbox:
            return Response(status_code=404)
        message.acknowledged = True
        return Response(status_code=200)

    return router


def _lookup(state: StandIn) -> APIRouter:
    router = APIRouter(prefix="/messageexchange/endpointlookup")

    @router.get("/{ods_code}/{workflow}")
    def lookup(ods_code: str, workflow: str) -> dict[str, Any]:
        found = [each for each in state.practices if each.ods_code == ods_code]
        return {
            "results": [
                {"mailbox_id": each.mailbox, "mailbox_name": each.ods_code} for each in found
            ]
        }

    return router


def _one(state: StandIn, key: str) -> Message | None:
    return next((each for each in state.messages if each.id == key), None)


def _range(headers: Mapping[str, str]) -> tuple[int, int]:
    number, _, total = headers.get("mex-chunk-range", "1:1").partition(":")
    return int(number), int(total or 1)


def _opened(headers: Mapping[str, str], body: bytes) -> bytes:
    return gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body


def _error(status: int, why: tuple[str, str, str]) -> Response:
    event, code, words = why
    detail = [{"event": event, "code": code, "msg": words}]
    body = {"message_id": None, "internal_id": uuid4().hex, "detail": detail}
    return JSONResponse(body, status, media_type=MEDIA_TYPE)
