"""The message back to the GP: what is made when, who reads it, its words (care 7, 12, 13, 21)."""

import hashlib
import io
import re
from base64 import b64decode, b64encode
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from services.referrals import codes
from services.referrals.app import desk_of
from services.referrals.gp.prescribed import Offer
from services.referrals.gp.rendering import letter
from services.referrals.gp.standing import Kind
from services.referrals.gp.summary import Identity, Measure, Summary
from services.referrals.gp.worries import chase
from services.referrals.handlers.practices import change_wish
from services.referrals.subject.erasing import erase
from services.referrals.subject.finding import subject_of
from services.referrals.subject.operators import operator
from shared.fhir.model import validate
from shared.worker import Wake
from tests.referrals.house import SERVICE, TEAM_2, House, Json, Referral
from tests.referrals.letters import (
    WHOLE_WISH,
    agree,
    close,
    closed,
    document,
    entries,
    html_of,
    later,
    looks_are_written,
    message,
    messages,
    pdf_of,
    send,
    text_of,
    to_do,
    wish,
    worry,
)

REFERRED, DECLINED = "871731000000106", "871711000000103"


def kinds(house: House, referral: Referral) -> list[tuple[str, str]]:
    return [(each["kind"], each["state"]) for each in messages(house, referral)]


def said(house: House, referral: Referral, kind: str = "closure") -> Json:
    """The Communication of a message, as the practice finds it."""
    send(house)
    key = message(house, referral, kind)["id"]
    (found,) = entries(house.ehr.get(f"/fhir/Communication?based-on={referral.request}&_id={key}"))
    return found


def test_a_closed_case_is_told_to_its_practice_once(house: House):
    referral = closed(house)
    assert kinds(house, referral) == [("first-outcome", "waiting"), ("closure", "waiting")]
    assert send(house) == 2
    assert send(house) == 0, "however often it is looked"
    assert kinds(house, referral) == [("first-outcome", "sent"), ("closure", "sent")]
    found = entries(house.ehr.get(f"/fhir/DocumentReference?patient={referral.patient}"))
    assert len(found) == 2
    assert len(entries(house.ehr.get(f"/fhir/Communication?subject={referral.patient}"))) == 2


def test_the_summary_says_what_the_standard_asks_for(house: House):
    referral = closed(house)
    body = said(house, referral)
    letter = document(house, body["id"])
    page = html_of(letter)
    for words in (
        "Referral", "Social prescribing record", "Message back to the GP",
        "Loneliness", "Sunday stitching", "completed, came 2 times", "2 June 2026 to 9 June 2026",
        "ONS4 life satisfaction", "not asked: did not want to",
        "Support came to its end as planned", "Goes on by herself",
    ):  # fmt: skip
        assert words in page, words
        assert words in text_of(letter), words
    assert "Only what the person agreed" not in page
    assert body["payload"][1]["contentReference"]["reference"] == f"DocumentReference/{body['id']}"
    assert body["recipient"][0]["identifier"]["value"] == "ZZK01"
    for resource in (body, letter):
        validate(resource)


def test_needs_are_told_where_nobody_was_asked_too(house: House):
    referral = house.taken_on()
    agree(house, referral)
    close(house, referral, "nothing-fits")
    page = html_of(document(house, said(house, referral)["id"]))
    assert "Needs: loneliness" in page, "as the practice wrote it"


def test_a_place_that_nobody_began_is_told_as_what_it_was(house: House):
    referral, _ = house.accepted()
    agree(house, referral)
    close(house, referral)
    page = html_of(document(house, said(house, referral)["id"]))
    assert "answered, and no start was noted" in page, "it said yes, and nobody took that back"


@pytest.mark.parametrize(
    ("born", "words"),
    [("1948-03-09", "9 March 1948"), ("1948-03", "March 1948"), ("1948", "1948"), ("", "")],
)
def test_a_day_of_birth_is_written_as_the_nhs_writes_days(born: str, words: str):
    assert Identity(born=born).born_in_words == words


