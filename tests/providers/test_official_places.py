"""Official files say where a postcode lies, how deprived that is and whose place it is."""

import gzip
import json
import zipfile
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from deploy.commands.load import app
from services.providers.hubs import DeclaredHub, declare_hubs
from services.providers.official.files import NotOfficial
from services.providers.official.load import Report, load_file
from tests.providers.conftest import House
from tests.providers.listings import HUB

SHARED = Path(__file__).parents[3] / "shared" / "data"

ONSPD = """\
pcd7,pcd8,pcds,doterm,lat,long,lsoa21cd,lad25cd,wd25cd,imd20ind
BD183NN,BD18 3NN,BD18 3NN,,53.8351,-1.7905,E01010568,E08000032,E05001341,22157
LS1 1AA,LS1  1AA,LS1 1AA,,53.797,-1.5453,E01011264,E08000035,E05012650,5000
BD999ZZ,BD99 9ZZ,BD99 9ZZ,,99.999999,0.000000,,,,
,,,,53.8,-1.7,,,,
nonsense,,nonsense,,53.8,-1.7,,,,
"""
IMD = """\
LSOA code (2021),LSOA name (2021),Local Authority District code (2024),\
Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived),\
Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)
E01010568,Bradford 016A,E08000032,22157,7
E01010569,Bradford 016B,E08000032,7702,11
"""


