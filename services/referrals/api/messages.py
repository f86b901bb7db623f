"""Messages of the Booking and Referral Standard, and what a sender reads before it sends one.

Included before the FHIR router, whose last route answers everything that is left there.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from services.referrals.bars import terms
from services.referrals.bars.definitions import matching, message_definitions
from services.referrals.bars.errors import BarsRoute, refusal
from services.referrals.bars.headers import read_headers
from services.referrals.bars.message import read_message
from services.referrals.bars.taking import SENDER, MessageTaker
from services.referrals.desk import Desk
from shared.auth import principal_of
from shared.fhir import described
from shared.fhir.conformance import searchset
from shared.fhir.forms import form_pairs
from shared.fhir.http import (
    FHIR_JSON,
    JSON,
    Body,
    FhirAnswer,
    Form,
    Prefer,
    admitted,
    answer,
    answer_format,
    require_content_type,
)
from shared.fhir.json import dumps, parse
from shared.fhir.nowhere import READS, no_other_methods
from shared.fhir.outcome import not_found
from shared.fhir.search.query import parse_query

Json = dict[str, Any]

PROCESS = "/fhir/$process-message"

OPERATION = {
    "name": "process-message",
    "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
}
DEFINITIONS: Json = {
    "type": "MessageDefinition",
    "interaction": [{"code": "read"}, {"code": "search-type"}],
    "searchParam": [
        {"name": "_id", "type": "token"},
        *(
            {
                "name": name,
                "type": kind,
                "definition": f"http://hl7.org/fhir/SearchParameter/{definition}",
            }
            for name, kind, definition in (
                ("context", "token", "conformance-context"),
                ("event", "token", "MessageDefinition-event"),
                ("name", "string", "conformance-name"),
                ("status", "token", "conformance-status"),
                ("url", "uri", "conformance-url"),
                ("version", "token", "conformance-version"),
            )
        ),
    ],
}
"""As /metadata names it."""


def messaging(desk: Desk) -> list[Json]:
    """The messages that are taken and sent, as /metadata names them."""
    taken = (terms.REFERRAL_DEFINITION, terms.CANCELLED_DEFINITION)
    return [
        {
            "endpoint": [
                {
                    "protocol": {
                        "system": "http://terminology.hl7.org/CodeSystem/message-transport",
                        "code": "http",
                    },
                    "address": f"{desk.base_url}/$process-message",
                }
            ],
            "documentation": "The pattern of the Booking and Referral Standard: referrals to social"
            " prescribing, for which it has published no use case yet.",
            "supportedMessage": [
                *({"mode": "receiver", "definition": each} for each in taken),
                {"mode": "sender", "definition": terms.RESPONSE_DEFINITION},
            ],
        }
    ]


def public_paths() -> tuple[str, ...]:
    """The addresses that anybody may read: those of the definitions."""
    path = "/fhir/MessageDefinition"
    return (path, f"{path}/_search", *(f"{path}/{each['id']}" for each in message_definitions(())))


def message_routes(desk: Desk, taker: MessageTaker) -> APIRouter:
    """Those routes.

    Args:
        desk: what every use case works with.
        taker: does what a message asks for.
    """
    router = APIRouter(
        prefix="/fhir",
        route_class=BarsRoute,
        tags=["FHIR R4"],
        default_response_class=FhirAnswer,
    )
    services = desk.settings.message_services
    definitions = message_definitions(services)

    @router.post(
        "/$process-message",
        dependencies=[admitted()],
        responses=described.MESSAGE,
        openapi_extra=described.RESOURCE_BODY,
    )
    def process_message(request: Request, body: Body) -> Response:
        """A message: a referral, a change of it, or its cancellation."""
        principal = principal_of(request)
        if SENDER not in principal.roles:
            words = "Messages are taken from clients that are registered as referral senders."
            raise refusal(403, "forbidden", words, "http.Authorization")
        require_content_type(request, FHIR_JSON, JSON)
        media_type = answer_format(request)
        _check_parameters(request)
        exchange = read_headers(request)
        message = read_message(parse(body), exchange, services)
        return answer(dumps(taker.take(principal, exchange, message)), media_type)

    no_other_methods(
        router,
        "/$process-message",
        "POST",
        principal=principal_of,
        words="A message is sent by POST.",
    )

    @router.get("/MessageDefinition", responses=described.PUBLIC_SEARCH)
    def search(request: Request) -> Response:
        """Which messages are taken and sent; `context` is a service or a use case; public."""
        return found_by(request, ())

    @router.post(
        "/MessageDefinition/_search",
        responses=described.PUBLIC_SEARCH_BY_FORM,
        openapi_extra=described.FORM_BODY,
    )
    def search_by_form(request: Request, body: Form) -> Response:
        """The same by a form; public."""
        return found_by(request, form_pairs(request, body))

    def found_by(request: Request, form: Sequence[tuple[str, str]]) -> Response:
        media_type, prefer = answer_format(request, form), Prefer.of(request)
        pairs = [*parse_query(request.url.query), *form]
        found = matching(definitions, pairs, lenient=prefer.lenient)
        bundle = searchset(found, f"{desk.base_url}/MessageDefinition", pairs)
        return answer(dumps(bundle), media_type)

    no_other_methods(router, "/MessageDefinition", *READS)
    no_other_methods(router, "/MessageDefinition/_search", "POST")

    @router.get("/MessageDefinition/{key}", responses=described.PUBLIC_READ)
    def read(request: Request, key: str) -> Response:
        """One of them; public."""
        media_type = answer_format(request)
        for each in definitions:
            if each["id"] == key:
                return answer(dumps(each), media_type)
        raise not_found()

    no_other_methods(router, "/MessageDefinition/{key}", *READS)
    return router


def _check_parameters(request: Request) -> None:
    """Of the operation's own (R4 messageheader-operation-process-message.html) none is offered.

    BaRS uses neither: its answers go to where the message says.
    """
    for name, value in parse_query(request.url.query):
        plain = name in {"_format", "_pretty"} or (name, value) == ("async", "false")
        if not plain:
            words = "A message is answered at once, and later at its sender's endpoint."
            raise refusal(400, "not-supported", words, f"http.{name}")