def test_every_day_in_a_letter_is_written_alike(house: House):
    referral = closed(house)
    send(house)
    letter = document(house, message(house, referral)["id"])
    born = house.ehr.get(f"/fhir/Patient/{referral.patient}")["birthDate"]
    for words in (html_of(letter), text_of(letter)):
        assert Identity(born=born).born_in_words in words
        assert re.findall(r"\d{4}-\d{2}-\d{2}", words) == []


def test_the_letter_is_one_tagged_page_with_its_fonts_inside(house: House):
    referral = closed(house, next_step="A long story. " * 140)
    send(house)
    letter = document(house, message(house, referral)["id"])
    pdf = pdf_of(letter)
    assert len(pdf.pages) == 1
    assert "… (shortened)" in text_of(letter)
    assert "… (shortened)" in html_of(letter)
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    page: Any = pdf.pages[0]
    fonts = page["/Resources"]["/Font"].values()
    inside = [font["/DescendantFonts"][0]["/FontDescriptor"] for font in fonts]
    assert inside
    assert all("/FontFile3" in each or "/FontFile2" in each for each in inside)
    for content in letter["content"]:
        attachment = content["attachment"]
        data = b64decode(attachment["data"])
        assert attachment["size"] == len(data) < 100_000, "small enough to be inside"
        assert attachment["hash"] == b64encode(hashlib.sha1(data).digest()).decode()


@pytest.mark.parametrize("line", ["a", "", "Zażółć gęślą jaźń", "یہ بات نہیں", "\u2028", "W" * 60])
def test_many_short_lines_are_one_page_too(line: str):
    many = f"{line}\n" * 400
    whole = Summary(
        kind=Kind.CLOSURE, title="Social prescribing: summary at closure", made="1 June 2026",
        practice=many, practice_code="ZZK01", team=many, team_phone="01274 000000",
        person=Identity(many, many, (many,), "1950-02-01", "9990000018", True),
        referred="1 May 2026", reference=many, needs=(many,) * 30,
        offers=tuple(Offer(many, "came 12 times", "1 May 2026 to 2 June 2026") for _ in range(30)),
        measures=tuple(Measure(many, many, many) for _ in range(30)),
        outcome="Support came to its end as planned", next_step=many, concern=many,
    )  # fmt: skip
    made = letter(whole)
    assert len(PdfReader(io.BytesIO(made.pdf)).pages) == 1
    assert "… (shortened)" in made.html.decode()


def test_the_lines_of_a_text_that_fits_are_kept(house: House):
    referral = closed(house, next_step="She will:\n- walk\n\n- sing")
    send(house)
    assert "She will:\n- walk\n\n- sing" in html_of(document(house, message(house, referral)["id"]))


def test_what_somebody_writes_is_text_and_nothing_else(house: House):
    words = "<script>alert(1)</script> #set page(width: 1cm) $x$ *y* & \u202e"
    referral = closed(house, next_step=words)
    send(house)
    letter = document(house, message(house, referral)["id"])
    assert "<script>" not in html_of(letter)
    assert "#set page(width: 1cm) $x$ *y*" in text_of(letter)


def test_a_sign_that_no_font_has_stops_no_letter(house: House):
    referral = closed(house, next_step="ਪੰਜਾਬੀ 王 😀 and then")
    send(house)
    letter = document(house, message(house, referral)["id"])
    assert "ਪੰਜਾਬੀ 王 😀 and then" in html_of(letter)
    assert "Some signs cannot be shown on paper" in text_of(letter)
    assert "and then" in text_of(letter)
    root: Any = pdf_of(letter).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]


def test_the_first_outcome_is_one_coded_line(house: House):
    referral = house.taken_on()
    body = said(house, referral, "first-outcome")
    assert body["reasonCode"][0]["coding"][0]["code"] == REFERRED
    line = body["payload"][0]["contentString"]
    assert line.startswith("Referral to social prescribing service (871731000000106), ")
    assert line.endswith("already coded with your referral")
    assert messages(house, referral)[0]["code"] == REFERRED


