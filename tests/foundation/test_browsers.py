"""Which pages of other origins may read answers in a browser."""

import httpx
import pytest
from fastapi import APIRouter, Response
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError

from services.referrals.settings import ReferralsSettings
from shared.service import service_app
from shared.settings import ServiceSettings
from tests.referrals.house import settings_for

OURS, OTHER = "https://app.example", "https://other.example"


def client(*origins: str) -> TestClient:
    router = APIRouter()

    @router.get("/fhir/metadata")
    @router.get("/fhir/Patient")
    @router.patch("/fhir/Patient")
    @router.get("/cases")
    def answer() -> Response:
        return Response(headers={"ETag": 'W/"1"'})

    app = service_app(
        ServiceSettings(environment="test", database_url=SecretStr("postgresql://x")),
        name="test",
        title="test",
        routers=[router],
        public=("/fhir/metadata",),
        shared=("/fhir",),
        origins=origins,
    )
    return TestClient(app)


def allowed(answer: httpx.Response) -> str | None:
    found: str | None = answer.headers.get("access-control-allow-origin")
    return found


def preflight(asked: TestClient, path: str, origin: str, method: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,if-match,prefer,content-type",
    }
    answer: httpx.Response = asked.options(path, headers=headers)
    return answer


def test_by_default_only_what_is_public_is_open():
    with client() as asked:
        assert allowed(asked.get("/fhir/metadata", headers={"Origin": OTHER})) == "*"
        # Clients send their token along with everything.
        asked_first = preflight(asked, "/fhir/metadata", OTHER, "GET")
        assert (asked_first.status_code, allowed(asked_first)) == (200, "*")
        for path in ("/fhir/Patient", "/cases"):
            assert allowed(asked.get(path, headers={"Origin": OURS})) is None
            assert allowed(preflight(asked, path, OURS, "GET")) is None


def test_the_origins_of_the_setting_may_ask_and_read():
    with client(OURS) as asked:
        got = asked.get("/fhir/Patient", headers={"Origin": OURS})
        assert allowed(got) == OURS
        assert {"ETag", "Location"} <= set(got.headers["access-control-expose-headers"].split(", "))
        assert "access-control-allow-credentials" not in got.headers
        asked_first = preflight(asked, "/fhir/Patient", OURS, "PATCH")
        assert (asked_first.status_code, allowed(asked_first)) == (200, OURS)
        assert "PATCH" in asked_first.headers["access-control-allow-methods"]
        assert allowed(asked.get("/fhir/Patient", headers={"Origin": OTHER})) is None
        assert allowed(preflight(asked, "/fhir/Patient", OTHER, "GET")) is None
        assert allowed(asked.get("/cases", headers={"Origin": OURS})) is None
        assert allowed(asked.get("/fhir/metadata/", headers={"Origin": OTHER})) == "*"


def test_a_refusal_can_be_read_too():
    with client(OURS) as asked:
        nowhere = asked.get("/fhir/nowhere", headers={"Origin": OURS})
        assert (nowhere.status_code, allowed(nowhere)) == (404, OURS)


@pytest.mark.parametrize("value", ["https://app.example/", "app.example", "*", "https://", "null"])
def test_an_origin_is_no_address_and_no_pattern(value: str):
    with pytest.raises(ValidationError, match="an origin is"):
        settings_for("postgresql://x", browser_origins=value)
    several: ReferralsSettings = settings_for(
        "postgresql://x", browser_origins=f"{OURS}, http://127.0.0.1:3000"
    )
    assert several.origins == (OURS, "http://127.0.0.1:3000")
