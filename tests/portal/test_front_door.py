"""The front door: anyone asks, checks, sends once and gets a receipt, without an account."""

import re
from collections.abc import Iterator

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from services.portal.front_door.words import NEEDS
from tests.infrastructure.postgres import NewDatabase
from tests.portal.door import FAMILY, FORM, KATH, NURSE, Through, Visitor, kept, stamp_of, visiting
from tests.referrals.house import House, house_at, prepare

REFERENCE = re.compile(r"\b[2-9A-Z]{3}-[2-9A-Z]{3}-[2-9A-Z]{3}\b")

NAUGHTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' OR 1=1 --",
    "{{ 7*7 }}{% raw %}",
    "${jndi:ldap://localhost/a}",
    "javascript:alert(1)",
    "＜script＞Ω≈ç√∫",
    "ﷺ הָיְתָה 田中さん 👩‍👩‍👧 Z̮̞̠͙͔",
    "\u202etxet desrever\u200b\ufeff",
    "&lt;b&gt;&amp;",
    "undefined null NaN",
    "../../etc/passwd%00",
)


@pytest.fixture(scope="module")
def referring(module_database: NewDatabase) -> Iterator[House]:
    with house_at(module_database("referrals", prepare)) as made:
        yield made


@pytest.fixture(scope="module")
def at_door(referring, tmp_path_factory) -> Iterator[tuple[Visitor, Through]]:
    with visiting(referring, tmp_path_factory.mktemp("static")) as made:
        yield made


@pytest.fixture
def visitor(at_door):
    return at_door[0]


def cases(referring):
    return referring.scalar("select count(*) from referral_case")


def newest(referring):
    """The last case as its link worker sees it, and where."""
    case = referring.scalar("select id from referral_case order by key desc limit 1")
    at = f"/referrals/cases/{case}"
    return referring.worker.get(at), at


def test_the_start_page_leads_to_the_door_of_every_hub(visitor):
    page = visitor.look("/")
    doors = [link for link in page.links if link.startswith("/refer/")]
    assert doors == [
        f"/refer/{hub}" for hub in ("bradford", "calderdale", "kirklees", "leeds", "wakefield")
    ]


def test_a_hubs_page_says_first_what_to_do_when_it_cannot_wait(visitor):
    page = visitor.look("/refer/bradford")
    order = ["999", "111", "option 2", "116 123", "01632 960201", "Who it is for", "What happens"]
    places = [page.words.index(each) for each in order]
    assert places == sorted(places)
    assert "aged 18 and over" in page.words
    assert "can take days, and sometimes weeks" in page.words
    assert "01632 960101" in page.words
    ways = [link for link in page.links if link.startswith("/refer/bradford/")]
    assert {link.rpartition("/")[2] for link in ways} >= {
        "self", "family", "care-navigator", "pharmacy", "hospital", "council", "housing", "charity",
    }  # fmt: skip


def test_somebody_asks_for_themselves_and_it_lands_in_triage(visitor, referring):
    before = cases(referring)
    check = visitor.check(KATH)
    assert check.heading.endswith("Check your answers")
    for shown in ("The evenings are long", "Kath Feather", "4 3 1951", "Large print", "my son"):
        assert shown in check.words
    assert cases(referring) == before

    receipt = visitor.post(FORM, "send", kept(check))

    assert receipt.status == 200
    (reference,) = set(REFERENCE.findall(receipt.words))
    assert f"Your number is {reference} Print" in receipt.words
    assert receipt.answer.url.path == f"/refer/bradford/received/{reference}"
    for kept_out in ("Kath", "Feather", "1951", "07700"):
        assert kept_out not in receipt.answer.text
    for said in ("If you change your mind", "01632 960101", "999"):
        assert said in receipt.words
    case, at = newest(referring)
    assert (case["source"], case["front_door"]["reference"]) == ("self", reference)
    record = referring.worker.get(f"{at}/person")
    assert [each["channel"] for each in record["contacts"]] == ["phone"]
    assert record["contacts"][0]["said"][0]["words"] == "the library"
    assert {each["code"] for each in record["access_needs"]} == {"large-print", "language"}


