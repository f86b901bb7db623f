"""The issuer's signing keys: made once over all replicas, kept encrypted, changed without a gap."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken, MultiFernet
from joserfc import jwk
from sqlalchemy import Engine, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.identity.tables import signing_key
from shared.database import UnitOfWork

ALGORITHM = "RS256"
"""What RFC 9068 section 2.1 obliges every verifier to support; verifying, done at every request,
takes a tenth of the time of signing, done once in minutes."""
KEPT = timedelta(minutes=5)
"""For how long verifiers may keep a key set: `api.PUBLIC`, `shared.auth.RemoteKeys`."""
BITS = 3072
"""RSA modulus; NIST SP 800-57 part 1 holds 2048 good until 2030 only."""


class KeysUnreadable(Exception):
    """The signing key in the database was encrypted with another key-encryption key."""

    def __init__(self) -> None:
        super().__init__(
            "the signing key cannot be decrypted: KERSEY_KEY_ENCRYPTION_KEY must hold the key "
            "that encrypted it (add a new one in front of the old one, with a comma)"
        )


class RotatedTooSoon(Exception):
    """The next key has not been published for as long as verifiers may keep a key set."""

    def __init__(self, left: timedelta) -> None:
        super().__init__(
            f"the next key was published too short a time ago: wait {left.seconds + 1} seconds, "
            "or services that hold an older key set refuse its tokens for a moment"
        )


class SigningKeys:
    """The key that signs now, the one that will sign next, and those whose tokens still live.

    The next one is published from the moment its predecessor starts to sign. So a verifier, or any
    cache between, that holds a key set of up to one rotation ago knows every key in use.

    Args:
        engine: the issuer's database.
        cipher: protects private keys at rest.
        overlap: how long a key stays published after its last signature: at least the longest
            life of a token.
    """

    def __init__(self, engine: Engine, cipher: MultiFernet, *, overlap: timedelta) -> None:
        self._engine = engine
        self._cipher = cipher
        self._overlap = overlap
        self._lock = threading.Lock()
        self._opened: tuple[str, jwk.RSAKey] | None = None

    def current(self) -> jwk.RSAKey:
        """The private key to sign with; made now if there is none yet.

        It is looked up each time, so that a rotation by one replica holds for all at once; only
        the decrypted key is kept.

        Raises:
            KeysUnreadable: it was encrypted with another key.
        """
        kid, sealed = self._active()
        with self._lock:
            if self._opened is None or self._opened[0] != kid:
                self._opened = (kid, self._open(kid, sealed))
            return self._opened[1]

    def published(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys as a JWK Set (RFC 7517)."""
        live = or_(signing_key.c.retires_at.is_(None), signing_key.c.retires_at > func.now())
        wanted = (
            select(signing_key.c.public_jwk)
            .where(live)
            .order_by(signing_key.c.created, signing_key.c.kid)
        )
        with self._engine.connect() as connection:
            found = list(connection.execute(wanted).scalars())
        if not found:
            self._active()
            with self._engine.connect() as connection:
                found = list(connection.execute(wanted).scalars())
        return {"keys": found}

    def states(self) -> Sequence[tuple[str, str, datetime, datetime | None]]:
        """Of each key its `kid`, state, when it was made, and until when it stays published."""
        shown = (
            signing_key.c.kid,
            signing_key.c.state,
            signing_key.c.created,
            signing_key.c.retires_at,
        )
        with self._engine.connect() as connection:
            found = connection.execute(select(*shown).order_by(signing_key.c.created))
            return [(row.kid, row.state, row.created, row.retires_at) for row in found]

    def rotate(self, *, published: timedelta = timedelta(0)) -> str:
        """Sign with the next key from now on; the old one stays published while its tokens live.

        The old private key is destroyed at once. Two rotations at the same moment count as one.

        Args:
            published: how long the next key must have been published; at least for as long as
                verifiers keep a key set (`KEPT`), or some of them do not know it yet.

        Returns:
            The `kid` that signs now.

        Raises:
            RotatedTooSoon: it has not been.
        """
        self._fill("active", "standby")
        self._check_published(published)
        made = self._make("standby")
        with UnitOfWork(self._engine) as uow:
            locked = uow.session.execute(
                select(signing_key.c.state, signing_key.c.kid)
                .where(signing_key.c.state != "retiring")
                .order_by(signing_key.c.kid)
                .with_for_update()
            )
            kids = {row.state: row.kid for row in locked}
            if "standby" not in kids:  # another replica rotated while we waited for the lock
                return str(kids["active"])
            retired = {
                "state": "retiring",
                "private_pem": None,
                "retires_at": func.clock_timestamp() + self._overlap,
            }
            for kid, values in (
                (kids["active"], retired),
                (kids["standby"], {"state": "active"}),
            ):
                uow.session.execute(
                    update(signing_key).where(signing_key.c.kid == kid).values(values)
                )
            uow.session.execute(insert(signing_key).values(made))
            uow.session.execute(delete(signing_key).where(signing_key.c.retires_at < func.now()))
            uow.commit()
        return str(kids["standby"])

    def revoke_all(self) -> str:
        """After a theft: replace every key now. All tokens die as verifiers fetch the new set.

        Returns:
            The `kid` that signs now.
        """
        with UnitOfWork(self._engine) as uow:
            uow.session.execute(delete(signing_key))
            uow.commit()
        return self._active()[0]

    def _check_published(self, wanted: timedelta) -> None:
        since = select(func.clock_timestamp() - signing_key.c.created).where(
            signing_key.c.state == "standby"
        )
        with self._engine.connect() as connection:
            age = connection.execute(since).scalar()
        if age is not None and age < wanted:
            raise RotatedTooSoon(wanted - age)

    def _active(self) -> tuple[str, str]:
        wanted = select(signing_key.c.kid, signing_key.c.private_pem).where(
            signing_key.c.state == "active"
        )
        with self._engine.connect() as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            self._fill("active", "standby")
            with self._engine.connect() as connection:
                found = connection.execute(wanted).one()
        return str(found.kid), str(found.private_pem)

    def _fill(self, *states: str) -> None:
        """Make the keys that are missing. Of several replicas, one key per state wins."""
        with self._engine.connect() as connection:
            present = set(connection.execute(select(signing_key.c.state)).scalars())
        for state in states:
            if state not in present:
                with UnitOfWork(self._engine) as uow:
                    made = insert(signing_key).values(self._make(state))
                    uow.session.execute(made.on_conflict_do_nothing())
                    uow.commit()

    def _make(self, state: str) -> dict[str, Any]:
        key = jwk.RSAKey.generate_key(BITS, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        return {
            "kid": key.kid,
            "state": state,
            "public_jwk": key.as_dict(private=False),
            "private_pem": self._cipher.encrypt(key.as_pem(private=True)).decode(),
        }

    def _open(self, kid: str, sealed: str) -> jwk.RSAKey:
        try:
            pem = self._cipher.decrypt(sealed)
        except InvalidToken as error:
            raise KeysUnreadable from error
        return jwk.RSAKey.import_key(pem, {"use": "sig", "alg": ALGORITHM, "kid": kid})


class OwnKeys:
    """The issuer's keys for its own verifier, which would else ask itself over HTTP."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys
        self._lock = threading.Lock()
        self._read: tuple[frozenset[str], jwk.KeySet] = (frozenset(), jwk.KeySet([]))

    def keys(self, *, fresh: bool) -> jwk.KeySet:  # noqa: ARG002 - every answer is
        """See `shared.auth.KeySource`; always as fresh as the database, one set per change."""
        published = self._keys.published()
        kids = frozenset(str(each["kid"]) for each in published["keys"])
        with self._lock:
            if kids != self._read[0]:
                self._read = (kids, jwk.KeySet.import_key_set(published))  # type: ignore[arg-type]
            return self._read[1]
