"""An import as a whole: twice is once, what vanishes, and what people here wrote since."""

import io
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.providers.importing.material import FileMaterial
from services.providers.importing.outcomes import RunState
from services.providers.importing.runs import Busy, Import, NotHeld, Wish, accept
from services.providers.importing.sources import OtherHubs
from shared.database import Lease
from tests.providers.conftest import NOW
from tests.providers.importing.conftest import Importer, told
from tests.providers.importing.feeds import key, organization, service
from tests.providers.listings import HUB

FIVE = ("Choir", "Knitting", "Walking", "Chess", "Baking")


def five(**more: Any) -> list[dict[str, Any]]:
    return [service(name, **more) for name in FIVE]


def types(events: list[Any]) -> list[str]:
    return [each["type"].removeprefix("kersey.directory.") for each in events]


def test_what_is_new_is_published_and_told(importer: Importer):
    start = importer.house.position()
    report = importer.file(five())
    assert report.state is RunState.COMPLETE
    assert report.counts == {"organizations": 1, "services": 5, "taken": 6}
    assert importer.names() == sorted(FIVE)
    told = types(importer.house.events(after=start))
    assert told == ["provider.published.v1", *["service.published.v1"] * 5]
    owner = importer.house.get(f"/directory/organizations/{key('Hebble Arts')}")
    assert owner["name"] == "Hebble Arts"


def test_the_same_again_changes_nothing_and_tells_nobody(importer: Importer):
    importer.file(five())
    start = importer.house.position()
    report = importer.file(five())
    assert report.counts == {"organizations": 1, "services": 5, "unchanged": 6}
    assert importer.house.position() == start


def test_another_form_of_the_same_changes_nothing_either(importer: Importer):
    importer.file(five())
    start = importer.house.position()
    report = importer.file(five(last_modified="2026-11-20T10:00:00Z", description=None))
    assert report.counts["unchanged"] == 6
    assert importer.house.position() == start


def test_only_what_changed_is_told(importer: Importer):
    importer.file(five())
    start = importer.house.position()
    changed = five()
    changed[1] |= {"description": "With tea"}
    report = importer.file(changed)
    assert (report.counts["taken"], report.counts["unchanged"]) == (1, 5)
    (event,) = importer.house.events(after=start)
    assert event["data"]["listing"]["description"] == "With tea"


def test_what_vanished_is_withdrawn_and_comes_back_with_its_source(importer: Importer):
    importer.file(five())
    start = importer.house.position()
    report = importer.file(five()[1:])
    assert report.state is RunState.COMPLETE
    assert told(report, "outcome", "rule", "given") == [
        ("withdrawn", "vanished", key("service Choir"))
    ]
    assert types(importer.house.events(after=start)) == ["service.withdrawn.v1"]
    assert "Choir" not in importer.names()
    start = importer.house.position()
    importer.file(five())
    assert types(importer.house.events(after=start)) == ["service.published.v1"]
    assert "Choir" in importer.names()


SHRANK = "It is no longer in 'calderdale'. So much had gone that a person accepted it."


def withdrawn_by(importer: Importer) -> list[tuple[str, str]]:
    """By whom and why listings were withdrawn, in order."""
    with importer.house.engine.connect() as connection:
        wanted = "SELECT by, why FROM listing_act WHERE what = 'withdrawn' ORDER BY position"
        return [(row.by, row.why) for row in connection.execute(text(wanted))]


def test_a_source_that_shrinks_too_much_is_held_until_somebody_accepts(importer: Importer):
    importer.file(five())
    report = importer.file(five()[2:])
    assert report.state is RunState.HELD
    assert report.why is not None
    assert report.why.startswith("2 of 5 services are no longer in the source.")
    assert importer.names() == sorted(FIVE)
    start = importer.house.position()
    accepted = accept(importer.house.directory, report.id, "their coordinator")
    assert (accepted.state, accepted.counts["withdrawn"]) == (RunState.COMPLETE, 2)
    assert types(importer.house.events(after=start)) == ["service.withdrawn.v1"] * 2
    assert importer.names() == sorted(FIVE[2:])
    assert withdrawn_by(importer) == [("their coordinator", SHRANK)] * 2
    with pytest.raises(NotHeld):
        accept(importer.house.directory, report.id, "x")


