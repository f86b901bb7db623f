"""A refusal is an OperationOutcome with the right status, code, element and headers."""

import pytest

from shared.fhir import outcome
from shared.fhir.outcome import DEFAULT_CODE, FhirError, Issue, operation_outcome
from tests.fhir.validation.samples import problems


def test_an_outcome_holds_every_issue_in_order():
    issues = [
        Issue("error", "required", "Task.status is required.", ("Task.status",)),
        Issue("warning", "invariant", "It could be better."),
    ]
    assert operation_outcome(issues) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "required",
                "diagnostics": "Task.status is required.",
                "expression": ["Task.status"],
            },
            {"severity": "warning", "code": "invariant", "diagnostics": "It could be better."},
        ],
    }


def test_an_error_without_a_problem_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="at least one"):
        FhirError(400, [])


def test_the_text_of_an_error_has_codes_and_elements_only():
    error = outcome.invalid("Fern Fictional", "Patient.name[0]", code="value")
    assert str(error) == "400: value Patient.name[0]"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (outcome.invalid("x", "Task"), 400, "invalid"),
        (outcome.unauthorised("x"), 401, "login"),
        (outcome.unauthorised("x", expired=True), 401, "expired"),
        (outcome.forbidden("x"), 403, "forbidden"),
        (outcome.not_found(), 404, "not-found"),
        (outcome.method_not_allowed("x"), 405, "not-supported"),
        (outcome.not_acceptable("x"), 406, "not-supported"),
        (outcome.conflict("x"), 409, "conflict"),
        (outcome.conflict("x", duplicate=True), 409, "duplicate"),
        (outcome.gone(), 410, "deleted"),
        (outcome.precondition_failed("x"), 412, "conflict"),
        (outcome.precondition_failed("x", multiple=True), 412, "multiple-matches"),
        (outcome.too_large("x"), 413, "too-long"),
        (outcome.unsupported_media_type("x"), 415, "not-supported"),
        (outcome.rule_broken("x"), 422, "business-rule"),
        (outcome.throttled("x", retry_after=7), 429, "throttled"),
        (outcome.failed(), 500, "exception"),
        (outcome.unavailable("x"), 503, "transient"),
        (outcome.refusal(418, "x"), 418, "processing"),
    ],
)
def test_each_status_has_its_issue_code_and_is_valid_fhir(error, status, code):
    assert (error.status, error.issues[0].code) == (status, code)
    assert problems(error.outcome()) == []


def test_every_default_code_is_one_of_r4():
    for status, code in DEFAULT_CODE.items():
        issue = Issue("error", code, "x")
        assert problems(operation_outcome([issue])) == [], status


def test_headers_that_the_status_asks_for():
    assert outcome.unauthorised("x").headers == {"WWW-Authenticate": "Bearer"}
    assert (
        'error="invalid_token"'
        in (outcome.unauthorised("x", expired=True).headers["WWW-Authenticate"])
    )
    assert outcome.method_not_allowed("x", "GET", "PUT").headers == {"Allow": "GET, PUT"}
    assert outcome.throttled("x", retry_after=7).headers == {"Retry-After": "7"}
    assert outcome.unavailable("x", retry_after=30).headers == {"Retry-After": "30"}
    assert outcome.unavailable("x").headers == {}
