"""What Kersey publishes of itself is what it does: its Tasks, its codes, its addresses."""

import re
from pathlib import Path

from services.referrals import codes
from services.referrals.domain import REASONS, TRANSITIONS
from services.referrals.gp.documents import KIND
from services.referrals.gp.standing import Kind
from services.referrals.plan.documents import BAND, MEASURE
from services.referrals.plan.instruments import INSTRUMENTS
from services.referrals.subscriptions.channels import SECRET
from shared.fhir.model import validate
from shared.fhir.profiles import profiles
from tests.referrals.house import House

ROOT = Path(__file__).parents[2]
TASK = f"{codes.KERSEY}/StructureDefinition/social-prescribing-task"
REFERRAL = f"{codes.KERSEY}/StructureDefinition/social-prescribing-referral"


def listed(system: str) -> set[str]:
    return {concept["code"] for concept in profiles().by_url[system]["concept"]}


def test_the_code_systems_hold_the_codes_of_the_domain():
    reached = {state.business for each in TRANSITIONS for state in each.sources}
    reached |= {each.target.business for each in TRANSITIONS if each.target}
    assert listed(codes.BUSINESS_STATUS) == reached
    assert listed(codes.STATUS_REASON) == {code for each in REASONS.values() for code in each}
    assert listed(codes.OUTPUT) == {"coded-entry"}
    assert listed(KIND) == {str(each) for each in Kind}
    assert listed(MEASURE) == {
        "-".join(code)
        for each in INSTRUMENTS.values()
        for code in [(each.code,), *((each.code, item.code) for item in each.items)]
    }
    assert listed(BAND) == {
        band for each in INSTRUMENTS.values() for scale in each.scales for _, band in scale.bands
    }
    assert profiles().by_url[codes.NEED]["content"] == "fragment"
    assert SECRET in profiles().by_url


def test_what_is_written_under_an_address_of_ours_is_defined():
    written = re.compile(r"KERSEY}/((?:CodeSystem|StructureDefinition)/[a-z-]+)")
    sources = (ROOT / "services" / "referrals").rglob("*.py")
    found = {name for file in sources for name in written.findall(file.read_text("utf-8"))}
    assert len(found) > 8
    assert {f"{codes.KERSEY}/{name}" for name in found} <= set(profiles().by_url)


def test_the_national_codes_are_those_that_are_used_and_loaded(house: House):
    returned = profiles().codes(f"{codes.KERSEY}/ValueSet/coded-entry")
    assert returned == {codes.SNOMED: {codes.REFERRED, codes.DECLINED}}
    starting = profiles().codes(f"{codes.KERSEY}/ValueSet/referral-code")
    loaded = house.rows("select system, code from start_code where verified")
    assert {(system, code) for system, codes in starting.items() for code in codes} == set(loaded)


def test_its_own_tasks_keep_their_profile_from_the_first_to_the_last(house: House):
    referral, task = house.accepted()

    def kept() -> None:
        for key in (referral.triage, task):
            assert validate(house.ehr.get(f"/fhir/Task/{key}"), profile=TASK) == ()

    kept()
    house.progress(task, "attend")
    house.progress(task, "complete")
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    kept()
    _, declined = house.asked()
    house.answer(declined, "decline", reason="full")
    assert validate(house.ehr.get(f"/fhir/Task/{declined}"), profile=TASK) == ()


def test_the_demos_referral_keeps_its_profile(house: House):
    referral = house.refer()
    request = house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    assert validate(request, profile=REFERRAL) == ()


def test_the_definitions_are_read_without_a_token(house: House):
    for url in (TASK, REFERRAL):
        answer = house.http.get(url.removeprefix("https://kersey.example"))
        assert answer.status_code == 200
        assert answer.json()["url"] == url
