"""Steps that a link worker takes with a case: one form each, declared, sent to the case API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.portal.answer_links import Refusal
from services.portal.cases import words
from services.portal.cases.case import about, going_on
from services.portal.cases.visits import visits_in_words
from services.portal.front_door.words import ACCESS, NEEDS
from services.portal.staff.fields import Field, Typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(include_in_schema=False)

YES_NO = {"yes": _("Yes"), "no": _("No")}
FOR_GP = "next_step"
"""What is written for the GP when a case closes."""

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
        warning: what to read before anything is typed.
        after_end: whether it is still taken when the case has ended.
    """

    title: str
    button: str
    call: tuple[str, str]
    fields: tuple[Field, ...] = ()
    body: Callable[[Typed], Json | None] = lambda typed: None  # noqa: ARG005 - nothing to say
    intro: str = ""
    leaves: bool = False
    warning: str = ""
    after_end: bool = False

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
        **({"visit_checked": True} if "yes" in typed.get("visit_checked", ()) else {}),
    }


def _close(typed: Typed) -> Json:
    step = typed.get(FOR_GP)
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


VISITS = Field(
    "visit_checked",
    _("If you met face to face"),
    "checkboxes",
    {"yes": _("I read what stands about visits to this person")},
)

STEPS: Mapping[str, Step] = {
    "accept": Step(_("Take it on"), _("Take it on"), ("POST", "accept")),
    "person-accepts": Step(
        _("The person says yes"), _("The person says yes"), ("POST", "person-accepts")
    ),
    "hold": Step(_("Nothing fits yet"), _("Nothing fits yet"), ("POST", "hold")),
    "contacts": Step(
        _("Note a contact"),
        _("Save"),
        ("POST", "contacts"),
        (
            Field(
                "reached", _("Did you reach them?"), "radios", YES_NO, missing=_("Choose yes or no")
            ),
            Field("how", _("How?"), "radios", words.HOW, missing=_("Choose how you tried")),
            Field("minutes", _("Minutes (if you like)"), "number"),
            Field(
                "next_step",
                _("What comes next (if there is something)"),
                hint=_("For example, ring about the choir. Only your team reads it."),
            ),
            Field(
                "next_on", _("On which day (if you know)"), "day", hint=_("For example, 27 3 2027")
            ),
        ),
        _contact,
        _("What comes next takes the place of what was noted before."),
    ),
    "complexity": Step(
        _("How much does this ask of you?"),
        _("Save"),
        ("PUT", "complexity"),
        (
            Field("level", _("How much?"), "radios", words.LEVELS, missing=_("Choose how much")),
            Field(
                "because",
                _("What makes it so?"),
                hint=_("About the work, not about the person. Only your team reads it."),
                missing=_("Write what makes it so"),
            ),
        ),
        lambda typed: {"level": typed["level"], "because": typed["because"]},
        _("It helps to share out the work. It changes nothing for the person."),
    ),
    "visits": Step(
        _("Visits to this person"),
        _("Save"),
        ("PUT", "visiting"),
        (
            Field(
                "at_home",
                _("Do you visit at home?"),
                "radios",
                {"yes": _("Yes"), "no": _("No, meet somewhere else")},
                missing=_("Choose if you visit at home"),
            ),
            Field(
                "alone",
                _("Does one colleague go alone?"),
                "radios",
                {"yes": _("Yes"), "no": _("No, two go together")},
                missing=_("Choose if one colleague goes alone"),
            ),
            Field(
                "because",
                _("Why?"),
                hint=_("What a colleague must know before the visit. Only your team reads it."),
                missing=_("Write why"),
            ),
        ),
        lambda typed: {
            "at_home": typed["at_home"] == "yes",
            "alone": typed["alone"] == "yes",
            "because": typed["because"],
        },
        _("Whoever notes a visit is asked to read this first. Tell somebody where you go, too."),
    ),
    "supervision": Step(
        _("Talk about it with your team lead"),
        _("Put it on their list"),
        ("PUT", "supervision"),
        (
            Field(
                "because",
                _("What would you like to talk about?"),
                hint=_("A few words. Only your team reads it."),
                missing=_("Write what you would like to talk about"),
            ),
        ),
        lambda typed: {"because": typed["because"]},
        _("If somebody is in danger now, do not wait for this: call 999."),
    ),
    "return": Step(
        _("Send it back"),
        _("Send it back"),
        ("POST", "return"),
        (
            Field(
                "reason",
                _("Why?"),
                "radios",
                words.RETURN_REASONS,
                _("The sender sees this."),
                _("Choose why you send it back"),
            ),
        ),
        lambda typed: {"reason": typed["reason"]},
        leaves=True,
    ),
    "route": Step(
        _("Give it to a team"),
        _("Give it to this team"),
        ("POST", "route"),
        (Field("team", _("Which team?"), "select", missing=_("Choose a team")),),
        lambda typed: {"team": typed["team"]},
    ),
    "waiting": Step(
        _("What they wait for"),
        _("Save"),
        ("PUT", "waiting"),
        (
            Field(
                "needs",
                _("What does nothing meet yet?"),
                "checkboxes",
                NEEDS,
                _("Choose nothing to end the waiting."),
            ),
            Field(
                "areas",
                _("Where would they go? First parts of postcodes"),
                hint=_("For example, BD8, LS12. Nothing means all of your hub's place."),
            ),
        ),
        lambda typed: {
            "needs": typed["needs"],
            "areas": typed["areas"].upper().replace(",", " ").split(),
        },
        _("When a service opens that fits, this case is on your list under ‘Something opened’."),
    ),
    "stops": Step(
        _("Stop something at once"),
        _("Save"),
        ("PUT", "person/stops/{stop}"),
        (
            Field(
                "stop", _("What stands?"), "radios", words.STOPS, missing=_("Choose what stands")
            ),
            Field(
                "stands",
                _("Does it hold?"),
                "radios",
                {"yes": _("Yes, from now on"), "no": _("No, lift it")},
                missing=_("Choose yes or no"),
            ),
            Field("told_by", _("Who said so?"), hint=_("For example, her daughter, by phone")),
        ),
        lambda typed: {"stands": typed["stands"] == "yes", "told_by": typed["told_by"]},
        _("It holds at once in every case of this person, whichever team's."),
        after_end=True,
    ),
    "hand-over": Step(
        _("Hand over to another team"),
        _("Hand over"),
        ("POST", "hand-over"),
        (
            Field("team", _("Which team?"), "select", missing=_("Choose a team")),
            Field(
                "reason",
                _("Why?"),
                "radios",
                words.HAND_OVER_REASONS,
                _("The sender sees this."),
                _("Choose why you hand it over"),
            ),
        ),
        lambda typed: {"team": typed["team"], "reason": typed["reason"]},
        _(
            "They get the whole case, and you do not see it any more."
            " What services were asked goes on."
        ),
        leaves=True,
    ),
    "close": Step(
        _("Close the case"),
        _("See what is told"),
        ("POST", "close"),
        (
            Field("outcome", _("How does it end?"), "radios", missing=_("Choose how it ends")),
            Field(
                FOR_GP,
                _("What comes next, for the GP's summary (if you like)"),
                "words",
                hint=_("Only what the person agreed to share goes back."),
            ),
        ),
        _close,
        _("Requests that nobody started on end with it, and the services are told, with thanks."),
    ),
    "gp-sharing": Step(
        _("What the GP may be told"),
        _("Save"),
        ("PUT", "gp-sharing"),
        (
            Field(
                "items",
                _("What did they agree to?"),
                "checkboxes",
                words.GP_SHARED,
                _("That they were referred and how it ended always goes back."),
            ),
        ),
        lambda typed: {"items": typed["items"]},
        after_end=True,
    ),
    "gp-worries": Step(
        _("Tell the GP practice of a worry"),
        _("Tell the practice"),
        ("POST", "gp-worries"),
        (
            Field(
                "concern",
                _("What worries you?"),
                "words",
                hint=_("The practice reads this. If somebody is in danger now, call 999 first."),
                missing=_("Write what worries you"),
            ),
            Field("because", _("If they did not agree, why do you tell all the same?")),
        ),
        _worry,
        _("This is not watched round the clock: ring the practice too if it cannot wait."),
        after_end=True,
    ),
    "contact-ways": Step(
        _("How to reach them safely"),
        _("Save"),
        ("PUT", "person/contacts/{channel}"),
        (
            Field("channel", _("Which way?"), "radios", words.CHANNELS, missing=_("Choose a way")),
            Field(
                "safe",
                _("Is it safe to use?"),
                "radios",
                words.SAFE,
                _("Ask them. Somebody else may pick up or read it."),
                _("Choose whether it is safe"),
            ),
            Field("value", _("Number or address")),
            Field("times", _("Good times"), hint=_("For example, weekdays after 4")),
            Field("voicemail", _("May a message be left on it?"), "radios", YES_NO),
            Field("words", _("What to say, or not"), hint=_("For example, say it is the library")),
            Field("keep_from", _("Keep it from"), hint=_("For example, whoever else answers")),
        ),
        _way,
        _("This takes the place of what was noted for the same way before."),
        after_end=True,
    ),
    "around": Step(
        _("Somebody around them"),
        _("Save"),
        ("POST", "person/around"),
        (
            Field("name", _("Their name"), missing=_("Type their name")),
            Field(
                "relation",
                _("Who are they to the person?"),
                "radios",
                words.RELATIONS,
                missing=_("Choose who they are"),
            ),
            Field(
                "carer",
                _("If they look after the person"),
                "checkboxes",
                {"yes": _("They are a carer")},
                _("A carer can be referred for help too."),
            ),
            Field(
                "authority",
                _("May they decide for the person by law?"),
                "radios",
                words.AUTHORITIES,
                _("Whether somebody can decide is asked anew for each decision."),
                _("Choose whether they may decide"),
            ),
            Field(
                "evidence",
                _("If they may, what did you see that shows it?"),
                hint=_("For example, the registered document, on 3 March"),
            ),
            Field(
                "may_hear",
                _("What does the person agree that they are told?"),
                "words",
                hint=_("Leave it empty if nothing."),
            ),
            Field("phone", _("Their phone number (if you like)")),
        ),
        lambda typed: {
            **{
                name: typed[name]
                for name in ("name", "relation", "authority", "evidence", "may_hear", "phone")
            },
            "carer": "yes" in typed["carer"],
        },
        _("Only your team reads it. No message goes to them by itself."),
    ),
    "decisions": Step(
        _("A decision somebody looked at"),
        _("Save"),
        ("POST", "person/decisions"),
        (
            Field("decision", _("What was decided?"), missing=_("Type what was decided")),
            Field(
                "under_16",
                _("If they are young"),
                "checkboxes",
                {"yes": _("They are under 16")},
            ),
            Field(
                "able",
                _("Could they decide this themselves?"),
                "radios",
                {"yes": _("Yes"), "no": _("No")},
                _("With help to understand, remember, weigh it up and say what they want."),
                _("Choose whether they could decide it"),
            ),
            Field("seen", _("What showed that?"), missing=_("Type what showed it")),
            Field(
                "decided_by",
                _("Who decided?"),
                "radios",
                words.DECIDED_BY,
                missing=_("Choose who decided"),
            ),
            Field("who", _("Their name, if it was not the person")),
        ),
        lambda typed: {
            **{name: typed[name] for name in ("decision", "seen", "decided_by", "who")},
            "under_16": "yes" in typed["under_16"],
            "able": typed["able"] == "yes",
        },
        _("It is for this decision only: another one is looked at anew."),
    ),
    "access-needs": Step(
        _("What they need to take part"),
        _("Save"),
        ("POST", "person/access-needs"),
        (
            Field(
                "code",
                _("What do they need?"),
                "radios",
                ACCESS,
                missing=_("Choose what they need"),
            ),
            Field("detail", _("More about it"), hint=_("For example, which language")),
            Field(
                "source",
                _("How do you know?"),
                "radios",
                words.ACCESS_SOURCES,
                missing=_("Choose how you know"),
            ),
        ),
        lambda typed: {name: typed[name] for name in ("code", "detail", "source")},
        after_end=True,
    ),
}
"""By the last part of their pages' addresses."""


