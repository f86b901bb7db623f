"""For each channel of programs a real receiver that answers as it is told, for the contract."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, text

from deploy.demo.notify.serving import demo_stand_in, environment
from deploy.demo.notify.stand_in import stand_in
from services.notifications.channels.email import EMAIL
from services.notifications.channels.inbox import INBOX
from services.notifications.channels.letter import POST
from services.notifications.channels.sms import SMS
from services.notifications.channels.webhook import WEBHOOK
from tests.notifications.conftest import HttpSink
from tests.notifications.serving import serving
from tests.notifications.test_channels import MailServer, mail_server


class Answer(StrEnum):
    """What a receiver does."""

    TAKE = "take"
    LATER = "later"
    NEVER = "never"


@dataclass
class Sink:
    """A receiver.

    Attributes:
        address: where a contact of it is.
        settings: those with which the channel finds it.
        answers: makes it answer so from now on.
        ids: by which it knows each message that it was given, in order.
        texts: all that it was given.
    """

    address: str
    settings: Mapping[str, Any]
    answers: Callable[[Answer], None]
    ids: Callable[[], list[str]]
    texts: Callable[[], list[str]] = field(default=list)


@contextmanager
def _mails(_engine: Engine) -> Iterator[Sink]:
    server = MailServer()
    said = {Answer.TAKE: "250 fine", Answer.LATER: "451 later", Answer.NEVER: "550 no such box"}

    def answers(which: Answer) -> None:
        server.answers["data"] = said[which]

    def texts() -> list[str]:
        return [
            each.content.decode() for each in server.accepted if isinstance(each.content, bytes)
        ]

    def ids() -> list[str]:
        lines = [line for each in texts() for line in each.splitlines()]
        return [line for line in lines if line.lower().startswith("message-id:")]

    with mail_server(server) as port:
        where = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        yield Sink("desk@clay.example.org", where, answers, ids, texts)


@contextmanager
def _webhooks(_engine: Engine) -> Iterator[Sink]:
    http = HttpSink()
    status = {Answer.TAKE: 204, Answer.LATER: 503, Answer.NEVER: 400}

    def answers(which: Answer) -> None:
        http.status = status[which]

    def ids() -> list[str]:
        return [each.headers["webhook-id"] for each in http.requests]

    def texts() -> list[str]:
        return [each.body.decode() for each in http.requests]

    try:
        yield Sink(f"{http.url}/hook", {}, answers, ids, texts)
    finally:
        http.close()


@contextmanager
def _notify(address: str, _engine: Engine) -> Iterator[Sink]:
    notify = demo_stand_in()
    status = {Answer.TAKE: 0, Answer.LATER: 503, Answer.NEVER: 400}

    def answers(which: Answer) -> None:
        notify.refuses = status[which]

    def ids() -> list[str]:
        return [each["reference"] for each in notify.sent]

    def texts() -> list[str]:
        return [" ".join(each["personalisation"].values()) for each in notify.sent]

    with serving(stand_in(notify)) as url:
        said = (line.removeprefix("KERSEY_").split("=", 1) for line in environment(url))
        where: dict[str, Any] = {name.lower(): value for name, value in said}
        where["notify_key"] = SecretStr(where["notify_key"])
        yield Sink(address, where, answers, ids, texts)


_BOARD = """
CREATE TABLE given (n serial, id text, words text);
CREATE TABLE told_to (answer text); INSERT INTO told_to VALUES ('');
CREATE FUNCTION answered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE said text := (SELECT answer FROM told_to);
BEGIN
  IF said <> '' THEN RAISE EXCEPTION 'as it was told' USING ERRCODE = said; END IF;
  INSERT INTO given (id, words) VALUES (NEW.id, to_jsonb(NEW)::text);
  RETURN NEW;
END $$;
CREATE TRIGGER answered BEFORE INSERT ON board_notice FOR EACH ROW EXECUTE FUNCTION answered();
"""
"""The database, which is the receiver here, answers as it is told and notes what it was given."""


@contextmanager
def _board(engine: Engine) -> Iterator[Sink]:
    codes = {Answer.TAKE: "", Answer.LATER: "57P01", Answer.NEVER: "23514"}

    def answers(which: Answer) -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE told_to SET answer = :code"), {"code": codes[which]})

    def given(column: str) -> list[str]:
        with engine.connect() as connection:
            asked = text(f"SELECT {column} FROM given ORDER BY n")
            return list(connection.execute(asked).scalars())

    with engine.begin() as connection:
        connection.execute(text(_BOARD))
    yield Sink(INBOX.example, {}, answers, partial(given, "id"), partial(given, "words"))
    answers(Answer.LATER)  # it is away


SINKS: Mapping[str, Callable[[Engine], AbstractContextManager[Sink]]] = {
    EMAIL.means: _mails,
    WEBHOOK.means: _webhooks,
    SMS.means: partial(_notify, "07700 900123"),
    INBOX.means: _board,
    POST.means: partial(_notify, POST.example),
}
