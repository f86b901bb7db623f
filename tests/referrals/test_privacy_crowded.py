"""What a provider can learn of a person in a case where everything else has happened already.

Another provider knows the person and wrote about them, the team made a plan and told the GP, the
case was opened in an emergency. Every word of the Bundle is a marker, and so is every word that
anybody wrote.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.notifications.conftest import HttpSink
from tests.referrals.house import SERVICE_2, Caller, House, Json, wish
from tests.referrals.prying import Marked, every_step, marked_bundle, pry
from tests.referrals.subscribing import deliver, dispatch, receiver, subscription
from tests.referrals.test_privacy import EVERYTHING, found

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Crowded:
    """A case in which much has happened, and the provider that is asked last."""

    house: House
    marked: Marked
    case: str
    task: str
    provider: Caller
    other: Caller
    others_task: str
    sink: HttpSink

    @property
    def agreed(self) -> set[str]:
        """What may be shared with the provider that is asked last."""
        return {self.marked.at("name[0].family")}

    def pried(self) -> dict[str, str]:
        """What it finds, and is told by itself."""
        dispatch(self.house)
        while deliver(self.house):
            pass
        told = [f"{each.path} {each.headers} {each.body.decode()}" for each in self.sink.requests]
        assert told, "it is told of its own Task"
        return found(self.marked, [*pry(self.house, self.provider, self.case, self.task), *told])


def word(marked: Marked, who: str) -> str:
    """A word that somebody writes in the case."""
    mark = f"zw{len(marked.markers):06d}{who}"
    marked.markers[mark] = who
    return mark


@pytest.fixture
def crowded(house: House) -> Iterator[Crowded]:
    marked = marked_bundle()
    referral = house.refer(marked.bundle)
    at, worker = referral.at, house.worker
    worker.post(f"{at}/accept")
    worker.post(f"{at}/contacts", {"reached": True, "how": "phone"})
    worker.post(f"{at}/person-accepts")
    safe = {"value": "07700 900123", "safe": "yes", "keep_from": word(marked, "contact")}
    worker.put(f"{at}/person/contacts/phone", safe)
    worker.post(f"{at}/goals", {"words": word(marked, "goal")})
    everything = ["needs", "activities", "measures", "next-step"]
    worker.put(f"{at}/gp-sharing", {"items": everything, "how": "verbal"})
    worker.post(f"{at}/gp-worries", {"id": str(uuid4()), "concern": word(marked, "worry")})

    other = house.by("provider-2", scopes=EVERYTHING)
    told = wish(SERVICE_2, text=word(marked, "wish"), share={"name": word(marked, "shared")})
    others_task = worker.post(f"{at}/requests", told)["task"]
    mine = f"/referrals/requests/{others_task}"
    other.post(f"{mine}/answer", {"decision": "accept", "note": word(marked, "answer")})
    other.post(f"{mine}/identity")
    starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    other.put(f"{mine}/first-visit", {"starts": starts.isoformat()})
    worker.post(f"{mine}/called-off", {"day": f"{starts:%F}"})
    for who in (other, worker):
        who.post(f"{mine}/messages", {"text": word(marked, "message"), "key": str(uuid4())})
    why = {"case": referral.case, "reason": "life-at-risk", "words": word(marked, "emergency")}
    house.by("duty-lead").post("/referrals/break-glass", why)

    provider = house.by("provider", scopes=EVERYTHING)
    with receiver() as sink:
        for content in ("id-only", "full-resource"):
            provider.post("/fhir/Subscription", subscription(sink.url, content=content))
        deliver(house)
        several = word(marked, "several")
        asked = wish(share={"name": marked.at("name[0].family")}, several_because=several)
        task = worker.post(f"{at}/requests", asked)["task"]
        yield Crowded(house, marked, referral.case, task, provider, other, others_task, sink)


def test_the_link_worker_does_find_what_was_written(crowded: Crowded):
    # Or the tests below would prove nothing.
    worker = crowded.house.by("link-worker", scopes=EVERYTHING)
    seen = found(crowded.marked, pry(crowded.house, worker, crowded.case, crowded.others_task))
    kept = "".join(
        text
        for table in ("break_glass", "gp_message", "onward_request")
        for (text,) in crowded.house.rows(f"select row_to_json(t)::text from {table} t")
    )
    seen |= found(crowded.marked, [kept])  # of a page that a system has no business with
    assert seen == crowded.marked.markers


def test_no_event_of_it_names_anybody(crowded: Crowded):
    """All that the directory and notifications (mails, notices, webhooks) ever hear."""
    texts = [text for (text,) in crowded.house.rows("select envelope from outbox")]
    told = set(crowded.house.told())
    assert {"referral.visit-called-off", "referral.opened-in-emergency"} <= told
    assert found(crowded.marked, texts) == {}


def test_who_is_asked_beside_others_finds_nothing_before_it_accepts(crowded: Crowded):
    assert crowded.pried() == {}
    texts = every_step(crowded.house, crowded.provider, crowded.case, crowded.task)
    assert found(crowded.marked, texts) == {}


def test_who_accepts_beside_others_finds_what_was_agreed_with_it(crowded: Crowded):
    crowded.house.answer(crowded.task, "accept")
    crowded.house.worker.post(f"/referrals/requests/{crowded.task}/choose")
    crowded.house.progress(crowded.task, "start")
    assert crowded.pried().keys() == crowded.agreed
    texts = every_step(crowded.house, crowded.provider, crowded.case, crowded.task)
    assert found(crowded.marked, texts).keys() <= crowded.agreed


def test_a_stranger_finds_nothing_by_any_step(crowded: Crowded):
    for name in ("ehr-2", "link-worker-2", "coordinator-2", "provider-3"):
        stranger = crowded.house.by(name, scopes=EVERYTHING)
        for task in (crowded.task, crowded.others_task):
            texts = every_step(crowded.house, stranger, crowded.case, task)
            assert found(crowded.marked, texts) == {}, name


def test_who_was_asked_first_hears_nothing_of_whoever_is_asked_beside_it(crowded: Crowded):
    def answers() -> list[Json]:
        at = (f"/fhir/Task/{crowded.others_task}", f"/referrals/requests/{crowded.others_task}")
        return [crowded.other.get(each) for each in at]

    before = answers()
    crowded.house.answer(crowded.task, "accept")
    assert answers() == before