def square(code: str, name: str, west: float, south: float, size: float = 0.1, **more: Any) -> Any:
    """An area as one square of degrees; `hole` cuts one out of its middle."""

    def ring(x: float, y: float, side: float) -> list[list[float]]:
        return [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]

    rings = [ring(west, south, size)]
    if more.pop("hole", False):
        rings.append(ring(west + size / 4, south + size / 4, size / 2))
    properties = {"WD25CD" if code[:3] == "E05" else "LAD25CD": code} | more
    properties |= {"WD25NM" if code[:3] == "E05" else "LAD25NM": name}
    geometry = {"type": "Polygon", "coordinates": rings}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def boundaries(path: Path, *features: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def file(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def load(house: House, path: Path) -> Report:
    return load_file(house.engine, path)


def test_a_postcode_directory_places_whole_postcodes(house: House, tmp_path: Path):
    report = load(house, file(tmp_path / "ONSPD.csv", ONSPD))

    assert (report.kind, report.read, report.stored, report.refused) == ("postcodes", 5, 2, 3)
    assert report.reasons[0] == "line 4: This postcode has no position in the United Kingdom."
    assert report.reasons[2].startswith("line 6: The first part of the postcode, 'NONSE'")
    found = house.get("/directory/postcodes/bd183nn")
    assert found["known"] == "BD18 3NN"
    assert (found["latitude"], found["longitude"]) == (53.8351, -1.7905)
    assert found["ward"] == {"code": "E05001341"}
    assert found["local_authority"] == {"code": "E08000032"}
    assert "deprivation_decile" not in found, "the directory has ranks alone"


def test_the_same_file_twice_is_no_change(house: House, tmp_path: Path):
    path = file(tmp_path / "ONSPD.csv", ONSPD)
    first = load(house, path)

    again = load(house, path)

    assert (first.changed, again.changed, again.stored) == (2, 0, 2)


@pytest.mark.parametrize("form", ["gz", "zip"])
def test_files_come_as_they_are_published(house: House, tmp_path: Path, form: str):
    path = tmp_path / f"ONSPD.csv.{form}"
    if form == "gz":
        path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + ONSPD.encode()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("User Guide/codes.csv", "code,name\n")
            archive.writestr("Data/ONSPD.csv", ONSPD)

    assert load(house, path).stored == 2


def test_deprivation_reaches_the_postcodes_of_its_areas(house: House, tmp_path: Path):
    load(house, file(tmp_path / "ONSPD.csv", ONSPD))

    report = load(house, file(tmp_path / "IMD.csv", IMD))

    assert report.kind == "deprivation"
    assert report.reasons == ["line 3: '11' is no decile: 1 (most deprived) to 10."]
    found = house.get("/directory/postcodes/BD18 3NN")
    assert found["deprivation_decile"] == 7
    assert found["lsoa"] == {"code": "E01010568", "name": "Bradford 016A"}


def test_a_postcode_lies_in_the_area_whose_boundary_holds_it(house: House, tmp_path: Path):
    plain = "postcode,lat,lon\nBD18 3NN,53.83,-1.79\nBD17 6AA,53.875,-1.745\n"
    load(house, file(tmp_path / "plain.csv", plain))

    load(
        house,
        boundaries(
            tmp_path / "wards.geojson",
            square("E05001341", "Ring", -1.8, 53.82, hole=True, LAD25CD="E08000032"),
        ),
    )

    outer = house.get("/directory/postcodes/BD18 3NN")
    assert outer["ward"] == {"code": "E05001341", "name": "Ring"}
    assert outer["local_authority"] == {"code": "E08000032"}
    assert "ward" not in house.get("/directory/postcodes/BD17 6AA"), "it lies in the hole"


def test_a_postcode_belongs_to_the_hub_that_covers_it(house: House, tmp_path: Path):
    """The district says Bradford for all of BD11; its postcodes lie in Leeds and Kirklees too."""
    house.load()
    load(
        house,
        file(tmp_path / "p.csv", "pcds,lat,long,lad25cd\nBD11 1AA,53.75,-1.67,E08000035\n"),
    )
    assert house.get("/directory/postcodes/BD11 1AA").get("hub") == house.get(
        "/directory/postcodes/BD11"
    ).get("hub")

    declare_hubs(
        house.engine,
        [
            DeclaredHub("leeds", "Leeds", HUB.organisation, ("E08000035",)),
            DeclaredHub("bradford", "Bradford", HUB.organisation, ("E08000032",)),
        ],
    )

    assert house.get("/directory/postcodes/BD11 1AA")["hub"] == "leeds"


@pytest.mark.parametrize("code", ["airedale", "shipley"])
def test_a_hub_of_a_few_wards_lies_in_the_midst_of_anothers_place(
    house: House, tmp_path: Path, code: str
):
    """Whatever it is called: not the first name counts, but who says it most narrowly."""
    house.load()
    load(house, file(tmp_path / "p.csv", ONSPD))
    whole = DeclaredHub("bradford", "Bradford", HUB.organisation, ("E08000032",))
    declare_hubs(house.engine, [whole, DeclaredHub(code, "New", uuid4(), ("E05001341",))])
    assert house.get("/directory/postcodes/BD18 3NN")["hub"] == code
    declare_hubs(house.engine, [DeclaredHub(code, "New", uuid4())])
    assert house.get("/directory/postcodes/BD18 3NN")["hub"] == "bradford"


def test_an_area_is_shown_with_its_boundary(house: House, tmp_path: Path):
    ward = square("E05001341", "Baildon", -1.8, 53.8, LAD25CD="E08000032")
    load(
        house,
        boundaries(tmp_path / "a.geojson", ward, square("E08000032", "Bradford", -2, 53.7, 0.5)),
    )

    (listed,) = house.get("/directory/areas", kind="ward", within="E08000032")["contents"]
    assert listed == {
        "code": "E05001341", "kind": "ward", "name": "Baildon", "parent": "E08000032"
    }  # fmt: skip
    feature = house.get("/directory/areas/E05001341")
    assert feature["geometry"] == ward["geometry"]
    assert feature["properties"] == listed
    assert house.get("/directory/areas/E05999999", 404)["element"] == "code"
    assert house.get("/directory/areas/%00", 404)["element"] == "code"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("wards.csv", "ward_code,ward\nE05001341,Baildon\n", "neither the columns"),
        ("empty.csv", "", "neither the columns"),
        ("binary.csv", "\x00\x01", "neither the columns"),
        ("none.csv", "postcode,lat,long\nnonsense,1,2\n", "Nothing in none.csv"),
        ("broken.geojson", "{", "cannot be read as GeoJSON"),
        ("other.json", '{"type": "Topology"}', "no GeoJSON FeatureCollection"),
        ("broken.zip", "no archive", "cannot be read"),
        ("broken.csv.gz", "no archive", "cannot be read"),
    ],
)
def test_another_file_is_refused_in_words(
    house: House, tmp_path: Path, name: str, content: str, words: str
):
    with pytest.raises(NotOfficial, match=words):
        load(house, file(tmp_path / name, content))


