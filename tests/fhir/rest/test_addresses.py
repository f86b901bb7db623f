"""Addresses with a slash too many, and answers that are compressed on request."""

import gzip

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from shared.compression import LEAST_BYTES, Compression
from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import bundle, post
from tests.fhir.store.kit import patient


def test_a_slash_too_many_leads_to_the_same_address(server: Server):
    stored = server.create(patient())
    at = f"/Patient/{stored['id']}"
    for address in (f"/fhir{at}/", f"/fhir/{at}", f"/fhir/{at}/_history/1/", f"/fhir//{at}"):
        read = server("GET", address)
        assert (read.status_code, read.json()) == (200, stored), address
    for address in ("/fhir/Patient/", "/fhir//Patient", "/fhir///Patient/?name=Sykes"):
        found = server("GET", address)
        assert (found.status_code, found.json()["total"]) == (200, 1)
    assert server("GET", "/fhir//Patient?name=x").json()["total"] == 0
    assert server("GET", "/fhir/metadata/", None).status_code == 200
    assert server("POST", "/fhir//Patient", body=patient()).status_code == 201
    assert server("POST", "/fhir//", body=bundle(post(patient()))).status_code == 200
    assert server("PUT", f"/fhir/{at}/", body=stored).status_code == 200
    assert server("DELETE", f"/fhir/{at}/").status_code == 204
    assert server("GET", f"/fhir/{at}/").status_code == 410


@pytest.mark.parametrize(
    "address",
    ["/fhir//Nonsense/", "/fhir/Patient//", "/fhir/Patient//_history", "/fhir/Patient//x/"],
)
def test_what_is_nothing_is_nothing_untidily_too(server: Server, address: str):
    assert server("GET", address).status_code == 404
    assert server("GET", address, None).status_code == 401


@pytest.mark.parametrize(
    ("path", "accepted", "size", "compressed"),
    [
        ("/fhir/x", "gzip", LEAST_BYTES, True),
        ("/fhir", "br, gzip;q=0.5", LEAST_BYTES, True),
        ("/fhir/x", "gzip", LEAST_BYTES - 1, False),
        ("/fhir/x", "identity", LEAST_BYTES, False),
        ("/fhir/x", "gzip;q=0", LEAST_BYTES, False),
        ("/fhirx", "gzip", LEAST_BYTES, False),
    ],
)
def test_answers_are_compressed_on_request(path: str, accepted: str, size: int, compressed: bool):
    app = FastAPI()
    app.add_middleware(Compression, below=("/fhir",))
    body = b"x" * size

    @app.get("/{rest:path}")
    def answer(rest: str) -> Response:
        return Response(body)

    with TestClient(app).stream("GET", path, headers={"accept-encoding": accepted}) as told:
        raw = b"".join(told.iter_raw())
    assert (told.headers.get("content-encoding") == "gzip") == compressed
    assert (gzip.decompress(raw) if compressed else raw) == body
    assert int(told.headers["content-length"]) == len(raw)
