"""The letter goes over MESH into a practice's record system, and both acknowledgements come back.

Against the stand-in, which shares no code with the client. The contract tests run against the real
MESH too: see docs/guides/gp-message.md.
"""

import os
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import fromstring

import pytest
from fhir.resources.STU3.bundle import Bundle
from pydantic import ValidationError

from deploy.demo.mesh import Answers, PracticeSystem, StandIn, stand_in
from deploy.demo.mesh.serving import demo_stand_in, environment
from services.referrals.gp.mesh import itk3
from services.referrals.gp.mesh.inbox import MeshInbox
from services.referrals.gp.mesh.mailbox import MeshMailbox
from services.referrals.gp.mesh.settings import MeshSettings
from services.referrals.gp.standing import Kind
from services.referrals.gp.summary import Identity, Summary
from services.referrals.gp.writing import Written
from services.referrals.tables import GpMessage
from shared.delivery import InDoubt, Permanent, Temporary
from tests.infrastructure.ports import quiet_port
from tests.infrastructure.serving import serving
from tests.referrals.house import House, Json, Referral, house_at, prepare, settings_for
from tests.referrals.letters import (
    WHOLE_WISH,
    close,
    closed,
    later,
    message,
    messages,
    send,
    to_do,
    worry,
)
from tests.referrals.subscribing import receiver

MAILBOX, KEY, PASSWORD = "X26KERSEY", "a key of the tests", "a password of the tests"
SUMMARY = Summary(
    kind=Kind.CLOSURE, title="Social prescribing: summary at closure", made="1 June 2026",
    practice="Airedale", practice_code="ZZK01", team="Link workers & friends",
    team_phone="01274 000000",
    person=Identity("Kath O'Feather", "O'Feather", ("Kath",), "1950-02-01", "9990000018", True),
    referred="1 May 2026", reference="",
)  # fmt: skip


@dataclass
class Post:
    """A running stand-in with one practice behind it."""

    state: StandIn
    practice: PracticeSystem
    url: str

    def mailbox(self, **more: Any) -> MeshMailbox:
        return MeshMailbox(self.settings(**more), _now)

    def settings(self, **more: Any) -> MeshSettings:
        return mesh_settings(self.url, **more)


def mesh_settings(url: str, **more: Any) -> MeshSettings:
    given: Json = {
        "url": url, "mailbox": MAILBOX, "password": PASSWORD, "shared_key": KEY,
        "ods_code": "X26", "timeout_seconds": 60,
    }  # fmt: skip
    return MeshSettings(**(given | more))


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def posting() -> Iterator[Post]:
    practice = PracticeSystem("ZZK01", "ZZK01MB")
    state = StandIn(KEY, {MAILBOX: PASSWORD}, [practice])
    with serving(stand_in(state)) as url:
        yield Post(state, practice, url)


@pytest.fixture(scope="module")
def office() -> Iterator[Post]:
    with posting() as running:
        yield running


@pytest.fixture
def post(office: Post) -> Post:
    """The stand-in, as if nothing had happened in it."""
    office.state.messages.clear()
    office.state.patients.clear()
    office.state.fails.clear()
    office.state.redirects = None
    office.practice.answers = Answers.ACCEPTS
    office.practice.taken.clear()
    return office


@pytest.fixture
def house(database: Any, post: Post) -> Iterator[House]:
    """The service, whose practice wants its letters by MESH."""
    with house_at(database("referrals", prepare), mesh=post.settings()) as made:
        made.by("coordinator").put(
            "/referrals/practices/ZZK01/wish",
            WHOLE_WISH | {"route": "mesh", "first_outcome": False},
        )
        yield made


def inbox(house: House, post: Post) -> MeshInbox:
    return MeshInbox(house.desk, post.mailbox())


def sent(house: House, post: Post) -> Referral:
    """A closed case whose letter is on its way."""
    referral = closed(house)
    assert send(house, post.mailbox()) == 1
    return referral


def a_letter(**more: Any) -> Written:
    row = GpMessage(
        id=uuid4(), itk_id=uuid4(), case=uuid4(), kind="closure", practice="ZZK01", route="mesh",
        state="waiting", words={}, made_by="", made=_now(), changed=_now(),
    )  # fmt: skip
    return Written(row, SUMMARY, more.get("pdf", b"%PDF-1.7 a letter"))


