"""The message back to the GP in tests: what is sent, written and read."""

import io
from base64 import b64decode
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from pypdf import PdfReader

from services.referrals.gp.posting import Mailbox, Poster, schedule
from services.referrals.tables.gp import gp_deliveries
from shared.delivery import DeliveryWorker
from shared.worker import Wake
from tests.referrals.house import House, Json, Referral

EVERYTHING = ["needs", "activities", "measures", "next-step"]
WHOLE_WISH: Json = {
    "first_outcome": True, "closure": True, "safety": True, "delay": True,
    "route": "fhir",
}  # fmt: skip
FOR_PRACTICE = {
    "next_step": "Goes on by herself; the group knows her.",
    "measures": [
        {"name": "ONS4 life satisfaction", "before": "4", "after": "7"},
        {"name": "SWEMWBS", "not_asked": "did not want to"},
    ],
}


def poster(house: House, mesh: Mailbox | None = None) -> DeliveryWorker:
    """The worker that sends messages to practices, to be run by hand."""
    sends = Poster(house.desk, mesh)
    return DeliveryWorker(
        name="tests.gp",
        engine=house.engine,
        tables=gp_deliveries,
        send=sends.send,
        schedule=schedule,
        wake=Wake(),
        on_delivered=sends.delivered,
        on_failed=sends.failed,
        lock_first=sends.lock_first,
    )


def send(house: House, mesh: Mailbox | None = None) -> int:
    """Send what is due; the number of attempts."""
    return poster(house, mesh).deliver_due()


def agree(house: House, referral: Referral, items: list[str] | None = None) -> None:
    """The person agrees to have this told to their GP."""
    body = {"items": EVERYTHING if items is None else items, "how": "verbal"}
    house.worker.put(f"{referral.at}/gp-sharing", body)


def closed(
    house: House, items: list[str] | None = None, *, outcome: str = "completed", **told: Any
) -> Referral:
    """A referral that went all the way, and what its person agreed to have told."""
    referral, task = house.accepted()
    agree(house, referral, items)
    for action in ("start", "attend", "attend", "complete"):
        house.progress(task, action, date="2026-06-02")
    key = {"mark": "came", "key": str(uuid4())}
    house.provider.put(f"/referrals/requests/{task}/attendance/2026-06-09", key, status=200)
    close(house, referral, outcome, **told)
    return referral


def close(house: House, referral: Referral, outcome: str = "completed", **told: Any) -> None:
    """Close a case with words for its practice."""
    body = {"outcome": outcome, "for_practice": FOR_PRACTICE | told}
    house.worker.post(f"{referral.at}/close", body)


def messages(house: House, referral: Referral, *, by: str = "link-worker") -> list[Json]:
    """Where the messages of a case stand."""
    found: list[Json] = house.by(by).get(referral.at)["gp_messages"]
    return found


def worry(house: House, referral: Referral, concern: str = "Has stopped eating.") -> Json:
    """The link worker tells the practice of a worry; the message."""
    body = {"id": str(uuid4()), "concern": concern}
    house.worker.post(f"{referral.at}/gp-worries", body)
    return message(house, referral, "safety")


def later(house: House, minutes: int) -> None:
    """Let time pass since everything was sent."""
    house.execute("update gp_message set sent = sent - :t", t=timedelta(minutes=minutes))


def looks_are_written(house: House) -> None:
    """Who saw what is written a moment later, or when somebody asks for it."""
    house.ehr.get("/fhir/AuditEvent?_count=1")


def to_do(house: House) -> list[str]:
    """The cases with something to do about a practice, on the link worker's list."""
    return [each["case"] for each in house.worker.get("/referrals/cases?open=false&gp_to_do=true")]


def message(house: House, referral: Referral, kind: str = "closure") -> Json:
    """The one message of a kind."""
    (found,) = [each for each in messages(house, referral) if each["kind"] == kind]
    return found


def wish(house: House, practice: str = "ZZK01", **wanted: Any) -> Json:
    """The hub records what a practice wants, where it is not as everybody has it."""
    whole = WHOLE_WISH | wanted
    answer: Json = house.by("coordinator").put(f"/referrals/practices/{practice}/wish", whole)
    return answer


def entries(bundle: Json) -> list[Json]:
    """The resources of a searchset."""
    return [each["resource"] for each in bundle.get("entry", [])]


def html_of(document: Json) -> str:
    """The page in a DocumentReference."""
    return _data(document, "text/html").decode()


def pdf_of(document: Json) -> PdfReader:
    """The letter in a DocumentReference."""
    return PdfReader(io.BytesIO(_data(document, "application/pdf")))


def text_of(document: Json) -> str:
    """What the letter says, as a screen reader would read it."""
    return " ".join(pdf_of(document).pages[0].extract_text().split())


def document(house: House, key: str | UUID, *, by: str = "ehr") -> Json:
    """A message's DocumentReference, as its practice reads it."""
    found: Json = house.by(by).get(f"/fhir/DocumentReference/{key}")
    return found


def _data(document: Json, media_type: str) -> bytes:
    (attachment,) = [
        each["attachment"]
        for each in document["content"]
        if each["attachment"]["contentType"] == media_type
    ]
    return b64decode(attachment["data"])
