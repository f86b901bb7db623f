"""'I am worried about this person': say so, say who looks at it, what was decided, what came of it.

The numbers to call stand first on each page (care 11).
"""

from collections.abc import Mapping
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.portal.answer_links import Refusal
from services.portal.cases.case import about
from services.portal.cases.colleagues import team_of
from services.portal.cases.steps import Step
from services.portal.staff.fields import Field, Typed, at_its_field, key_of, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(prefix="/cases/{case}/worries", include_in_schema=False)

LEAD = Field(
    "lead",
    _("Who looks at it?"),
    "radios",
    hint=_("Tell them yourself, too: no message goes out."),
    missing=_("Choose who looks at it"),
)

RAISE = Step(
    _("I am worried about this person"),
    _("Save"),
    ("POST", "worries"),
    (
        Field(
            "words",
            _("What worries you?"),
            "words",
            hint=_("What you saw or heard, and when. Only your team reads it."),
            missing=_("Write what worries you"),
        ),
        LEAD,
    ),
    intro=_("It stays on your list until somebody writes what came of it."),
)

STEPS: Mapping[str, Step] = {
    "lead": Step(_("Who looks at it?"), _("Save"), ("PUT", "lead"), (LEAD,)),
    "decision": Step(
        _("What was decided?"),
        _("Save"),
        ("POST", "decision"),
        (
            Field(
                "words",
                _("What do you do, and why?"),
                "words",
                hint=_("To do nothing now is a decision, too: write why. Only your team reads it."),
                missing=_("Write what was decided"),
            ),
        ),
    ),
    "outcome": Step(
        _("What came of it?"),
        _("Save and close this worry"),
        ("POST", "outcome"),
        (
            Field(
                "words",
                _("How is the person now, and what happened?"),
                "words",
                hint=_("With this the worry is closed. Only your team reads it."),
                missing=_("Write what came of it"),
            ),
        ),
    ),
}
"""What is done about a worry, by the last part of its page's address."""


@router.get("")
async def ask(case: UUID, here: Here) -> Response:
    """The form, with whoever asks as who looks at it."""
    return await _page(here, case, RAISE, "worries", sheet=str(uuid4()))


@router.post("")
async def take(case: UUID, here: Here) -> Response:
    """Note that somebody is worried."""
    form = await here.form()
    fields = await _fields(here, RAISE)
    typed, faults = typed_into(form, fields)
    if not faults:
        at = f"/referrals/cases/{case}/worries"
        body = {"words": typed["words"], "lead": typed["lead"]}
        try:
            await here.send("POST", at, body | {"key": key_of(form, body)})
            return back_to(f"/cases/{case}?done=worries")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    sheet = str(form.get("sheet") or uuid4())
    return await _page(here, case, RAISE, "worries", typed, faults, status=422, sheet=sheet)


@router.get("/{worry}/{step}")
async def ask_step(case: UUID, worry: UUID, step: str, here: Here) -> Response:
    """The form of what is done about it."""
    return await _page(here, case, _declared(step), f"worries/{worry}/{step}", worry=worry)


@router.post("/{worry}/{step}")
async def take_step(case: UUID, worry: UUID, step: str, here: Here) -> Response:
    """Note it."""
    declared = _declared(step)
    fields = await _fields(here, declared)
    typed, faults = typed_into(await here.form(), fields)
    if not faults:
        at = f"/referrals/cases/{case}/worries/{worry}/{declared.path(typed)}"
        try:
            await here.send(declared.call[0], at, typed)
            return back_to(f"/cases/{case}?done=worry-{step}")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    at = f"worries/{worry}/{step}"
    return await _page(here, case, declared, at, typed, faults, status=422, worry=worry)


def _declared(step: str) -> Step:
    """The step called so.

    Raises:
        HTTPException: 404 where there is none.
    """
    found = STEPS.get(step)
    if found is None:
        raise HTTPException(404)
    return found


async def _fields(here: Place, step: Step) -> list[Field]:
    """Those of a step, with the colleagues that there are."""
    if LEAD not in step.fields:
        return list(step.fields)
    workers = (await team_of(here)).workers
    return [each.choosing(workers) if each is LEAD else each for each in step.fields]


async def _page(
    here: Place,
    case: UUID,
    step: Step,
    at: str,
    typed: Typed | None = None,
    faults: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    sheet: str = "",
    worry: UUID | None = None,
) -> Response:
    known = await about(here, case)
    found = [each for each in known["case"]["worries"] if each["id"] == str(worry)]
    if worry is not None and not found:
        raise HTTPException(404)
    return here.page(
        "cases/worry",
        status,
        **known,
        step=step,
        worry=found[0] if found else None,
        action=f"/cases/{case}/{at}",
        sheet=sheet,
        fields=await _fields(here, step),
        typed={"lead": here.who.granted.account} | (typed or {}),
        faults=faults or {},
    )
