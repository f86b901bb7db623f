"""Nobody's name in a message, an event, an address or a log line: looked for in the whole suite.

Whatever any test has Kersey write there is looked through for the demo's people: their names,
numbers, addresses and dates of birth. The test during which one was found fails, with where. What
goes to the person and to the GP is theirs and has its own rule and tests (`test_person_messages`,
`test_person_words`, `test_gp_messages`); what an authorised client is answered is not looked at.

The hooks are put in as soon as a module is there, so that a test that needs none loads none.
"""

import json
import logging
import os
import re
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from datetime import date
from email.parser import BytesParser
from email.policy import default
from functools import cache, wraps
from html import unescape
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

_OWN = ("Kath Feather", "testina@mail.example", "07700 900111")
"""People of single tests, beside those of the demo."""

OF_OTHERS = frozenset(
    "Ackroyd Feather Greenwood Hilda Holroyd Hussain Imran Kath Lumb Nowak Patel Thackray".split()
)
"""Names that tell nobody by themselves: the demo's staff and groups have them too, templates are
shown with them, or they are words."""

_ADDRESSES = re.compile(r"""\s(?:href|src|action)=["'](?!tel:|mailto:)([^"']*)""")
"""All but those that ring or write to somebody, which is what a page shows and leads nowhere."""

_WORD = re.compile(r"\w+")

_theirs: ContextVar[bool] = ContextVar("theirs", default=False)
"""Whether what is written now goes to the person whom it is about."""

_found: list[str] = []
_lock = threading.Lock()
_hooked: set[str] = set()


def of_people(most: int = 63, *, greeted: bool = True) -> Iterable[str]:
    """All that tells one of the demo's people.

    Args:
        most: how many of them; a storm refers more.
        greeted: with first names alone, by which the person's own messages greet them.
    """
    from deploy.demo.people import people
    from deploy.demo.walk_ins import WALK_INS

    for came in WALK_INS:
        yield from named(came.given, came.family, greeted=greeted)
        yield from called(came.phone)
    for each in people(most):
        number = each.nhs_number
        yield from named(each.given, each.family, greeted=greeted)
        yield from (f"{number[:3]}{between}{number[3:6]}{between}{number[6:]}" for between in _GAPS)
        yield from called(each.phone)
        yield each.line
        yield from born(each.birth_date)
    yield from _OWN


_GAPS = ("", " ", "-")


def named(given: str, family: str, *, greeted: bool) -> Iterable[str]:
    """A name as it is written, and each half that tells somebody by itself."""
    yield from (f"{given} {family}", f"{family}, {given}", f"{given}.{family}", f"{given}_{family}")
    yield from ({given, family} if greeted else {family}) - OF_OTHERS


def called(phone: str) -> Iterable[str]:
    """A number as people and programs write it."""
    code, _, rest = phone.partition(" ")
    for begin in (
        code,
        f"+44{code[1:]}",
        f"+44 {code[1:]}",
        f"+44 (0){code[1:]}",
        f"0044{code[1:]}",
    ):
        yield from (f"{begin}{between}{rest}" for between in _GAPS)
        yield f"{begin} {rest[:3]} {rest[3:]}"


def born(day: date) -> Iterable[str]:
    """A day as people and programs write it. Eight digits alone are no sign: ids have them."""
    plain = f"{day.day} {day:%B %Y}"
    yield from (
        plain,
        f"{day.day} {day:%b %Y}",
        f"{day:%d %B %Y}",
        f"{day:%B} {day.day}, {day.year}",
    )
    yield f"{day.day}{_NTH.get(day.day, 'th')} {day:%B %Y}"
    yield from (day.isoformat(), f"{day:%Y/%m/%d}")
    for between in "/.-":
        yield f"{day:%d}{between}{day:%m}{between}{day.year}"
        yield f"{day.day}{between}{day.month}{between}{day.year}"
    yield f"{day:%d/%m/%y}"


_NTH = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


@cache
def _any() -> re.Pattern[str]:
    return _pattern(of_people())


@cache
def _ungreeted() -> re.Pattern[str]:
    return _pattern(of_people(greeted=False))