# --- the whole way --------------------------------------------------------------------------------


def test_both_acknowledgements_stand_on_the_case(house: House, post: Post):
    referral = sent(house, post)
    assert message(house, referral)["state"] == "sent"
    (taken,) = post.practice.taken.values()
    assert b"MessageHeader" in taken
    first, second = post.state.inbox(MAILBOX)
    second.acknowledged = True
    assert inbox(house, post).look() == 1
    assert message(house, referral)["state"] == "received", "the system took it"
    second.acknowledged = False
    assert inbox(house, post).look() == 1
    assert message(house, referral)["state"] == "accepted", "the practice knows the person"
    assert post.state.inbox(MAILBOX) == [], "MESH keeps nothing that was dealt with"
    assert first.acknowledged


def test_acknowledgements_in_any_order_come_to_the_same(house: House, post: Post):
    referral = sent(house, post)
    mine = [each for each in post.state.messages if each.recipient == MAILBOX]
    post.state.messages[-2:] = reversed(mine)
    assert inbox(house, post).look() == 2
    assert message(house, referral)["state"] == "accepted"


@pytest.mark.parametrize(
    ("answers", "reason", "words"),
    [
        (Answers.UNREADABLE, "itk-20009", "could not read the message"),
        (Answers.NOT_KNOWN, "itk-30002", "does not know this person"),
        (Answers.LEFT, "itk-30003", "no longer registered"),
    ],
)
def test_a_no_is_shown_with_what_to_do(
    house: House, post: Post, answers: Answers, reason: str, words: str
):
    post.practice.answers = answers
    referral = sent(house, post)
    inbox(house, post).look()
    failed = message(house, referral)
    assert (failed["state"], failed["reason"]) == ("failed", reason)
    assert house.told()[-1] == "referral.gp-message-failed", "the team hears of it"
    assert words in failed["why"]
    assert "Print the letter" in failed["what_to_do"]
    assert house.worker.send("GET", failed["letter"]).content.startswith(b"%PDF-")
    assert [each["case"] for each in house.worker.get("/referrals/cases?open=false&gp_to_do=true")]
    house.worker.post(f"{referral.at}/gp-messages/{failed['id']}/posted", {"on": "2026-06-03"})
    assert message(house, referral)["state"] == "posted"


def test_what_failed_can_be_sent_anew(house: House, post: Post):
    post.practice.answers = Answers.NOT_KNOWN
    referral = sent(house, post)
    inbox(house, post).look()
    post.practice.answers = Answers.ACCEPTS
    house.worker.post(f"{referral.at}/gp-messages/{message(house, referral)['id']}/again")
    assert send(house, post.mailbox()) == 1
    inbox(house, post).look()
    assert message(house, referral)["state"] == "accepted"
    assert len(house.rows("select 1 from document where type = 'DocumentReference'")) == 1


def test_whom_mesh_cannot_route_is_reported(house: House, post: Post):
    referral = closed(house)
    number = house.scalar("select nhs_number from person p join referral_case c on c.person = p.id")
    post.state.patients[number] = ("ZZK01", "19000101", "Nobody")
    send(house, post.mailbox())
    inbox(house, post).look()
    failed = message(house, referral)
    assert failed["reason"] == "epl-154"
    assert failed["why"] == "The NHS number does not belong to this name and date of birth."


def test_silence_is_a_failure_after_its_days(house: House, post: Post):
    post.practice.answers = Answers.SILENT
    referral = sent(house, post)
    assert inbox(house, post).look() == 0
    assert message(house, referral)["state"] == "sent"
    house.execute("update gp_message set sent = sent - :t", t=timedelta(days=4))
    inbox(house, post).look()
    assert message(house, referral)["reason"] == "no-acknowledgement"
    system, person = PracticeSystem("ZZK01", "x").take(_body(post))
    post.state.messages.append(_to_us(system))
    inbox(house, post).look()
    assert message(house, referral)["state"] == "failed", "nobody said that they know the person"
    post.state.messages.append(_to_us(person))
    inbox(house, post).look()
    assert message(house, referral)["state"] == "accepted", "late is better than never"