def test_whoever_ticks_every_need_is_heard(visitor, referring):
    check = visitor.check(KATH | {"needs": list(NEEDS)})
    assert visitor.post(FORM, "send", kept(check)).status == 200
    _, at = newest(referring)
    named = referring.worker.get(f"{at}/page")["request"]["reasonCode"]
    assert {each["coding"][0]["code"] for each in named if "coding" in each} >= NEEDS.keys()


@pytest.mark.parametrize(
    ("who", "more"), [("family", FAMILY), ("hospital", NURSE), ("charity", NURSE)]
)
def test_another_refers_with_the_persons_agreement(visitor, referring, who, more):
    path = f"/refer/bradford/{who}"
    asked = visitor.check(KATH, path)
    for fault in ("Type your name", "Choose how they agreed"):
        assert asked.words.count(fault) == 2
    check = visitor.check(KATH | more, path)
    visitor.post(path, "send", kept(check))
    case, _ = newest(referring)
    assert case["source"] == who
    shown = case["front_door"]
    assert shown["referrer"]["name"] == more["referrer_name"]
    assert shown["agreed_how"] == more["agreed_how"]
    assert shown["tell_referrer"] is (who == "family")


def test_a_second_click_and_the_back_button_make_one_case(visitor, referring):
    before = cases(referring)
    check = visitor.check(KATH)
    first = visitor.post(FORM, "send", kept(check))
    second = visitor.post(FORM, "send", kept(check))
    assert first.answer.url == second.answer.url

    changed = visitor.post(FORM, "send", kept(check) | {"given": "Kathleen"})

    assert (changed.status, changed.heading) == (409, "You sent this already")
    assert str(first.answer.url).rpartition("/")[2] in changed.words
    assert cases(referring) == before + 1


def test_answers_can_be_changed_before_they_are_sent(visitor):
    check = visitor.check(KATH)
    form = visitor.post(FORM, "change", kept(check))
    assert stamp_of(form) == stamp_of(check)
    values = [given.get("value") for _, given in form.elements]
    assert {"Kath", "Feather", "1951", "my son"} <= set(values)
    assert KATH["words"] in form.words
    ticked = {given["value"] for _, given in form.elements if "checked" in given}
    assert {"loneliness", "bereavement", "large-print", "yes"} <= ticked


