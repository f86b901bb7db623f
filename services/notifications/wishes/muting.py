"""'No more messages of this kind', by one click in the message itself (RFC 8058).

A link is no row: it names the message that it was in, signed with the link key (see `keys`). It
ends nothing but the kinds of that message for its contact, and of these only what need not be
heard. It works as long as the message is kept and its contact has the address that it went to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, select

from services.notifications.announcements import in_digests
from services.notifications.domain import Kind
from services.notifications.handlers.answering import Refused
from services.notifications.keys import Keys
from services.notifications.tables import Contact, delivery, digest_deliveries
from services.notifications.wishes.rules import OPTIONAL, wishes_of
from shared.database import UnitOfWork

digest = digest_deliveries.delivery


@dataclass(frozen=True)
class Mutable:
    """What a link ends.

    Attributes:
        kinds: which; in a message of the day there may be several.
        muted: whether its contact hears none of them any more.
    """

    kinds: Sequence[Kind]
    muted: bool


class Mutes:
    """The use cases of such a link.

    Args:
        engine: the service's database.
        keys: know a link.
        zone: of the place, whose days are meant in a contact's wishes.
    """

    def __init__(self, engine: Engine, keys: Keys, zone: str) -> None:
        self._engine = engine
        self._keys = keys
        self._zone = zone

    def look(self, token: str) -> Mutable:
        """What a link ends; nothing is changed, because mail scanners follow links.

        Raises:
            Refused: `unknown-link` or `closed-mute`.
        """
        with UnitOfWork(self._engine) as uow:
            contact, kinds = self._named(uow, token)
            return Mutable(kinds, muted=set(kinds) <= set(wishes_of(contact).muted))

    def mute(self, token: str) -> Mutable:
        """End it; committed. Twice is once.

        Raises:
            Refused: as `look`.
        """
        with UnitOfWork(self._engine) as uow:
            contact, kinds = self._named(uow, token)
            wishes = wishes_of(contact)
            changed = wishes.model_copy(
                update={
                    "muted": (*wishes.muted, *(each for each in kinds if each not in wishes.muted)),
                    "gathered": tuple(each for each in wishes.gathered if each not in kinds),
                    "zone": wishes.zone if contact.wishes else self._zone,
                }
            )
            contact.wishes = changed.stored
            uow.session.add(contact)
            uow.commit()
        return Mutable(kinds, muted=True)

    def _named(self, uow: UnitOfWork, token: str) -> tuple[Contact, Sequence[Kind]]:
        """Whose message it was, locked, and of which kinds."""
        key = self._keys.read_mute(token)
        if key is None:
            raise Refused("unknown-link")
        found = _sent(uow, key)
        contact = uow.session.get(Contact, found[0], with_for_update=True) if found else None
        if found is None or contact is None or not contact.active or contact.address != found[1]:
            raise Refused("closed-mute")
        kinds = [Kind(each) for each in found[2] if each in OPTIONAL]
        if not kinds:
            raise Refused("unknown-link")  # it had none
        return contact, kinds


def _sent(uow: UnitOfWork, key: UUID) -> tuple[UUID, str, Sequence[str]] | None:
    """To which contact and address a message went, and of which kinds it was."""
    connection = uow.session.connection()
    one = select(delivery.c.contact, delivery.c.address, delivery.c.kind)
    row = connection.execute(one.where(delivery.c.id == key)).first()
    if row is not None:
        return row.contact, row.address, [row.kind]
    several = select(digest.c.contact, digest.c.address).where(digest.c.id == key)
    held = connection.execute(several).first()
    if held is None:
        return None
    kinds = select(delivery.c.kind).where(delivery.c.digest == key).distinct()
    news = [Kind.ANNOUNCEMENT.value] if in_digests.holds_any(uow, key) else []
    return held.contact, held.address, sorted([*connection.execute(kinds).scalars(), *news])
