"""A way to the person that is not safe is told to no provider, whatever was agreed (care 12)."""

from typing import Any
from uuid import uuid4

import pytest

from services.referrals.unsafe import unsafe_items
from tests.referrals.house import SERVICE_2, House, Json, Referral, wish
from tests.referrals.records import contact, two_records

NUMBER = "07700 900222"
PLACE = "3 Mill Row, Shipley BD18 3QX"
ALL = {"name": "Kath", "phone": NUMBER, "email": "kath@feather.example", "address": PLACE}
SAME: dict[str, tuple[str, str, str]] = {
    "phone": ("phone", NUMBER, "+44 (0)7700-900 222"),
    "text": ("phone", NUMBER, "00447700900222"),
    "email": ("email", "kath@feather.example", "Kath@Feather.EXAMPLE"),
    "post": ("address", PLACE, "3 mill row, shipley, bd183qx"),
    "visit": ("address", PLACE, PLACE),
}
"""By channel: the item of it, as it is shared and as it is noted."""


def note(house: House, referral: Referral, channel: str, **told: Any) -> None:
    body = contact(**{"keep_from": "husband", **told})
    house.worker.put(f"{referral.at}/person/contacts/{channel}", body)


def document(house: House, task: str) -> Json:
    patient = house.scalar("select patient from onward_request where task = :t", t=task)
    found: Json = house.provider.get(f"/fhir/Patient/{patient}")
    return found


def told(house: House, task: str) -> set[str]:
    """The items that the provider is told, the same in every form."""
    seen = house.provider.post(f"/referrals/requests/{task}/identity")
    items = {"name"} if seen["name"] else set()
    items |= {each["system"] for each in seen["contact"]} | set(seen["other"])
    assert set(seen["agreed_items"]) == items
    body = document(house, task)
    in_fhir = {"name": "name" in body, "address": "address" in body}
    in_fhir |= {each["system"]: True for each in body.get("telecom", ())}
    assert {item for item, there in in_fhir.items() if there} == items
    return items


def everything_read(house: House, task: str) -> str:
    """All that the provider reads of it, history and all."""
    patient = house.scalar("select patient from onward_request where task = :t", t=task)
    paths = (
        f"/fhir/Patient/{patient}",
        f"/fhir/Patient/{patient}/_history",
        "/fhir/Patient/_history",
        "/fhir/Task?_include=Task:patient",
        "/fhir/ServiceRequest",
        f"/referrals/requests/{task}",
        "/referrals/requests",
    )
    read = [house.provider.send("GET", path).text for path in paths]
    return "\n".join(
        [*read, house.provider.send("POST", f"/referrals/requests/{task}/identity").text]
    )


@pytest.mark.parametrize("channel", SAME)
def test_what_was_shared_goes_when_it_is_noted_as_not_safe(house: House, channel: str):
    item, value, noted = SAME[channel]
    referral, task = house.accepted(share=ALL)
    assert told(house, task) == set(ALL)
    note(house, referral, channel, value=noted, safe="no")
    assert told(house, task) == set(ALL) - {item}
    assert value not in everything_read(house, task)
    note(house, referral, channel, value=noted, safe="yes")
    assert told(house, task) == set(ALL), "they said that it is safe again"


@pytest.mark.parametrize("channel", SAME)
def test_what_is_not_safe_is_not_asked_to_be_shared(house: House, channel: str):
    item, value, noted = SAME[channel]
    referral = house.taken_on()
    note(house, referral, channel, value=noted, safe="no")
    with house.unchanged():
        body = wish(share={"name": "Kath", item: value})
        problem = house.worker.post(f"{referral.at}/requests", body, status=422)
    assert problem["element"] == f"share.{item}"
    assert "not safe" in problem["detail"]
    assert value not in str(problem)
    assert noted not in str(problem)


def test_what_was_asked_before_it_was_noted_is_not_told_after_a_yes(house: House):
    referral, task = house.asked(share=ALL)
    note(house, referral, "phone", value=NUMBER, safe="no")
    house.answer(task, "accept")
    assert told(house, task) == set(ALL) - {"phone"}
    assert NUMBER not in everything_read(house, task)


def test_it_goes_in_an_ended_request_and_in_every_case_of_the_person(house: House):
    one, ended = house.accepted(share=ALL)
    house.progress(ended, "start")
    house.progress(ended, "complete")
    other, going_on = house.accepted(share=ALL)
    assert house.scalar("select count(distinct person) from referral_case") == 1
    note(house, other, "phone", value=NUMBER, safe="no")
    for task in (ended, going_on):
        assert told(house, task) == set(ALL) - {"phone"}
    assert one.case != other.case


