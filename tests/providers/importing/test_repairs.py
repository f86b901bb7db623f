"""What is repaired of a record, by which rule; and what is refused. No database is needed."""

import copy
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from services.providers import hsds
from services.providers.importing.mending import recurrence, whereabouts
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
    before = whereabouts.settle(record) + recurrence.settle(record)
    Keys(SOURCE, {}).give("service", record, UUID(record["id"]), UUID(record["organization_id"]))
    model, repairs = listing_of(hsds.Service, "service", record)
    found = model.model_dump(mode="json", exclude_defaults=True)
    return found, [(each.rule, each.element) for each in before + repairs]


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
        ({"languages": 7}, "languages", None, "left-out"),
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
    ("said", "days", "freq"),
    [
        ("Weekdays", "MO,TU,WE,TH,FR", None),
        ("weekends", "SA,SU", None),
        ("Mon-Fri", "MO,TU,WE,TH,FR", None),
        ("MO–WE", "MO,TU,WE", None),
        ("Monday to Wednesday and Saturdays", "MO,TU,WE,SA", None),
        ("Mondays & Thurs.", "MO,TH", None),
        ("every day", "MO,TU,WE,TH,FR,SA,SU", None),
        ("First Monday", "1MO", "MONTHLY"),
        ("1st and 3rd Tuesday", "1TU,3TU", "MONTHLY"),
        ("last friday", "-1FR", "MONTHLY"),
        ("4th Thursday", "4TH", "MONTHLY"),
        (["1TH", "2we"], "1TH,2WE", "MONTHLY"),
        (["Monday", "weds"], "MO,WE", None),
        ("Summer holidays", None, None),
        ("Monthly", None, None),
        ("Weekly on Monday", None, None),
        ("Fri-Mon", None, None),
        ("Monday-", None, None),
        ("first", None, None),
        ("Not Mondays", None, None),
        ("Monday (term time)", None, None),
    ],
)
def test_a_word_that_is_no_day_is_none(said: Any, days: str | None, freq: str | None) -> None:
    found, _ = mended({"schedules": [{"byday": said}]})
    schedule = found["schedules"][0]
    assert (schedule.get("byday"), schedule.get("freq")) == (days, freq)


@pytest.mark.parametrize(
    ("said", "opens", "closes"),
    [
        ({"opens_at": "9am - 5.30 p.m."}, "09:00:00", "17:30:00"),
        ({"opens_at": "10:00 to 12:00"}, "10:00:00", "12:00:00"),
        ({"opens_at": "0900", "closes_at": "1730"}, "09:00:00", "17:30:00"),
        ({"opens_at": "noon", "closes_at": "2pm"}, "12:00:00", "14:00:00"),
        ({"opens_at": "9am - 5pm", "closes_at": "16:00"}, None, "16:00:00"),
        ({"opens_at": "900"}, None, None),
        ({"opens_at": "10-12"}, None, None),
        ({"closes_at": "24:00"}, None, None),
        ({"closes_at": "9am - 5pm"}, None, None),
    ],
)
def test_a_time_is_read_where_it_can_only_be_one(
    said: dict[str, Any], opens: str | None, closes: str | None
) -> None:
    found, _ = mended({"schedules": [said]})
    schedule = found["schedules"][0]
    assert (schedule.get("opens_at"), schedule.get("closes_at")) == (opens, closes)


@pytest.mark.parametrize(
    ("said", "amount", "words"),
    [
        ("£3", 3, None),
        ("Free", 0, None),
        ("No charge.", 0, None),
        ("£3.50 per session", 3.5, "£3.50 per session"),
        ("£1,200 a year", 1200, "£1,200 a year"),
        ("£3-£5", None, "£3-£5"),
        ("£3-5", None, "£3-5"),
        ("3-5", None, "3-5"),
        ("£3 or £2", None, "£3 or £2"),
        ("£3 for 2 hours", None, "£3 for 2 hours"),
        ("Free for members, £3 for others", None, "Free for members, £3 for others"),
        ("Donation", None, "Donation"),
    ],
)
def test_a_price_is_a_number_or_its_words_stay(
    said: str, amount: float | None, words: str | None
) -> None:
    found, _ = mended({"cost_options": [{"option": "Adult", "amount": said}]})
    (cost,) = found["cost_options"]
    assert (cost.get("amount"), cost.get("amount_description")) == (amount, words)


