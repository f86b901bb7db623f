"""Registering clients: what is stored, what is refused, and loading them again."""

import hmac
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwk
from pydantic import ValidationError
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from services.identity.clients import (
    Clients,
    ClientSpec,
    RegistrationRefused,
    active_demo_clients,
    load_clients,
    register_client,
)
from services.identity.tables import oauth_client
from shared.database import UnitOfWork
from tests.identity.conftest import ORGANISATION, public_set

SECRET = "s" * 32


def spec(**more: Any) -> ClientSpec:
    values = {
        "client_id": "ehr",
        "name": "EHR",
        "organisation": ORGANISATION,
        "roles": ("referral-sender",),
        "scopes": ("system/Task.rs",),
    }
    return ClientSpec(**(values | more))


def stored(engine: Engine, client_id: str) -> dict[str, Any]:
    with engine.connect() as connection:
        row = connection.execute(
            select(oauth_client).where(oauth_client.c.client_id == client_id)
        ).one()
        return dict(row._mapping)


def register(engine: Engine, wanted: ClientSpec) -> str | None:
    with UnitOfWork(engine) as uow:
        made = register_client(uow, wanted)
        uow.commit()
        return made


def test_a_secret_is_made_shown_once_and_stored_hashed(engine: Engine):
    made = register(engine, spec())
    assert made is not None
    assert len(made) >= 43
    row = stored(engine, "ehr")
    assert made not in str(row)
    assert row["secret_hash"].startswith("sha256$")
    found = Clients(engine, admit_demo=True).with_secret("ehr", made)
    assert found is not None
    assert found.organisation == ORGANISATION
    assert Clients(engine, admit_demo=True).with_secret("ehr", made + "x") is None


def test_an_unknown_client_costs_as_much_as_a_wrong_secret(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    register(engine, spec())
    compared: list[tuple[int, int]] = []

    def compare(expected: bytes, given: bytes) -> bool:
        compared.append((len(expected), len(given)))
        return hmac_compare(expected, given)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    clients = Clients(engine, admit_demo=True)
    for client_id in ("ehr", "nobody", "not an id"):
        assert clients.with_secret(client_id, "wrong") is None
    assert compared == [(71, 71)] * 6, "the secret and the one before it, of each"


def test_an_operators_own_secret_is_not_repeated(engine: Engine):
    assert register(engine, spec(secret=SECRET)) is None
    assert Clients(engine, admit_demo=True).with_secret("ehr", SECRET)


def test_a_client_id_is_taken_once(engine: Engine):
    register(engine, spec(secret=SECRET))
    with pytest.raises(RegistrationRefused, match="registered already"):
        register(engine, spec())
    assert Clients(engine, admit_demo=True).with_secret("ehr", SECRET)


def test_without_commit_nothing_is_registered(engine: Engine):
    with UnitOfWork(engine) as uow:
        register_client(uow, spec())
    assert Clients(engine, admit_demo=True).find("ehr") is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_id": "two words"}, "client_id"),
        ({"client_id": "a:b"}, "client_id"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "x" * 101}, "client_id"),
        ({"client_id": "x\n"}, "client_id"),
        ({"name": ""}, "name"),
        ({"roles": ("Link Worker",)}, "roles"),
        ({"scopes": ()}, "without any scope"),
        ({"scopes": ("system/Task.sr",)}, "in the order cruds"),
        ({"secret": "short"}, "can be guessed"),
        ({"secret": "s" * 31 + "%"}, "letters, digits"),
        ({"secret": "demo-" + "s" * 40}, "start with demo-"),
        ({"secret": "s" * 40, "demo": True}, "start with demo-"),
        ({"secret": SECRET, "jwks_url": "https://ehr.example/jwks.json"}, "not several"),
        ({"jwks_url": "http://ehr.example/jwks.json"}, "must be https"),
        ({"jwks_url": "ftp://localhost/jwks.json"}, "must be https"),
        ({"jwks_url": "https://user:pw@ehr.example/"}, "credentials"),
        ({"jwks": {"keys": []}}, "no key for RS384"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_registration_that_is_refused_says_why_and_repeats_no_secret(
    wrong: dict[str, Any], words: str
):
    with pytest.raises(ValidationError, match=words) as refused:
        spec(**wrong)
    if "secret" in wrong:
        assert wrong["secret"] not in str(refused.value)


def test_a_private_key_is_never_registered(ec_key: jwk.ECKey):
    with pytest.raises(ValidationError, match="a private key") as refused:
        spec(jwks={"keys": [ec_key.as_dict(private=True)]})
    assert str(ec_key.as_dict(private=True)["d"]) not in str(refused.value)


def test_the_database_itself_wants_one_credential(engine: Engine):
    row = {
        "client_id": "ehr", "name": "EHR", "organisation": uuid4(), "roles": [], "scopes": ["a"],
        "active": True, "demo": False,
    }  # fmt: skip
    for credentials in ({}, {"secret_hash": "x", "jwks": {"keys": []}}):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(oauth_client.insert().values(row | credentials))


def test_loading_twice_changes_nothing_and_loading_other_values_changes_them(
    engine: Engine, ec_key: jwk.ECKey
):
    demo = spec(client_id="ehr-demo", secret="demo-ehr", demo=True)
    load_clients(engine, [demo, spec(secret=SECRET)])
    before = stored(engine, "ehr-demo")
    load_clients(engine, [demo])
    assert stored(engine, "ehr-demo") == before

    load_clients(engine, [spec(jwks=public_set(ec_key), scopes=("a",), active=False)])
    after = stored(engine, "ehr")
    assert (after["secret_hash"], after["scopes"], after["active"]) == (None, ["a"], False)
    assert after["jwks"] == public_set(ec_key)
    assert Clients(engine, admit_demo=True).find("ehr") is None


def test_a_demo_client_never_takes_the_place_of_a_real_one(engine: Engine):
    load_clients(engine, [spec(secret=SECRET)])
    other = spec(client_id="a-new-one", secret="demo-x", demo=True)
    with pytest.raises(RegistrationRefused, match="is not a demo client"):
        load_clients(engine, [other, spec(secret="demo-ehr", demo=True)])
    assert Clients(engine, admit_demo=True).with_secret("ehr", SECRET)
    assert Clients(engine, admit_demo=True).find("a-new-one") is None, "all or none"

    load_clients(engine, [other])
    with pytest.raises(RegistrationRefused, match="is a demo client"):
        load_clients(engine, [spec(client_id="a-new-one", secret=SECRET)])


def test_loading_needs_a_credential_because_a_made_secret_would_be_lost(engine: Engine):
    with pytest.raises(RegistrationRefused, match="needs a secret or keys"):
        load_clients(engine, [spec()])
    with pytest.raises(RegistrationRefused, match="needs a secret or keys"):
        register(engine, spec(demo=True))


def test_demo_clients_get_nothing_in_production(engine: Engine):
    load_clients(
        engine,
        [
            spec(client_id="b", secret="demo-b", demo=True),
            spec(client_id="a", secret="demo-a", demo=True),
            spec(client_id="c", secret="demo-c", demo=True, active=False),
            spec(client_id="real", secret=SECRET),
        ],
    )
    assert Clients(engine, admit_demo=True).with_secret("a", "demo-a")
    assert Clients(engine, admit_demo=False).with_secret("a", "demo-a") is None
    assert Clients(engine, admit_demo=False).find("a") is None
    assert Clients(engine, admit_demo=False).with_secret("real", SECRET)
    assert active_demo_clients(engine) == ["a", "b"]
