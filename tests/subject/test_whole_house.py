"""A person is erased from everywhere: every service, table, queue, dead letter, file and log."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.data_folder import DataFolder
from deploy.embedded_postgres import running_url
from deploy.engines import opened
from deploy.services import BROKER_DATABASE
from services.portal.sign_in.half_typed import as_kept, forms_in
from shared.messaging.broker import Broker, Message
from shared.messaging.embedded import EmbeddedBroker
from tests.referrals.house import a_bundle, a_person
from tests.referrals.planting import PLANTED, alone_in, plant
from tests.referrals.prying import marked_bundle
from tests.subject.living import Living, Told, eventually, refer, whole_story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORDS = [f"zw{n}word" for n in range(8)]


def dead_letter(kersey: Living, broker: Broker, told: Told) -> None:
    """An event about the person's case that no consumer can read."""
    ((body,),) = kersey.rows(
        "referrals",
        "select envelope from outbox where subject = :s and type like '%requested%'",
        s=f"case/{told.case}",
    )
    broken = json.loads(body) | {"id": str(uuid4()), "time": "yesterday"}
    publisher = broker.publisher()
    message = Message(uuid4(), "kersey.referral.requested.v1", json.dumps(broken))
    assert publisher.publish([message]).confirmed
    publisher.close()
    eventually(
        lambda: len(broker.dead_letters("notifications.cases")) == 1, "the dead letter is there"
    )


HALF_TYPED = ("zv0form", "zv1form")


def half_type(kersey: Living, case: str, other: str) -> None:
    """What a colleague has typed and not sent, about two cases and into a search, past any page.

    The pages encrypt it; here it can be looked for.
    """
    one, search = HALF_TYPED
    kept = as_kept(
        {f"/cases/{case}/ask/{uuid4()}": one, "/cases/search": search, f"/cases/{other}/find": "-"}
    )
    kersey.rows(
        "portal",
        "insert into web_session"
        " (fingerprint, account, tokens, good_until, began, seen, ends, kept)"
        " values ('somebody', 'a', '-', now(), now(), now(), now() + interval '1 hour', :kept)",
        kept=kept,
    )


def test_no_word_of_an_erased_person_is_left_anywhere(
    kersey: Living, logged: Callable[[], str]
) -> None:
    marked = marked_bundle()
    told = whole_story(kersey, marked.bundle, WORDS)
    plant(kersey.house.engines["referrals"], told.person)
    bundle = a_bundle(person=a_person(2))
    other_case, other_patient = refer(kersey, bundle)
    ((number,),) = kersey.rows(
        "referrals", "select nhs_number from person where id = :p", p=told.person
    )
    half_type(kersey, told.case, other_case)
    marks = {*alone_in(marked, bundle), *WORDS, *PLANTED, *HALF_TYPED, number}
    for engine in kersey.house.engines.values():
        with engine.begin() as connection:
            connection.exec_driver_sql("analyze")
    assert {mark for mark, _ in kersey.found(marks)} == marks, "or the search would prove nothing"
    url = running_url(DataFolder(kersey.folder, "test"), BROKER_DATABASE)
    with opened(url, 2, "test") as engine:
        dead_letter(kersey, kersey.rabbit or EmbeddedBroker(engine), told)

    said = kersey.kersey(
        "subject", "erase", "--by", "DPO", "--yes", "--wait", "120", said=f"{number}\n"
    )

    assert said.exit_code == 0, (said.output, said.exception)
    assert "notifications: confirmed" in said.output
    assert "Saltaire Slow Stitch" in said.output, "who was told must be told of the erasure"
    assert kersey.found(marks) == set()
    assert [mark for mark in marks if mark in logged() or mark in said.output] == []
    for table in ("delivery", "answer_link"):
        left = kersey.rows("notifications", f'select 1 from {table} where "case" = :c', c=told.case)
        assert left == [], table
    assert kersey.rows("notifications", "select 1 from identity_code") == []
    letters = "select body from document where type in ('Communication', 'DocumentReference')"
    assert {body for (body,) in kersey.rows("referrals", letters)} == {""}, "letters went as well"
    assert kersey.call("link-worker", "GET", f"/referrals/cases/{other_case}")["outcome"] is None
    assert kersey.call("ehr", "GET", f"/fhir/Patient/{other_patient}")["name"]
    ((kept,),) = kersey.rows("portal", "select kept from web_session where account = 'a'")
    assert list(forms_in(kept)) == [f"/cases/{other_case}/find"], "others' forms are left alone"
    assert "portal: 2 forms that staff had begun are gone" in said.output
    assert "not yet" not in kersey.kersey("subject", "status").output


def test_the_copy_holds_every_word(kersey: Living, tmp_path: Path) -> None:
    marked = marked_bundle()
    told = whole_story(kersey, marked.bundle, WORDS)
    plant(kersey.house.engines["referrals"], told.person)
    file = tmp_path / "copy.zip"

    said = kersey.kersey(
        "subject", "export", "--to", str(file), "--by", "DPO", "--patient", told.patient
    )

    assert said.exit_code == 0, (said.output, said.exception)
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as whole:
        texts = {name: whole.read(name).decode() for name in whole.namelist()}
    everything = "\n".join(texts.values())
    wanted = [*alone_in(marked), *WORDS, *PLANTED]
    assert [mark for mark in wanted if mark not in everything] == []
    assert "Patient: 2" in texts["READ-ME.txt"]
    assert json.loads(texts["notifications/delivery.json"])
    again = kersey.kersey(
        "subject", "export", "--to", str(file), "--by", "DPO", "--patient", told.patient
    )
    assert "is there already" in str(again.exception)
