"""The list of a team: who is on it, where each case stands, how long since."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.answer_links import Refusal
from services.portal.birthdays import birthday
from services.portal.cases.colleagues import Team, team_where
from services.portal.cases.people import NHS_NUMBER, Asked, Shown, asked_of, called, person_of
from services.portal.cases.words import (
    COLOURS,
    DELIVERIES,
    LEVEL_NAMES,
    PROVIDER_STATES,
    SHOWN,
    SOURCES,
    state_words,
)
from services.portal.news.reading import unread
from services.portal.staff.fields import Field, Typed, typed_into
from services.portal.staff.place import Here, Place, back_to
from services.portal.staff.swapping import CONFIG, SCRIPTS, VARIES, swaps
from services.portal.typed import Mistyped
from shared.fhir.nhs import is_nhs_number
from shared.languages import _, ngettext

router = APIRouter(include_in_schema=False)

ROWS = 25
"""On one page."""

MOST_FOUND = 50

SEARCH = (
    Field(
        "words",
        _("Last name, or NHS number"),
        missing=_("Type a name or an NHS number"),
        hint=_("The beginning of a name is enough."),
        letters=100,
    ),
    Field(
        "born",
        _("Date of birth (if you like)"),
        hint=_("It helps where many have one name. For example: 14 2 1958, or 14 Feb 58"),
        letters=40,
    ),
)

_BETWEEN = str.maketrans("-\u2010\u2011\u2012\u2013.", "      ")
"""What is put between the digits of a number."""

Row = Mapping[str, Any]


@router.get("/cases")
async def worklist(
    here: Here,
    show: str = "all",
    after: str | None = None,
    of: UUID | None = Query(default=None, alias="with"),
) -> Response:
    """One page of the list, urgent first, then whoever has waited longest; or a colleague's."""
    if show not in SHOWN:
        return back_to("/cases")
    words, asked = SHOWN[show][0], dict(SHOWN[show][1])
    if of is not None:
        asked = asked | {"allocated_to": str(of)}
    found = await _page(here, asked, after)
    rows, more = found["cases"][:ROWS], len(found["cases"]) > ROWS
    people, team, said = await asyncio.gather(
        people_of(here, rows),
        team_where(here, str(of) if of else None, *(row["allocated_to"] for row in rows)),
        unread(here),
    )
    return here.page(
        "cases/list",
        part="swapped" if swaps(here.request) else "",
        scripts=SCRIPTS,
        swaps=CONFIG,
        words=words,
        show=show,
        filters=list(_filters(found["load"], show)),
        emergencies=found["load"]["emergencies"],
        rows=[_row(row, *people(row), team) for row in rows],
        names=people.found,
        of=team.name(str(of)) if of else "",
        further=_at(show, rows[-1]["case"], of) if more else None,
        later=after is not None,
        news=said,
        headers=VARIES,
    )


@router.post("/cases/search")
async def look_for(here: Here) -> Response:
    """Keep what is looked for with the session; it names somebody, so no address has it."""
    typed, faults = typed_into(await here.form(), SEARCH)
    faults = _wrong(typed, here.times.today) | faults
    if faults:
        return here.page("cases/search", 422, rows=None, fields=SEARCH, typed=typed, faults=faults)
    await here.keep("/cases/search", typed)
    return back_to("/cases/search")


@router.get("/cases/search")
async def found(here: Here) -> Response:
    """The cases of the team, ended ones too, whose person fits what is looked for."""
    typed = await here.kept("/cases/search")
    if typed is None:
        return here.page("cases/search", rows=None, fields=SEARCH, typed={}, faults={})
    rows = await rows_found(here, _looked_for(typed, here.times.today))
    return here.page(
        "cases/search",
        rows=rows,
        many=len(rows) >= MOST_FOUND,
        fields=SEARCH,
        typed=typed,
        faults={},
    )


async def rows_found(here: Place, question: Mapping[str, str]) -> list[dict[str, Any]]:
    """The cases of the team, ended ones too, whose referral answers a question to the FHIR API.

    Args:
        here: who asks.
        question: search parameters of ServiceRequest.
    """
    bundle = await here.apis.search(
        here.who,
        "/fhir/ServiceRequest",
        **question,
        _include="ServiceRequest:subject",
        _count=str(MOST_FOUND),
    )
    resources = [each["resource"] for each in bundle.get("entry") or ()]
    ids = [each["id"] for each in resources if each["resourceType"] == "ServiceRequest"]
    if not ids:
        return []
    rows = await here.get("/referrals/cases", service_request=ids, open="false", count=MOST_FOUND)
    people = People(resources)
    team = await team_where(here, *(row["allocated_to"] for row in rows))
    return [dict(_row(row, *people(row), team)) for row in rows]


def _wrong(typed: Typed, today: date) -> dict[str, str]:
    """What cannot be looked for: a number that is no NHS number, a date that is none."""
    faults: dict[str, str] = {}
    digits = _digits(typed["words"])
    if digits and not is_nhs_number(digits):
        faults["words"] = _("This is no NHS number. Check its 10 digits")
    try:
        _born(typed, today)
    except Mistyped as mistyped:
        faults["born"] = str(mistyped)
    return faults


def _looked_for(typed: Typed, today: date) -> dict[str, str]:
    """A NHS number; or the last name, whose beginning is enough, and the date of birth if typed."""
    words, born = typed["words"], _born(typed, today)
    if digits := _digits(words):
        return {"subject:Patient.identifier": f"{NHS_NUMBER}|{digits}"}
    family = words.partition(",")[0].strip() or words.replace(",", " ")
    question = {"subject:Patient.name": family.rsplit(maxsplit=1)[-1]}
    return question | ({"subject:Patient.birthdate": born.isoformat()} if born else {})


