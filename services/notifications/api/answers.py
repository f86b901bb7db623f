"""What stands behind an answer link. A link, then its session, is the key to one request."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from services.notifications.handlers.answering import Answering, Opened, Reader, Refused
from services.notifications.person.hearing import Hearing
from services.notifications.referrals import Requests
from shared.problems import Problem
from shared.short_names import reference

router = APIRouter(prefix="/notifications", tags=["answers"])

Json = dict[str, Any]
PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
"""No control characters: nobody writes them, and PostgreSQL's text cannot hold all of them."""
ONE_LINE = r"^[^\x00-\x1f]*$"

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=PLAIN)]

SELECTED = "selected"
"""The businessStatus of a request by which somebody is expected who has not come yet."""

UNNAMED = frozenset({"awaiting-answer", "waiting-list", "offered"})
"""The businessStatus of a request of which nobody at the provider knows yet whom it is about."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Exchange(_Body):
    """A link's token."""

    token: Annotated[str, StringConstraints(max_length=200)]


class Session(BaseModel):
    """What a token is exchanged for; send `session` as `Kersey-Answer-Session`."""

    session: str
    expires: datetime


class Answer(_Body):
    """A provider's answer."""

    decision: Literal["accept", "waiting-list", "decline"]
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")] | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _a_no_has_a_reason(self) -> "Answer":
        if (self.decision == "decline") != (self.reason is not None):
            raise ValueError("a reason is given when declining, and only then")
        return self


class Identity(_Body):
    """A one-time code; left out by whoever gave one a moment ago."""

    code: Annotated[str, StringConstraints(max_length=40)] | None = None


class Code(_Body):
    """A one-time code."""

    code: Annotated[str, StringConstraints(max_length=40)]


class Progress(_Body):
    """How it goes."""

    action: Literal["start", "attend", "complete", "not-attended", "end-early"]
    date: date
    note: Note | None = None


class Mark(_Body):
    """Whether somebody came on a day. `key` is made of one marking, so that it counts once."""

    mark: Literal["came", "did-not-come", "told-us"]
    key: UUID


class Message(_Body):
    """A few words to the link worker."""

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=PLAIN)
    ]
    key: UUID


class Brake:
    """Notices a flood of tokens that open nothing.

    A token has 256 bits, so nobody can guess one; this only keeps a flood cheap. A token that
    opens something is never braked, so nobody can shut others out by sending rubbish.

    Args:
        most: unknown tokens in `seconds`, by all senders at this process together.
        seconds: length of the window.
    """

    def __init__(self, most: int = 60, seconds: float = 60.0) -> None:
        self._most = most
        self._seconds = seconds
        self._lock = threading.Lock()
        self._since = time.monotonic()
        self._count = 0

    def spare(self) -> bool:
        """Count an unknown token; false when there were too many."""
        with self._lock:
            now = time.monotonic()
            if now - self._since > self._seconds:
                self._since, self._count = now, 0
            self._count += 1
            return self._count <= self._most


async def _answering(request: Request) -> Answering:
    answering: Answering = request.app.state.answering
    return answering


async def _requests(request: Request) -> Requests:
    requests: Requests = request.app.state.requests
    return requests


async def _hearing(request: Request) -> Hearing:
    hearing: Hearing = request.app.state.hearing
    return hearing


TheAnswering = Annotated[Answering, Depends(_answering)]
TheRequests = Annotated[Requests, Depends(_requests)]


def _reader(
    answering: TheAnswering,
    requests: TheRequests,
    kersey_answer_session: Annotated[str, Header(max_length=200)] = "",
) -> Reader:
    with _thanked(requests):
        return answering.reader(kersey_answer_session)


@contextmanager
def _thanked(requests: Requests) -> Iterator[None]:
    """A link that closed with its case says whether its request had ended well.

    The person may go on coming: a group must not be told to drop them. Only referrals knows how a
    request ended; where it cannot say, the link is closed like any other.

    Raises:
        Refused: as before, or `completed-link`.
    """
    try:
        yield
    except Refused as refused:
        if refused.closed is None or not _ended_well(requests, refused.closed):
            raise
        raise Refused("completed-link") from refused


