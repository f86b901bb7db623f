"""A service that matching left out is asked all the same, with a reason that the team keeps."""

import pytest

from tests.referrals.house import House, wish

WHY = {"criterion": "cost", "reason": "Her sister pays the entry until June."}


def test_what_was_overridden_and_why_is_kept_for_the_team_alone(house: House):
    referral = house.taken_on()
    asked = house.worker.post(f"{referral.at}/requests", wish(overrides=[WHY]))
    (ours,) = [
        each for each in house.worker.get(referral.at)["tasks"] if each["id"] == asked["task"]
    ]
    assert ours["overrides"] == [WHY]
    onward = ours["service_request"]
    seen = (
        asked,
        house.provider.get(f"/referrals/requests/{asked['task']}"),
        house.provider.get(f"/fhir/ServiceRequest/{onward}"),
        house.provider.get(f"/fhir/Task/{asked['task']}"),
        house.by("coordinator").get(referral.at),
    )
    for each in seen:
        assert "sister" not in str(each)


def test_a_request_without_them_has_none(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/requests", wish())
    assert [each["overrides"] for each in house.worker.get(referral.at)["tasks"]] == [[], []]


@pytest.mark.parametrize(
    ("overrides", "element"),
    [
        ([WHY | {"criterion": "age"}], "overrides.0.criterion"),
        ([WHY | {"criterion": "company_law"}], "overrides.0.criterion"),
        ([WHY | {"criterion": "home_checks"}], "overrides.0.criterion"),
        ([WHY | {"reason": "  "}], "overrides.0.reason"),
        ([WHY, WHY], "overrides"),
    ],
)
def test_a_limit_of_safety_or_law_and_silence_are_refused(
    house: House, overrides: list[dict[str, str]], element: str
):
    referral = house.taken_on()
    with house.unchanged():
        problem = house.worker.post(
            f"{referral.at}/requests", wish(overrides=overrides), status=422
        )
    assert problem["element"].endswith(element)
