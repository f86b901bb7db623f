"""Steps that a link worker takes with a case: one form each, declared, sent to the case API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.portal.answer_links import Refusal
from services.portal.cases import words
from services.portal.cases.case import about
from services.portal.front_door.words import ACCESS, NEEDS
from services.portal.staff.fields import Field, Typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, Place, back_to

router = APIRouter(include_in_schema=False)

YES_NO = {"yes": "Yes", "no": "No"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        title: what the page is for.
        button: what its button says.
        call: how it is sent: the method and the path behind `/referrals/cases/{case}`.
        fields: what is asked; none for a step that is only a button of the case's page.
        body: what is sent, from what was typed.
        intro: a sentence before the fields.
        leaves: whether the case is not theirs any more afterwards.
    """

    title: str
    button: str
    call: tuple[str, str]
    fields: tuple[Field, ...] = ()
    body: Callable[[Typed], Json | None] = lambda typed: None  # noqa: ARG005 - nothing to say
    intro: str = ""
    leaves: bool = False

    def path(self, typed: Typed) -> str:
        """Where it is sent; a path may name what was typed."""
        return self.call[1].format(**typed)


def _contact(typed: Typed) -> Json:
    minutes = {"minutes": int(typed["minutes"])} if typed["minutes"] else {}
    on = day_in(typed, "next_on")
    return {
        "how": typed["how"],
        "reached": typed["reached"] == "yes",
        "next_step": typed["next_step"],
        **minutes,
        **({"next_on": on} if on else {}),
    }


def _close(typed: Typed) -> Json:
    step = typed["next_step"]
    return {"outcome": typed["outcome"]} | ({"for_practice": {"next_step": step}} if step else {})


def _worry(typed: Typed) -> Json:
    """A worry; sent twice by a second press of the button, it has the same id and is told once."""
    because = {"because": typed["because"]} if typed["because"] else {}
    same = uuid5(NAMESPACE_OID, f"{typed['concern']}\n{typed['because']}")
    return {"id": str(same), "concern": typed["concern"]} | because


def _way(typed: Typed) -> Json:
    return {
        "value": typed["value"],
        "safe": typed["safe"],
        "times": typed["times"],
        "voicemail": typed["voicemail"] == "yes",
        "words": typed["words"],
        "keep_from": typed["keep_from"],
    }


STEPS: Mapping[str, Step] = {
    "accept": Step("Take it on", "Take it on", ("POST", "accept")),
    "person-accepts": Step(
        "The person says yes", "The person says yes", ("POST", "person-accepts")
    ),
    "hold": Step("Nothing fits yet", "Nothing fits yet", ("POST", "hold")),
    "contacts": Step(
        "Note a contact",
        "Save",
        ("POST", "contacts"),
        (
            Field("reached", "Did you reach them?", "radios", YES_NO, missing="Choose yes or no"),
            Field("how", "How?", "radios", words.HOW, missing="Choose how you tried"),
            Field("minutes", "Minutes (if you like)", "number"),
            Field(
                "next_step",
                "What comes next (if there is something)",
                hint="For example, ring about the choir. Only your team reads it.",
            ),
            Field("next_on", "On which day (if you know)", "day", hint="For example, 27 3 2027"),
        ),
        _contact,
        "What comes next takes the place of what was noted before.",
    ),
    "return": Step(
        "Send it back",
        "Send it back",
        ("POST", "return"),
        (
            Field(
                "reason",
                "Why?",
                "radios",
                words.RETURN_REASONS,
                "The sender sees this.",
                "Choose why you send it back",
            ),
        ),
        lambda typed: {"reason": typed["reason"]},
        leaves=True,
    ),
    "route": Step(
        "Give it to a team",
        "Give it to this team",
        ("POST", "route"),
        (Field("team", "Which team?", "select", missing="Choose a team"),),
        lambda typed: {"team": typed["team"]},
    ),
    "waiting": Step(
        "What they wait for",
        "Save",
        ("PUT", "waiting"),
        (
            Field(
                "needs",
                "What does nothing meet yet?",
                "checkboxes",
                NEEDS,
                "Choose nothing to end the waiting.",
            ),
            Field(
                "areas",
                "Where would they go? First parts of postcodes",
                hint="For example, BD8, LS12. Nothing means all of your hub's place.",
            ),
        ),
        lambda typed: {
            "needs": typed["needs"],
            "areas": typed["areas"].upper().replace(",", " ").split(),
        },
        "When a service opens that fits, this case is on your list under ‘Something opened’.",
    ),
    "stops": Step(
        "Stop something at once",
        "Save",
        ("PUT", "person/stops/{stop}"),
        (
            Field("stop", "What stands?", "radios", words.STOPS, missing="Choose what stands"),
            Field(
                "stands",
                "Does it hold?",
                "radios",
                {"yes": "Yes, from now on", "no": "No, lift it"},
                missing="Choose yes or no",
            ),
            Field("told_by", "Who said so?", hint="For example, her daughter, by phone"),
        ),
        lambda typed: {"stands": typed["stands"] == "yes", "told_by": typed["told_by"]},
        "It holds at once in every case of this person, whichever team's.",
    ),
    "hand-over": Step(
        "Hand over to another team",
        "Hand over",
        ("POST", "hand-over"),
        (
            Field("team", "Which team?", "select", missing="Choose a team"),
            Field(
                "reason",
                "Why?",
                "radios",
                words.HAND_OVER_REASONS,
                "The sender sees this.",
                "Choose why you hand it over",
            ),
        ),
        lambda typed: {"team": typed["team"], "reason": typed["reason"]},
        "They get the whole case, and you do not see it any more."
        " What services were asked goes on.",
        leaves=True,
    ),
    "close": Step(
        "Close the case",
        "Close the case",
        ("POST", "close"),
        (
            Field("outcome", "How does it end?", "radios", missing="Choose how it ends"),
            Field(
                "next_step",
                "What comes next, for the GP's summary (if you like)",
                "words",
                hint="Only what the person agreed to share goes back.",
            ),
        ),
        _close,
        "Requests that nobody started on are taken back, with thanks.",
    ),
    "gp-sharing": Step(
        "What the GP may be told",
        "Save",
        ("PUT", "gp-sharing"),
        (
            Field(
                "items",
                "What did they agree to?",
                "checkboxes",
                words.GP_SHARED,
                "That they were referred and how it ended always goes back.",
            ),
        ),
        lambda typed: {"items": typed["items"]},
    ),
    "gp-worries": Step(
        "Tell the GP practice of a worry",
        "Tell the practice",
        ("POST", "gp-worries"),
        (
            Field(
                "concern",
                "What worries you?",
                "words",
                hint="The practice reads this. If somebody is in danger now, call 999 first.",
                missing="Write what worries you",
            ),
            Field("because", "If they did not agree, why do you tell all the same?"),
        ),
        _worry,
        "This is not watched round the clock: ring the practice too if it cannot wait.",
    ),
    "contact-ways": Step(
        "How to reach them safely",
        "Save",
        ("PUT", "person/contacts/{channel}"),
        (
            Field("channel", "Which way?", "radios", words.CHANNELS, missing="Choose a way"),
            Field(
                "safe",
                "Is it safe to use?",
                "radios",
                words.SAFE,
                "Ask them. Somebody else may pick up or read it.",
                "Choose whether it is safe",
            ),
            Field("value", "Number or address"),
            Field("times", "Good times", hint="For example, weekdays after 4"),
            Field("voicemail", "May a message be left on it?", "radios", YES_NO),
            Field("words", "What to say, or not", hint="For example, say it is the library"),
            Field("keep_from", "Keep it from", hint="For example, whoever else answers"),
        ),
        _way,
        "This takes the place of what was noted for the same way before.",
    ),
    "access-needs": Step(
        "What they need to take part",
        "Save",
        ("POST", "person/access-needs"),
        (
            Field("code", "What do they need?", "radios", ACCESS, missing="Choose what they need"),
            Field("detail", "More about it", hint="For example, which language"),
            Field(
                "source",
                "How do you know?",
                "radios",
                words.ACCESS_SOURCES,
                missing="Choose how you know",
            ),
        ),
        lambda typed: {name: typed[name] for name in ("code", "detail", "source")},
    ),
}
"""By the last part of their pages' addresses."""


