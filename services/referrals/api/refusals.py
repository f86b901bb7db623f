"""The domain's refusals, as the case API answers them."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.referrals.casefile import NoSuchCase
from services.referrals.domain import Refused
from services.referrals.unnamed.refusing import TellsWho
from shared.problems import Problem

STATUS = {"forbidden": 403, "conflict": 409, "business-rule": 422}
"""The HTTP status of a refusal of the domain, by its issue code."""


def install_refusals(app: FastAPI) -> None:
    """Answer the domain's refusals as problems."""

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> JSONResponse:
        return Problem(
            STATUS[error.code], "Not possible", error.words, element=error.element
        ).response()

    @app.exception_handler(TellsWho)
    def tells(request: Request, error: TellsWho) -> JSONResponse:
        return Problem(
            STATUS[error.code],
            "Not possible",
            error.words,
            element=error.element,
            found=error.told,
        ).response()

    @app.exception_handler(NoSuchCase)
    def missing(request: Request, error: NoSuchCase) -> JSONResponse:
        return Problem(404, "Not found", "There is nothing like that here.").response()
