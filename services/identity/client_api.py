"""Registration of clients by an administrator (RFC 7591, RFC 7592), under /identity/clients.

Nobody registers himself: a client reads and writes about patients, so somebody answers for it. The
access token that RFC 7591 section 3 calls initial is an administrator's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy import Engine

from services.identity import registry
from services.identity.administrators import OAuthProblem, administrator
from services.identity.body import bounded
from services.identity.clients import RegistrationRefused, register_client
from services.identity.issued import IssuedToken, IssuedTokens
from services.identity.registration import SPOKEN, ClientMetadata, information
from services.identity.registry import NoSuchClient
from shared.database import UnitOfWork
from shared.problems import shown
from shared.strangers import GuardedHttp

log = structlog.get_logger(__name__)

PATH = "/identity/clients"
MOST = 100
"""Clients of one page."""

_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ClientMetadata.model_json_schema()}},
    }
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused (RFC 7591 section 3.2.2, RFC 6750 section 3.1)",
        "content": {"application/json": {}},
    }
}

Body = Annotated[bytes, Depends(bounded)]


def client_routes(engine: Engine, issued: IssuedTokens, http: GuardedHttp) -> APIRouter:
    """The router; all of it is for administrators.

    Args:
        engine: the issuer's database.
        issued: tells whose token still holds.
        http: knows which addresses keys can be fetched from.
    """
    router = APIRouter(prefix=PATH, tags=["clients"], responses=_REFUSED)
    reads = Depends(administrator(issued, "clients.read", "clients.write"))
    writes = Depends(administrator(issued, "clients.write"))

    def read_metadata(body: bytes) -> ClientMetadata:
        said = ClientMetadata.model_validate_json(body)
        fault = http.fault(said.jwks_uri) if said.jwks_uri is not None else None
        if fault:
            raise RegistrationRefused(f"jwks_uri: {fault}")
        return said

    @router.get("")
    def list_clients(
        _: Annotated[IssuedToken, reads],
        after: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = "",
        count: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    ) -> JSONResponse:
        """The clients by id; the last one's id is the `after` of the next page."""
        found = registry.registered(engine, after=after, count=count)
        return JSONResponse({"clients": [information(each) for each in found]})

    @router.post("", status_code=201, openapi_extra=_REQUEST)
    def register(by: Annotated[IssuedToken, writes], body: Body) -> JSONResponse:
        """Register a client; a secret that is made is told once (RFC 7591 section 3)."""
        with _refusing(), UnitOfWork(engine) as uow:
            said = read_metadata(body)
            client_id = said.client_id or str(uuid4())
            secret = register_client(uow, said.spec(client_id))
            uow.commit()
        return _answer(engine, "client.registered", by, client_id, secret, status=201)

    @router.get("/{client_id}")
    def read(_: Annotated[IssuedToken, reads], client_id: str) -> JSONResponse:
        """One client (RFC 7592 section 2.1)."""
        with _refusing():
            return JSONResponse(information(registry.one(engine, client_id)))

    @router.put("/{client_id}", openapi_extra=_REQUEST)
    def change(by: Annotated[IssuedToken, writes], client_id: str, body: Body) -> JSONResponse:
        """Replace what is registered; its tokens end (RFC 7592 section 2.2).

        New keys come in beside the old ones, and the old ones go once the client signs with the
        new: so no request of it is refused.
        """
        with _refusing(), UnitOfWork(engine) as uow:
            said = read_metadata(body)
            if said.client_id not in (None, client_id):
                raise RegistrationRefused("client_id cannot be changed")
            secret = registry.change_client(uow, said.spec(client_id), active=said.active)
            uow.commit()
        return _answer(engine, "client.changed", by, client_id, secret)

    @router.post("/{client_id}/secret")
    def renew(
        by: Annotated[IssuedToken, writes],
        client_id: str,
        overlap_hours: Annotated[int, Query(ge=0, le=registry.LONGEST_OVERLAP)] = 0,
    ) -> JSONResponse:
        """A new secret, told once. The old one ends with the overlap, without one at once, as do
        the client's tokens.
        """
        with _refusing(), UnitOfWork(engine) as uow:
            overlap = timedelta(hours=overlap_hours)
            secret = registry.renew_secret(uow, client_id, overlap=overlap)
            uow.commit()
        return _answer(engine, "client.secret_renewed", by, client_id, secret)

    @router.delete("/{client_id}", status_code=204)
    def deactivate(by: Annotated[IssuedToken, writes], client_id: str) -> Response:
        """No more tokens for it, and those it has end (RFC 7592 section 2.3).

        Its id stays taken: records name it.
        """
        with _refusing(), UnitOfWork(engine) as uow:
            registry.set_active(uow, client_id, active=False)
            uow.commit()
        log.info("client.deactivated", client_id=client_id, by=by.subject)
        return Response(status_code=204)

    return router


@contextmanager
def _refusing() -> Iterator[None]:
    """Tell what is wrong in OAuth's form, by the member's name and without its value."""
    try:
        yield
    except NoSuchClient as error:
        raise OAuthProblem(404, "invalid_request", "No client is registered by that id.") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(SPOKEN.get(str(part), shown(str(part))) for part in first["loc"])
        words = f"{path}: {first['msg']}" if path else str(first["msg"])
        raise OAuthProblem(400, "invalid_client_metadata", words) from error
    except ValueError as error:
        raise OAuthProblem(400, "invalid_client_metadata", str(error)) from error


def _answer(
    engine: Engine,
    event: str,
    by: IssuedToken,
    client_id: str,
    secret: str | None,
    status: int = 200,
) -> JSONResponse:
    log.info(event, client_id=client_id, by=by.subject)
    return JSONResponse(information(registry.one(engine, client_id), secret=secret), status)