def test_a_worry_that_nobody_acknowledged_is_rung_about_within_the_hour(house: House, post: Post):
    post.practice.answers = Answers.SILENT
    referral = sent(house, post)
    worry(house, referral)
    send(house, post.mailbox())
    later(house, 39)
    inbox(house, post).look()
    assert to_do(house) == [], "it may still come"
    later(house, 2)
    inbox(house, post).look()
    failed = message(house, referral, "safety")
    assert (failed["state"], failed["reason"]) == ("failed", "no-acknowledgement")
    assert "Ring the practice now" in failed["what_to_do"]
    assert to_do(house) == [referral.case]
    assert house.told()[-1] == "referral.gp-message-failed", "the team hears of it"
    assert message(house, referral)["state"] == "sent", "a summary has days"


def test_nobody_is_asked_to_print_a_letter_about_whoever_died_meanwhile(house: House, post: Post):
    post.practice.answers = Answers.LEFT
    referral = sent(house, post)
    house.worker.put(f"{referral.at}/person/stops/died", {"stands": True, "told_by": "a son"})
    inbox(house, post).look()
    ended = message(house, referral)
    assert (ended["state"], ended["what_to_do"]) == ("stopped", None)
    assert to_do(house) == []


def test_a_worry_that_cannot_be_sent_is_rung_about_within_the_hour(house: House, post: Post):
    referral = house.taken_on()
    worry(house, referral)
    post.state.fails[:] = [503] * 40
    waited = timedelta()
    while message(house, referral, "safety")["state"] == "waiting":
        send(house, post.mailbox())
        pause = "select coalesce(max(due) - now(), '0') from gp_delivery where channel = :c"
        waited += house.scalar(pause, c="mesh-safety")
        house.execute("update gp_delivery set due = now() where due is not null")
    assert timedelta(minutes=15) < waited < timedelta(minutes=30)
    assert "Ring the practice now" in message(house, referral, "safety")["what_to_do"]
    assert to_do(house) == [referral.case]


def test_a_worry_waits_behind_no_letter(house: House, post: Post):
    post.state.fails[:] = [503]
    referral = closed(house)
    send(house, post.mailbox())
    assert message(house, referral)["state"] == "waiting", "it is tried again later"
    worry(house, referral)
    send(house, post.mailbox())
    assert message(house, referral, "safety")["state"] == "sent"
    assert message(house, referral)["state"] == "waiting"


def test_an_outage_of_mesh_loses_and_repeats_nothing(house: House, post: Post):
    referral = closed(house)
    post.state.fails[:] = [503, 429, 403]
    for _ in range(3):
        assert send(house, post.mailbox()) == 1
        assert message(house, referral)["state"] == "waiting"
        house.execute("update gp_delivery set due = now() where due is not null")
    assert send(house, post.mailbox()) == 1
    assert message(house, referral)["state"] == "sent"
    assert len(post.practice.taken) == 1
    codes = house.rows("select code from gp_delivery_attempt order by number")
    assert [code for (code,) in codes][:3] == ["http-503", "not-mesh", "not-mesh"]


def test_a_repeat_after_a_broken_line_is_known_for_one(house: House, post: Post):
    referral = closed(house)
    mailbox = post.mailbox()

    class Breaks:
        """The line breaks after MESH took it."""

        def send(self, written: Written) -> str:
            mailbox.send(written)
            raise InDoubt("connection-broken")

    assert send(house, Breaks()) == 1
    house.execute("update gp_delivery set due = now() where due is not null")
    assert send(house, mailbox) == 1
    assert len(post.practice.taken) == 1, "under one identifier"
    known = post.state.messages.pop()  # the answer to the second copy is the first to arrive
    post.state.messages.insert(0, known)
    inbox(house, post).look()
    assert message(house, referral)["state"] == "accepted", "20007 is no failure"


def test_an_answer_that_overtakes_our_own_record_counts(house: House, post: Post):
    referral = closed(house)
    mailbox = post.mailbox()

    class Fast:
        """The practice answers before we have written down that it was sent."""

        def send(self, written: Written) -> str:
            key = mailbox.send(written)
            inbox(house, post).look()
            return key

    assert send(house, Fast()) == 1
    assert message(house, referral)["state"] == "accepted"