def test_an_empty_list_takes_back_what_a_source_brought(importer: Importer):
    importer.file(five())
    assert importer.file([]).state is RunState.HELD, "so much is for a person to accept"
    assert importer.names() == sorted(FIVE)
    report = importer.file([], accept_shrinking=True)
    assert (report.state, report.counts["withdrawn"]) == (RunState.COMPLETE, 5)
    assert importer.names() == []


def test_shrinking_can_be_accepted_beforehand(importer: Importer):
    importer.file(five())
    report = importer.file(five()[:1], accept_shrinking=True, whole=True)
    assert report.counts.get("withdrawn") is None, "one listing alone says nothing of others"
    report = importer.file(five()[1:], accept_shrinking=True)
    assert (report.state, report.counts["withdrawn"]) == (RunState.COMPLETE, 1)
    assert withdrawn_by(importer) == [("import", "It is no longer in 'calderdale'.")]
    report = importer.file(five()[3:], accept_shrinking=True)
    assert (report.state, report.counts["withdrawn"]) == (RunState.COMPLETE, 2)
    assert withdrawn_by(importer)[1:] == [("tests", SHRANK)] * 2


def test_a_held_import_ends_when_a_later_one_is_made(importer: Importer):
    importer.file(five())
    held = importer.file(five()[3:])
    importer.file(five())
    with pytest.raises(NotHeld):
        accept(importer.house.directory, held.id, "x")
    assert importer.names() == sorted(FIVE)


def test_what_is_refused_has_not_vanished(importer: Importer):
    importer.file(five())
    bad = five()
    bad[0] |= {"name": "", "status": "active"}
    report = importer.file(bad)
    assert told(report, "outcome", "element", "given") == [
        ("refused", "name", key("service Choir"))
    ]
    assert importer.names() == sorted(FIVE)


def test_what_another_source_still_has_stays_listed(importer: Importer):
    importer.file(five())
    importer.file(five(), source="a charity")
    importer.file(five()[1:])
    assert importer.names() == sorted(FIVE)


def test_defunct_is_withdrawn(importer: Importer):
    importer.file(five())
    ended = five()
    ended[0] |= {"status": "defunct"}
    ended.append(service("Never there", status="defunct"))
    report = importer.file(ended)
    assert told(report, "outcome", "rule") == [("withdrawn", "defunct"), ("left-out", "defunct")]
    assert importer.names() == sorted(FIVE[1:])


def test_the_history_names_the_source_and_not_its_address(importer: Importer):
    importer.file(five())
    importer.file([*five(description="New")[:1], *five()[2:]], accept_shrinking=True)
    ended = five(description="New")[:1] + five()[2:]
    ended[0] |= {"status": "defunct"}
    importer.file(ended)

    def history(name: str) -> Any:
        path = f"/directory/services/{key(f'service {name}')}/versions"
        return importer.house.send("GET", path)

    choir, knitting = history("Choir"), history("Knitting")
    assert [(each["written_by"], each["why"]) for each in choir["versions"]] == [
        ("import", "As 'calderdale' says it.")
    ] * 2
    told = [
        [(each["what"], each["by"], each["why"]) for each in one["acts"]]
        for one in (choir, knitting)
    ]
    assert told == [
        [("withdrawn", "import", "'calderdale' says that it is defunct.")],
        [("withdrawn", "import", "It is no longer in 'calderdale'.")],
    ]
    path = f"/directory/organizations/{key('Hebble Arts')}/versions"
    (listed,) = importer.house.send("GET", path)["versions"]
    assert listed["why"] == "As 'calderdale' says it."


# --- what people here wrote ------------------------------------------------------------------


def test_what_was_changed_here_is_not_overwritten_and_the_rest_is_taken(importer: Importer):
    importer.file([service(description="Old", fees="Free"), service("Chess")])
    path = f"/directory/services/{key('service Choir')}"
    here = {"organization_id": key("Hebble Arts"), "name": "Choir", "description": "By hand"}
    importer.house.send("PUT", path, here | {"fees": "Free"})
    report = importer.file(
        [service(description="New", fees="2 pounds", email="a@b.example"), service("Chess")]
    )
    assert told(report, "outcome", "rule", "element") == [("repaired", "kept-here", "description")]
    listed = importer.house.get(path)
    assert listed["description"] == "By hand"
    assert listed["fees"] == "2 pounds"
    assert listed["email"] == "a@b.example"


