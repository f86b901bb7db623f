"""Every form in which listings come is read, and the same listings come of it."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.providers.importing.material import FolderMaterial
from services.providers.importing.outcomes import RunState
from tests.providers.conftest import House
from tests.providers.importing.conftest import Importer, told
from tests.providers.importing.feeds import key, organization, page, service

EXAMPLES = Path(__file__).parents[4] / "shared" / "data" / "hsds" / "examples"


def two() -> list[dict[str, Any]]:
    return [service("Choir", description="Sing!"), service("Chess", description="Mate!")]


def bare() -> list[dict[str, Any]]:
    """The same without their organisation."""
    return [{name: each[name] for name in each if name != "organization"} for each in two()]


def lines(records: list[Any]) -> bytes:
    return b"\n".join(map(orjson.dumps, records)) + b"\n"


FORMS: dict[str, Any] = {
    "a list": two(),
    "a page": page(two()),
    "a page of version 1": {"totalElements": 2, "totalPages": 1, "content": two()},
    "several lists": {"services": bare(), "organizations": [organization()]},
    "an organisation with its services": [organization(services=bare())],
    "a record a line": lines(two()),
    "services before their organisation": lines([*bare(), organization()]),
    "with a byte order mark": b"\xef\xbb\xbf" + orjson.dumps(two()),
    "UTF-16": json.dumps(two()).encode("utf-16"),
    "lines that end as on Windows": lines(two()).replace(b"\n", b"\r\n\r\n"),
    "printed with spaces": json.dumps(two(), indent=4).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_read_in_whatever_form_it_comes(importer: Importer, form: str):
    report = importer.file(FORMS[form])
    assert report.state is RunState.COMPLETE, report.why
    assert importer.names() == ["Chess", "Choir"]
    assert report.counts["taken"] == 3
    listed = importer.house.get(f"/directory/services/{key('service Choir')}")
    assert listed["description"] == "Sing!"
    assert listed["organization"]["name"] == "Hebble Arts"


def test_a_file_in_an_office_programs_characters_is_read_and_told(importer: Importer):
    listed = [service("Café ‘Ò’"), service("Chess")]
    body = json.dumps(listed, ensure_ascii=False).encode("windows-1252")
    report = importer.file(body)
    assert importer.names() == ["Café ‘Ò’", "Chess"]
    assert told(report, "entity", "rule") == [("file", "charset")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>Sorry</html>", "This is not JSON"),
        (b"{", "This is not JSON"),
        (b"Tea on Monday", "Listings are read from JSON, or from CSV files"),
        (b'"a text"', "neither a record nor a list"),
        (b'{"error": "no such page"}', "There is no record in this document"),
        (b"[" * 100_000, "nested too deep"),
        (b"PK\x03\x04 no ZIP file", "This is not JSON"),
    ],
)
def test_what_holds_no_listings_is_refused_in_words(importer: Importer, content: Any, words: str):
    report = importer.file(content)
    assert report.state is RunState.BROKEN
    assert report.why is not None
    assert words in report.why


def test_a_line_that_is_no_record_is_told_and_the_others_are_taken(importer: Importer):
    first, second = two()
    report = importer.file(lines([first, second]) + b"{oops\n[1]\n" + lines([service("Walk")]))
    assert importer.names() == ["Chess", "Choir", "Walk"]
    assert told(report, "outcome", "rule", "given") == [
        ("refused", "unreadable", "line 3"),
        ("refused", "unreadable", "line 4"),
    ]


# --- the HSDS examples, and the data package -------------------------------------------------


def test_the_examples_of_hsds_come_out_as_they_went_in(importer: Importer):
    """Apart from what no listing here has, and coordinates beyond the poles."""
    given = json.loads((EXAMPLES / "service_full.json").read_bytes())
    report = importer.file(given)
    assert {rule for (rule,) in told(report, "rule")} == {
        "unknown-parent",
        "left-out",
        "contradiction",
    }
    found = importer.house.get(f"/directory/services/{given['id']}")
    same = "id name alternate_name url email status fees fees_description minimum_age maximum_age"
    same += " accreditations eligibility_description interpretation_services assured_date alert"
    assert {name: found[name] for name in same.split()} == {
        name: given[name] for name in same.split()
    }
    for name in ("schedules", "service_areas", "languages", "funding", "contacts", "attributes"):
        assert [each["id"] for each in found[name]] == [each["id"] for each in given[name]], name
    (at,), (told_at,) = found["service_at_locations"], given["service_at_locations"]
    assert at["location"]["id"] == told_at["location"]["id"]
    assert at["location"]["addresses"][0]["address_1"] == "1-30 Main Street, MyVillage"
    term = found["attributes"][0]["taxonomy_term"]
    assert term["name"] == given["attributes"][0]["taxonomy_term"]["name"]
    assert importer.file(given).counts["unchanged"] == 2


@pytest.mark.parametrize(
    "example", ["taxonomy", "taxonomy_list", "taxonomy_term", "taxonomy_term_list"]
)
def test_an_example_of_a_term_or_a_taxonomy_is_no_organisation(importer: Importer, example: str):
    report = importer.file(json.loads((EXAMPLES / f"{example}.json").read_bytes()))
    assert (report.state, report.counts) == (RunState.COMPLETE, {})
    assert importer.house.get("/directory/organizations")["total_items"] == 2, "the house's own"
    terms = importer.house.get("/directory/taxonomy_terms", search="description")["contents"]
    assert [each["code"] for each in terms] == (["code"] if "term" in example else [])


@pytest.mark.parametrize(
    ("example", "words"),
    [
        ("location", "This is a location"),
        ("service_at_location_full", "This is a service at a location"),
        ("service_at_location_list", "item 1: This is a service at a location"),
    ],
)
def test_an_example_of_a_part_of_a_listing_says_where_it_belongs(
    importer: Importer, example: str, words: str
):
    report = importer.file(json.loads((EXAMPLES / f"{example}.json").read_bytes()))
    why = report.why or report.findings[0]["words"]
    assert why.startswith(words)
    assert report.counts.get("taken", 0) == 0


def test_a_point_makes_no_place_of_a_service_or_an_organisation(importer: Importer):
    point = {"latitude": 53.72, "longitude": -1.86}
    report = importer.file(
        [service("Choir") | point, organization("Two", email="a@b.example") | point]
    )
    assert report.counts["taken"] == 3


def test_what_one_kersey_publishes_another_takes_as_it_is(demo: House, importer: Importer):
    published = demo.get("/directory/services", full="true", per_page=500)["contents"]
    report = importer.file(published)
    assert report.findings == []
    taken = importer.house.get("/directory/services", full="true", per_page=500)["contents"]
    own = {"last_modified", "capacities"}  # how much room there is, nobody says for another
    without = [
        [{name: each[name] for name in each if name not in own} for each in listed]
        for listed in (published, taken)
    ]
    assert without[0] == without[1]


def test_a_data_package_is_the_same_listing_as_its_json(importer: Importer):
    importer.file(json.loads((EXAMPLES / "service_full.json").read_bytes()))
    nested = importer.house.get("/directory/services/ac148810-d857-441c-9679-408f346de14b")
    importer.of(FolderMaterial(EXAMPLES / "csv"))
    tabular = importer.house.get("/directory/services/ac148810-d857-441c-9679-408f346de14b")
    for name in ("contacts", "service_areas", "cost_options", "languages", "funding"):
        assert [each["id"] for each in tabular[name]] == [each["id"] for each in nested[name]]
    (at,) = tabular["service_at_locations"]
    assert [each["byday"] for each in at["schedules"]] == ["TH,FR"]
    assert tabular["contacts"][0]["phones"][0]["number"] == '"+44 1234 234567"'


def package(**files: list[dict[str, Any]]) -> bytes:
    """A zipped data package, one folder deep as programs make it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, rows in files.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, sorted({column for row in rows for column in row}))
            writer.writeheader()
            writer.writerows(rows)
            archive.writestr(f"package/{name}.csv", "\ufeff" + text.getvalue())
        archive.writestr("__MACOSX/._services.csv", b"\x00\x01")
    return made.getvalue()


