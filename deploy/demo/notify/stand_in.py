"""The part of GOV.UK Notify's API that Kersey uses: texts, letters, and asking after them.

https://docs.notifications.service.gov.uk/rest-api.html
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

Json = dict[str, Any]

CLOCK_SECONDS = 30
"""By how much a token's time may be off."""
WAITS = 30
"""Seconds for whoever takes a receipt, on a machine that has much else to do."""
NEEDED = {"sms": ("phone_number",), "letter": ()}
ADDRESS = ("address_line_1", "address_line_2", "address_line_3")


@dataclass
class StandIn:
    """A service at Notify.

    Attributes:
        service: its id.
        secret: the last part of its API key.
        templates: which templates it has, with the fields that each needs.
        refuses: answers every message with this status, if it is one.
        sent: what it took, the oldest first, as Notify would tell of it.
        asked: every request that was let in.
    """

    service: str
    secret: str
    templates: Mapping[str, tuple[str, ...]]
    refuses: int = 0
    sent: list[Json] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The API key, as Notify writes keys."""
        return f"standin-{self.service}-{self.secret}"

    def admitted(self, authorization: str) -> bool:
        """Whether a token is signed with the key, for this service, now."""
        try:
            token = jwt.decode(
                authorization.removeprefix("Bearer "),
                OctKey.import_key(self.secret),
                algorithms=["HS256"],
            )
        except (JoseError, ValueError):
            return False
        at = token.claims.get("iat", 0)
        return token.claims.get("iss") == self.service and abs(time.time() - at) <= CLOCK_SECONDS

    def fault(self, kind: str, body: Json) -> str | None:
        """What is wrong with a message, in Notify's manner."""
        missing = [each for each in NEEDED[kind] if not body.get(each)]
        if missing:
            return f"{missing[0]} is a required property"
        needed = self.templates.get(str(body.get("template_id")))
        if needed is None:
            return "Template not found"
        fields = body.get("personalisation") or {}
        wanted = (*needed, *(ADDRESS if kind == "letter" else ()))
        absent = [each for each in wanted if not fields.get(each)]
        return f"Missing personalisation: {', '.join(absent)}" if absent else None

    def tell(self, url: str, token: str, reference: str, status: str) -> httpx.Response:
        """Send a receipt, as Notify does when it hears of a message."""
        (about,) = [each for each in self.sent if each["reference"] == reference][-1:]
        about["status"] = status
        receipt = {
            "id": about["id"], "reference": reference, "to": about["phone_number"] or "",
            "status": status, "notification_type": about["type"],
            "template_id": about["template"]["id"],
        }  # fmt: skip
        by = {"Authorization": f"Bearer {token}"}
        return httpx.post(url, json=receipt, headers=by, timeout=WAITS)


def stand_in(notify: StandIn) -> FastAPI:
    """The stand-in as an app.

    Args:
        notify: what it knows.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/v2/notifications/{kind}", response_model=None)
    async def send(kind: str, request: Request) -> JSONResponse | Json:
        if not notify.admitted(request.headers.get("authorization", "")):
            return _error(403, "AuthError", "Invalid token: signature, api token not found")
        notify.asked.append(f"POST {kind}")
        if notify.refuses:
            return _error(notify.refuses, "Refused", "As it was told")
        if kind not in NEEDED:
            return _error(404, "NoResultFound", "No result found")
        body = await request.json()
        fault = notify.fault(kind, body)
        if fault:
            return _error(400, "BadRequestError", fault)
        message = {
            "id": str(uuid4()), "reference": body.get("reference"), "type": kind,
            "status": "created", "phone_number": body.get("phone_number"),
            "template": {"id": body["template_id"]}, "personalisation": body["personalisation"],
        }  # fmt: skip
        notify.sent.append(message)
        return JSONResponse(message, 201)

    @app.get("/v2/notifications", response_model=None)
    def listed(request: Request, reference: str = "") -> JSONResponse | Json:
        if not notify.admitted(request.headers.get("authorization", "")):
            return _error(403, "AuthError", "Invalid token: signature, api token not found")
        notify.asked.append("GET")
        found = [each for each in notify.sent if each["reference"] == reference]
        return {"notifications": found, "links": {"current": str(request.url)}}

    return app


def _error(status: int, kind: str, message: str) -> JSONResponse:
    return JSONResponse(
        {"status_code": status, "errors": [{"error": kind, "message": message}]}, status
    )
