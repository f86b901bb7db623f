"""Failed tries to sign in: whoever guesses waits, longer each time.

A try is counted before it is judged, in one statement, so that many at once count as many. It is
counted for the account and for the network address, both under a keyed hash: an address that has
no account is counted like one that has, so that waiting tells nobody which there are. In a browser
that is known (see `known_browsers`) it is counted for the account in that browser alone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, case, delete, func, literal, or_, update
from sqlalchemy.dialects.postgresql import insert

from services.identity.people.known_browsers import same_address
from services.identity.people.secret_keys import SecretKeys
from services.identity.tables.people import sign_in_try
from shared.database import UnitOfWork


@dataclass(frozen=True)
class Limit:
    """How many tries are free, and what those after them cost.

    Attributes:
        free: tries that cost no waiting.
        first: how long the first wait is; each one after it is twice as long.
        longest: no wait is longer.
        forgotten: after so long without a try it begins anew.
    """

    free: int
    first: timedelta
    longest: timedelta
    forgotten: timedelta


ACCOUNT = Limit(5, timedelta(minutes=1), timedelta(minutes=30), timedelta(days=1))
LINK = Limit(3, timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))
"""Links by mail: a mailbox is not flooded, and whoever waits for a slow mail may ask again."""
ADDRESS = Limit(30, timedelta(minutes=1), timedelta(minutes=30), timedelta(hours=1))
"""Many people may share the address of an office, so it has more tries."""


class Locked(Exception):
    """Too many tries failed.

    Args:
        wait: how long to wait.
    """

    def __init__(self, wait: timedelta) -> None:
        super().__init__("locked")
        self.wait = wait

    @property
    def minutes(self) -> int:
        """The wait in minutes, one at least."""
        return max(1, -(-int(self.wait.total_seconds()) // 60))


class Tries:
    """Counts tries.

    Args:
        engine: the issuer's database.
        keys: make the fingerprints.
    """

    def __init__(self, engine: Engine, keys: SecretKeys) -> None:
        self._engine = engine
        self._keys = keys

    def begin(self, email: str, address: str = "", *, mark: str = "") -> None:
        """Count a try that is about to be judged.

        Args:
            email: what was typed, or the account's.
            address: of the network; empty once the password was right, for who guesses at codes
                is one whose account waits.
            mark: of the account in a browser that is known.

        Raises:
            Locked: it may not be judged yet.
        """
        self._count(self._account(email, mark), ACCOUNT)
        if address and not mark:
            self._count(self._address(address), ADDRESS)

    def begin_link(self, email: str, address: str = "", *, mark: str = "") -> None:
        """Count that somebody asks for a link by mail, before it is known whether they get one.

        Args:
            email: what was typed.
            address: of the network.
            mark: of the account in a browser that is known.

        Raises:
            Locked: it was asked for too often.
        """
        self._count(self._link(email, mark), LINK)
        if address and not mark:
            self._count(self._address(address), ADDRESS)

    def touch_link(self, uow: UnitOfWork, email: str) -> None:
        """Write as much as where there is an account to make a link for."""
        again = update(sign_in_try).where(sign_in_try.c.of == self._link(email, ""))
        uow.session.connection().execute(again.values(last=datetime.now(UTC)))

    def right_password(self, address: str, *, mark: str = "") -> None:
        """The password was right, so that it is not held against the address: a whole office signs
        in from one.

        What others tried from there stays, or whoever has one account could guess at others.
        """
        if not address or mark:
            return
        fewer = {"tries": sign_in_try.c.tries - 1, "until": None}
        this = update(sign_in_try).where(sign_in_try.c.of == self._address(address))
        with UnitOfWork(self._engine) as uow:
            uow.session.connection().execute(this.values(fewer))
            uow.commit()

    def succeeded(self, email: str, *, mark: str = "") -> None:
        """Both factors were right: the account's tries are forgotten."""
        this = sign_in_try.c.of == self._account(email, mark)
        with UnitOfWork(self._engine) as uow:
            uow.session.connection().execute(delete(sign_in_try).where(this))
            uow.commit()

    def touch(self, uow: UnitOfWork, email: str, *, mark: str = "") -> None:
        """Write as much as where there is an account to note the try for."""
        again = update(sign_in_try).where(sign_in_try.c.of == self._account(email, mark))
        uow.session.connection().execute(again.values(last=datetime.now(UTC)))

    def _account(self, email: str, mark: str) -> str:
        whose = same_address(email)
        return self._keys.fingerprint("sign-in of", f"{whose}\x00{mark}" if mark else whose)

    def _link(self, email: str, mark: str) -> str:
        whose = same_address(email)
        return self._keys.fingerprint("link for", f"{whose}\x00{mark}" if mark else whose)

    def _address(self, address: str) -> str:
        return self._keys.fingerprint("sign-in from", address)

    def _count(self, of: str, limit: Limit) -> None:
        now = datetime.now(UTC)
        old = sign_in_try.c["last"] < now - limit.forgotten
        tries = case((old, 1), else_=sign_in_try.c.tries + 1)
        over = func.least(tries - limit.free - 1, 20)
        longest = limit.longest.total_seconds()
        wait = func.least(limit.first.total_seconds() * func.power(2.0, over), longest)
        again = func.to_timestamp(literal(now.timestamp()) + wait)
        until = case((tries > limit.free, again), else_=None)
        statement = (
            insert(sign_in_try)
            .values(of=of, tries=1, until=None, last=now)
            .on_conflict_do_update(
                index_elements=["of"],
                set_={"tries": tries, "until": until, "last": now},
                where=or_(sign_in_try.c.until.is_(None), sign_in_try.c.until <= now),
            )
            .returning(sign_in_try.c.tries)
        )
        with UnitOfWork(self._engine) as uow:
            counted = uow.session.connection().execute(statement).first()
            standing = None
            if counted is None:
                wanted = sign_in_try.select().where(sign_in_try.c.of == of)
                standing = uow.session.connection().execute(wanted).first()
            uow.commit()
        if counted is None:
            left = standing.until - now if standing and standing.until else limit.first
            raise Locked(left)
