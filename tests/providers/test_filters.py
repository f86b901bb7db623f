"""The Open Referral UK filters, each with its exact answer on crafted listings."""

from random import Random
from typing import Any
from uuid import uuid4

from services.providers.gazetteer import metres_between
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


def rooms(*points: tuple[float, float] | None) -> list[dict[str, Any]]:
    """Places of a service; one that is None is known by its name alone."""
    known = [{} if at is None else {"latitude": at[0], "longitude": at[1]} for at in points]
    return [{"location": {"name": f"Room {n}"} | at} for n, at in enumerate(known)]


def test_what_is_near_is_what_a_ruler_finds(house: House):
    """However many rooms a service has, and on whichever side of a circle's boxes they are."""
    random = Random(1850)

    def spot() -> tuple[float, float]:
        return (random.uniform(53.68, 53.76), random.uniform(-1.94, -1.80))

    places: dict[str, list[tuple[float, float] | None]] = {}
    for n in range(60):
        kinds: list[list[tuple[float, float] | None]] = [
            [spot()], [spot(), spot()], [spot(), None], [spot()] * 2, [None], []
        ]  # fmt: skip
        places[f"{random.choice(('Choir', 'Chess'))} {n:02}"] = random.choice(kinds)
    house.load(
        *(service(name, service_at_locations=rooms(*spots)) for name, spots in places.items())
    )
    for metres in (0, 700, 2500, 5000, 20_000):
        near = sorted(
            name
            for name, spots in places.items()
            if any(at and metres_between((53.722, -1.868), at) <= metres for at in spots)
        )
        for words in (None, "choir"):
            asked: dict[str, Any] = {} if words is None else {"search": words}
            answer = house.get(
                "/directory/services", postcode="HX1", proximity=metres, per_page=100, **asked
            )
            named = [each for each in near if words is None or each.startswith("Choir")]
            assert [each["name"] for each in answer["contents"]] == named
            assert answer["total_items"] == len(named)


def test_a_room_that_moves_takes_everybody_who_meets_there_along(house: House):
    both = ["Chess", "Choir"]
    room = {"id": str(uuid4()), "name": "Room", "latitude": 53.722, "longitude": -1.868}
    moved = room | {"latitude": 53.8}
    house.load(*(service(name, service_at_locations=[{"location": room}]) for name in both))
    assert found(house, postcode="HX1", proximity=100) == both
    house.load(service("Choir", service_at_locations=[{"location": moved}]))
    assert found(house, postcode="HX1", proximity=100) == []
    assert found(house, postcode="HX1", proximity=9_000) == both
    house.load(service("Choir", service_at_locations=[]))
    assert found(house, postcode="HX1", proximity=9_000) == ["Chess"]


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
    assert "or leave it out" in problem["detail"]
