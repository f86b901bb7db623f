"""A code means something in its own system alone."""

import pytest

from tests.referrals.house import House, a_bundle


@pytest.mark.parametrize("system", [{}, {"system": "https://codes.example"}])
def test_a_known_code_of_another_system_is_another_code(house: House, system: dict[str, str]):
    bundle = a_bundle()
    request = bundle["entry"][4]["resource"]
    request["code"]["coding"] = [
        system | {"code": each["code"]} for each in request["code"]["coding"]
    ]
    referral = house.refer(bundle)
    assert house.state(referral.triage) == "requested/unrouted"
    assert house.scalar("select coded_by_sender from referral_case") is False
