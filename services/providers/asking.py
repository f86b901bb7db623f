"""What workers ask the directory for a person, and what its words mean."""

from fastapi import APIRouter, Response

from services.providers import matching
from services.providers.answers import answer
from services.providers.dependencies import Asker, Known, Settings
from services.providers.nested import Json
from services.providers.taxonomies.vocabulary import terms_in_full
from shared.database import ReadOnly

asks = APIRouter(prefix="/directory", tags=["directory"])


@asks.post("/match")
def match(directory: Known, principal: Asker, asked: matching.MatchRequest) -> Response:
    """What fits one person, with reasons, and what nearly does. Nothing of the question is kept."""
    with ReadOnly(directory.engine) as uow:
        return answer(matching.match(uow.session, asked, directory.clock()))


@asks.get("/vocabulary")
def read_vocabulary(directory: Known, settings: Settings, response: Response) -> Json:
    """Every taxonomy with its terms, the phrases that mean them, and their codes elsewhere."""
    response.headers["Cache-Control"] = f"public, max-age={settings.public_seconds}"
    with ReadOnly(directory.engine) as uow:
        return {"contents": terms_in_full(uow.session)}
