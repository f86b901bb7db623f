"""The plain fields of a listing: for whom a group is, beside what else stands there."""

from typing import Any

from services.portal.keeping import said
from services.portal.keeping.form import (
    faults_of,
    fields_of,
    is_news,
    typed_of,
    with_news,
    written,
)

TERMS = {
    "access": {"step": "Step-free access"},
    "company": {
        "women": "Women only",
        "men": "Men only",
        "mixed": "Women and men",
        "lgbt": "LGBT+ people",
    },
}
WOMEN = {"taxonomy_term_id": "women", "link_type": "company"}
SINGING = {"taxonomy_term_id": "singing", "link_type": "activity"}
STEP = {"taxonomy_term_id": "step", "link_type": "access"}


def listing(*attributes: dict[str, Any]) -> dict[str, Any]:
    place = {"name": "Hall", "attributes": [STEP]}
    return {
        "name": "Choir",
        "attributes": [*attributes],
        "service_at_locations": [{"location": place}],
    }


def test_for_whom_a_group_is_can_be_chosen_and_is_said_of_the_service():
    stood = listing(SINGING)
    typed = typed_of(stood) | {"company": ["women"]}
    new = written(stood, typed, TERMS)
    assert new["attributes"] == [SINGING, WOMEN]
    assert new["service_at_locations"][0]["location"]["attributes"] == [STEP]
    assert dict(said.rows(new, TERMS))["Who it is for"] == "Women only"


def test_what_was_chosen_stands_in_the_form_and_can_be_taken_back():
    stood = listing(SINGING, WOMEN) | {"minimum_age": 18}
    typed = typed_of(stood)
    (field,) = [each for each in fields_of(stood, TERMS)["Who it is for"] if each.name == "company"]
    assert [key for key in field.options if key in typed["company"]] == ["women"]
    assert written(stood, typed, TERMS)["attributes"] == [SINGING, WOMEN], "as it stood"
    assert dict(said.rows(stood, TERMS))["Who it is for"] == "Women only. From 18 years"
    assert written(stood, typed | {"company": []}, TERMS)["attributes"] == [SINGING]


def test_a_directory_without_such_terms_asks_nothing():
    names = [each.name for each in fields_of(listing(), TERMS | {"company": {}})["Who it is for"]]
    assert names == ["eligibility_description", "minimum_age", "maximum_age"]


def test_a_group_for_women_only_and_for_men_only_is_said_at_the_field():
    """Closed to each it would be open to nobody."""
    for both in (["women", "men"], ["women", "mixed"]):
        assert "Choose one" in str(faults_of({"company": both}, TERMS)["company"])
    for each in ([], ["women"], ["mixed"], ["women", "lgbt"]):
        assert faults_of({"company": each}, TERMS) == {}


def test_times_the_wrong_way_round_are_said_and_a_night_is_none():
    def said(opens: str, closes: str) -> bool:
        return "closes_at" in faults_of({"opens_at": opens, "closes_at": closes}, TERMS)

    assert said("16:00", "15:30")
    assert said("10:00", "10:00")
    assert not said("22:00", "02:00"), "a night cafe ends on the next day"
    assert not said("10:00", "12:00")
    assert not said("", "12:00")


def test_a_telephone_number_has_digits():
    assert "in digits" in str(faults_of({"number": "ring me"}, TERMS)["number"])
    for each in ("", "111", "+44 1632 960417 ext. 2"):
        assert "number" not in faults_of({"number": each}, TERMS)


def test_a_web_address_is_taken_as_people_type_it():
    typed = typed_of(listing()) | {"url": "www.choir.example"}
    assert written(listing(), typed, TERMS)["url"] == "https://www.choir.example"
    typed["url"] = "http://choir.example"
    assert written(listing(), typed, TERMS)["url"] == "http://choir.example"


def test_news_alone_is_told_from_any_other_change():
    stood = listing()
    news = written(stood, typed_of(stood) | {"alert": "Closed this week"}, TERMS)
    assert is_news(stood, news)
    assert with_news(stood | {"kersey": {}}, news) == stood | {"alert": "Closed this week"}
    both = typed_of(stood) | {"alert": "Closed this week", "name": "Choirs"}
    assert not is_news(stood, written(stood, both, TERMS))
    assert not is_news(stood, written(stood, typed_of(stood), TERMS))
