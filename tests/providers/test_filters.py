"""The Open Referral UK filters, each with its exact answer on crafted listings."""

from typing import Any

import pytest

from tests.providers.conftest import House
from tests.providers.listings import north, service, weekly


def found(house: House, **query: Any) -> list[str]:
    """What both lists answer: they filter alike."""
    names = house.names("/directory/services", **query)
    at = house.get("/directory/service_at_locations", **query)["contents"]
    assert [each["service"]["name"] for each in at] == names
    return names


def test_ages_compare_as_the_profile_says(house: House):
    house.load(
        service("Any age", at=north(1)),
        service("Over fifty", at=north(1), minimum_age=50),
        service("Teens", at=north(1), minimum_age=13, maximum_age=19),
    )
    assert found(house, minimum_age=13) == ["Over fifty", "Teens"]
    assert found(house, minimum_age=14) == ["Over fifty"]
    assert found(house, maximum_age=19) == ["Teens"]
    assert found(house, maximum_age=18) == []


def test_day_and_times_must_hold_together(house: House):
    house.load(
        service(
            "Monday early, Tuesday late",
            at=north(1),
            schedules=[weekly("MO", "09:00", "11:00"), weekly("TU", "18:00", "20:00")],
        ),
        service("Third Monday noon", at=north(1), schedules=[weekly("3MO", "12:00", "13:30")]),
        service("No times", at=north(1)),
    )
    assert found(house, day="MO") == ["Monday early, Tuesday late", "Third Monday noon"]
    assert found(house, day="Tuesday") == ["Monday early, Tuesday late"]
    assert found(house, day="MO", start_time="12:00") == ["Third Monday noon"]
    assert found(house, day="MO", end_time="11:00:00") == ["Monday early, Tuesday late"]
    assert found(house, day="MO", start_time="18:00") == []
    assert found(house, start_time="18:00Z", end_time="20:00") == ["Monday early, Tuesday late"]


def test_proximity_is_measured_in_metres_from_the_postcode(house: House):
    # HX1's centroid in the gazetteer is 53.722, -1.868.
    house.load(
        service("At the centroid", at=(53.722, -1.868)),
        service("A kilometre north", at=(53.722 + 1000 / 111_195.08, -1.868)),
        service("Not located"),
    )
    names = house.names("/directory/services", postcode="HX1 1AA", proximity=999)
    assert names == ["At the centroid"]
    assert found(house, postcode="HX1 1AA", proximity=1001) == [
        "A kilometre north",
        "At the centroid",
    ]
    assert found(house, postcode="HX1", proximity=0) == ["At the centroid"]
    assert found(house, postcode="LS1", proximity=1000) == []


def test_words_in_a_dense_place_find_what_they_find_elsewhere(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    for metres in (100, 900, 4000):
        house.load(service(f"Choir at {metres}", at=north(metres)))
    house.load(service("Chess", at=north(50)))
    asked: dict[str, Any] = {"search": "choir", "postcode": "HX1 1AA", "proximity": 6000}
    few = house.get("/directory/services", **asked)
    monkeypatch.setattr("services.providers.points.MANY", 1)
    assert house.get("/directory/services", **asked) == few
    assert few["total_items"] == len(few["contents"]) > 0
    assert house.get("/directory/services", **asked | {"per_page": 1, "page": 2})["size"] == 1


def test_a_service_with_two_rooms_is_listed_at_the_near_one(house: House):
    rooms = [
        {"location": {"name": name, "latitude": at[0], "longitude": at[1]}}
        for name, at in (("Near", (53.722, -1.868)), ("Far", (53.9, -1.868)))
    ]
    house.load(service("Two rooms", service_at_locations=rooms))
    everywhere = house.get("/directory/service_at_locations")["contents"]
    assert {each["location"]["name"] for each in everywhere} == {"Near", "Far"}
    near = house.get("/directory/service_at_locations", postcode="HX1", proximity=500)
    assert [each["location"]["name"] for each in near["contents"]] == ["Near"]


def test_a_postcode_alone_asks_who_serves_people_there(house: House):
    house.load(
        service("Calderdale only", at=north(1), service_areas=[{"hub": "calderdale"}]),
        service("Leeds only", at=north(1), service_areas=[{"hub": "leeds"}]),
        service("Both", at=north(1), service_areas=[{"hub": "leeds"}, {"hub": "calderdale"}]),
        service("Anyone", at=north(1), service_areas=[{"name": "Anyone"}]),
        service("Not said", at=north(1)),
    )
    assert found(house, postcode="HX7 8AB") == ["Anyone", "Both", "Calderdale only", "Not said"]
    assert found(house, postcode="LS6") == ["Anyone", "Both", "Leeds only", "Not said"]
    # Skipton lies outside the hubs' places.
    assert found(house, postcode="BD23") == ["Anyone", "Not said"]


def test_the_longest_known_part_of_a_postcode_counts(house: House):
    house.load(service("By the sector", at=(53.70, -1.90)))
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO place VALUES ('HX1 5', 'A sector', 53.70, -1.90, 'calderdale')"
        )
    assert house.names(near="HX1 5AA", within=100) == ["By the sector"]
    assert house.names(near="HX1 6AA", within=100) == []


def test_an_empty_directory_answers_empty_pages(house: House):
    page = house.get("/directory/services")
    assert page == {
        "total_items": 0,
        "total_pages": 0,
        "page_number": 1,
        "size": 0,
        "first_page": True,
        "last_page": True,
        "empty": True,
        "contents": [],
    }
    assert house.get("/directory/search")["empty"] is True
    problem = house.get("/directory/search", 400, near="HX7 8AB")
    assert "'HX7'" in problem["detail"]