@router.get("/cases/{case}/{step}")
async def ask(case: UUID, step: str, here: Here) -> Response:
    """The step's form."""
    declared = await step_of(here, case, step)
    if not declared.fields:
        return back_to(f"/cases/{case}")
    typed = await here.kept(f"/cases/{case}/{step}")
    return await step_page(here, case, declared, step, typed)


@router.post("/cases/{case}/{step}")
async def take(case: UUID, step: str, here: Here) -> Response:
    """Take the step."""
    declared = await step_of(here, case, step)
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
        **await (about if step.after_end else going_on)(here, case),
        step=step,
        action=f"/cases/{case}/{at}",
        fields=step.fields,
        typed=typed or {},
        faults=faults or {},
    )


async def step_of(here: Place, case: UUID, name: str) -> Step:
    """The step called so, with those options of its first field that depend on the case.

    Raises:
        HTTPException: 404 where there is none.
    """
    step = STEPS.get(name)
    if step is None:
        raise HTTPException(404)
    if name == "contacts":
        return await _with_visits(here, case, step)
    if name in ("hand-over", "route"):
        takers = f"/referrals/cases/{case}/takers"
        teams = await here.get(takers if name == "hand-over" else "/referrals/teams")
        options = {each["team"]: f"{each['name']} ({each['hub'].title()})" for each in teams}
    elif name == "close":
        closing = await here.get(f"/referrals/cases/{case}")
        options = {
            code: said
            for code, (action, said) in words.OUTCOMES.items()
            if action in closing["possible"]
        }
        step = _with_what_the_gp_hears(step, closing)
    else:
        return step
    first, *others = step.fields
    return replace(step, fields=(first.choosing(options), *others))


def _with_what_the_gp_hears(step: Step, case: Json) -> Step:
    """The step that closes a case: words for the GP are asked for only where they would go.

    Only what the person agreed to goes back (care 7): without it, what was written would be left
    out, and nobody would know.
    """
    agreed = case["gp_sharing"]
    if agreed and not agreed["withdrawn"] and "next-step" in agreed["items"]:
        return step
    kept = tuple(each for each in step.fields if each.name != FOR_GP)
    why = _(
        "The person has not agreed that their GP hears what comes next, so it is not asked here."
        " If they do, note it first under ‘What the GP may be told’."
    )
    return replace(step, fields=kept, intro=f"{step.intro} {why}")


async def _with_visits(here: Place, case: UUID, step: Step) -> Step:
    """The step for a contact: where something stands about visits, it is read before one is noted.

    What stands is the team's; whoever may not read it notes no contact either.
    """
    plan = await here.look(f"/referrals/cases/{case}/plan")
    warning = visits_in_words(plan["care"]["visiting"]) if plan else ""
    return replace(step, fields=(*step.fields, VISITS), warning=warning) if warning else step