@pytest.mark.parametrize("safe", ["unknown", "yes"])
def test_what_nobody_said_is_not_safe_may_be_shared(house: House, safe: str):
    referral = house.taken_on()
    note(house, referral, "phone", value=NUMBER, safe=safe)
    task = house.ask(referral, share=ALL)
    house.answer(task, "accept")
    assert told(house, task) == set(ALL)


def test_another_number_may_be_shared(house: House):
    referral = house.taken_on()
    note(house, referral, "phone", value="07700 900111", safe="no")
    task = house.ask(referral, share=ALL)
    house.answer(task, "accept")
    assert told(house, task) == set(ALL)


def test_what_another_record_of_the_person_says_counts_once_they_are_one(house: House):
    two = two_records(house)
    two.we.post(f"{two.ours.at}/accept")
    task = house.ask(two.ours, share=ALL)
    house.answer(task, "accept")
    body = contact(value=NUMBER, safe="no")
    two.they.put(f"{two.theirs.at}/person/contacts/phone", body)
    assert told(house, task) == set(ALL)
    two.become_one()
    assert told(house, task) == set(ALL) - {"phone"}
    again = wish(SERVICE_2, share={"phone": NUMBER}, several_because="Either would do")
    two.we.post(f"{two.ours.at}/requests", again, status=422)
    two.we.post(f"{two.merge}/undo")
    assert told(house, task) == set(ALL)


def test_the_team_does_not_write_it_to_the_service_either(house: House):
    referral, task = house.accepted(share=ALL)
    note(house, referral, "phone", value=NUMBER, safe="no")
    at = f"/referrals/requests/{task}/messages"
    with house.unchanged():
        body = {"key": str(uuid4()), "text": "Ring her on +44 7700 900222."}
        problem = house.worker.post(at, body, status=422)
    assert problem["element"] == "text"
    assert "900222" not in str(problem)
    house.worker.post(at, {"key": str(uuid4()), "text": "Ring me, not her."})


def noted(channel: str, *said: tuple[str, str]) -> Json:
    return {"channel": channel, "said": [{"value": value, "safe": safe} for value, safe in said]}


@pytest.mark.parametrize(
    ("contacts", "shared", "found"),
    [
        ([noted("phone", ("", "no"))], {"phone": NUMBER}, {"phone"}),
        ([noted("phone", ("her mobile", "no"))], {"phone": NUMBER}, {"phone"}),
        ([noted("phone", ("900222", "no"))], {"phone": NUMBER}, {"phone"}),
        ([noted("phone", (f"{NUMBER} (not after 6)", "no"))], {"phone": "07700900222"}, {"phone"}),
        ([noted("phone", (NUMBER, "no"))], {"phone": "call 01274 496041 or +447700900222"},
         {"phone"}),
        ([noted("phone", (NUMBER, "no"))], {"carer": f"Jo, {NUMBER}", "name": "Kath"}, {"carer"}),
        ([noted("phone", (NUMBER, "yes"), (NUMBER, "no"))], {"phone": NUMBER}, {"phone"}),
        ([noted("phone", (NUMBER, "yes")), noted("text", (NUMBER, "no"))], {"phone": NUMBER},
         set()),
        ([noted("phone", (NUMBER, "yes")), noted("text", ("", "no"))], {"phone": NUMBER}, set()),
        ([noted("phone", (NUMBER, "unknown")), noted("text", ("", "no"))], {"phone": NUMBER},
         {"phone"}),
        ([noted("email", ("", "no"))], {"email": "k@x.example", "phone": NUMBER}, {"email"}),
        ([noted("email", ("k@x.example", "no"))], {"email": "kath@x.example"}, set()),
        ([noted("post", ("", "no"))], {"address": PLACE}, {"address"}),
        ([noted("post", ("Mill Row", "no"))], {"address": PLACE}, {"address"}),
        ([noted("post", ("3 Mill Row, BD1 1AA", "no"))], {"address": PLACE}, set()),
        ([noted("post", (PLACE, "yes")), noted("visit", (PLACE, "no"))], {"address": PLACE}, set()),
        ([noted("post", (PLACE, "no"))], {"carer": "Jo, at 3 Mill Row"}, {"carer"}),
    ],
)  # fmt: skip
def test_what_leads_to_a_way_that_is_not_safe(
    contacts: list[Json], shared: dict[str, str], found: set[str]
):
    assert unsafe_items(shared, contacts) == found
