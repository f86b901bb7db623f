"""The documents by which other software finds the issuer."""

import pytest

from services.identity.api import _metadata_paths
from tests.identity.conftest import Issuer


@pytest.mark.parametrize(
    "path",
    [
        "/identity/.well-known/openid-configuration",
        "/identity/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/identity",
    ],
)
def test_the_metadata_names_what_answers(issuer: Issuer, path: str):
    answer = issuer.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "max-age" in answer.headers["cache-control"]
    body = answer.json()
    assert body["issuer"] == issuer.settings.issuer
    assert issuer.http.get(body["jwks_uri"]).status_code == 200
    assert issuer.http.post(body["token_endpoint"]).status_code == 400
    assert body["grant_types_supported"] == [
        "client_credentials",
        "authorization_code",
        "refresh_token",
    ]
    assert body["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]
    for endpoint in ("introspection", "revocation"):
        methods = body[f"{endpoint}_endpoint_auth_methods_supported"]
        assert methods == body["token_endpoint_auth_methods_supported"]
    assert issuer.http.get(body["authorization_endpoint"]).status_code == 400
    assert issuer.http.get(body["userinfo_endpoint"]).status_code == 401
    assert issuer.http.get(body["end_session_endpoint"]).status_code == 200
    assert body["response_types_supported"] == ["code"]
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["authorization_response_iss_parameter_supported"] is True
    assert {"openid", "profile", "email"} <= set(body["scopes_supported"])


@pytest.mark.parametrize(
    "path",
    ["/identity/.well-known/smart-configuration", "/.well-known/smart-configuration"],
)
def test_smart_configuration_has_what_smart_requires(issuer: Issuer, path: str):
    answer = issuer.http.get(path, headers={"Accept": "application/fhir+json"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    body = answer.json()
    assert body["issuer"] == issuer.settings.issuer
    for endpoint, unasked in (("introspection", 400), ("revocation", 400), ("registration", 401)):
        assert issuer.http.post(body[f"{endpoint}_endpoint"]).status_code == unasked
    assert issuer.http.get(body["jwks_uri"]).status_code == 200
    assert body["token_endpoint"] == issuer.token_endpoint
    assert body["grant_types_supported"] == ["client_credentials"]
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert body["capabilities"] == [
        "client-confidential-asymmetric",
        "client-confidential-symmetric",
        "permission-v1",
        "permission-v2",
    ]
    assert "authorization_endpoint" not in body


def test_key_set_may_be_read_and_kept_by_anyone(issuer: Issuer):
    answer = issuer.http.get("/identity/jwks.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_rfc_8414_inserts_its_path_before_that_of_the_issuer():
    assert "/.well-known/oauth-authorization-server" in _metadata_paths("https://id.example")
    assert "/.well-known/oauth-authorization-server/a/b" in _metadata_paths("https://x.example/a/b")