def _ended_well(requests: Requests, task: UUID) -> bool:
    try:
        return bool(requests.view(task).get("status") == "completed")
    except Problem:
        return False


TheReader = Annotated[Reader, Depends(_reader)]
TheHearing = Annotated[Hearing, Depends(_hearing)]


@router.post("/answer-links/exchange")
def exchange(body: Exchange, answering: TheAnswering, requests: TheRequests) -> Session:
    """Open a link: its token is exchanged for a session of some hours."""
    with _thanked(requests):
        opened: Opened = answering.exchange(body.token)
    return Session(session=opened.secret, expires=opened.expires)


@router.get("/answer")
def view(reader: TheReader, requests: TheRequests, hearing: TheHearing) -> Json:
    """The anonymous request. Looking changes nothing.

    While a first visit can be said, `person_hears` tells who tells the person of it: a `message`,
    the `team`, or `nobody` yet.
    """
    told = _with_reader(requests.view(reader.task), reader)
    if told.get("business_status") != SELECTED:
        return told
    return told | {"person_hears": hearing.of(reader.task, _starts(told))}


@router.post("/answer")
def answer(body: Answer, reader: TheReader, requests: TheRequests) -> Json:
    """Accept, put on the waiting list, or decline."""
    told = requests.answer(reader.task, reader.contact, body.decision, body.reason, body.note)
    return _with_reader(told, reader)


@router.post("/answer/code", status_code=202)
def send_code(reader: TheReader, answering: TheAnswering, requests: TheRequests) -> Json:
    """Send a one-time code to the contact that the link was sent to, if a hub verified it, once
    there is anything that it would show."""
    if not _takes_code(requests.view(reader.task)):
        raise Refused("not-available")
    answering.send_code(reader)
    return {"sent": True}


@router.put("/answer/code", status_code=204)
def give_code(body: Code, reader: TheReader, answering: TheAnswering) -> None:
    """Give the code, and see nothing yet: for a while there is no need to give another."""
    answering.identify(reader, body.code)


@router.post("/answer/identity")
def identity(
    body: Identity, reader: TheReader, answering: TheAnswering, requests: TheRequests
) -> Json:
    """Who the person is and how to reach them, for whoever gives the code. Looks are recorded."""
    if body.code is not None:
        answering.identify(reader, body.code)
    elif not reader.identified:
        raise Refused("not-identified")
    return requests.identity(reader.task, reader.contact)


@router.post("/answer/progress")
def progress(body: Progress, reader: TheReader, requests: TheRequests) -> Json:
    """Record start, attendance, completion, or that the person did not come."""
    _check_identified(reader)
    day = body.date.isoformat()
    told = requests.progress(reader.task, reader.contact, body.action, day, body.note)
    return _with_reader(told, reader)


@router.get("/answer/attendance")
def attendance(reader: TheReader, requests: TheRequests) -> Json:
    """On which days somebody came or did not, as the register has it."""
    _check_identified(reader)
    return requests.attendance(reader.task)


@router.put("/answer/attendance/{day}")
def mark(day: date, body: Mark, reader: TheReader, requests: TheRequests) -> Json:
    """Mark in the register whether somebody came on a day; the same key again changes nothing.

    `before` is the mark of that day in whose place it came; null where there was none.
    """
    _check_identified(reader)
    return requests.mark(reader.task, reader.contact, day, body.mark, body.key)


@router.get("/answer/messages")
def messages(reader: TheReader, requests: TheRequests) -> Json:
    """What the provider and the link worker wrote to each other about the request."""
    _check_code(reader, requests)
    return _written(requests.messages(reader.task))


@router.post("/answer/messages", status_code=201)
def write(body: Message, reader: TheReader, requests: TheRequests) -> Json:
    """Write to the link worker; the same key again changes nothing."""
    _check_code(reader, requests)
    return _written(requests.write(reader.task, reader.contact, body.text, body.key))


def _check_identified(reader: Reader) -> None:
    if not reader.identified:
        raise Refused("not-identified")


