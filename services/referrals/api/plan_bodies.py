"""What the plan of a case takes: measures, goals and actions, signposting, allocation."""

from datetime import date as Date  # noqa: N812 - a field is called date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from services.referrals.api.bodies import Body, Line, Said, Slug, Words

Wanted = Annotated[Words, StringConstraints(min_length=1)]
NotAsked = Literal["did-not-want-to", "not-the-right-time", "not-possible", "no-time", "other"]


class MeasureBody(Body):
    """One measure with the answers that there are, or why nobody asked (care 19)."""

    instrument: Literal["ons4", "ucla3", "lonely", "swemwbs"]
    answers: dict[Slug, Annotated[int, Field(strict=True)]] = Field(
        default_factory=dict, max_length=10
    )
    not_asked: NotAsked | None = None


class ReviewBody(Body):
    """One time that the person was asked how they are."""

    measures: list[MeasureBody] = Field(default_factory=list, max_length=10)
    day: Date | None = None
    filled_in: Literal["person", "together", "on-behalf"] = "together"
    how: Literal["phone", "visit", "video", "online", "paper"] = "phone"
    language: Line = ""
    wanted: Words = ""
    changed: Words = ""
    harm: Words = ""


class ActionBody(Body):
    """What somebody does for a goal."""

    words: Said
    who: Literal["person", "link-worker", "other"] = "person"
    by_when: Date | None = None


class GoalBody(Body):
    """What the person wants, and what is done for it."""

    words: Wanted
    by_when: Date | None = None
    actions: list[ActionBody] = Field(default_factory=list, max_length=20)


class SettleBody(Body):
    """What came of a goal."""

    state: Literal["reached", "partly", "changed", "dropped"]
    came: Words = ""


class SignpostBody(Body):
    """Of which service the person was told."""

    service: UUID


class ComplexityBody(Body):
    """How much a case asks of the team; see `caring_scale`."""

    level: Slug
    because: Said


class VisitingBody(Body):
    """What stands about visits to somebody, and why."""

    at_home: StrictBool
    alone: StrictBool
    because: Said


class SupervisionBody(Body):
    """Why a case is to be talked about."""

    because: Said


class TalkedBody(Body):
    """What was agreed when it was talked about."""

    came: Words = ""


class AllocateBody(Body):
    """Who of the team has the case from now on: an account's id; null for nobody."""

    to: Slug | None


class CaseloadBody(AllocateBody):
    """Whose open cases go to somebody else."""

    of: Slug
