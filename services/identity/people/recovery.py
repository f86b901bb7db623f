"""Recovery codes: made with a second factor or anew, and shown until their person has kept them.

A page that is shown once is lost by a second press of its button, by going back, by a full battery.
So the codes are held, encrypted as the app's secret is, until their person says that they kept
them; from then on only their hashes are there.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Engine, delete, func, update
from sqlmodel import col, select

from services.identity.people.accounts import note
from services.identity.people.locking import Tries
from services.identity.people.second_factor import (
    hash_recovery_code,
    new_recovery_codes,
    step_of,
)
from services.identity.people.secret_keys import SecretKeys
from services.identity.people.sessions import Present
from services.identity.people.signing_in import Wrong
from services.identity.tables import PersonAccount, RecoveryCode
from shared.database import UnitOfWork

_BETWEEN = " "


def renew(uow: UnitOfWork, keys: SecretKeys, account: PersonAccount) -> None:
    """New codes in place of all before, to be kept by their person. The caller commits.

    Args:
        uow: the transaction, which holds the account.
        keys: encrypt them until they are kept.
        account: whose.
    """
    run = uow.session.connection().execute
    run(delete(RecoveryCode).where(col(RecoveryCode.account) == account.id))
    codes = new_recovery_codes()
    for each in codes:
        uow.session.add(RecoveryCode(account=account.id, code_hash=hash_recovery_code(each)))
    account.codes_to_keep = keys.encrypted(_BETWEEN.join(codes))
    uow.session.flush()


class Recovery:
    """Shows recovery codes, and makes new ones.

    Args:
        engine: the issuer's database.
        keys: decrypt codes and second factors.
    """

    def __init__(self, engine: Engine, keys: SecretKeys) -> None:
        self._engine = engine
        self._keys = keys
        self._tries = Tries(engine, keys)

    def to_keep(self, present: Present) -> Sequence[str]:
        """The codes that somebody has not kept yet; none where they have."""
        held = present.account.codes_to_keep
        return self._keys.decrypted(held).split(_BETWEEN) if held else ()

    def kept(self, present: Present) -> None:
        """Somebody has kept their codes: nobody can read them from now on."""
        this = col(PersonAccount.id) == present.account.id
        with UnitOfWork(self._engine) as uow:
            forgotten = update(PersonAccount).where(this).values(codes_to_keep=None)
            uow.session.connection().execute(forgotten)
            uow.commit()

    def left(self, account: UUID) -> int:
        """How many codes somebody has that were not used."""
        wanted = select(func.count()).where(col(RecoveryCode.account) == account)
        with UnitOfWork(self._engine) as uow:
            return uow.session.exec(wanted).one()

    def make_anew(self, present: Present, code: str) -> None:
        """New codes, for whoever shows that they have the app: all before end.

        Raises:
            Wrong: it is not the app's code, or it was used before.
            Locked: too many tries failed.
        """
        email = present.account.email
        self._tries.begin(email)
        with UnitOfWork(self._engine) as uow:
            account = uow.session.get_one(PersonAccount, present.account.id, with_for_update=True)
            secret = self._keys.decrypted(account.totp_secret) if account.totp_secret else None
            step = step_of(secret, code, after=account.totp_step) if secret else None
            if step is None or account.generation != present.session.generation:
                raise Wrong
            account.totp_step = step
            renew(uow, self._keys, account)
            note(uow, account.id, "recovery-codes", by=str(account.id))
            uow.commit()
        self._tries.succeeded(email)
