"""The time in which the demo's story is told; it ends on the day of its first loading."""

from datetime import datetime, timedelta


def present(now: datetime) -> datetime:
    """The moment at which the story stands: nine o'clock of today, or of yesterday until then.

    Args:
        now: when it is loaded, in UTC.
    """
    nine = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return nine if nine <= now else nine - timedelta(days=1)


class StoryClock:
    """A clock that the story sets.

    Args:
        present: where the story ends; nothing in it is later.
    """

    def __init__(self, present: datetime) -> None:
        self.present = present
        self.moment = present

    def __call__(self) -> datetime:
        """The moment at which the story stands."""
        return self.moment

    def pass_days(self, days: float) -> None:
        """Let some working time go by, but never beyond the story's present."""
        self.moment = min(self.moment + timedelta(days=days), self.present)

    def go_back(self, days: float) -> None:
        """Stand so many days before the present."""
        self.moment = self.present - timedelta(days=days)
