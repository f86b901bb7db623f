"""The folder in which `kersey run` keeps everything: the database, its passwords, the mail sink."""

import fcntl
import json
import os
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.fernet import Fernet

from deploy.refusal import Refusal

ISSUER_KEYS = "identity.keys"
"""What the key that protects the issuer's signing keys is called."""

LINKS = "notifications.links"
"""What the link key of notifications is called."""


class FolderInUse(Refusal):
    """Another Kersey runs on the folder; the message says which process and where it answers."""


class FolderError(Refusal):
    """The folder cannot be used; the message says why."""


class DataFolder(AbstractContextManager["DataFolder"]):
    """Held by one process at a time, through a lock that the kernel drops when that process ends.

    Parameters:
        path: the folder; made where it is missing.
        used_for: shown to whoever tries to use it at the same time, e.g. the address in use.

    Raises:
        FolderInUse: on entering, while another process holds it.
        FolderError: on entering, when it cannot be made or written.
    """

    def __init__(self, path: Path, used_for: str) -> None:
        self.path = path.expanduser().resolve()
        self._used_for = used_for
        self._lock: int | None = None

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Others may pass through: a database server that root starts runs as another account.
            # They may not list it, and each secret inside is readable by its owner alone.
            self.path.chmod(0o711)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            message = f"the data folder {self.path} cannot be used: {error.strerror}"
            raise FolderError(message) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 500).decode(errors="replace").strip()
            os.close(lock)
            message = (
                f"another Kersey already runs on {self.path} ({holder or 'it is just starting'})."
                " Stop it, or choose another folder with KERSEY_DATA_DIR=..."
            )
            raise FolderInUse(message) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()}, {self._used_for}".encode())
        self._lock = lock
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def mail(self) -> Path:
        """Where mails are put that nobody real is sent."""
        return self.path / "mail"

    def is_used(self) -> bool:
        """Whether a Kersey ever ran on the folder."""
        return self._secrets_file.exists()

    def password(self, name: str) -> str:
        """The password called `name`: made on first use, the same ever after."""
        return self._secret(name, lambda: secrets.token_urlsafe(24))

    def encryption_key(self, name: str) -> str:
        """The Fernet key called `name`: made on first use, the same ever after."""
        return self._secret(name, lambda: Fernet.generate_key().decode())

    @property
    def _secrets_file(self) -> Path:
        return self.path / "secrets.json"

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        file = self._secrets_file
        kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        if name not in kept:
            kept[name] = make()
            self._write_whole(file, json.dumps(kept, indent=1, sort_keys=True))
        return kept[name]

    @staticmethod
    def _write_whole(file: Path, text: str) -> None:
        """Replace the file at once, so that a kill leaves the old or the new one, never half."""
        beside = file.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(file)