@router.get("/cases/{case}/{step}")
async def ask(case: UUID, step: str, here: Here) -> Response:
    """The step's form."""
    declared = await _declared(here, case, step)
    if not declared.fields:
        return back_to(f"/cases/{case}")
    return await step_page(here, case, declared, step)


@router.post("/cases/{case}/{step}")
async def take(case: UUID, step: str, here: Here) -> Response:
    """Take the step."""
    declared = await _declared(here, case, step)
    typed, faults = typed_into(await here.form(), declared.fields)
    if faults:
        return await step_page(here, case, declared, step, typed, faults, 422)
    at = f"/referrals/cases/{case}/{declared.path(typed)}"
    try:
        await here.send(declared.call[0], at, declared.body(typed))
    except Refusal as refusal:
        if not declared.fields:
            raise
        faults = at_its_field(refusal, declared.fields)
        return await step_page(here, case, declared, step, typed, faults, refusal.status)
    return back_to("/cases" if declared.leaves else f"/cases/{case}?done={step}")


async def step_page(
    here: Place,
    case: UUID,
    step: Step,
    at: str,
    typed: Typed | None = None,
    faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The form of a step.

    Args:
        here: who is at it.
        case: whose step it is.
        step: with its fields.
        at: where it is sent, behind the case's address.
        typed: what was typed before.
        faults: what is wrong with it, by field.
        status: of the answer.
    """
    return here.page(
        "cases/step",
        status,
        **await about(here, case),
        step=step,
        action=f"/cases/{case}/{at}",
        fields=step.fields,
        typed=typed or {},
        faults=faults or {},
    )


async def _declared(here: Place, case: UUID, name: str) -> Step:
    """The step called so, with those options of its first field that depend on the case.

    Raises:
        HTTPException: 404 where there is none.
    """
    step = STEPS.get(name)
    if step is None:
        raise HTTPException(404)
    if name in ("hand-over", "route"):
        teams = await here.get("/referrals/teams")
        options = {each["team"]: f"{each['name']} ({each['hub'].title()})" for each in teams}
    elif name == "close":
        possible = (await here.get(f"/referrals/cases/{case}"))["possible"]
        options = {
            code: said for code, (action, said) in words.OUTCOMES.items() if action in possible
        }
    else:
        return step
    first, *others = step.fields
    return replace(step, fields=(first.choosing(options), *others))
