"""One provider's request: its view without a name, its answer, what came of it, who it is about."""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.referrals.api.bodies import (
    AnswerBody,
    AnsweredBy,
    ProgressBody,
    ReasonBody,
    RenewBody,
    ViewerBody,
)
from services.referrals.desk import Desk
from services.referrals.handlers import answers, onward, renewing, sharing
from services.referrals.inbox import requests_to
from services.referrals.request_views import request_view
from services.referrals.scopes import ANSWERS, CASES
from services.referrals.silence import silent_requests
from services.referrals.views import View
from shared.auth import Principal, requires
from shared.problems import Problem


def request_routes(desk: Desk) -> APIRouter:
    """What happens to one provider's request; the provider, or who passes on its answer, asks."""
    router = APIRouter(prefix="/referrals", tags=["requests"])
    works = Depends(requires(CASES))
    provides = Depends(requires(CASES, role="provider"))
    reads = Depends(requires(CASES, ANSWERS))

    @router.get("/requests")
    def requests(
        folder: Literal["asked", "going", "ended"] = "asked",
        after: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=100)] = 25,
        principal: Principal = provides,
    ) -> list[View]:
        """The requests to the caller's provider, without anyone's name, longest waiting first.

        `asked` has who came by themselves, too, until they begin; `going` has them as well.
        """
        with desk.look() as uow:
            return requests_to(
                uow.session,
                UUID(principal.organisation),
                folder=folder,
                after=str(after) if after else None,
                count=count,
                now=desk.clock(),
            )

    @router.get("/requests/silent")
    def silent(
        after: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=100)] = 25,
        principal: Principal = works,
    ) -> list[View]:
        """Requests that nobody has answered for days, in the caller's cases, oldest first.

        Nobody's name is in it; a help call comes before a decline (care 4).
        """
        with desk.look() as uow:
            return silent_requests(
                uow.session,
                principal,
                after=str(after) if after else None,
                count=count,
                now=desk.clock(),
            )

    @router.get("/requests/{task}")
    def request(task: UUID, principal: Principal = reads) -> View:
        """A provider's request, without anyone's name."""
        with desk.look() as uow:
            sharing.check_asked(desk, uow, principal, str(task))
        return one_request(desk, str(task))

    @router.post("/requests/{task}/answer")
    def answer(task: UUID, body: AnswerBody, principal: Principal = reads) -> View:
        """Accept, offer the waiting list, or decline."""
        who = speaking_for(principal, body.answered_by, "answered_by")
        answers.answer(desk, who, str(task), body.decision, body.reason, body.note)
        return one_request(desk, str(task))

    @router.post("/requests/{task}/progress")
    def progress(task: UUID, body: ProgressBody, principal: Principal = reads) -> View:
        """Record start, attendance, completion, an early end, or that nobody came."""
        who = speaking_for(principal, body.reported_by, "reported_by")
        answers.progress(desk, who, str(task), body.action, day=body.date, note=body.note)
        return one_request(desk, str(task))

    @router.post("/requests/{task}/identity")
    def identity(
        task: UUID, body: ViewerBody | None = None, principal: Principal = reads
    ) -> dict[str, object]:
        """Who the person is, after acceptance; the view is recorded."""
        viewer = body.viewer if body else None
        if "service" in principal.roles and viewer is None:
            raise Problem(422, "Not possible", "Say who will see it.", element="viewer")
        who = speaking_for(principal, viewer, "viewer")
        step = "one-time-code" if viewer else "account"
        return sharing.view_identity(desk, who, str(task), viewer=who.subject, step=step)

    @router.post("/requests/{task}/cancel")
    def take_back(task: UUID, body: ReasonBody, principal: Principal = works) -> View:
        """Take the request back before its activity starts."""
        onward.take_back(desk, principal, str(task), body.reason)
        return one_request(desk, str(task))

    @router.post("/requests/{task}/choose")
    def choose(task: UUID, principal: Principal = works) -> View:
        """The person chooses this offer; the others are cancelled with thanks."""
        onward.choose(desk, principal, str(task))
        return one_request(desk, str(task))

    @router.post("/requests/{task}/withdraw-agreement")
    def withdraw_agreement(task: UUID, principal: Principal = works) -> View:
        """The person no longer agrees to share with this provider."""
        sharing.withdraw_agreement(desk, principal, str(task))
        return one_request(desk, str(task))

    @router.post("/requests/{task}/renew-agreement")
    def renew_agreement(task: UUID, body: RenewBody, principal: Principal = works) -> View:
        """The person was asked again, and still agrees to share the same with this provider."""
        renewing.renew_agreement(desk, principal, str(task), how=body.how, expires=body.expires)
        return one_request(desk, str(task))

    return router


def speaking_for(principal: Principal, contact: AnsweredBy | None, element: str) -> Principal:
    """Who is written down as having done it: the contact whom a service says it verified.

    Args:
        principal: who asks.
        contact: whose words a service passes on.
        element: of the body, for a refusal.

    Raises:
        Problem: 422 where an account claims to be somebody else.
    """
    if contact is None:
        return principal
    if "service" not in principal.roles:
        words = "An account answers as itself; only a service passes on what a contact said."
        raise Problem(422, "Not possible", words, element=element)
    return replace(principal, subject=f"contact/{contact.contact}")


def one_request(desk: Desk, task: str) -> View:
    """A request as it is now, without a name; see `request_view`."""
    with desk.look() as uow:
        return request_view(uow.session, task, desk.clock())