@cache
def _telling() -> frozenset[str]:
    """Of all that tells somebody the longest word: where none of these stands, nobody is told of.

    To see that takes a tenth of the time of looking for everything.
    """
    return frozenset(max(_WORD.findall(each), key=len) for each in of_people())


def _pattern(told: Iterable[str]) -> re.Pattern[str]:
    # Never inside a longer word or number: `1 Loom Street` is not in `11 Loom Street`.
    tokens = "|".join(re.escape(each) for each in sorted(set(told), key=len, reverse=True))
    return re.compile(rf"(?<![\w/])(?:{tokens})(?!\w)")


def look(kind: str, text: str, wanted: re.Pattern[str] | None = None) -> None:
    """Look a text through, and note what is found.

    Args:
        kind: what it is: `message`, `event`, `address`, `log`.
        text: all of it.
        wanted: what is looked for; all of the demo's people where nothing else is said.
    """
    if wanted is None and _telling().isdisjoint(_WORD.findall(text)):
        return
    for found in (wanted or _any()).finditer(text):
        _note(kind, text, found.start(), found.end())


def _note(kind: str, text: str, start: int, end: int) -> None:
    at = text[max(0, start - 60) : end + 60]
    during = os.environ.get("PYTEST_CURRENT_TEST", "no test")
    with _lock:
        _found.append(f"{kind}: {text[start:end]!r} in …{at}… ({during})")


def take() -> list[str]:
    """What was found since the last time."""
    with _lock:
        taken = list(_found)
        _found.clear()
    return taken


def read(log: Path, mails: Path) -> None:
    """Look through what a Kersey of its own process left behind.

    Args:
        log: its log.
        mails: the folder of its mails.
    """
    if log.is_file():
        look("log", log.read_text("utf-8", errors="replace"))
    for mail in mails.rglob("*"):
        if not mail.is_file():
            continue
        text = said_in(mail.read_bytes())  # the person's own messages are among them
        if not _telling().isdisjoint(_WORD.findall(text)):
            look("message", text, _ungreeted())


def said_in(mail: bytes) -> str:
    """What a mail says to whoever reads it: words in another language are encoded on the way."""
    message = BytesParser(policy=default).parsebytes(mail)
    heads = [f"{name}: {value}" for name, value in message.items()]
    texts = [each for each in message.walk() if each.get_content_maintype() == "text"]
    return "\n".join([*heads, *(str(each.get_content()) for each in texts)])


MOST_PEOPLE = 3000
"""More than any storm refers."""


@cache
def _by_first_words() -> Mapping[tuple[str, str], Sequence[tuple[int, str]]]:
    """All that tells somebody by the first two words in it, or the only one and none; the longest
    first, each with where its first word begins."""
    told = defaultdict(list)
    for each in sorted(set(of_people(MOST_PEOPLE)), key=len, reverse=True):
        first, *others = _WORD.finditer(each)
        told[first[0], others[0][0] if others else ""].append((first.start(), each))
    return told


def read_logs(folder: Path) -> None:
    """Look through the logs of processes of their own, which the hooks below do not reach.

    A log may have millions of words, and ids in it look like parts of numbers and of days: its
    words are looked up two by two, as one pattern of all people's would be tried at every sign.

    Args:
        folder: where each has its `*.log`.
    """
    told = _by_first_words()
    for log in sorted(folder.glob("*.log")):
        text, end = log.read_text("utf-8", errors="replace"), 0
        for word, following in pairwise(chain(_WORD.finditer(text), [None])):
            assert word is not None
            keys = ((word[0], following[0] if following else ""), (word[0], ""))
            for before, each in (one for key in keys for one in told.get(key, ())):
                start = word.start() - before
                if start >= end and text.startswith(each, start) and _stands(text, start, each):
                    end = start + len(each)
                    _note(f"log ({log.stem})", text, start, end)
                    break


def _stands(text: str, start: int, found: str) -> bool:
    """Whether what is found is no part of a longer word or number; as `_pattern` has it."""
    end = start + len(found)
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return before != "/" and not _WORD.match(before) and not _WORD.match(after)


