"""Fetches what `package-lock.json` names: `python -m tests.markup.fetch`, run at set-up."""

from pathlib import Path

from services.portal.assets import fetch, programs

HOME = Path(__file__).parent
OLDEST_NODE = (24, 8)
"""What html-validate asks for; 22.22 would do as well."""


def node() -> str:
    """The path of a Node that runs html-validate."""
    return programs(OLDEST_NODE)[0]


if __name__ == "__main__":
    fetch(programs(OLDEST_NODE)[1], HOME)