def test_a_zipped_package_is_joined(importer: Importer):
    report = importer.file(
        package(
            services=[{"id": "1", "organization_id": "7", "name": "Choir", "status": "active"}],
            organizations=[{"id": "7", "name": "Hebble Arts", "description": "Invented."}],
            service_at_locations=[{"id": "5", "service_id": "1", "location_id": "9"}],
            locations=[
                {"id": "9", "name": "Hall", "latitude": "53.72", "longitude": "-1.86"},
            ],
            schedules=[
                {"id": "2", "service_id": "1", "byday": "MO", "freq": "WEEKLY"},
                {"id": "3", "service_id": "1", "service_at_location_id": "5", "byday": "TU"},
            ],
            attributes=[{"id": "4", "link_id": "1", "taxonomy_term_id": "77"}],
            taxonomy_terms=[{"id": "77", "name": "Singing", "taxonomy": "Arts"}],
            phones=[{"id": "6", "service_id": "1", "number": "01422 000000"}],
        )
    )
    assert report.counts == {"organizations": 1, "services": 1, "taken": 2}
    (listed,) = importer.house.get("/directory/services", full="true")["contents"]
    assert [each["byday"] for each in listed["schedules"]] == ["MO"]
    (at,) = listed["service_at_locations"]
    assert (at["location"]["name"], at["location"]["latitude"]) == ("Hall", 53.72)
    assert [each["byday"] for each in at["schedules"]] == ["TU"]
    assert listed["contacts"][0]["phones"][0]["number"] == "01422 000000"
    assert listed["attributes"][0]["taxonomy_term"]["name"] == "Singing"


