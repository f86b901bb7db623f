"""What one sign-in gave one client: a code, once; then tokens, each refresh token once.

A second use of either means that somebody else has it too, and nobody can tell who is who: all that
came of that sign-in ends (RFC 6749 section 4.1.2, RFC 9700 section 4.14.2).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped, unused-ignore]
    create_s256_code_challenge,
)
from sqlalchemy import Engine, update
from sqlmodel import col, select

from services.identity.oidc.asking import Asked
from services.identity.people import roles
from services.identity.people.secret_keys import hash_token, new_token
from services.identity.people.sessions import Present
from services.identity.tables import (
    AuthorizationCode,
    Membership,
    PersonAccount,
    RefreshToken,
    SignInGrant,
)
from shared.database import UnitOfWork

log = structlog.get_logger(__name__)

CODE_LIFETIME = timedelta(seconds=60)


class NotGranted(Exception):
    """A code or refresh token that gives nothing; there is no more to tell."""


@dataclass(frozen=True)
class Actor:
    """Somebody for whom a client acts.

    Attributes:
        account: whose.
        generation: of the account.
        name: theirs.
        email: theirs.
        organisation: for which they act.
        organisation_name: its name.
        roles: what tokens say of their roles.
        family: the `sid` of all tokens of this sign-in.
        scope: what was granted.
        signed_in: when they proved who they are.
        expires: when they must do so again.
    """

    account: UUID
    generation: int
    name: str
    email: str
    organisation: UUID
    organisation_name: str
    roles: tuple[str, ...]
    family: UUID
    scope: str
    signed_in: datetime
    expires: datetime

    def get_user_id(self) -> str:
        """The subject; Authlib asks."""
        return str(self.account)


@dataclass(frozen=True)
class Redeemed:
    """What a code or refresh token gave.

    Attributes:
        actor: for whom.
        refresh_token: the next one.
        nonce: of the authorization request.
    """

    actor: Actor
    refresh_token: str
    nonce: str | None = None


class Families:
    """Gives codes and redeems them.

    Args:
        engine: the issuer's database.
        lasts: from the sign-in, for how long refresh tokens are good.
    """

    def __init__(self, engine: Engine, *, lasts: timedelta) -> None:
        self._engine = engine
        self._lasts = lasts

    def give(self, present: Present, asked: Asked, *, organisation: UUID, scope: str) -> str:
        """A code for somebody who is signed in.

        Args:
            present: who.
            asked: the request.
            organisation: for which they will act.
            scope: what is granted.
        """
        code, now = new_token(), datetime.now(UTC)
        signed_in = present.session.signed_in or now
        family = SignInGrant(
            account=present.account.id,
            generation=present.account.generation,
            session=present.session.id,
            client_id=asked.client_id,
            organisation=organisation,
            scope=scope,
            signed_in=signed_in,
            expires=signed_in + self._lasts,
        )
        with UnitOfWork(self._engine) as uow:
            uow.session.add(family)
            uow.session.flush()
            uow.session.add(
                AuthorizationCode(
                    code_hash=hash_token(code),
                    sign_in_grant=family.id,
                    redirect_uri=asked.redirect_uri,
                    challenge=asked.challenge,
                    nonce=asked.nonce,
                    expires=now + CODE_LIFETIME,
                )
            )
            uow.commit()
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Redeemed:
        """Exchange a code.

        Args:
            code: what the client sent.
            client_id: who it proved to be.
            redirect_uri: must be the request's.
            verifier: must be what the challenge was made of (RFC 7636 section 4.6).

        Raises:
            NotGranted: it gives nothing.
        """
        now = datetime.now(UTC)
        with UnitOfWork(self._engine) as uow:
            row = uow.session.get(AuthorizationCode, hash_token(code), with_for_update=True)
            if row is None:
                raise NotGranted
            family = uow.session.get(SignInGrant, row.sign_in_grant, with_for_update=True)
            if family is None or family.client_id != client_id:
                raise NotGranted
            if row.used is not None:
                self._end(uow, family, "code")
                uow.commit()
                raise NotGranted
            # Used up by any try of its client: whoever tries verifiers has one.
            row.used = now
            uow.session.flush()
            right = create_s256_code_challenge(verifier) == row.challenge
            actor = self._actor(uow, family)
            if row.expires <= now or row.redirect_uri != redirect_uri or not right or not actor:
                uow.commit()
                raise NotGranted
            following = self._following(uow, family)
            uow.commit()
        return Redeemed(actor, following, row.nonce)

    def refresh(self, token: str, *, client_id: str) -> Redeemed:
        """Exchange a refresh token for the next one.

        Raises:
            NotGranted: it gives nothing; used before, it ended all that came of its sign-in.
        """
        with UnitOfWork(self._engine) as uow:
            row = uow.session.get(RefreshToken, hash_token(token), with_for_update=True)
            if row is None:
                raise NotGranted
            family = uow.session.get(SignInGrant, row.sign_in_grant, with_for_update=True)
            if family is None or family.client_id != client_id:
                raise NotGranted
            if row.used is not None:
                self._end(uow, family, "refresh token")
                uow.commit()
                raise NotGranted
            actor = self._actor(uow, family)
            if actor is None:
                raise NotGranted
            row.used = datetime.now(UTC)
            uow.session.flush()
            following = self._following(uow, family)
            uow.commit()
        return Redeemed(actor, following)

    def actor_of(self, family: UUID) -> Actor | None:
        """For whom the tokens of a sign-in act; None once they hold no longer."""
        with UnitOfWork(self._engine) as uow:
            return self.actor_in(uow, family)

    def actor_in(self, uow: UnitOfWork, family: UUID) -> Actor | None:
        """The same, within a transaction that looks at more."""
        row = uow.session.get(SignInGrant, family)
        return self._actor(uow, row) if row else None

    def of_refresh_token(self, token: str) -> tuple[Actor, str] | None:
        """For whom a refresh token acts that is good, and whose it is."""
        with UnitOfWork(self._engine) as uow:
            row = uow.session.get(RefreshToken, hash_token(token))
            family = uow.session.get(SignInGrant, row.sign_in_grant) if row else None
            if row is None or family is None or row.used is not None:
                return None
            actor = self._actor(uow, family)
            return (actor, family.client_id) if actor else None

    def end(self, family: UUID) -> None:
        """End all that came of a sign-in. Twice is as good as once."""
        ended = update(SignInGrant).where(
            col(SignInGrant.id) == family, col(SignInGrant.ended).is_(None)
        )
        with UnitOfWork(self._engine) as uow:
            uow.session.connection().execute(ended.values(ended=datetime.now(UTC)))
            uow.commit()

    def _end(self, uow: UnitOfWork, family: SignInGrant, what: str) -> None:
        log.warning(
            "sign_in.used_twice", what=what, client_id=family.client_id, account=str(family.account)
        )
        if family.ended is None:
            family.ended = datetime.now(UTC)
            uow.session.flush()

    def _following(self, uow: UnitOfWork, family: SignInGrant) -> str:
        token = new_token()
        uow.session.add(RefreshToken(token_hash=hash_token(token), sign_in_grant=family.id))
        uow.session.flush()
        return token

    def _actor(self, uow: UnitOfWork, family: SignInGrant) -> Actor | None:
        account = uow.session.get(PersonAccount, family.account)
        ended = family.ended is not None or family.expires <= datetime.now(UTC)
        if account is None or ended or account.state != "active":
            return None
        if account.generation != family.generation:
            return None
        wanted = select(Membership).where(
            col(Membership.account) == account.id,
            col(Membership.organisation) == family.organisation,
            col(Membership.locked).is_(False),
        )
        held = uow.session.exec(wanted.order_by(col(Membership.role))).all()
        if not held:
            return None
        return Actor(
            account=account.id,
            generation=account.generation,
            name=account.name,
            email=account.email,
            organisation=family.organisation,
            organisation_name=held[0].organisation_name,
            roles=tuple(roles.told(each.role for each in held)),
            family=family.id,
            scope=family.scope,
            signed_in=family.signed_in,
            expires=family.expires,
        )


def identity_claims(actor: Actor, scope: str) -> dict[str, Any]:
    """What a client is told of somebody (OpenID Connect Core 1.0, sections 5.1 and 5.4).

    Args:
        actor: who.
        scope: what was granted: `profile` tells the name, `email` the address.
    """
    granted = scope.split()
    told: dict[str, Any] = {
        "sub": str(actor.account),
        "organisation": str(actor.organisation),
        "organisation_name": actor.organisation_name,
        "roles": list(actor.roles),
    }
    if "profile" in granted:
        told["name"] = actor.name
    if "email" in granted:
        told |= {"email": actor.email, "email_verified": True}
    return told