def test_the_schedule_ends_in_a_failure_that_is_seen(house: House, post: Post):
    referral = closed(house)
    post.state.fails[:] = [503] * 20
    for _ in range(8):
        send(house, post.mailbox())
        house.execute("update gp_delivery set due = now() where due is not null")
    failed = message(house, referral)
    assert (failed["state"], failed["reason"]) == ("failed", "http-503")
    assert failed["why"] == "It could not be sent (http-503)."


def test_who_has_no_verified_number_is_printed(house: House, post: Post):
    referral = closed(house)
    house.execute(
        'update document set body = replace(body, \'"code":"01"\', \'"code":"02"\')'
        " where type = 'Patient' and owner <> 'kersey'"
    )
    send(house, post.mailbox())
    failed = message(house, referral)
    assert (failed["state"], failed["reason"]) == ("failed", "no-identity"), failed
    assert post.state.messages == []


def test_what_failed_is_not_sent_anew_once_the_person_does_not_want_it(house: House, post: Post):
    referral = closed(house)
    house.execute(
        'update document set body = replace(body, \'"code":"01"\', \'"code":"02"\')'
        " where type = 'Patient' and owner <> 'kersey'"
    )
    send(house, post.mailbox())
    failed = message(house, referral)
    assert failed["state"] == "failed"
    house.worker.post(f"{referral.at}/gp-sharing/withdraw")
    assert message(house, referral)["state"] == "stopped"
    at = f"{referral.at}/gp-messages/{failed['id']}/again"
    house.worker.call("POST", at, json={}, status=409)
    assert send(house, post.mailbox()) == 0
    assert post.state.messages == []


def test_what_is_called_back_is_not_sent(house: House, post: Post):
    referral = house.taken_on()
    close(house, referral, "person-ended-early")
    house.worker.put(f"{referral.at}/person/stops/died", {"stands": True, "told_by": "the family"})
    assert send(house, post.mailbox()) == 0
    assert {each["state"] for each in messages(house, referral)} == {"stopped"}
    assert post.state.messages == []


def test_what_is_not_ours_stays_in_the_inbox(house: House, post: Post):
    sent(house, post)
    post.state.messages.append(_to_us(b"<other/>", workflow="ANOTHER_WORKFLOW"))
    post.state.messages.append(_to_us(b"", report=("14", "NOT-OURS")))
    post.state.messages.append(_to_us(b"<!DOCTYPE x [<!ENTITY e 'x'>]><x>&e;</x>"))
    assert inbox(house, post).look() == 3
    left = post.state.inbox(MAILBOX)
    other, report = left
    assert other.headers["mex-workflowid"] == "ANOTHER_WORKFLOW"
    assert report.report == ("14", "NOT-OURS")


@pytest.mark.parametrize(
    "broken",
    [
        {"data": b'<?xml version="1.0" encoding="klingon"?><Bundle/>'},
        {"data": b'<?xml version="1.0" encoding="rot13"?><Bundle/>'},
        {"data": b"not gzip", "odd": {"content-encoding": "gzip"}},
        {"data": b"<x/>", "odd": {"mex-chunk-range": "first of two"}},
        {"data": b"<x/>", "odd": {"mex-chunk-range": "1:2"}},
    ],
)
def test_what_nobody_can_read_keeps_no_acknowledgement_waiting(
    house: House, post: Post, broken: Json
):
    referral = sent(house, post)
    post.state.messages.insert(0, _to_us(**broken))
    inbox(house, post).look()
    assert message(house, referral)["state"] == "accepted"


def test_what_is_for_others_is_fetched_once_and_hides_nothing(house: House, post: Post):
    referral = sent(house, post)
    others = [_to_us(b"<other/>", workflow="ANOTHER_WORKFLOW") for _ in range(120)]
    post.state.messages[:0] = others
    ours = inbox(house, post)
    assert ours.look() == 2
    assert message(house, referral)["state"] == "accepted", "its answers lie on the second page"
    asked = post.state.asked
    ours.look()
    assert post.state.asked - asked == 2, "two pages of the list, and nothing else"
    assert len(post.state.inbox(MAILBOX)) == 120


