"""How the directory answers: JSON, with a tag for what anybody may keep, or line by line."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from services.providers.nested import Json
from services.providers.settings import ProvidersSettings

NDJSON = "application/x-ndjson"
LINES: dict[int | str, dict[str, Any]] = {200: {"content": {NDJSON: {"schema": {}}}}}
"""For OpenAPI: a list is told as lines, too."""


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def public(request: Request, body: Any, settings: ProvidersSettings) -> Response:
    """A public answer that others may keep for a while, and then ask whether it still holds.

    The tag is of what is sent, not of a version: a listing repeats what its provider, its places
    and its terms are called, and its capacity ends by itself. It is weak (RFC 9110, 8.8.1), because
    the same answer may go out compressed.
    """
    content = orjson.dumps(body)
    tag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, **kept(settings)}
    if _known(tag, request.headers.get("if-none-match")):
        return Response(None, 304, headers)
    return Response(content, 200, headers, media_type="application/json")


def lines(batches: Iterable[list[Json]], settings: ProvidersSettings) -> Response:
    """All entities, one JSON document a line, sent while they are read."""
    return StreamingResponse(as_lines(batches), 200, kept(settings), media_type=NDJSON)


def as_lines(batches: Iterable[list[Json]]) -> Iterator[bytes]:
    """A batch of entities after the other as NDJSON."""
    for batch in batches:
        yield b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in batch)


def kept(settings: ProvidersSettings) -> dict[str, str]:
    """For how long others may keep a public answer."""
    return {"Cache-Control": f"public, max-age={settings.public_seconds}"}


def _known(tag: str, tags: str | None) -> bool:
    """Whether If-None-Match names a tag, compared weakly (RFC 9110, 13.1.2)."""
    if tags is None:
        return False
    known = {each.strip().removeprefix("W/") for each in tags.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