@pytest.mark.parametrize(
    ("said", "freq", "interval"),
    [
        ({"freq": "Fortnightly"}, "WEEKLY", 2),
        ({"freq": "quarterly", "interval": 1}, "MONTHLY", 3),
        ({"freq": "FORTNIGHTLY", "interval": 4}, None, 4),
    ],
)
def test_every_second_week_is_not_every_week(
    said: dict[str, Any], freq: str | None, interval: int
) -> None:
    found, _ = mended({"schedules": [said]})
    schedule = found["schedules"][0]
    assert (schedule.get("freq"), schedule.get("interval")) == (freq, interval)


@pytest.mark.parametrize(
    "said",
    [
        "1 May 2026", "01 may 2026", "1st May 2026", "01.05.2026", "2026/05/01", "20260501",
        20260501, "20260501T235959Z", "May 1, 2026", "May 1st, 2026", "1/5/2026",
        "Fri, 01 May 2026 00:00:00 GMT", "/Date(1777593600000)/", "/Date(1777593600000+0000)/",
    ],
)  # fmt: skip
def test_a_date_is_read_where_it_can_only_be_one(said: Any) -> None:
    found, repairs = mended({"assured_date": said})
    assert found["assured_date"] == "2026-05-01"
    assert repairs == [("date", "assured_date")]


@pytest.mark.parametrize("said", ["05/31/2026", "2026", "May 2026", "31 June 2026", "20261301", 7])
def test_what_can_be_no_date_or_two_is_none(said: Any) -> None:
    found, repairs = mended({"assured_date": said})
    assert "assured_date" not in found
    assert repairs == [("left-out", "assured_date")]


WEEKLY = {"freq": "WEEKLY", "byday": "MO"}


