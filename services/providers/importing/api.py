"""Imports over HTTP: a coordinator sends a file, or names the address of a feed."""

import tempfile
from email.message import Message
from functools import partial
from typing import IO, Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.providers import hubs
from services.providers.answers import answer
from services.providers.dependencies import SCOPE, Known, Settings
from services.providers.handlers import Directory
from services.providers.importing import runs, sources
from services.providers.importing.background import Background
from services.providers.importing.material import AddressMaterial, FileMaterial, Material
from services.providers.importing.outcomes import Report, RunState
from services.providers.importing.own import OWN, is_own
from services.providers.importing.reading import packed
from services.providers.importing.reading.fetching import REFUSALS, Fetcher
from services.providers.importing.reading.records import SourceBroken
from services.providers.importing.runs import Busy, Import, Limits, Wish
from services.providers.settings import ProvidersSettings
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.misfits import form
from shared.openapi import also
from shared.problems import Problem
from shared.strangers import GuardedHttp

imports = APIRouter(prefix="/directory", tags=["importing"])

PATH = "/directory/import"
"""Bodies sent here are measured here: they are larger than any other."""
UPLOAD = "upload"
"""The source of files that came without a name; they are single listings, not all of a source."""
_SHORT = 16 * 1024

Coordinator = Annotated[Principal, Depends(requires(SCOPE, role="coordinator"))]
Name = Annotated[
    str,
    Query(
        pattern=form(
            r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,59}$",
            "Give a name of up to 60 letters, digits, spaces and . _ -, such as calderdale.",
        )
    ),
]


