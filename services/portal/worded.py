"""Whatever goes wrong is said in a page."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.portal import answer
from services.portal.answer_links import Refusal
from services.portal.sign_in import routes as sign_in
from services.portal.sign_in.doorkeeper import NotTheirs, SendAgain, SignInNeeded
from services.portal.sign_in.once import Sent
from services.portal.staff.place import back_to, refusal_page
from shared.pages import Pages
from shared.problems import Problem
from shared.refusals import Refuse
from shared.step_up import STEP_UP

_PAGES = {
    404: "missing",
    405: "missing",
    413: "too-long",
    429: "busy",
    500: "trouble",
    503: "trouble",
}
"""The page for a refusal that is none of an answer link, by its status; else it was not read."""


def refusing(pages: Pages) -> Refuse:
    """How the middleware says that it let nothing through."""

    def worded(problem: Problem) -> Response:
        page = _page(pages, problem.status)
        page.headers.update(problem.headers)
        return page

    return worded


def word(app: FastAPI, pages: Pages) -> None:
    """Have every error of the pages answered by a page."""

    @app.exception_handler(Refusal)
    def refused(request: Request, refusal: Refusal) -> Response:
        if refusal.reason == STEP_UP and hasattr(request.state, "signed_in"):
            return sign_in.prove_page(request)
        if refusal.reason == "sign-in" or hasattr(request.state, "signed_in"):
            return refusal_page(request, refusal)
        return answer.refusal_page(pages, refusal)

    @app.exception_handler(SignInNeeded)
    def needed(request: Request, needed: SignInNeeded) -> Response:
        return sign_in.sign_in_page(request, needed)

    @app.exception_handler(SendAgain)
    def again(request: Request, again: SendAgain) -> Response:
        return sign_in.send_again_page(request, again)

    @app.exception_handler(NotTheirs)
    def not_theirs(request: Request, not_theirs: NotTheirs) -> Response:
        return sign_in.not_theirs_page(request, not_theirs)

    @app.exception_handler(Sent)
    def sent(request: Request, sent: Sent) -> Response:
        return back_to(sent.came)

    @app.exception_handler(HTTPException)
    def turned_away(request: Request, error: HTTPException) -> Response:
        return _page(pages, error.status_code)

    @app.exception_handler(RequestValidationError)
    def unfit(request: Request, error: RequestValidationError) -> Response:
        return pages.page("missing", 404)


def _page(pages: Pages, status: int) -> Response:
    return pages.page(_PAGES.get(status, "unread"), status)