def test_whom_to_ring_is_joined_wherever_a_package_has_it(importer: Importer):
    importer.file(
        package(
            organizations=[{"id": "7", "name": "Hebble Arts"}],
            services=[{"id": "1", "organization_id": "7", "name": "Choir", "status": "active"}],
            service_at_locations=[{"id": "5", "service_id": "1", "location_id": "9"}],
            locations=[{"id": "9", "name": "Hall"}],
            contacts=[
                {"id": "a", "service_at_location_id": "5", "name": "Ann"},
                {"id": "b", "location_id": "9", "name": "Bob"},
            ],
            phones=[
                {"id": "c", "contact_id": "a", "number": "01422 000001"},
                {"id": "d", "service_at_location_id": "5", "number": "01422 000002"},
                {"id": "e", "location_id": "9", "number": "01422 000003"},
            ],
        )
    )
    (found,) = importer.house.get("/directory/services", full="true")["contents"]
    told = {
        (each.get("name"), *(phone["number"] for phone in each.get("phones", ())))
        for each in found["contacts"]
    }
    assert told == {
        ("Ann", "01422 000001"), ("Bob",), (None, "01422 000002"), (None, "01422 000003"),
    }  # fmt: skip


def test_a_service_of_version_1_may_name_its_place_itself(importer: Importer):
    service = {"id": "1", "organization_id": "7", "location_id": "9", "name": "Choir"}
    importer.file(
        package(
            organizations=[{"id": "7", "name": "Hebble Arts"}],
            services=[service | {"status": "active"}],
            locations=[{"id": "9", "organization_id": "7", "name": "Hall"}],
        )
    )
    (found,) = importer.house.get("/directory/services", full="true")["contents"]
    assert found["service_at_locations"][0]["location"]["name"] == "Hall"


