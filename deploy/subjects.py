"""A person's rights, over every service: who must confirm an erasure, the copy, the list's file."""

import json
import os
import time
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from deploy.copy_summary import summary
from deploy.every_database import referrals_settings
from deploy.refusal import Refusal
from deploy.services import SERVICES
from deploy.settings import OperatorSettings
from services.notifications import holdings as notifications
from services.notifications.handlers.erasing import copy_of as copy_of_notifications
from services.portal.sign_in import half_typed
from services.portal.tables import web_session
from services.referrals.app import desk_of
from services.referrals.desk import Desk
from services.referrals.subject import holdings as referrals
from services.referrals.subject.confirming import listed
from services.referrals.subject.exporting import Copy, copy_of
from services.referrals.subject.reapplying import ErasureLine
from shared.holdings import forget_samples
from shared.messaging.events import PersonErased
from shared.worker import Wake

LOOK_EVERY = 0.2
"""Seconds between two looks for a confirmation."""


class FileRefused(Refusal):
    """A file cannot be written or read; the message says why."""


def desk(settings: OperatorSettings, engines: Mapping[str, Engine]) -> Desk:
    """What the use cases of the referrals service work with.

    Parameters:
        settings: the operator's.
        engines: by service.
    """
    return desk_of(referrals_settings(settings), engines["referrals"], Wake())


def must_confirm() -> tuple[str, ...]:
    """The services that keep something beside referrals: those that consume erasures."""
    return tuple(
        service.name
        for service in SERVICES
        if any(PersonErased.type in each.types for each in service.compose().subscriptions)
    )


def confirmed(
    at: Desk, person: UUID, seconds: float, tell: Callable[[str], None]
) -> tuple[str, ...]:
    """Wait until every service has confirmed an erasure.

    Parameters:
        at: the referrals service's desk.
        person: who was erased.
        seconds: how long to wait at most.
        tell: told each service that has confirmed.

    Returns: the services that have not.
    """
    waiting = list(must_confirm())
    deadline = time.monotonic() + seconds
    while True:
        for line in listed(at, person):
            for service in [each for each in waiting if each in line.confirmed]:
                waiting.remove(service)
                tell(service)
        if not waiting or time.monotonic() >= deadline:
            return tuple(waiting)
        time.sleep(LOOK_EVERY)


def forget_half_typed(engines: Mapping[str, Engine], cases: Collection[UUID]) -> int:
    """Take what staff typed about a person, and have not sent, out of the pages' sessions.

    The portal consumes no events, so that it cannot hear of an erasure: the command does it.

    Parameters:
        engines: by service.
        cases: all of the person's.

    Returns: how many forms went.
    """
    with engines["portal"].begin() as connection:
        return half_typed.forget(connection, cases)


def forget(engines: Mapping[str, Engine]) -> None:
    """Have the databases give up dead rows and remembered values of what was erased.

    Parameters:
        engines: by service.
    """
    own = {each.table.name for each in referrals.HOLDINGS} | {*referrals.DOCUMENTS}
    forget_samples(engines["referrals"], own)
    forget_samples(engines["notifications"], {each.table.name for each in notifications.HOLDINGS})
    forget_samples(engines["portal"], {web_session.name})


# --- the copy -----------------------------------------------------------------------------------


def export(at: Desk, engines: Mapping[str, Engine], person: UUID, file: Path, *, by: str) -> Copy:
    """Write a copy of all that any service holds about a person into a new ZIP file.

    Parameters:
        at: the referrals service's desk.
        engines: by service.
        person: whose.
        file: must not be there yet; only its owner can read it.
        by: the operator.

    Raises:
        NoSuchPerson: there is no such record.
        FileRefused: the file is there already or cannot be written.
    """
    with _new_file(file) as handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as whole:
        copy = copy_of(at, person, by=by)
        with engines["notifications"].connect() as connection:
            messages = copy_of_notifications(connection, copy.subject.cases, copy.subject.persons)
        whole.writestr("READ-ME.txt", summary(copy, messages))
        for reference, content in copy.documents.items():
            whole.writestr(
                f"referrals/documents/{reference.replace('/', '-')}.json", _json(content)
            )
        whole.writestr("referrals/versions.json", _json(copy.versions))
        for service, tables in (("referrals", copy.rows), ("notifications", messages)):
            for table, rows in tables.items():
                whole.writestr(f"{service}/{table}.json", _json(rows))
    return copy


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _new_file(file: Path) -> Any:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        message = f"{file} is there already: name a new file"
        raise FileRefused(message) from error
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise FileRefused(message) from error
    return os.fdopen(descriptor, "wb")


# --- the list of erasures, as a file ------------------------------------------------------------


def append(file: Path, line: ErasureLine) -> None:
    """Put one erasure at the end of the list's file, durably.

    Parameters:
        file: made where it is missing; only its owner can read it.
        line: ids and codes.

    Raises:
        FileRefused: it cannot be written.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as end:
            end.write(line.model_dump_json() + "\n")
            end.flush()
            os.fsync(end.fileno())
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}; nothing was erased"
        raise FileRefused(message) from error


def keep(file: Path, lines: Sequence[ErasureLine]) -> None:
    """Write the whole list into its file, at once or not at all.

    Parameters:
        file: made where it is missing, or replaced; only its owner can read it.
        lines: all erasures that the database knows.

    Raises:
        FileRefused: it holds erasures that the database does not know, or cannot be written.
    """
    if file.exists():
        lost = {line.person for line in lines_of(file)} - {line.person for line in lines}
        if lost:
            message = (
                f"{file} has {len(lost)} erasures that this database does not know: was a backup"
                " restored? Run `kersey subject reapply` with it first"
            )
            raise FileRefused(message)
    new = file.with_name(f"{file.name}.new")
    try:
        new.unlink(missing_ok=True)
        new.touch(0o600)  # also where there is nothing to say yet
        for line in lines:
            append(new, line)
        new.replace(file)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise FileRefused(message) from error


def lines_of(file: Path) -> Iterator[ErasureLine]:
    """The erasures in a file, in order.

    Raises:
        FileRefused: it cannot be read, or a line is none.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read"
        raise FileRefused(message) from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield ErasureLine.model_validate_json(line)
            except ValueError as error:
                message = f"{file}, line {number}, is no line of the list of erasures"
                raise FileRefused(message) from error
