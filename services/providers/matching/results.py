"""One service of an answer: what to show, why, and what to ask."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import RowMapping
from sqlmodel import Session

from services.providers import listing
from services.providers.matching import reasons
from services.providers.matching.facts import Found
from services.providers.matching.question import Question
from services.providers.matching.statement import SILENT, Statement
from services.providers.matching.vocabulary import Vocabulary
from services.providers.nested import Json, picked_json

_OF_SERVICE = ("id", "name", "description", "url", "alert", "eligibility_description")


def found(
    session: Session,
    rows: Sequence[RowMapping],
    question: Question,
    now: datetime,
    by: str | None = None,
) -> Iterator[Found]:
    """What the engine found of each service.

    Args:
        session: where to read what is not in the rows.
        rows: the engine's, of `documents.offered`.
        question: what was asked.
        now: the present instant, for what has expired.
        by: how the person gets there, where that was said.
    """
    today = now.date()
    listed = listing.offers(session, rows, now)
    of_answers = {name: name[3:] for name in rows[0] if name.startswith("is_")} if rows else {}
    of_access = {code: f"access_{number}" for number, code in enumerate(question.access)}
    for row in rows:
        offer, replies = listed[row["service_id"]]
        answers = {said: row[name] for name, said in of_answers.items()}
        access = {code: answers[said] for code, said in of_access.items()}
        key = str(row["location_id"])
        places = (each["location"] for each in offer.get("service_at_locations", ()))
        at = next((place for place in places if place["id"] == key), None)
        metres = None if row["metres"] is None else round(row["metres"])
        yield Found(offer, at, metres, answers, access, today, by, replies)


def result(
    one: Found, question: Question, known: Vocabulary, statement: Statement = SILENT
) -> Json:
    """One service as an answer shows it.

    Args:
        one: what was found of it.
        question: what was asked.
        known: the names of the terms.
        statement: what the person's own words came to mean.
    """
    listed = one.listing
    own = listed["kersey"]
    shown: Json = {
        "service": picked_json(listed, _OF_SERVICE),
        "provider": picked_json(listed["organization"], ("id", "name")),
        "tier": own["tier"],
        "capacity": own["capacity"],
        "needs": one.terms("need"),
        "activities": one.terms("activity"),
        "format": one.terms("format"),
        "access": own.get("access", {}),
        "referral": {"ask_by": own["referral"]["ask_by"]},
        "when": one.when,
        "cost": one.cost,
        "languages": sorted(each["code"] for each in listed.get("languages", ()) if "code" in each),
        "reasons": reasons.why(one, question, known, statement),
        "ask": reasons.to_ask(one, question, known),
        "check": reasons.to_check(one, question, known),
        "location": one.location,
        "distance_metres": one.metres,
        "hub": own.get("hub"),
        "replies": None if one.replies is None else asdict(one.replies),
    }
    return {name: value for name, value in shown.items() if value is not None}
