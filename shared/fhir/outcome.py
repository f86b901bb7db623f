"""What went wrong, as FHIR says it: issues, the error that carries them, the OperationOutcome.

Every refusal of a FHIR endpoint ends here, so that a client always gets an OperationOutcome whose
``expression`` names the element at fault (FHIR R4 http.html, operationoutcome.html). Diagnostics
are plain words for the sender's engineer; they never repeat a submitted value, because that value
may be somebody's name or NHS number and answers end up in other people's logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "information"]

#: HTTP status -> the issue code used when the caller names none (R4 issue-type value set). 400 and
#: 422 have several right answers; these are the ones for "could not be read as FHIR" and "read,
#: and against a rule".
DEFAULT_CODE: dict[int, str] = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "conflict",
    413: "too-costly",
    415: "not-supported",
    422: "business-rule",
    425: "duplicate",
    428: "required",
    429: "throttled",
    500: "exception",
    501: "not-supported",
    503: "transient",
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem, or one remark where ``severity`` is warning or information.

    ``code`` is from the R4 issue-type value set; ``expression`` holds FHIRPath-like element paths
    such as ``ServiceRequest.reasonCode[0].coding[0].code`` and is empty where no element is at
    fault (a search parameter is named ``http.<parameter>``, as R4 operationoutcome.html asks).
    """

    severity: Severity
    code: str
    diagnostics: str
    expression: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """This issue as an ``OperationOutcome.issue`` entry; an empty expression is left out."""
        entry: dict[str, Any] = {
            "severity": self.severity,
            "code": self.code,
            "diagnostics": self.diagnostics,
        }
        if self.expression:
            entry["expression"] = list(self.expression)
        return entry


class FhirError(Exception):
    """A FHIR request is refused: an HTTP status and every problem found, never none.

    ``headers`` go on the answer as they are (``Allow``, ``WWW-Authenticate``, ``Retry-After``).
    The exception's text names codes and elements only, so that logging it reveals nothing.
    """

    def __init__(
        self,
        status: int,
        issues: Iterable[Issue],
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.issues: tuple[Issue, ...] = tuple(issues)
        if not self.issues:
            raise ValueError("a refusal names at least one problem")
        self.headers: dict[str, str] = dict(headers or {})
        summary = "; ".join(
            " ".join((issue.code, *issue.expression)).strip() for issue in self.issues[:3]
        )
        super().__init__(f"{status}: {summary}")

    def at(self, expression: str) -> FhirError:
        """The same refusal, of another place."""
        issues = [Issue(i.severity, i.code, i.diagnostics, (expression,)) for i in self.issues]
        return FhirError(self.status, issues, headers=self.headers)

    def outcome(self) -> dict[str, Any]:
        """The OperationOutcome resource to answer with."""
        return operation_outcome(self.issues)


def operation_outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """An OperationOutcome resource holding ``issues`` in their order (R4: at least one)."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [issue.as_dict() for issue in issues],
    }


def refusal(
    status: int,
    diagnostics: str,
    *expression: str,
    code: str | None = None,
    headers: dict[str, str] | None = None,
) -> FhirError:
    """One problem as an error to raise.

    ``code`` defaults to the status's own (`DEFAULT_CODE`); pass it where the status has several,
    for example ``expired`` for 401 or ``multiple-matches`` for 412.
    """
    issue = Issue("error", code or DEFAULT_CODE.get(status, "processing"), diagnostics, expression)
    return FhirError(status, (issue,), headers=headers)


def invalid(
    diagnostics: str, *expression: str, code: str = "invalid", status: int = 400
) -> FhirError:
    """400: it is not FHIR that we can read (``structure``, ``required``, ``value``)."""
    return refusal(status, diagnostics, *expression, code=code)


def rule_broken(diagnostics: str, *expression: str, code: str = "business-rule") -> FhirError:
    """422: good FHIR, but against a rule (``business-rule``, ``invariant``, ``code-invalid``)."""
    return refusal(422, diagnostics, *expression, code=code)


def unauthorised(diagnostics: str, *, expired: bool = False) -> FhirError:
    """401 with the ``WWW-Authenticate`` header that RFC 6750 section 3 asks for."""
    challenge = 'Bearer error="invalid_token"' if expired else "Bearer"
    return refusal(
        401,
        diagnostics,
        code="expired" if expired else "login",
        headers={"WWW-Authenticate": challenge},
    )


def forbidden(diagnostics: str, *expression: str) -> FhirError:
    """403: the token is good and does not reach this."""
    return refusal(403, diagnostics, *expression)


def not_found(diagnostics: str = "There is no such resource here.") -> FhirError:
    """404. Also the answer for what exists but this client may not know of."""
    return refusal(404, diagnostics)


def gone(diagnostics: str = "This resource was deleted.") -> FhirError:
    """410: it was here and was deleted."""
    return refusal(410, diagnostics)


def method_not_allowed(diagnostics: str, *allow: str) -> FhirError:
    """405 with the methods that are allowed, as RFC 9110 section 15.5.6 asks."""
    return refusal(405, diagnostics, headers={"Allow": ", ".join(allow)} if allow else None)


def not_acceptable(diagnostics: str) -> FhirError:
    """406: none of the formats asked for can be written."""
    return refusal(406, diagnostics)


def unsupported_media_type(diagnostics: str) -> FhirError:
    """415: the body's Content-Type cannot be read."""
    return refusal(415, diagnostics)


def conflict(diagnostics: str, *expression: str, duplicate: bool = False) -> FhirError:
    """409: against what is stored already; ``duplicate`` where the same thing exists."""
    code = "duplicate" if duplicate else "conflict"
    return refusal(409, diagnostics, *expression, code=code)


def precondition_failed(diagnostics: str, *, multiple: bool = False) -> FhirError:
    """412: If-Match names another version, or a condition matches several resources."""
    return refusal(412, diagnostics, code="multiple-matches" if multiple else "conflict")


def too_large(diagnostics: str) -> FhirError:
    """413: the body is bigger than this server takes."""
    return refusal(413, diagnostics, code="too-long")


def throttled(diagnostics: str, *, retry_after: int) -> FhirError:
    """429, to be tried again after ``retry_after`` seconds."""
    return refusal(429, diagnostics, headers={"Retry-After": str(retry_after)})


def failed(diagnostics: str = "Something failed here. It has been recorded.") -> FhirError:
    """500: our fault; the words must not carry the cause."""
    return refusal(500, diagnostics)


def unavailable(diagnostics: str, *, retry_after: int | None = None) -> FhirError:
    """503: for now; ``retry_after`` in seconds where it is known."""
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return refusal(503, diagnostics, headers=headers)