@pytest.mark.parametrize(
    ("said", "read", "rules"),
    [
        ({"byday": "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU"},
         {"freq": "WEEKLY", "interval": 2, "byday": "MO,TU"}, ["rule-in-one"]),
        ({"rrule": "DTSTART;TZID=Europe/London:20260907T100000\nRRULE:FREQ=MONTHLY;BYDAY=1MO"},
         {"freq": "MONTHLY", "byday": "1MO", "dtstart": "2026-09-07"}, ["date", "rule-in-one"]),
        ({"freq": "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261231T235959Z", "byday": "MO"},
         WEEKLY | {"valid_to": "2026-12-31"}, ["date", "rule-in-one"]),
        (WEEKLY | {"until": "20261231"}, WEEKLY | {"valid_to": "2026-12-31"}, ["date"]),
        (WEEKLY | {"count": 3, "dtstart": "2026-09-07"},
         WEEKLY | {"dtstart": "2026-09-07", "valid_to": "2026-09-21"}, ["last-time"]),
        (WEEKLY | {"count": "some", "dtstart": "2026-09-07"},
         WEEKLY | {"dtstart": "2026-09-07"}, ["last-time"]),
        (WEEKLY | {"count": 3}, WEEKLY, ["last-time"]),
        ({"freq": "SECONDLY", "count": 3, "dtstart": "2026-09-07"}, {"dtstart": "2026-09-07"},
         ["last-time", "left-out"]),
        (WEEKLY | {"interval": "2 weeks"}, WEEKLY | {"interval": 2}, ["interval"]),
        (WEEKLY | {"interval": "every second week"}, WEEKLY | {"interval": 2}, ["interval"]),
        (WEEKLY | {"interval": "2.0"}, WEEKLY | {"interval": 2}, []),
        (WEEKLY | {"interval": "sometimes"}, {"byday": "MO"}, ["interval"]),
        (WEEKLY | {"interval": 0}, {"byday": "MO"}, ["interval"]),
        ({"freq": "YEARLY", "byday": "1MO"}, {}, ["left-out", "not-weekly"]),
        ({"freq": "Once", "dtstart": "2026-09-07"},
         dict.fromkeys(("dtstart", "valid_from", "valid_to"), "2026-09-07"), ["not-weekly"]),
        ({"bymonthday": [1, 15]}, {"bymonthday": "1,15"}, ["month-days"]),
        ({"bymonthday": "1st, 15th"}, {"bymonthday": "1,15"}, ["month-days"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("within", ["service", "place"])
def test_a_rule_is_told_in_the_parts_of_a_schedule(
    within: str, said: dict[str, Any], read: dict[str, Any], rules: list[str]
) -> None:
    schedules = {"schedules": [said]}
    at_place = {"schedules": [], "service_at_locations": [{"location": "Hall"} | schedules]}
    found, repairs = mended(schedules if within == "service" else at_place)
    owner = found if within == "service" else found["service_at_locations"][0]
    assert bare(owner["schedules"]) == [read]
    assert sorted(name for name, _ in repairs if name != "one-place") == rules


HALIFAX = {"city": "Halifax", "state_province": "Calderdale"}


@pytest.mark.parametrize(
    ("address", "read", "rules"),
    [
        ({"address_1": "1 Mill Lane, Halifax hx11aa"} | HALIFAX,
         {"address_1": "1 Mill Lane, Halifax", "postal_code": "HX1 1AA"} | HALIFAX,
         ["postcode-from-lines"]),
        ({"address_1": "1 Mill Lane"} | HALIFAX | {"city": "HX1 1AA"},
         {"address_1": "1 Mill Lane", "postal_code": "HX1 1AA"}
         | dict.fromkeys(("city", "state_province"), "Calderdale"),
         ["postcode-from-lines", "town-from-region"]),
        ({"address_1": "Unit B12 3GX9"} | HALIFAX, None, ["address-in-words"]),
        ({"address_1": "1 Mill Lane"} | HALIFAX, None, ["address-in-words"]),
    ],
)  # fmt: skip
def test_an_address_is_found_also_without_its_postcode(
    address: dict[str, Any], read: dict[str, Any] | None, rules: list[str]
) -> None:
    found, repairs = mended(at(addresses=[address], description="Ring the bell."))
    location = found["service_at_locations"][0]["location"]
    assert [name for name, _ in repairs] == rules
    if read is None:
        words = f"Ring the bell.\n{address['address_1']}, Halifax, Calderdale"
        assert location["description"] == words
        assert "addresses" not in location
    else:
        assert bare(location["addresses"]) == [read]


@pytest.mark.parametrize(
    "said",
    [
        {"location": {"name": "Hall"}},
        {"location": [{"name": "Hall"}]},
        {"location": "Hall"},
        {"service_at_locations": [{"location": [{"name": "Hall"}]}]},
        {"service_at_locations": [{"location": "Hall"}]},
    ],
)
def test_a_place_is_found_wherever_it_stands(said: dict[str, Any]) -> None:
    found, repairs = mended(said)
    (there,) = found["service_at_locations"]
    assert there["location"]["name"] == "Hall"
    assert [name for name, _ in repairs] == ["one-place"]


@pytest.mark.parametrize("nothing", ["NULL", "null", "#N/A", "undefined", " NaN "])
def test_the_word_for_nothing_is_nothing(nothing: str) -> None:
    found, repairs = mended(dict.fromkeys(("description", "url", "minimum_age", "fees"), nothing))
    assert not {"description", "url", "minimum_age", "fees"} & found.keys()
    assert repairs == []
    assert mended({"fees": "None"})[0]["fees"] == "None"


@pytest.mark.parametrize(
    "said",
    [
        {"attributes": ["Singing", "Arts"]},
        {"taxonomies": ["Singing", "Arts"]},
        {"service_taxonomys": ["Singing", "Arts"]},
        {"taxonomy_terms": ["Singing", "Arts"]},
        {"categories": "Singing, Arts"},
    ],
)
def test_terms_that_are_told_by_their_names_alone_are_terms(said: dict[str, Any]) -> None:
    links = modern(tidied(service() | said))["attributes"]
    assert [each["taxonomy_term"]["name"] for each in links] == ["Singing", "Arts"]


@pytest.mark.parametrize(
    ("said", "words", "ages"),
    [
        ({"eligibility": "Adults"}, "Adults", (None, None)),
        ({"eligibilitys": [{"minimum_age": "18+"}]}, None, (18, None)),
        ({"eligibility": {"eligibility": "teen", "maximum_age": "19 years"}}, "teen", (None, 19)),
        ({"eligibilities": [{"minimum_age": 5, "maximum_age": 11}]}, None, (5, 11)),
    ],
)
def test_who_may_come_is_read_from_wherever_it_stands(
    said: dict[str, Any], words: str | None, ages: tuple[int | None, int | None]
) -> None:
    found, _ = mended(said)
    assert found.get("eligibility_description") == words
    assert (found.get("minimum_age"), found.get("maximum_age")) == ages


@pytest.mark.parametrize(
    "said",
    [
        {"phone": "01422 000000"},
        {"telephone": "01422 000000"},
        {"phones": "01422 000000"},
        {"phones": {"number": "01422 000000"}},
        {"contacts": [{"phones": "01422 000000"}]},
        {"contacts": {"phone": "01422 000000"}},
        {"service_at_locations": [{"location": {"phones": [{"number": "01422 000000"}]}}]},
        {"service_at_locations": [{"location": {"contacts": [{"phone": "01422 000000"}]}}]},
    ],
)
def test_a_number_to_ring_is_never_lost(said: dict[str, Any]) -> None:
    found, _ = mended(said)
    (contact,) = found["contacts"]
    assert [each["number"] for each in contact["phones"]] == ["01422 000000"]


def test_languages_may_be_plain_words() -> None:
    found, _ = mended({"languages": ["Urdu", "pl"]})
    assert [each.get("name", each.get("code")) for each in found["languages"]] == ["Urdu", "pl"]


ODD: tuple[Any, ...] = (
    7,
    -1.5,
    True,
    "x",
    [],
    [7],
    ["x"],
    [None],
    [[]],
    {},
    {"id": {}},
    [{}],
    {"x": []},
)
NESTED_ENOUGH: dict[str, Any] = {
    "schedules": [{"byday": "MO"}],
    "regular_schedules": [{"byday": "MO"}],
    "service_areas": [{"name": "Calderdale", "service_area": "x"}],
    "languages": [{"language": "en"}],
    "funding": [{"source": "Grant"}],
    "fundings": [{"source": "Grant"}],
    "cost_options": [{"amount": 3, "cost_type": "x"}],
    "contacts": [
        {"name": "Desk", "phone": "1234", "phones": [{"number": "1234", "languages": [{}]}]}
    ],
    "phones": [{"number": "1234"}],
    "phone": "1234",
    "attributes": [{"taxonomy_term": {"id": "1", "name": "x"}}],
    "service_taxonomys": [{"taxonomy": {"id": "1", "name": "x"}}],
    "taxonomies": [{"id": "1", "name": "x"}],
    "eligibilitys": [{"eligibility": "adult", "minimum_age": 3}],
    "eligibility": "adult",
    "attending_type": "venue",
    "attending_access": "referral",
    "locations": [{"geometry": {"coordinates": [1, 2]}, "address_1": "x", "accessibility": [{}]}],
    "service_at_locations": [
        {
            "schedules": [{"weekday": "MO"}],
            "contacts": [{"phones": [{"number": "1234"}]}],
            "phones": [{"number": "1234"}],
            "location": {
                "latitude": 1,
                "longitude": 2,
                "addresses": [{"address_1": "x", "address_2": "y", "city": "z"}],
                "accessibility": [{"accessibility": "x"}],
            },
        }
    ],
}


def placed_odd(said: Any, odd: Any) -> Iterator[Any]:
    """A record again and again, each time with something odd in another place."""
    members = said.items() if isinstance(said, dict) else enumerate(said)
    for name, each in members:
        for other in (odd, *(placed_odd(each, odd) if isinstance(each, dict | list) else ())):
            changed = copy.deepcopy(said)
            changed[name] = copy.deepcopy(other)
            yield changed


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_nothing_odd_anywhere_ends_an_import(odd: Any) -> None:
    for said in placed_odd(NESTED_ENOUGH, odd):
        try:
            mended(said)
        except RecordRefused:
            continue


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
    found, repairs = mended(at(addresses=[address | {"country": "England"}, {"country": "GB"}]))
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


def test_of_very_many_terms_the_first_are_taken() -> None:
    terms = [{"taxonomy_term_id": str(UUID(int=number))} for number in range(5001)]
    found, repairs = mended({"attributes": terms})
    assert repairs == [("cut", "attributes")]
    kept = [UUID(each["taxonomy_term_id"]).int for each in found["attributes"]]
    assert kept == list(range(5000))


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


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"email": "none"}, "was 'none': it is not written as it has to be"),
        ({"minimum_age": "grown-ups"}, "was 'grown-ups': a number belongs here"),
        ({"maximum_age": 200}, "was '200': it has to be less than or equal to 150"),
        ({"assured_date": "soon"}, "was 'soon': a date belongs here"),
        ({"schedules": [{"opens_at": "late"}]}, "was 'late': a time belongs here"),
        ({"contacts": "Jo"}, "was 'Jo': a list belongs here"),
        ({"fees": ["x"]}, "was '['x']': a text belongs here"),
        ({"schedules": [{"freq": "YEARLY"}]}, "was 'YEARLY': it has to be 'WEEKLY' or 'MONTHLY'"),
        (
            {"url": "nowhere"},
            "was 'nowhere': Give a whole web address, such as https://www.clay.example.",
        ),
    ],
)
def test_a_report_says_why_in_plain_words(said: dict[str, Any], words: str) -> None:
    _, repairs = listing_of(hsds.Service, "service", modern(tidied(service() | said)))
    assert [each.words for each in repairs] == [words]


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
