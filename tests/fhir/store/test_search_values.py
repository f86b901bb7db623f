"""Each kind of parameter, by its forms, prefixes and modifiers (FHIR R4 search.html)."""

from collections.abc import Iterator

import pytest

from shared.database import create_engine
from shared.fhir.outcome import FhirError
from tests.fhir.store.kit import BASE, NHS_NUMBER, Shelf, create_tables, patient, request, task
from tests.infrastructure.postgres import NewDatabase

PEOPLE = {
    "asa": patient(
        "Åström",
        name=[{"family": "Åström", "given": ["Jörg", "Mary Jane"], "prefix": ["Dr"]}],
        gender="male",
        active=True,
        birthDate="1980-05-17",
        identifier=[{"system": NHS_NUMBER, "value": "9990000018"}, {"value": "loose"}],
        telecom=[
            {"system": "email", "value": "Jorg@Example.org"},
            {"system": "phone", "value": "0113 496 0001"},
        ],
        address=[{"line": ["1 Mill Lane"], "city": "Hebden Bridge", "postalCode": "HX7 8AD"}],
        generalPractitioner=[{"identifier": {"system": "urn:ods", "value": "B83001"}}],
    ),
    "o'neil": patient(
        "O'Neil, 100%",
        gender="female",
        active=False,
        birthDate="1980-06",
        deceasedDateTime="2024-01-31T10:00:00Z",
        identifier=[
            {
                "type": {"coding": [{"system": "urn:types", "code": "MR"}]},
                "system": "urn:hospital",
                "value": "AbC",
            }
        ],
        meta={
            "tag": [{"system": "urn:tags", "code": "demo"}],
            "security": [{"code": "R"}],
            "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"],
            "source": "https://ehr.example/source/1",
        },
    ),
    "bare": {"resourceType": "Patient", "deceasedBoolean": False},
}

TOKENS = [
    ("gender=male", "asa"),
    ("gender=MALE", "asa"),
    ("gender=http://hl7.org/fhir/administrative-gender|male", "asa"),
    ("gender=male,female", "asa o'neil"),
    ("gender=male&gender=female", ""),
    ("gender:not=male", "o'neil bare"),
    ("gender:not=male,female", "bare"),
    ("gender:missing=true", "bare"),
    ("gender:missing=false", "asa o'neil"),
    ("active=true", "asa"),
    ("active=false", "o'neil"),
    ("deceased=true", "o'neil"),
    ("deceased=false", "asa bare"),
    ("identifier=9990000018", "asa"),
    (f"identifier={NHS_NUMBER}|9990000018", "asa"),
    ("identifier=https://fhir.nhs.uk/id/nhs-number|9990000018", "asa"),
    (f"identifier={NHS_NUMBER}|", "asa"),
    ("identifier=|loose", "asa"),
    ("identifier=|9990000018", ""),
    ("identifier=urn:other|9990000018", ""),
    ("identifier=AbC", "o'neil"),
    ("identifier=abc", ""),
    ("identifier:of-type=urn:types|MR|AbC", "o'neil"),
    ("identifier:of-type=urn:types|DL|AbC", ""),
    ("email=jorg@example.org", "asa"),
    ("phone=01134960001", "asa"),
    ("telecom=phone|01134960001", "asa"),
    ("email=01134960001", ""),
    ("_tag=demo", "o'neil"),
    ("_tag=urn:tags|demo", "o'neil"),
    ("_tag=|demo", ""),
    ("_security=R", "o'neil"),
    ("general-practitioner:identifier=urn:ods|B83001", "asa"),
    ("general-practitioner:missing=false", "asa"),
]

STRINGS = [
    ("name=astro", "asa"),
    ("name=ÅSTR", "asa"),
    ("name=strom", ""),
    ("name=jorg astrom", ""),
    ("name=jorg mary", "asa"),
    ("name=dr", "asa"),
    ("name:exact=Åström", "asa"),
    ("name:exact=åström", ""),
    ("name:contains=TRO", "asa"),
    ("name:contains=%", "o'neil"),
    ("name:contains=_", ""),
    ("family=o'neil\\, 100", "o'neil"),
    ("family=o'neil, 100", "o'neil"),
    ("family=zzz,astrom", "asa"),
    ("family:missing=true", "bare"),
    ("given=jorg&given=mary", "asa"),
    ("phonetic=astrum", "asa"),
    ("phonetic=york astrom,zzz", ""),
    ("phonetic=jurg astram", "asa"),
    ("phonetic=oneill", "o'neil"),
    ("phonetic=99", ""),
    ("phonetic:missing=true", "bare"),
    ("address=hebden", "asa"),
    ("address=hx7", "asa"),
    ("address-city=hebden bridge", "asa"),
    ("address-postalcode:exact=HX7 8AD", "asa"),
]

