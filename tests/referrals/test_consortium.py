"""Who makes up the consortium, as an operator declares it."""

from uuid import uuid4

import pytest
from pydantic import ValidationError

from deploy.demo.consortium import declaration
from services.referrals import codes
from services.referrals.handlers.consortium import Consortium, load_consortium
from tests.referrals.house import HUB, TEAM, House, Json
from tests.referrals.letters import close, document, html_of, message, send, text_of


def declared() -> Json:
    """The demo's, as plain data that a test may spoil."""
    found = declaration().model_dump()
    found.pop("gp_codes")
    return found


@pytest.mark.parametrize("part", ["teams", "practices"])
def test_a_hub_that_is_named_must_be_declared(part: str):
    spoilt = declared()
    spoilt[part][0]["hub"] = "atlantis"
    with pytest.raises(ValidationError, match="atlantis"):
        Consortium(**spoilt)


def test_a_team_that_is_named_must_be_declared():
    spoilt = declared()
    spoilt["practices"][0]["team"] = uuid4()
    with pytest.raises(ValidationError, match="names a team that is not declared"):
        Consortium(**spoilt)


@pytest.mark.parametrize("part", ["hubs", "codes"])
def test_without_a_hub_or_a_code_nothing_could_arrive(part: str):
    with pytest.raises(ValidationError):
        Consortium(**(declared() | {part: []}))


LOCAL = {
    "purpose": "triage-accepted", "system": "https://icb.example/codes", "code": "SP1",
    "display": "Seen by social prescribing", "verified": True,
}  # fmt: skip


def test_a_deployment_loads_the_codes_that_its_letters_bring(house: House):
    letter = {"purpose": "document", "system": codes.SNOMED, "code": "823681000000100",
              "display": "Outpatient letter", "verified": True}  # fmt: skip
    load_consortium(house.desk, Consortium(**declared(), gp_codes=[LOCAL, letter]))
    referral = house.taken_on()
    send(house)
    key = message(house, referral, "first-outcome")["id"]
    told = house.ehr.get(f"/fhir/Communication/{key}")
    coding = {name: LOCAL[name] for name in ("system", "code", "display")}
    assert told["reasonCode"][0]["coding"] == [coding]
    found = document(house, key)
    assert found["type"]["coding"][0]["code"] == "823681000000100"
    for page in (html_of(found), text_of(found)):
        assert "Seen by social prescribing (https://icb.example/codes SP1)" in page
        assert "The person accepted social prescribing" in page
        assert "Already coded" not in page, "the referral carried another code"


def test_a_code_that_is_not_verified_is_told_in_words(house: House):
    unsure = LOCAL | {"purpose": "triage-declined", "verified": False}
    load_consortium(house.desk, Consortium(**declared(), gp_codes=[unsure]))
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    close(house, referral, "person-declined")
    send(house)
    told = message(house, referral)
    assert told["code"] is None
    assert "reasonCode" not in house.ehr.get(f"/fhir/Communication/{told['id']}")
    assert "The person declined social prescribing" in html_of(document(house, told["id"]))


@pytest.mark.parametrize(
    "wrong",
    [{"purpose": "closure"}, {"code": "two words"}, {"system": "SNOMED"}, {"display": ""}],
)
def test_a_code_that_cannot_be_one_is_refused(wrong: Json):
    with pytest.raises(ValidationError):
        Consortium(**declared(), gp_codes=[LOCAL | wrong])


def test_one_purpose_has_one_code():
    with pytest.raises(ValidationError, match="two codes for one purpose"):
        Consortium(**declared(), gp_codes=[LOCAL, LOCAL | {"code": "SP2"}])


def test_loading_again_changes_what_is_declared_and_keeps_the_rest(house: House):
    before = house.scalar("select count(*) from practice")
    changed = declared()
    changed["teams"][0]["name"] = "Beckside and Bolling Link Workers"
    changed["practices"] = changed["practices"][:1]
    changed["practices"][0]["team"] = None
    load_consortium(house.desk, Consortium(**changed))
    load_consortium(house.desk, Consortium(**changed))
    assert house.ehr.get(f"/fhir/Organization/{TEAM}")["name"].startswith("Beckside and Bolling")
    assert house.by("fhir-client").get(f"/fhir/Organization/{HUB}")
    assert house.scalar("select count(*) from practice") == before
    referral = house.refer()
    assert house.state(referral.triage) == "requested/unrouted", "its cover was ended"
