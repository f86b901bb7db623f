"""A provider and a link worker write to each other on one request, and say what they think."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.referrals.house import SERVICE_2, House, Referral


def write(
    house: House, task: str, text: str, *, by: str, key: UUID | None = None, status: int = 201
) -> Any:
    body = {"text": text, "key": str(key or uuid4())}
    return house.by(by).post(f"/referrals/requests/{task}/messages", body, status=status)


def said(house: House, task: str, by: str = "provider") -> list[tuple[str, str]]:
    found = house.by(by).get(f"/referrals/requests/{task}/messages")["messages"]
    return [(each["from"], each["text"]) for each in found]


def think(house: House, task: str, *, by: str, status: int = 200, **what: Any) -> Any:
    return house.by(by).put(f"/referrals/requests/{task}/feedback", what, status=status)


@pytest.fixture
def going(house: House) -> tuple[House, Referral, str]:
    referral, task = house.accepted()
    return house, referral, task


def test_both_sides_read_what_either_writes(going: tuple[House, Referral, str]):
    house, _, task = going
    write(house, task, "Is Sunday all right?", by="link-worker")
    write(house, task, "It is. The side door is open.", by="provider")
    both = [("team", "Is Sunday all right?"), ("provider", "It is. The side door is open.")]
    assert said(house, task) == both
    assert said(house, task, by="link-worker") == both


def test_who_wrote_last_stands_on_either_sides_list_and_no_word_of_it(
    going: tuple[House, Referral, str],
):
    house, referral, task = going
    (row,) = house.provider.get("/referrals/requests", params={"folder": "going"})
    assert row["last_words"] is None
    write(house, task, "Is Sunday all right?", by="link-worker")
    (row,) = house.provider.get("/referrals/requests", params={"folder": "going"})
    assert row["last_words"]["from"] == "team"
    write(house, task, "It is.", by="provider")
    case = house.worker.get(referral.at)
    assert case["last_words"][task]["from"] == "provider"
    assert "It is." not in str(case)
    assert "last_words" not in house.provider.get(f"/referrals/requests/{task}")


def test_the_other_side_is_told_that_there_is_something_and_not_what(
    going: tuple[House, Referral, str],
):
    house, _, task = going
    before = len(house.events())
    write(house, task, "Wears a green hat", by="link-worker")
    write(house, task, "Came by the Airedale line", by="provider")
    told = house.events(before)
    assert [each.type for each in told] == [
        "kersey.referral.team-written.v1",
        "kersey.referral.provider-written.v1",
    ]
    everything = str([each.model_dump(mode="json") for each in told])
    assert "green" not in everything
    assert "Airedale" not in everything


def test_a_message_that_is_sent_again_is_one(going: tuple[House, Referral, str]):
    house, _, task = going
    key = uuid4()
    write(house, task, "Hello", by="provider", key=key)
    with house.unchanged():
        write(house, task, "Hello", by="provider", key=key)
        write(house, task, "Good-bye", by="provider", key=key, status=409)
        write(house, task, "Hello", by="link-worker", key=key, status=409)
    assert said(house, task) == [("provider", "Hello")]


def test_nobody_else_reads_or_writes(going: tuple[House, Referral, str]):
    house, referral, task = going
    other = house.ask(referral, SERVICE_2, several_because="to see both")
    write(house, task, "Hello", by="provider")
    for by in ("provider-2", "link-worker-2", "coordinator", "coordinator-2"):
        house.by(by).get(f"/referrals/requests/{task}/messages", status=404)
        write(house, task, "Mine", by=by, status=404)
        think(house, task, by=by, good="no", status=404)
    assert said(house, other, by="provider-2") == []
    write(house, str(uuid4()), "Hello", by="provider", status=404)
    assert len(said(house, task)) == 1


def test_what_cannot_be_taken_is_refused(going: tuple[House, Referral, str]):
    house, referral, task = going
    write(house, task, "x" * 501, by="provider", status=422)
    write(house, task, "  ", by="provider", status=422)
    write(house, task, "nul\x00", by="provider", status=422)
    house.progress(task, "start")
    house.progress(task, "complete")
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    assert write(house, task, "Too late", by="provider", status=409)["element"] == "task"
    assert said(house, task) == []


def test_each_side_says_what_it_thinks_of_the_others_part(going: tuple[House, Referral, str]):
    house, _, task = going
    think(house, task, by="provider", good="no", points=["told-too-little"])
    think(house, task, by="provider", good="partly", points=["told-too-little", "well-timed"])
    think(house, task, by="link-worker", good="yes", points=["welcoming"])
    seen = house.worker.get(f"/referrals/requests/{task}/messages")["feedback"]
    assert (seen["provider"]["good"], seen["provider"]["points"]) == (
        "partly",
        ["told-too-little", "well-timed"],
    )
    assert (seen["team"]["good"], seen["team"]["points"]) == ("yes", ["welcoming"])
    wrong = think(house, task, by="link-worker", good="yes", points=["told-enough"], status=422)
    assert wrong["element"] == "points", "that is for the provider to say"
    assert think(house, task, by="provider", good="great", status=422)["element"] == "good"


def test_the_holder_of_a_link_writes_by_the_service_that_checked_it(
    going: tuple[House, Referral, str],
):
    house, _, task = going
    by_link, at = house.by("notifications"), f"/referrals/requests/{task}/messages"
    contact = {"contact": str(uuid4()), "via": "answer-link"}
    body = {"text": "Is there a lift?", "key": str(uuid4()), "written_by": contact}
    by_link.post(at, body, status=201)
    assert said(house, task, by="link-worker") == [("provider", "Is there a lift?")]
    assert by_link.get(at)["you"] == "provider"
    written_by = house.scalar("select written_by from request_message")
    assert written_by == f"contact/{contact['contact']}"
    house.provider.post(at, body | {"key": str(uuid4())}, status=422)
    think(house, task, by="notifications", good="no", status=403)


def test_what_the_team_wrote_goes_from_the_provider_with_the_agreement(
    going: tuple[House, Referral, str],
):
    house, _, task = going
    write(house, task, "It is Mrs Tay from the corner shop.", by="link-worker")
    write(house, task, "We look forward to it.", by="provider")
    house.worker.post(f"/referrals/requests/{task}/withdraw-agreement")
    mine = [("provider", "We look forward to it.")]
    assert said(house, task) == mine
    assert house.provider.get(f"/referrals/requests/{task}/messages")["kept_back"] == 1
    write(house, task, "Please take the booking out of your book.", by="link-worker")
    assert said(house, task) == [*mine, ("team", "Please take the booking out of your book.")]
    assert len(said(house, task, by="link-worker")) == 3, "the team keeps all"


def test_of_who_died_a_provider_reads_no_word_of_the_team(going: tuple[House, Referral, str]):
    house, referral, task = going
    write(house, task, "It is Mrs Tay from the corner shop.", by="link-worker")
    assert said(house, task)
    told = {"stands": True, "told_by": "the family"}
    house.worker.put(f"{referral.at}/person/stops/died", told)
    assert said(house, task) == []
