"""FHIRPath Patch and merge patch over HTTP (FHIR R4 fhirpatch.html; RFC 7396)."""

import base64
import json
from typing import Any

import pytest
from httpx import Response

from shared.fhir.patching import MOST_OPERATIONS
from shared.fhir.patching.paths import MOST_LOOKED_AT
from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import bundle, entry, expressions, post
from tests.fhir.store.kit import SOUTH, patient, task

FHIR = "application/fhir+json"
MERGE = "application/merge-patch+json"
URL = "https://kersey.test/extension"
Json = dict[str, Any]


def part(name: str, value: Any) -> Json:
    """A part of an operation; the datatype is told by the value where it is plain."""
    if isinstance(value, dict):
        return {"name": name, **value}
    return {"name": name, "valueInteger" if isinstance(value, int) else "valueString": value}


def operation(kind: str, **parts: Any) -> Json:
    named = [part(name, value) for name, value in parts.items()]
    return {"name": "operation", "part": [{"name": "type", "valueCode": kind}, *named]}


def parameters(*operations: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": list(operations)}


class Patched:
    """One Patient, patched again and again."""

    def __init__(self, server: Server, body: Json) -> None:
        self._server = server
        self._path = f"/fhir/{body['resourceType']}/{server.create(body)['id']}"

    def __call__(self, *operations: Json) -> Response:
        return self._server("PATCH", self._path, body=parameters(*operations))

    def to(self, *operations: Json) -> Json:
        """What is stored after a patch that is taken."""
        answer = self(*operations)
        assert answer.status_code == 200, answer.text
        stored: Json = self._server("GET", self._path).json()
        assert stored == answer.json()
        return {k: v for k, v in stored.items() if k not in ("resourceType", "id", "meta")}


NAMES = [
    {"use": "official", "family": "Sykes", "given": ["Ann", "Bee"]},
    {"use": "usual", "given": ["Annie"]},
]


@pytest.fixture
def person(server: Server) -> Patched:
    return Patched(server, {"resourceType": "Patient", "name": NAMES, "birthDate": "1950-02"})


@pytest.mark.parametrize(
    ("done", "element", "expected"),
    [
        (operation("add", path="Patient", name="gender", value={"valueCode": "female"}),
         "gender", "female"),
        (operation("add", path="Patient", name="name", value={"valueHumanName": {"text": "A"}}),
         "name", [*NAMES, {"text": "A"}]),
        (operation("add", path="name.where(use = 'usual')", name="given", value="Nan"),
         "name", [NAMES[0], {"use": "usual", "given": ["Annie", "Nan"]}]),
        (operation("add", path="Patient", name="deceased", value={"valueBoolean": True}),
         "deceasedBoolean", True),
        (operation("add", path="Patient", name="contact", value={"part": [
            {"name": "gender", "valueCode": "male"},
            {"name": "name", "valueHumanName": {"text": "A son"}},
            {"name": "telecom", "valueContactPoint": {"system": "phone", "value": "1"}},
            {"name": "telecom", "valueContactPoint": {"system": "phone", "value": "2"}},
        ]}), "contact", [{"gender": "male", "name": {"text": "A son"}, "telecom": [
            {"system": "phone", "value": "1"}, {"system": "phone", "value": "2"}]}]),
        (operation("insert", path="Patient.name", index=0,
                   value={"valueHumanName": {"text": "First"}}),
         "name", [{"text": "First"}, *NAMES]),
        (operation("insert", path="Patient.name[0].given", index=1, value="Mid"),
         "name", [NAMES[0] | {"given": ["Ann", "Mid", "Bee"]}, NAMES[1]]),
        (operation("insert", path="Patient.telecom", index=0,
                   value={"valueContactPoint": {"system": "phone", "value": "1"}}),
         "telecom", [{"system": "phone", "value": "1"}]),
        (operation("delete", path="Patient.birthDate"), "birthDate", None),
        (operation("delete", path="Patient.photo"), "name", NAMES),
        (operation("delete", path="Patient.name.where(family = 'Sykes')"), "name", [NAMES[1]]),
        (operation("delete", path="Patient.name[0].given.where($this = 'Ann')"),
         "name", [NAMES[0] | {"given": ["Bee"]}, NAMES[1]]),
        (operation("replace", path="Patient.birthDate", value={"valueDate": "1950-02-03"}),
         "birthDate", "1950-02-03"),
        (operation("replace", path="Patient.name.first().given[1]", value="Cee"),
         "name", [NAMES[0] | {"given": ["Ann", "Cee"]}, NAMES[1]]),
        (operation("replace", path="name.last()", value={"valueHumanName": {"text": "Z"}}),
         "name", [NAMES[0], {"text": "Z"}]),
        (operation("move", path="Patient.name", source=1, destination=0), "name", NAMES[::-1]),
    ],
)  # fmt: skip
def test_an_operation_changes_one_element(person: Patched, done: Json, element: str, expected: Any):
    before = {"name": NAMES, "birthDate": "1950-02"}
    after = person.to(done)
    assert after.get(element) == expected
    assert {k: v for k, v in after.items() if k != element} == {
        k: v for k, v in before.items() if k != element
    }


def test_extensions_stay_with_the_primitive_that_they_are_of(server: Server):
    said = {"extension": [{"url": URL, "valueString": "as spoken"}]}
    person = Patched(
        server,
        patient(name=[{"given": ["A", "B"], "_given": [None, said]}], birthDate="1950"),
    )
    at = "Patient.name[0].given"
    moved = person.to(operation("move", path=at, source=1, destination=0))
    assert moved["name"] == [{"given": ["B", "A"], "_given": [said, None]}]
    inserted = person.to(operation("insert", path=at, index=0, value="C"))
    assert inserted["name"][0]["_given"] == [None, said, None]
    extension = {
        "part": [{"name": "url", "valueUri": URL}, {"name": "value", "valueString": "as spoken"}]
    }
    added = person.to(operation("add", path="Patient.birthDate", name="extension", value=extension))
    assert added["_birthDate"] == said
    found = f"Patient.birthDate.extension('{URL}').value"
    changed = person.to(operation("replace", path=found, value={"valueCode": "exact"}))
    assert changed["_birthDate"] == {"extension": [{"url": URL, "valueCode": "exact"}]}
    gone = person.to(
        operation("delete", path=f"{at}[1]"), operation("delete", path="Patient.birthDate")
    )
    assert gone == {"name": [{"given": ["C", "A"]}]}


def test_operations_see_what_those_before_them_did_and_all_or_none_are_done(
    server: Server, person: Patched
):
    mobile = {"valueContactPoint": {"system": "phone", "value": "1"}}
    both = person.to(
        operation("add", path="Patient", name="telecom", value=mobile),
        operation("add", path="Patient.telecom[0]", name="use", value={"valueCode": "mobile"}),
    )
    assert both["telecom"] == [{"system": "phone", "value": "1", "use": "mobile"}]
    refused = person(
        operation("delete", path="Patient.telecom[0]"),
        operation("delete", path="Patient.name"),
    )
    assert (refused.status_code, expressions(refused)) == (422, ["Parameters.parameter[1]"])
    assert person.to(operation("delete", path="Patient.photo"))["telecom"] == both["telecom"]


def test_a_choice_takes_the_type_of_its_value(server: Server):
    person = Patched(server, patient(deceasedBoolean=True))
    when = {"valueDateTime": "2026-01-02"}
    after = person.to(operation("replace", path="Patient.deceased", value=when))
    assert after["deceasedDateTime"] == "2026-01-02"
    assert "deceasedBoolean" not in after
    again = person(operation("add", path="Patient", name="deceased", value={"valueBoolean": True}))
    assert again.status_code == 422
    typed = "Patient.deceased.ofType({})"
    person.to(operation("delete", path=typed.format("boolean")))
    same = operation("replace", path="Patient.deceased.as(dateTime)", value=when)
    assert person.to(same)["deceasedDateTime"] == "2026-01-02"
    cast = operation(
        "replace", path="(Patient.deceased as dateTime)", value={"valueDateTime": "2026"}
    )
    assert person.to(cast)["deceasedDateTime"] == "2026"
    assert "deceasedDateTime" not in person.to(operation("delete", path=typed.format("dateTime")))


FIRST = "Parameters.parameter[0]"


@pytest.mark.parametrize(
    ("done", "status", "expression"),
    [
        ({"name": "change", "part": [part("path", "Patient")]}, 400, f"{FIRST}.name"),
        ({"name": "operation", "part": [part("path", "Patient")]}, 400, FIRST),
        (operation("invent", path="Patient"), 400, f"{FIRST}.part[0]"),
        (operation("delete"), 400, FIRST),
        (operation("delete", path=3), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="Patient.name", index=1), 400, f"{FIRST}.part[2]"),
        (operation("delete", path="Task.status"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="Patient.name.where(use ="), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="Patient.name.where(use = )"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="Patient.name | Patient.telecom"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="Patient.repeat(name)"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="(" * 400 + "Patient" + ")" * 400), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="(Patient.name as )"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="(Patient.name"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="name.where(repeat($this).exists())"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="name.where(%resource.active)"), 400, f"{FIRST}.part[1]"),
        (operation("delete", path="Patient." + "name." * 300 + "use"), 400, f"{FIRST}.part[1]"),
        (operation("move", path="Patient.name", source=-1, destination=0), 400,
         f"{FIRST}.part[2]"),
        (operation("replace", path="Patient.gender", value={"part": []}), 400, None),
        (operation("replace", path="Patient.gender", value={"valueCode": "male"}), 422, FIRST),
        (operation("replace", path="Patient", value={"resource": patient()}), 422, FIRST),
        (operation("delete", path="Patient"), 422, FIRST),
        (operation("delete", path="Patient.resourceType"), 422, "Patient"),
        (operation("delete", path="Patient.name"), 422, FIRST),
        (operation("add", path="Patient.name", name="text", value="x"), 422, FIRST),
        (operation("add", path="Patient", name="birthDate", value={"valueDate": "1950"}), 422,
         FIRST),
        (operation("insert", path="Patient.name", index=3, value={"valueHumanName": {"text": "x"}}),
         422, FIRST),
        (operation("insert", path="Patient.birthDate", index=0, value="x"), 422, FIRST),
        (operation("move", path="Patient.name", source=0, destination=2), 422, FIRST),
        (operation("add", path="Patient", name="gender", value={"valueCode": "x"}), 422,
         "Patient.gender"),
        (operation("add", path="Patient", name="colour", value="red"), 400, "Patient.colour"),
        (operation("replace", path="Patient.id", value={"valueId": "other"}), 422, "Patient"),
        (operation("add", path="Patient", name="managingOrganization",
                   value={"valueReference": {"reference": "Organization/none"}}),
         422, "Patient.managingOrganization.reference"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_patch_is_named(
    server: Server, person: Patched, done: Json, status: int, expression: str | None
):
    refused = person(done)
    assert refused.status_code == status, refused.text
    if expression is not None:
        assert expressions(refused) == [expression]
    assert server("GET", "/fhir/_history").json()["entry"][0]["response"]["etag"] == 'W/"1"'


def test_a_patch_has_its_bounds(server: Server):
    person = Patched(server, patient(name=[{"given": [f"g{n}" for n in range(700)]}]))
    search = operation("delete", path="Patient.name[0].given.where($this = 'none')")
    assert person(*[search] * MOST_OPERATIONS).status_code == 413
    assert person(*[search] * (MOST_LOOKED_AT // 1500)).status_code == 200
    whole = operation("delete", path="Patient.where(name.given = 'none')")
    assert person(*[whole] * MOST_OPERATIONS).status_code == 200  # of which each leads nowhere
    grown = [{"valueHumanName": {"given": [f"g{n}" for n in range(700)]}}] * 2
    person.to(*(operation("add", path="Patient", name="name", value=each) for each in grown))
    assert person(*[whole] * MOST_OPERATIONS).status_code == 413
    nothing = operation("delete", path="Patient.photo")
    assert person(*[nothing] * MOST_OPERATIONS).status_code == 200
    assert person(*[nothing] * (MOST_OPERATIONS + 1)).status_code == 413
    assert person().status_code == 400


@pytest.mark.parametrize("media_type", [MERGE, "application/json"])
def test_merge_patch_as_fhirpy_sends_it(server: Server, media_type: str):
    stored = server.create(patient(gender="male", birthDate="1950", active=True))
    path = f"/fhir/Patient/{stored['id']}"

    def merge(members: Any, organisation: str | None = None) -> Response:
        headers = {"content-type": media_type}
        content = json.dumps(members).encode()
        who = {"organisation": organisation} if organisation else {}
        return server("PATCH", path, content=content, headers=headers, **who)

    members = {"gender": None, "birthDate": "1950-02", "name": [{"family": "Hall"}]}
    merged = merge(members).json()
    assert "gender" not in merged
    assert (merged["birthDate"], merged["name"]) == ("1950-02", [{"family": "Hall"}])
    assert merged["active"] is True
    assert merge({"resourceType": "Patient", "id": stored["id"]}).status_code == 200
    for bad, status in [
        ({"gender": "x"}, 422), ({"colour": "red"}, 400), ({"id": "other"}, 422),
        ({"resourceType": "Task"}, 422), ([], 400), ({"name": {"family": "no list"}}, 400),
    ]:  # fmt: skip
        assert merge(bad).status_code == status, bad
    assert merge({"active": False}, SOUTH).status_code == 404
    assert server("GET", path).json()["name"] == [{"family": "Hall"}]


def test_patches_in_bundles(server: Server):
    first, second = (server.create(task()) for _ in range(2))
    done = [operation("replace", path="Task.status", value={"valueCode": "accepted"})]
    operations = json.dumps([{"op": "replace", "path": "/status", "value": "rejected"}]).encode()
    binary = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": base64.b64encode(operations).decode(),
    }
    sent = [
        entry("PATCH", f"Task/{first['id']}", parameters(*done), ifMatch='W/"1"'),
        entry("PATCH", f"Task/{second['id']}", binary),
    ]
    answer = server("POST", "/fhir", body=bundle(*sent, post(patient())))
    assert answer.status_code == 200, answer.text
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == [
        "200", "200", "201",
    ]  # fmt: skip
    assert [each["resource"]["status"] for each in answer.json()["entry"][:2]] == [
        "accepted", "rejected",
    ]  # fmt: skip
    stale = server("POST", "/fhir", body=bundle(sent[0], post(patient())))
    assert stale.status_code == 412
    assert server("GET", "/fhir/Patient").json()["total"] == 1
    for odd in (None, patient(), binary | {"data": "bm8="}, binary | {"contentType": "text/plain"}):
        refused = server("POST", "/fhir", body=bundle(entry("PATCH", "Task/x", odd)))
        assert refused.status_code == 400, odd
        assert expressions(refused)[0].startswith("Bundle.entry[0].resource")
    batch = bundle(
        entry("PATCH", f"Task/{first['id']}", parameters(operation("delete", path="Task"))),
        entry("PATCH", f"Task/{first['id']}", parameters(*done)),
        kind="batch",
    )
    both = server("POST", "/fhir", body=batch).json()["entry"]
    assert [each["response"]["status"][:3] for each in both] == ["422", "200"]


@pytest.mark.parametrize(
    ("media_type", "sent"),
    [(FHIR, parameters(operation("delete", path="Patient.gender"))), (MERGE, {"gender": None}),
     ("application/json-patch+json", [{"op": "remove", "path": "/gender"}])],
)  # fmt: skip
def test_what_was_deleted_is_not_patched(server: Server, media_type: str, sent: Any):
    path = f"/fhir/Patient/{server.create(patient('Gone'))['id']}"
    assert server("DELETE", path).status_code == 204
    refused = server("PATCH", path, body=sent, headers={"content-type": media_type})
    assert refused.status_code == 410, refused.text
    assert "PUT brings it back" in refused.text


@pytest.mark.parametrize(
    ("second", "said"),
    [({"op": "remove", "path": "/address/3"}, "Operation 2 of the patch (remove) leads to"),
     ({"op": "test", "path": "/gender", "value": "male"}, "Operation 2 of the patch (test) tests")],
)  # fmt: skip
def test_the_operation_that_does_not_apply_is_named(server: Server, second: Json, said: str):
    path = f"/fhir/Patient/{server.create(patient('Anna'))['id']}"
    sent = [{"op": "add", "path": "/gender", "value": "female"}, second]
    refused = server(
        "PATCH", path, body=sent, headers={"content-type": "application/json-patch+json"}
    )
    assert refused.status_code == 422
    assert said in refused.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("media_type", "sent"),
    [
        (FHIR, parameters(operation("delete", path="Patient.telecom[0]"),
                          operation("delete", path="Patient.contact[0].name.family"),
                          operation("delete", path="Patient.name[0].extension[0]"))),
        ("application/json-patch+json", [
            {"op": "remove", "path": "/telecom/0"},
            {"op": "remove", "path": "/contact/0/name/family"},
            {"op": "remove", "path": "/name/0/extension/0"},
        ]),
        (MERGE, {"telecom": [], "contact": [{"name": {}}], "name": [
            {"extension": [], "given": ["A", "B"], "_given": [{}, {"id": "b"}]}
        ]}),
    ],
)  # fmt: skip
def test_what_a_patch_empties_is_gone(server: Server, media_type: str, sent: Any):
    """R4 has no empty lists and objects (json.html), so the last of some takes the list along."""
    name = {"given": ["A", "B"], "_given": [None, {"id": "b"}]}
    stored = server.create({
        "resourceType": "Patient",
        "name": [name | {"extension": [{"url": "urn:x", "valueCode": "y"}]}],
        "telecom": [{"system": "phone", "value": "01632 960001"}],
        "contact": [{"name": {"family": "Hall"}}],
    })  # fmt: skip
    path = f"/fhir/Patient/{stored['id']}"
    patched = server("PATCH", path, body=sent, headers={"content-type": media_type})
    assert patched.status_code == 200, patched.text
    left = patched.json()
    assert left.keys() == {"resourceType", "id", "meta", "name"}
    assert left["name"] == [name]


def test_a_patch_that_is_none_is_told_what_it_lacks(server: Server):
    path = f"/fhir/Patient/{server.create(patient())['id']}"
    as_patch = {"content-type": "application/json-patch+json"}
    for operation_, lacks in (("add", "value"), ("test", "value"), ("move", "from")):
        sent = [{"op": operation_, "path": "/active"}]
        refused = server("PATCH", path, body=sent, headers=as_patch)
        issue = refused.json()["issue"][0]
        assert (refused.status_code, issue["code"]) == (400, "required")
        assert f"needs {lacks}" in issue["diagnostics"]
    refused = server("PATCH", path, body={}, headers={"content-type": "application/xml-patch+xml"})
    assert refused.status_code == 415
    assert "application/json-patch+json" in refused.headers["accept-patch"]