def _digits(words: str) -> str:
    """What was typed as a number, without what is put between its digits; empty for a name."""
    digits = "".join(words.translate(_BETWEEN).split())
    return digits if digits.isascii() and digits.isdecimal() else ""


def _born(typed: Typed, today: date) -> date | None:
    # What was kept before there was such a field has none.
    born = typed.get("born", "")
    return birthday(born, today) if born else None


async def _page(here: Place, asked: Mapping[str, str], after: str | None) -> Row:
    try:
        found: Row = await here.get("/referrals/worklist", count=ROWS + 1, after=after, **asked)
    except Refusal as refusal:
        # The row to go on from is not on this list any more, or the address was typed.
        if refusal.status != 422 or after is None:
            raise
        found = await here.get("/referrals/worklist", count=ROWS + 1, **asked)
    return found


class People:
    """The persons of some rows and what is asked for them, as far as they could be read."""

    def __init__(self, resources: Iterable[Row] | None) -> None:
        self.found = resources is not None
        self._by_id = {
            (each["resourceType"], each["id"]): each for each in resources or () if "id" in each
        }

    def __call__(self, row: Row) -> tuple[Shown, Asked]:
        """Who it is about, and what is asked for; empty where whoever asks may not see it."""
        return (
            person_of(self._by_id.get(("Patient", row["patient"]))),
            asked_of(self._by_id.get(("ServiceRequest", row["service_request"]))),
        )

    def name_of(self, row: Row) -> str:
        """What the person of a row is called."""
        person, asked = self(row)
        return called(person, row, withheld=not asked.patient)


async def people_of(here: Place, rows: Iterable[Row]) -> People:
    """Who some rows are about, with one question; nobody where that cannot be asked now."""
    ids = [row["service_request"] for row in rows]
    if not ids:
        return People(())
    bundle = await here.look(
        "/fhir/ServiceRequest",
        _id=",".join(ids),
        _include="ServiceRequest:subject",
        _count=str(len(ids)),
    )
    if bundle is None:
        return People(None)
    return People(each["resource"] for each in bundle.get("entry") or ())


def _row(row: Row, person: Shown, asked: Asked, team: Team) -> Row:
    return {
        "open": row["open"],
        "with": team.name(row["allocated_to"]),
        "due": row["due"],
        "visits_with_care": row["visits_with_care"],
        "complexity": LEVEL_NAMES.get(row["complexity"] or "", ""),
        "case": row["case"],
        "person": person,
        "name": called(person, row, withheld=not asked.patient),
        "withheld": not asked.patient,
        "needs": [words for _, words in asked.needs],
        "words": next(iter(asked.words), ""),
        "sender": row["practice"] or SOURCES.get(row["source"], row["source"]),
        "team": row["team"],
        "created": row["created"],
        "urgent": row["urgent"],
        "state": state_words(row["state"], row["provider_state"], reached=row["reached"]),
        "colour": COLOURS.get(row["state"], "grey"),
        "provider": _service(row),
        "delivery": _delivery(row),
        "left": _left(row["days_left"]),
        "overdue": row["overdue"],
        "worried": row["worried"],
        "agreement_ends": row["agreement_ends"] if row["agreement_ending"] else None,
        "gp_to_do": row["gp_to_do"],
        "opened": row["opened"],
        "since": row["since"],
    }


def _service(row: Row) -> str:
    """What the service that was asked last said; a case that ended may have ended its request."""
    state = row["provider_state"] or ""
    return "" if state == "cancelled" and not row["open"] else PROVIDER_STATES.get(state, "")


def _delivery(row: Row) -> str:
    """Whether the service that was asked last heard of it."""
    if row["delivery_state"] is None and row["provider_state"] == "awaiting-answer":
        return _("message has not arrived yet")
    return DELIVERIES.get(row["delivery_state"] or "", "")


def _left(days: int | None) -> str:
    """How long a service has for its answer; empty where none is asked."""
    if days is None:
        return ""
    if days <= 0:
        return _("The request closes today")
    said = ngettext("{count} working day left", "{count} working days left", days)
    return said.format(count=days)


def _filters(load: Mapping[str, Any], show: str) -> Iterable[Row]:
    """The filters with how many cases each shows; a filter without any is left out."""
    for name, (words, asked) in SHOWN.items():
        count = _count(load, asked)
        if count == 0 and name not in ("all", "ended", show):
            continue
        yield {"name": name, "words": words, "count": count, "at": _at(name), "on": name == show}


def _count(load: Mapping[str, Any], asked: Mapping[str, str]) -> int | None:
    if not asked:
        return int(load["open"])
    if "ended" in asked:
        return None
    if "state" in asked:
        return int(load["states"].get(asked["state"], 0))
    return int(load["waiting"].get(_waits(asked), 0))


def _waits(asked: Mapping[str, str]) -> str:
    """What the case API calls a filter where it counts."""
    if "complexity" in asked:
        return asked["complexity"]
    return {"me": "mine", "nobody": "nobody"}.get(asked.get("allocated_to", ""), next(iter(asked)))


def _at(show: str, after: str | None = None, of: UUID | None = None) -> str:
    asked = {"show": show} if show != "all" else {}
    asked |= {"with": str(of)} if of else {}
    asked |= {"after": after} if after else {}
    return "/cases" + (f"?{urlencode(asked)}" if asked else "")