def test_what_goes_over_the_wire(house: House, post: Post):
    sent(house, post)
    headers = post.state.messages[0].headers
    assert re.fullmatch(r"GPPROVIDER_\d{10}_\d{8}_[A-Za-z' -]+", headers["mex-to"])
    assert headers["mex-workflowid"] == "GPCONNECT_SEND_DOCUMENT"
    assert headers["mex-localid"] == "X26"
    assert "NHS Number: " in headers["mex-subject"]
    assert headers["content-encoding"] == "gzip"
    stored = house.rows("select d::text from gp_delivery d") + house.rows(
        "select a::text from gp_delivery_attempt a"
    )
    number = headers["mex-to"].split("_")[1]
    assert [row for (row,) in stored if number in row] == []


# --- the message ----------------------------------------------------------------------------------


def test_the_message_is_stu3_and_names_what_send_document_asks_for():
    body = itk3.bundle(uuid4(), uuid4(), SUMMARY, b"%PDF-1.7", itk3.Sender(MAILBOX, "X26"), _now())
    binary = body["entry"][2]["resource"]["entry"][1]["resource"]
    assert b64decode(binary["content"]) == b"%PDF-1.7"
    Bundle.model_validate(body)
    header = body["entry"][0]["resource"]
    keys = {each["url"]: each for each in header["extension"][0]["extension"]}
    assert keys["BusAckRequested"]["valueBoolean"] is True
    assert keys["InfAckRequested"]["valueBoolean"] is True
    assert keys["RecipientType"]["valueCoding"]["code"] == "FA"
    assert header["event"]["code"] == "ITK007C"
    assert "destination" not in header
    assert "receiver" not in header


def test_the_xml_says_the_same_as_the_json():
    sender = itk3.Sender(MAILBOX, "X26")
    made = (uuid4(), uuid4(), SUMMARY, b"%PDF-1.7", sender, _now())
    root = fromstring(itk3.message(*made))
    told = [each.get("value") for each in root.iter() if each.get("value") is not None]
    assert told == [_text(each) for each in _leaves(itk3.bundle(*made))]
    words = "".join(root.itertext())
    assert "Link workers & friends" in words


def test_what_xml_cannot_hold_makes_no_message_unreadable():
    odd = replace(SUMMARY, person=replace(SUMMARY.person, name='K\x07 "F" <\ufffe> & 王'))
    sender = itk3.Sender(MAILBOX, "X26")
    made = itk3.message(uuid4(), uuid4(), odd, b"%PDF-1.7", sender, _now())
    assert 'K "F" <> & 王' in {each.get("value") for each in fromstring(made).iter()}


def _leaves(node: Any, name: str = "", parent: str = "") -> Iterator[Any]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in {"resourceType", "div"} and not (key == "url" and name == "extension"):
                yield from _leaves(value, key, name)
    elif isinstance(node, list):
        for each in node:
            yield from _leaves(each, name, parent)
    else:
        yield node


def _text(leaf: Any) -> str:
    return str(leaf).lower() if isinstance(leaf, bool) else str(leaf)


# --- the contract with MESH, which the real one must keep as well ---------------------------------


@pytest.fixture
def line(post: Post) -> Callable[..., MeshMailbox]:
    """A mailbox at the stand-in, or at the MESH that the environment names."""
    named = {
        key.removeprefix("KERSEY_CONTRACT_MESH__").lower(): value
        for key, value in os.environ.items()
        if key.startswith("KERSEY_CONTRACT_MESH__")
    }
    if named:
        return lambda **more: MeshMailbox(MeshSettings(**(named | more)), _now)
    return lambda **more: post.mailbox(routing="mailbox", **more)


def test_contract_a_letter_is_taken_and_has_an_id(line: Callable[..., MeshMailbox]):
    assert re.fullmatch(r"[A-Za-z0-9_-]{10,60}", line().send(a_letter()))


def test_contract_a_wrong_password_is_no_fault_of_the_letter(line: Callable[..., MeshMailbox]):
    with pytest.raises(Temporary):
        line(password="not the password").send(a_letter())
    with pytest.raises(Temporary):
        line(password="not the password").inbox()


def test_contract_what_lies_in_the_inbox_is_gone_when_acknowledged(
    line: Callable[..., MeshMailbox],
):
    mailbox = line()
    mailbox.send(a_letter())
    for key in mailbox.inbox():
        assert mailbox.retrieve(key).id == key
        mailbox.acknowledge(key)
    assert mailbox.inbox() == []