def _check_code(reader: Reader, requests: Requests) -> None:
    """What is written may be read by whoever holds the link, as the request may; once there is a
    place, by whoever gave a code, as the name is: after a yes, words may be about somebody whom
    both know.

    Raises:
        Refused: `not-identified`.
    """
    if not reader.identified and _takes_code(requests.view(reader.task)):
        raise Refused("not-identified")


def _starts(view: Json) -> datetime | None:
    """When the first visit is that the provider said."""
    visit = view.get("first_visit") or {}
    return datetime.fromisoformat(visit["starts"]) if visit.get("status") == "booked" else None


def _takes_code(view: Json) -> bool:
    """Whether behind the link is what only a code shows.

    It stays so once there was a place: what was written does not become anybody's to read because
    the person no longer agrees to share, or because nothing is shown of them any more.
    """
    return bool(view.get("identity_available")) or view.get("business_status") not in UNNAMED


def _written(talk: Json) -> Json:
    """The messages alone; what each thinks of the other is for accounts."""
    return {"messages": talk["messages"], "kept_back": talk["kept_back"]}


def _with_reader(view: Json, reader: Reader) -> Json:
    return view | {
        "reference": reference(reader.task),
        "identified": reader.identified,
        "code_possible": reader.verified,
    }


_PROBLEMS: dict[str, tuple[int, str, str]] = {
    "unknown-link": (404, "This link does not work", "Copy the whole link from the message."),
    "too-many-links": (429, "Too many wrong links", "Wait a minute, then try again."),
    "expired-link": (410, "This link is too old", "Ask the link worker for a new one."),
    "moved-link": (
        410,
        "This link has stopped working",
        "How the group is asked was changed. If the request is open, look for a newer message.",
    ),
    "closed-link": (410, "This request is closed", "It was taken back or has ended. Thank you."),
    "completed-link": (
        410, "This request has ended well", "Keep details only of who is your own member now.",
    ),
    "old-answer": (410, "This link is too old", "Use the newest message that we sent you."),
    "used-answer": (
        409, "This link was used already", "Use another link of the message to change the answer.",
    ),
    "closed-answer": (
        410, "This link is closed", "The service is not on the list now, or its address changed.",
    ),
    "closed-mute": (
        410, "This link is closed", "The message is old, or we do not write to its address now.",
    ),
    "old-visit": (410, "This link is too old", "Please call your link worker."),
    "closed-visit": (
        410, "This page is closed", "What it was about has ended. Your link worker can tell you.",
    ),
    "no-session": (401, "Open the link again", "Open the link in the message once more."),
    "not-identified": (403, "A code is needed", "Ask for a one-time code first."),
    "not-verified": (
        403, "The link worker will ring you",
        "We have not checked this e-mail address yet, so we cannot send a code to it.",
    ),
    "not-available": (
        403, "Nobody's name can be shown now", "A code is sent after you have said yes.",
    ),
    "locked": (
        403, "The link worker will ring you",
        "Too many wrong codes were typed for this request.",
    ),
    "too-many-codes": (429, "Too many codes", "Use the newest code, or wait an hour."),
    "malformed-code": (
        422, "That is not a code", "A code has 6 numbers. Nothing was counted as a try.",
    ),
    "no-code": (422, "Ask for a new code", "The code is too old or was used."),
    "wrong-code": (422, "That is not the code", "Check the newest message and type it again."),
}  # fmt: skip


def refusal(request: Request, error: Exception) -> Response:
    """The answer to a link, session or code that does not work."""
    assert isinstance(error, Refused)
    if error.reason == "unknown-link" and not request.app.state.brake.spare():
        error = Refused("too-many-links")
    status, title, detail = _PROBLEMS[error.reason]
    members: Json = {"reason": error.reason}
    if error.reason == "malformed-code":
        members["element"] = "body.code"
    if error.left is not None:
        members["tries_left"] = error.left
    headers = {"Retry-After": "60"} if status == 429 else {}
    return Problem(status, title, detail, headers=headers, **members).response()
