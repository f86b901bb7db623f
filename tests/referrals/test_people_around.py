"""Who is around a person, whether they may decide, and what they may hear (care 17)."""

from typing import Any

from tests.referrals.house import SERVICE, House, wish

ANN: dict[str, Any] = {
    "name": "Ann Firthling",
    "relation": "child",
    "carer": True,
    "authority": "lpa-health",
    "evidence": "the registered document, on 3 March",
    "may_hear": "when and where",
    "phone": "01632 960177",
}


def test_somebody_around_a_person_is_known_until_they_are_not(house: House):
    referral = house.taken_on()
    path = f"{referral.at}/person/around"
    (kept,) = house.worker.post(path, ANN, status=201)["around"]
    assert {name: kept[name] for name in ANN} == ANN
    assert house.worker.get(f"{referral.at}/page")["record"]["around"] == [kept]
    assert house.worker.post(f"{path}/{kept['id']}/end")["around"] == []
    with house.unchanged():
        house.worker.post(f"{path}/{kept['id']}/end", status=409)
    changes = house.worker.get(f"{referral.at}/person/changes")
    assert [each["content"].get("name") for each in changes[:2]] == [None, "Ann Firthling"]


def test_nobody_decides_for_a_person_by_an_authority_that_nobody_saw(house: House):
    referral = house.taken_on()
    with house.unchanged():
        refused = house.worker.post(
            f"{referral.at}/person/around", ANN | {"evidence": ""}, status=422
        )
    assert refused["element"] == "evidence"
    assert "what you saw" in refused["detail"]
    alone = {"name": "Bob", "relation": "friend"}
    (kept,) = house.worker.post(f"{referral.at}/person/around", alone, status=201)["around"]
    assert (kept["authority"], kept["may_hear"], kept["carer"]) == ("none", "", False)


def test_only_the_team_knows_who_is_around_them(house: House):
    referral = house.taken_on()
    path = f"{referral.at}/person/around"
    (kept,) = house.worker.post(path, ANN, status=201)["around"]
    with house.unchanged():
        for other in ("link-worker-2", "coordinator", "provider"):
            house.by(other).post(path, ANN, status=404)
            house.by(other).post(f"{path}/{kept['id']}/end", status=404)


def test_a_text_to_a_service_that_names_them_is_asked_about(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/person/around", ANN, status=201)
    words = wish(SERVICE, text="Ring Firthling on 01632 960177")
    refused = house.worker.post(f"{referral.at}/requests", words, status=422)
    kinds = {each["kind"] for each in refused["found"]}
    assert {"name-of-somebody-close", "phone"} <= kinds
