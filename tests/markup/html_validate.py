"""What html-validate says of a page's markup. For every test that looks at pages.

One Node is kept for all pages of a test process: starting it takes longer than judging fifty.
"""

import atexit
import json
import re
import subprocess
from functools import cache, lru_cache

from tests.infrastructure.absent import Absent, give_up
from tests.markup.fetch import HOME, node

_TEXT = re.compile(r"(?<!<title)>\s*[^<>&\s][^<>&]*<")
_VALUE = re.compile(r'(<input type="hidden"[^>]* value=")[^"&]*(")')


def faults(html: str) -> list[str]:
    """What is wrong with a page; empty where all is well.

    Pages that differ in what they say, and not in their markup, are judged once.

    Args:
        html: the page as it was sent.
    """
    return _faults(_VALUE.sub(r"\1x\2", _TEXT.sub(">x<", html)))


@lru_cache(1000)
def _faults(html: str) -> list[str]:
    validator = _validator()
    assert validator.stdin
    assert validator.stdout
    validator.stdin.write(f"{json.dumps(html)}\n")
    validator.stdin.flush()
    found: list[str] = json.loads(validator.stdout.readline())
    return found


@cache
def _validator() -> subprocess.Popen[str]:
    if not (HOME / "node_modules" / ".made").exists():
        give_up(Absent("html-validate is not installed: make test fetches it"))
    process = subprocess.Popen(
        [node(), "validate.mjs"],
        cwd=HOME,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.communicate()  # closes its input, at which it ends
