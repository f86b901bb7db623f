"""Reading what comes back: bounces (RFC 3464) and complaints (ARF, RFC 5965), by Python's parser.

Anybody may write to the address that bounces go to. What is read here is claimed, not known; what
cannot be read is None, whatever it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from enum import StrEnum
from uuid import UUID

MOST_BYTES = 1024 * 1024
MOST_RECIPIENTS = 20
"""Of a report that are read; a mail of ours has one."""
_ID = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^<>@\s]{1,253})>", re.ASCII)
_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)


class Said(StrEnum):
    """What a report says."""

    GONE = "hard"
    """The address does not work, and will not."""
    NOT_TAKEN = "soft"
    """This mail did not arrive; another may."""
    LATE = "late"
    """The mail is still on its way."""
    UNWANTED = "complaint"
    """The reader, or whoever sorts for them, calls it unwanted."""


@dataclass(frozen=True)
class Report:
    """What somebody says of one of our mails.

    Attributes:
        said: what.
        mail: the id in the Message-ID of the mail.
        domain: the domain in it, in small letters.
        code: such as `bounce-5.1.1`, for staff; nothing that the sender of the report wrote freely.
    """

    said: Said
    mail: UUID
    domain: str
    code: str


def read(content: bytes) -> Report | None:
    """What a message reports of a mail; None where it is no report that can be read.

    Args:
        content: the whole message; what is beyond `MOST_BYTES` is not looked at.
    """
    message = message_from_bytes(content[:MOST_BYTES])
    if message.get_content_type() != "multipart/report":
        return None
    parts = _parts(message)
    about = next(filter(None, (_mail_of(each) for each in parts)), None)
    if about is None:
        return None
    for part in parts:
        match part.get_content_type():
            case "message/delivery-status":
                return _bounce(part, *about)
            case "message/feedback-report":
                return _complaint(part, *about)
    return None


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [each for each in payload if isinstance(each, Message)] if message.is_multipart() else []


def _mail_of(part: Message) -> tuple[UUID, str] | None:
    """The Message-ID of the mail that a report has as its last part, whole or its header alone."""
    match part.get_content_type():
        case "message/rfc822":
            inner = next(iter(_parts(part)), None)
        case "text/rfc822-headers":
            header = part.get_payload(decode=True)
            inner = message_from_bytes(header) if isinstance(header, bytes) else None
        case _:
            inner = None
    found = _ID.search(str(inner.get("Message-ID", "")).lower()) if inner is not None else None
    return (UUID(found[1]), found[2]) if found else None


def _bounce(part: Message, mail: UUID, domain: str) -> Report | None:
    """RFC 3464, section 2.3: the action and status of a recipient. The worst counts."""
    found = [_of_recipient(each) for each in _recipients(part)]
    rank = [Said.GONE, Said.NOT_TAKEN, Said.LATE]
    reports = sorted((each for each in found if each), key=lambda each: rank.index(each[0]))
    if not reports:
        return None
    said, code = reports[0]
    return Report(said, mail, domain, code)


def _recipients(part: Message) -> Iterator[Message]:
    """The blocks after the first, which is about the whole message."""
    for block in _parts(part)[: MOST_RECIPIENTS + 1]:
        if block.get("Action") is not None:
            yield block


def _of_recipient(block: Message) -> tuple[Said, str] | None:
    action = str(block.get("Action", "")).strip().lower()
    if action == "delayed":
        return Said.LATE, "bounce-delayed"
    if action != "failed":
        return None  # delivered, relayed, expanded
    status = _STATUS.match(str(block.get("Status", "")))
    if status is None:
        return Said.NOT_TAKEN, "bounce"
    kind, subject, detail = (int(each) for each in status.groups())
    code = f"bounce-{kind}.{subject}.{detail}"
    return (Said.GONE if _is_gone(kind, subject, detail) else Said.NOT_TAKEN), code


def _is_gone(kind: int, subject: int, detail: int) -> bool:
    """RFC 3463, section 3: X.1 is about the address, X.2.1 a mailbox that was closed. The rest may
    be about this mail, or about us."""
    return kind == 5 and (subject == 1 or (subject, detail) == (2, 1))


def _complaint(part: Message, mail: UUID, domain: str) -> Report | None:
    """RFC 5965, section 3.1. `not-spam` takes a complaint back, and others are none."""
    payload = part.get_payload()
    fields = next(iter(_parts(part)), None)
    if fields is None and isinstance(payload, str):
        fields = message_from_string(payload)
    kind = str(fields.get("Feedback-Type", "")).strip().lower() if fields is not None else ""
    if kind not in ("abuse", "fraud", "virus", "opt-out"):
        return None
    return Report(Said.UNWANTED, mail, domain, f"complaint-{kind}")
