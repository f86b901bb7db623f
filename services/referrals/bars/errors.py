"""Refusals in BaRS's words: an OperationOutcome whose every issue has a code of its own system.

BaRS Core, Error handling: `REC_` codes are the receiver's; `SEND_` and `PROXY_` are said by the
national proxy that stands before it, never by a receiver.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Response

from services.referrals.bars.terms import ERRORS
from shared.fhir.http import FhirRoute, as_fhir, outcome
from shared.fhir.outcome import FhirError, Issue
from shared.problems import Problem

CODES: Mapping[int, str] = MappingProxyType(
    {
        400: "REC_BAD_REQUEST",
        401: "REC_UNAUTHORIZED",
        403: "REC_FORBIDDEN",
        404: "REC_NOT_FOUND",
        405: "REC_METHOD_NOT_ALLOWED",
        406: "REC_NOT_ACCEPTABLE",
        408: "REC_TIMEOUT",
        409: "REC_CONFLICT",
        413: "REC_BAD_REQUEST",
        415: "REC_BAD_REQUEST",
        422: "REC_UNPROCESSABLE_ENTITY",
        425: "REC_TOO_EARLY",
        429: "REC_TOO_MANY_REQUESTS",
        500: "REC_SERVER_ERROR",
        503: "REC_SERVICE_UNAVAILABLE",
    }
)
"""By HTTP status. 413 and 415 have none in BaRS: the request is what is bad about them."""

_IN_BARS: Mapping[int, int] = MappingProxyType({410: 404, 412: 409})
"""Statuses of FHIR's interface that BaRS does not have, and what it says instead."""


def refusal(status: int, code: str, words: str, *expression: str) -> FhirError:
    """One problem with a message.

    Args:
        status: HTTP's, which decides BaRS's code.
        code: of R4's issue-type value set.
        words: what is wrong and what would be right, without any value that was sent.
        expression: the elements at fault; a header is `http.<name>`.
    """
    return FhirError(status, [Issue("error", code, words, expression)])


def in_bars(error: FhirError) -> FhirError:
    """A refusal of the referral's own rules, as BaRS tells it.

    `duplicate` with 409 says that this very message was taken before, and nothing else may say it
    (BaRS Core, Transactional integrity): what else exists already is a conflict.
    """
    status = _IN_BARS.get(error.status, error.status)
    issues = [
        Issue(i.severity, "conflict" if i.code == "duplicate" else i.code, i.diagnostics,
              i.expression)
        for i in error.issues
    ]  # fmt: skip
    return FhirError(status, issues, headers=error.headers)


def answer_of(error: FhirError, method: str = "POST") -> Response:
    """A refusal as an answer."""
    code = CODES.get(error.status, "REC_SERVER_ERROR" if error.status >= 500 else "REC_BAD_REQUEST")
    coding = [{"system": system, "code": code} for system in ERRORS]
    return outcome(error, method, {"coding": coding})


def refused(problem: Problem) -> Response:
    """The same of what is refused outside any route."""
    return answer_of(as_fhir(problem))


class BarsRoute(FhirRoute):
    """A route whose every error has BaRS's code."""

    def refusal(self, error: FhirError, method: str) -> Response:
        """See `FhirRoute.refusal`."""
        return answer_of(error, method)