DATES = [
    ("birthdate=1980-05-17", "asa"),
    ("birthdate=1980-05", "asa"),
    ("birthdate=1980", "asa o'neil"),
    ("birthdate=eq1980-06", "o'neil"),
    ("birthdate=1980-06-01", ""),
    ("birthdate=ne1980-05-17", "o'neil"),
    ("birthdate=gt1980-05-17", "o'neil"),
    ("birthdate=ge1980-05-17", "asa o'neil"),
    ("birthdate=lt1980-06", "asa"),
    ("birthdate=le1980-06", "asa o'neil"),
    ("birthdate=sa1980-05", "o'neil"),
    ("birthdate=sa1980-05-31", "o'neil"),
    ("birthdate=eb1980-06", "asa"),
    ("birthdate=eb1980-05-17", ""),
    ("birthdate=gt1980-06-10", "o'neil"),
    ("birthdate=ge1980-05&birthdate=lt1980-06", "asa"),
    ("birthdate=1979,1980-06", "o'neil"),
    ("birthdate:missing=true", "bare"),
    ("birthdate=ap1980", "asa o'neil"),
    ("death-date=2024-01-31", "o'neil"),
    ("death-date=2024-01-31T10:00Z", "o'neil"),
    ("death-date=2024-01-31T11:00:00%2B01:00", "o'neil"),
    ("death-date=2024-01-31T11:00:00+01:00", "o'neil"),
    ("death-date=lt2024-01-31T10:00:00Z", ""),
    ("death-date=gt2024-01-31T09:59:59.999Z", "o'neil"),
    ("_lastUpdated=gt2020", "asa o'neil bare"),
    ("_lastUpdated=lt2020", ""),
    ("_lastUpdated=ne2020", "asa o'neil bare"),
    ("_lastUpdated=ap2026,le9999,sa2999,eb1999,ge9999", "asa o'neil bare"),
]

URIS = [
    ("_profile=https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient", "o'neil"),
    ("_profile=https://fhir.hl7.org.uk/StructureDefinition", ""),
    ("_profile:below=https://fhir.hl7.org.uk/StructureDefinition", "o'neil"),
    ("_profile:below=https://fhir.hl7.org.uk/structuredefinition", ""),
    ("_source:above=https://ehr.example/source/1/part", "o'neil"),
    ("_source:above=https://ehr.example/source", ""),
    ("_source:missing=true", "asa bare"),
]


@pytest.fixture(scope="module")
def filled(module_database: NewDatabase) -> Iterator[Shelf]:
    engine = create_engine(
        module_database("fhir", create_tables), pool_size=5, application_name="test"
    )
    shelf = Shelf(engine)
    for name, resource in PEOPLE.items():
        shelf.put(resource, id=name.replace("'", ""))
    yield shelf
    engine.dispose()


@pytest.mark.parametrize(("query", "expected"), [*TOKENS, *STRINGS, *DATES, *URIS])
def test_patients_are_found(filled: Shelf, query: str, expected: str):
    names = {name.replace("'", ""): name for name in PEOPLE}
    assert " ".join(names[found] for found in filled.ids("Patient", query)) == expected


def test_a_period_is_compared_by_its_ends(shelf: Shelf):
    def period(**ends: str) -> str:
        return shelf.put({"resourceType": "CareTeam", "period": ends}).id

    closed = period(start="2024-03-10", end="2024-03-20")
    begun = period(start="2024-03-15T12:00:00Z")
    ended = period(end="2024-03-15")
    for query, expected in [
        ("2024-03", [closed]),
        ("2024", [closed]),
        ("ne2024-03", [begun, ended]),
        ("gt2024-03-20", [begun]),
        ("ge2024-03-20", [begun]),
        ("gt2024-03-15", [closed, begun]),
        ("lt2024-03-10", [ended]),
        ("lt2024-03-15", [closed, ended]),
        ("sa2024-03-14", [begun]),
        ("sa2024-03-01", [closed, begun]),
        ("eb2024-03-16", [ended]),
        ("eb2024-04", [closed, ended]),
        ("ap2024-03", [closed, begun, ended]),
    ]:
        assert shelf.ids("CareTeam", f"date={query}") == expected, query


