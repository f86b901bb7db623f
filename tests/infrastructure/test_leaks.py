"""The look for people in messages, events, addresses and logs finds what is planted in each."""

import logging
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.testclient import TestClient

from deploy.demo.people import people
from services.notifications.channels import Letter, Worded
from services.notifications.person.sending import PersonSender
from shared.mail import Composer, Written
from shared.messaging.events import ProviderChanged
from shared.messaging.outbox import Outbox
from tests import conftest
from tests.infrastructure import leaks

ONE = people(1)[0]
NAME = f"{ONE.given} {ONE.family}"
OTHER = next(each for each in people(20) if each.family not in leaks.OF_OTHERS)
ABROAD = "+44" + ONE.phone.replace(" ", "").removeprefix("0")
SPACED = f"{ONE.nhs_number[:3]} {ONE.nhs_number[3:6]} {ONE.nhs_number[6:]}"

ROOT = Path(__file__).parents[2]
app = FastAPI()


@app.get("/links")
def links() -> HTMLResponse:
    return HTMLResponse(f'<p>{NAME}</p><a href="/cases?who={ONE.given}+{ONE.family}">a case</a>')


@app.get("/rings")
def rings() -> HTMLResponse:
    return HTMLResponse(f'<a href="tel:{ABROAD}">ring</a>')


@app.get("/leads")
def leads() -> RedirectResponse:
    return RedirectResponse(f"/cases?number={ONE.nhs_number}")


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    leaks.watch()  # the modules of this file came with it
    yield
    leaks.take()


def mailed(text: str = NAME) -> None:
    composer = Composer(sender="kersey@calder.example.org", brand="Kersey")
    composer.composed(uuid4(), Written("News", [f"About {text}."]), "desk@clay.example.org")


def told() -> None:
    event = ProviderChanged(provider=uuid4(), listing={"description": f"Ask {NAME}."})
    Outbox("kersey/tests").row(event, version=1)


PLANTED: list[tuple[str, Callable[[], object]]] = [
    ("log", lambda: structlog.get_logger().info("person.seen", who=NAME)),
    ("log", lambda: structlog.get_logger().info("person.seen", of=[{"born": ONE.birth_date}])),
    ("log", lambda: logging.getLogger("library").warning("cannot read %s", ONE.phone)),
    ("message", mailed),
    ("message", lambda: mailed(ONE.line)),
    ("message", lambda: mailed(f"{ONE.birth_date.day} {ONE.birth_date:%B %Y}")),
    (
        "message",
        lambda: mailed(f"{ONE.birth_date.day}/{ONE.birth_date.month}/{ONE.birth_date.year}"),
    ),
    ("message", lambda: mailed(f"{ONE.birth_date.day}st {ONE.birth_date:%B %Y}")),
    ("message", lambda: mailed(f"{ONE.birth_date:%d.%m.%Y}")),
    ("message", lambda: mailed(ONE.given)),
    ("message", lambda: mailed(OTHER.family)),
    ("log", lambda: structlog.get_logger().info("person.seen", to=ONE.phone.replace(" ", ""))),
    ("log", lambda: structlog.get_logger().info("person.seen", to=ABROAD)),
    ("log", lambda: structlog.get_logger().info("person.seen", to=SPACED)),
    ("event", told),
    ("address", lambda: TestClient(app).get("/links")),
    ("address", lambda: TestClient(app).get("/leads", follow_redirects=False)),
]


@pytest.mark.parametrize(("kind", "plant"), PLANTED)
def test_what_is_planted_is_found_and_fails_its_test(kind: str, plant: Callable[[], object]):
    plant()
    with pytest.raises(pytest.fail.Exception, match=f"somebody is told of:\n{kind}"):
        conftest.pytest_runtest_teardown()
    assert leaks.take() == [], "told once"