# --- the places where something leaves -----------------------------------------------------------


def logged(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Look a log line through as it would be written in production: a processor of structlog."""
    from shared.logging import _plain, _refuse_personal_fields, _without_values

    line = _refuse_personal_fields(logger, method, _without_values(logger, method, {**event}))
    look("log", json.dumps(line, default=_plain))
    return event


class Logged(logging.Handler):
    """Looks through what libraries log, as far as it is written in production: the first line."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        look("log", record.getMessage().partition("\n")[0][:300])


def _written(call: Callable[..., Any], where: str) -> Callable[..., Any]:
    """A function whose argument is a message."""

    @wraps(call)
    def looking(self: Any, *words: Any, **named: Any) -> Any:
        if not _theirs.get():
            look(f"message ({where})", _text_of([*words, *named.values()]))
        return call(self, *words, **named)

    return looking


def _text_of(said: Iterable[Any]) -> str:
    """All texts of messages and notices."""
    parts = []
    for each in said:
        for name in ("subject", "paragraphs", "brief", "link", "url"):
            value = getattr(getattr(each, "words", each), name, "")
            parts += [value] if isinstance(value, str) else [str(one) for one in value or ()]
        notice = getattr(each, "notice", None)
        parts.append(notice.model_dump_json() if notice is not None else "")
    return "\n".join(parts)


def _for_the_person(call: Callable[..., Any], _where: str) -> Callable[..., Any]:
    @wraps(call)
    def sending(self: Any, *words: Any) -> Any:
        token = _theirs.set(True)
        try:
            return call(self, *words)
        finally:
            _theirs.reset(token)

    return sending


def _told(call: Callable[..., Any], _where: str) -> Callable[..., Any]:
    """A function that makes an event's row."""

    @wraps(call)
    def telling(self: Any, *words: Any, **named: Any) -> Any:
        row: Mapping[str, Any] = call(self, *words, **named)
        look("event", str(row["envelope"]))
        return row

    return telling


def _answered(call: Callable[..., Any], _where: str) -> Callable[..., Any]:
    """An app: the addresses that its answers lead to."""

    @wraps(call)
    async def answering(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await call(self, scope, receive, send)
            return
        page = bytearray()
        kept = False

        async def passed(message: Any) -> None:
            nonlocal kept
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                if b"location" in headers:
                    look("address", unquote_plus(headers[b"location"].decode("latin-1")))
                plain = b"content-encoding" not in headers
                kept = plain and headers.get(b"content-type", b"").startswith(b"text/html")
            elif kept:
                page.extend(message.get("body", b""))
                if not message.get("more_body"):
                    for each in _ADDRESSES.findall(page.decode("utf-8", errors="replace")):
                        look("address", unquote_plus(unescape(each)))
            await send(message)

        await call(self, scope, receive, passed)

    return answering


_HOOKS: Mapping[tuple[str, str, str], Callable[[Callable[..., Any], str], Callable[..., Any]]] = {
    ("shared.mail.composing", "Composer", "composed"): _written,
    ("services.notifications.channels.sms", "SmsChannel", "send"): _written,
    ("services.notifications.channels.letter", "LetterChannel", "send"): _written,
    ("services.notifications.channels.webhook", "WebhookChannel", "send"): _written,
    ("services.notifications.person.sending", "PersonSender", "__call__"): _for_the_person,
    ("shared.messaging.outbox", "Outbox", "row"): _told,
    ("fastapi", "FastAPI", "__call__"): _answered,
}
"""By module, class and function."""


def watch() -> None:
    """Hook into what has been loaded since the last time; called before each test."""
    for (module, owner, name), hook in _HOOKS.items():
        if module in sys.modules and module not in _hooked:
            _hooked.add(module)
            found = getattr(sys.modules[module], owner)
            setattr(found, name, hook(getattr(found, name), module.rpartition(".")[2]))
    root = logging.getLogger()
    if _LOGGED not in root.handlers:
        root.addHandler(_LOGGED)


_LOGGED = Logged(logging.WARNING)
