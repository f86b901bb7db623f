"""The consortium is data: who belongs to it, who works with whom, what there is to lend."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from deploy.demo.directory.build import HUBS
from services.providers.consortium.domain import HOWS, MEMBERS, overlaps, unfit
from services.providers.dependencies import SCOPE as WRITE
from tests.messaging.tools import eventually
from tests.providers.conftest import House
from tests.providers.listings import HUB, OTHER, OWNER, organization

LEEDS = next(hub for hub in HUBS if hub.code == "leeds")
AT = "/directory/consortium"
TRUST = {
    "kind": "health-trust",
    "name": "Calder Health Trust",
    "hubs": ["calderdale"],
    "since": "2024-04-01",
}
SINGER = {
    "kind": "practitioner",
    "name": "Nell Voice",
    "hubs": ["calderdale", "leeds"],
    "since": "2025-01-01",
}
READER: dict[str, Any] = {"roles": ("link-worker",), "scope": "cases"}


def member(house: House, said: Any, *, status: int = 201, **who: Any) -> Any:
    return house.send("POST", f"{AT}/members", said, status=status, **who)


def relate(house: House, how: str, one: Any, other: Any, **more: Any) -> Any:
    status = more.pop("status", 201)
    said = {"how": how, "one": str(one), "other": str(other), "since": "2025-01-01"} | more
    return house.send("POST", f"{AT}/relations", said, status=status)


def read(house: House, path: str, status: int = 200) -> Any:
    return house.send("GET", f"{AT}/{path}", status=status, **READER)


def waits_for_a_lock(house: House) -> bool:
    """Whether somebody waits for what another one holds."""
    waiting = text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    with house.engine.connect() as looking:
        return bool(looking.execute(waiting).scalar_one())


@pytest.fixture
def listed(house: House) -> House:
    house.load(organizations=[organization(), organization("Other")])
    return house


def test_who_works_with_whom_is_seen_from_both_sides(listed: House):
    trust = member(listed, TRUST)
    said = relate(listed, "commissions", trust["id"], OWNER, about="For two years.")
    assert (said["one"]["name"], said["other"]["name"]) == ("Calder Health Trust", "Owner")
    (of_trust,) = read(listed, f"members/{trust['id']}")["relations"]
    assert (of_trust["words"], of_trust["with"]["name"]) == ("commissions", "Owner")
    provider = read(listed, f"members/{OWNER}")
    (of_provider,) = provider["relations"]
    assert of_provider["words"] == "is commissioned by"
    assert of_provider["about"] == "For two years."
    assert provider["kind"] == "provider", "a listed provider belongs to it by being named"
    assert provider["name"] == "Owner", "and is called as it is listed"


def test_a_practitioner_works_for_several_and_a_charity_fronts_a_group(listed: House):
    singer = member(listed, SINGER)["id"]
    relate(listed, "engages", OWNER, singer)
    relate(listed, "engages", OTHER, singer)
    relate(listed, "hosts", OWNER, OTHER)
    works_for = read(listed, f"members/{singer}")["relations"]
    assert {(each["words"], each["with"]["name"]) for each in works_for} == {
        ("works for", "Owner"),
        ("works for", "Other"),
    }
    (hosted,) = read(listed, "relations?how=hosts")["contents"]
    assert (hosted["one"]["name"], hosted["other"]["name"]) == ("Owner", "Other")


@pytest.mark.parametrize(
    ("how", "one", "other"),
    [("engages", OWNER, OTHER), ("commissions", "singer", OWNER), ("hosts", OWNER, "singer")],
)
def test_what_cannot_be_between_two_is_refused_in_words(
    listed: House, how: str, one: Any, other: Any
):
    singer = member(listed, SINGER)["id"]
    one, other = (singer if each == "singer" else each for each in (one, other))
    assert relate(listed, how, one, other, status=422)["element"] == "how"
    assert listed.count("relation") == 0


def test_the_same_is_not_said_twice_of_the_same_days(listed: House):
    first = relate(listed, "works-with", OWNER, OTHER)
    assert relate(listed, "works-with", OTHER, OWNER, status=409)["element"] == "since"
    ended = {"how": "works-with", "one": str(OWNER), "other": str(OTHER), "since": "2025-01-01"}
    ended |= {"until": "2025-12-31"}
    listed.send("PUT", f"{AT}/relations/{first['id']}", ended)
    relate(listed, "works-with", OTHER, OWNER, since="2026-01-01")
    on_a_day = read(listed, "relations?on=2025-06-01")["contents"]
    assert [each["id"] for each in on_a_day] == [first["id"]]
    assert len(read(listed, f"relations?of={OWNER}")["contents"]) == 2
    assert read(listed, "relations?on=2024-12-31")["contents"] == []


def test_members_are_found_by_kind_place_and_day(listed: House):
    member(listed, TRUST | {"until": "2026-03-31"})
    member(listed, SINGER)
    names = lambda query: [each["name"] for each in read(listed, f"members{query}")["contents"]]  # noqa: E731
    assert names("") == ["Calder Health Trust", "Nell Voice"]
    assert names("?kind=practitioner") == ["Nell Voice"]
    assert names("?hub=leeds") == ["Nell Voice"]
    assert names("?on=2026-03-31") == ["Calder Health Trust", "Nell Voice"]
    assert names("?on=2026-04-01") == ["Nell Voice"]


def test_what_is_no_service_has_a_place_a_holder_and_terms(listed: House):
    hall = {
        "kind": "venue",
        "name": "The long room",
        "holder": str(OWNER),
        "terms": "Free for groups on weekdays.",
        "postcode": "HX7 6AA",
    }
    made = listed.send("POST", f"{AT}/assets", hall, status=201)
    assert (made["hub"], made["postcode"]) == ("calderdale", "HX7 6AA")
    assert (round(made["latitude"], 1), round(made["longitude"])) == (53.7, -2)
    assert made["holder"]["name"] == "Owner"
    listed.send("POST", f"{AT}/assets", {"kind": "kit", "name": "Ten tents"}, status=201)
    assert [each["name"] for each in read(listed, "assets?kind=venue")["contents"]] == [
        "The long room"
    ]
    assert read(listed, f"members/{OWNER}")["assets"][0]["name"] == "The long room"
    bad = listed.send("POST", f"{AT}/assets", hall | {"postcode": "HX7 6AAA"}, status=422)
    assert bad["element"] == "postcode"
    nobody = listed.send("POST", f"{AT}/assets", hall | {"holder": str(uuid4())}, status=422)
    assert nobody["element"] == "holder"
    gone = hall | {"until": "2026-10-31"}
    listed.send("PUT", f"{AT}/assets/{made['id']}", gone)
    assert [each["name"] for each in read(listed, "assets?on=2026-11-28")["contents"]] == [
        "Ten tents"
    ]


def test_whoever_asks_is_forgotten_and_what_they_lent_stays(listed: House):
    singer = member(listed, SINGER)["id"]
    relate(listed, "engages", OWNER, singer)
    skill = {"kind": "skill", "name": "Voice for beginners", "holder": singer}
    made = listed.send("POST", f"{AT}/assets", skill, status=201)
    listed.send("DELETE", f"{AT}/members/{singer}", status=204)
    read(listed, f"members/{singer}", status=404)
    assert read(listed, "relations")["contents"] == []
    (kept,) = read(listed, "assets")["contents"]
    assert kept["id"] == made["id"]
    assert "holder" not in kept


def test_a_coordinator_writes_of_their_own_place_and_nobody_else_writes(listed: House):
    leeds: dict[str, Any] = {"organisation": LEEDS.organisation}
    trust = member(listed, TRUST)
    member(listed, TRUST, status=403, **leeds)
    at = f"{AT}/members/{trust['id']}"
    listed.send("PUT", at, TRUST | {"hubs": ["calderdale", "leeds"]}, status=403, **leeds)
    member(listed, TRUST, status=403, roles=("provider",), organisation=OWNER)
    asset = listed.send("POST", f"{AT}/assets", {"kind": "kit", "name": "Drums"}, status=201)
    for path in (f"members/{trust['id']}", f"assets/{asset['id']}"):
        listed.send("DELETE", f"{AT}/{path}", status=403, **leeds)
    assert listed.client.get(f"{AT}/members").status_code == 401, "it is not public"


@pytest.mark.parametrize(
    ("said", "status", "element"),
    [
        (TRUST | {"kind": "wizard"}, 422, "body.kind"),
        (TRUST | {"hubs": ["calderdale", "narnia"]}, 422, "hubs"),
        (TRUST | {"hubs": []}, 422, "body.hubs"),
        (TRUST | {"until": "2024-03-31"}, 422, "body"),
        ({name: value for name, value in TRUST.items() if name != "name"}, 422, "body"),
        ({"kind": "provider", "hubs": ["calderdale"], "since": "2025-01-01"}, 422, "kind"),
        (TRUST | {"email": "a b"}, 422, "body.email"),
        (TRUST | {"nhs_number": "9434765919"}, 422, "body.nhs_number"),
    ],
)
def test_what_does_not_hold_is_refused_by_its_name(
    listed: House, said: Any, status: int, element: str
):
    assert member(listed, said, status=status)["element"] == element
    assert listed.count("member") == 0


def test_a_listed_provider_is_taken_in_by_its_id_and_stays_one(listed: House):
    said = {"kind": "provider", "hubs": ["calderdale"], "since": "2023-09-01"}
    taken = listed.send("PUT", f"{AT}/members/{OWNER}", said)
    assert (taken["name"], taken["since"]) == ("Owner", "2023-09-01")
    mistaken = listed.send("PUT", f"{AT}/members/{OTHER}", TRUST, status=422)
    assert mistaken["element"] == "kind", "whoever is listed is called as it is listed"
    other = listed.send("PUT", f"{AT}/members/{OWNER}", TRUST, status=422)
    assert other["element"] == "kind"
    listed.send("PUT", f"{AT}/members/{uuid4()}", said, status=404)


def test_the_words_are_told(listed: House):
    told = read(listed, "words")
    assert told["relations"]["hosts"]["backwards"] == "is fronted by"
    assert set(told["members"]) == set(MEMBERS)


@given(st.sampled_from(sorted(HOWS)), *[st.sampled_from(sorted(MEMBERS))] * 2)
def test_practitioners_stand_only_where_people_can(how: str, one: str, other: str):
    if unfit(how, one, other) is None and not HOWS[how].either:
        assert (other == "practitioner") == HOWS[how].of_people
        assert one != "practitioner"


@given(st.dates(), st.dates(), st.dates(), st.dates(), st.dates())
def test_two_times_overlap_just_where_they_share_a_day(a: Any, b: Any, c: Any, d: Any, day: Any):
    (a, b), (c, d) = sorted([a, b]), sorted([c, d])
    met = overlaps(a, b, [(c, d)])
    assert met == (max(a, c) <= min(b, d))
    if a <= day <= b and c <= day <= d:
        assert met
    assert overlaps(a, None, [(c, None)])


def test_of_two_who_say_the_same_at_once_one_is_told(listed: House):
    said = {"how": "works-with", "one": str(OWNER), "other": str(OTHER), "since": "2025-01-01"}
    headers = {"Authorization": f"Bearer {listed.token(HUB.organisation, ('coordinator',), WRITE)}"}

    def say(_: int) -> int:
        return int(listed.client.post(f"{AT}/relations", json=said, headers=headers).status_code)

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(say, range(4)))
    assert answers == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("first", "status", "name"), [("leeds", 403, "Theirs"), (HUB.code, 200, "Nell Voice")]
)
def test_of_two_hubs_that_take_the_same_in_at_once_the_second_is_told(
    listed: House, first: str, status: int, name: str
):
    key = uuid4()
    mine = SINGER | {"hubs": [HUB.code]}
    with ThreadPoolExecutor(1) as pool, listed.engine.connect() as other:
        other.execute(
            text(
                "INSERT INTO member (id, kind, name, hubs, since, updated, updated_by)"
                " VALUES (:key, 'practitioner', 'Theirs', ARRAY[:hub], '2025-01-01', now(), 'x')"
            ),
            {"key": key, "hub": first},
        )
        answer = pool.submit(listed.send, "PUT", f"{AT}/members/{key}", mine, status=status)
        eventually(lambda: waits_for_a_lock(listed), "the second waits for the first")
        other.commit()
        said = answer.result(60)
    if status == 403:
        assert "place of their own hub" in said["detail"]
    assert read(listed, f"members/{key}")["name"] == name


@pytest.mark.parametrize("what", ["relations", "assets"])
def test_whoever_is_forgotten_at_that_moment_is_named_by_nothing(listed: House, what: str):
    trust = member(listed, TRUST)
    said: dict[str, Any] = {
        "relations": {
            "how": "works-with",
            "one": trust["id"],
            "other": str(OWNER),
            "since": "2025-01-01",
        },
        "assets": {"kind": "kit", "name": "Ten ukuleles", "holder": trust["id"]},
    }[what]
    with ThreadPoolExecutor(1) as pool, listed.engine.connect() as other:
        other.execute(text("DELETE FROM member WHERE id = :key"), {"key": trust["id"]})
        answer = pool.submit(listed.send, "POST", f"{AT}/{what}", said, status=422)
        eventually(lambda: waits_for_a_lock(listed), "the second waits for the first")
        other.commit()
        problem = answer.result(60)
    assert problem["title"] == "Nobody has this id"
    assert read(listed, what)["contents"] == []


def test_two_who_wait_for_each_other_are_both_answered(listed: House):
    trust = member(listed, TRUST)
    said = relate(listed, "commissions", trust["id"], OWNER)
    anew = {"how": "commissions", "one": trust["id"], "other": str(OWNER), "since": "2025-02-01"}
    at = f"{AT}/relations/{said['id']}"
    with ThreadPoolExecutor(1) as pool, listed.engine.connect() as other:
        other.execute(text("SET LOCAL deadlock_timeout = '1min'"))
        lock = text("SELECT id FROM member WHERE id = :key FOR UPDATE")
        other.execute(lock, {"key": trust["id"]})
        answer = pool.submit(listed.send, "PUT", at, anew)
        eventually(lambda: waits_for_a_lock(listed), "it waits for the member")
        other.execute(text("SELECT id FROM relation WHERE id = :id FOR UPDATE"), {"id": said["id"]})
        other.rollback()
        assert answer.result(60)["since"] == "2025-02-01"


def test_a_member_does_not_become_what_its_relations_cannot_hold(listed: House):
    charity = member(listed, TRUST | {"kind": "charity", "name": "Front"})
    relate(listed, "hosts", charity["id"], OWNER)
    at = f"{AT}/members/{charity['id']}"
    said = TRUST | {"kind": "practitioner", "name": "Front"}
    problem = listed.send("PUT", at, said, status=422)
    assert problem["element"] == "kind"
    assert "A practitioner neither" in problem["detail"]
    assert read(listed, f"members/{charity['id']}")["kind"] == "charity"
    assert listed.send("PUT", at, said | {"kind": "council"})["kind"] == "council"
