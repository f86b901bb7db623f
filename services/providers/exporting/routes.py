"""GET /directory/export: the whole directory, for anybody."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from threading import BoundedSemaphore
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from services.providers.answers import NDJSON, kept
from services.providers.dependencies import Known, Settings
from services.providers.exporting import documents, package
from services.providers.exporting.documents import Kind
from services.providers.queries import Query, asked, described
from shared.problems import Problem

reads = APIRouter(prefix="/directory", tags=["directory"])

TYPES: dict[Kind, str] = {"json": "application/json", "ndjson": NDJSON, "csv": "application/zip"}
PIECE = 64 * 1024

_packing = BoundedSemaphore(1)
"""A package is made on the disk before it is sent: one at a time in each process."""
_AGAIN = timedelta(seconds=60)


class Export(Query):
    """GET /directory/export."""

    format: Kind = Field(
        default="json",
        description="`json` (an array of services), `ndjson` (a service a line), or `csv` (the"
        " tabular data package, as ZIP).",
    )


@reads.get(
    "/export",
    openapi_extra=described(Export),
    responses={200: {"content": {each: {"schema": {}} for each in TYPES.values()}}},
)
def export(
    directory: Known, settings: Settings, query: Annotated[Export, Depends(asked(Export))]
) -> Response:
    """Every listed service with all that is below it."""
    now = directory.clock()
    ending = "zip" if query.format == "csv" else query.format
    headers = {
        "Content-Disposition": f'attachment; filename="directory-{now:%Y-%m-%d}.{ending}"',
        **kept(settings),
    }
    if query.format == "csv":
        pieces = _packed(_package(directory))
    else:
        pieces = documents.document(directory.engine, now, lined=query.format == "ndjson")
    return StreamingResponse(pieces, 200, headers, media_type=TYPES[query.format])


def _package(directory: Known) -> IO[bytes]:
    """The package in a file that goes when it is closed.

    Raises:
        Problem: 503 while another is being made here.
    """
    if not _packing.acquire(blocking=False):
        again = round(_AGAIN.total_seconds())
        raise Problem(
            503,
            "Another package is being made",
            f"Try again in {again} seconds, or take the directory as ndjson.",
            headers={"Retry-After": str(again)},
        )
    try:
        file = tempfile.TemporaryFile(prefix="kersey-export-")  # noqa: SIM115 - closed by who sends it
        package.write(directory.engine, file, directory.clock())
    finally:
        _packing.release()
    file.seek(0)
    return file


def _packed(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
