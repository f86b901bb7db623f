"""Kersey's profiles: good R4 themselves, kept by their examples, held against what names them."""

import json
import re
from pathlib import Path

import pytest

from shared.fhir.model import validate
from shared.fhir.profiles import profiles
from shared.fhir.profiles.keeping import UNDERSTOOD
from tests.fhir.validation.samples import bundle, changed, pair, posted, problems, refusal

FLAGS = re.MULTILINE | re.DOTALL
OURS = "https://kersey.example/fhir"
REFERRAL = f"{OURS}/StructureDefinition/social-prescribing-referral"
TASK = f"{OURS}/StructureDefinition/social-prescribing-task"
EXAMPLES = {
    file.stem: json.loads(file.read_text("utf-8"))
    for file in (Path(__file__).parents[3] / "docs" / "profiles").glob("*.json")
}
GOOD, TRIAGE = EXAMPLES["referral"], EXAMPLES["task-triage"]


@pytest.mark.parametrize("url", profiles().by_url)
def test_a_definition_is_good_r4_and_stands_where_its_address_says(url):
    definition = profiles().by_url[url]
    assert validate(definition) == ()
    assert url == f"{OURS}/{definition['resourceType']}/{definition['id']}"


def test_the_guide_names_every_definition():
    guide = profiles().by_id["ImplementationGuide", "social-prescribing"]
    named = {each["reference"]["reference"] for each in guide["definition"]["resource"]}
    others = [key for key in profiles().by_id if key[0] != "ImplementationGuide"]
    assert named == {f"{kind}/{key}" for kind, key in others}


def test_nothing_is_asked_for_that_is_not_checked():
    for url, definition in profiles().by_url.items():
        if definition["resourceType"] == "StructureDefinition":
            for element in definition["differential"]["element"]:
                assert set(element) <= UNDERSTOOD, (url, element["id"])
                if "binding" in element:
                    assert profiles().codes(element["binding"]["valueSet"])


def test_codes_of_others_say_whether_they_were_verified():
    for definition in profiles().by_url.values():
        for include in definition.get("compose", {}).get("include", ()):
            if include["system"] == "http://snomed.info/sct":
                for concept in include["concept"]:
                    (verified,) = concept["extension"]
                    assert verified["url"] == f"{OURS}/StructureDefinition/verified"
                    assert verified["valueBoolean"] is True


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_keeps_the_profiles_that_it_names(name):
    assert validate(EXAMPLES[name]) == ()


GUIDES = Path(__file__).parents[3] / "docs" / "guides"
WRITTEN_DOWN = {
    f"{guide.stem} {n}": json.loads(block)
    for guide in sorted(GUIDES.glob("*.md"))
    for n, block in enumerate(re.findall(r"^```json\n(.*?)^```$", guide.read_text("utf-8"), FLAGS))
    if '"resourceType"' in block
}


@pytest.mark.parametrize("name", WRITTEN_DOWN)
def test_what_the_guides_show_is_good_r4_and_keeps_the_profiles_that_it_names(name):
    assert validate(WRITTEN_DOWN[name]) == ()


def without(resource, *names):
    return changed(resource, **dict.fromkeys(names))


def output(**elements):
    return changed(TRIAGE, output=[TRIAGE["output"][0] | elements])


@pytest.mark.parametrize(
    ("resource", "code", "place"),
    [
        (without(GOOD, "identifier"), "required", "ServiceRequest.identifier"),
        (
            changed(GOOD, identifier=[{"value": "1"}]),
            "required",
            "ServiceRequest.identifier[0].system",
        ),
        (without(GOOD, "code"), "required", "ServiceRequest.code"),
        (without(GOOD, "requester"), "required", "ServiceRequest.requester"),
        (changed(GOOD, intent="option"), "code-invalid", "ServiceRequest.intent"),
        (changed(GOOD, doNotPerform=True), "invariant", "ServiceRequest.doNotPerform"),
        (
            changed(GOOD, modifierExtension=[{"url": "urn:x", "valueCode": "y"}]),
            "invariant",
            "ServiceRequest.modifierExtension",
        ),
        (changed(GOOD, subject={"reference": "Group/1"}), "value", "ServiceRequest.subject"),
        (changed(GOOD, requester={"type": "Device"}), "value", "ServiceRequest.requester"),
        (without(TRIAGE, "businessStatus"), "required", "Task.businessStatus"),
        (
            changed(TRIAGE, businessStatus={"text": "closed"}),
            "code-invalid",
            "Task.businessStatus",
        ),
        (changed(TRIAGE, intent="plan"), "value", "Task.intent"),
        (changed(TRIAGE, code={"text": "fulfill"}), "value", "Task.code"),
        (changed(TRIAGE, focus={"reference": "Patient/1"}), "value", "Task.focus"),
        (
            output(extension=[{"url": f"{OURS}/StructureDefinition/coded-on", "valueCode": "x"}]),
            "value",
            "Task.output[0].extension[0].valueCode",
        ),
        (
            output(extension=[TRIAGE["output"][0]["extension"][0]] * 2),
            "invariant",
            "Task.output[0].extension",
        ),
    ],
)
def test_a_broken_profile_is_422_with_its_element(resource, code, place):
    error = refusal(resource)
    assert error.status == 422
    assert [pair(issue) for issue in error.issues] == [(code, place)]
    assert 'profile "' in error.issues[0].diagnostics
    assert problems(without(resource, "meta")) == []


def test_another_code_is_a_warning_where_the_binding_is_extensible():
    (issue,) = validate(changed(GOOD, code={"text": "Walking group"}))
    assert (issue.severity, issue.expression) == ("warning", ("ServiceRequest.code",))


def test_any_code_of_a_system_that_is_a_fragment_is_taken():
    own = {"system": f"{OURS}/CodeSystem/need", "code": "a-consortium's-own"}
    assert validate(changed(GOOD, reasonCode=[{"coding": [own]}])) == ()


@pytest.mark.parametrize(
    "profile",
    ["https://other.example/p", f"{REFERRAL}|9", "http://hl7.org/fhir/StructureDefinition/x"],
)
def test_a_profile_that_is_not_known_stands_against_nothing(profile):
    assert problems(changed(without(GOOD, "identifier"), meta={"profile": [profile]})) == []


def test_its_version_may_be_named():
    named = changed(without(GOOD, "identifier"), meta={"profile": [f"{REFERRAL}|1.0.0"]})
    assert problems(named) == [("required", "ServiceRequest.identifier")]


def test_a_profile_of_another_type_is_refused():
    named = changed(TRIAGE, meta={"profile": [REFERRAL]})
    assert problems(named) == [("invariant", "Task.meta.profile[0]")]


def test_it_is_held_to_in_bundles_and_by_whom_asks_for_it():
    place = "Bundle.entry[0].resource.identifier"
    sent = bundle("transaction", posted(without(GOOD, "identifier")))
    assert problems(sent) == [("required", place)]
    plain = without(GOOD, "identifier", "meta")
    assert problems(plain, profile=REFERRAL) == [("required", "ServiceRequest.identifier")]
    assert problems(without(GOOD, "meta"), profile=REFERRAL) == []


def test_what_is_no_good_r4_is_told_first():
    assert problems(changed(without(GOOD, "identifier"), status="x")) == [
        ("code-invalid", "ServiceRequest.status")
    ]