def test_what_kersey_says_of_a_listing_stays(importer: Importer):
    importer.file([service(kersey={"tier": 3}), service("Chess")])
    path = f"/directory/services/{key('service Choir')}"
    evidence = [
        {"kind": kind, "seen": "2026-01-05"}
        for kind in ("sharing-agreement", "privacy-contact", "safeguarding-lead")
    ]
    own = {"tier": 2, "evidence": evidence, "referral_email": "ask@b.example"}
    here = {"organization_id": key("Hebble Arts"), "name": "Choir", "kersey": own}
    assert importer.house.get(f"/directory/listings/{key('service Choir')}")["kersey"]["tier"] == 1
    importer.house.send("PUT", path, here)
    importer.file([service(description="New"), service("Chess")])
    listed = importer.house.get(f"/directory/listings/{key('service Choir')}")
    assert listed["description"] == "New"
    assert listed["kersey"]["tier"] == 2
    assert listed["kersey"]["referral"]["email"] == "ask@b.example"


def test_what_was_withdrawn_here_stays_withdrawn(importer: Importer):
    importer.file(five())
    path = f"/directory/services/{key('service Choir')}"
    importer.house.send("POST", f"{path}/withdraw", {"reason": "The hall was sold"})
    changed = five(description="Sing!")
    report = importer.file(changed)
    assert told(report, "outcome", "rule") == [("left-out", "withdrawn-here")]
    assert importer.names() == sorted(FIVE[1:])


def test_a_second_source_fills_what_is_empty_and_overwrites_nothing(importer: Importer):
    importer.file([service(description="By the council"), service("Chess")])
    theirs = [service(description="By the charity", email="a@b.example"), service("Chess")]
    report = importer.file(theirs, source="a charity")
    assert told(report, "rule", "element") == [("kept-here", "description")]
    listed = importer.house.get(f"/directory/services/{key('service Choir')}")
    assert (listed["description"], listed["email"]) == ("By the council", "a@b.example")


# --- at the same moment, and after a break ---------------------------------------------------


def test_one_source_is_imported_by_one_at_a_time(importer: Importer):
    lease = Lease(importer.house.engine, "import calderdale", seconds=30)
    lease.acquire()
    with pytest.raises(Busy):
        importer.file(five())
    lease.release()
    importer.file(five())


def test_a_source_belongs_to_one_hub(importer: Importer):
    importer.file(five())
    with pytest.raises(OtherHubs):
        importer.file(five(), hub="leeds")


def test_an_id_that_another_hub_keeps_is_not_touched(importer: Importer):
    importer.file(five())
    start = importer.house.position()
    importer.file([service(description="Ours!"), service("Chess")], source="x", hub="leeds")
    assert types(importer.house.events(after=start)).count("service.changed.v1") == 0
    listed = importer.house.get(f"/directory/services/{key('service Choir')}")
    assert "description" not in listed
    assert importer.names().count("Choir") == 2


def test_what_cannot_be_read_on_keeps_what_was_taken_and_withdraws_nothing(importer: Importer):
    importer.file(five())
    lines = [b'{"id": "' + key(f"service {name}").encode() + b'"}' for name in FIVE]
    broken = b"[" + b",".join(lines)
    report = importer.file(broken)
    assert report.state is RunState.BROKEN
    assert report.why is not None
    assert "not JSON" in report.why
    assert importer.names() == sorted(FIVE)


def test_a_stopped_import_says_so(importer: Importer):
    one = Import(importer.house.directory, Wish("calderdale", HUB.code, "tests"))
    one.stop.set()
    one.begin(None)
    report = one.run(FileMaterial(io.BytesIO(orjson.dumps(five()))))
    assert (report.state, importer.names()) == (RunState.BROKEN, [])
    assert report.why == "It was stopped; the next import goes on from there."


def test_findings_of_older_imports_are_forgotten(importer: Importer):
    for number in range(4):
        importer.house.now = NOW + timedelta(hours=number)
        importer.file([service(email="nobody"), service(f"Chess {number}")])
        importer.file([organization(), {"id": key("x"), "status": "active"}, *five()])
    assert importer.house.count("import_finding") <= 8