def test_a_package_of_version_1_is_joined_whether_its_files_have_one_name_or_the_other(
    importer: Importer,
):
    report = importer.file(
        package(
            service=[{"id": "1", "organization_id": "7", "name": "Choir"}],
            organizations=[{"id": "7", "name": "Hebble Arts", "url": "https://hebble.example"}],
            services_at_location=[{"id": "5", "service_id": "1", "location_id": "9"}],
            location=[{"id": "9", "name": "Hall"}],
            physical_addresses=[
                {"id": "8", "location_id": "9", "address_1": "1 Mill Lane", "city": "Halifax",
                 "state_province": "West Yorkshire", "postal_code": "HX1 1AA", "country": "GB"}
            ],
            accessibility_for_disabilities=[
                {"id": "3", "location_id": "9", "accessibility": "A ramp"}
            ],
            regular_schedules=[{"id": "2", "service_id": "1", "byday": "MO"}],
            eligibility=[{"id": "4", "service_id": "1", "minimum_age": "18"}],
            services_taxonomy=[{"id": "6", "service_id": "1", "taxonomy_id": "t"}],
            taxonomy=[{"id": "t", "name": "Choirs", "vocabulary": "ESD"}],
        )
    )  # fmt: skip
    assert report.counts["taken"] == 2
    (listed,) = importer.house.get("/directory/services", full="true")["contents"]
    location = listed["service_at_locations"][0]["location"]
    assert location["addresses"][0]["postal_code"] == "HX1 1AA"
    assert location["accessibility"][0]["accessibility"] == "A ramp"
    assert (listed["schedules"][0]["byday"], listed["minimum_age"]) == ("MO", 18)
    term = listed["attributes"][0]["taxonomy_term"]
    assert (term["name"], term["taxonomy"]) == ("Choirs", "ESD")
    assert listed["organization"]["website"] == "https://hebble.example"


