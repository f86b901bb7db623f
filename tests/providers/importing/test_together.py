"""A batch of records is written together: what one more costs is its rows, not a round trip."""

from typing import Any

from sqlalchemy import event

from tests.providers.importing import feeds
from tests.providers.importing.conftest import Importer


def _sent(importer: Importer, services: list[dict[str, Any]], **wish: Any) -> list[bool]:
    """The statements of an import; of each, whether it goes to the database row by row."""
    sent: list[bool] = []

    def note(_c: object, _k: object, _t: str, _g: object, _x: object, row_by_row: bool) -> None:
        sent.append(row_by_row)

    engine = importer.house.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        report = importer.file(services, **wish)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert report.counts["services"] == len(services)
    return sent


def test_more_records_in_a_batch_are_no_more_statements(importer: Importer) -> None:
    names = [f"Choir {number}" for number in range(90)]
    few = _sent(importer, [feeds.service(name) for name in names[:5]], source="few")
    many = _sent(importer, [feeds.service(name, "Wharf") for name in names[5:]], source="many")
    assert not any(few + many)
    assert len(many) == len(few)


def test_what_is_shown_of_a_batch_is_what_its_tables_hold(importer: Importer) -> None:
    # Gathered from what was about to be written: the house compares both when the test ends.
    room = {"id": feeds.key("room"), "name": "Room", "latitude": 53.7, "longitude": -1.9}
    said = feeds.service(
        cost_options=[{"id": feeds.key("cost"), "amount": 2.675}],
        schedules=[{"id": feeds.key("hours"), "byday": "MO", "opens_at": "09:30:00Z"}],
        service_at_locations=[{"id": feeds.key("at"), "location": room}],
        languages=[{"id": feeds.key("tongue"), "code": "ur"}],
    )
    other = feeds.service(
        "Shed",
        service_at_locations=[
            {"id": feeds.key("other"), "location": room | {"description": "Up the stairs"}}
        ],
    )
    importer.file([said, other])
    shown = importer.house.get(f"/directory/services/{said['id']}")
    assert shown["cost_options"][0]["amount"] == 2.68
    assert shown["schedules"][0]["opens_at"] == "09:30"
    assert shown["service_at_locations"][0]["location"]["description"] == "Up the stairs"
