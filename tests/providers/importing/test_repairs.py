"""What is repaired of a record, by which rule; and what is refused. No database is needed."""

from typing import Any
from uuid import UUID

import pytest

from services.providers import hsds
from services.providers.importing.mending.earlier_versions import modern
from services.providers.importing.mending.given_ids import Keys
from services.providers.importing.mending.listings import RecordRefused, listing_of
from services.providers.importing.mending.rules import DECLARED
from services.providers.importing.mending.tidying import TooDeep, tidied
from tests.providers.importing.feeds import key, organization, service

SOURCE = UUID(int=7)


def mended(said: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """A service as it would be listed, and the repairs of it."""
    record = modern(tidied(service() | said))
    Keys(SOURCE, {}).give("service", record, UUID(record["id"]), UUID(record["organization_id"]))
    model, repairs = listing_of(hsds.Service, "service", record)
    found = model.model_dump(mode="json", exclude_defaults=True)
    return found, [(each.rule, each.element) for each in repairs]


def at(**location: Any) -> dict[str, Any]:
    return {"service_at_locations": [{"location": {"name": "Hall"} | location}]}


@pytest.mark.parametrize(
    ("said", "member", "value", "rule"),
    [
        ({"url": "www.choir.example"}, "url", "https://www.choir.example", "web-address"),
        ({"url": "https://a.example/b c"}, "url", "https://a.example/b%20c", "web-address"),
        ({"email": "mailto:us@b.example"}, "email", "us@b.example", "e-mail-address"),
        ({"email": "Ann <us@b.example>; me@b.example"}, "email", "us@b.example", "e-mail-address"),
        ({"minimum_age": "18+"}, "minimum_age", 18.0, "number"),
        ({"maximum_age": "65 years"}, "maximum_age", 65.0, "number"),
        ({"assured_date": "2024-02-01T09:30:00Z"}, "assured_date", "2024-02-01", "date"),
        ({"assured_date": "01/02/2024"}, "assured_date", "2024-02-01", "date"),
        ({"status": "Open"}, "status", None, "status"),
        ({"status": "ACTIVE"}, "status", None, "status"),
        ({"status": "suspended"}, "status", "temporarily closed", "status"),
        ({"fees": 5}, "fees", "5", "text"),
        ({"name": 1066}, "name", "1066", "text"),
        ({"name": "x" * 400}, "name", "x" * 299 + "…", "cut"),
        ({"url": "nowhere"}, "url", None, "left-out"),
        ({"email": "nobody"}, "email", None, "left-out"),
        ({"minimum_age": "grown-ups"}, "minimum_age", None, "left-out"),
        ({"minimum_age": -1}, "minimum_age", None, "left-out"),
        ({"minimum_age": True}, "minimum_age", None, "left-out"),
        ({"minimum_age": 1e400}, "minimum_age", None, "left-out"),
        ({"assured_date": "last year"}, "assured_date", None, "left-out"),
        ({"languages": "English"}, "languages", None, "left-out"),
        ({"schedules": {"byday": "MO"}}, "schedules", [{"byday": "MO"}], "one-for-list"),
        ({"languages": [{"code": "Punjabi!"}]}, "languages", [{"name": "Punjabi!"}], "language"),
        ({"cost_options": [{"amount": "£1,200"}]}, "cost_options", [{"amount": 1200}], "number"),
        ({"cost_options": [{"currency": "£"}]}, "cost_options", [{"currency": "GBP"}], "currency"),
        ({"contacts": ["Ann", {"name": "Desk"}]}, "contacts", [{"name": "Desk"}], "left-out"),
        ({"description": "<p>Hi</p><script>x()</script>"}, "description", "<p>Hi</p>", "markup"),
    ],
)  # fmt: skip
def test_a_value_is_mended_by_its_rule(
    said: dict[str, Any], member: str, value: Any, rule: str
) -> None:
    found, repairs = mended(said)
    assert bare(found.get(member)) == value
    assert [name for name, _ in repairs] == [rule]


def bare(value: Any) -> Any:
    """Nested entities without their ids."""
    if isinstance(value, list):
        return [{name: each[name] for name in each if name != "id"} for each in value]
    return value


@pytest.mark.parametrize(
    ("said", "value", "rules"),
    [
        ({"opens_at": "9am", "closes_at": "12.30pm"}, ("09:00:00", "12:30:00"), ["time", "time"]),
        ({"opens_at": "2000-01-01T08:00:00.000Z"}, ("08:00:00", None), ["time"]),
        ({"opens_at": "12am", "closes_at": "25:00"}, ("00:00:00", None), ["time", "left-out"]),
        ({"byday": "Monday, Thursday"}, "MO,TH", ["days"]),
        ({"byday": ["2mo", "fr"]}, "2MO,FR", ["days"]),
        ({"byday": "sometimes"}, None, ["left-out"]),
        ({"weekday": "Thursday", "freq": "week"}, "TH", ["days", "frequency"]),
        ({"freq": "DAILY"}, "MO,TU,WE,TH,FR,SA,SU", ["frequency"]),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, None, ["contradiction"] * 2),
        ({"dtstart": "2026-09-10T00:00:00.000Z"}, None, []),
    ],
)
def test_times_are_mended_or_absent(said: dict[str, Any], value: Any, rules: list[str]) -> None:
    found, repairs = mended({"schedules": [said]})
    schedule = found["schedules"][0]
    told = [name for name, _ in repairs]
    assert sorted(told) == sorted(rules)
    if isinstance(value, tuple):
        assert (schedule.get("opens_at"), schedule.get("closes_at")) == value
    else:
        assert schedule.get("byday") == value
    assert "valid_from" not in schedule


