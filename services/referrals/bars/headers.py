"""The HTTP headers of a message: which exchange it is of, and on whose behalf it is sent.

BaRS Core, End-to-end workflow (HTTP header) and Transactional integrity. What the headers say of
people is read to be checked, and neither stored nor logged.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request

from services.referrals.bars.errors import refusal
from services.referrals.bars.terms import SUPPORTED
from shared.fhir.json import parse_json
from shared.fhir.outcome import FhirError, Issue

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION = re.compile(r";\s*version\s*=\s*\"?([^\s;,\"]+)", re.IGNORECASE)
_USE_CONTEXT = ("use case", "category", "event", "reason")


@dataclass(frozen=True)
class Exchange:
    """What the headers of a message say.

    Attributes:
        request: of this message; a retry has the same one.
        correlation: of the conversation that it belongs to.
        target: the service that it is for, as `system|value`.
        event: the event that `use-context` names, if it is sent.
        reason: the reason that it names.
    """

    request: UUID
    correlation: UUID
    target: str
    event: str | None = None
    reason: str | None = None


def read_headers(request: Request) -> Exchange:
    """Read and check them.

    Raises:
        FhirError: 400 naming every header that is missing or cannot be read; 406 where only another
            version of BaRS is wanted.
    """
    _check_version(request, "accept")
    _check_version(request, "content-type")
    headers = _Headers(request)
    request_id = headers.guid("X-Request-Id")
    correlation = headers.guid("X-Correlation-Id")
    target = headers.described("NHSD-Target-Identifier", _identifies)
    headers.described("NHSD-End-User-Organisation", _organisation)
    headers.described("NHSD-Requesting-Software", _is_a("Device"))
    headers.described("NHSD-Requesting-Practitioner", _is_a("PractitionerRole"), required=False)
    context = headers.use_context()
    headers.refuse()
    assert request_id is not None
    assert correlation is not None
    assert target is not None
    return Exchange(
        request=request_id,
        correlation=correlation,
        target=f"{target['system']}|{target['value']}",
        event=context[2] if context else None,
        reason=context[3] if context else None,
    )


class _Headers:
    """Reads one header after the other, and remembers what is wrong."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._issues: list[Issue] = []

    def guid(self, name: str) -> UUID | None:
        text = self._single(name)
        if text is not None and not _GUID.fullmatch(text):
            self._fault("invalid", f"{name} is a GUID.", name)
            return None
        return UUID(text) if text is not None else None

    def described(
        self, name: str, fault: Callable[[dict[str, Any]], str | None], *, required: bool = True
    ) -> dict[str, Any] | None:
        """A header that is a JSON object in standard Base64."""
        text = self._single(name, required=required)
        if text is None:
            return None
        value = _decoded(text)
        if value is None:
            self._fault("structure", f"{name} is a JSON object in standard Base64.", name)
            return None
        why = fault(value)
        if why is not None:
            self._fault("structure", f"{name} {why}", name)
            return None
        return value

    def use_context(self) -> list[str] | None:
        text = self._single("use-context", required=False)
        if text is None:
            return None
        parts = [part.strip() for part in text.split("|")]
        if len(parts) != len(_USE_CONTEXT):
            words = f"use-context is {', '.join(_USE_CONTEXT)}, with | between them."
            self._fault("invalid", words, "use-context")
            return None
        return parts

    def refuse(self) -> None:
        if self._issues:
            raise FhirError(400, self._issues)

    def _single(self, name: str, *, required: bool = True) -> str | None:
        values = [each.strip() for each in self._request.headers.getlist(name)]
        if len(values) > 1:
            self._fault("invalid", f"{name} is sent once.", name)
            return None
        if values and values[0]:
            return values[0]
        if required:
            self._fault("required", f"A message needs the header {name}.", name)
        return None

    def _fault(self, code: str, words: str, name: str) -> None:
        self._issues.append(Issue("error", code, words, (f"http.{name}",)))


def _check_version(request: Request, name: str) -> None:
    found = _VERSION.findall(request.headers.get(name, ""))
    if found and not any(SUPPORTED.fullmatch(each) for each in found):
        words = "This receiver speaks version 1 of BaRS, such as version=1.4.0."
        raise refusal(406, "processing", words, f"http.{name.title()}")


def _decoded(text: str) -> dict[str, Any] | None:
    try:
        value = parse_json(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError, FhirError):
        return None
    return value if isinstance(value, dict) else None


def _identifies(value: dict[str, Any]) -> str | None:
    parts = [value.get(name) for name in ("system", "value")]
    if all(isinstance(part, str) and part.strip() for part in parts):
        return None
    return "has a system and a value, both of them text."


def _is_a(kind: str) -> Callable[[dict[str, Any]], str | None]:
    def fault(value: dict[str, Any]) -> str | None:
        return None if value.get("resourceType") == kind else f"is a FHIR {kind}."

    return fault


def _organisation(value: dict[str, Any]) -> str | None:
    if value.get("resourceType") != "Organization":
        return "is a FHIR Organization."
    found = value.get("identifier")
    identifiers = found if isinstance(found, list) else []
    if any(isinstance(each, dict) and _identifies(each) is None for each in identifiers):
        return None
    return "has an identifier with system and value, such as an ODS code."