def test_a_table_that_is_parted_by_semicolons_is_read(importer: Importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("organizations.csv", 'id;name\r\n7;"Hebble; Arts, all"\r\n')
        archive.writestr("services.csv", "id;organization_id;name\r\n1;7;Choir\r\n")
    assert importer.file(made.getvalue()).counts["taken"] == 2
    (listed,) = importer.house.get("/directory/services", full="true")["contents"]
    assert listed["organization"]["name"] == "Hebble; Arts, all"


def test_a_table_may_say_first_what_parts_its_cells(importer: Importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("organizations.csv", "sep=;\r\nid;name\r\n7;Hebble, Arts\r\n")
        archive.writestr("services.csv", "SEP=|\nid|organization_id|name\n1|7|Choir\n")
    importer.file(made.getvalue())
    assert importer.names() == ["Choir"]


def test_a_cell_may_be_as_long_as_a_record(importer: Importer):
    """A boundary, in one cell of `service_areas.csv`."""
    extent = json.dumps({"type": "MultiPoint", "coordinates": [[-1.8, 53.7]] * 20_000})
    report = importer.file(
        package(
            organizations=[{"id": "7", "name": "Hebble Arts"}],
            services=[{"id": "1", "organization_id": "7", "name": "Choir", "status": "active"}],
            service_areas=[{"id": "2", "service_id": "1", "extent": extent}],
        )
    )
    assert report.state is RunState.COMPLETE, report.why
    (found,) = importer.house.get("/directory/services", full="true")["contents"]
    assert found["service_areas"][0]["extent"] == extent


def test_a_table_without_a_head_is_told(importer: Importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("organizations.csv", "id,name\n7,Hebble Arts\n")
        archive.writestr("services.csv", "1,7,Choir,active\n2,7,Chess,active\n")
    report = importer.file(made.getvalue())
    assert ("services.csv line 1", "unreadable") in told(report, "given", "rule")


def test_a_quotation_that_is_never_closed_swallows_no_rows_in_silence(importer: Importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("organizations.csv", 'id,name,description\n7,Hebble,"Two\n\nlines"\n')
        archive.writestr(
            "services.csv", 'id,organization_id,name\n\n\n1,7,A\n2,7,"B\n3,7,C\n4,7,D\n'
        )
    report = importer.file(made.getvalue())
    assert importer.names() == ["A"]
    assert told(report, "outcome", "rule", "given") == [
        ("refused", "unreadable", "services.csv line 5")
    ]


def test_a_table_that_nobody_knows_is_told_and_one_that_is_not_kept_is_not(importer: Importer):
    owners = [{"id": "7", "name": "Hebble Arts", "description": "Invented."}]
    report = importer.file(
        package(organizations=owners, programs=[{"id": "1"}], organisatons=[{"id": "2"}])
    )
    assert told(report, "outcome", "rule", "given") == [
        ("refused", "unreadable", "organisatons.csv")
    ]
    assert report.counts["taken"] == 1


def test_a_package_whose_folders_are_parted_as_on_windows_is_read(importer: Importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("hsds\\Organizations.CSV", "id,name\n7,Hebble Arts\n")
    assert importer.file(made.getvalue()).counts["taken"] == 1


def test_a_table_that_is_in_a_package_twice_is_refused(importer: Importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for folder in ("2025", "2026"):
            archive.writestr(f"{folder}/organizations.csv", f"id,name\n7,Hebble {folder}\n")
    report = importer.file(made.getvalue())
    assert report.why == ("organizations.csv is in this ZIP file more than once: send one package.")


def test_a_package_with_nothing_in_it_is_refused(importer: Importer):
    report = importer.file(package(locations=[{"id": "9"}]))
    assert report.state is RunState.BROKEN
    assert report.why == "There is neither services.csv nor organizations.csv in it."


# --- ids -------------------------------------------------------------------------------------


def test_an_id_that_is_no_uuid_is_mapped_and_kept(importer: Importer):
    listed = [
        service("Choir", id="A/1", schedules=[{"id": 5, "byday": "MO"}]),
        service("Chess", id=17),
    ]
    importer.file(listed)
    first = importer.house.get("/directory/services")["contents"]
    report = importer.file([each | {"fees": "1 pound"} for each in listed])
    assert report.counts["taken"] == 2
    again = importer.house.get("/directory/services")["contents"]
    assert [each["id"] for each in again] == [each["id"] for each in first]
    with importer.house.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT entity, given FROM source_record").all()
        below = connection.exec_driver_sql("SELECT entity, given FROM given_id").all()
    assert {("service", "A/1"), ("service", "17")} <= set(map(tuple, kept))
    assert [tuple(each) for each in below] == [("schedule", "5")]


def test_a_room_of_two_organisations_is_listed_for_both(importer: Importer):
    room = {"id": key("room"), "name": "Hall", "latitude": 53.7, "longitude": -1.9}
    at: dict[str, Any] = {"service_at_locations": [{"id": key("at"), "location": room}]}
    report = importer.file([service("Choir", **at), service("Chess", "Other", **at)])
    assert report.counts["taken"] == 4
    assert "refused" not in report.counts
    assert importer.house.count("location") == 2


@pytest.mark.parametrize("given", [None, "", True, [], "x" * 301])
def test_a_record_without_an_id_is_refused(importer: Importer, given: Any):
    report = importer.file([service("Choir", id=given), service("Chess")])
    assert ("refused", "id") in told(report, "outcome", "element")
    assert importer.names() == ["Chess"]


@pytest.mark.parametrize("odd", ["\x00", "\x1b", "\ud800"], ids=ascii)
def test_what_no_database_holds_in_an_id_or_a_name_ends_no_import(importer: Importer, odd: str):
    owner = organization("Owner", id=f"o{odd}1", parent_organization_id=f"p{odd}")
    listed = [
        service("Choir", id=f"s{odd}1", organization_id=f"o{odd}1", organization=owner),
        service("Chess", id=None) | {"name": f"Ch{odd}ess"},
        service("Baking", id=f"s{odd}2", organization_id=f"no{odd}where", organization=None),
    ]
    content = b"\n".join(json.dumps(each).encode() for each in listed)
    report = importer.file(content)
    assert importer.names() == ["Choir"]
    assert sorted(told(report, "given", "rule")) == [
        ("Chess", "refused"), ("o1", "unknown-parent"), ("s2", "refused"),
    ]  # fmt: skip
    assert "taken" not in importer.file(content).counts


def test_of_two_records_with_one_id_the_first_counts(importer: Importer):
    report = importer.file(
        [service("Choir"), service("Choir") | {"name": "Other"}, service("Choir")]
    )
    assert told(report, "outcome", "rule", "element") == [("refused", "duplicate-id", "id")]
    assert importer.names() == ["Choir"]


# --- parents ---------------------------------------------------------------------------------


def below(name: str, parent: str) -> dict[str, Any]:
    return organization(name, parent_organization_id=key(parent))


def parents(importer: Importer) -> dict[str, str | None]:
    """The parent of each organisation, by name."""
    found = importer.house.get("/directory/organizations", per_page=500)["contents"]
    names = {each["id"]: each["name"] for each in found}
    return {
        each["name"]: names.get(each.get("parent_organization_id"))
        for each in found
        if each["name"] not in ("Owner", "Other")
    }


def test_a_parent_may_come_after_its_children(importer: Importer):
    report = importer.file([below("C", "B"), below("B", "A"), organization("A")])
    assert report.findings == []
    assert parents(importer) == {"A": None, "B": "A", "C": "B"}
    assert importer.file([below("C", "B"), below("B", "A"), organization("A")]).counts == {
        "organizations": 3,
        "unchanged": 3,
    }


@pytest.mark.parametrize(
    "listed",
    [
        [below("A", "A"), organization("B")],
        [below("A", "B"), below("B", "A")],
        [below("A", "nobody"), organization("B")],
    ],
    ids=["of itself", "in a circle", "of nobody"],
)
def test_a_parent_that_cannot_be_is_left_out(importer: Importer, listed: list[Any]):
    report = importer.file(listed)
    assert {rule for (rule,) in told(report, "rule")} == {"unknown-parent"}
    found = parents(importer)
    assert found.keys() == {"A", "B"}
    assert None in found.values()


def test_a_circle_is_opened_at_one_place_and_whoever_is_below_it_keeps_its_parent(
    importer: Importer,
):
    """Also where more wait for each other than are taken at once."""
    names = [f"{number:03}" for number in range(150)]
    listed = [below(name, names[at - 1]) for at, name in enumerate(names)]
    listed += [below("Below", names[70]), below("Lower", "Below"), below("Own", "Own")]
    report = importer.file(listed)
    assert len(told(report, "rule")) == 2
    found = parents(importer)
    assert [name for name in found if found[name] is None] == [
        next(name for name in names if found[name] is None), "Own",
    ]  # fmt: skip
    assert (found["Below"], found["Lower"]) == (names[70], "Below")
    assert importer.file(listed).counts == {"organizations": 153, "unchanged": 153}


def test_a_circle_that_a_later_import_would_close_is_left_open(importer: Importer):
    importer.file([organization("A"), below("B", "A")])
    report = importer.file([below("A", "B"), below("B", "A")])
    assert told(report, "rule", "given") == [("unknown-parent", key("A"))]
    assert parents(importer) == {"A": None, "B": "A"}


def test_services_wait_for_an_organisation_whose_parent_never_comes(importer: Importer):
    """However many wait, and in whichever order they came."""
    names = [f"Choir {number:03}" for number in range(150)]
    listed = [{**service(name, "B"), "organization": None} for name in names]
    owners = [below("B", "A"), below("A", "nobody")]
    report = importer.file([*listed, *owners])
    assert [each["rule"] for each in report.findings] == ["unknown-parent"]
    assert importer.names() == names
    assert parents(importer) == {"A": None, "B": "A"}
    assert importer.file([*listed, *owners]).counts == {
        "organizations": 2, "services": 150, "unchanged": 152,
    }  # fmt: skip


def test_services_wait_for_organisations_that_wait_for_each_other(importer: Importer):
    listed = [{**service(f"Choir {number:03}", "B"), "organization": None} for number in range(120)]
    report = importer.file([*listed, below("B", "A"), below("A", "B")])
    assert "refused" not in report.counts
    assert report.counts["taken"] == 122


def test_of_two_organisations_with_one_id_the_first_counts_also_while_it_waits(importer: Importer):
    owner = organization(parent_organization_id=key("nobody"))
    listed = [service(f"Choir {number:03}", organization=owner) for number in range(101)]
    listed += [
        service("Chess"),
        service("Walk", organization=organization() | {"email": "a@b.example"}),
    ]
    assert importer.file(listed).counts["taken"] == 104
    assert "taken" not in importer.file(listed).counts


def test_an_id_is_not_taken_for_another_that_begins_with_it(importer: Importer):
    longest = "o" * 300
    owner = organization() | {"id": longest}
    other = service() | {"organization_id": f"{longest}x"}
    del other["organization"]
    report = importer.file([owner, other])
    assert told(report, "entity", "outcome", "element") == [
        ("service", "refused", "organization_id")
    ]


def test_a_service_of_nobody_is_refused(importer: Importer):
    report = importer.file([{**bare()[0], "organization_id": key("x")}, *two()[1:]])
    assert told(report, "outcome", "element") == [("refused", "organization_id")]
    assert importer.names() == ["Chess"]
