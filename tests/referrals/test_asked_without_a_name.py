"""What a provider reads before it may know who the person is does not tell it (care 5, 6)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.referrals.house import SERVICE, SERVICE_2, House, Json, a_person, wish

PERSON = a_person(1)


def asked(house: House, at: str, *, status: int = 201, **words: Any) -> Json:
    found: Json = house.worker.post(f"{at}/requests", wish(SERVICE, **words), status=status)
    return found


def confirmations(house: House) -> int:
    return int(house.scalar("select count(*) from audit_entry where action = 'words-confirmed'"))


def test_what_is_the_persons_own_is_refused_wherever_it_is_typed(house: House):
    referral = house.taken_on()
    telling: dict[str, tuple[dict[str, object], str]] = {
        "text": ({"text": f"{PERSON.given} would like company"}, "name"),
        "when": ({"when": f"Ring {PERSON.phone} first"}, "phone"),
        "where": ({"where": f"Near {PERSON.line}"}, "address"),
        "access_needs.1": ({"access_needs": ["step-free", PERSON.postcode]}, "postcode"),
        "full_because": ({"full_because": f"Born {PERSON.birth_date:%d/%m/%Y}"}, "birth-date"),
        "needs.0.display": (
            {"needs": [{"code": "loneliness", "display": PERSON.nhs_number}]},
            "nhs-number",
        ),
    }
    for element, (words, kind) in telling.items():
        with house.unchanged():
            said = [str(value) for value in words.values() if isinstance(value, str)]
            problem = asked(house, referral.at, status=422, may_stay=said, **words)
        assert problem["element"] == element
        assert [each["kind"] for each in problem["found"]] == [kind]
        assert problem["found"][0]["may_stay"] is False
        for own in (PERSON.given, PERSON.phone, PERSON.line, PERSON.postcode, PERSON.nhs_number):
            assert own not in str(problem), "it names the place, and repeats no word"


def test_what_else_is_known_of_them_counts_too(house: House):
    """How they are reached, by what name they agreed to be known, and who is around them."""
    referral = house.taken_on()
    told = {"value": "01632 960177", "safe": "yes"}
    house.worker.put(f"{referral.at}/person/contacts/phone", told)
    relation = {
        "resourceType": "RelatedPerson",
        "patient": {"reference": f"Patient/{referral.patient}"},
        "name": [{"family": "Zielinska", "given": ["Halina"]}],
    }
    house.ehr.post("/fhir/RelatedPerson", relation)
    shared = {"name": "Bibi Oldroyd"}
    for words, kind in (
        ("Ring 01632-960 177", "phone"),
        ("Comes with Zielinska", "name-of-somebody-close"),
        ("Bibi would like company", "name"),
    ):
        problem = asked(house, referral.at, status=422, text=words, share=shared)
        assert [each["kind"] for each in problem["found"]] == [kind]


@pytest.mark.parametrize(
    ("text", "word", "kind"),
    [
        ("Would like the Rose choir", "Rose", "name"),
        ("Somewhere near BD16 4RP", "BD16 4RP", "postcode"),
        ("Ring the hall, 01274 960177", "01274 960177", "phone"),
        ("Lives with dementia", "dementia", "health"),
    ],
)
def test_what_may_be_another_thing_stays_if_the_link_worker_says_so(
    house: House, text: str, word: str, kind: str
):
    person = a_person(1, family="Rose")
    referral = house.taken_on(person=person)
    share = {"name": "Kath"}
    with house.unchanged():
        problem = asked(house, referral.at, status=422, text=text, share=share)
    at = text.index(word)
    assert problem["found"] == [
        {
            "element": "text",
            "kind": kind,
            "start": at,
            "end": at + len(word),
            "may_stay": True,
        }
    ]
    before = confirmations(house)
    asked(house, referral.at, text=text, may_stay=[word.lower()], share=share)
    assert confirmations(house) == before + 1
    by, record = house.row(
        "select subject, record from audit_entry where action = 'words-confirmed'"
        " order by position desc limit 1"
    )
    assert by == house.worker.who.client_id
    assert word not in record, "the trail says who and when, and not which"


def test_what_tells_nothing_is_asked_as_it_is(house: House):
    """Places, the service's own name and days to come."""
    referral = house.taken_on()
    before = confirmations(house)
    asked(
        house,
        referral.at,
        text="Would like Sunday stitching in Saltaire, from 12 January 2027.",
        where=PERSON.town,
    )
    assert confirmations(house) == before


def write(house: House, task: str, text: str, *, by: str = "link-worker", status: int = 201,
          may_stay: list[str] | None = None) -> Json:  # fmt: skip
    body = {"text": text, "key": str(uuid4()), "may_stay": may_stay or []}
    found: Json = house.by(by).post(f"/referrals/requests/{task}/messages", body, status=status)
    return found


def test_a_message_before_a_yes_tells_nobody_who_it_is(house: House):
    _, task = house.asked()
    with house.unchanged():
        problem = write(house, task, f"It is {PERSON.given}", status=422)
    assert problem["element"] == "text"
    assert problem["found"][0]["kind"] == "name"
    write(house, task, "Ring 01274 960177", status=422)
    write(house, task, "Ring 01274 960177", may_stay=["01274 960177"])
    assert confirmations(house) == 1
    house.answer(task, "accept")
    write(house, task, f"{PERSON.given} comes on Sunday")


def test_after_a_yes_it_is_looked_through_where_nothing_of_them_is_agreed(house: House):
    referral, task = house.accepted(share={})
    write(house, task, f"{PERSON.given} comes on Sunday", status=422)
    other = house.ask(referral, SERVICE_2, several_because="Either day would do")
    house.worker.post(f"/referrals/requests/{other}/withdraw-agreement")
    write(house, other, f"{PERSON.given} comes on Sunday", status=422)


def test_what_a_provider_writes_is_not_looked_through(house: House):
    _, task = house.asked()
    write(house, task, f"Is it {PERSON.given}? Our number is 01274 960177", by="provider")
