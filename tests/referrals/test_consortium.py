"""Who makes up the consortium, as an operator declares it."""

from uuid import uuid4

import pytest
from pydantic import ValidationError

from deploy.demo.consortium import declaration
from services.referrals.handlers.consortium import Consortium, load_consortium
from tests.referrals.house import HUB, TEAM, House, Json


def declared() -> Json:
    """The demo's, as plain data that a test may spoil."""
    return declaration().model_dump()


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
