"""What was stored before a parameter was declared is found by it after indexing again."""

from sqlalchemy import text
from sqlmodel import Session

from shared.fhir.store import Access
from tests.fhir.store.kit import NORTH, SOUTH, Shelf, patient

TABLES = ("date", "string", "quantity", "link")


def rows(shelf: Shelf) -> list[list[str]]:
    """All derived rows."""
    tables = [f"document_{name}" for name in (*TABLES, "search")]
    with Session(shelf.engine) as session:
        return [
            sorted(map(str, session.execute(text(f"select x::text from {t} x")))) for t in tables
        ]


def forget(shelf: Shelf) -> None:
    """As if an older version had stored everything, which knew no parameter."""
    with shelf.engine.begin() as connection:
        for name in TABLES:
            connection.execute(text(f"delete from document_{name}"))
        none = "update document_search set terms = '{}', sorted_at = '-infinity'"
        connection.execute(text(none))


def index(shelf: Shelf, after: int = 0) -> list[int]:
    with shelf.open() as store:
        found = store.to_index(after, 2)
        for pk in found:
            store.reindex(pk)
        return found


def test_indexing_again_makes_what_storing_made(shelf: Shelf):
    practice = shelf.put({"resourceType": "Organization", "name": "Mill"})
    more = {"managingOrganization": {"reference": practice.reference}, "birthDate": "1980"}
    person = shelf.put(patient("Sykes", **more), SOUTH)
    place = {"latitude": 53.7, "longitude": -1.8}
    shelf.put({"resourceType": "Location", "position": place})
    gone = shelf.put(patient("Gone"))
    with shelf.open() as store:
        store.delete("Patient", gone.id)
    before = rows(shelf)
    query = "family=sykes&organization.name=mill&birthdate=1980"
    forget(shelf)
    assert shelf.ids("Patient", query) == []
    first = index(shelf)
    second = index(shelf, first[-1])
    assert (len(first), len(second), index(shelf, second[-1])) == (2, 1, [])
    assert rows(shelf) == before
    index(shelf)
    assert rows(shelf) == before
    assert shelf.ids("Patient", query, NORTH) == [person.id]
    assert shelf.ids("Patient", "family=sykes", SOUTH) == [person.id]
    with shelf.open() as store:
        assert store.read("Patient", person.id, Access.of(NORTH)).body == person.body
        store.reindex(gone.pk)  # nothing to do
    assert rows(shelf) == before
