"""Opening one case in an emergency, over HTTP: for a person with the role, signed in just now."""

from datetime import date, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StringConstraints, field_validator, model_validator

from services.referrals.api.bodies import PLAIN, Body, Line, Slug, Words
from services.referrals.break_glass import DUTY_LEAD, FOUND, REASONS, opening_for, openings
from services.referrals.desk import Desk
from services.referrals.handlers import break_glass
from services.referrals.handlers.looking_up import LookedFor, look_up
from services.referrals.scopes import BREAK_GLASS, CASES
from services.referrals.telling_apart import LONGEST_NAME
from services.referrals.views import View
from shared.auth import Principal, principal_of, requires
from shared.fhir.nhs import is_nhs_number
from shared.problems import Problem
from shared.step_up import require_recent

Why = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=PLAIN)
]


class LookUpBody(Body):
    """By what a case is looked for: its number, or the NHS number, or last name and birth date."""

    number: Line = Field(default="", description="Of the case, as pages show it or on a receipt.")
    nhs_number: Line = Field(default="", description="Ten digits.")
    family: Line = Field(default="", description="The whole last name; with `birth_date`.")
    birth_date: date | None = None

    @field_validator("nhs_number")
    @classmethod
    def _is_one(cls, value: str) -> str:
        digits = "".join(value.split()).replace("-", "")
        if digits and not is_nhs_number(digits):
            raise ValueError("This is not an NHS number: it has ten digits that fit each other.")
        return digits

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        ways = [bool(self.number), bool(self.nhs_number), bool(self.family or self.birth_date)]
        if sum(ways) != 1:
            raise ValueError("Give one of: number, nhs_number, family with birth_date.")
        if bool(self.family) != bool(self.birth_date):
            raise ValueError("The family name and the birth_date go together.")
        return self


class OpenBody(Body):
    """Which case is opened, and why."""

    case: UUID
    reason: Slug = Field(description=f"One of: {', '.join(REASONS)}.")
    words: Why = Field(description="What happened, and how you tried the team.")


class LookedBody(Body):
    """What a team lead finds of an opening."""

    found: Slug = Field(description=f"One of: {', '.join(FOUND)}.")
    came: Words = ""


def break_glass_routes(desk: Desk) -> APIRouter:
    """What a duty lead does, and what the team and the hub hear of it."""
    router = APIRouter(prefix="/referrals/break-glass", tags=["in an emergency"])
    within = timedelta(minutes=desk.settings.break_glass_sign_in_minutes)

    def on_duty(request: Request) -> Principal:
        """A person with the role; no system has it, and none could prove itself again."""
        principal = principal_of(request)
        if DUTY_LEAD not in principal.roles or principal.subject == principal.client_id:
            raise Problem(
                403, "Not allowed", f"This is for a person with the role {DUTY_LEAD}.",
                element="roles",
            )  # fmt: skip
        return principal

    def opens(principal: Principal = Depends(on_duty)) -> Principal:
        """Who has signed in with both factors a moment ago, to do this."""
        require_recent(principal, within, scope=BREAK_GLASS)
        return principal

    def reads(principal: Principal = Depends(on_duty)) -> Principal:
        """Who has signed in to do this, however long ago: what is open ends by itself."""
        lasts = within + timedelta(minutes=desk.settings.break_glass_minutes)
        require_recent(principal, lasts, scope=BREAK_GLASS)
        return principal

    recent, reading = Depends(opens), Depends(reads)

    @router.post("/look-up")
    def find(body: LookUpBody, principal: Principal = recent) -> list[View]:
        """Open cases of your place that fit exactly, without their persons; each look is kept."""
        family = body.family.casefold().strip()
        wanted = LookedFor(body.number, body.nhs_number, family[:LONGEST_NAME], body.birth_date)
        return look_up(desk, principal, wanted)

    @router.post("", status_code=201)
    def open_case(body: OpenBody, principal: Principal = recent) -> View:
        """Open one case, to read it for a while; its team is told at once."""
        return break_glass.open_case(desk, principal, body.case, body.reason, body.words)

    @router.get("/{opening}")
    def read(opening: UUID, principal: Principal = reading) -> View:
        """The case that you opened, while it is open; the team sees each reading."""
        return break_glass.read(desk, principal, opening)

    @router.post("/{opening}/close", status_code=204)
    def close(opening: UUID, principal: Principal = Depends(on_duty)) -> None:
        """End it before its time."""
        break_glass.close(desk, principal, opening)

    _told(router, desk)
    return router


def _told(router: APIRouter, desk: Desk) -> None:
    """What others hear of it."""
    works = Depends(requires(CASES, BREAK_GLASS))

    @router.get("")
    def listed(
        to_look_at: bool = False,
        after: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=100)] = 25,
        principal: Principal = works,
    ) -> list[View]:
        """Openings of your team's cases, of your hub's place, or your own, the newest first.

        `to_look_at` leaves those that no team lead has looked at. What was written is for the team
        and for who opened it; no row says who the person is.
        """
        with desk.look() as uow:
            return openings(
                uow.session,
                principal,
                desk.clock(),
                to_look_at=to_look_at,
                after=after,
                count=count,
            )

    @router.get("/{opening}/about")
    def about(opening: UUID, principal: Principal = works) -> View:
        """One opening: who, when and why; not what was read."""
        with desk.look() as uow:
            return opening_for(uow.session, principal, opening, desk.clock())

    @router.post("/{opening}/look", status_code=204)
    def look(
        opening: UUID, body: LookedBody, principal: Principal = Depends(requires(CASES))
    ) -> None:
        """A lead of the team has looked at it, and says what they find."""
        break_glass.look_at(desk, principal, opening, body.found, body.came)
