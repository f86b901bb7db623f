"""What has been kept for its length ends, after somebody looked; what is held or needed stays."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from dateutil.relativedelta import relativedelta

from services.referrals.retention import ACCESSES, AUDIT, CHANGES, EVENTS, PERSON, expiries
from services.referrals.subject.restricting import hold
from shared.messaging.outbox import PUBLISHED
from shared.retention import Due, Expiry
from tests.referrals.house import House, Referral, a_bundle, a_person
from tests.referrals.test_worries import closed, worries, worry

YEARS = [f"{table} set {column} = {column} - make_interval(years => :y)"
         for table, columns in {
             "person": ("updated",), "referral_case": ("updated",), "document": ("last_updated",),
         }.items() for column in columns]  # fmt: skip


def ends(house: House, name: str) -> Expiry:
    return expiries(house.settings, house.engine)[name]


def ended(house: House, number: int, **how: object) -> tuple[Referral, UUID]:
    """A case that has ended, and its person."""
    referral = house.refer(a_bundle(person=a_person(number, **how)))  # type: ignore[arg-type]
    house.worker.post(f"{referral.at}/return", {"reason": "other"})
    person = house.scalar("select person from referral_case where id = :c", c=referral.case)
    return referral, person


def pass_years(house: House, years: int) -> None:
    for statement in YEARS:
        house.execute(f"update {statement}", y=years)


def due(house: House) -> Due:
    return ends(house, PERSON.name).due(PERSON.before())


def born(house: House, person: UUID, years_ago: int) -> None:
    day = date.today() - relativedelta(years=years_ago)  # noqa: DTZ011 - a birthday has no zone
    house.execute("update person set birth_date = :d where id = :p", d=day, p=person)


def test_a_record_ends_eight_years_after_it_was_last_changed(house: House):
    referral, person = ended(house, 1)
    born(house, person, 60)
    pass_years(house, 7)
    assert due(house).rows == 0
    pass_years(house, 2)
    found = due(house)
    assert (found.rows, found.held) == (1, 0)
    assert found.oldest is not None
    assert ends(house, PERSON.name).run(PERSON.before(), "records manager") == 1
    assert house.ehr.send("GET", f"/fhir/Patient/{referral.patient}").status_code == 410
    row = house.row("select reason, asked_by, person from erasure")
    assert row == ("kept-long-enough", "records manager", person)
    assert due(house) == Due(0)


def test_a_preview_deletes_nothing(house: House):
    _, person = ended(house, 1)
    born(house, person, 60)
    pass_years(house, 9)
    with house.unchanged():
        assert due(house).rows == 1


@pytest.mark.parametrize("reason", ["held", "open"])
def test_a_held_record_and_one_of_a_person_being_cared_for_stay(house: House, reason: str):
    referral, person = ended(house, 1)
    born(house, person, 60)
    if reason == "held":
        hold(house.desk, person, by="solicitor")
    else:
        house.execute("update worklist set open = true")
    pass_years(house, 9)
    found = due(house)
    assert (found.rows, found.held, found.oldest) == (0, 1, None)
    with house.unchanged():
        assert ends(house, PERSON.name).run(PERSON.before(), "records manager") == 0
    assert house.ehr.get(f"/fhir/Patient/{referral.patient}")["name"]


def test_whoever_somebody_is_worried_about_stays(house: House):
    referral, person = ended(house, 1)
    born(house, person, 60)
    raised = worry(house, referral)
    pass_years(house, 9)
    found = due(house)
    assert (found.rows, found.held, found.oldest) == (0, 1, None)
    with house.unchanged():
        assert ends(house, PERSON.name).run(PERSON.before(), "records manager") == 0
    closed(house, referral, raised)
    pass_years(house, 9)
    assert due(house).rows == 1


def test_a_worry_that_is_raised_after_a_record_was_chosen_stops_its_end(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    referral, person = ended(house, 1)
    born(house, person, 60)
    pass_years(house, 9)
    retention = ends(house, PERSON.name)
    chosen = retention._next  # type: ignore[attr-defined]

    def then_somebody_is_worried(before: datetime) -> object:
        found = chosen(before)
        if found:
            worry(house, referral)
        return found

    monkeypatch.setattr(retention, "_next", then_somebody_is_worried)
    assert retention.run(PERSON.before(), "records manager") == 0
    assert house.scalar("select count(*) from erasure") == 0
    assert [each["closed"] for each in worries(house, referral)] == [None]


def test_the_record_of_whoever_was_named_without_a_patient_ends_too(house: House):
    bundle = a_bundle()
    bundle["entry"][4]["resource"]["subject"] = {"display": "Somebody"}
    referral = house.refer(bundle)
    house.by("coordinator").post(f"{referral.at}/return", {"reason": "other"})
    pass_years(house, 9)
    assert due(house).rows == 2, "with the Patient that came beside it"
    assert ends(house, PERSON.name).run(PERSON.before(), "records manager") == 2
    assert house.ehr.send("GET", f"/fhir/ServiceRequest/{referral.request}").status_code == 410


def test_any_newer_document_keeps_the_whole_record(house: House):
    referral, person = ended(house, 1)
    born(house, person, 60)
    pass_years(house, 9)
    condition = {
        "resourceType": "Condition",
        "code": {"text": "x"},
        "subject": {"reference": f"Patient/{referral.patient}"},
    }
    house.ehr.post("/fhir/Condition", condition)
    assert due(house).rows == 0


@pytest.mark.parametrize(
    ("age", "rows"),
    [
        (24, 0),  # 15 when it ended: until 25
        (25, 1),
        (26, 1),  # 17 when it ended: until 26, which is past
    ],
)
def test_a_childs_record_is_kept_until_they_are_grown_up(house: House, age: int, rows: int):
    _, person = ended(house, 1)
    born(house, person, age)
    pass_years(house, 9)
    assert due(house).rows == rows


def test_who_was_seventeen_at_the_end_is_kept_until_twenty_six(house: House):
    _, person = ended(house, 1)
    pass_years(house, 8)
    day = datetime.now(UTC).date() - relativedelta(years=25, months=6)
    house.execute("update person set birth_date = :d where id = :p", d=day, p=person)
    assert due(house).rows == 0
    born(house, person, 26)
    assert due(house).rows == 1


def test_rows_of_operation_end_by_their_age_and_only_then(house: House):
    house.accepted()
    house.ehr.get("/fhir/_history")
    house.ehr.get("/fhir/AuditEvent")  # by then looks are written
    for record, started in ((CHANGES, "dispatched"), (AUDIT, "made"), (ACCESSES, "made")):
        name, (table,) = record.name, record.tables
        before = record.before()
        count = house.scalar(f"select count(*) from {table}")
        assert count > 2
        assert ends(house, name).due(before).rows == 0
        old = "now() - interval '30 years'"
        house.execute(
            f"update {table} set {started} = {old}"
            f" where position in (select position from {table} order by position limit 2)"
        )
        assert ends(house, name).due(before).rows == 2
        assert ends(house, name).run(before, "x") == 2
        assert house.scalar(f"select count(*) from {table}") == count - 2


def test_under_a_hold_what_was_done_with_a_record_stays_to_be_seen(house: House):
    mine, person = ended(house, 1)
    ended(house, 2)
    for patient in house.ehr.get("/fhir/Patient")["entry"]:
        house.ehr.get(f"/fhir/Patient/{patient['resource']['id']}")
    house.ehr.get("/fhir/AuditEvent")  # by then looks are written
    hold(house.desk, person, by="solicitor")
    for record in (AUDIT, ACCESSES):
        (table,) = record.tables
        house.execute(f"update {table} set made = made - interval '30 years'")
        count = f"select count(*) from {table}"
        concerns = f'{count} where person = :p or "case" = :c'
        of_mine = house.scalar(concerns, p=person, c=mine.case)
        rest = house.scalar(count) - of_mine
        assert min(of_mine, rest) > 0
        due = ends(house, record.name).due(record.before())
        assert (due.rows, due.held) == (rest, of_mine)
        assert ends(house, record.name).run(record.before(), "x") == rest
        assert house.scalar(count) == of_mine
    hold(house.desk, person, by="solicitor", held=False)
    assert ends(house, ACCESSES.name).run(ACCESSES.before(), "x") > 0
    assert house.scalar("select count(*) from access_entry") == 0


def test_an_event_that_was_not_sent_never_ends(house: House):
    house.refer()
    house.execute("update outbox set created = created - interval '10 years'")
    assert ends(house, PUBLISHED.name).due(PUBLISHED.before()).rows == 0


def test_an_event_that_is_being_told_never_ends(house: House):
    house.execute(
        "insert into subscription_state (id, organisation, status, topic, filters, content,"
        " endpoint, headers, media_type, number, created) values ('s', gen_random_uuid(),"
        " 'active', '', '[]', 'empty', '', '[]', '', 2, now())"
    )
    for number, waits in ((1, "null"), (2, "now()")):
        house.execute(
            "insert into subscription_event values ('s', :n, 'Task', 't', 1,"
            " now() - interval '1 year')",
            n=number,
        )
        house.execute(
            "insert into subscription_delivery (id, order_key, channel, address, payload, due)"
            f" values (gen_random_uuid(), 's', 'subscription', '', 's/' || :n, {waits})",
            n=str(number),
        )
    assert ends(house, EVENTS.name).run(EVENTS.before(), "x") == 1
    assert house.rows("select number from subscription_event") == [(2,)]
