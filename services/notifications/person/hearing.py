"""How a person will hear of their first visit, for the page on which its provider says when it is.

It is asked of whoever would be asked when the message goes, so that the page promises what will be
done. Neither how the person is reached nor why is told.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from services.notifications.channels import Channel
from services.notifications.person.asking import Persons
from services.notifications.person.sending import BY_POST, POST_TAKES, reaching_persons


def _now() -> datetime:
    return datetime.now(UTC)


class Hearing:
    """Who will tell the person.

    Args:
        persons: knows how the person may be told.
        channels: by means.
        clock: the time of day, UTC.
    """

    def __init__(
        self,
        persons: Persons,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._persons = persons
        self._by = tuple(reaching_persons(channels))
        self._clock = clock

    def of(self, task: UUID, starts: datetime | None) -> str:
        """`message`, `team` or `nobody`.

        Args:
            task: the provider's Task.
            starts: when the visit is, where that is known: a letter would come too late to some.

        Raises:
            Problem: referrals cannot be asked (503), or has no such Task (404).
        """
        soon = starts is not None and starts <= self._clock() + POST_TAKES
        return self._persons.hears(task, [by for by in self._by if by != BY_POST or not soon])
