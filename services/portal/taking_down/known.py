"""Whether the team knows somebody already, before another referral of theirs is taken down."""

from typing import Any

from services.portal.answer_links import Refusal
from services.portal.cases.people import NHS_NUMBER
from services.portal.cases.worklist import rows_found
from services.portal.front_door.form import Filled
from services.portal.staff.place import Place

LOOKED = "looked"
"""The field that says that whoever takes it down has seen who is there already."""


async def known_already(here: Place, filled: Filled) -> list[dict[str, Any]]:
    """The team's cases of who has this NHS number, or this name and day of birth.

    Nobody else's are told: whoever works on no cases sees none.

    Args:
        here: who takes it down.
        filled: a form that was found right.
    """
    if "link-worker" not in here.who.granted.roles:
        return []
    number = "".join(filled.one["nhs_number"].split())
    born = filled.born(here.times.today)
    questions: list[dict[str, str]] = []
    if number:
        questions.append({"subject:Patient.identifier": f"{NHS_NUMBER}|{number}"})
    if filled.one["family"] and born:
        name = filled.one["family"].rsplit(maxsplit=1)[-1]
        day = born.isoformat()
        questions.append({"subject:Patient.name": name, "subject:Patient.birthdate": day})
    found: dict[str, dict[str, Any]] = {}
    for each in questions:
        try:
            rows = await rows_found(here, each)
        except Refusal as refusal:
            if refusal.status < 500:
                raise
            continue  # what cannot be looked up now keeps nobody from taking it down
        found |= {row["case"]: row for row in rows}
    return list(found.values())
