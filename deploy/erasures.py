"""What follows from erasures that nobody asked for one by one: those of a retention run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from deploy import subjects
from deploy.settings import OperatorSettings
from services.referrals.desk import Desk
from services.referrals.subject.confirming import listed
from services.referrals.subject.reapplying import ErasureLine


@contextmanager
def kept_up(
    settings: OperatorSettings,
    engines: Mapping[str, Engine],
    seconds: float,
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Do for whoever is erased in the block what `kersey subject erase` does after an erasure.

    The list's file is written before and after: one that knows more than the database tells of a
    restored backup, in which nobody may be erased before those on the list are.

    Parameters:
        settings: the operator's.
        engines: by service.
        seconds: how long to wait at most for the other services.
        tell: told what was done, in words.

    Raises:
        FileRefused: the file has erasures that the database does not know, or cannot be written.
    """
    desk = subjects.desk(settings, engines)
    known = {line.person for line in _kept(settings, desk)}
    try:
        yield
    finally:
        new = [line for line in _kept(settings, desk) if line.person not in known]
        if new:
            forms = subjects.forget_half_typed(
                engines, {case for line in new for case in line.cases}
            )
            tell(f"erased: {len(new)} persons, and {forms} forms that staff had begun about them")
            # Each service takes them in their order: who has the last has all.
            late = subjects.confirmed(desk, new[-1].person, seconds, lambda _: None)
            if late:
                tell(
                    f"not confirmed yet by {', '.join(late)}: does `kersey worker` run for it? It"
                    " erases as soon as it can; `kersey subject status` shows when it has"
                )
            subjects.forget(engines)


def _kept(settings: OperatorSettings, desk: Desk) -> Sequence[ErasureLine]:
    """All erasures that the database knows, which are in the list's file now, if there is to be
    one."""
    lines = [ErasureLine.of(each.erasure) for each in listed(desk)]
    if settings.erasure_list is not None:
        subjects.keep(settings.erasure_list, lines)
    return lines
