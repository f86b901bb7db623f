"""Folders of servers that the tests start, and what runs of killed test runs left behind."""

import shutil
import signal
import tempfile
from pathlib import Path

import psutil

PREFIX = "kersey-test-"
OWNER = "owner"


def new_home(kind: str) -> Path:
    """A folder for one server, marked with the process that it ends with."""
    home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-"))
    home.chmod(0o711)  # root's PostgreSQL runs as another account, which must get to its folder
    (home / OWNER).write_text(_mark(psutil.Process()))
    return home


def sweep(folder: Path | None = None) -> list[Path]:
    """End servers whose test run was killed before it could end them, and remove their folders.

    Parameters:
        folder: where the homes are; the folder for temporary files if none.

    Returns: the homes that were removed.
    """
    abandoned = [
        home
        for home in (folder or Path(tempfile.gettempdir())).glob(f"{PREFIX}*")
        if (home / OWNER).is_file() and not _lives((home / OWNER).read_text())
    ]
    for home in abandoned:
        for process in psutil.process_iter():
            if _serves(process, home):
                process.send_signal(signal.SIGQUIT)
        shutil.rmtree(home, ignore_errors=True)
    return abandoned


def _mark(process: psutil.Process) -> str:
    """Number and start: a number alone may have been handed out again."""
    return f"{process.pid} {process.create_time()}"


def _lives(mark: str) -> bool:
    try:
        return _mark(psutil.Process(int(mark.partition(" ")[0]))) == mark
    except (psutil.NoSuchProcess, ValueError):
        return False


def _serves(process: psutil.Process, home: Path) -> bool:
    """PostgreSQL names its folder on the command line, RabbitMQ in its environment."""
    try:
        said = [*process.cmdline(), *process.environ().values()]
    except psutil.Error:
        return False
    return any(str(home) in each for each in said)
