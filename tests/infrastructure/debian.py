"""Debian's packages, for a run as root on a machine that lacks one."""

import os
import shutil
import subprocess
from collections.abc import Mapping

from tests.infrastructure.absent import Absent

WAITS = 600
"""Seconds for whoever else installs something: another worker of this run, or the machine."""


def install(package: str, environment: Mapping[str, str] | None = None) -> None:
    """Install a package with what it needs, and nothing that it recommends.

    Args:
        package: its name.
        environment: beside the process's own.

    Raises:
        Absent: it cannot be installed here; why.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        message = "it cannot be installed (not root, or no apt-get)"
        raise Absent(message)
    apt = ["apt-get", "-qq", "-o", f"DPkg::Lock::Timeout={WAITS}"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **(environment or {})}
    subprocess.run([*apt, "update"], check=False, capture_output=True, env=quiet, timeout=WAITS)
    added = [*apt, "install", "--yes", "--no-install-recommends", package]
    done = subprocess.run(
        added, check=False, capture_output=True, text=True, env=quiet, timeout=2 * WAITS
    )
    if done.returncode != 0:
        message = f"apt-get cannot install {package} ({done.stderr.strip()[-200:]})"
        raise Absent(message)
