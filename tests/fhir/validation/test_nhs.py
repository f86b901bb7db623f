"""NHS numbers, their verification status, ethnic category and systems (UK Core)."""

import pytest

from shared.fhir import nhs
from tests.fhir.validation.samples import PATIENT, bundle, changed, posted, problems, refusal

ENGLAND = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
WALES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusWales"
RETIRED = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
NULL = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"


def identified(value="9990000018", system=nhs.NHS_NUMBER, **elements):
    return changed(PATIENT, identifier=[{"system": system, "value": value, **elements}])


def status(system, code, **concept):
    coding = {"coding": [{"system": system, "code": code}]} if system else {}
    return {"url": nhs.VERIFICATION_STATUS, "valueCodeableConcept": coding | concept}


@pytest.mark.parametrize("value", ["9434765919", "4010232137", "9000000009", "9990000018"])
def test_a_number_whose_check_digit_holds_is_taken(value):
    assert nhs.is_nhs_number(value)
    assert problems(identified(value)) == []


@pytest.mark.parametrize(
    "value",
    [
        "4857773456",
        "9990000019",
        "999 000 0018",
        "999-000-0018",
        "99900000",
        "99900000180",
        "x",
        "٩٩٩٠٠٠٠٠١٨",
    ],
)
def test_any_other_is_refused_with_its_element(value):
    assert not nhs.is_nhs_number(value)
    error = refusal(identified(value))
    assert error.status == 422
    assert [(issue.code, issue.expression) for issue in error.issues] == [
        ("business-rule", ("Patient.identifier[0].value",))
    ]
    assert value not in error.issues[0].diagnostics


def test_the_number_is_optional_and_other_systems_are_not_numbers():
    assert problems(changed(PATIENT, identifier=None)) == []
    assert problems(identified("12", system="urn:x")) == []


@pytest.mark.parametrize(
    "system", ["https://fhir.nhs.uk/id/nhs-number", "http://fhir.nhs.uk/Id/NHS-Number"]
)
def test_the_system_may_be_spelt_otherwise(system):
    assert nhs.canonical_system(system) == nhs.NHS_NUMBER
    assert problems(identified("4857773456", system)) == [
        ("business-rule", "Patient.identifier[0].value")
    ]
    found = nhs.nhs_number(identified(system=system))
    assert found is not None
    assert found.value == "9990000018"


def test_a_logical_reference_and_a_bundle_are_checked_too():
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "for": {"identifier": {"system": nhs.NHS_NUMBER, "value": "4857773456"}},
    }
    assert problems(task) == [("business-rule", "Task.for.identifier.value")]
    assert problems(bundle("transaction", posted(identified("4857773456")))) == [
        ("business-rule", "Bundle.entry[0].resource.identifier[0].value")
    ]


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        *[(ENGLAND, f"0{number}", f"0{number}") for number in range(1, 9)],
        (WALES, "nn", "01"),
        (WALES, "03", "03"),
        (RETIRED, "number-present-and-verified", "01"),
        (RETIRED, "number-present-but-not-traced", "02"),
        (RETIRED, "trace-postponed", "08"),
        (RETIRED, "01", "01"),
        (NULL, "NI", None),
    ],
)
def test_a_verification_status_is_kept_and_read(system, code, expected):
    resource = identified(extension=[status(system, code)])
    assert problems(resource) == []
    number = nhs.nhs_number(resource)
    assert number is not None
    assert number.status == expected
    assert number.verified == (expected == "01")


@pytest.mark.parametrize(
    "extension",
    [
        status(ENGLAND, "09"),
        status(ENGLAND, "number-present-and-verified"),
        {"url": nhs.VERIFICATION_STATUS, "valueString": "01"},
    ],
)
def test_another_status_is_refused(extension):
    resource = identified(extension=[{"url": "urn:x", "valueString": "y"}, extension])
    assert problems(resource) == [("code-invalid", "Patient.identifier[0].extension[1]")]
    assert refusal(resource).status == 422
    assert nhs.verification_status(resource["identifier"][0]) is None


@pytest.mark.parametrize(
    "extension",
    [
        status("http://example.org", "01"),
        status(NULL, "UNK"),
        status(None, None, text="verified"),
        status("http://example.org", "99", text="traced"),
    ],
)
def test_a_status_of_another_system_says_nothing_and_is_taken(extension):
    resource = identified(extension=[extension])
    assert problems(resource) == []
    assert nhs.verification_status(resource["identifier"][0]) is None
    for version in ("", "|2.6.1"):
        bound = resource | {"meta": {"profile": ["urn:x", nhs.UK_CORE_PATIENT + version]}}
        assert problems(bound) == [("code-invalid", "Patient.identifier[0].extension[0]")]


def test_a_patient_of_uk_core_may_code_a_status_twice():
    both = status("http://example.org", "99")
    both["valueCodeableConcept"]["coding"].append({"system": ENGLAND, "code": "01"})
    resource = identified(extension=[both]) | {"meta": {"profile": [nhs.UK_CORE_PATIENT]}}
    assert problems(resource) == []
    assert nhs.verification_status(resource["identifier"][0]) == "01"


@pytest.mark.parametrize("profile", [True, 0, 1.5, "x", {"a": 1}, [None, 3, {}]])
def test_a_profile_that_is_none_is_a_fault_of_the_sender(profile):
    found = problems(PATIENT | {"meta": {"profile": profile}})
    assert found
    assert {place.partition("[")[0] for _, place in found} == {"Patient.meta.profile"}


def test_no_status_is_not_verified():
    number = nhs.nhs_number(PATIENT)
    assert number == nhs.NhsNumber("9990000018", None)
    assert not number.verified


def test_no_number():
    assert nhs.nhs_number({}) is None
    assert nhs.nhs_number({"identifier": [{"system": nhs.NHS_NUMBER}, "x", {"value": "1"}]}) is None


def ethnic(system, code):
    concept = {"coding": [{"system": system, "code": code}]}
    return {"extension": [{"url": nhs.ETHNIC_CATEGORY, "valueCodeableConcept": concept}]}


def test_ethnic_category():
    england = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
    assert nhs.ethnic_category(ethnic(england, "J")) == "J"
    assert nhs.ethnic_category(ethnic(england, "99")) == "99"
    assert nhs.ethnic_category(ethnic(england, "Q")) is None
    assert nhs.ethnic_category(ethnic(england.removesuffix("England"), "Z")) == "Z"
    assert nhs.ethnic_category(ethnic("http://example.org", "J")) is None
    assert nhs.ethnic_category({"extension": [{"url": nhs.ETHNIC_CATEGORY}]}) is None
    assert nhs.ethnic_category({"extension": "x"}) is None
    assert nhs.ethnic_category({}) is None


def test_identifier_value_by_system():
    practice = {
        "identifier": [
            {"system": "urn:x", "value": "1"},
            {"system": "http://fhir.nhs.uk/id/ods-organization-code", "value": "B99999"},
        ]
    }
    assert nhs.identifier_value(practice, nhs.ODS_ORGANISATION) == "B99999"
    assert nhs.identifier_value(practice, nhs.ODS_SITE) is None
    assert nhs.identifier_value({}, nhs.ODS_SITE) is None
    assert nhs.canonical_system("urn:x") == "urn:x"