# --- how the line fails ---------------------------------------------------------------------------


def test_a_long_letter_goes_in_parts(post: Post):
    mailbox = MeshMailbox(post.settings(), _now, chunk_bytes=10_000)
    mailbox.send(a_letter(pdf=os.urandom(40_000)))
    assert post.state.messages[0].total > 3
    assert len(post.practice.taken) == 1


def test_a_practice_without_a_mailbox_is_a_failure_for_good(post: Post):
    letter = a_letter()
    letter.message.practice = "ZZK99"
    with pytest.raises(Permanent, match="no-mailbox"):
        post.mailbox(routing="mailbox").send(letter)


def test_nobody_there_is_worth_another_try():
    nowhere = MeshMailbox(mesh_settings(f"http://127.0.0.1:{quiet_port()}"), _now)
    with pytest.raises(Temporary, match="unreachable"):
        nowhere.send(a_letter())


def test_mesh_leads_us_nowhere_else(post: Post):
    with receiver() as elsewhere:
        post.state.redirects = elsewhere.url
        with pytest.raises(Permanent, match="mesh-redirects"):
            post.mailbox().send(a_letter())
        assert elsewhere.requests == []


def test_a_page_of_a_proxy_is_not_mesh(post: Post):
    post.state.fails[:] = [200]
    with pytest.raises(Temporary, match="not-mesh"):
        post.mailbox().send(a_letter())


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://user:secret@mesh.example"},
        {"url": "https://mesh.example/elsewhere"},
        {"url": "file:///etc/passwd"},
        {"mailbox": "a/b"},
        {"certificate": "/tmp/a.pem"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: Json):
    with pytest.raises(ValidationError):
        mesh_settings(**({"url": "https://mesh.example"} | wrong))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"url": "http://mesh.example"}, "https"),
        ({"certificate": None, "private_key": None}, "certificate"),
        ({"password": "demo-password"}, "demo secret"),
        ({"shared_key": "demo-key"}, "demo secret"),
    ],
)
def test_production_refuses_what_is_for_trying(how: Json, words: str):
    fit: Json = {"certificate": "/etc/mesh.pem", "private_key": "/etc/mesh.key"}
    production: Json = {"environment": "production", "public_url": "https://kersey.example"}
    url = "postgresql://x@127.0.0.1/x"
    settings_for(url, **production, mesh=mesh_settings("https://mesh.example", **fit))
    with pytest.raises(ValidationError, match=words):
        settings_for(
            url, **production, mesh=mesh_settings(**({"url": "https://mesh.example"} | fit | how))
        )


def test_the_demos_settings_lead_to_the_demos_stand_in(monkeypatch: pytest.MonkeyPatch):
    state = demo_stand_in()
    with serving(stand_in(state)) as url:
        for line in environment(url):
            monkeypatch.setenv(*line.split("=", 1))
        mesh = settings_for("postgresql://x@127.0.0.1/x").mesh
        assert mesh is not None
        MeshMailbox(mesh, _now).send(a_letter())
    (practice,) = [each for each in state.practices if each.taken]
    assert practice.ods_code == "ZZK01"


def test_it_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name, value in (
        ("URL", "https://mesh.example"), ("MAILBOX", MAILBOX), ("PASSWORD", PASSWORD),
        ("SHARED_KEY", KEY), ("ODS_CODE", "X26"),
    ):  # fmt: skip
        monkeypatch.setenv(f"KERSEY_MESH__{name}", value)
    mesh = settings_for("postgresql://x@127.0.0.1/x").mesh
    assert mesh is not None
    assert mesh.workflow == "GPCONNECT_SEND_DOCUMENT"
    assert PASSWORD not in repr(mesh)


def _body(post: Post) -> bytes:
    return b"".join(post.state.messages[0].parts)


def _to_us(
    data: bytes,
    *,
    workflow: str = "GPCONNECT_SEND_DOCUMENT_ACK",
    report: tuple[str, str] | None = None,
    odd: dict[str, str] | None = None,
) -> Any:
    from deploy.demo.mesh.stand_in import Message

    headers = {"mex-workflowid": workflow}
    return Message(
        uuid4().hex, "ZZK01MB", MAILBOX, headers, [data], 1, report=report, odd=odd or {}
    )
