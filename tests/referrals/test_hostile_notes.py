"""What a provider tells the link worker is not for the sender to read."""

import json

from tests.referrals.house import House, replaced

WORDS = "She was in tears and does not want her surgery to know."


def test_a_note_for_the_link_worker_stays_in_the_case(house: House):
    referral, task = house.asked()
    house.answer(task, "accept", note=WORDS)
    house.progress(task, "start")
    (row,) = [each for each in house.worker.get(referral.at)["tasks"] if each["id"] == task]
    assert row["note"] == WORDS
    assert "note" not in house.ehr.get(f"/fhir/Task/{task}")
    assert WORDS not in json.dumps(house.ehr.get(f"/fhir/Task/{task}/_history"))
    held = "select count(*) from document_version where body like '%in tears%'"
    assert house.scalar(held) == 0


def test_what_a_provider_writes_into_the_task_is_there(house: House):
    referral, task = house.asked()
    house.provider.patch(
        f"/fhir/Task/{task}",
        replaced("/status", "accepted"),
        replaced("/businessStatus/coding/0/code", "selected"),
        {"op": "add", "path": "/note", "value": [{"text": "Ring the bell."}]},
    )
    house.progress(task, "start", note=WORDS)
    assert house.ehr.get(f"/fhir/Task/{task}")["note"] == [{"text": "Ring the bell."}]
    (row,) = [each for each in house.worker.get(referral.at)["tasks"] if each["id"] == task]
    assert row["note"] == WORDS
