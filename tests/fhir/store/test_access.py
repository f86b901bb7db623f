"""Who sees what, on every hop. SOUTH must never notice what only NORTH may read."""

import pytest

from shared.fhir.outcome import FhirError
from shared.fhir.store import Access, Grant, Stored
from tests.fhir.store.kit import NORTH, SOUTH, Shelf, patient, refer, request, task

north, south, nobody = Access.of(NORTH), Access.of(SOUTH), Access.of()


@pytest.fixture
def secret(shelf: Shelf) -> Stored:
    """A Patient that only NORTH reads."""
    return shelf.put(patient("Secret", birthDate="1980-01-01", gender="female"))


def refused(act) -> int:
    with pytest.raises(FhirError) as error:
        act()
    return error.value.status


def test_read_version_and_history_are_404(shelf: Shelf, secret: Stored):
    with shelf.open() as store:
        for access in (south, nobody):
            assert refused(lambda: store.read("Patient", secret.id, access)) == 404  # noqa: B023
            assert refused(lambda: store.vread("Patient", secret.id, 1, access)) == 404  # noqa: B023
            assert refused(lambda: store.history("Patient", secret.id, access)) == 404  # noqa: B023
            assert store.find("Patient", secret.id, access) is None
            assert store.history("Patient", None, access).versions == []
            assert store.history(None, None, access).versions == []
            assert store.seen([("Patient", secret.id)], access) == set()
        assert store.read("Patient", secret.id, Access.system()).body == secret.body
        assert store.seen([("Patient", secret.id), ("Patient", "x")], north) == {
            ("Patient", secret.id)
        }


QUERIES = [
    "",
    "name=secret",
    "family:exact=Secret",
    "birthdate=1980",
    "gender=female",
    "gender:not=male",
    "active:missing=true",
    "_lastUpdated=gt2000",
    "_sort=family",
    "_sort=-birthdate",
]


@pytest.mark.parametrize("query", [*QUERIES, "_id={id}"])
def test_search_and_totals_find_nothing(shelf: Shelf, secret: Stored, query: str):
    query = query.format(id=secret.id)
    assert shelf.ids("Patient", query) == [secret.id]
    for count in ("", "&_count=0", "&_summary=count", "&_total=accurate"):
        result = shelf.search("Patient", f"{query}{count}", SOUTH)
        assert (result.matches, result.included, result.total) == ([], [], 0)


def test_what_one_sees_tells_nothing_of_what_one_does_not(shelf: Shelf, secret: Stored):
    """A chain or include from a visible document into a hidden one stops."""
    seen = shelf.put(task(**{"for": refer(secret)}), SOUTH)
    assert shelf.ids("Task", "patient.name=secret") == [seen.id]
    for chain in (
        "patient.name=secret",
        "subject:Patient.gender=female",
        f"patient._id={secret.id}",
        "patient.gender:not=male",
        "patient.active:missing=true",
        "patient.birthdate=1980",
    ):
        assert shelf.ids("Task", chain, SOUTH) == []
        assert shelf.search("Task", f"{chain}&_total=accurate", SOUTH).total == 0
    assert shelf.search("Task", "_include=Task:patient").included == [_bare(secret)]
    assert shelf.search("Task", "_include=Task:patient", SOUTH).included == []
    assert shelf.search("Task", "_include=*", SOUTH).included == []


def _bare(stored: Stored) -> Stored:
    return Stored(**{f: getattr(stored, f) for f in stored.__slots__} | {"method": ""})


def test_reverse_chains_and_includes_stop_too(shelf: Shelf):
    seen = shelf.put(patient("Open"), SOUTH)
    hidden = shelf.put(task("accepted", **{"for": refer(seen)}))
    assert shelf.ids("Patient", "_has:Task:patient:status=accepted") == [seen.id]
    assert shelf.ids("Patient", "_has:Task:patient:status=accepted", SOUTH) == []
    assert shelf.ids("Patient", "_has:Task:patient:owner:missing=true", SOUTH) == []
    assert shelf.search("Patient", "_revinclude=Task:patient").included == [_bare(hidden)]
    assert shelf.search("Patient", "_revinclude=Task:patient", SOUTH).included == []


def test_a_hidden_link_in_the_middle_breaks_a_chain(shelf: Shelf):
    person = shelf.put(patient("Far"), SOUTH)
    middle = shelf.put(request(person.reference))
    seen = shelf.put(task(focus=refer(middle)), SOUTH)
    chain = "focus:ServiceRequest.patient.name=far"
    assert shelf.ids("Task", chain) == [seen.id]
    assert shelf.ids("Task", chain, SOUTH) == []
    included = shelf.search(
        "Task", "_include=Task:focus&_include:iterate=ServiceRequest:patient", SOUTH
    )
    assert included.included == []


def test_a_new_reader_sees_from_that_version_on(shelf: Shelf):
    stored = shelf.put(task())
    with shelf.open() as store:
        store.update(task("accepted", id=stored.id))
        store.regrant("Task", stored.id, [Grant(NORTH, "test"), Grant(SOUTH, "provider")])
        store.update(task("completed", id=stored.id))

        def seen(access: Access) -> list[int]:
            return [v.version for v in store.history("Task", stored.id, access).versions]

        assert seen(north) == [3, 2, 1]  # kept what it had seen
        assert seen(south) == [3, 2]
        assert store.history("Task", stored.id, south).total == 2
        assert [v.version for v in store.history("Task", None, south).versions] == [3, 2]
        assert refused(lambda: store.vread("Task", stored.id, 1, south)) == 404
        assert store.vread("Task", stored.id, 2, south).version == 2


