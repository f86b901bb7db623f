"""How services reply is counted from events, shown from ten answers on, and ranks nobody."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.providers import replies
from services.providers.retention import RETENTION
from shared.messaging.events import (
    Envelope,
    ReferralAccepted,
    ReferralDeclined,
    ReferralNoResponse,
    ReferralOffered,
    ReferralRequested,
    ReferralWaitlisted,
    Sequence,
)
from shared.messaging.outbox import ConsumingOnce
from tests.providers.conftest import NOW, House, settings
from tests.providers.listings import OWNER, key, service
from tests.providers.test_match import ask


def event(kind: type[Any], task: UUID, time: datetime, name: str, **more: Any) -> Envelope:
    if kind is ReferralRequested:
        more = {"service_request": uuid4()}
    if kind is ReferralDeclined:
        more = {"reason": "full"}
    data = kind(case=uuid4(), task=task, service=key(name), provider=OWNER, **more)
    return Envelope(
        id=uuid4(), source="kersey/referrals", time=time, sequence=Sequence(1), data=data
    )


def hear(house: House, envelopes: Iterable[Envelope]) -> None:
    handle = ConsumingOnce(house.engine, replies.SUBSCRIPTION.consumer, replies.note)
    for envelope in envelopes:
        assert envelope.type in replies.SUBSCRIPTION.types
        handle(envelope)


def answers(
    number: int, name: str = "Choir", *, hours: float = 30, kind: type[Any] = ReferralAccepted,
    ago: int = 10,
) -> list[Envelope]:  # fmt: skip
    found = []
    for _ in range(number):
        task, asked = uuid4(), NOW - timedelta(days=ago)
        found.append(event(ReferralRequested, task, asked, name))
        found.append(event(kind, task, asked + timedelta(hours=hours), name))
    return found


def shown(house: House, name: str = "Choir") -> Any:
    for each in ask(house)["matches"]:
        if each["service"]["name"] == name:
            return each.get("replies"), [one for one in each["reasons"] if "replies" in one]
    raise AssertionError(name)


def test_figures_are_shown_from_ten_answers_on(house: House):
    house.load(service("Choir"))
    hear(house, answers(9))
    assert shown(house) == (None, [])
    hear(house, answers(1, kind=ReferralDeclined))
    assert shown(house) == (
        {"answers": 10, "usual_days": 2, "accepted": 0.9},
        ["usually replies within 2 days"],
    )


def test_three_of_four_answers_make_what_is_usual(house: House):
    house.load(service("Choir"))
    hear(house, answers(9, hours=2) + answers(3, hours=300))
    assert shown(house)[1] == ["usually replies within a day"]


def test_a_place_on_a_waiting_list_and_an_offer_are_a_yes(house: House):
    house.load(service("Choir"))
    hear(house, answers(5, kind=ReferralOffered) + answers(5, kind=ReferralWaitlisted))
    assert shown(house)[0]["accepted"] == 1.0


def test_only_the_first_answer_counts_in_whatever_order_events_come(house: House):
    house.load(service("Choir"))
    envelopes = answers(10, kind=ReferralDeclined)
    for envelope in list(envelopes):
        if isinstance(envelope.data, ReferralDeclined):
            later = envelope.time + timedelta(days=30)
            envelopes.append(event(ReferralAccepted, envelope.data.task, later, "Choir"))
    random.Random(7).shuffle(envelopes)
    hear(house, [*envelopes, *envelopes])
    assert shown(house)[0] == {"answers": 10, "usual_days": 2, "accepted": 0.0}
    assert house.count("reply") == 10


def test_old_answers_what_is_told_again_and_silence_do_not_count(house: House):
    house.load(service("Choir"))
    replayed = [
        Envelope(
            id=uuid4(), source=each.source, time=each.time, sequence=each.sequence, data=each.data,
            replay=True,
        )
        for each in answers(3)
    ]  # fmt: skip
    hear(house, answers(9) + answers(5, ago=400) + replayed)
    assert shown(house) == (None, [])
    assert ReferralNoResponse.type not in replies.SUBSCRIPTION.types


def test_nobody_is_ranked_by_how_they_reply(house: House):
    house.load(service("A slow and stern one"), service("B quick and kind one"))
    before = [(each["service"]["name"], each["score"]) for each in ask(house)["matches"]]
    hear(
        house,
        answers(20, "A slow and stern one", hours=400, kind=ReferralDeclined)
        + answers(20, "B quick and kind one", hours=1),
    )
    after = [(each["service"]["name"], each["score"]) for each in ask(house)["matches"]]
    assert after == before
    assert shown(house, "B quick and kind one")[0]["accepted"] == 1.0


def test_answers_are_kept_for_a_year(house: House):
    hear(house, answers(2) + answers(3, ago=500))
    record = next(each for each in RETENTION.records if each.name == "replies")
    expiry = RETENTION.expiries(settings("postgresql://"), house.engine)["replies"]
    assert expiry.due(record.before(NOW)).rows == 3
