"""Whether a person could make a decision, what showed that, and who made it (care 17)."""

from typing import Any

import pytest

from tests.referrals.house import SERVICE, House, wish

COMPETENT: dict[str, Any] = {
    "decision": "sharing her number with the choir",
    "under_16": True,
    "able": True,
    "seen": "she told us in her own words what happens then",
    "decided_by": "person",
    "who": "",
}
NOT_ABLE: dict[str, Any] = {
    "decision": "going by taxi alone",
    "able": False,
    "seen": "could not say how to come home, twice, with pictures",
    "decided_by": "lpa-health",
    "who": "Ann Firthling",
}


def test_each_decision_is_looked_at_by_itself_and_stays(house: House):
    referral = house.taken_on()
    path = f"{referral.at}/person/decisions"
    house.worker.post(path, COMPETENT, status=201)
    last, first = house.worker.post(path, NOT_ABLE, status=201)["decisions"]
    assert {name: first[name] for name in COMPETENT} == COMPETENT
    assert {name: last[name] for name in NOT_ABLE} == NOT_ABLE
    assert last["under_16"] is False
    assert house.worker.get(f"{referral.at}/page")["record"]["decisions"] == [last, first]


@pytest.mark.parametrize(
    ("said", "element"),
    [
        (COMPETENT | {"decided_by": "parental-responsibility", "who": "Dad"}, "decided_by"),
        (COMPETENT | {"able": False}, "decided_by"),
        (NOT_ABLE | {"under_16": True}, "decided_by"),
        (NOT_ABLE | {"who": ""}, "who"),
        (NOT_ABLE | {"seen": ""}, "body.seen"),
        (NOT_ABLE | {"decided_by": "neighbour"}, "body.decided_by"),
    ],
    ids=["who can decides", "who cannot does not", "young", "nobody", "nothing seen", "no law"],
)
def test_nobody_decides_who_may_not(house: House, said: dict[str, Any], element: str):
    referral = house.taken_on()
    with house.unchanged():
        refused = house.worker.post(f"{referral.at}/person/decisions", said, status=422)
    assert refused["element"] == element


def test_only_the_team_knows_of_them(house: House):
    referral = house.taken_on()
    with house.unchanged():
        for other in ("link-worker-2", "coordinator", "provider"):
            house.by(other).post(f"{referral.at}/person/decisions", NOT_ABLE, status=404)


def test_a_text_to_a_service_that_names_who_decided_is_asked_about(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/person/decisions", NOT_ABLE, status=201)
    named = wish(SERVICE, text="Ask Firthling first")
    refused = house.worker.post(f"{referral.at}/requests", named, status=422)
    assert "name-of-somebody-close" in {each["kind"] for each in refused["found"]}