def test_what_ends_with_its_first_outcome_is_told_once(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    close(house, referral, "person-declined")
    assert kinds(house, referral) == [("closure", "waiting")]
    body = said(house, referral)
    assert body["reasonCode"][0]["coding"][0]["code"] == DECLINED
    page = html_of(document(house, body["id"]))
    assert "Social prescribing declined" in page
    assert "The person declined social prescribing" in page


@pytest.mark.parametrize(
    ("items", "there", "missing"),
    [
        ([], [], ["Loneliness", "Sunday stitching", "ONS4", "Goes on"]),
        (["needs"], ["Loneliness"], ["Sunday stitching", "ONS4", "Goes on"]),
        (["activities", "next-step"], ["Sunday stitching", "Goes on"], ["Loneliness", "ONS4"]),
    ],
)
def test_only_what_was_agreed_is_told(
    house: House, items: list[str], there: list[str], missing: list[str]
):
    referral = closed(house, items)
    send(house)
    page = html_of(document(house, message(house, referral)["id"]))
    assert [each for each in there if each not in page] == []
    assert [each for each in missing if each in page] == []
    assert "Support came to its end as planned" in page
    assert "Only what the person agreed to share with their GP is told here." in page


def test_nothing_is_told_once_the_person_does_not_want_it(house: House):
    referral, task = house.accepted()
    agree(house, referral)
    house.worker.post(f"{referral.at}/gp-sharing/withdraw")
    assert message(house, referral, "first-outcome")["state"] == "stopped"
    for action in ("start", "complete"):
        house.progress(task, action)
    close(house, referral)
    assert message(house, referral)["why"] == "The person does not want their GP to hear more."
    assert send(house) == 0
    assert entries(house.ehr.get("/fhir/Communication")) == []
    assert entries(house.ehr.get("/fhir/DocumentReference")) == []


def test_a_practice_is_told_what_it_wants(house: House):
    wish(house, closure=False)
    first = closed(house)
    assert [kind for kind, _ in kinds(house, first)] == ["first-outcome"]
    wish(house, first_outcome=False, route="print")
    second = house.taken_on(number=2)
    assert kinds(house, second) == []
    house.worker.post(f"{second.at}/close", {"outcome": "person-ended-early"})
    assert [each["route"] for each in messages(house, second)] == ["print"]
    known = {each["practice"]: each for each in house.by("coordinator").get("/referrals/practices")}
    assert known["ZZK01"]["route"] == "print"
    assert known["ZZK02"] | {"name": ""} == {
        "practice": "ZZK02", "name": "", "first_outcome": True, "closure": True, "safety": True,
        "delay": True, "route": "fhir",
    }  # fmt: skip


def test_only_its_hub_says_what_a_practice_wants(house: House):
    at = "/referrals/practices/ZZK01/wish"
    for who, status in (("coordinator-2", 404), ("link-worker", 404), ("ehr", 403)):
        house.by(who).call("PUT", at, json=WHOLE_WISH | {"closure": False}, status=status)
    no_mailbox = house.by("coordinator").call(
        "PUT", at, json=WHOLE_WISH | {"route": "mesh"}, status=422
    )
    assert "KERSEY_MESH__URL" in no_mailbox["detail"]
    unknown = WHOLE_WISH | {"route": "pigeon"}
    house.by("coordinator").call("PUT", at, json=unknown, status=422)
    assert house.rows("select 1 from practice_wish") == []


@pytest.mark.parametrize("absent", ["first_outcome", "closure", "safety", "delay", "route"])
def test_a_wish_that_is_not_whole_changes_nothing(house: House, absent: str):
    wish(house, closure=False, route="print")
    stands = {name: value for name, value in WHOLE_WISH.items() if name != absent}
    at = "/referrals/practices/ZZK01/wish"
    refused = house.by("coordinator").call("PUT", at, json=stands, status=422)
    assert refused["element"] == f"body.{absent}"
    first, *_ = house.by("coordinator").get("/referrals/practices")
    assert (first["closure"], first["route"]) == (False, "print")


def test_an_operator_changes_what_is_named_and_nothing_else(house: House):
    wish(house, closure=False, route="print")
    change_wish(house.desk, operator("the practice"), "ZZK01", {"safety": False})
    first, *_ = house.by("coordinator").get("/referrals/practices")
    wanted = {name: first[name] for name in WHOLE_WISH}
    assert wanted == WHOLE_WISH | {"closure": False, "route": "print", "safety": False}


def test_nobody_else_reads_it(house: House):
    referral = closed(house)
    send(house)
    key = message(house, referral)["id"]
    for who in ("ehr-2", "provider", "coordinator-2", "link-worker-2", "fhir-client"):
        for kind in ("Communication", "DocumentReference"):
            answer = house.by(who).send("GET", f"/fhir/{kind}/{key}")
            assert answer.status_code in {403, 404}, who
    at = f"{referral.at}/gp-messages/{key}/letter.pdf"
    for who in ("ehr", "provider", "link-worker-2", "coordinator", "coordinator-2"):
        assert house.by(who).send("GET", at).status_code in {403, 404}, who
    letter = house.worker.send("GET", at)
    assert letter.content.startswith(b"%PDF-")
    assert letter.headers["cache-control"] == "no-store"
    assert house.scalar("select count(*) from audit_entry where action = 'gp-letter-read'") == 1


def test_a_hub_sees_where_a_message_stands_and_not_the_letter_that_names_the_person(house: House):
    wish(house, route="print")
    referral = closed(house)
    send(house)
    load = house.worker.get("/referrals/caseload")
    assert (load["open"], load["waiting"]["gp_to_do"]) == (0, 1), "a summary comes at the end"
    (mine,) = [each for each in messages(house, referral) if each["kind"] == "closure"]
    coordinator = house.by("coordinator")
    seen = {each["id"]: each for each in coordinator.get(referral.at)["gp_messages"]}[mine["id"]]
    assert mine["letter"]
    assert seen == mine | {"letter": None}
    posted = f"{referral.at}/gp-messages/{mine['id']}/posted"
    coordinator.call("POST", posted, json={"on": "2026-06-03"}, status=403)


def test_no_client_changes_what_its_practice_was_told(house: House):
    referral = closed(house)
    send(house)
    key = message(house, referral)["id"]
    letter = document(house, key)
    for method, body in (("PUT", letter | {"description": "other"}), ("DELETE", None)):
        answer = house.ehr.send(method, f"/fhir/DocumentReference/{key}", json=body)
        assert answer.status_code in {403, 404, 405}
    assert document(house, key) == letter


def test_the_team_that_takes_a_case_over_reads_it(house: House):
    referral = house.taken_on()
    send(house)
    key = message(house, referral, "first-outcome")["id"]
    body = {"team": str(TEAM_2), "reason": "moved-home"}
    house.worker.post(f"{referral.at}/hand-over", body)
    document(house, key, by="link-worker-2")
    assert house.worker.send("GET", f"/fhir/DocumentReference/{key}").status_code == 404
    document(house, key)


@pytest.mark.parametrize("stop", ["restricted", "do-not-contact"])
def test_nothing_automatic_goes_out_about_a_stopped_record(house: House, stop: str):
    referral = house.taken_on()
    agree(house, referral)
    said_of = {"stands": True, "told_by": "the practice"}
    house.worker.put(f"{referral.at}/person/stops/{stop}", said_of)
    assert kinds(house, referral) == [("first-outcome", "held")], "what waits is held too"
    close(house, referral, "person-ended-early")
    held = message(house, referral)
    assert (held["state"], held["reason"]) == ("held", stop)
    assert held["what_to_do"]
    assert send(house) == 0
    listed = house.worker.get("/referrals/cases?open=false&gp_to_do=true")
    assert [each["case"] for each in listed] == [referral.case]
    for each in messages(house, referral):
        house.worker.post(f"{referral.at}/gp-messages/{each['id']}/release")
    assert send(house) == 2
    assert kinds(house, referral) == [("first-outcome", "sent"), ("closure", "sent")]
    assert house.worker.get("/referrals/cases?open=false&gp_to_do=true") == []
    labels = document(house, held["id"]).get("securityLabel", [])
    assert [each["coding"][0]["code"] for each in labels] == ["R"] * (stop == "restricted")


def test_a_death_stops_every_message(house: House):
    referral = house.taken_on()
    agree(house, referral)
    died = {"stands": True, "told_by": "the family"}
    house.worker.put(f"{referral.at}/person/stops/died", died)
    close(house, referral, "died-or-moved")
    assert {state for _, state in kinds(house, referral)} == {"stopped"}
    assert send(house) == 0
    body = {"id": str(uuid4()), "concern": "Nobody opens."}
    house.worker.call("POST", f"{referral.at}/gp-worries", json=body, status=409)


def test_whoever_died_or_moved_is_for_a_person_to_say(house: House):
    referral = house.taken_on()
    close(house, referral, "died-or-moved")
    assert message(house, referral)["reason"] == "died-or-moved"
    assert message(house, referral)["state"] == "held"


def test_a_referral_that_is_taken_back_stops_what_waits(house: House):
    referral = house.taken_on()
    house.withdraw(referral)
    assert kinds(house, referral) == [("first-outcome", "stopped")]
    assert send(house) == 0


def test_a_worry_is_told_at_once_and_once(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/gp-sharing/withdraw")
    body = {"id": str(uuid4()), "concern": "Said that she has stopped eating."}
    refused = house.worker.call("POST", f"{referral.at}/gp-worries", json=body, status=409)
    assert refused["element"] == "because"
    body["because"] = "risk to life"
    for _ in range(2):
        house.worker.post(f"{referral.at}/gp-worries", body)
    found = said(house, referral, "safety")
    assert found["priority"] == "asap"
    assert "stopped eating" not in found["payload"][0]["contentString"]
    page = html_of(document(house, found["id"]))
    assert "stopped eating" in page
    assert "not an emergency route" in page
    assert "risk to life" not in page, "why it is told stays with the team"
    assert len([1 for kind, _ in kinds(house, referral) if kind == "safety"]) == 1


def test_another_worry_is_not_taken_for_one_that_was_told(house: House):
    referral = house.taken_on()
    body = {"id": str(uuid4()), "concern": "Said that she has stopped eating."}
    house.worker.post(f"{referral.at}/gp-worries", body)
    other = body | {"concern": "Has taken an overdose."}
    refused = house.worker.call("POST", f"{referral.at}/gp-worries", json=other, status=409)
    assert refused["element"] == "id"


def test_a_worry_outlives_all_but_a_death(house: House):
    """It is the message that may go out against the person's wish (care 21)."""
    referral = house.taken_on()
    body = {"id": str(uuid4()), "concern": "Says she will end it.", "because": "risk to life"}
    house.worker.post(f"{referral.at}/gp-worries", body)
    house.worker.post(f"{referral.at}/gp-sharing/withdraw")
    house.withdraw(referral)
    assert message(house, referral, "safety")["state"] == "waiting"
    died = {"stands": True, "told_by": "the family"}
    house.worker.put(f"{referral.at}/person/stops/died", died)
    assert message(house, referral, "safety")["state"] == "stopped"


@pytest.mark.parametrize("end", ["died", "wish"])
def test_a_letter_on_paper_is_called_back_too(house: House, end: str):
    wish(house, first_outcome=False, route="print")
    referral = closed(house)
    send(house)
    at = f"{referral.at}/gp-messages/{message(house, referral)['id']}/posted"
    if end == "died":
        died = {"stands": True, "told_by": "the family"}
        house.worker.put(f"{referral.at}/person/stops/died", died)
    else:
        house.worker.post(f"{referral.at}/gp-sharing/withdraw")
    now = message(house, referral)
    assert (now["state"], now["what_to_do"]) == ("stopped", None)
    house.worker.call("POST", at, json={"on": "2026-06-03"}, status=409)
    assert house.worker.get("/referrals/cases?open=false&gp_to_do=true") == []


def test_a_worry_that_the_practice_did_not_read_is_rung_about(house: House):
    referral = house.taken_on()
    key = worry(house, referral)["id"]
    send(house)
    house.ehr.get(f"/fhir/Communication?_id={key}")
    house.worker.get(f"/fhir/DocumentReference/{key}")
    looks_are_written(house)
    later(house, 39)
    assert chase(house.desk) == 0
    later(house, 2)
    assert chase(house.desk) == 1
    assert chase(house.desk) == 0, "once"
    unread = message(house, referral, "safety")
    assert (unread["state"], unread["reason"]) == ("failed", "not-read")
    assert "Ring the practice now" in unread["what_to_do"]
    assert to_do(house) == [referral.case]
    assert message(house, referral, "first-outcome")["state"] == "sent", "it is no worry"

    document(house, key)
    looks_are_written(house)
    assert chase(house.desk) == 1
    assert message(house, referral, "safety")["state"] == "received"
    assert to_do(house) == []


def test_nobody_is_asked_to_ring_about_whoever_died_meanwhile(house: House):
    referral = house.taken_on()
    worry(house, referral)
    send(house)
    died = {"stands": True, "told_by": "the family"}
    house.worker.put(f"{referral.at}/person/stops/died", died)
    later(house, 41)
    told = house.told()
    assert chase(house.desk) == 1
    ended = message(house, referral, "safety")
    assert (ended["state"], ended["reason"], ended["what_to_do"]) == ("stopped", "died", None)
    assert (to_do(house), house.told()) == ([], told)
    assert chase(house.desk) == 0


def test_a_worry_that_the_practice_read_asks_nothing_of_anybody(house: House):
    referral = house.taken_on()
    key = worry(house, referral)["id"]
    send(house)
    entries(house.ehr.get(f"/fhir/DocumentReference?_id={key}"))
    looks_are_written(house)
    later(house, 41)
    chase(house.desk)
    read = message(house, referral, "safety")
    assert (read["state"], read["what_to_do"]) == ("received", None)
    assert to_do(house) == []


def test_a_practice_without_worries_is_to_be_rung(house: House):
    referral = house.taken_on()
    wish(house, safety=False)
    body = {"id": str(uuid4()), "concern": "Nobody opens."}
    refused = house.worker.call("POST", f"{referral.at}/gp-worries", json=body, status=409)
    assert "Ring it now" in refused["detail"]
    assert "safety" not in dict(kinds(house, referral))


def test_what_is_for_paper_waits_until_it_was_posted(house: House):
    wish(house, first_outcome=False, route="print")
    referral = closed(house)
    send(house)
    waiting = message(house, referral)
    assert (waiting["state"], waiting["why"]) == ("to-print", "The practice wants it on paper.")
    assert "Print the letter" in waiting["what_to_do"]
    assert house.worker.send("GET", waiting["letter"]).content.startswith(b"%PDF-")
    at = f"{referral.at}/gp-messages/{waiting['id']}/posted"
    house.worker.call("POST", at, json={"on": "2999-01-01"}, status=422)
    house.worker.post(at, {"on": "2026-06-03"})
    now = message(house, referral)
    assert (now["state"], now["posted_on"], now["what_to_do"]) == ("posted", "2026-06-03", None)
    house.worker.call("POST", at, json={"on": "2026-06-03"}, status=409)
    assert house.worker.get("/referrals/cases?open=false&gp_to_do=true") == []


def test_only_the_worker_says_what_may_be_told(house: House):
    referral = house.taken_on()
    for who in ("ehr", "coordinator", "provider", "link-worker-2"):
        answer = house.by(who).send("PUT", f"{referral.at}/gp-sharing", json={"items": []})
        assert answer.status_code in {403, 404}, who
    body = {"items": ["address"], "how": "verbal"}
    house.worker.call("PUT", f"{referral.at}/gp-sharing", json=body, status=422)
    assert house.rows("select 1 from gp_sharing") == []


def test_no_word_of_it_is_in_an_event(house: House):
    closed(house, next_step="zwmarker")
    send(house)
    assert house.rows("select 1 from outbox where envelope::text like '%zwmarker%'") == []
    assert house.rows("select 1 from gp_delivery d where d::text like '%zwmarker%'") == []


def test_an_erasure_takes_the_words_and_the_letter(house: House):
    referral = closed(house, next_step="zwmarker")
    wish(house, route="print")
    second = house.ask(house.taken_on(number=2), SERVICE)
    assert second
    send(house)
    key = message(house, referral)["id"]
    person = house.scalar("select person from referral_case where id = :c", c=referral.case)
    desk = desk_of(house.settings, house.engine, Wake())
    with desk.work() as uow:
        traces = subject_of(uow.session, person).traces
    assert key in traces["watched"], "what subscribers were told of it is found too"
    erase(desk, person, by="DPO", reason="person-asked")
    for kind in ("Communication", "DocumentReference"):
        assert house.ehr.send("GET", f"/fhir/{kind}/{key}").status_code == 410
        left = "select 1 from document where type = :t and id = :i and body <> ''"
        assert house.rows(left, t=kind, i=key) == []
    assert house.rows("select 1 from gp_message m where m::text like '%zwmarker%'") == []
    assert house.rows("select 1 from document where body like '%zwmarker%'") == []
    assert house.scalar("select count(*) from gp_message where id = :i", i=key) == 1


def test_what_closing_would_tell_is_what_it_then_tells(house: House):
    referral, task = house.accepted()
    agree(house, referral)
    body = {"outcome": "completed", "for_practice": {"next_step": "Goes on by herself"}}
    with house.unchanged():
        told = house.worker.post(f"{referral.at}/close/preview", body)
    assert [each["task"] for each in told["requests"]] == [task]
    assert told["requests"][0]["service_name"] == "Sunday stitching"
    assert told["codes"] == [], "it went with the person's yes"
    (letter,) = told["messages"]
    assert (letter["kind"], letter["state"], letter["left_out"]) == ("closure", "waiting", False)
    assert [each["came_of_it"] for each in letter["offers"]] == ["answered, and no start was noted"]
    house.worker.post(f"{referral.at}/close", body)
    page = html_of(document(house, said(house, referral)["id"]))
    for words in (letter["outcome"], letter["next_step"], letter["offers"][0]["came_of_it"]):
        assert words in page


def test_what_closing_would_code_and_who_must_decide_is_told_before(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    told = house.worker.post(f"{referral.at}/close/preview", {"outcome": "person-declined"})
    assert [each["code"] for each in told["codes"]] == [codes.DECLINED]
    assert "declined" in told["messages"][0]["outcome"]
    told = house.worker.post(f"{referral.at}/close/preview", {"outcome": "died-or-moved"})
    assert [(each["state"], bool(each["why"])) for each in told["messages"]] == [("held", True)]
    with house.unchanged():
        house.worker.post(f"{referral.at}/close/preview", {"outcome": "completed"}, status=409)
        house.by("link-worker-2").post(
            f"{referral.at}/close/preview", {"outcome": "not-reached"}, status=404
        )
    assert house.scalar("select count(*) from gp_message") == 0
