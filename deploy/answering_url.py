"""Where the Kersey answers that a person means when they say nothing about it."""

import fcntl
import re
from pathlib import Path

from deploy.settings import OperatorSettings

_ADDRESS = re.compile(r"https?://\S+")


def answering_url(settings: OperatorSettings) -> str:
    """The address that was set, else that of the Kersey on the data folder, else the usual one.

    So `PORT=8100 make run` in one terminal and `kersey token --as ehr` in the next one agree.
    """
    if "public_url" in settings.model_fields_set:
        return settings.public_url
    return _held(settings.data_dir / "lock") or settings.public_url


def _held(lock: Path) -> str | None:
    """The address in a data folder's lock, while a process holds it."""
    try:
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found = _ADDRESS.search(file.read())
                return found[0] if found else None
    except OSError:
        pass
    return None