def test_a_former_reader_sees_nothing_any_more(shelf: Shelf):
    stored = shelf.put(task(), SOUTH)
    assert shelf.ids("Task", "status=requested", SOUTH) == [stored.id]
    with shelf.open() as store:
        store.regrant("Task", stored.id, [Grant(NORTH, "test")])
    assert shelf.ids("Task", "status=requested", SOUTH) == []
    assert shelf.ids("Task", "status=requested") == [stored.id]
    with shelf.open() as store:
        assert refused(lambda: store.read("Task", stored.id, south)) == 404
        assert refused(lambda: store.vread("Task", stored.id, 1, south)) == 404
        # Who reads again later does not get the old versions back.
        store.update(task("accepted", id=stored.id))
        store.regrant("Task", stored.id, [Grant(SOUTH, "again")])
        assert [v.version for v in store.history("Task", stored.id, south).versions] == [2]
        assert refused(lambda: store.read("Task", stored.id, north)) == 404


def test_an_update_may_change_the_readers_with_it(shelf: Shelf):
    stored = shelf.put(task())
    with shelf.open() as store:
        store.update(task("accepted", id=stored.id), grants=[Grant(SOUTH, "x"), Grant(SOUTH, "y")])
    assert shelf.ids("Task", "", SOUTH) == [stored.id]
    assert shelf.ids("Task") == []
    with shelf.open() as store:
        assert [v.version for v in store.history("Task", stored.id, south).versions] == [2]


def test_several_parties_read_together(shelf: Shelf):
    mine, theirs = shelf.hide(task(), NORTH), shelf.hide(task(), SOUTH)
    shelf.hide(task(), "third")
    with shelf.open() as store:
        result = store.search(shelf.request("Task", ""), Access.of(NORTH, SOUTH))
        assert [s.id for s in result.matches] == [mine.id, theirs.id]
        assert store.search(shelf.request("Task", "_total=accurate"), Access.system()).total == 3


def test_conditions_look_only_in_what_the_owner_sent(shelf: Shelf):
    nhs = {"identifier": [{"system": "s", "value": "1"}]}
    shared = shelf.put(patient(**nhs), SOUTH, owner=NORTH)
    with shelf.open() as store:
        assert [s.id for s in store.match("Patient", "identifier=s|1", north, NORTH)] == [shared.id]
        assert store.match("Patient", "identifier=s|1", south, SOUTH) == []
        assert [s.id for s in store.match("Patient", "identifier=s|1", south, None)] == [shared.id]
    for _ in range(3):
        shelf.put(patient(**nhs))
    with shelf.open() as store:
        assert len(store.match("Patient", "identifier=s|1", north, NORTH)) == 2  # 'several'
        assert refused(lambda: store.match("Patient", "_count=5", north, NORTH)) == 412
        assert refused(lambda: store.match("Patient", "nonsense=5", north, NORTH)) == 400


def test_a_tree_is_climbed_over_what_one_sees_alone(shelf: Shelf):
    """North's place stands between two that all see: South neither gets below nor above it."""

    def place(part_of: Stored | None, *readers: str) -> Stored:
        more = {"partOf": refer(part_of)} if part_of else {}
        return shelf.put({"resourceType": "Location", **more}, *readers)

    town = place(None, SOUTH)
    hall = place(town)
    room = place(hall, SOUTH)

    def visit(where: Stored) -> str:
        body = {"resourceType": "Encounter", "status": "planned", "class": {"code": "AMB"}}
        return shelf.put({**body, "location": [{"location": refer(where)}]}, SOUTH).id

    in_town, in_hall, in_room = visit(town), visit(hall), visit(room)
    for query, of_north, of_south in [
        (f"location:below={town.id}", [in_town, in_hall, in_room], [in_town]),
        (f"location:above={room.id}", [in_town, in_hall, in_room], [in_room]),
        (f"location:above={hall.id}", [in_town, in_hall], [in_hall]),
    ]:
        assert shelf.ids("Encounter", query) == of_north
        assert shelf.ids("Encounter", query, SOUTH) == of_south


def test_a_canonical_leads_to_what_one_sees_alone(shelf: Shelf):
    url = "http://kersey.test/Questionnaire/secret"
    shelf.put({"resourceType": "Questionnaire", "status": "active", "url": url, "title": "Secret"})
    body = {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": url}
    seen = shelf.put(body, SOUTH)
    for query in ("questionnaire.title=secret", "questionnaire.status:not=draft"):
        assert shelf.ids("QuestionnaireResponse", query) == [seen.id]
        assert shelf.ids("QuestionnaireResponse", query, SOUTH) == []
    along = "_include=QuestionnaireResponse:questionnaire"
    assert len(shelf.search("QuestionnaireResponse", along).included) == 1
    assert shelf.search("QuestionnaireResponse", along, SOUTH).included == []
    hidden = shelf.put({**body, "status": "stopped"})
    shown = shelf.put({"resourceType": "Questionnaire", "status": "draft", "url": url}, SOUTH)
    asked = "_has:QuestionnaireResponse:questionnaire:status=stopped"
    assert shown.id in shelf.ids("Questionnaire", asked)
    assert shelf.ids("Questionnaire", asked, SOUTH) == []
    back = "_revinclude=QuestionnaireResponse:questionnaire"
    assert [s.id for s in shelf.search("Questionnaire", back, SOUTH).included] == [seen.id]
    assert hidden.id in [s.id for s in shelf.search("Questionnaire", back).included]