def test_a_timing_is_searched_by_its_outer_bounds(shelf: Shelf):
    events = shelf.put(request("urn:x", occurrenceTiming={"event": ["2024-03-01", "2024-05-01"]}))
    bounded = shelf.put(
        request("urn:x", occurrenceTiming={"repeat": {"boundsPeriod": {"start": "2024-06-01"}}})
    )
    nothing = shelf.put(request("urn:x", occurrenceTiming={"code": {"text": "weekly"}}))
    assert shelf.ids("ServiceRequest", "occurrence=2024") == [events.id]
    assert shelf.ids("ServiceRequest", "occurrence=ge2024-04") == [events.id, bounded.id]
    assert shelf.ids("ServiceRequest", "occurrence:missing=true") == [nothing.id]


def test_a_date_without_zone_is_a_day_in_london(shelf: Shelf):
    stored = shelf.put(patient(birthDate="2024-07-01"))  # in summer time: from 23:00 UTC
    assert shelf.ids("Patient", "birthdate=gt2024-07-01T22:30:00Z") == [stored.id]
    assert shelf.ids("Patient", "birthdate=sa2024-06-30T22:30:00Z") == [stored.id]
    assert shelf.ids("Patient", "birthdate=sa2024-06-30T23:30:00Z") == []


def test_quantities_have_the_precision_they_are_written_with(shelf: Shelf):
    def observation(**value: object) -> str:
        return shelf.put(
            {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **value}
        ).id

    unit = {"system": "http://unitsofmeasure.org", "code": "mg", "unit": "milligram"}
    plain = observation(valueQuantity={"value": 5.4, **unit})
    near = observation(valueQuantity={"value": 5.43, **unit})
    above = observation(valueQuantity={"value": 10, "comparator": ">="})
    below = observation(valueQuantity={"value": 1, "comparator": "<"})
    for query, expected in [
        ("5.4", [plain, near]),
        ("5.40", [plain]),
        ("5.4|http://unitsofmeasure.org|mg", [plain, near]),
        ("5.4|http://unitsofmeasure.org|g", []),
        ("5.4||mg", [plain, near]),
        ("5.4||milligram", [plain, near]),
        ("5.4|http://unitsofmeasure.org|", [plain, near]),
        ("ne5.4", [above, below]),
        ("gt5.4", [near, above]),
        ("ge5.4", [plain, near, above]),
        ("lt5.43", [plain, below]),
        ("le5.43", [plain, near, below]),
        ("sa5.4", [near, above]),
        ("eb5.43", [plain, below]),
        ("ap5", [plain, near]),
        ("1e3", []),
        ("gt1e3", [above]),
        ("lt-1", [below]),
    ]:
        assert shelf.ids("Observation", f"value-quantity={query}") == expected, query
    age = shelf.put(
        {
            "resourceType": "Condition",
            "subject": {"reference": "urn:x"},
            "onsetRange": {"low": {"value": 40, "code": "a"}, "high": {"value": 50, "code": "a"}},
        }
    )
    shelf.put({"resourceType": "Condition", "subject": {"reference": "urn:x"}, "onsetRange": {}})
    assert shelf.ids("Condition", "onset-age=gt45||a") == [age.id]
    assert shelf.ids("Condition", "onset-age=lt45") == [age.id]


def test_references_in_all_their_forms(shelf: Shelf):
    person = shelf.put(patient())
    for form in (person.reference, f"{BASE}/{person.reference}", f"{person.reference}/_history/1"):
        shelf.put(task(**{"for": {"reference": form}}))
    elsewhere = shelf.put(task(**{"for": {"reference": "https://other.test/Patient/7"}}))
    logical = shelf.put(
        task(**{"for": {"type": "Patient", "identifier": {"system": "urn:s", "value": "v"}}})
    )
    group = shelf.put(task(**{"for": {"reference": f"Group/{person.id}"}}))
    contained = shelf.put(task(**{"for": {"reference": "#me"}}))
    for query, expected in [
        (f"subject={person.reference}", 3),
        (f"subject={person.id}", 4),
        (f"patient={person.id}", 3),
        (f"patient={person.reference}", 3),
        (f"patient={BASE}/{person.reference}", 3),
        (f"subject:Patient={person.id}", 3),
        (f"subject:Group={person.id}", 1),
        (f"subject:Patient=Group/{person.id}", 0),
        ("subject=https://other.test/Patient/7", 1),
        ("subject=https://other.test/Patient/8", 0),
        ("subject:identifier=urn:s|v", 1),
        ("subject:identifier=v", 1),
        ("subject:identifier=urn:s|w", 0),
        ("patient:missing=true", 3),
        ("subject:missing=true", 0),  # contained or by identifier: there all the same
    ]:
        assert len(shelf.ids("Task", query)) == expected, query
    assert shelf.ids("Task", "patient:missing=true") == [logical.id, group.id, contained.id]
    assert shelf.ids("Task", "patient=https://other.test/Patient/7") == [elsewhere.id]