def test_what_a_kersey_of_its_own_process_leaves_is_looked_through(tmp_path: Path):
    log = tmp_path / "kersey.log"
    log.write_text(f'{{"event": "seen", "number": "{ONE.nhs_number}"}}')
    mails = tmp_path / "mail" / "new"
    mails.mkdir(parents=True)
    (mails / "1").write_text(f"Subject: News\n\n{NAME} waits.")
    (mails / "2").write_text(f"Subject: You have a place\n\nHello {OTHER.given}.")
    leaks.read(log, tmp_path / "mail")
    assert [each.partition(":")[0] for each in leaks.take()] == ["log", "message"]


def test_a_mail_is_looked_through_as_it_is_read_and_not_as_it_is_sent(tmp_path: Path):
    mails = tmp_path / "mail" / "new"
    mails.mkdir(parents=True)
    mail = EmailMessage()
    mail["Subject"] = "Wiadomość"
    mail.set_content(f"Czeka na Ciebie {NAME}.\n", cte="base64")
    (mails / "1").write_bytes(bytes(mail))
    assert NAME not in (mails / "1").read_text()
    leaks.read(tmp_path / "no.log", tmp_path / "mail")
    assert [each.partition(":")[0] for each in leaks.take()] == ["message"]


def test_the_logs_of_processes_of_their_own_are_looked_through(tmp_path: Path):
    one, late = people(2)[1], people(400)[399]
    (tmp_path / "worker-0.log").write_text(f'{{"event": "sent", "to": "{ONE.phone}"}}\n')
    (tmp_path / "worker-1.log").write_text(f"Traceback: {late.given} {late.family} not found\n")
    (tmp_path / "worker-2.log").write_text(f"{one.given}worth and {one.family}worth\n")
    (tmp_path / "other.txt").write_text(NAME)
    leaks.read_logs(tmp_path)
    found = leaks.take()
    assert [each.partition(":")[0] for each in found] == ["log (worker-0)", "log (worker-1)"]


def test_what_tells_nobody_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    # A field that production refuses, a name that others have, what is part of something longer.
    structlog.get_logger().info("person.seen", name=NAME)
    structlog.get_logger().info(f"{OTHER.family}worth and 1{ONE.nhs_number}0")
    assert ONE.family in leaks.OF_OTHERS
    mailed(ONE.family)
    TestClient(app).get("/rings")
    assert leaks.take() == []


def test_names_that_tell_nobody_are_those_of_staff_and_groups_and_no_more():
    theirs = {name for each in people(600) for name in (each.given, each.family)}
    assert theirs >= leaks.OF_OTHERS, "a name that nobody has"
    written = " ".join(
        each.read_text("utf-8")
        for each in (ROOT / "deploy" / "demo").rglob("*")
        if each.suffix in {".py", ".toml"} and each.name not in {"people.py", "walk_ins.py"}
    )
    used = theirs & set(re.findall(r"[A-Z][a-z]+", written))
    assert leaks.OF_OTHERS - used == {"Feather", "Kath"}
    assert used <= leaks.OF_OTHERS


def test_what_goes_to_the_person_is_theirs(monkeypatch: pytest.MonkeyPatch):
    class Theirs(PersonSender):
        def __init__(self) -> None:
            pass

    def send(_self: object, _delivery: object) -> None:
        mailed()

    monkeypatch.setattr(PersonSender, "__call__", leaks._for_the_person(send, ""))
    Theirs()(object())  # type: ignore[arg-type]
    assert leaks.take() == []


def test_every_place_is_where_the_hook_looks_for_it():
    for module, owner, name in leaks._HOOKS:
        found = getattr(__import__(module, fromlist=[owner]), owner)
        assert callable(getattr(found, name)), f"{module}.{owner}.{name}"
    leaks.watch()
    assert {module for module, *_ in leaks._HOOKS} <= leaks._hooked
    assert Letter.__dataclass_fields__.keys() >= {"words", "notice"}
    assert Worded.__dataclass_fields__.keys() >= {"subject", "paragraphs", "brief", "url"}
