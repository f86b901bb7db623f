"""The figures over HTTP, for commissioners and researchers; no group is named."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.providers.dependencies import Known
from services.providers.figures.counting import figures
from services.providers.nested import Json
from shared.auth import requires
from shared.quarters import PATTERN, quarter_named, quarter_of

SCOPE = "figures.read"

routes = APIRouter(
    prefix="/directory/figures", tags=["figures"], dependencies=[Depends(requires(SCOPE))]
)


@routes.get("")
def read_figures(
    directory: Known, quarter: Annotated[str | None, Query(pattern=PATTERN)] = None
) -> Json:
    """What is listed now, whose money ends soon, and what was missing in one quarter.

    Each table is of one dimension, and small numbers that could tell of somebody are null.
    """
    named = quarter_named(quarter) if quarter else None
    return figures(directory, named or quarter_of(directory.clock().date()))