def test_a_bad_boundary_is_named_and_the_others_are_taken(house: House, tmp_path: Path):
    grid = square("E05001342", "In metres", 410_000, 430_000, 1000)
    line = {"type": "Feature", "properties": {"code": "E05001343", "name": "Line"}, "geometry": {
        "type": "LineString", "coordinates": [[-1.8, 53.8], [-1.7, 53.8]]}}  # fmt: skip
    country = square("E92000001", "England", -2, 53)
    good = square("E05001341", "Baildon", -1.8, 53.8)

    report = load(house, boundaries(tmp_path / "w.geojson", grid, line, country, None, good))

    assert (report.stored, report.refused) == (1, 4)
    assert "not in degrees" in report.reasons[0]
    assert "no Polygon" in report.reasons[1]
    assert "none of a ward, local authority or LSOA" in report.reasons[2]


def test_the_command_tells_what_came_of_each_file(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    engines = nullcontext({"providers": house.engine})
    monkeypatch.setattr("deploy.every_database.every_database", lambda *_: engines)
    postcodes = file(tmp_path / "ONSPD.csv", ONSPD)
    country = square("E92000001", "England", -2, 53)
    areas = boundaries(
        tmp_path / "areas.geojson", square("E08000032", "Bradford", -1.9, 53.8), country
    )

    done = CliRunner().invoke(app, ["places", str(postcodes), str(areas)])

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "ONSPD.csv: postcodes, 5 read, 2 stored, 2 of them new or changed, 3 refused",
        "areas.geojson: boundaries, 2 read, 1 stored, 1 of them new or changed, 1 refused",
    ]
    assert "none of a ward, local authority or LSOA" in done.stderr
    found = house.get("/directory/postcodes/BD18 3NN")
    assert found["local_authority"] == {"code": "E08000032", "name": "Bradford"}


def test_of_a_folder_what_is_official_comes_in_and_the_rest_is_told(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    engines = nullcontext({"providers": house.engine})
    monkeypatch.setattr("deploy.every_database.every_database", lambda *_: engines)
    other = file(tmp_path / "A.csv", "name\nNothing official\n")
    file(tmp_path / "ONSPD.csv", ONSPD)
    (tmp_path / "notes.txt").write_text("for people")

    done = CliRunner().invoke(app, ["places", str(tmp_path)])

    assert done.exit_code == 0, done.output
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["ONSPD.csv"]
    assert "left: A.csv has neither" in done.stderr

    (tmp_path / "empty").mkdir()
    nothing = CliRunner().invoke(app, ["places", str(tmp_path / "empty")])
    assert nothing.exit_code != 0, "nothing came in, and whoever typed it is told"
    assert "no file was taken: give postcodes" in str(nothing.exception)

    named = CliRunner().invoke(app, ["places", str(other), str(tmp_path / "ONSPD.csv")])
    assert named.exit_code != 0, "what was asked for by name is missed"
    assert "ONSPD.csv: postcodes" in named.stdout, "and keeps no other one out"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the official files are not on this machine")
def test_the_official_files_of_west_yorkshire(house: House, tmp_path: Path):
    with gzip.open(SHARED / "wy-postcodes.csv.gz", "rt") as lines:
        some = file(tmp_path / "postcodes.csv", "".join(islice(lines, 2_001)))
    names = ("wy-imd2025-lsoa21.csv", "wy-local-authorities.geojson", "wy-wards.geojson")

    counts = [load(house, path).stored for path in (some, *(SHARED / name for name in names))]

    assert counts == [2_000, 1_404, 5, 124]
    found = house.get("/directory/postcodes/BD1 1AA")
    assert found["local_authority"] == {"code": "E08000032", "name": "Bradford"}
    assert found["ward"]["name"] == "City"
    assert found["deprivation_decile"] == 3