@pytest.mark.parametrize(
    ("location", "point", "rules"),
    [
        ({"latitude": "53.7", "longitude": "-1.9"}, (53.7, -1.9), []),
        ({"latitude": -1.9, "longitude": 53.7}, (53.7, -1.9), ["point"]),
        ({"latitude": 0, "longitude": 0.0}, (None, None), ["point"]),
        ({"latitude": 53.7}, (None, None), ["contradiction"]),
        ({"latitude": 100, "longitude": 101}, (None, None), ["left-out", "contradiction"]),
        ({"location_type": "Physical"}, (None, None), ["lower-case"]),
    ],
)
def test_a_point_is_where_it_can_be_or_nowhere(
    location: dict[str, Any], point: tuple[Any, Any], rules: list[str]
) -> None:
    found, repairs = mended(at(**location))
    (here,) = found["service_at_locations"]
    assert (here["location"].get("latitude"), here["location"].get("longitude")) == point
    assert [name for name, _ in repairs] == rules


def test_an_address_is_filled_from_what_it_says() -> None:
    address = {"address_1": "1 Mill Lane", "city": "Halifax", "postal_code": "HX1 1AA"}
    found, repairs = mended(at(addresses=[address | {"country": "England"}, {"city": "Leeds"}]))
    (told,) = found["service_at_locations"][0]["location"]["addresses"]
    assert (told["state_province"], told.get("country")) == ("Halifax", None)
    assert ("county-from-town", "service_at_locations.0.location.addresses.0.state_province") in (
        repairs
    )
    assert ("left-out", "service_at_locations.0.location.addresses.1") in repairs


def test_an_organisation_without_a_description_is_described_by_its_name() -> None:
    said = organization(description=None, url="hebble.example", year_incorporated="1998")
    model, repairs = listing_of(hsds.Organization, "organization", modern(tidied(said)))
    assert (model.description, model.website) == ("Hebble Arts", "https://hebble.example")
    assert model.year_incorporated == 1998
    assert {each.rule for each in repairs} == {"web-address", "description-from-name"}


@pytest.mark.parametrize(
    ("said", "element"),
    [
        ({"name": None}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": "\x00"}, "name"),
        ({"status": "perhaps"}, "status"),
        ({"schedules": [{"opens_at": f"at {n}"} for n in range(101)]}, ""),
    ],
)
def test_what_no_rule_can_mend_is_refused_by_element(said: dict[str, Any], element: str) -> None:
    with pytest.raises(RecordRefused) as refused:
        mended(said)
    assert refused.value.element == element


def test_a_record_that_is_nested_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = {"taxonomy_term": deep}
    with pytest.raises(TooDeep):
        tidied({"attributes": [deep]})


def test_what_says_nothing_is_absent_and_no_repair() -> None:
    nothing = {"fees": None, "alert": "  ", "contacts": [], "cost_options": [None], "url": ""}
    found, repairs = mended(nothing | {"description": "Tea &amp; talk\x07"})
    assert repairs == []
    assert found["description"] == "Tea & talk"
    assert found.keys().isdisjoint(nothing)


def test_every_repair_is_declared() -> None:
    said: list[dict[str, Any]] = [
        {"url": "nowhere", "status": "Open", "minimum_age": 9, "maximum_age": 3},
        {"description": "<b onclick=x>!</b>", "schedules": [{"byday": "Monday"}]},
    ]
    for each in said:
        _, repairs = mended(each)
        assert repairs
        assert {name for name, _ in repairs} <= DECLARED.keys()


def test_versions_1_and_2_say_the_same_in_other_words() -> None:
    found, repairs = mended(
        {
            "fundings": [{"source": "The council"}],
            "eligibilitys": [{"minimum_age": 16, "eligibility": "adults"}, {"minimum_age": 18}],
            "languages": [{"language": "Urdu"}, {"language": "pl"}],
            "regular_schedules": [{"opens_at": "10:00", "freq": "WEEKLY", "byday": "TU"}],
            "holiday_schedules": [{"closed": True}],
            "reviews": [{"score": 5}],
            "service_at_locations": [
                {
                    "regular_schedules": [{"byday": "WE"}],
                    "location": {
                        "physical_addresses": [
                            {
                                "address_1": "1 Mill Lane",
                                "city": "Halifax",
                                "state_province": "West Yorkshire",
                                "postal_code": "HX1 1AA",
                                "country": "GB",
                            }
                        ],
                        "accessibility_for_disabilities": [{"accessibility": "A ramp"}],
                    },
                }
            ],
        }
    )
    assert repairs == []
    assert bare(found["funding"]) == [{"source": "The council"}]
    assert (found["minimum_age"], found["eligibility_description"]) == (16, "adults")
    assert bare(found["languages"]) == [{"name": "Urdu"}, {"code": "pl"}]
    assert found["schedules"][0]["byday"] == "TU"
    (there,) = found["service_at_locations"]
    assert there["schedules"][0]["byday"] == "WE"
    assert there["location"]["addresses"][0]["city"] == "Halifax"
    assert there["location"]["accessibility"][0]["accessibility"] == "A ramp"


def test_telephones_and_contacts_elsewhere_become_the_services_contacts() -> None:
    desk = {"id": key("desk"), "name": "Desk", "phones": [{"number": "01422 1"}]}
    found, _ = mended(
        {
            "phones": [{"number": "01422 1"}, {"number": "01422 2"}],
            "contacts": [desk],
            "service_at_locations": [{"contacts": [desk], "location": {"name": "Hall"}}],
        }
    )
    assert [each.get("name") for each in found["contacts"]] == ["Desk", None]
    assert [each["number"] for each in found["contacts"][1]["phones"]] == ["01422 2"]
