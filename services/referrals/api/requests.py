"""One provider's request: its view without a name, its answer, what came of it, who it is about."""

from uuid import UUID

from fastapi import APIRouter, Depends

from services.referrals.api.bodies import AnswerBody, ProgressBody, ReasonBody, ViewerBody
from services.referrals.desk import Desk
from services.referrals.handlers import answers, onward, sharing
from services.referrals.scopes import ANSWERS, CASES
from services.referrals.views import View, request_view
from shared.auth import Principal, requires
from shared.problems import Problem


def request_routes(desk: Desk) -> APIRouter:
    """What happens to one provider's request; the provider, or who passes on its answer, asks."""
    router = APIRouter(prefix="/referrals", tags=["requests"])
    works = Depends(requires(CASES))
    reads = Depends(requires(CASES, ANSWERS))

    @router.get("/requests/{task}")
    def request(task: UUID, principal: Principal = reads) -> View:
        """A provider's request, without anyone's name."""
        with desk.work() as uow:
            sharing.check_asked(desk, uow, principal, str(task))
        return _request(desk, str(task))

    @router.post("/requests/{task}/answer")
    def answer(task: UUID, body: AnswerBody, principal: Principal = reads) -> View:
        """Accept, offer the waiting list, or decline."""
        answers.answer(desk, principal, str(task), body.decision, body.reason, body.note)
        return _request(desk, str(task))

    @router.post("/requests/{task}/progress")
    def progress(task: UUID, body: ProgressBody, principal: Principal = reads) -> View:
        """Record start, attendance, completion, an early end, or that nobody came."""
        answers.progress(desk, principal, str(task), body.action, day=body.date, note=body.note)
        return _request(desk, str(task))

    @router.post("/requests/{task}/identity")
    def identity(
        task: UUID, body: ViewerBody | None = None, principal: Principal = reads
    ) -> dict[str, object]:
        """Who the person is, after acceptance; the view is recorded."""
        viewer = body.viewer if body else None
        if "service" in principal.roles and viewer is None:
            raise Problem(422, "Not possible", "Say who will see it.", element="viewer")
        return sharing.view_identity(
            desk,
            principal,
            str(task),
            viewer=f"contact/{viewer.contact}" if viewer else principal.subject,
            step="one-time-code" if viewer else "account",
        )

    @router.post("/requests/{task}/cancel")
    def take_back(task: UUID, body: ReasonBody, principal: Principal = works) -> View:
        """Take the request back before its activity starts."""
        onward.take_back(desk, principal, str(task), body.reason)
        return _request(desk, str(task))

    @router.post("/requests/{task}/choose")
    def choose(task: UUID, principal: Principal = works) -> View:
        """The person chooses this offer; the others are cancelled with thanks."""
        onward.choose(desk, principal, str(task))
        return _request(desk, str(task))

    @router.post("/requests/{task}/withdraw-agreement")
    def withdraw_agreement(task: UUID, principal: Principal = works) -> View:
        """The person no longer agrees to share with this provider."""
        sharing.withdraw_agreement(desk, principal, str(task))
        return _request(desk, str(task))

    return router


def _request(desk: Desk, task: str) -> View:
    with desk.work() as uow:
        return request_view(uow.session, task)
