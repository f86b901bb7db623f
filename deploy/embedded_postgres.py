"""The database of `kersey run`: a real PostgreSQL in the data folder, set up as in production."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from deploy.data_folder import DataFolder
from deploy.databases import ServiceDatabase, as_role, create_databases
from deploy.postgres_cluster import PostgresCluster, embedded_binaries
from deploy.refusal import Refusal

CONNECTIONS = 100
"""`max_connections` of the embedded server. The all-in-one opens at most 80; the rest is for the
administrator, `kersey` commands and a curious `psql`."""


class EmbeddedPostgres(AbstractContextManager["EmbeddedPostgres"]):
    """Runs while its block runs; each service gets a role, a password and a database of its own.

    Parameters:
        folder: the entered data folder, whose lock keeps a second server from the same data.
        names: the databases to make, e.g. `kersey_referrals`.

    Raises:
        ClusterError: on entering, when the server does not start.
    """

    def __init__(self, folder: DataFolder, names: Iterable[str]) -> None:
        self._databases = [ServiceDatabase(name, folder.password(name)) for name in names]
        self.cluster = PostgresCluster(
            folder.path / "postgres",
            binaries=embedded_binaries(),
            password=folder.password("postgres"),
            options={"max_connections": str(CONNECTIONS)},
        )
        self._urls: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self._urls = create_databases(self.cluster.start(), self._databases)
        except (
            BaseException
        ):  # Ctrl-C, too: the block is not entered, so nothing else would stop it
            self.cluster.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cluster.stop()

    def url(self, name: str) -> str:
        """Under which the role of that name opens its own database."""
        return self._urls[name]


class NothingRuns(Refusal):
    """No Kersey runs on the data folder; the message says how to start one."""


def running_url(folder: DataFolder, name: str) -> str:
    """The database `name` of the Kersey that runs on the folder, for another command.

    Raises:
        NothingRuns: none does.
    """
    url = None
    if folder.is_used():
        cluster = PostgresCluster(
            folder.path / "postgres",
            binaries=embedded_binaries(),
            password=folder.password("postgres"),
        )
        url = cluster.running_url()
    if url is None:
        message = (
            f"no Kersey runs on {folder.path}: start it with `make run`, or set KERSEY_DATA_DIR to"
            " the folder of the one that runs"
        )
        raise NothingRuns(message)
    return as_role(url, ServiceDatabase(name, folder.password(name)))
