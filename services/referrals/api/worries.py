"""'I am worried about this person', over HTTP (care 11)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import StringConstraints

from services.referrals.api.bodies import Body, Slug, Words
from services.referrals.casefile import CaseFile
from services.referrals.desk import Desk
from services.referrals.handlers import worrying
from services.referrals.scopes import CASES
from services.referrals.worries import View, told_provider
from shared.auth import Principal, requires

Told = Annotated[Words, StringConstraints(min_length=1)]


class WorryBody(Body):
    """What worries somebody of a provider; the same key again changes nothing."""

    key: UUID
    words: Told


class TeamWorryBody(WorryBody):
    """What worries a link worker, and who of the team looks at it: an account's id."""

    lead: Slug | None = None


class LeadBody(Body):
    """Who of the team looks at it: an account's id."""

    lead: Slug


class NoteBody(Body):
    """What was decided, or what came of it."""

    words: Told


def worry_routes(desk: Desk) -> APIRouter:
    """Worries of a team and of its providers. `worries` of `/cases/{case}` has them for the team.

    Nothing of a worry is in a message: whoever cannot wait rings.
    """
    router = APIRouter(prefix="/referrals", tags=["worries"])
    works = Depends(requires(CASES))
    provides = Depends(requires(CASES, role="provider"))

    @router.post("/cases/{case}/worries", status_code=204)
    def raise_one(case: UUID, body: TeamWorryBody, principal: Principal = works) -> None:
        """Say that you are worried about the person."""
        worrying.raise_by_team(
            desk, principal, case, key=body.key, words=body.words, lead=body.lead
        )

    @router.put("/cases/{case}/worries/{worry}/lead", status_code=204)
    def give(case: UUID, worry: UUID, body: LeadBody, principal: Principal = works) -> None:
        """Say who of the team looks at it."""
        worrying.give(desk, principal, case, worry, body.lead)

    @router.post("/cases/{case}/worries/{worry}/decision", status_code=204)
    def decide(case: UUID, worry: UUID, body: NoteBody, principal: Principal = works) -> None:
        """Write what was decided; what was written before stays."""
        worrying.decide(desk, principal, case, worry, body.words)

    @router.post("/cases/{case}/worries/{worry}/outcome", status_code=204)
    def close(case: UUID, worry: UUID, body: NoteBody, principal: Principal = works) -> None:
        """Write what came of it, which closes it."""
        worrying.close(desk, principal, case, worry, body.words)

    @router.post("/requests/{task}/worries", status_code=204)
    def tell(task: UUID, body: WorryBody, principal: Principal = provides) -> None:
        """Tell the link worker that you are worried about whom you were asked for."""
        worrying.raise_by_provider(desk, principal, str(task), key=body.key, words=body.words)

    @router.get("/requests/{task}/worries")
    def told(task: UUID, principal: Principal = provides) -> list[View]:
        """What your group told the link worker, and whether somebody looks at it; no words."""
        with desk.look() as uow:
            file = CaseFile.peek(desk, uow, str(task), principal)
            worrying.check_provider(file, principal, str(task))
            return told_provider(uow.session, principal, str(task))

    return router