@pytest.mark.parametrize(
    ("values", "field", "fault"),
    [
        ({"words": "", "needs": []}, "words", "Write or choose what would help"),
        ({"given": "", "family": " "}, "given", "Type a name"),
        ({"given": "07700 900123"}, "given", "Type a name here, in letters"),
        ({"family": "+44 (0)7700-900123"}, "family", "Type a name here, in letters"),
        ({"month": "13"}, "day", "There is no such day"),
        ({"year": "2999"}, "day", "A date of birth is never in the future"),
        ({"year": ""}, "day", "Type the year too, such as 27 3 1961"),
        ({"year": "1850"}, "day", "Type the year with 4 numbers"),
        ({"phone_safe": ""}, "phone_safe", "Choose if it is safe to ring"),
        ({"phone": "", "phone_safe": ""}, "phone", "Type one safe way to reach you"),
        ({"phone_safe": "no"}, "phone", "Type one safe way to reach you"),
        ({"phone": "12"}, "phone", "Type the whole phone number"),
        ({"text_safe": "yes", "phone": ""}, "phone", "Type the phone number"),
        ({"email": "kath", "email_safe": "yes"}, "email", "Type the whole e-mail address"),
        ({"agreed": ""}, "agreed", "Tick the box if you agree"),
        ({"practice": "ZZK09"}, "practice", "Choose a GP practice from the list"),
        ({"words": "x" * 2001}, "words", "This has 2,001 letters. Write 2,000"),
        ({"say": "x" * 201}, "say", "Write 200 letters or fewer"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_in_the_summary(
    visitor, referring, values, field, fault
):
    before = cases(referring)
    page = visitor.check(KATH | values)
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert page.words.count(fault) == 2
    assert f"#{field}" in page.links
    assert "my son" in [given.get("value") for _, given in page.elements]
    assert visitor.post(FORM, "send", KATH | values | {"stamp": stamp_of(page)}).status == 422
    assert cases(referring) == before


def test_the_summary_has_the_order_of_the_page(visitor):
    page = visitor.check({}, "/refer/bradford/family")
    named = [link[1:] for link in page.links if link.startswith("#") and link != "#maincontent"]
    assert len(named) > 5
    assert named == sorted(named, key=page.ids.index)


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_words_are_shown_as_they_are_and_arrive_as_they_are(visitor, referring, text):
    check = visitor.check(KATH | {"words": text, "given": text, "keep_from": text})
    form = visitor.post(FORM, "change", kept(check))
    for page in (check, form):
        assert page.status == 200
        assert page.answer.text.count("<script") == page.answer.text.count("<img") == 0
        assert not any("onerror" in given for _, given in page.elements)
    assert " ".join(text.split()) in check.words
    visitor.post(FORM, "send", kept(check))
    case, _ = newest(referring)
    request = referring.worker.get(f"/fhir/ServiceRequest/{case['service_request']}")
    assert request["note"][0]["text"] == text


def test_what_nobody_can_see_is_taken_out(visitor):
    check = visitor.check(KATH | {"given": "Ka\x00th\x1b", "words": "a\r\nb\x07"})
    sent = kept(check)
    assert (sent["given"], sent["words"]) == (["Kath"], ["a\nb"])


def test_a_practice_opens_its_own_page_and_its_program_may_fill_it_in(visitor, referring):
    blank = visitor.look("/practice/ZZK01")
    values = [given.get("value") for _, given in blank.elements]
    assert "Thornbeck Surgery" in values
    filled = visitor._page(
        visitor.http.post(
            "/practice/ZZK01",
            data={
                "given": "Kath",
                "family": "Feather",
                "nhs_number": "9990000018",
                "agreed": "yes",
            },
        )
    )
    values = [given.get("value") for _, given in filled.elements]
    assert {"Kath", "Feather", "9990000018"} <= set(values)
    assert not [g for _, g in filled.elements if g.get("name") == "agreed" and "checked" in g]
    assert "Kath" not in str(filled.answer.url)

    sent = KATH | NURSE | {"practice": "ZZK01", "tell_gp": "yes", "stamp": stamp_of(filled)}
    check = visitor.post("/practice/ZZK01", "check", sent)
    visitor.post("/practice/ZZK01", "send", kept(check))

    case, _ = newest(referring)
    assert (case["source"], case["practice"]) == ("practice", "ZZK01")
    assert case["gp_sharing"]["withdrawn"] is None


def test_a_known_person_gets_the_same_receipt(visitor, referring):
    seen = []
    for _ in range(2):
        receipt = visitor.post(FORM, "send", kept(visitor.check(KATH)))
        seen.append(REFERENCE.sub("", receipt.answer.text))
    assert seen[0] == seen[1]
    assert referring.scalar("select count(*) from link_proposal") > 0


def test_while_referrals_is_away_the_pages_say_so(at_door):
    visitor, through = at_door
    through.away = True
    try:
        assert visitor.look("/refer/bradford").status == 503
        assert "cannot be shown just now" in visitor.look("/").words
    finally:
        through.away = False


def test_a_form_that_could_not_be_handed_in_stands_ready_to_be_sent_again(
    at_door, referring, monkeypatch
):
    visitor, through = at_door
    check = visitor.check(KATH)
    request = through.request

    def no_writing(method, path, **arguments):
        through.away = method == "POST"
        try:
            return request(method, path, **arguments)
        finally:
            through.away = False

    with monkeypatch.context() as patched:
        patched.setattr(through, "request", no_writing)
        page = visitor.post(FORM, "send", kept(check))
    assert page.status == 503
    assert "What you typed is still on this page" in page.words
    assert kept(page) == kept(check)
    before = cases(referring)
    assert visitor.post(FORM, "send", kept(page)).status == 200
    assert cases(referring) == before + 1


def test_programs_are_told_apart_without_a_puzzle(visitor, referring):
    before = cases(referring)
    decoyed = visitor.post(FORM, "send", kept(visitor.check(KATH)) | {"website": "http://spam"})
    assert (decoyed.status, "hidden" in decoyed.words) == (422, True)
    assert "01632 960101" in decoyed.words
    made, key, sign = stamp_of(visitor.look(FORM)).split(".")
    bent = (
        f"{made}.{key}.{sign[::-1]}",
        f"{int(made) - 60}.{key}.{sign}",
        f"{made}.{'k' * 22}.{sign}",
    )
    for stamp in ("", "1.x.y", *bent):
        page = visitor.post(FORM, "send", KATH | {"stamp": stamp})
        assert (page.status, "open for a long time" in page.words) == (422, True)
    assert cases(referring) == before
    assert visitor.post(FORM, "send", kept(decoyed)).status == 200


def test_a_form_that_is_filled_in_at_once_is_looked_at_again(referring, tmp_path):
    with visiting(referring, tmp_path, front_door_seconds=3600) as (visitor, _):
        before = cases(referring)
        page = visitor.check(KATH)
        assert (page.status, "very quick" in page.words) == (422, True)
        assert visitor.post(FORM, "send", kept(page)).status == 422
        assert cases(referring) == before


def test_one_address_sends_only_so_many_and_is_told_what_to_do(referring, tmp_path):
    with visiting(referring, tmp_path, front_door_rate="1/hour") as (visitor, _):
        assert visitor.post(FORM, "send", kept(visitor.check(KATH))).status == 200
        page = visitor.post(FORM, "send", kept(visitor.check(KATH)))
    assert page.status == 429
    assert int(page.answer.headers["retry-after"]) > 0
    assert "01632 960101" in page.words
    assert kept(page)["given"] == ["Kath"]
    with visiting(referring, tmp_path, front_door_rate="1/hour", address="203.0.113.10") as (
        other,
        _,
    ):
        assert other.post(FORM, "send", kept(other.check(KATH))).status == 200


def test_a_form_of_unlikely_size_is_refused_in_words(visitor):
    page = visitor.post(FORM, "check", KATH | {"words": "x" * 70_000})
    assert (page.status, page.heading) == (413, "That was too long")


@pytest.mark.parametrize(
    "path",
    [
        "/refer/nowhere",
        "/refer/nowhere/self",
        "/refer/bradford/burglar",
        "/refer/bradford/received/ABC",
        "/refer/bradford/received/KATH-FEATHER",
        "/practice/XXX99",
        "/practice/a%2Fb",
        "/refer/..%2Fhubs",
    ],
)
def test_addresses_that_lead_nowhere(visitor, path):
    page = visitor.look(path)
    assert (page.status, page.heading) == (404, "This page is not here")


def test_nothing_of_the_person_is_in_an_address_or_a_log(visitor):
    with capture_logs(processors=[merge_contextvars]) as logs:
        receipt = visitor.post(FORM, "send", kept(visitor.check(KATH)))
    told = str(logs) + str(receipt.answer.url) + str(receipt.answer.history)
    assert "/refer/{hub}/{who}" in told
    for part in ("Kath", "Feather", "07700", "library", "203.0.113.9"):
        assert part not in told


def test_without_a_client_of_its_own_a_portal_has_no_front_door(tmp_path):
    from fastapi.testclient import TestClient

    from services.portal.app import create_app
    from services.portal.settings import PortalSettings

    settings = PortalSettings(
        environment="test", database_url="postgresql://not-used", client_id="portal"
    )
    with TestClient(create_app(settings, static=tmp_path)) as http:
        assert http.get("/refer/bradford").status_code == 404
        assert "No place has its page here yet" in http.get("/").text
