"""Signing keys: made once, encrypted at rest, changed without a gap."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from joserfc import jwk
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError

from services.identity.api import PUBLIC
from services.identity.keys import KEPT, KeysUnreadable, RotatedTooSoon, SigningKeys
from services.identity.settings import cipher_of
from services.identity.tables import metadata, signing_key
from shared.auth import RemoteKeys
from tests.identity.conftest import KEY_ENCRYPTION_KEY, engine_for, settings_for
from tests.infrastructure.postgres import NewDatabase


def keys_on(engine: Engine, *encryption_keys: str, overlap: float = 360) -> SigningKeys:
    settings = settings_for(
        "postgresql://unused",
        key_encryption_key=",".join(encryption_keys or (KEY_ENCRYPTION_KEY,)),
    )
    cipher = cipher_of(settings.key_encryption_key)
    return SigningKeys(engine, cipher, overlap=timedelta(seconds=overlap))


def rows(engine: Engine) -> dict[str, Any]:
    """The rows by state."""
    with engine.connect() as connection:
        return {row.state: row for row in connection.execute(select(signing_key))}


def kids(keys: SigningKeys) -> set[str]:
    return {str(key["kid"]) for key in keys.published()["keys"]}


@pytest.mark.every_postgres
def test_of_eight_replicas_that_start_at_once_one_makes_the_keys(database: NewDatabase):
    with engine_for(database()) as engine:
        metadata.create_all(engine)
        with ThreadPoolExecutor(8) as pool:
            seen = set(pool.map(lambda _: str(keys_on(engine).current().kid), range(8)))
        assert len(seen) == 1
        assert seen < kids(keys_on(engine))
        assert rows(engine).keys() == {"active", "standby"}


def test_private_keys_are_encrypted_at_rest_and_never_published(engine: Engine):
    for row in rows(engine).values():
        assert "PRIVATE KEY" not in row.private_pem
        assert b"PRIVATE KEY" in Fernet(KEY_ENCRYPTION_KEY).decrypt(row.private_pem)
    for key in keys_on(engine).published()["keys"]:
        assert key.keys() == {"kty", "kid", "use", "alg", "n", "e"}


def test_the_standby_key_is_published_before_it_signs(engine: Engine):
    keys = keys_on(engine)
    before = kids(keys)
    old = keys.current().kid
    new = keys.rotate()
    assert new in before
    assert new != old
    assert keys.current().kid == new


def test_a_rotation_holds_at_once_for_every_replica(engine: Engine):
    here, there = keys_on(engine), keys_on(engine)
    assert there.current().kid == here.current().kid
    new = here.rotate()
    assert there.current().kid == new


def test_the_old_key_stays_published_while_its_tokens_live_then_goes(engine: Engine):
    keys = keys_on(engine, overlap=300)
    old = str(keys.current().kid)
    keys.rotate()
    assert old in kids(keys)
    assert len(kids(keys)) == 3
    retired = rows(engine)["retiring"]
    assert retired.kid == old
    assert retired.private_pem is None, "it signs no more, so nobody need be able to"
    left = retired.retires_at - datetime.now(UTC)
    assert timedelta(seconds=290) < left <= timedelta(seconds=300)

    with engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(
            update(signing_key).where(signing_key.c.kid == old).values(retires_at=past)
        )
    assert old not in kids(keys)
    keys.rotate()
    with engine.connect() as connection:
        assert old not in set(connection.execute(select(signing_key.c.kid)).scalars())


def test_a_key_does_not_sign_before_every_verifier_can_know_it(engine: Engine):
    keys = keys_on(engine)
    signs = keys.current().kid
    with engine.begin() as connection:  # the database is a copy of one that may be hours old
        connection.execute(update(signing_key).values(created=func.now()))
    with pytest.raises(RotatedTooSoon, match=r"wait \d+ seconds"):
        keys.rotate(published=KEPT)
    assert keys.current().kid == signs
    with engine.begin() as connection:
        connection.execute(update(signing_key).values(created=signing_key.c.created - KEPT))
    assert keys.rotate(published=KEPT) != signs
    with pytest.raises(RotatedTooSoon):
        keys.rotate(published=KEPT)


def test_key_sets_are_kept_no_longer_than_a_rotation_allows_for():
    kept = KEPT.total_seconds()
    assert f"max-age={kept:.0f}" in PUBLIC["Cache-Control"]
    assert RemoteKeys("http://unused")._keep <= kept


@pytest.mark.every_postgres
def test_rotations_at_the_same_moment_leave_one_active_and_one_standby(database: NewDatabase):
    with engine_for(database()) as engine:
        metadata.create_all(engine)
        first = str(keys_on(engine).current().kid)
        with ThreadPoolExecutor(4) as pool:
            answers = set(pool.map(lambda _: keys_on(engine).rotate(), range(4)))
        assert rows(engine).keys() == {"active", "standby", "retiring"}
        current = str(keys_on(engine).current().kid)
        assert current != first
        assert current in answers
        assert first in kids(keys_on(engine))


def test_a_rotation_that_waited_for_another_counts_as_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    keys = keys_on(engine)
    made = keys._make

    def overtaken(state: str) -> dict[str, Any]:
        """While this rotation makes its key, another one runs, and a third takes the standby."""
        monkeypatch.setattr(keys, "_make", made)
        keys.rotate()
        with engine.begin() as connection:
            connection.execute(signing_key.delete().where(signing_key.c.state == "standby"))
        return made(state)

    monkeypatch.setattr(keys, "_make", overtaken)
    answered = keys.rotate()
    assert answered == keys.current().kid == rows(engine)["active"].kid


def test_after_a_theft_no_old_key_is_left(engine: Engine):
    keys = keys_on(engine)
    keys.rotate()
    before = kids(keys)
    new = keys.revoke_all()
    assert keys.current().kid == new
    assert len(kids(keys)) == 2
    assert not before & kids(keys)


def test_the_database_itself_forbids_a_second_active_key(engine: Engine):
    row = {"kid": "x", "state": "active", "public_jwk": {}, "private_pem": "x"}
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(signing_key.insert().values(row))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(signing_key.insert().values(row | {"state": "other"}))


def test_another_key_encryption_key_is_told_in_words(engine: Engine):
    other = Fernet.generate_key().decode()
    with pytest.raises(KeysUnreadable, match="KERSEY_KEY_ENCRYPTION_KEY"):
        keys_on(engine, other).current()


def test_the_key_encryption_key_can_be_changed_without_an_outage(engine: Engine):
    new = Fernet.generate_key().decode()
    both = keys_on(engine, new, KEY_ENCRYPTION_KEY)
    old = both.current().kid
    both.rotate()
    both.rotate()
    only_new = keys_on(engine, new)
    assert only_new.current().kid not in (None, old)
    assert isinstance(only_new.current(), jwk.RSAKey)
    assert str(old) in kids(only_new)
