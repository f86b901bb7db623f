"""A postcode whose second part is not among those loaded is refused in words that lead on; where
districts alone are known nobody can tell, and it is the district's.
"""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from services.providers.hubs import DeclaredHub, declare_hubs
from services.providers.official.load import load_file
from shared.database import create_engine
from shared.migrate import configuration, migrate
from tests.infrastructure.postgres import NewDatabase
from tests.providers.conftest import House
from tests.providers.listings import HUB, north, service

LOADED = """\
pcds,lat,long
HX1 1AA,53.7250,-1.8600
HX1 5TB,53.7200,-1.8600
HX7 8AB,53.7420,-2.0120
"""


@pytest.fixture
def loaded(house: House, tmp_path: Path) -> House:
    """Some postcodes of HX1 and HX7 from a file; of other districts their middles alone."""
    house.load(service("By the square", at=north(0)))
    bring(house, tmp_path, LOADED)
    return house


def bring(house: House, folder: Path, rows: str) -> None:
    path = folder / "postcodes.csv"
    path.write_text(rows)
    load_file(house.engine, path)


def ask(house: House, postcode: str) -> list[tuple[str, Any]]:
    """Each way in which somebody asks by a postcode: the element that holds it, and the answer."""
    read, token = house.client.get, house.token(HUB.organisation, ("link-worker",), "cases")
    own = house.token(HUB.organisation, ("coordinator",), "directory.write")
    near: dict[str, Any] = {"near": postcode, "within": 2_000}
    where: dict[str, Any] = {"postcode": postcode}
    wide = where | {"proximity": 2_000}
    gap = {"need": "housing", "area": postcode, "reason": "none"}
    hall = {"kind": "venue", "name": "Hall", "postcode": postcode}

    def send(path: str, body: Any, by: str) -> Any:
        return house.client.post(path, json=body, headers={"Authorization": f"Bearer {by}"})

    return [
        ("near", read("/directory/search", params=near)),
        ("near", send("/directory/match", near, token)),
        *(
            ("postcode", read(f"/directory/{path}", params=each))
            for path in ("services", "service_at_locations")
            for each in (where, wide)
        ),
        ("area", send("/directory/gaps", gap, token)),
        ("postcode", send("/directory/consortium/assets", hall, own)),
    ]


@pytest.mark.parametrize("postcode", ["HX1 1ZZ", "hx11zz"])
def test_a_second_part_that_is_not_known_is_quoted_with_what_to_do(loaded: House, postcode: str):
    for element, answer in ask(loaded, postcode):
        said = answer.json()
        assert answer.status_code in (400, 422), answer.request.url
        assert answer.headers["content-type"] == "application/problem+json"
        assert (said["element"], said["reason"]) == (element, "unknown-second-part")
        assert "The second part of the postcode, '1ZZ', is not one" in said["detail"]
        assert "Check it." in said["detail"]
        assert "give only the first part, HX1, or another postcode near by" in said["detail"]
    assert loaded.count("gap") == loaded.count("asset") == 0


@pytest.mark.parametrize("postcode", ["HX1 1AA", "HX1", "HX2 1ZZ"])
def test_what_is_known_answers_and_so_does_a_district_of_which_nothing_more_is(
    loaded: House, postcode: str
):
    for _element, answer in ask(loaded, postcode):
        assert answer.status_code in (200, 201), answer.text


def test_a_postcode_that_comes_with_the_next_file_is_known(loaded: House, tmp_path: Path):
    loaded.get("/directory/search", 400, near="HX1 1ZZ")
    bring(loaded, tmp_path, "pcds,lat,long\nHX1 1ZZ,53.72,-1.86\n")
    assert loaded.names(near="HX1 1ZZ", within=50) == ["By the square"]


def test_a_sector_alone_tells_nothing_of_its_postcodes(house: House):
    house.load(service("By the square", at=north(0)))
    with house.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO place VALUES ('HX1 5', 'A sector', 53.72, -1.86, 'calderdale')"
        )
    assert house.names(near="HX1 5ZZ", within=50) == ["By the square"]


def test_postcodes_of_another_district_tell_nothing_of_this_one(house: House, tmp_path: Path):
    """HX1 and HX10, and LS1 and LS1x: one's code is how the other's begins."""
    house.load(service("By the square", at=north(0)))
    bring(house, tmp_path, "pcds,lat,long\nLS10 1AA,53.77,-1.53\nLS11 1AA,53.77,-1.55\n")
    assert house.names(near="LS1 1ZZ", within=1_000) == []


def test_the_first_part_works_where_only_postcodes_of_it_were_loaded(house: House, tmp_path: Path):
    """No district beyond West Yorkshire comes with Kersey; the message sends people to it."""
    house.load(service("By the square", at=north(0)))
    bring(house, tmp_path, "pcds,lat,long\nBB8 1AA,53.71,-1.86\nBB8 9ZX,53.73,-1.86\n")
    said = house.get("/directory/search", 400, near="BB8 1ZZ")
    assert "'1ZZ'" in said["detail"]
    assert house.names(near="BB8", within=50) == ["By the square"], "the middle of its postcodes"
    assert house.get("/directory/postcodes/BB8")["known"] == "BB8"
    bring(house, tmp_path, "pcds,lat,long\nBB8 9ZY,53.93,-1.86\n")
    assert house.names(near="BB8", within=50) == [], "its middle moves with what comes"
    named = house.get("/directory/postcodes/HX1")
    assert (named["latitude"], named["longitude"]) == (53.722, -1.868), "what has a name stays"


def test_such_a_district_is_of_the_hub_that_has_most_of_it(house: House, tmp_path: Path):
    house.load()
    rows = "pcds,lat,long,lad25cd\n" + "".join(
        f"BB8 1A{letter},53.71,-1.86,{area}\n"
        for letter, area in (("A", "E08000035"), ("B", "E08000035"), ("D", "E08000032"))
    )
    bring(house, tmp_path, rows)
    assert house.get("/directory/postcodes/BB8")["hub"] == "leeds"
    elsewhere = DeclaredHub("leeds", "Leeds", HUB.organisation, ("E06000047",))
    declare_hubs(house.engine, [elsewhere])
    assert "hub" not in house.get("/directory/postcodes/BB8"), "most of it is nobody's"


def test_districts_of_postcodes_that_were_loaded_before_are_there_after_migrating(
    database: NewDatabase,
):
    url = database()
    command.upgrade(configuration("providers", url), "0023")
    engine = create_engine(url, pool_size=1, application_name="tests")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO place (code, name, latitude, longitude) VALUES"
            " ('BB8 1AA', 'BB8', 53.71, -1.86), ('BB8 9ZX', 'BB8', 53.73, -1.86),"
            " ('HX1', 'Halifax', 53.72, -1.86), ('HX1 1AA', 'HX1', 50.0, 0.0),"
            " ('HX2', 'Ovenden', 53.73, -1.9)"
        )
    migrate("providers", url)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT code, latitude, with_units FROM place WHERE code NOT LIKE '% %'"
                " ORDER BY code"
            )
        )
        assert [tuple(row) for row in found] == [
            ("BB8", pytest.approx(53.72), True),
            ("HX1", 53.72, True),
            ("HX2", 53.73, False),
        ]
    engine.dispose()
