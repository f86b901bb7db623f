"""National codes go back once, dated, at the right time, and are marked where coded (care 21)."""

from tests.referrals.house import House, Json, Referral, a_bundle

REFERRED, DECLINED = "871731000000106", "871711000000103"


def outputs(house: House, referral: Referral) -> list[tuple[str, bool]]:
    """What the sender reads: code, and whether its own referral carried it."""
    task = house.ehr.get(f"/fhir/Task/{referral.triage}")
    return [_output(each) for each in task.get("output", [])]


def _output(output: Json) -> tuple[str, bool]:
    parts = {each["url"].rpartition("/")[2]: each for each in output["extension"]}
    assert parts["coded-on"]["valueDateTime"].endswith("Z")
    coding = output["valueCodeableConcept"]["coding"][0]
    assert coding["display"]
    return coding["code"], parts["already-coded"]["valueBoolean"]


def test_the_referral_is_coded_when_the_person_accepts_and_not_before(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    assert outputs(house, referral) == []
    house.worker.post(f"{referral.at}/person-accepts")
    assert outputs(house, referral) == [(REFERRED, True)]


def test_it_stays_one_code_however_much_follows(house: House):
    referral, task = house.accepted()
    house.progress(task, "attend")
    house.progress(task, "complete")
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    assert outputs(house, referral) == [(REFERRED, True)]
    assert house.scalar("select count(*) from code_returned") == 1
    seen = house.worker.get(referral.at, status=200)
    assert [each["code"] for each in seen["codes_returned"]] == [REFERRED]


def test_a_code_that_the_request_did_not_carry_is_not_marked(house: House):
    bundle = a_bundle()
    request = bundle["entry"][-1]["resource"]
    request["code"]["coding"][0]["code"] = "390893007"
    house.execute(
        "insert into start_code (system, code, display, verified)"
        " values ('http://snomed.info/sct', '390893007', 'Referral to physical activity', true)"
    )
    referral = house.refer(bundle)
    assert house.state(referral.triage) == "requested/new"
    house.worker.post(f"{referral.at}/accept")
    house.worker.post(f"{referral.at}/person-accepts")
    assert outputs(house, referral) == [(REFERRED, False)]


def test_the_persons_refusal_has_its_own_code(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    house.worker.post(f"{referral.at}/close", {"outcome": "person-declined"})
    assert outputs(house, referral) == [(DECLINED, False)]


def test_a_providers_decline_is_never_coded_as_the_persons(house: House):
    referral, task = house.asked()
    house.answer(task, "decline", reason="full")
    house.worker.post(f"{referral.at}/close", {"outcome": "nothing-fits"})
    assert outputs(house, referral) == [(REFERRED, True)]