def test_a_canonical_is_found_with_and_without_its_version(shelf: Shelf):
    stored = shelf.put(
        {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "questionnaire": "https://kersey.test/Questionnaire/needs|2.0",
        }
    )
    for value, found in [("", True), ("|2.0", True), ("|1.0", False)]:
        query = f"questionnaire=https://kersey.test/Questionnaire/needs{value}"
        assert shelf.ids("QuestionnaireResponse", query) == ([stored.id] if found else [])


REFUSED = [
    ("birthday=1980", "http.birthday", "not-supported"),
    ("birthdate=1980-13", "http.birthdate", "value"),
    ("birthdate=last+week", "http.birthdate", "value"),
    ("birthdate=1980,soon", "http.birthdate", "value"),
    ("birthdate:exact=1980", "http.birthdate:exact", "not-supported"),
    ("name:fuzzy=a", "http.name:fuzzy", "not-supported"),
    ("gender:text=a", "http.gender:text", "not-supported"),
    ("gender:missing=perhaps", "http.gender:missing", "value"),
    ("identifier=a|b|c", "http.identifier", "value"),
    ("identifier=|", "http.identifier", "value"),
    ("identifier:of-type=a|b", "http.identifier:of-type", "value"),
    ("organization:Patient=1", "http.organization:Patient", "value"),
    ("organization:Nonsense=1", "http.organization:Nonsense", "value"),
    ("organization:Patient.name=1", "http.organization:Patient.name", "value"),
    ("organization.nonsense=1", "http.organization.nonsense", "not-supported"),
    ("general-practitioner.nonsense=1", "http.general-practitioner.nonsense", "invalid"),
    ("gender.name=1", "http.gender.name", "invalid"),
    ("organization=,", "http.organization", "value"),
    ("_has:Task:patient=1", "http._has:Task:patient", "invalid"),
    ("_has:Nonsense:patient:status=1", "http._has:Nonsense:patient:status", "not-supported"),
    ("_has:Task:owner:nonsense=1", "http.nonsense", "not-supported"),
    ("_has:Task:part-of:status=1", "http._has:Task:part-of:status", "invalid"),
    ("phonetic:exact=a", "http.phonetic:exact", "not-supported"),
    ("_id:text=1", "http._id:text", "not-supported"),
    ("_lastUpdated:not=2024", "http._lastUpdated:not", "not-supported"),
    ("_count=many", "http._count", "value"),
    ("_total=all", "http._total", "value"),
    ("_summary=some", "http._summary", "value"),
    ("_sort=nonsense", "http._sort", "not-supported"),
    ("_sort=name,name,name,name,name,name", "http._sort", "too-costly"),
    ("_include=Patient", "http._include", "invalid"),
    ("_include=Patient:name", "http._include", "not-supported"),
    ("_include=Patient:link:Nonsense", "http._include", "not-supported"),
    ("_include:all=Patient:link", "http._include:all", "not-supported"),
    ("_revinclude=Task", "http._revinclude", "value"),
    ("<script>=1", "http.query", "not-supported"),
]


@pytest.mark.parametrize(("query", "element", "code"), REFUSED)
def test_what_is_not_understood_is_refused_by_name(
    filled: Shelf, query: str, element: str, code: str
):
    with pytest.raises(FhirError) as refused:
        filled.ids("Patient", query)
    assert refused.value.status == 400
    issue = refused.value.issues[0]
    assert (issue.expression, issue.code) == ((element,), code)
    assert "script" not in issue.diagnostics


def test_every_problem_of_a_query_is_told_at_once(filled: Shelf):
    with pytest.raises(FhirError) as refused:
        filled.ids("Patient", "birthday=1&gender:text=1&_count=x")
    assert len(refused.value.issues) == 3


@pytest.mark.parametrize("query", ["name=%00", "name=%ff", "&".join(["name=a"] * 600)])
def test_what_cannot_be_decoded_is_refused(filled: Shelf, query: str):
    with pytest.raises(FhirError) as refused:
        filled.ids("Patient", query)
    assert refused.value.status == 400


def test_a_parameter_without_value_filters_nothing(filled: Shelf):
    assert len(filled.ids("Patient", "name=&gender=")) == 3