class AtAddress(BaseModel):
    """A body that names where the listings are."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000)


@imports.post(
    "/import",
    openapi_extra={"requestBody": {"content": {"*/*": {}}}},
    responses=also({202: "It goes on by itself."}),
)
async def post_import(
    request: Request,
    directory: Known,
    settings: Settings,
    principal: Coordinator,
    source: Name | None = None,
    hub: str | None = None,
    whole: bool = False,
    accept_shrinking: bool = False,
) -> Response:
    """Import listings: the file is the body, or the body is `{"url": "…"}`.

    The answer is the report; of an import that takes longer it is `202`, and `Location` says where
    the report will be.
    """
    background: Background = request.app.state.imports
    _refuse_form(request)
    body: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever imports it closes it
    try:
        await _receive(request, body, settings.import_bytes)
        body = await anyio.to_thread.run_sync(_unpacked, body, settings.import_bytes)
        address = _address(body, settings)
        wish = await anyio.to_thread.run_sync(
            lambda: Wish(
                source=source or (_name_of(address) if address else UPLOAD),
                hub=_hub(directory, principal, hub),
                by=principal.subject,
                whole=whole,
                accept_shrinking=accept_shrinking,
                keeps_set=address is not None or source is not None,
            )
        )
        limits = Limits(shrinking=settings.import_shrinking)
        one = Import(directory, wish, limits, stop=background.stop)
        begun = await anyio.to_thread.run_sync(partial(_begin, one, address))
    except BaseException:
        body.close()
        raise
    if address:
        body.close()
        work = partial(_from_address, one, settings, address)
    else:
        work = partial(_from_file, one, body, _file_name(request))
    report = await background.run(work, wait=settings.import_answer_seconds)
    if report is None:
        found = await anyio.to_thread.run_sync(partial(_report, directory, begun))
        return answer(found, 202, {"Location": f"/directory/imports/{begun}"})
    if report.state is RunState.BROKEN and not report.counts:
        element = "url" if address else "body"
        raise Problem(422, "The source cannot be read", report.why or "", element=element)
    return answer(sources.as_json(report))


@imports.get("/sources")
def list_sources(directory: Known, principal: Coordinator) -> Response:
    """The sources of the own hubs, and where the last import of each stands."""
    with UnitOfWork(directory.engine) as uow:
        found = sources.listed(uow.session, hubs.own_hubs(uow, principal))
    return answer({"contents": found})


@imports.get("/imports/{id}")
def read_import(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=500)] = sources.SHOWN,
) -> Response:
    """What became of an import, with its findings page by page."""
    _own_run(directory, principal, id)
    return answer(_report(directory, id, page=page, per_page=per_page))


@imports.post("/imports/{id}/accept")
def accept_shrinking(directory: Known, principal: Coordinator, id: UUID) -> Response:  # noqa: A002
    """Withdraw what vanished from the source of an import that was held for it."""
    _own_run(directory, principal, id)
    try:
        report = runs.accept(directory, id, principal.subject)
    except runs.NotHeld:
        raise Problem(
            409, "Nothing waits here", "The import is not held, or a later one was made.",
            element="id",
        ) from None  # fmt: skip
    return answer(sources.as_json(report))


# --- the body --------------------------------------------------------------------------------


async def _receive(request: Request, file: IO[bytes], most: int) -> None:
    """The body into a file.

    Raises:
        Problem: 413 when it is too large, 422 when there is none.
    """
    size = 0
    too_large = _too_large(most)
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared[:18]) > most:
        raise too_large
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise too_large
        file.write(piece)
    if size == 0:
        raise Problem(422, "There is nothing to import", "The body is empty.", element="body")
    file.seek(0)


def _refuse_form(request: Request) -> None:
    """Refuse a body in which the file is only a part, or that is packed in a way not known here.

    Raises:
        Problem: 415.
    """
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith("multipart/"):
        raise Problem(
            415, "The file is the body",
            "A form with a file in it is not read: send the file itself, as `curl --data-binary"
            " @FILE` does.", element="body",
        )  # fmt: skip
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise Problem(
            415, "The file is packed in a way that is not known here",
            "Send it as it is, or packed by gzip.", element="body",
            headers={"Accept-Encoding": "gzip"},
        )  # fmt: skip


def _unpacked(body: IO[bytes], most: int) -> IO[bytes]:
    """The body without gzip: as a `Content-Encoding`, and as a file that is packed by itself.

    Raises:
        Problem: 413 when it becomes too large, 422 when it cannot be unpacked.
    """
    try:
        plain = packed.unpacked(body, most)
    except packed.TooLarge:
        raise _too_large(most) from None
    except SourceBroken as broken:
        words = broken.words
        raise Problem(422, "The source cannot be read", words, element="body") from None
    if plain is not body:
        body.close()
    return plain


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        "The file is too large",
        f"{most:,} bytes at most, also once it is unpacked; `kersey import directory` takes a"
        " larger one.",
        element="body",
    )


def _file_name(request: Request) -> str:
    """The name that a sender gives the body, such as `attachment; filename="services.csv"`."""
    said = Message()
    said["content-disposition"] = request.headers.get("content-disposition", "")
    return said.get_filename("")


def _address(body: IO[bytes], settings: ProvidersSettings) -> str | None:
    """The address that a body names; None where it is the file itself.

    Raises:
        Problem: 422 when it means an address and says it wrongly, or it may not be fetched.
    """
    head = body.read(_SHORT + 1)
    body.seek(0)
    try:
        said = orjson.loads(head)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict) or "url" not in said or {"id", "name"} & said.keys():
        return None
    refused = partial(Problem, 422, "The source cannot be read", element="url")
    try:
        url = AtAddress.model_validate(said).url
    except ValidationError:
        raise refused('Name the address as {"url": "https://…"}, and nothing else.') from None
    if is_own(url, settings.public_url):
        raise refused(OWN)
    fetching = fetcher(settings)
    fault = fetching.http.fault(url)
    fetching.http.close()
    if fault is not None:
        raise refused(f"The address {REFUSALS[fault]}: not fetched.")
    return url


def _name_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or UPLOAD)[:60]
    except ValueError:
        return UPLOAD


# --- the import ------------------------------------------------------------------------------


def fetcher(settings: ProvidersSettings) -> Fetcher:
    """What fetches from addresses that coordinators name."""
    http = GuardedHttp(allow_private=settings.private_endpoints)
    return Fetcher(http, settings.import_seconds, settings.import_bytes)


def _from_address(one: Import, settings: ProvidersSettings, address: str) -> Report:
    fetching = fetcher(settings)
    try:
        return one.run(AddressMaterial(fetching, address))
    finally:
        fetching.http.close()


def _from_file(one: Import, file: IO[bytes], name: str) -> Report:
    with file:
        material: Material = FileMaterial(file, name)
        return one.run(material)


def _begin(one: Import, address: str | None) -> UUID:
    """Note that an import begins.

    Raises:
        Problem: 409 while another runs, 403 for another hub's source.
    """
    try:
        return one.begin(address).id
    except Busy:
        raise Problem(
            409, "This source is being imported", "Wait until that import has ended.",
            element="source", headers={"Retry-After": "30"},
        ) from None  # fmt: skip
    except sources.OtherHubs:
        raise Problem(
            403, "Not allowed", "A source of this name is another hub's.", element="source"
        ) from None


def _hub(directory: Directory, principal: Principal, said: str | None) -> str:
    with UnitOfWork(directory.engine) as uow:
        return hubs.own_hub(uow, principal, said, "hub")


def _own_run(directory: Directory, principal: Principal, run: UUID) -> None:
    """Refuse what is another hub's.

    Raises:
        Problem: 404, also for another hub's.
    """
    with UnitOfWork(directory.engine) as uow:
        row = sources.run_of(uow.session, run)
        if row is None or row["hub"] not in hubs.own_hubs(uow, principal):
            raise Problem(404, "Not found", "There is no import with this id.", element="id")


def _report(directory: Directory, run: UUID, **paging: Any) -> dict[str, Any]:
    with UnitOfWork(directory.engine) as uow:
        found = sources.report_of(uow.session, run, **paging)
    assert found is not None
    return sources.as_json(found)
