"""Opening the case with a reason, reading it, and closing it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.people import asked_of, person_of
from services.portal.cases.visits import visits_in_words
from services.portal.cases.words import CHANNELS, HOW, PROVIDER_STATES, SAFE, SOURCES, STOPS
from services.portal.emergency.finding import OnDuty
from services.portal.emergency.words import REASONS
from services.portal.front_door.words import access
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Place, back_to
from shared.languages import _

router = APIRouter(prefix="/emergency", include_in_schema=False)

FIELDS = (
    Field("reason", _("Why must you see it?"), "radios", REASONS, missing=_("Choose why")),
    Field(
        "words",
        _("What happened?"),
        "words",
        hint=_("Say how you tried to reach the team, too. The team reads it, with your name."),
        missing=_("Write what happened, and how you tried the team"),
        letters=1000,
    ),
)


@router.get("/cases/{case}")
async def ask(case: UUID, here: OnDuty) -> Response:
    """Why it must be opened."""
    return _page(here, case, {}, {}, 200)


@router.post("/cases/{case}")
async def open_case(case: UUID, here: OnDuty) -> Response:
    """Open it."""
    typed, faults = typed_into(await here.form(), FIELDS)
    if not faults:
        body = {"case": str(case), "reason": typed["reason"], "words": typed["words"]}
        try:
            opened = await here.send("POST", "/referrals/break-glass", body)
            return back_to(f"/emergency/{opened['id']}")
        except Refusal as refusal:
            faults = at_its_field(refusal, FIELDS)
    return _page(here, case, typed, faults, 422)


@router.get("/{opening}")
async def read(opening: UUID, here: OnDuty) -> Response:
    """The case, for as long as it is open."""
    found: Mapping[str, Any] = await here.get(f"/referrals/break-glass/{opening}")
    person = person_of(found["patient"])
    return here.page(
        "emergency/case",
        case=found,
        opening=found["opening"],
        person=person,
        age=person.age(here.times.today),
        kin=[_kin(each) for each in (found["patient"] or {}).get("contact") or ()],
        asked=asked_of(found["request"]),
        visits=visits_in_words(found["visiting"]),
        words={
            "access": access,
            "channels": CHANNELS,
            "how": HOW,
            "safe": SAFE,
            "sources": SOURCES,
            "states": PROVIDER_STATES,
            "stops": STOPS,
        },
    )


@router.post("/{opening}/close")
async def close(opening: UUID, here: OnDuty) -> Response:
    """End it before its time."""
    await here.form()
    await here.send("POST", f"/referrals/break-glass/{opening}/close")
    return back_to("/emergency?done=closed")


def _kin(contact: Mapping[str, Any]) -> str:
    """Somebody around the person, as the referral has them."""
    who = person_of({"name": [contact.get("name") or {}], "telecom": contact.get("telecom")})
    relations = [_said(each) for each in contact.get("relationship") or ()]
    return ", ".join(filter(None, [who.name, *relations, *who.telecoms.values()]))


def _said(concept: Mapping[str, Any]) -> str:
    named = (each.get("display") for each in concept.get("coding") or ())
    return str(concept.get("text") or next(filter(None, named), ""))


def _page(
    here: Place, case: UUID, typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    return here.page(
        "emergency/open",
        status,
        number=case.hex[:8].upper(),
        fields=FIELDS,
        typed=typed,
        faults=faults,
    )
