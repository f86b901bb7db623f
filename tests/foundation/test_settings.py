"""What a service is told, and what it refuses to start with."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from services.referrals.settings import ReferralsSettings
from shared.settings import ServiceSettings

GOOD: dict[str, Any] = {
    "environment": "production",
    "public_url": "https://kersey.example.org/",
    "database_url": "postgresql://role:o8vXwd@db/kersey",
}
PLANTED = "demo-planted-8Zq1"


def refusal(**values: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        ServiceSettings(**(GOOD | values))
    return str(refused.value)


def test_addresses_follow_from_the_public_one():
    settings = ServiceSettings(**GOOD)
    assert settings.public_url == "https://kersey.example.org"
    assert settings.issuer == "https://kersey.example.org/identity"
    assert settings.jwks_url == "https://kersey.example.org/identity/jwks.json"
    assert settings.token_url == "https://kersey.example.org/identity/token"


def test_another_issuer_brings_its_own_addresses():
    settings = ServiceSettings(**GOOD, issuer="https://id.example/realm/", token_url="https://t")
    assert settings.issuer == "https://id.example/realm"
    assert settings.jwks_url == "https://id.example/realm/jwks.json"
    assert settings.token_url == "https://t"


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KERSEY_DATABASE_URL", "postgresql://role:pw@db/one")
    monkeypatch.setenv("KERSEY_PUBLIC_URL", "http://127.0.0.1:9999")
    settings = ServiceSettings()
    assert settings.database_url.get_secret_value() == "postgresql://role:pw@db/one"
    assert settings.issuer == "http://127.0.0.1:9999/identity"


def test_settings_do_not_change_while_a_service_runs():
    settings = ServiceSettings(**GOOD)
    with pytest.raises(ValidationError):
        settings.audience = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    "values",
    [
        {"client_secret": PLANTED},
        {"database_url": f"postgresql://role:{PLANTED}@db/kersey"},
        {"amqp_url": f"amqp://user:{PLANTED}@broker/"},
    ],
)
def test_production_refuses_demo_secrets_without_repeating_them(values: dict[str, str]):
    words = refusal(**values)
    assert next(iter(values)) in words
    assert "demo secret" in words
    assert PLANTED not in words


def test_a_services_own_secrets_are_refused_alike():
    with pytest.raises(ValidationError, match="paging_key holds a demo secret") as refused:
        ReferralsSettings(**GOOD, paging_key=SecretStr(PLANTED))
    assert PLANTED not in str(refused.value)


def test_production_refuses_an_issuer_without_https():
    assert "issuer must be https" in refusal(public_url="http://kersey.example.org")
    assert "issuer must be https" in refusal(issuer="http://id.example")


def test_elsewhere_demo_values_are_fine():
    for environment in ("development", "test"):
        values = GOOD | {"environment": environment, "client_secret": PLANTED}
        values["public_url"] = "http://127.0.0.1:8000"
        assert ServiceSettings(**values).client_secret.get_secret_value() == PLANTED


@pytest.mark.parametrize(
    "values",
    [
        {"pool_size": "secret-pool"},
        {"pool_size": 0},
        {"environment": "secret-environment"},
        {"database_url": None},
    ],
)
def test_a_malformed_value_is_named_and_not_repeated(values: dict[str, Any]):
    words = refusal(**values)
    assert next(iter(values)) in words
    assert "secret-" not in words


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KERSEY_DATABASE_URL", raising=False)
    with pytest.raises(ValidationError, match="database_url"):
        ServiceSettings()


def test_secrets_are_not_printed():
    settings = ServiceSettings(**GOOD, client_secret="s-9f2")
    assert "o8vXwd" not in repr(settings)
    assert "s-9f2" not in repr(settings)
    assert "s-9f2" not in settings.model_dump_json()
