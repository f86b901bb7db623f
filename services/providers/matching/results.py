"""One service of an answer: what to show, why, and what to ask."""

from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.providers.matching import reasons
from services.providers.matching.facts import Found
from services.providers.matching.question import Question
from services.providers.matching.statement import SILENT, Statement
from services.providers.matching.vocabulary import Vocabulary
from services.providers.nested import Json, picked_json
from services.providers.replies import Replies

_OF_SERVICE = ("id", "name", "description", "url", "alert", "eligibility_description")


def found(
    row: Row[Any],
    listed: Json,
    question: Question,
    today: date,
    by: str | None = None,
    replies: Replies | None = None,
) -> Found:
    """What the engine found of one service.

    Args:
        row: the engine's row.
        listed: the public listing.
        question: what was asked.
        today: the present day, for how long ago a person looked.
        by: how the person gets there, where that was said.
        replies: how it answers, where enough is known.
    """
    told = zip(row._fields, row, strict=True)
    answers = {name[3:]: yes for name, yes in told if name.startswith("is_")}
    key = str(row.location_id)
    places = (each["location"] for each in listed.get("service_at_locations", ()))
    at = next((place for place in places if place["id"] == key), None)
    metres = None if row.metres is None else round(row.metres)
    access = {code: answers[f"access_{number}"] for number, code in enumerate(question.access)}
    return Found(listed, at, metres, answers, access, today, by, replies)


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
